//! What the kernel counts of the whole container: the files of either cgroup version, as Docker shows them inside.
//! Called by `meter`. Any of them may be missing (gVisor, hidden cgroups): then it says so, and `procs` is asked.

use rustix::fs::{Mode, OFlags};
use std::os::fd::OwnedFd;
use std::time::Duration;

/// More than any of these files has.
const TEXT: usize = 16 << 10;

pub(crate) struct Cgroup {
    cpu: Option<(OwnedFd, CpuFormat)>,
    usage: Option<OwnedFd>,
    detail: Option<(OwnedFd, Names)>,
    oom: Option<OwnedFd>,
}

#[derive(Clone, Copy)]
enum CpuFormat {
    /// Version 1: the nanoseconds alone.
    Nanoseconds,
    /// Version 2: lines, one of which is `usage_usec`.
    Lines,
}

/// What a version calls anonymous and shared memory.
type Names = (&'static str, &'static str);

/// Memory of the container by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Detail {
    /// Of the processes alone: stacks, heaps.
    pub(crate) anonymous: u64,
    /// In files of memory, named or not.
    pub(crate) shared: u64,
}

impl Cgroup {
    pub(crate) fn open() -> Self {
        let version_2 = |file: &str| open(&format!("/sys/fs/cgroup/{file}"));
        let memory = |file: &str| open(&format!("/sys/fs/cgroup/memory/{file}"));
        let accounting = ["cpuacct", "cpu,cpuacct", "cpuacct,cpu"];
        let nanoseconds = accounting.iter().find_map(|folder| open(&format!("/sys/fs/cgroup/{folder}/cpuacct.usage")));
        Self {
            cpu: nanoseconds.map(|file| (file, CpuFormat::Nanoseconds)).or_else(|| Some((version_2("cpu.stat")?, CpuFormat::Lines))),
            usage: memory("memory.usage_in_bytes").or_else(|| version_2("memory.current")),
            detail: memory("memory.stat")
                .map(|file| (file, ("total_rss", "total_shmem")))
                .or_else(|| Some((version_2("memory.stat")?, ("anon", "shmem")))),
            oom: memory("memory.oom_control").or_else(|| version_2("memory.events")),
        }
    }

    pub(crate) fn cpu(&self) -> Option<Duration> {
        let (file, format) = self.cpu.as_ref()?;
        read(file, |text| match format {
            CpuFormat::Nanoseconds => text.trim().parse().ok().map(Duration::from_nanos),
            CpuFormat::Lines => value(text, "usage_usec").map(Duration::from_micros),
        })
    }

    /// All memory that is charged to the container: what a file holds too. Cheap.
    pub(crate) fn usage(&self) -> Option<u64> {
        read(self.usage.as_ref()?, |text| text.trim().parse().ok())
    }

    pub(crate) fn detail(&self) -> Option<Detail> {
        let (file, (anonymous, shared)) = self.detail.as_ref()?;
        read(file, |text| Some(Detail { anonymous: value(text, anonymous)?, shared: value(text, shared)? }))
    }

    /// Processes that the kernel has killed so far because the container's memory was used up.
    pub(crate) fn oom_kills(&self) -> Option<u64> {
        read(self.oom.as_ref()?, |text| value(text, "oom_kill"))
    }
}

fn open(path: &str) -> Option<OwnedFd> {
    rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()
}

/// These files are made anew by each read from their beginning.
fn read<T>(file: &OwnedFd, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    let mut text = [0; TEXT];
    let length = rustix::io::pread(file, &mut text[..], 0).ok()?;
    parse(std::str::from_utf8(&text[..length]).ok()?)
}

/// The number on the line that begins with the name.
fn value(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_their_whole_name() {
        let control = "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n";
        let events = "low 0\nhigh 0\nmax 17\noom 3\noom_kill 2\noom_group_kill 0\n";
        assert_eq!((value(control, "oom_kill"), value(events, "oom_kill")), (Some(2), Some(2)));
        let stat = "cache 4096\nrss 12288\nrss_huge 0\ntotal_rss 8192\ntotal_rss_huge 0\ntotal_shmem 1\n";
        assert_eq!((value(stat, "total_rss"), value(stat, "total_shmem")), (Some(8192), Some(1)));
        assert_eq!(value("usage_usec 1234\nuser_usec 1\n", "usage_usec"), Some(1234));
        assert_eq!((value("", "anon"), value("anon x\n", "anon"), value("anonymous 3", "anon")), (None, None, None));
    }
}
