//! The program's processes, as `/proc` shows them. Called by `awaiting` and, where there are no cgroup files, by
//! `meter`. Believes nothing but numbers: names of processes are the program's choice.

use rustix::fs::{Mode, OFlags, RawDir};
use rustix::io::Errno;
use std::fmt::Write;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// A container has a limit on its processes; this is for one without.
const MOST: usize = 4096;
/// More than a line of `stat` has.
const TEXT: usize = 4096;
/// Of what `stat` counts time in, on every machine that Linux runs on.
const TICKS: u64 = 100;

pub(crate) struct Procs {
    root: OwnedFd,
    own: u32,
    page: u64,
}

/// From one line of `stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) state: u8,
    /// With the children that it waited for.
    pub(crate) cpu: Duration,
}

impl Stat {
    /// By a signal, until another one lets it go on: whatever it waited for before, it does not now.
    pub(crate) fn is_stopped(self) -> bool {
        matches!(self.state, b'T' | b't')
    }

    /// It waits for something, or is stopped: it uses no CPU by itself.
    pub(crate) fn is_asleep(self) -> bool {
        matches!(self.state, b'S' | b'T' | b't' | b'Z' | b'X' | b'I')
    }
}

impl Procs {
    pub(crate) fn open() -> Result<Self, Errno> {
        let root = rustix::fs::open("/proc", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { root, own: std::process::id(), page: rustix::param::page_size() as u64 })
    }

    /// All processes but the agent; None where there are too many to look at.
    pub(crate) fn all(&self) -> Option<Vec<u32>> {
        let mut all = numbers(&self.root)?;
        all.retain(|&process| process != self.own);
        Some(all)
    }

    /// The threads of a process; empty where it has just ended.
    pub(crate) fn tasks(&self, process: u32) -> Option<Vec<u32>> {
        let open =
            rustix::fs::openat(&self.root, format!("{process}/task"), OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
        open.map_or(Some(Vec::new()), |folder| numbers(&folder))
    }

    /// The beginning of a file of `/proc`.
    pub(crate) fn read<'a>(&self, path: &str, at: u64, buffer: &'a mut [u8]) -> Result<&'a [u8], Errno> {
        let file = rustix::fs::openat(&self.root, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        let length = rustix::io::pread(&file, &mut *buffer, at)?;
        Ok(&buffer[..length])
    }

    pub(crate) fn stat(&self, process: u32, task: u32) -> Option<Stat> {
        let mut buffer = [0; TEXT];
        parse_stat(self.read(&format!("{process}/task/{task}/stat"), 0, &mut buffer).ok()?)
    }

    /// What a descriptor of a process is: device and number, and the device that it stands for.
    pub(crate) fn descriptor(&self, process: u32, descriptor: u64) -> Option<(u64, u64, u64)> {
        let stat = rustix::fs::statat(&self.root, format!("{process}/fd/{descriptor}"), rustix::fs::AtFlags::empty()).ok()?;
        Some((stat.st_dev, stat.st_ino, stat.st_rdev))
    }

    /// CPU time of all that live. What orphans used that the agent has reaped is not in it.
    pub(crate) fn cpu(&self) -> Duration {
        let (mut path, mut buffer) = (String::new(), [0; TEXT]);
        let mut sum = Duration::ZERO;
        for process in self.all().unwrap_or_default() {
            path.clear();
            let _ = write!(path, "{process}/stat");
            sum += self.read(&path, 0, &mut buffer).ok().and_then(parse_stat).map_or(Duration::ZERO, |stat| stat.cpu);
        }
        sum
    }

    /// Memory that processes have for themselves, all together.
    pub(crate) fn memory(&self) -> u64 {
        self.all().unwrap_or_default().into_iter().map(|process| self.private(process)).sum()
    }

    /// Memory that the agent has for itself.
    pub(crate) fn own_memory(&self) -> u64 {
        self.private(self.own)
    }

    fn private(&self, process: u32) -> u64 {
        let mut buffer = [0; 256];
        let line = self.read(&format!("{process}/statm"), 0, &mut buffer);
        line.ok().and_then(parse_statm).unwrap_or(0) * self.page
    }
}

/// The names in a folder that are numbers.
fn numbers(folder: impl AsFd) -> Option<Vec<u32>> {
    let folder = folder.as_fd();
    rustix::fs::seek(folder, rustix::fs::SeekFrom::Start(0)).ok()?;
    let mut buffer = [MaybeUninit::uninit(); 8192];
    let mut listing = RawDir::new(folder, &mut buffer);
    let mut numbers = Vec::new();
    while let Some(entry) = listing.next() {
        // A process whose folder ends while it is read has ended.
        let Ok(entry) = entry else { break };
        if let Some(number) = entry.file_name().to_str().ok().and_then(|name| name.parse().ok()) {
            if numbers.len() == MOST {
                return None;
            }
            numbers.push(number);
        }
    }
    Some(numbers)
}

/// The fields after the name, which may hold anything, brackets and spaces too: it ends with the last bracket.
fn parse_stat(line: &[u8]) -> Option<Stat> {
    let end = line.iter().rposition(|&byte| byte == b')')?;
    let fields: Vec<&str> = std::str::from_utf8(&line[end + 1..]).ok()?.split_whitespace().collect();
    // Third field of the line is the first here; utime, stime, cutime and cstime are fields 14 to 17.
    let ticks = fields.get(11..15)?.iter().map(|field| field.parse::<u64>().ok()).sum::<Option<u64>>()?;
    Some(Stat { state: *fields.first()?.as_bytes().first()?, cpu: Duration::from_millis(ticks * 1000 / TICKS) })
}

/// Pages in memory less those that are shared with files.
fn parse_statm(line: &[u8]) -> Option<u64> {
    let mut fields = std::str::from_utf8(line).ok()?.split_whitespace().skip(1).map(|field| field.parse::<u64>().ok());
    Some(fields.next()??.saturating_sub(fields.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_be_anything() {
        let rest = "S 1 7 7 0 -1 4194304 95 0 0 0 12 34 5 6 20 0 1 0 4242 2617344 247 18446744073709551615";
        for name in ["(a)", "() R 1 (x)", "(a\n) b)", "(\u{fffd})"] {
            let stat = parse_stat(format!("7 {name} {rest}").as_bytes());
            assert_eq!(stat, Some(Stat { state: b'S', cpu: Duration::from_millis(570) }), "{name}");
        }
        let mut line = b"7 (\xff\xfe) ".to_vec();
        line.extend_from_slice(rest.as_bytes());
        assert!(parse_stat(&line).is_some_and(Stat::is_asleep));
        for wrong in ["", "7 (a)", "7 (a) R", "7 a R 1 2 3", "7 (a) S 1 7 7 0 -1 4194304 95 0 0 0 x 34 5 6"] {
            assert_eq!(parse_stat(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn own_pages_are_those_that_are_not_shared() {
        assert_eq!(parse_statm(b"639 247 200 5 0 88 0\n"), Some(47));
        assert_eq!(parse_statm(b"639"), None);
    }

    #[test]
    fn this_process_is_found() {
        let procs = Procs { own: 0, ..Procs::open().unwrap() };
        let own = std::process::id();
        assert!(procs.all().unwrap().contains(&own));
        assert!(procs.tasks(own).unwrap().contains(&own));
        assert!(procs.stat(own, own).is_some());
        assert!(procs.private(own) > 0);
        assert_eq!(procs.tasks(u32::MAX), Some(Vec::new()));
    }
}
