//! Whose turn it is in a cell. Programs that have just begun, or have just got what they waited for, take turns with each
//! other; of those that have computed for a while only one takes part in that at a time, for a longer stretch. So whoever needs
//! a moment waits for a moment, however many long ones there are, and these lose nothing by it. Asked by the epoch
//! callback of a program, at each tick.

use crate::lock::lock;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a program may compute before it counts as long.
const MOMENT: Duration = Duration::from_millis(5);
/// Ticks that a long one has for itself.
const STRETCH: u32 = 5;
/// How often in a row it lets all others go before it: what comes over the link wakes a program, and what that says wakes
/// the link's writer.
const COURTESY: u32 = 4;
/// Who waited at least so long is new again. Less is a program that sleeps to stay quick.
const REST: Duration = Duration::from_millis(5);

/// The one place of a cell that long programs share; whoever waits for it is served in order.
#[derive(Clone)]
pub(super) struct Turns(Arc<Semaphore>);

impl Turns {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

/// One program among them.
pub(super) struct Share {
    turns: Turns,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// CPU time at which it was new.
    since: Duration,
    /// Held by the one long program whose turn it is.
    place: Option<OwnedSemaphorePermit>,
    ticks: u32,
}

impl Share {
    pub(super) fn new(turns: Turns) -> Arc<Self> {
        Arc::new(Self { turns, state: Mutex::default() })
    }

    /// Others may go on now; returns when it is this one's turn again. It has used so much CPU time.
    pub(super) async fn give_way(&self, used: Duration) {
        let is_long = used.saturating_sub(lock(&self.state).since) >= MOMENT;
        let must_queue = is_long && self.must_queue();
        tokio::task::yield_now().await;
        if must_queue {
            // Nobody closes it.
            let place = self.turns.0.clone().acquire_owned().await.ok();
            lock(&self.state).place = place;
        }
        if is_long {
            for _ in 1..COURTESY {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Whether its stretch is over. Then its place goes to the first that waits.
    fn must_queue(&self) -> bool {
        let mut state = lock(&self.state);
        state.ticks += 1;
        if state.place.is_some() && state.ticks < STRETCH {
            return false;
        }
        (state.place, state.ticks) = (None, 0);
        true
    }

    /// It waits for something else than its turn.
    pub(super) fn rest(&self) {
        lock(&self.state).place = None;
    }

    /// It goes on after it waited for so long.
    pub(super) fn go_on(&self, used: Duration, waited: Duration) {
        if waited >= REST {
            lock(&self.state).since = used;
        }
    }
}
