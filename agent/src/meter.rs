//! CPU time and memory of a program while it runs: how much, whether it is too much, and when to look again. Called
//! by `running`. Kills nothing: it says what should happen.

use crate::cgroup::Cgroup;
use crate::fault::Fault;
use crate::places::Places;
use crate::procs::Procs;
use runnel_link::{Bounds, Stop};
use rustix::time::ClockId;
use std::time::{Duration, Instant};

/// A program that is shorter is not looked at while it runs.
const FIRST: Duration = Duration::from_millis(2);
/// The least that is slept when the CPU limit is near, for a busy and for an idle program.
const NEAR_BUSY: Duration = Duration::from_millis(1);
const NEAR_IDLE: Duration = Duration::from_millis(10);
/// How often memory is looked at while the program uses CPU: it can't take much of it in between.
const BUSY: Duration = Duration::from_millis(5);
const IDLE: Duration = Duration::from_millis(50);
/// Children that nobody waits for are missing in what `wait` gives; less than this is only noise.
const NOISE: Duration = Duration::from_millis(1);
/// The detail is read anew when so much more is in use: it costs more than the sum.
const STEP: u64 = 1 << 20;

/// Where numbers come from.
pub(crate) struct Gauges {
    cgroup: Cgroup,
    pub(crate) procs: Procs,
    cores: u32,
    rest: Rest,
}

/// What was in use when no program was there.
#[derive(Clone, Copy, Debug, Default)]
struct Rest {
    usage: u64,
    held: i64,
    oom_kills: u64,
}

impl Gauges {
    pub(crate) fn new(places: &Places) -> Result<Self, Fault> {
        let procs = Procs::open().map_err(Fault::system("open /proc"))?;
        let cores = rustix::thread::sched_getaffinity(None).map_or(1, |set| set.count().max(1));
        let mut gauges = Self { cgroup: Cgroup::open(), procs, cores, rest: Rest::default() };
        gauges.rest(places);
        Ok(gauges)
    }

    /// Looks at what is in use without a program. Between executions: it takes time that nobody waits for.
    pub(crate) fn rest(&mut self, places: &Places) {
        self.rest =
            Rest { usage: self.cgroup.usage().unwrap_or(0), held: self.held(places, 0), oom_kills: self.cgroup.oom_kills().unwrap_or(0) };
    }

    /// Memory that is not in files with names and not the agent's: of processes, and shared between them. The
    /// agent holds `input` bytes for the program in a file without a name.
    fn held(&self, places: &Places, input: u64) -> i64 {
        // Files may come and go in between. The larger number, so that no file is taken for memory.
        let before = places.file_bytes();
        let Some(detail) = self.cgroup.detail() else { return signed(self.procs.memory()) };
        let files = before.max(places.file_bytes());
        let nameless = detail.shared.saturating_sub(files).saturating_sub(input);
        signed(detail.anonymous) - signed(self.procs.own_memory()) + signed(nameless)
    }
}

/// Of one execution.
pub(crate) struct Meter {
    bounds: Bounds,
    cpu_begin: Duration,
    own_begin: Duration,
    /// The most that was seen: the counters of the container and of the agent move at different moments.
    cpu: Duration,
    looked: Instant,
    interval: Duration,
    next: Instant,
    peak: u64,
    /// Usage above which the detail is worth reading.
    mark: u64,
}

/// What the program used in all.
pub(crate) struct Sum {
    pub(crate) cpu: Duration,
    pub(crate) peak: u64,
    pub(crate) oom_killed: bool,
}

impl Meter {
    /// Right before the program starts.
    pub(crate) fn begin(bounds: Bounds, gauges: &Gauges) -> Self {
        let now = Instant::now();
        // In this order: asking for its own makes the kernel count all that the agent has used, for both.
        let own_begin = own_cpu();
        Self {
            bounds,
            cpu_begin: gauges.cgroup.cpu().unwrap_or_default(),
            own_begin,
            cpu: Duration::ZERO,
            looked: now,
            interval: FIRST,
            next: now + FIRST,
            peak: 0,
            mark: STEP,
        }
    }

    /// When to look again.
    pub(crate) fn next(&self) -> Instant {
        self.next
    }

    /// CPU time of the program so far. `reaped` is what its dead used.
    pub(crate) fn cpu(&mut self, gauges: &Gauges, reaped: Duration) -> Duration {
        let own = own_cpu().saturating_sub(self.own_begin);
        let now = match gauges.cgroup.cpu() {
            Some(cpu) => cpu.saturating_sub(self.cpu_begin).saturating_sub(own),
            None => reaped + gauges.procs.cpu(),
        };
        self.cpu = self.cpu.max(now);
        self.cpu
    }

    /// Looks, and says whether a limit was passed.
    pub(crate) fn check(&mut self, now: Instant, gauges: &Gauges, places: &Places, reaped: Duration, input: u64) -> Option<Stop> {
        let before = self.cpu;
        let cpu = self.cpu(gauges, reaped);
        if cpu > self.bounds.time {
            return Some(Stop::Time);
        }
        if self.is_over_memory(gauges, places, input) {
            return Some(Stop::Memory);
        }
        let is_busy = is_busy(cpu - before, now - self.looked);
        let least = if is_busy { NEAR_BUSY } else { NEAR_IDLE };
        let until_time = ((self.bounds.time - cpu) / gauges.cores).max(least);
        self.interval = if is_busy { BUSY } else { (self.interval * 2).clamp(BUSY, IDLE) };
        self.looked = now;
        self.next = now + self.interval.min(until_time);
        None
    }

    fn is_over_memory(&mut self, gauges: &Gauges, places: &Places, input: u64) -> bool {
        if let Some(usage) = gauges.cgroup.usage() {
            let grown = usage.saturating_sub(gauges.rest.usage);
            if grown <= self.mark && grown <= self.bounds.memory_bytes {
                return false;
            }
            self.mark = grown + STEP.max(grown / 32);
        }
        let held = u64::try_from(gauges.held(places, input) - gauges.rest.held).unwrap_or(0);
        self.peak = self.peak.max(held);
        held > self.bounds.memory_bytes
    }

    /// When nothing of the program lives any more.
    pub(crate) fn end(&mut self, gauges: &Gauges, reaped: Duration, reaped_peak: u64) -> Sum {
        let counted = if gauges.cgroup.cpu().is_some() { self.cpu(gauges, reaped) } else { Duration::ZERO };
        Sum {
            cpu: if counted > reaped + NOISE { counted } else { reaped },
            peak: self.peak.max(reaped_peak),
            oom_killed: gauges.cgroup.oom_kills().unwrap_or(0) > gauges.rest.oom_kills,
        }
    }
}

/// A twentieth of one core, and more than what counters are off by.
pub(crate) fn is_busy(cpu: Duration, time: Duration) -> bool {
    cpu > time / 20 + Duration::from_micros(100)
}

fn own_cpu() -> Duration {
    Duration::try_from(rustix::time::clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
