//! The clocks of a sandbox: the host's, or a virtual one that advances with executed instructions and jumps over
//! sleeps. They stand in for wasmtime-wasi's, which can't see fuel nor tell the server of a long wait. Called by
//! guests; linked by `cell::run`.

use super::pipes::Pipes;
use super::store::State;
use crate::judge::Stop;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

const MONOTONIC: &str = "wasi:clocks/monotonic-clock@0.2.12";
const WALL: &str = "wasi:clocks/wall-clock@0.2.12";

#[derive(Clone)]
pub(super) enum Clock {
    Host { start: Instant },
    Virtual(Arc<Virtual>),
}

/// Time that is the same on each run: one nanosecond for a unit of fuel, plus what was slept.
pub(super) struct Virtual {
    epoch: Duration,
    fuel: u64,
    wall: Duration,
    /// Fuel used when the guest last looked.
    seen: AtomicU64,
    slept: AtomicU64,
}

impl Clock {
    pub(super) fn host() -> Self {
        Self::Host { start: Instant::now() }
    }

    pub(super) fn virtual_from(epoch: Duration, fuel: u64, wall: Duration) -> Self {
        Self::Virtual(Arc::new(Virtual { epoch, fuel, wall, seen: AtomicU64::new(0), slept: AtomicU64::new(0) }))
    }
}

/// Nanoseconds since the program's start.
fn elapsed(store: &StoreContextMut<'_, State>) -> u64 {
    match &store.data().clock {
        Clock::Host { start } => nanoseconds(start.elapsed()),
        Clock::Virtual(clock) => {
            let used = clock.fuel - store.get_fuel().unwrap_or(0).min(clock.fuel);
            clock.seen.store(used, Relaxed);
            used + clock.slept.load(Relaxed)
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn since_epoch(store: &StoreContextMut<'_, State>) -> Datetime {
    let now = match &store.data().clock {
        Clock::Host { .. } => SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default(),
        Clock::Virtual(clock) => clock.epoch + Duration::from_nanos(elapsed(store)),
    };
    Datetime { seconds: now.as_secs(), nanoseconds: now.subsec_nanos() }
}

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut monotonic = linker.instance(MONOTONIC)?;
    monotonic.func_wrap("now", |store, (): ()| Ok((elapsed(&store),)))?;
    monotonic.func_wrap("resolution", |_, (): ()| Ok((1u64,)))?;
    monotonic.func_wrap("subscribe-instant", |store, (when,): (u64,)| Ok((alarm(store, when)?,)))?;
    monotonic.func_wrap("subscribe-duration", |store, (length,): (u64,)| {
        let when = elapsed(&store).saturating_add(length);
        Ok((alarm(store, when)?,))
    })?;
    let mut wall = linker.instance(WALL)?;
    wall.func_wrap("now", |store, (): ()| Ok((since_epoch(&store),)))?;
    wall.func_wrap("resolution", |_, (): ()| Ok((Datetime { seconds: 0, nanoseconds: 1 },)))?;
    Ok(())
}

fn alarm(mut store: StoreContextMut<'_, State>, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
    let state = store.data_mut();
    let alarm = Alarm { when, clock: state.clock.clone(), pipes: state.pipes.clone() };
    let alarm = state.table.push(alarm)?;
    subscribe(&mut state.table, alarm)
}

/// A point in time that a guest can wait for.
struct Alarm {
    when: u64,
    clock: Clock,
    pipes: Arc<Pipes>,
}

#[wasmtime_wasi::async_trait]
impl Pollable for Alarm {
    async fn ready(&mut self) {
        match &self.clock {
            Clock::Host { start } => {
                // Beyond what the host's clock can say is beyond every wall limit too.
                let Some(when) = start.checked_add(Duration::from_nanos(self.when)) else { return std::future::pending().await };
                if Instant::now() < when {
                    self.pipes.park(tokio::time::sleep_until(when.into())).await;
                }
            }
            Clock::Virtual(clock) => {
                // Only for a program that really waits: one that asks whether it is time does not come back here.
                tokio::task::yield_now().await;
                let now = clock.seen.load(Relaxed) + clock.slept.load(Relaxed);
                clock.slept.fetch_add(self.when.saturating_sub(now), Relaxed);
                if self.when > nanoseconds(clock.wall) {
                    self.pipes.stop(Stop::Wall);
                    std::future::pending().await
                }
            }
        }
    }
}
