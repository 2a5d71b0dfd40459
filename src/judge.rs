//! Facts -> verdict. What an executor measured goes in, what is told to the caller comes out. Pure: knows neither
//! engines nor doors, and never looks at what the program printed.

use serde::{Deserialize, Serialize};
use std::time::Duration;

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Success,
    Error,
    Timeout,
    MemoryLimit,
    OutputLimit,
    Cancelled,
    Internal,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub status: Status,
    pub exit_code: Option<i32>,
    pub signal: Option<String>,
    /// Why, where the status alone does not say it.
    pub message: Option<String>,
}

pub fn verdict(facts: &Facts) -> Verdict {
    let plain = |status, message: Option<&str>| Verdict { status, exit_code: None, signal: None, message: message.map(str::to_owned) };
    match &facts.end {
        End::Exit(0) => Verdict { exit_code: Some(0), ..plain(Status::Success, None) },
        End::Stopped(Stop::Time) => plain(Status::Timeout, Some("the CPU time limit was reached")),
        End::Stopped(Stop::Wall) => plain(Status::Timeout, Some("the wall time limit was reached")),
        End::Stopped(Stop::Fuel) => plain(Status::Timeout, Some("the fuel limit was reached")),
        End::Stopped(Stop::Output) => plain(Status::OutputLimit, Some("the output limit was reached")),
        End::Stopped(Stop::Memory) => plain(Status::MemoryLimit, Some("the memory limit was reached")),
        End::Stopped(Stop::Cancelled) => plain(Status::Cancelled, None),
        End::Broken(why) => plain(Status::Internal, Some(why)),
        // A program that was denied memory and then failed, in whatever way, failed for want of memory; one that
        // coped with the denial and ended well did not fail at all.
        End::Exit(code) if facts.memory_denied => {
            Verdict { exit_code: Some(*code), ..plain(Status::MemoryLimit, Some("the memory limit was reached")) }
        }
        End::Signal(_) | End::Trap(_) if facts.memory_denied => plain(Status::MemoryLimit, Some("the memory limit was reached")),
        End::Exit(code) => Verdict { exit_code: Some(*code), ..plain(Status::Error, Some(&format!("exited with code {code}"))) },
        End::Signal(name) => Verdict { signal: Some(name.clone()), ..plain(Status::Error, Some(&format!("ended by signal {name}"))) },
        End::Trap(what) => plain(Status::Error, Some(what)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(end: End, memory_denied: bool) -> Facts {
        Facts { memory_denied, ..Facts::unmeasured(end) }
    }

    #[test]
    fn every_end_has_its_status() {
        let cases = [
            (End::Exit(0), false, Status::Success, Some(0)),
            (End::Exit(0), true, Status::Success, Some(0)),
            (End::Exit(1), false, Status::Error, Some(1)),
            (End::Exit(1), true, Status::MemoryLimit, Some(1)),
            (End::Trap("stack overflow".into()), false, Status::Error, None),
            (End::Trap("unreachable".into()), true, Status::MemoryLimit, None),
            (End::Signal("SIGSEGV".into()), false, Status::Error, None),
            (End::Stopped(Stop::Time), true, Status::Timeout, None),
            (End::Stopped(Stop::Wall), false, Status::Timeout, None),
            (End::Stopped(Stop::Fuel), false, Status::Timeout, None),
            (End::Stopped(Stop::Memory), true, Status::MemoryLimit, None),
            (End::Stopped(Stop::Output), false, Status::OutputLimit, None),
            (End::Stopped(Stop::Cancelled), true, Status::Cancelled, None),
            (End::Broken("cell lost".into()), true, Status::Internal, None),
        ];
        for (end, denied, status, exit_code) in cases {
            let verdict = verdict(&facts(end.clone(), denied));
            assert_eq!((verdict.status, verdict.exit_code), (status, exit_code), "{end:?} denied={denied}");
        }
    }
}
