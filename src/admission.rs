//! Who may run now: a bounded number of busy runs, a bounded number of live ones, a bounded queue. Between clients the one with
//! the fewest busy runs is next, so that one with a thousand jobs does not hold up one with a single job; each
//! client's own are taken in their order, interactive ones before batches, of which every fourth place is theirs all the same. A run that
//! waits for input lends its place to the next. Called by the runner alone.

use crate::job::{Client, Priority};
use crate::lock::lock;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::oneshot;

/// Of so many places that are given away while both wait, one is a batch's.
const BATCH_SHARE: u32 = 4;

#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Runs that use, or are about to use, a processor.
    pub busy: usize,
    /// As many more that interactive runs have where their client has no other of its own: who wants little does not wait for who wants
    /// much.
    pub express: usize,
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
    queued: usize,
    next: u64,
    lines: [Line; 2],
    /// Places given to interactive runs since the last that a batch got.
    since_batch: u32,
    clients: HashMap<Arc<str>, Usage>,
}

/// What one client has, as long as it has anything.
#[derive(Clone, Copy, Default)]
struct Usage {
    busy: usize,
    /// The interactive ones of these.
    dialogues: usize,
    live: usize,
    queued: usize,
}

/// Who waits with one priority: clients in the order in which they were last served, each with its runs.
#[derive(Default)]
struct Line {
    turns: VecDeque<Arc<str>>,
    waiting: HashMap<Arc<str>, VecDeque<Waiting>>,
}

struct Waiting {
    number: u64,
    client: Client,
    grant: oneshot::Sender<Permit>,
}

pub enum Entry {
    Admitted(Permit),
    Queued(Place),
    /// The queue is full too, or this client's share of it.
    Full,
}

/// The right to run. Given back when dropped.
pub struct Permit {
    lease: Arc<Lease>,
}

/// What the executor's notices change: whether the run counts as busy.
pub struct Lease {
    admission: Arc<Admission>,
    client: Arc<str>,
    priority: Priority,
    parked: Mutex<bool>,
}

/// A place in the queue. Given up when dropped.
pub struct Place {
    admission: Arc<Admission>,
    client: Arc<str>,
    priority: Priority,
    number: u64,
    granted: oneshot::Receiver<Permit>,
}

impl Admission {
    pub fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self { bounds, state: Mutex::default() })
    }

    pub fn enter(self: &Arc<Self>, client: &Client, priority: Priority) -> Entry {
        let mut state = self.lock();
        if state.queued == 0 && self.has_room_for(&state, client, priority) {
            state.admit(client, priority);
            return Entry::Admitted(self.permit(client, priority));
        }
        let usage = state.usage(client);
        if state.queued >= self.bounds.queue || client.queue.is_some_and(|most| usage.queued >= most) {
            return Entry::Full;
        }
        let (grant, granted) = oneshot::channel();
        let number = state.next;
        state.next += 1;
        state.queued += 1;
        state.clients.entry(client.key.clone()).or_default().queued += 1;
        state.lines[priority as usize].join(Waiting { number, client: client.clone(), grant });
        // What waits may wait for its own client only: there may be room for this one.
        let grants = self.grants(&mut state);
        drop(state);
        self.give(grants);
        Entry::Queued(Place { admission: self.clone(), client: client.key.clone(), priority, number, granted })
    }

    /// A permit that is to spare: nobody waits, and there is room.
    pub fn enter_if_idle(self: &Arc<Self>, client: &Client) -> Option<Permit> {
        let mut state = self.lock();
        let fits = state.queued == 0 && self.has_room_for(&state, client, Priority::Batch);
        fits.then(|| {
            state.admit(client, Priority::Batch);
            self.permit(client, Priority::Batch)
        })
    }

    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Runs that live and runs that wait.
    pub fn load(&self) -> (usize, usize) {
        let state = self.lock();
        (state.live, state.queued)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn has_room_for(&self, state: &State, client: &Client, priority: Priority) -> bool {
        let Bounds { busy, express, live, .. } = self.bounds;
        let is_first = priority == Priority::Interactive && state.usage(client).dialogues == 0;
        let busy = if is_first { busy + express } else { busy };
        state.busy < busy && state.live < live && state.may_live(client)
    }

    fn permit(self: &Arc<Self>, client: &Client, priority: Priority) -> Permit {
        let (admission, client) = (self.clone(), client.key.clone());
        Permit { lease: Arc::new(Lease { admission, client, priority, parked: Mutex::new(false) }) }
    }

    /// Changes what a client has, then lets in whom there is room for.
    fn change(self: &Arc<Self>, client: &Arc<str>, change: impl FnOnce(&mut State, &mut Usage)) {
        let grants = {
            let mut state = self.lock();
            let mut usage = state.clients.remove(client).unwrap_or_default();
            change(&mut state, &mut usage);
            if usage.live > 0 || usage.queued > 0 {
                state.clients.insert(client.clone(), usage);
            }
            self.grants(&mut state)
        };
        self.give(grants);
    }

    fn grants(&self, state: &mut State) -> Vec<(Priority, Waiting)> {
        let mut grants = Vec::new();
        while let Some((priority, waiting)) = self.take_next(state) {
            state.admit(&waiting.client, priority);
            grants.push((priority, waiting));
        }
        grants
    }

    /// Outside of the lock: a permit that nobody takes is dropped here, and comes back through `change`.
    fn give(self: &Arc<Self>, grants: Vec<(Priority, Waiting)>) {
        for (priority, Waiting { client, grant, .. }) in grants {
            let _ = grant.send(self.permit(&client, priority));
        }
    }

    /// Whose turn it is, taken out of the queue.
    fn take_next(&self, state: &mut State) -> Option<(Priority, Waiting)> {
        let is_batch_due = state.since_batch + 1 >= BATCH_SHARE;
        let order = if is_batch_due { [Priority::Batch, Priority::Interactive] } else { [Priority::Interactive, Priority::Batch] };
        let (priority, client) = order.into_iter().find_map(|priority| Some((priority, self.next_client(state, priority)?)))?;
        let waiting = state.lines[priority as usize].take_first(&client)?;
        state.since_batch = if priority == Priority::Batch { 0 } else { state.since_batch + 1 };
        state.queued -= 1;
        if let Some(usage) = state.clients.get_mut(&client) {
            usage.queued -= 1;
        }
        Some((priority, waiting))
    }

    /// Of those that may have one more, the client with the fewest busy runs; of several, the one that was served longest ago.
    fn next_client(&self, state: &State, priority: Priority) -> Option<Arc<str>> {
        let line = &state.lines[priority as usize];
        let may = |key: &&Arc<str>| line.first(key).is_some_and(|waiting| self.has_room_for(state, &waiting.client, priority));
        line.turns.iter().filter(may).min_by_key(|key| state.clients.get(*key).map_or(0, |usage| usage.busy)).cloned()
    }
}

impl State {
    fn usage(&self, client: &Client) -> Usage {
        self.clients.get(&client.key).copied().unwrap_or_default()
    }

    fn may_live(&self, client: &Client) -> bool {
        client.live.is_none_or(|most| self.usage(client).live < most)
    }

    fn admit(&mut self, client: &Client, priority: Priority) {
        self.busy += 1;
        self.live += 1;
        let usage = self.clients.entry(client.key.clone()).or_default();
        usage.busy += 1;
        usage.dialogues += usize::from(priority == Priority::Interactive);
        usage.live += 1;
    }

    /// How many are before one, as things are: as many of each other client as of its own, and all with more priority.
    fn position(&self, client: &Arc<str>, priority: Priority, number: u64) -> usize {
        let line = &self.lines[priority as usize];
        let Some(own) = line.waiting.get(client).map(|own| own.partition_point(|waiting| waiting.number < number)) else { return 0 };
        let is_before = |other: &Arc<str>| line.turns.iter().take_while(|key| *key != client).any(|key| key == other);
        let others = line.waiting.iter().filter(|(key, _)| *key != client);
        let same: usize = own + others.map(|(key, waiting)| waiting.len().min(own + usize::from(is_before(key)))).sum::<usize>();
        match priority {
            Priority::Interactive => same,
            Priority::Batch => {
                let interactive: usize = self.lines[Priority::Interactive as usize].waiting.values().map(VecDeque::len).sum();
                same + interactive.min((same + 1) * (BATCH_SHARE as usize - 1))
            }
        }
    }
}

impl Line {
    fn join(&mut self, waiting: Waiting) {
        let key = waiting.client.key.clone();
        let own = self.waiting.entry(key.clone()).or_default();
        if own.is_empty() {
            self.turns.push_back(key);
        }
        own.push_back(waiting);
    }

    fn first(&self, client: &Arc<str>) -> Option<&Waiting> {
        self.waiting.get(client)?.front()
    }

    fn take_first(&mut self, client: &Arc<str>) -> Option<Waiting> {
        let taken = self.waiting.get_mut(client)?.pop_front();
        self.turns.retain(|key| key != client);
        if self.waiting.get(client).is_some_and(VecDeque::is_empty) {
            self.waiting.remove(client);
        } else {
            self.turns.push_back(client.clone());
        }
        taken
    }

    /// Whether it was there.
    fn leave(&mut self, client: &Arc<str>, number: u64) -> bool {
        let Some(own) = self.waiting.get_mut(client) else { return false };
        let Ok(index) = own.binary_search_by_key(&number, |waiting| waiting.number) else { return false };
        own.remove(index);
        if own.is_empty() {
            self.waiting.remove(client);
            self.turns.retain(|key| key != client);
        }
        true
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
        if std::mem::replace(&mut *now, parked) == parked {
            return;
        }
        let dialogue = usize::from(self.priority == Priority::Interactive);
        self.admission.change(&self.client, |state, usage| {
            if parked {
                state.busy -= 1;
                usage.busy -= 1;
                usage.dialogues -= dialogue;
            } else {
                state.busy += 1;
                usage.busy += 1;
                usage.dialogues += dialogue;
            }
        });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        // A late notice of the executor must find nothing left to lend.
        self.lease.set_parked(true);
        self.lease.admission.change(&self.lease.client, |state, usage| {
            state.live -= 1;
            usage.live -= 1;
        });
    }
}

impl Place {
    /// How many are before this one; 0 is next.
    pub fn position(&self) -> usize {
        self.admission.lock().position(&self.client, self.priority, self.number)
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
        let (client, priority, number) = (self.client.clone(), self.priority, self.number);
        self.admission.change(&client, |state, usage| {
            if state.lines[priority as usize].leave(&client, number) {
                state.queued -= 1;
                usage.queued -= 1;
            }
        });
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

    fn client(key: &str) -> Client {
        Client { key: key.into(), ..Client::default() }
    }

    fn enter(desk: &Arc<Admission>, key: &str) -> Entry {
        desk.enter(&client(key), Priority::Interactive)
    }

    fn queued(entry: Entry) -> Place {
        match entry {
            Entry::Queued(place) => place,
            Entry::Admitted(_) | Entry::Full => panic!("not queued"),
        }
    }

    #[tokio::test]
    async fn in_order_of_arrival_with_positions() {
        let desk = Admission::new(Bounds { busy: 1, express: 0, live: 2, queue: 3 });
        let first = admitted(enter(&desk, "a"));
        let mut places: Vec<_> = (0..3).map(|_| queued(enter(&desk, "a"))).collect();
        assert!(matches!(enter(&desk, "a"), Entry::Full));
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
        let desk = Admission::new(Bounds { busy: 1, express: 0, live: 2, queue: 3 });
        let first = admitted(enter(&desk, "a"));
        let (mut second, third) = (queued(enter(&desk, "a")), queued(enter(&desk, "a")));
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
        let desk = Admission::new(Bounds { busy: 1, express: 0, live: 1, queue: 3 });
        let first = admitted(enter(&desk, "a"));
        let (second, mut third) = (queued(enter(&desk, "a")), queued(enter(&desk, "a")));
        drop(first);
        drop(second);
        drop(third.granted().await);
        assert_eq!(desk.load(), (0, 0));
    }

    /// Who gets each of the places that become free.
    async fn served(first: Permit, places: Vec<(&'static str, Place)>) -> Vec<&'static str> {
        let (mut order, mut places, mut running) = (Vec::new(), places, first);
        while !places.is_empty() {
            drop(running);
            let mut found = None;
            for (index, (_, place)) in places.iter_mut().enumerate() {
                if let Ok(permit) = place.granted.try_recv() {
                    found = Some((index, permit));
                }
            }
            let (index, permit) = found.unwrap();
            order.push(places.remove(index).0);
            running = permit;
        }
        order
    }

    #[tokio::test]
    async fn clients_take_turns() {
        let desk = Admission::new(Bounds { busy: 1, express: 0, live: 1, queue: 20 });
        let first = admitted(enter(&desk, "many"));
        let mut places: Vec<_> = (0..4).map(|_| ("many", queued(enter(&desk, "many")))).collect();
        places.push(("one", queued(enter(&desk, "one"))));
        places.extend((0..2).map(|_| ("two", queued(enter(&desk, "two")))));
        let positions: Vec<_> = places.iter().map(|(_, place)| place.position()).collect();
        assert_eq!(positions, [0, 3, 5, 6, 1, 2, 4]);
        assert_eq!(served(first, places).await, ["many", "one", "two", "many", "two", "many", "many"]);
        assert_eq!(desk.load(), (0, 0));
    }

    #[tokio::test]
    async fn who_has_least_is_next() {
        let desk = Admission::new(Bounds { busy: 3, express: 0, live: 3, queue: 20 });
        let mut running: Vec<_> = (0..3).map(|_| admitted(enter(&desk, "many"))).collect();
        let _more: Vec<_> = (0..9).map(|_| queued(enter(&desk, "many"))).collect();
        let mut single = queued(enter(&desk, "single"));
        running.pop();
        // One slot later, whoever came first.
        assert!(single.granted.try_recv().is_ok());
    }

    #[tokio::test]
    async fn batches_wait_but_do_not_starve() {
        let desk = Admission::new(Bounds { busy: 1, express: 0, live: 1, queue: 20 });
        let first = admitted(enter(&desk, "a"));
        let mut places: Vec<_> = (0..2).map(|_| ("batch", queued(desk.enter(&client("b"), Priority::Batch)))).collect();
        places.extend((0..5).map(|_| ("interactive", queued(enter(&desk, "a")))));
        assert_eq!(places[0].1.position(), 3);
        let order = served(first, places).await;
        assert_eq!(order, ["interactive", "interactive", "interactive", "batch", "interactive", "interactive", "batch"]);
    }

    #[tokio::test]
    async fn the_first_dialogue_of_a_client_does_not_wait() {
        let desk = Admission::new(Bounds { busy: 1, express: 2, live: 9, queue: 20 });
        let batch = |key| desk.enter(&client(key), Priority::Batch);
        let first = admitted(batch("many"));
        let _more: Vec<_> = (0..5).map(|_| queued(batch("many"))).collect();
        assert!(desk.enter_if_idle(&client("other")).is_none());
        // Of the same client too: its batch is no dialogue.
        let mut one = queued(enter(&desk, "many"));
        let permit = one.granted.try_recv().unwrap();
        let mut second = queued(enter(&desk, "many"));
        assert!(second.granted.try_recv().is_err(), "it has one");
        let mut other = queued(enter(&desk, "other"));
        let others = other.granted.try_recv().unwrap();
        let mut third = queued(enter(&desk, "third"));
        assert!(third.granted.try_recv().is_err(), "all are taken");
        // It waits for its client's next word: another may begin, and neither stops the other.
        permit.lease().set_parked(true);
        let thirds = third.granted.try_recv().unwrap();
        permit.lease().set_parked(false);
        drop((others, thirds));
        assert!(second.granted.try_recv().is_err(), "its client has one");
        drop(permit);
        assert!(second.granted.try_recv().is_ok());
        assert_eq!(desk.load(), (1, 5));
        drop(first);
    }

    #[tokio::test]
    async fn a_client_has_bounds_of_its_own() {
        let desk = Admission::new(Bounds { busy: 9, express: 0, live: 9, queue: 20 });
        let small = Client { key: "small".into(), live: Some(1), queue: Some(1) };
        let first = admitted(desk.enter(&small, Priority::Interactive));
        let mut second = queued(desk.enter(&small, Priority::Interactive));
        assert!(matches!(desk.enter(&small, Priority::Interactive), Entry::Full));
        // Others pass by what waits for its own client only.
        let mut other = queued(enter(&desk, "other"));
        assert!(other.granted.try_recv().is_ok() && second.granted.try_recv().is_err());
        assert!(desk.enter_if_idle(&small).is_none());
        drop(first);
        assert!(second.granted.try_recv().is_ok());
    }
}
