//! Runnel runs other people's code in sandboxes and streams what happens.
//!
//! The floors of the house, each importing only from those before it:
//! words (`limits`, `job`, `event`, `judge`), paper (`toolchain`, `config`, `protocol`, `problem`), engines (`link`, `files`,
//! `engine`, `cell`, `gateway`), desk (`admission`, `runner`), doors (`server`, `queue`, `cli`). ARCHITECTURE.md says why.

#[cfg(feature = "amqp")]
mod amqp;
mod chance;
pub mod event;
pub mod job;
pub mod judge;
#[cfg(feature = "kafka")]
mod kafka;
pub mod limits;
pub mod listing;
mod lock;
pub mod log;
mod machine;
pub mod metrics;
pub mod standing;
pub mod telemetry;
#[cfg(any(feature = "amqp", feature = "kafka"))]
mod way;

pub mod config;
pub mod problem;
pub mod protocol;
pub mod toolchain;

pub mod cell;
pub mod engine;
pub mod files;
#[cfg_attr(not(all(feature = "amqp", feature = "kafka")), allow(dead_code, reason = "what is for a carrier that is not there"))]
pub mod gateway;
pub mod link;
mod raw;

pub mod access;
pub mod admission;
pub mod runner;
pub mod workspace;

pub mod cli;
#[cfg(any(feature = "amqp", feature = "kafka"))]
pub mod queue;
pub mod server;

/// What this binary was built from, where the build says so.
pub const BUILD: &str = match option_env!("RUNNEL_BUILD") {
    Some(build) => build,
    None => "source",
};
