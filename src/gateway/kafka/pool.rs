//! Which worker gets a job: the cluster hands out none, so the gateway does. Keeps what workers say of themselves, the jobs that wait for a place, and those that were
//! sent and of which nothing was heard yet. Pure. Never gives a job to another worker before the first has said that it has no place for it.

use super::super::{SILENCE, WORKERS};
use super::letter::Presence;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Jobs that wait for a place at a worker; the desk's bounds are not larger.
const WAITING: usize = 1 << 20;
/// A worker that has said nothing for so long gets no new jobs: three times it could have.
const QUIET: Duration = Duration::from_secs(3);

#[derive(Default)]
pub(super) struct Pool {
    workers: HashMap<String, Seen>,
    waiting: VecDeque<(u64, Vec<u8>)>,
    sent: HashMap<u64, (String, Vec<u8>)>,
}

struct Seen {
    since: Instant,
    clock: u64,
    places: u32,
    /// Taken by other gateways, as it last said.
    others: u32,
    /// It had no place for a job, and has said nothing since.
    is_full: bool,
}

impl Pool {
    /// `ours` is the gateway's own mailbox. False where it is older than what is known.
    pub(super) fn seen(&mut self, worker: &str, ours: &str, clock: u64, presence: &Presence, now: Instant) -> bool {
        let others = presence.taken.iter().filter(|(gateway, _)| gateway != ours).map(|(_, taken)| *taken).fold(0, u32::saturating_add);
        let seen = Seen { since: now, clock, places: presence.announcement.places, others, is_full: false };
        match self.workers.get_mut(worker) {
            Some(before) if before.clock > clock => false,
            Some(before) => {
                *before = seen;
                true
            }
            None => {
                let has_room = self.workers.len() < WORKERS;
                if has_room {
                    self.workers.insert(worker.to_owned(), seen);
                }
                has_room
            }
        }
    }

    /// The last time on this worker's clock that has come.
    pub(super) fn clock(&self, worker: &str) -> Option<u64> {
        self.workers.get(worker).map(|seen| seen.clock)
    }

    pub(super) fn forget(&mut self, worker: &str) {
        self.workers.remove(worker);
        self.sent.retain(|_, (to, _)| to != worker);
    }

    /// False where there is no room.
    pub(super) fn wait(&mut self, number: u64, body: Vec<u8>) -> bool {
        let has_room = self.waiting.len() < WAITING;
        if has_room {
            self.waiting.push_back((number, body));
        }
        has_room
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The next job, and who is to have it: whose places are taken least, of those that have one. `loads` are our own runs at each.
    pub(super) fn next(&mut self, loads: &HashMap<String, u32>, now: Instant) -> Option<(u64, String)> {
        if self.waiting.is_empty() {
            return None;
        }
        let taken = |(name, seen): &(&String, &Seen)| loads.get(*name).copied().unwrap_or_default().saturating_add(seen.others);
        let is_there = |seen: &Seen| !seen.is_full && now.saturating_duration_since(seen.since) < QUIET;
        let free = self.workers.iter().filter(|worker| is_there(worker.1) && taken(worker) < worker.1.places);
        let share = |worker: &(&String, &Seen)| (u64::from(taken(worker)) << 32) / u64::from(worker.1.places.max(1));
        let worker = free.min_by_key(share)?.0.clone();
        let (number, body) = self.waiting.pop_front()?;
        self.sent.insert(number, (worker.clone(), body));
        Some((number, worker))
    }

    /// A job that was sent and not heard of.
    pub(super) fn body(&self, number: u64) -> Option<&[u8]> {
        self.sent.get(&number).map(|(_, body)| body.as_slice())
    }

    /// Its worker has it.
    pub(super) fn taken(&mut self, number: u64) {
        self.sent.remove(&number);
    }

    /// Its worker has no place for it: it is the next one again.
    pub(super) fn refused(&mut self, number: u64, worker: &str) -> bool {
        if let Some(seen) = self.workers.get_mut(worker) {
            seen.is_full = true;
        }
        match self.sent.remove(&number) {
            Some((to, body)) if to == worker => {
                self.waiting.push_front((number, body));
                true
            }
            Some(other) => {
                self.sent.insert(number, other);
                false
            }
            None => false,
        }
    }

    /// Forgets jobs that nobody waits for any more, and workers that are gone.
    pub(super) fn keep(&mut self, is_wanted: impl Fn(u64) -> bool, now: Instant) {
        self.workers.retain(|_, seen| now.saturating_duration_since(seen.since) < SILENCE);
        self.waiting.retain(|(number, _)| is_wanted(*number));
        self.sent.retain(|number, _| is_wanted(*number));
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::words::Announcement;
    use super::*;

    fn presence(places: u32, others: u32) -> Presence {
        let taken = vec![("theirs".to_owned(), others), ("ours".to_owned(), 99)];
        Presence { announcement: Announcement { places, languages: Vec::new() }, taken }
    }

    fn given(pool: &mut Pool, loads: &[(&str, u32)]) -> Option<(u64, String)> {
        pool.next(&loads.iter().map(|(name, load)| ((*name).to_owned(), *load)).collect(), Instant::now())
    }

    fn seen(pool: &mut Pool, worker: &str, clock: u64, presence: &Presence) -> bool {
        pool.seen(worker, "ours", clock, presence, Instant::now())
    }

    #[test]
    fn a_job_goes_where_least_is_taken_and_waits_where_nothing_is_free() {
        let mut pool = Pool::default();
        assert!(pool.wait(1, vec![1]));
        assert!(given(&mut pool, &[]).is_none(), "nobody is there");
        assert!(seen(&mut pool, "a", 5, &presence(4, 2)) && seen(&mut pool, "b", 5, &presence(4, 1)));
        assert_eq!(given(&mut pool, &[]), Some((1, "b".to_owned())));
        assert!(given(&mut pool, &[]).is_none(), "nothing waits");
        assert!(pool.wait(2, vec![2]) && pool.wait(3, vec![3]));
        assert_eq!(given(&mut pool, &[("b", 2)]), Some((2, "a".to_owned())));
        assert!(given(&mut pool, &[("a", 2), ("b", 3)]).is_none());
        assert_eq!(pool.waiting(), 1);
        assert!(!seen(&mut pool, "a", 4, &presence(9, 0)), "it was written before");
        assert_eq!(pool.clock("a"), Some(5));
    }

    #[test]
    fn a_refused_job_is_the_next_one_elsewhere() {
        let mut pool = Pool::default();
        assert!(seen(&mut pool, "a", 1, &presence(2, 0)) && pool.wait(1, vec![1]) && pool.wait(2, vec![2]));
        assert_eq!(given(&mut pool, &[]), Some((1, "a".to_owned())));
        assert!(!pool.refused(1, "b"), "it was not sent there");
        assert_eq!(pool.body(1), Some(&[1][..]));
        assert!(pool.refused(1, "a"));
        assert!(given(&mut pool, &[]).is_none(), "it is full until it says something");
        assert!(seen(&mut pool, "a", 2, &presence(2, 0)));
        assert_eq!(given(&mut pool, &[]), Some((1, "a".to_owned())));
        pool.taken(1);
        assert!(pool.body(1).is_none() && !pool.refused(1, "a"), "it has said something of it");
        pool.keep(|number| number != 2, Instant::now());
        assert_eq!(pool.waiting(), 0);
    }

    #[test]
    fn who_is_quiet_gets_nothing_and_who_is_silent_is_forgotten() {
        let mut pool = Pool::default();
        assert!(seen(&mut pool, "a", 1, &presence(2, 0)) && pool.wait(1, vec![1]));
        assert!(pool.next(&HashMap::new(), Instant::now() + QUIET).is_none());
        pool.keep(|_| true, Instant::now() + QUIET);
        assert!(pool.clock("a").is_some());
        pool.keep(|_| true, Instant::now() + SILENCE);
        assert!(pool.clock("a").is_none());
    }
}
