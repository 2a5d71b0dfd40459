//! Whether a program waits for its input: what each of its threads is blocked in, as the kernel tells its owner.
//! Called by `watch` when there is nothing in the pipe. Never stops or touches a process.

use crate::procs::{Procs, Stat};
use crate::user::User;
use rustix::io::Errno;

/// Descriptors of one `poll` that are looked at; a program that waits for so many is no one that talks to people.
const POLLED: usize = 256;
/// Bits of one `select`.
const SELECTED: u64 = 1024;
/// What `/dev/tty` stands for: whoever reads from it reads from the terminal.
const TTY: (u32, u32) = (5, 0);

/// The program's end of its input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InputId {
    pub(crate) device: u64,
    pub(crate) number: u64,
    pub(crate) terminal: bool,
}

/// What the threads of a program do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Doing {
    /// At least one is blocked until there is input.
    pub(crate) awaits: bool,
    /// None runs, or could.
    pub(crate) asleep: bool,
    /// Of some the kernel does not tell what they are blocked in.
    pub(crate) hidden: bool,
}

/// Looks at all threads. Without an input only at whether they sleep.
pub(crate) fn look(procs: &Procs, user: User, input: Option<InputId>) -> Doing {
    let mut doing = Doing { awaits: false, asleep: true, hidden: false };
    // What a thread is blocked in is told to its owner; the agent has no right beyond.
    let Ok(_acting) = user.act() else { return Doing { asleep: false, ..doing } };
    let Some(processes) = procs.all() else { return Doing { asleep: false, ..doing } };
    for process in processes {
        let Some(tasks) = procs.tasks(process) else { return Doing { asleep: false, ..doing } };
        for task in tasks {
            let mut buffer = [0; 256];
            match procs.read(&format!("{process}/task/{task}/syscall"), 0, &mut buffer).map(parse_call) {
                Ok(Call::None) => doing.asleep = false,
                Ok(Call::Made { number, arguments }) => {
                    if let (Some(input), false) = (input, doing.awaits) {
                        let is_stopped = || procs.stat(process, task).is_some_and(Stat::is_stopped);
                        doing.awaits = Watcher { procs, process, input }.waits(number, arguments) && !is_stopped();
                    }
                }
                // It ended while we looked.
                Err(Errno::SRCH) => {}
                Err(_) => {
                    let Some(stat) = procs.stat(process, task) else { continue };
                    doing.asleep &= stat.is_asleep();
                    doing.hidden |= !stat.is_stopped();
                }
            }
        }
    }
    doing
}

/// A thread's system call.
#[derive(Debug, PartialEq, Eq)]
enum Call {
    /// It runs, or is about to, or is blocked outside of any.
    None,
    Made {
        number: i64,
        arguments: [u64; 6],
    },
}

/// `running`, or `-1` and two addresses, or the call's number, six arguments and two addresses.
fn parse_call(line: &[u8]) -> Call {
    let mut words = std::str::from_utf8(line).unwrap_or_default().split_whitespace();
    let Some(number) = words.next().and_then(|word| word.parse().ok()).filter(|&number: &i64| number >= 0) else { return Call::None };
    let mut arguments = [0; 6];
    for argument in &mut arguments {
        let Some(value) = words.next().and_then(|word| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()) else { return Call::None };
        *argument = value;
    }
    Call::Made { number, arguments }
}

struct Watcher<'a> {
    procs: &'a Procs,
    process: u32,
    input: InputId,
}

impl Watcher<'_> {
    fn waits(&self, number: i64, arguments: [u64; 6]) -> bool {
        let [first, second, ..] = arguments;
        match kind_of(number) {
            Kind::Read => self.is_input(first),
            Kind::Poll => self.polls(first, second),
            Kind::Select => self.selects(first, second),
            Kind::Epoll => self.is_in_epoll(first),
            Kind::Other => false,
        }
    }

    fn is_input(&self, descriptor: u64) -> bool {
        let InputId { device, number, terminal } = self.input;
        self.procs.descriptor(self.process, descriptor).is_some_and(|(its_device, its_number, stands_for)| {
            (its_device, its_number) == (device, number)
                || (terminal && (rustix::fs::major(stands_for), rustix::fs::minor(stands_for)) == TTY)
        })
    }

    fn polls(&self, address: u64, count: u64) -> bool {
        let mut memory = [0; POLLED * 8];
        let length = usize::try_from(count).unwrap_or(usize::MAX).min(POLLED) * 8;
        let Ok(polled) = self.procs.read(&format!("{}/mem", self.process), address, &mut memory[..length]) else { return false };
        polled_for_reading(polled).any(|descriptor| self.is_input(descriptor))
    }

    fn selects(&self, count: u64, address: u64) -> bool {
        // No set to read from: it waits for time or for room.
        if address == 0 {
            return false;
        }
        let mut memory = [0; (SELECTED / 8) as usize];
        let length = usize::try_from(count.min(SELECTED).div_ceil(64) * 8).unwrap_or(0);
        let Ok(set) = self.procs.read(&format!("{}/mem", self.process), address, &mut memory[..length]) else { return false };
        selected(set, count).any(|descriptor| self.is_input(descriptor))
    }

    fn is_in_epoll(&self, descriptor: u64) -> bool {
        let mut buffer = [0; 8192];
        let text = self.procs.read(&format!("{}/fdinfo/{descriptor}", self.process), 0, &mut buffer);
        let text = text.ok().and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
        in_epoll(text).any(|descriptor| self.is_input(descriptor))
    }
}

enum Kind {
    Read,
    Poll,
    Select,
    Epoll,
    Other,
}

fn kind_of(number: i64) -> Kind {
    match number {
        libc::SYS_read | libc::SYS_readv | libc::SYS_preadv2 | libc::SYS_splice => Kind::Read,
        libc::SYS_ppoll => Kind::Poll,
        libc::SYS_pselect6 => Kind::Select,
        libc::SYS_epoll_pwait | libc::SYS_epoll_pwait2 => Kind::Epoll,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_poll => Kind::Poll,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_select => Kind::Select,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_epoll_wait => Kind::Epoll,
        _ => Kind::Other,
    }
}

/// From an array of `pollfd`: a descriptor in four bytes, what is asked in two, and what came in two.
fn polled_for_reading(array: &[u8]) -> impl Iterator<Item = u64> {
    array.chunks_exact(8).filter_map(|entry| {
        let (descriptor, rest) = entry.split_first_chunk::<4>()?;
        let asked = i16::from_ne_bytes(*rest.first_chunk::<2>()?);
        let descriptor = u64::try_from(i32::from_ne_bytes(*descriptor)).ok()?;
        (asked & libc::POLLIN != 0).then_some(descriptor)
    })
}

/// From an `fd_set`: words of 64 bits.
fn selected(set: &[u8], count: u64) -> impl Iterator<Item = u64> {
    let words = set.chunks_exact(8).filter_map(|word| Some(u64::from_ne_bytes(*word.first_chunk::<8>()?)));
    let bits =
        (0..).step_by(64).zip(words).flat_map(|(base, word)| (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| base + bit));
    bits.take_while(move |&bit| bit < count)
}

/// From the text of an epoll's `fdinfo`: a line `tfd:  N events: …` for each descriptor.
fn in_epoll(text: &str) -> impl Iterator<Item = u64> {
    text.lines().filter_map(|line| line.strip_prefix("tfd:")?.split_whitespace().next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_from_the_kernels_line() {
        let line = b"0 0x3 0x7ffd2b7c 0x400 0x0 0x0 0x0 0x7ffd2b60 0x7f1c34\n";
        assert_eq!(parse_call(line), Call::Made { number: 0, arguments: [3, 0x7ffd2b7c, 0x400, 0, 0, 0] });
        for none in ["running\n", "-1 0x7ffd 0x7f1c\n", "", "0", "0 1 2 3 4 5 6", "0 0x1 0x2"] {
            assert_eq!(parse_call(none.as_bytes()), Call::None, "{none}");
        }
    }

    #[test]
    fn what_is_waited_for_is_read_from_the_programs_memory() {
        let entry = |descriptor: i32, asked: i16| [&descriptor.to_ne_bytes()[..], &asked.to_ne_bytes(), &[0, 0]].concat();
        let array =
            [entry(0, libc::POLLIN), entry(5, libc::POLLOUT), entry(-1, libc::POLLIN), entry(7, libc::POLLIN | libc::POLLOUT)].concat();
        assert_eq!(polled_for_reading(&array).collect::<Vec<_>>(), [0, 7]);
        let set = [&0b1001u64.to_ne_bytes()[..], &0b10u64.to_ne_bytes()].concat();
        assert_eq!(selected(&set, 128).collect::<Vec<_>>(), [0, 3, 65]);
        assert_eq!(selected(&set, 3).collect::<Vec<_>>(), [0]);
        let info = "pos:\t0\nflags:\t02\ntfd:        0 events:       19 data: 0  pos:0 ino:3b sdev:d\ntfd: 12 events: 1\n";
        assert_eq!(in_epoll(info).collect::<Vec<_>>(), [0, 12]);
    }

    #[test]
    fn a_thread_in_a_read_is_seen() {
        // Looks at this test's own threads, of which one reads from a pipe and none is hidden.
        let (reader, writer) = std::io::pipe().unwrap();
        let stat = rustix::fs::fstat(&reader).unwrap();
        let input = InputId { device: stat.st_dev, number: stat.st_ino, terminal: false };
        let reading = std::thread::spawn(move || std::io::copy(&mut { reader }, &mut std::io::sink()));
        let procs = Procs::open().unwrap();
        let process = std::process::id();
        let begin = std::time::Instant::now();
        let mut seen = false;
        while !seen && begin.elapsed().as_secs() < 10 {
            for task in procs.tasks(process).unwrap() {
                let mut buffer = [0; 256];
                let Ok(line) = procs.read(&format!("{process}/task/{task}/syscall"), 0, &mut buffer) else { return };
                if let Call::Made { number, arguments } = parse_call(line) {
                    seen |= Watcher { procs: &procs, process, input }.waits(number, arguments);
                }
            }
        }
        assert!(seen);
        drop(writer);
        reading.join().unwrap().unwrap();
    }
}
