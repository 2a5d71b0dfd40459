//! What an executor measured, and how an execution ended. The words of `judge` that travel.

use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pipe {
    Stdout,
    Stderr,
}

/// What the host measured of one execution. Travels over the link as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub end: End,
    /// The program's own CPU time.
    pub cpu: Duration,
    /// From the call of the program to its end.
    pub execution: Duration,
    /// From the executor's first work on it to its end, without waiting for a free core.
    pub wall: Duration,
    pub memory_peak: u64,
    /// The program asked for memory beyond its limit and did not get it.
    pub memory_denied: bool,
    pub fuel: Option<u64>,
    pub out_bytes: u64,
}

impl Facts {
    /// For an end that nothing was measured of.
    pub fn unmeasured(end: End) -> Self {
        let zero = Duration::ZERO;
        Self { end, cpu: zero, execution: zero, wall: zero, memory_peak: 0, memory_denied: false, fuel: None, out_bytes: 0 }
    }
}

/// All the ways an execution ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    Exit(i32),
    /// Ended by a signal (containers only).
    Signal(String),
    /// The sandbox stopped it for a fault of the program, such as a stack overflow.
    Trap(String),
    /// It was stopped at a limit, or because somebody asked.
    Stopped(Stop),
    /// Our fault: never counted against the program.
    Broken(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stop {
    Time,
    Wall,
    Fuel,
    Memory,
    Output,
    Cancelled,
}
