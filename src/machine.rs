//! What this machine has and how much of it is in use: totals, never whose. Where a control group bounds this process, its
//! figures, else those of the host. Asked by the server for `glance`, and by the configuration how much there is; reads
//! `/proc`, `/sys` and a file system's counters, starts nothing and keeps no thread: CPU use is what was used since
//! somebody asked last.

mod cgroup;
pub(crate) mod process;

use crate::lock::lock;
use cgroup::Groups;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// However often somebody asks, nothing is read more often than this.
const FRESH: Duration = Duration::from_secs(1);
/// What the kernel counts CPU time of the host in.
const TICK_US: u64 = 10_000;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figures {
    pub(crate) cpu_allocatable_milli: u64,
    /// The mean over `cpu_over`.
    pub(crate) cpu_used_milli: u64,
    pub(crate) cpu_over: Duration,
    pub(crate) memory: Space,
    /// Of the file system where the server keeps its files.
    pub(crate) storage: Space,
}

/// In bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Space {
    pub(crate) allocatable: u64,
    pub(crate) used: u64,
}

pub(crate) struct Machine {
    groups: Groups,
    proc: PathBuf,
    storage: PathBuf,
    state: Mutex<State>,
}

struct State {
    /// The CPU time that was used until then.
    sample: (Instant, u64),
    told: Option<(Instant, Figures)>,
}

/// Bytes of memory that this process may use; 0 where that can't be told.
pub(crate) fn memory() -> u64 {
    memory_of(&Groups::find(Path::new("/")), Path::new("/proc")).allocatable
}

impl Machine {
    pub(crate) fn new(storage: PathBuf) -> Self {
        Self::at(Path::new("/"), storage)
    }

    /// One whose `proc` and `sys` lie below `root`.
    fn at(root: &Path, storage: PathBuf) -> Self {
        let (groups, proc) = (Groups::find(root), root.join("proc"));
        let sample = (Instant::now(), cpu_used_us(&groups, &proc));
        Self { groups, proc, storage, state: Mutex::new(State { sample, told: None }) }
    }

    pub(crate) fn figures(&self) -> Figures {
        let mut state = lock(&self.state);
        if let Some((when, figures)) = state.told
            && when.elapsed() < FRESH
        {
            return figures;
        }
        let (now, used) = (Instant::now(), cpu_used_us(&self.groups, &self.proc));
        let (before, used_before) = std::mem::replace(&mut state.sample, (now, used));
        let over = now - before;
        let allocatable = self.groups.cpu_milli().unwrap_or(u64::MAX).min(processors() * 1000);
        let figures = Figures {
            cpu_allocatable_milli: allocatable,
            // The kernel counts in ticks: over a short time it may seem to be more than there is.
            cpu_used_milli: milli(used.saturating_sub(used_before), over).min(allocatable),
            cpu_over: over,
            memory: memory_of(&self.groups, &self.proc),
            storage: storage(&self.storage),
        };
        state.told = Some((now, figures));
        figures
    }
}

fn memory_of(groups: &Groups, proc: &Path) -> Space {
    let host = host_memory(&read(&proc.join("meminfo")));
    groups.memory().filter(|own| own.allocatable < host.allocatable).unwrap_or(host)
}

/// Thousandths of a processor.
fn milli(used_us: u64, over: Duration) -> u64 {
    let over = u64::try_from(over.as_micros()).unwrap_or(u64::MAX).max(1);
    used_us.saturating_mul(1000) / over
}

fn processors() -> u64 {
    // Where it can't be told there is one, since this runs.
    std::thread::available_parallelism().map_or(1, |count| count.get() as u64)
}

/// What was used until now: by the control group that bounds this process, or else by all of the host.
fn cpu_used_us(groups: &Groups, proc: &Path) -> u64 {
    let own = groups.cpu_milli().and_then(|_| groups.cpu_used_us());
    own.unwrap_or_else(|| host_cpu_us(&read(&proc.join("stat"))))
}

/// From the first line of `/proc/stat`: all but idle time and waiting for disks. A guest's time is part of `user`.
fn host_cpu_us(stat: &str) -> u64 {
    let Some(line) = stat.lines().next().and_then(|line| line.strip_prefix("cpu ")) else { return 0 };
    let ticks = line.split_whitespace().map_while(|word| word.parse::<u64>().ok()).take(8).enumerate();
    ticks.filter(|(place, _)| ![3, 4].contains(place)).map(|(_, ticks)| ticks * TICK_US).sum()
}

/// What the kernel could not give to anybody is in use; its caches are not.
fn host_memory(meminfo: &str) -> Space {
    let bytes = |name: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).map_or(0, |kib| kib << 10)
    };
    let allocatable = bytes("MemTotal");
    Space { allocatable, used: allocatable.saturating_sub(bytes("MemAvailable")) }
}

/// As `df` has it: what is kept for the administrator is not ours to use.
fn storage(folder: &Path) -> Space {
    // It may be made only when the first file comes.
    let counters = folder.ancestors().find_map(|folder| rustix::fs::statvfs(folder).ok());
    counters.map_or_else(Space::default, |counters| {
        let used = counters.f_blocks.saturating_sub(counters.f_bfree).saturating_mul(counters.f_frsize);
        Space { allocatable: used.saturating_add(counters.f_bavail.saturating_mul(counters.f_frsize)), used }
    })
}

/// What can't be read says nothing.
fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[cfg(test)]
mod tests;
