//! Warm containers of one toolchain, and who waits for one. Keeps as many ready as the configuration says, in the
//! background; those who wait get theirs in order of arrival. Called by `engine::docker`.

use super::container::{self, Blueprint, Container};
use super::{Census, Connection, Shared};
use crate::engine::Fault;
use crate::lock::lock;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// Containers of one pool that are created at once: docker makes them one after the other anyway.
const CREATING: usize = 4;
/// Between a container that could not be made and the next try for the pool's own sake.
const PAUSE: Duration = Duration::from_secs(5);

/// How long a run may keep the pool from being filled again.
const REFILL: Duration = Duration::from_millis(500);

pub(super) struct Pool {
    shared: Arc<Shared>,
    connection: Arc<Connection>,
    blueprint: Blueprint,
    size: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ready: VecDeque<Container>,
    waiting: VecDeque<oneshot::Sender<Result<Container, Fault>>>,
    creating: usize,
    /// The last one could not be made: nobody but those who wait is served until a pause is over.
    resting: bool,
    closed: bool,
}

impl Pool {
    pub(super) fn new(shared: Arc<Shared>, connection: Arc<Connection>, blueprint: Blueprint, size: usize) -> Arc<Self> {
        let pool = Arc::new(Self { shared, connection, blueprint, size, state: Mutex::default() });
        pool.balance();
        pool
    }

    pub(super) fn blueprint(&self) -> &Blueprint {
        &self.blueprint
    }

    /// Those in a run's hands are not known here.
    pub(super) fn census(&self) -> Census {
        let state = lock(&self.state);
        Census { ready: state.ready.len(), busy: 0, creating: state.creating }
    }

    /// A container for one run. Cancel safe: one that comes too late is the next one's.
    pub(super) async fn take(self: &Arc<Self>) -> Result<Container, Fault> {
        let waiting = {
            let mut state = lock(&self.state);
            let mut warm = None;
            // Some may have died in the pool.
            while let Some(container) = state.ready.pop_front() {
                if !container.is_lost() {
                    warm = Some(container);
                    break;
                }
            }
            match warm {
                Some(container) => Ok(container),
                None => {
                    let (give, given) = oneshot::channel();
                    state.waiting.push_back(give);
                    Err(given)
                }
            }
        };
        if waiting.is_err() {
            self.balance();
        }
        match waiting {
            Ok(container) => {
                self.shared.tasks.spawn(self.clone().refill_after(container.given_up()));
                Ok(container)
            }
            Err(given) => given.await.unwrap_or_else(|_| Err(Fault::Lost("the pool was closed".to_owned()))),
        }
    }

    /// Replaces a container that was taken, but lets its run go first: making one keeps docker and the kernel busy for
    /// tens of milliseconds, more than a short run takes.
    async fn refill_after(self: Arc<Self>, given_up: CancellationToken) {
        tokio::select! {
            () = given_up.cancelled() => {}
            () = tokio::time::sleep(REFILL) => {}
        }
        self.balance();
    }

    /// Docker went away: what is here is worth nothing, and nobody shall wait for it.
    pub(super) fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        let (ready, waiting) = (std::mem::take(&mut state.ready), std::mem::take(&mut state.waiting));
        drop(state);
        drop((ready, waiting));
    }

    /// Starts what is missing.
    fn balance(self: &Arc<Self>) {
        let mut state = lock(&self.state);
        if state.closed || self.shared.shutdown.is_cancelled() {
            return;
        }
        state.waiting.retain(|give| !give.is_closed());
        let own = if state.resting { 0 } else { self.size };
        let wanted = own + state.waiting.len();
        while state.ready.len() + state.creating < wanted && state.creating < CREATING {
            state.creating += 1;
            self.shared.tasks.spawn(self.clone().create());
        }
    }

    async fn create(self: Arc<Self>) {
        let made = container::make(&self.shared, self.connection.clone(), self.blueprint.clone()).await;
        let failed = made.is_err();
        self.hand_out(made);
        if failed {
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = self.shared.shutdown.cancelled() => return,
            }
            lock(&self.state).resting = false;
        }
        self.balance();
    }

    fn hand_out(self: &Arc<Self>, made: Result<Container, Fault>) {
        let mut state = lock(&self.state);
        state.creating -= 1;
        state.resting |= made.is_err();
        let mut made = made;
        while let Some(give) = state.waiting.pop_front() {
            match give.send(made) {
                Ok(()) => return,
                // That one does not wait any more.
                Err(back) => made = back,
            }
        }
        match made {
            Ok(container) if !state.closed => state.ready.push_back(container),
            Ok(container) => {
                drop(state);
                drop(container);
            }
            Err(fault) => tracing::warn!(toolchain = self.blueprint.toolchain, "{fault}"),
        }
    }
}
