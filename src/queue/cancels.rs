//! Who has cancelled what: jobs that are under way here, by their ids, and ids that were cancelled before their job came. A cancel goes to every
//! worker, and the job may wait at the broker for long; so what is not known here is remembered, within bounds. Pure.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How many are remembered, and for how long.
const REMEMBERED: usize = 4096;
const MEMORY: Duration = Duration::from_secs(600);

#[derive(Default)]
pub(super) struct Cancels {
    /// Several may have the same id: nothing keeps senders from that.
    live: HashMap<String, Vec<(u64, CancellationToken)>>,
    next: u64,
    early: VecDeque<(Instant, String)>,
}

impl Cancels {
    pub(super) fn cancel(&mut self, id: String) {
        if let Some(live) = self.live.get(&id) {
            live.iter().for_each(|(_, token)| token.cancel());
            return;
        }
        self.forget();
        if self.early.len() == REMEMBERED {
            self.early.pop_front();
        }
        self.early.push_back((Instant::now(), id));
    }

    /// A job begins; its number is for its end.
    pub(super) fn begin(&mut self, id: &str) -> (u64, CancellationToken) {
        self.forget();
        let token = CancellationToken::new();
        if let Some(at) = self.early.iter().position(|(_, early)| early == id) {
            self.early.remove(at);
            token.cancel();
        }
        self.next += 1;
        self.live.entry(id.to_owned()).or_default().push((self.next, token.clone()));
        (self.next, token)
    }

    pub(super) fn end(&mut self, id: &str, number: u64) {
        if let Some(live) = self.live.get_mut(id) {
            live.retain(|(other, _)| *other != number);
            if live.is_empty() {
                self.live.remove(id);
            }
        }
    }

    fn forget(&mut self) {
        while self.early.front().is_some_and(|(since, _)| since.elapsed() > MEMORY) {
            self.early.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancel_reaches_what_is_live_and_what_comes() {
        let mut cancels = Cancels::default();
        let (number, first) = cancels.begin("a");
        let (_, second) = cancels.begin("a");
        cancels.cancel("a".to_owned());
        assert!(first.is_cancelled() && second.is_cancelled());
        cancels.end("a", number);
        cancels.cancel("b".to_owned());
        assert!(cancels.begin("b").1.is_cancelled());
        assert!(!cancels.begin("b").1.is_cancelled(), "once");
        (0..2 * REMEMBERED).for_each(|number| cancels.cancel(number.to_string()));
        assert_eq!(cancels.early.len(), REMEMBERED);
    }
}
