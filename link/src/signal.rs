//! The signals that a client may send to its program: those of Linux that have a name, with the numbers that they have on x86-64 and on ARM alike. The number
//! that travels is checked by whoever reads it.

use serde::{Deserialize, Serialize};

/// By their numbers, from 1 on.
const NAMES: [&str; 31] = [
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGILL",
    "SIGTRAP",
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
    "SIGSYS",
];
/// Other names of the same.
const ALIASES: [(&str, &str); 4] = [("SIGIOT", "SIGABRT"), ("SIGCLD", "SIGCHLD"), ("SIGPOLL", "SIGIO"), ("SIGUNUSED", "SIGSYS")];
/// What is ignored where it is not handled.
const IGNORED: [&str; 4] = ["SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH"];
/// What stops a program where it is not handled.
const STOPS: [&str; 4] = ["SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Signal(u8);

#[derive(Debug, thiserror::Error)]
#[error("{0} is no signal that may be sent")]
pub struct NoSignal(u8);

impl Signal {
    pub fn all() -> impl Iterator<Item = Self> {
        (1..).take(NAMES.len()).map(Self)
    }

    /// None for a name that Linux does not have.
    pub fn parse(name: &str) -> Option<Self> {
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name);
        Self::all().find(|signal| signal.name() == name)
    }

    pub fn number(self) -> u8 {
        self.0
    }

    pub fn name(self) -> &'static str {
        // Made of numbers within the list only.
        NAMES.get(usize::from(self.0) - 1).copied().unwrap_or_default()
    }

    /// Stops a program that does not handle it.
    pub fn stops(self) -> bool {
        STOPS.contains(&self.name())
    }

    /// Lets a program go on that was stopped.
    pub fn continues(self) -> bool {
        self.name() == "SIGCONT"
    }

    /// Ends a program that does not handle it.
    pub fn ends(self) -> bool {
        !self.stops() && !IGNORED.contains(&self.name())
    }
}

impl TryFrom<u8> for Signal {
    type Error = NoSignal;

    fn try_from(number: u8) -> Result<Self, NoSignal> {
        if (1..=NAMES.len()).contains(&usize::from(number)) { Ok(Self(number)) } else { Err(NoSignal(number)) }
    }
}

impl From<Signal> for u8 {
    fn from(signal: Signal) -> Self {
        signal.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_those_of_linux() {
        for (name, number) in [("SIGHUP", 1), ("SIGKILL", 9), ("SIGTERM", 15), ("SIGCHLD", 17), ("SIGSTOP", 19), ("SIGSYS", 31)] {
            let signal = Signal::parse(name).unwrap();
            assert_eq!((signal.number(), signal.name()), (number, name));
        }
        assert_eq!(Signal::parse("SIGPOLL"), Signal::parse("SIGIO"));
        for none in ["", "INT", "sigint", "SIGINT ", "SIGLOST", "SIGINFO", "SIGBREAK", "SIGRTMIN", "2"] {
            assert_eq!(Signal::parse(none), None, "{none}");
        }
        for number in [0, 32, 64, 255] {
            assert!(Signal::try_from(number).is_err(), "{number}");
        }
    }

    #[test]
    fn what_is_not_handled_ends_stops_or_does_nothing() {
        let (ends, stops) = (Signal::all().filter(|signal| signal.ends()).count(), Signal::all().filter(|signal| signal.stops()).count());
        assert_eq!((ends, stops), (23, 4));
        assert!(!Signal::parse("SIGCONT").unwrap().ends() && Signal::parse("SIGUSR1").unwrap().ends());
    }
}
