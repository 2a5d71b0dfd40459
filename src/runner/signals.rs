//! The signals that a client sends to its program: kept for the moment until the run passes them on, one of each kind, as the kernel keeps them. A program that
//! can't handle any, because it is in a cell, has not begun or is one of many tests, gets what a signal does by default: it ends, or nothing happens.
//! Written by doors, taken by the runner.

use crate::link::Signal;
use crate::lock::lock;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Between two times that what has come is passed on: a client that sends without end must not keep its run from anything else.
const PACE: Duration = Duration::from_millis(10);

#[derive(Clone)]
pub struct Signals {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    arrived: Notify,
    /// Of the run.
    cancel: CancellationToken,
}

#[derive(Default)]
struct State {
    phase: Phase,
    /// By number: what has come and was not passed on.
    pending: u32,
    /// When something was passed on last.
    taken: Option<Instant>,
    ended_by: Option<Signal>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    /// There is nothing that could handle one.
    #[default]
    Deaf,
    Hearing,
    Over,
}

impl Signals {
    pub fn new(cancel: CancellationToken) -> Self {
        Self { shared: Arc::new(Shared { state: Mutex::default(), arrived: Notify::new(), cancel }) }
    }

    /// False where the run is over.
    pub fn send(&self, signal: Signal) -> bool {
        let mut state = lock(&self.shared.state);
        match state.phase {
            Phase::Over => return false,
            Phase::Hearing => {
                // As the kernel has it: going on takes back what would stop, and the other way round.
                let takes_back = |other: &Signal| if signal.stops() { other.continues() } else { signal.continues() && other.stops() };
                Signal::all().filter(takes_back).for_each(|other| state.pending &= !bit(other));
                state.pending |= bit(signal);
                self.shared.arrived.notify_one();
            }
            Phase::Deaf if signal.ends() => {
                state.ended_by.get_or_insert(signal);
                self.shared.cancel.cancel();
            }
            Phase::Deaf => {}
        }
        true
    }

    /// From now on there is a program that they are passed on to.
    pub(super) fn open(&self) {
        let mut state = lock(&self.shared.state);
        if state.phase == Phase::Deaf {
            state.phase = Phase::Hearing;
        }
    }

    /// That program is lost, and another one is to take its place.
    pub(super) fn reset(&self) {
        let mut state = lock(&self.shared.state);
        (state.phase, state.pending) = (Phase::Deaf, 0);
    }

    pub(super) fn close(&self) {
        lock(&self.shared.state).phase = Phase::Over;
    }

    /// What has come since the last call; waits until there is something. Cancel safe.
    pub(super) async fn take(&self) -> Vec<Signal> {
        loop {
            // Before it is looked at what has come: more may come meanwhile.
            let taken = lock(&self.shared.state).taken;
            if let Some(taken) = taken {
                sleep_until(taken + PACE).await;
            }
            {
                let mut state = lock(&self.shared.state);
                let pending = std::mem::take(&mut state.pending);
                if pending != 0 {
                    state.taken = Some(Instant::now());
                    return Signal::all().filter(|signal| pending & bit(*signal) != 0).collect();
                }
            }
            self.shared.arrived.notified().await;
        }
    }

    pub(super) fn was_taken(&self) -> bool {
        lock(&self.shared.state).taken.is_some()
    }

    /// The signal that ended the run, where nothing could handle it.
    pub(super) fn ended_by(&self) -> Option<Signal> {
        lock(&self.shared.state).ended_by
    }
}

fn bit(signal: Signal) -> u32 {
    1 << (signal.number() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    fn signal(name: &str) -> Signal {
        Signal::parse(name).unwrap()
    }

    async fn taken(signals: &Signals) -> Vec<&'static str> {
        let taken = tokio::time::timeout(Duration::from_millis(50), signals.take()).await;
        taken.unwrap_or_default().into_iter().map(Signal::name).collect()
    }

    #[tokio::test]
    async fn what_nothing_can_handle_does_what_it_does_by_default() {
        let cancel = CancellationToken::new();
        let signals = Signals::new(cancel.clone());
        for harmless in ["SIGCHLD", "SIGCONT", "SIGSTOP", "SIGWINCH"] {
            assert!(signals.send(signal(harmless)));
        }
        assert_eq!((cancel.is_cancelled(), signals.ended_by()), (false, None));
        assert!(signals.send(signal("SIGUSR1")) && signals.send(signal("SIGTERM")));
        assert_eq!((cancel.is_cancelled(), signals.ended_by()), (true, Some(signal("SIGUSR1"))));
        assert_eq!(taken(&signals).await, [""; 0]);
    }

    #[tokio::test]
    async fn of_each_kind_one_is_kept() {
        let cancel = CancellationToken::new();
        let signals = Signals::new(cancel.clone());
        signals.open();
        for name in ["SIGUSR1", "SIGINT", "SIGUSR1", "SIGUSR1"] {
            signals.send(signal(name));
        }
        assert_eq!((taken(&signals).await, taken(&signals).await), (vec!["SIGINT", "SIGUSR1"], vec![]));
        for name in ["SIGSTOP", "SIGTSTP", "SIGCONT"] {
            signals.send(signal(name));
        }
        assert_eq!(taken(&signals).await, ["SIGCONT"]);
        for name in ["SIGCONT", "SIGSTOP"] {
            signals.send(signal(name));
        }
        assert_eq!((taken(&signals).await, cancel.is_cancelled(), signals.was_taken()), (vec!["SIGSTOP"], false, true));
        signals.close();
        assert!(!signals.send(signal("SIGKILL")));
    }
}
