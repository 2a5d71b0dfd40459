//! CPU time of one guest on a thread that it shares with others: the clock runs only while the guest is polled. A
//! parked guest costs nothing; waiting for a turn is told apart from waiting for input. Called by `cell::run`.

use rustix::time::{ClockId, clock_gettime};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Shared between the future that is measured and the epoch callback inside of it: both on one thread, the atomics
/// are there because wasmtime wants `Sync`.
#[derive(Debug)]
pub(super) struct Meter {
    limit: u64,
    /// Nanoseconds of finished polls.
    used: AtomicU64,
    /// Thread CPU clock at the start of the current poll.
    poll_start: AtomicU64,
    /// The guest gave way to others although it could go on.
    gave_way: AtomicBool,
    /// Nanoseconds spent waiting for a turn.
    starved: AtomicU64,
}

impl Meter {
    pub(super) fn new(limit: Duration) -> Self {
        let zero = || AtomicU64::new(0);
        let limit = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        Self { limit, used: zero(), poll_start: zero(), gave_way: AtomicBool::new(false), starved: zero() }
    }

    /// To be asked by the guest itself, at each tick.
    pub(super) fn is_over(&self) -> bool {
        self.used.load(Relaxed) + (thread_cpu() - self.poll_start.load(Relaxed)) >= self.limit
    }

    /// The guest is about to give way to others.
    pub(super) fn give_way(&self) {
        self.gave_way.store(true, Relaxed);
    }

    pub(super) fn cpu(&self) -> Duration {
        Duration::from_nanos(self.used.load(Relaxed))
    }

    pub(super) fn starved(&self) -> Duration {
        Duration::from_nanos(self.starved.load(Relaxed))
    }
}

/// A guest with its meter. `after` is called after each poll.
pub(super) struct Metered<'a, Guest, After> {
    pub(super) meter: &'a Meter,
    pub(super) guest: Guest,
    pub(super) after: After,
    waiting_since: Option<Instant>,
}

impl<'a, Guest: Future + Unpin, After: FnMut() + Unpin> Metered<'a, Guest, After> {
    pub(super) fn new(meter: &'a Meter, guest: Guest, after: After) -> Self {
        Self { meter, guest, after, waiting_since: None }
    }
}

impl<Guest: Future + Unpin, After: FnMut() + Unpin> Future for Metered<'_, Guest, After> {
    type Output = Guest::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Some(since) = this.waiting_since.take() {
            let waited = u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX);
            this.meter.starved.fetch_add(waited, Relaxed);
        }
        let start = thread_cpu();
        this.meter.poll_start.store(start, Relaxed);
        let result = Pin::new(&mut this.guest).poll(context);
        this.meter.used.fetch_add(thread_cpu() - start, Relaxed);
        if this.meter.gave_way.swap(false, Relaxed) {
            this.waiting_since = Some(Instant::now());
        }
        (this.after)();
        result
    }
}

fn thread_cpu() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}
