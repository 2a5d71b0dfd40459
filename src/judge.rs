//! Facts -> verdict. What an executor measured goes in, what is told to the caller comes out. Pure: knows neither
//! engines nor doors, and never looks at what the program printed.

pub mod colour;
pub mod compare;
pub mod test;

pub use runnel_link::{End, Facts, Stop};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    Success,
    Error,
    Timeout,
    MemoryLimit,
    OutputLimit,
    CompileError,
    Cancelled,
    Internal,
}

impl Status {
    /// In the order of their declaration.
    pub const ALL: [Self; 8] = [
        Self::Success,
        Self::Error,
        Self::Timeout,
        Self::MemoryLimit,
        Self::OutputLimit,
        Self::CompileError,
        Self::Cancelled,
        Self::Internal,
    ];

    /// As frames, metrics and logs have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::MemoryLimit => "memory_limit",
            Self::OutputLimit => "output_limit",
            Self::CompileError => "compile_error",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// A program that can't be started, for what its client asked.
pub fn mistake(message: String) -> Verdict {
    Verdict { status: Status::Error, exit_code: None, signal: None, message: Some(message) }
}

/// What a compile step that did not end well means for the run; None where it did.
pub fn compile_failure(facts: &Facts) -> Option<Verdict> {
    let message = match &facts.end {
        End::Exit(0) => return None,
        End::Stopped(Stop::Cancelled) | End::Broken(_) => return Some(verdict(facts)),
        End::Exit(_) | End::Signal(_) if facts.memory_denied => "the compiler reached its memory limit".to_owned(),
        End::Exit(code) => format!("the compiler exited with code {code}"),
        End::Signal(name) => format!("the compiler was ended by signal {name}"),
        End::Trap(what) => what.clone(),
        End::Stopped(Stop::Memory) => "the compiler reached its memory limit".to_owned(),
        End::Stopped(Stop::Time | Stop::Wall | Stop::Fuel) => "the compiler reached its time limit".to_owned(),
        End::Stopped(Stop::Output) => "the compiler reached its output limit".to_owned(),
    };
    Some(Verdict { status: Status::CompileError, exit_code: None, signal: None, message: Some(message) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(end: End, memory_denied: bool) -> Facts {
        Facts { memory_denied, ..Facts::unmeasured(end) }
    }

    #[test]
    fn every_end_of_a_compiler_has_its_status() {
        assert_eq!(compile_failure(&facts(End::Exit(0), true)), None);
        let cases = [
            (End::Exit(1), false, Status::CompileError, "exited with code 1"),
            (End::Exit(1), true, Status::CompileError, "memory"),
            (End::Signal("SIGSEGV".into()), false, Status::CompileError, "SIGSEGV"),
            (End::Stopped(Stop::Time), false, Status::CompileError, "time limit"),
            (End::Stopped(Stop::Wall), false, Status::CompileError, "time limit"),
            (End::Stopped(Stop::Memory), true, Status::CompileError, "memory limit"),
            (End::Stopped(Stop::Output), false, Status::CompileError, "output limit"),
            (End::Trap("`gcc` can't be started".into()), false, Status::CompileError, "`gcc`"),
            (End::Broken("lost".into()), false, Status::Internal, "lost"),
        ];
        for (end, denied, status, message) in cases {
            let verdict = compile_failure(&facts(end.clone(), denied)).unwrap();
            assert_eq!(verdict.status, status, "{end:?}");
            assert!(verdict.message.as_deref().unwrap().contains(message), "{verdict:?}");
        }
        assert_eq!(compile_failure(&facts(End::Stopped(Stop::Cancelled), false)).unwrap().status, Status::Cancelled);
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
