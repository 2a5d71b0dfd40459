//! All tests at the doors, in one binary: linking is dear. They start the real program on a free port and speak to it.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod access;
mod attacks;
mod batch;
mod cells;
mod client;
mod colours;
mod containers;
mod daemon;
mod doors;
mod faults;
#[cfg(feature = "amqp")]
mod gateway;
mod glance;
mod guests;
mod http;
mod judge;
mod judging;
mod limits;
mod lines;
mod metrics;
mod page;
#[cfg(feature = "amqp")]
mod queue;
mod schema;
mod shell;
mod socket;
mod telemetry;
mod toolchains;
mod workspaces;
