//! The words and the paper of the server as they are, by links into `../src`: a fuzzer needs no sandbox compiled.
#![allow(dead_code, unreachable_pub, reason = "parts of a larger house")]

pub mod config;
pub mod event;
pub mod job;
pub mod judge;
pub mod limits;
pub mod listing;
pub mod link;
mod lock;
pub mod log;
pub mod machine;
pub mod protocol;
pub mod toolchain;
