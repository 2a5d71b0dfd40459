//! The two users that programs run as, and acting as them on files. The agent has no right over their files: it
//! makes, reads and removes them as their owner. Called by whatever touches files; starts nothing.

use crate::fault::Fault;
use crate::raw;
use rustix::io::Errno;

/// A user, and the group of the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct User(pub(crate) u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Users {
    pub(crate) compile: User,
    pub(crate) run: User,
}

impl Users {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, Fault> {
        const USAGE: Fault = Fault::Usage("it is started as `agent --compile-uid N --run-uid M`, with two users that are not root");
        let (mut compile, mut run) = (None, None);
        while let Some(word) = words.next() {
            let place = match word.as_str() {
                "--compile-uid" => &mut compile,
                "--run-uid" => &mut run,
                _ => return Err(USAGE),
            };
            // The largest number means "no change" to the kernel.
            let id = words.next().and_then(|id| id.parse().ok()).filter(|&id| id != 0 && id != u32::MAX);
            *place = Some(User(id.ok_or(USAGE)?));
        }
        match (compile, run) {
            (Some(compile), Some(run)) if compile != run => Ok(Self { compile, run }),
            _ => Err(USAGE),
        }
    }
}

/// While it lives, file system calls are made as the user. Not to be nested.
#[must_use]
pub(crate) struct Acting(());

impl User {
    pub(crate) fn act(self) -> Result<Acting, Errno> {
        let acting = Acting(());
        if raw::set_file_user(self.0) { Ok(acting) } else { Err(Errno::PERM) }
    }
}

impl Drop for Acting {
    fn drop(&mut self) {
        // Where it failed, the agent would go on with fewer rights: its next work on files fails.
        raw::set_file_user(rustix::process::getuid().as_raw());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_users_are_needed_and_neither_is_root() {
        let parse = |line: &str| Users::parse(line.split_whitespace().map(str::to_owned)).ok();
        assert_eq!(parse("--compile-uid 20000 --run-uid 20001"), Some(Users { compile: User(20000), run: User(20001) }));
        for wrong in ["", "--compile-uid 1", "--compile-uid 1 --run-uid", "--compile-uid 0 --run-uid 1", "--compile-uid 4 --run-uid 4"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert_eq!(parse("--compile-uid 1 --run-uid 4294967295"), None);
        assert_eq!(parse("--compile-uid 1 --run-uid 2 x"), None);
    }
}
