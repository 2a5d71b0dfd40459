//! What an execution means for a test: first how the program ended, then what its output, or whoever judges it, says.
//! Pure; called by the runner.

use super::{Status, Verdict, verdict};
use crate::job::Style;
use runnel_link::{End, Facts};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TestStatus {
    Passed,
    /// It ended well and its output is wrong.
    Failed,
    /// A non-zero exit, a signal, a trap.
    Error,
    Timeout,
    MemoryLimit,
    OutputLimit,
    /// Nothing was expected of it but to end well.
    Ran,
    /// Not run: an earlier one failed, it did not compile, or the run was cancelled.
    Skipped,
    /// The checker or the interactor failed: nothing is known of the program.
    Faulty,
    /// Our fault.
    Internal,
}

/// The short word that judges use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Short {
    Ac,
    Wa,
    Rte,
    Tle,
    Mle,
    Ole,
    Ce,
    Sk,
    Je,
}

impl TestStatus {
    /// None where nothing was judged.
    pub fn short(self) -> Option<Short> {
        match self {
            Self::Passed => Some(Short::Ac),
            Self::Failed => Some(Short::Wa),
            Self::Error => Some(Short::Rte),
            Self::Timeout => Some(Short::Tle),
            Self::MemoryLimit => Some(Short::Mle),
            Self::OutputLimit => Some(Short::Ole),
            Self::Ran => None,
            Self::Skipped => Some(Short::Sk),
            Self::Faulty | Self::Internal => Some(Short::Je),
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::MemoryLimit => "memory_limit",
            Self::OutputLimit => "output_limit",
            Self::Ran => "ran",
            Self::Skipped => "skipped",
            Self::Faulty => "faulty",
            Self::Internal => "internal",
        }
    }

    /// Counted as a success.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Passed | Self::Ran)
    }
}

/// A status, and why where that is not plain.
pub type Judged = (TestStatus, Option<String>);

/// What the end of a program alone says; None where its output decides.
pub fn of_end(facts: &Facts, expected_exit: Option<i32>) -> Option<Judged> {
    let Verdict { status, message, .. } = verdict(facts);
    let status = match status {
        Status::Success | Status::Error => {
            let End::Exit(code) = facts.end else { return Some((TestStatus::Error, message)) };
            return match expected_exit {
                Some(expected) if expected == code => None,
                Some(expected) => Some((TestStatus::Failed, Some(format!("exited with code {code}, expected {expected}")))),
                None if code == 0 => None,
                None => Some((TestStatus::Error, message)),
            };
        }
        Status::Timeout => TestStatus::Timeout,
        Status::MemoryLimit => TestStatus::MemoryLimit,
        Status::OutputLimit => TestStatus::OutputLimit,
        Status::Cancelled => TestStatus::Skipped,
        Status::CompileError | Status::Internal => TestStatus::Internal,
    };
    Some((status, message))
}

/// What the end of a checker or an interactor says: right, wrong, or that it failed itself.
pub fn of_helper(facts: &Facts, style: Style) -> Result<bool, String> {
    let (right, wrong): (&[i32], &[i32]) = match style {
        Style::Runnel | Style::Kattis => (&[42], &[43]),
        Style::Testlib => (&[0], &[1, 2]),
    };
    match &facts.end {
        End::Exit(code) if right.contains(code) => Ok(true),
        End::Exit(code) if wrong.contains(code) => Ok(false),
        End::Exit(code) => Err(format!("exited with code {code}, which says neither right nor wrong")),
        End::Signal(_) | End::Trap(_) | End::Stopped(_) | End::Broken(_) => {
            Err(verdict(facts).message.unwrap_or_else(|| "was cancelled".to_owned()))
        }
    }
}

/// How all tests together came out: the first that is not good decides.
pub fn overall(all: impl IntoIterator<Item = TestStatus>) -> Short {
    let bad = all.into_iter().filter(|status| !status.is_good()).find_map(TestStatus::short);
    bad.unwrap_or(Short::Ac)
}

#[cfg(test)]
mod tests {
    use super::*;
    use runnel_link::Stop;

    #[test]
    fn ends_decide_before_outputs() {
        let of =
            |end, denied, expected| of_end(&Facts { memory_denied: denied, ..Facts::unmeasured(end) }, expected).map(|(status, _)| status);
        assert_eq!(of(End::Exit(0), false, None), None);
        assert_eq!(of(End::Exit(0), true, None), None, "it coped");
        assert_eq!(of(End::Exit(3), false, Some(3)), None);
        assert_eq!(of(End::Exit(3), false, None), Some(TestStatus::Error));
        assert_eq!(of(End::Exit(0), false, Some(3)), Some(TestStatus::Failed));
        assert_eq!(of(End::Exit(1), true, None), Some(TestStatus::MemoryLimit));
        assert_eq!(of(End::Signal("SIGSEGV".into()), false, Some(0)), Some(TestStatus::Error));
        assert_eq!(of(End::Stopped(Stop::Time), false, None), Some(TestStatus::Timeout));
        assert_eq!(of(End::Stopped(Stop::Output), false, None), Some(TestStatus::OutputLimit));
        assert_eq!(of(End::Broken("x".into()), false, None), Some(TestStatus::Internal));
    }

    #[test]
    fn helpers_say_right_or_wrong_or_fail() {
        let of = |end, style| of_helper(&Facts::unmeasured(end), style).ok();
        assert_eq!((of(End::Exit(42), Style::Runnel), of(End::Exit(43), Style::Kattis)), (Some(true), Some(false)));
        assert_eq!((of(End::Exit(0), Style::Testlib), of(End::Exit(2), Style::Testlib)), (Some(true), Some(false)));
        for end in [End::Exit(0), End::Exit(1), End::Stopped(Stop::Time), End::Trap("x".into()), End::Signal("SIGKILL".into())] {
            assert_eq!(of(end, Style::Runnel), None);
        }
        assert_eq!(of(End::Exit(3), Style::Testlib), None);
    }

    #[test]
    fn the_first_that_is_not_good_decides() {
        use TestStatus::{Failed, Faulty, Passed, Ran, Skipped, Timeout};
        assert_eq!(overall([Passed, Ran]), Short::Ac);
        assert_eq!(overall([Passed, Timeout, Failed]), Short::Tle);
        assert_eq!(overall([Failed, Skipped]), Short::Wa);
        assert_eq!(overall([Faulty, Failed]), Short::Je);
    }
}
