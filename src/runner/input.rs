//! A program's input from the door to the run: kept until the program has started, bounded over the whole run.
//! Written by doors, taken by the runner.

use super::holding::Holding;
use crate::lock::lock;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::Notify;

#[derive(Clone)]
pub struct Input {
    shared: Arc<Shared>,
}

struct Shared {
    /// Of the whole run: its files and what was sent at once are in it too.
    holding: Holding,
    state: Mutex<State>,
    arrived: Notify,
}

struct State {
    pending: Vec<u8>,
    eof: bool,
    /// No more may come: its end was sent, or the run is over.
    closed: bool,
    limit: u64,
    received: u64,
    taken: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputFault {
    #[error("its input has ended")]
    Closed,
    #[error("the server holds as many bytes as it may")]
    Busy,
    #[error("the input of this run is more than {limit} bytes")]
    TooLarge { limit: u64, given: u64 },
}

impl Input {
    pub(super) fn new(open: bool, limit: u64, holding: Holding) -> Self {
        let state = State { pending: Vec::new(), eof: false, closed: !open, limit, received: 0, taken: 0 };
        Self { shared: Arc::new(Shared { holding, state: Mutex::new(state), arrived: Notify::new() }) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.shared.state)
    }

    pub fn send(&self, bytes: &[u8], eof: bool) -> Result<(), InputFault> {
        let mut state = self.lock();
        if state.closed {
            return Err(InputFault::Closed);
        }
        let given = state.received + bytes.len() as u64;
        if given > state.limit {
            return Err(InputFault::TooLarge { limit: state.limit, given });
        }
        if !self.shared.holding.grow(bytes.len() as u64) {
            return Err(InputFault::Busy);
        }
        state.received = given;
        state.pending.extend_from_slice(bytes);
        state.eof |= eof;
        state.closed |= eof;
        drop(state);
        self.shared.arrived.notify_one();
        Ok(())
    }

    /// What has come since the last call; waits until there is something. Cancel safe.
    pub(super) async fn take(&self) -> (Vec<u8>, bool) {
        loop {
            {
                let mut state = self.lock();
                if !state.pending.is_empty() || state.eof {
                    state.taken += state.pending.len() as u64;
                    return (std::mem::take(&mut state.pending), std::mem::take(&mut state.eof));
                }
            }
            self.shared.arrived.notified().await;
        }
    }

    pub(super) fn taken(&self) -> u64 {
        self.lock().taken
    }

    pub(super) fn was_taken(&self) -> bool {
        let state = self.lock();
        state.taken > 0 || (state.closed && state.received > 0)
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
    }
}
