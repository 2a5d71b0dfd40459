//! What goes wrong, in words. `Fault` ends the agent and is for the operator; `words` tells a program's author why
//! the system refused. Called by everything; decides nothing.

use rustix::io::Errno;
use std::fmt;

/// Why the agent can't go on. The server takes its end as its own loss, never as the program's.
#[derive(Debug)]
pub(crate) enum Fault {
    Usage(&'static str),
    Frame(runnel_link::Fault),
    /// The server broke the link's rules.
    Rules(&'static str),
    /// The container is of no more use.
    Lost(&'static str),
    System {
        what: &'static str,
        errno: Errno,
    },
}

impl Fault {
    /// For `map_err`.
    pub(crate) fn system(what: &'static str) -> impl Fn(Errno) -> Self {
        move |errno| Self::System { what, errno }
    }
}

impl From<runnel_link::Fault> for Fault {
    fn from(fault: runnel_link::Fault) -> Self {
        Self::Frame(fault)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::Lost(text) => out.write_str(text),
            Self::Frame(fault) => write!(out, "the server sent {fault}"),
            Self::Rules(what) => write!(out, "the server {what}"),
            Self::System { what, errno } => write!(out, "can't {what}: {}", words(*errno)),
        }
    }
}

/// The system's words for an error, as a part of a sentence.
pub(crate) fn words(errno: Errno) -> String {
    match errno {
        Errno::NOSPC | Errno::DQUOT => "no space left".to_owned(),
        Errno::NOENT => "no such file".to_owned(),
        Errno::NOEXEC => "it is not a program for this machine".to_owned(),
        Errno::NAMETOOLONG => "the name is too long".to_owned(),
        Errno::INVAL => "the name is not allowed".to_owned(),
        _ => {
            let text = std::io::Error::from(errno).to_string();
            let text = text.split(" (os error").next().unwrap_or_default();
            let mut letters = text.chars();
            letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_fit_into_a_sentence() {
        assert_eq!(words(Errno::ACCESS), "permission denied");
        assert_eq!(words(Errno::NOSPC), "no space left");
        assert_eq!(words(Errno::TOOBIG), "argument list too long");
    }
}
