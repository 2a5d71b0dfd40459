//! Who may run now: a bounded number of busy runs, a bounded number of live ones, a bounded queue in order of
//! arrival. A run that waits for input lends its place to the next. Called by the runner alone.

use crate::lock::lock;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::oneshot;

#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Runs that use, or are about to use, a processor.
    pub busy: usize,
    /// Runs that hold memory: the busy ones and those that wait for something.
    pub live: usize,
    pub queue: usize,
}

pub struct Admission {
    bounds: Bounds,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    busy: usize,
    live: usize,
    next: u64,
    /// In order of arrival, so sorted by number.
    queue: VecDeque<Waiting>,
}

struct Waiting {
    number: u64,
    grant: oneshot::Sender<Permit>,
}

pub enum Entry {
    Admitted(Permit),
    Queued(Place),
    /// The queue is full too.
    Full,
}

/// The right to run. Given back when dropped.
pub struct Permit {
    lease: Arc<Lease>,
}

/// What the executor's notices change: whether the run counts as busy.
pub struct Lease {
    admission: Arc<Admission>,
    parked: Mutex<bool>,
}

/// A place in the queue. Given up when dropped.
pub struct Place {
    admission: Arc<Admission>,
    number: u64,
    granted: oneshot::Receiver<Permit>,
}

impl Admission {
    pub fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self { bounds, state: Mutex::default() })
    }

    pub fn enter(self: &Arc<Self>) -> Entry {
        let mut state = self.lock();
        if state.queue.is_empty() && state.busy < self.bounds.busy && state.live < self.bounds.live {
            state.busy += 1;
            state.live += 1;
            return Entry::Admitted(self.permit());
        }
        if state.queue.len() >= self.bounds.queue {
            return Entry::Full;
        }
        let (grant, granted) = oneshot::channel();
        let number = state.next;
        state.next += 1;
        state.queue.push_back(Waiting { number, grant });
        Entry::Queued(Place { admission: self.clone(), number, granted })
    }

    /// A permit that is to spare: nobody waits, and there is room.
    pub fn enter_if_idle(self: &Arc<Self>) -> Option<Permit> {
        let mut state = self.lock();
        let fits = state.queue.is_empty() && state.busy < self.bounds.busy && state.live < self.bounds.live;
        fits.then(|| {
            state.busy += 1;
            state.live += 1;
            self.permit()
        })
    }

    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Runs that live and runs that wait.
    pub fn load(&self) -> (usize, usize) {
        let state = self.lock();
        (state.live, state.queue.len())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn permit(self: &Arc<Self>) -> Permit {
        Permit { lease: Arc::new(Lease { admission: self.clone(), parked: Mutex::new(false) }) }
    }

    /// Changes the counts, then lets in whom there is room for.
    fn change(self: &Arc<Self>, change: impl FnOnce(&mut State)) {
        let mut grants = Vec::new();
        {
            let mut state = self.lock();
            change(&mut state);
            while state.busy < self.bounds.busy && state.live < self.bounds.live {
                let Some(waiting) = state.queue.pop_front() else { break };
                state.busy += 1;
                state.live += 1;
                grants.push(waiting.grant);
            }
        }
        // Outside of the lock: a permit that nobody takes is dropped here, and comes back through this function.
        for grant in grants {
            let _ = grant.send(self.permit());
        }
    }
}

impl Permit {
    pub fn lease(&self) -> Arc<Lease> {
        self.lease.clone()
    }
}

impl Lease {
    /// The run began to wait for something, or goes on. Going on never waits: for a moment more may be busy than
    /// the bound says, and nobody new comes in until that has passed.
    pub fn set_parked(&self, parked: bool) {
        let mut now = lock(&self.parked);
        if std::mem::replace(&mut *now, parked) != parked {
            self.admission.change(|state| if parked { state.busy -= 1 } else { state.busy += 1 });
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        // A late notice of the executor must find nothing left to lend.
        self.lease.set_parked(true);
        self.lease.admission.change(|state| state.live -= 1);
    }
}

impl Place {
    /// How many are before this one; 0 is next.
    pub fn position(&self) -> usize {
        self.admission.lock().queue.partition_point(|waiting| waiting.number < self.number)
    }

    /// Cancel safe.
    pub async fn granted(&mut self) -> Permit {
        match (&mut self.granted).await {
            Ok(permit) => permit,
            // The sender lives in the queue until it is used, and this place with it.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.admission.lock();
        if let Ok(index) = state.queue.binary_search_by_key(&self.number, |waiting| waiting.number) {
            state.queue.remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(entry: Entry) -> Permit {
        match entry {
            Entry::Admitted(permit) => permit,
            Entry::Queued(_) | Entry::Full => panic!("not admitted"),
        }
    }

    fn queued(entry: Entry) -> Place {
        match entry {
            Entry::Queued(place) => place,
            Entry::Admitted(_) | Entry::Full => panic!("not queued"),
        }
    }

    #[tokio::test]
    async fn in_order_of_arrival_with_positions() {
        let desk = Admission::new(Bounds { busy: 1, live: 2, queue: 3 });
        let first = admitted(desk.enter());
        let mut places: Vec<_> = (0..3).map(|_| queued(desk.enter())).collect();
        assert!(matches!(desk.enter(), Entry::Full));
        assert_eq!(places.iter().map(Place::position).collect::<Vec<_>>(), [0, 1, 2]);
        places.remove(1);
        assert_eq!(places.iter().map(Place::position).collect::<Vec<_>>(), [0, 1]);
        drop(first);
        let second = places[0].granted().await;
        assert_eq!(places[1].position(), 0);
        assert_eq!(desk.load(), (1, 1));
        drop((second, places));
        assert_eq!(desk.load(), (0, 0));
    }

    #[tokio::test]
    async fn a_parked_run_lends_its_place() {
        let desk = Admission::new(Bounds { busy: 1, live: 2, queue: 3 });
        let first = admitted(desk.enter());
        let (mut second, third) = (queued(desk.enter()), queued(desk.enter()));
        first.lease().set_parked(true);
        first.lease().set_parked(true);
        let second = second.granted().await;
        // Two live: the third waits although the second parks too.
        second.lease().set_parked(true);
        assert_eq!((third.position(), desk.load()), (0, (2, 1)));
        let lease = first.lease();
        drop(first);
        lease.set_parked(false);
        drop((second, third));
        assert_eq!(desk.load(), (0, 0));
    }

    #[tokio::test]
    async fn a_grant_that_nobody_takes_goes_on() {
        let desk = Admission::new(Bounds { busy: 1, live: 1, queue: 3 });
        let first = admitted(desk.enter());
        let (second, mut third) = (queued(desk.enter()), queued(desk.enter()));
        drop(first);
        drop(second);
        drop(third.granted().await);
        assert_eq!(desk.load(), (0, 0));
    }
}
