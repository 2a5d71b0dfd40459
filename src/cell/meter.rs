//! CPU time of one guest on a thread that it shares with others: the clock runs only while the guest is polled. A
//! parked guest costs nothing; waiting for a turn is told apart from waiting for input. Called by `cell::run`.

use super::turns::Share;
use crate::lock::lock;
use rustix::time::{ClockId, clock_gettime};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
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
    /// How often the guest gave way to others although it could go on, and whether it waits for its turn now.
    gave_way: AtomicU64,
    waits: AtomicBool,
    waiting_since: Mutex<Option<Instant>>,
    /// Nanoseconds spent waiting for a turn, before the one that is waited for now.
    starved: AtomicU64,
}

impl Meter {
    pub(super) fn new(limit: Duration) -> Self {
        let zero = || AtomicU64::new(0);
        let limit = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        Self {
            limit,
            used: zero(),
            poll_start: zero(),
            gave_way: zero(),
            waits: AtomicBool::new(false),
            waiting_since: Mutex::new(None),
            starved: zero(),
        }
    }

    /// To be asked by the guest itself, at each tick.
    pub(super) fn is_over(&self) -> bool {
        self.used_by_now() >= self.limit
    }

    fn used_by_now(&self) -> u64 {
        self.used.load(Relaxed) + (thread_cpu() - self.poll_start.load(Relaxed))
    }

    /// The guest gives way to others: until its turn has come again.
    pub(super) fn give_way(self: &Arc<Self>, share: &Arc<Share>) -> impl Future<Output = ()> + Send + 'static {
        self.gave_way.fetch_add(1, Relaxed);
        self.waits.store(true, Relaxed);
        let (meter, share, used) = (self.clone(), share.clone(), Duration::from_nanos(self.used_by_now()));
        async move {
            share.give_way(used).await;
            meter.waits.store(false, Relaxed);
        }
    }

    pub(super) fn cpu(&self) -> Duration {
        Duration::from_nanos(self.used.load(Relaxed))
    }

    pub(super) fn starved(&self) -> Duration {
        let now = lock(&self.waiting_since).map_or(Duration::ZERO, |since| since.elapsed());
        Duration::from_nanos(self.starved.load(Relaxed)) + now
    }
}

/// A guest with its meter. `after` is called after each poll.
pub(super) struct Metered<'a, Guest, After> {
    meter: &'a Meter,
    share: &'a Share,
    guest: Guest,
    after: After,
    /// It waits for something else than its turn.
    resting_since: Option<Instant>,
}

impl<'a, Guest: Future + Unpin, After: FnMut() + Unpin> Metered<'a, Guest, After> {
    pub(super) fn new(meter: &'a Meter, share: &'a Share, guest: Guest, after: After) -> Self {
        Self { meter, share, guest, after, resting_since: None }
    }
}

impl<Guest: Future + Unpin, After: FnMut() + Unpin> Future for Metered<'_, Guest, After> {
    type Output = Guest::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let (began, gave_way) = (Instant::now(), this.meter.gave_way.load(Relaxed));
        if let Some(since) = this.resting_since.take() {
            this.share.go_on(this.meter.cpu(), began - since);
        }
        let start = thread_cpu();
        this.meter.poll_start.store(start, Relaxed);
        let result = Pin::new(&mut this.guest).poll(context);
        this.meter.used.fetch_add(thread_cpu() - start, Relaxed);
        let (waits, has_gone_on) = (this.meter.waits.load(Relaxed), this.meter.gave_way.load(Relaxed) != gave_way);
        // Somebody else may have woken it while it waits for its turn.
        let mut waiting_since = lock(&this.meter.waiting_since);
        if let Some(since) = waiting_since.take_if(|_| has_gone_on || !waits) {
            let waited = u64::try_from((began - since).as_nanos()).unwrap_or(u64::MAX);
            this.meter.starved.fetch_add(waited, Relaxed);
        }
        if waits {
            waiting_since.get_or_insert_with(Instant::now);
        } else {
            this.share.rest();
            this.resting_since = Some(Instant::now());
        }
        drop(waiting_since);
        (this.after)();
        result
    }
}

impl<Guest, After> Drop for Metered<'_, Guest, After> {
    /// One that was stopped has no turn any more, however long its files take to be collected.
    fn drop(&mut self) {
        self.share.rest();
    }
}

fn thread_cpu() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}
