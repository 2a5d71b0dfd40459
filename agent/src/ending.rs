//! How an execution ended: from what was counted to one `End`. Called by `running`. Pure.

use runnel_link::{End, Signal, Stop};

/// What is known when nothing of the program lives any more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signs {
    /// The main process's status, as `wait` gives it.
    pub(crate) status: i32,
    /// Why the agent stopped it, where it did.
    pub(crate) stop: Option<Stop>,
    /// The kernel killed a process of the container for want of memory.
    pub(crate) oom_killed: bool,
    pub(crate) over_memory: bool,
    pub(crate) over_time: bool,
}

/// The end, and whether the program was denied memory.
pub(crate) fn end_of(signs: Signs) -> (End, bool) {
    let Signs { status, stop, oom_killed, over_memory, over_time } = signs;
    let signal = status & 0x7f;
    let end = match stop {
        Some(stop) => End::Stopped(stop),
        // It was not the agent that killed it, and its own user's other processes don't count as reasons here.
        None if oom_killed && signal == libc::SIGKILL => End::Stopped(Stop::Memory),
        None if over_memory => End::Stopped(Stop::Memory),
        None if over_time => End::Stopped(Stop::Time),
        None if signal != 0 => End::Signal(name_of(signal)),
        None => End::Exit(status >> 8 & 0xff),
    };
    let denied = oom_killed || end == End::Stopped(Stop::Memory);
    (end, denied)
}

fn name_of(signal: i32) -> String {
    let known = u8::try_from(signal).ok().and_then(|number| Signal::try_from(number).ok());
    known.map_or_else(|| format!("SIG{signal}"), |signal| signal.name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Signs = Signs { status: 0, stop: None, oom_killed: false, over_memory: false, over_time: false };

    #[test]
    fn every_sign_has_its_end() {
        let signal = |name: &str| End::Signal(name.to_owned());
        let memory = End::Stopped(Stop::Memory);
        let cases = [
            (NONE, End::Exit(0), false),
            (Signs { status: 3 << 8, ..NONE }, End::Exit(3), false),
            (Signs { status: 255 << 8, ..NONE }, End::Exit(255), false),
            (Signs { status: libc::SIGSEGV | 0x80, ..NONE }, signal("SIGSEGV"), false),
            (Signs { status: libc::SIGXFSZ, ..NONE }, signal("SIGXFSZ"), false),
            (Signs { status: 34, ..NONE }, signal("SIG34"), false),
            (Signs { status: libc::SIGKILL, ..NONE }, signal("SIGKILL"), false),
            (Signs { status: libc::SIGKILL, oom_killed: true, ..NONE }, memory.clone(), true),
            (Signs { status: libc::SIGABRT, oom_killed: true, ..NONE }, signal("SIGABRT"), true),
            (Signs { oom_killed: true, ..NONE }, End::Exit(0), true),
            (Signs { over_memory: true, ..NONE }, memory.clone(), true),
            (Signs { over_time: true, ..NONE }, End::Stopped(Stop::Time), false),
            (Signs { status: libc::SIGXCPU, over_time: true, ..NONE }, End::Stopped(Stop::Time), false),
            (Signs { status: libc::SIGKILL, stop: Some(Stop::Wall), over_time: true, ..NONE }, End::Stopped(Stop::Wall), false),
            (Signs { status: libc::SIGKILL, stop: Some(Stop::Memory), ..NONE }, memory, true),
            (Signs { status: libc::SIGKILL, stop: Some(Stop::Output), oom_killed: true, ..NONE }, End::Stopped(Stop::Output), true),
        ];
        for (signs, end, denied) in cases {
            assert_eq!(end_of(signs), (end, denied), "{signs:?}");
        }
    }
}
