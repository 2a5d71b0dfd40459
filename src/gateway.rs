//! Runs on workers elsewhere: takes a job, has it sent over a broker, and hands on what is told of it. Stands where an engine stands: `runner` calls it, doors know
//! nothing of it. Who is gone is told by its carrier: over RabbitMQ by the broker, over Kafka by a silence that the worker has kept before it may end.
//! Knows no broker: `carry` goes to the one there is, `queue::gateways` is the worker's side. Never gives a job to two workers: whoever is lost is forgotten first.

mod abroad;
#[cfg(feature = "amqp")]
pub(crate) mod amqp;
#[cfg(any(feature = "amqp", feature = "kafka"))]
mod carry;
pub(crate) mod event;
pub(crate) mod job;
#[cfg(feature = "kafka")]
pub(crate) mod kafka;
pub(crate) mod words;

use crate::engine::{Changes, Readiness};
use crate::job::{Handed, Job};
use crate::lock::lock;
use crate::standing::{Bond, Standing};
pub use abroad::Abroad;
pub(crate) use abroad::News;
#[cfg(any(feature = "amqp", feature = "kafka"))]
pub(crate) use carry::Carrier;
use prometheus_client::metrics::counter::Counter;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::sleep_until;
use words::{Announcement, Control, LEAST_COST, PART, WINDOW};

/// Messages to the broker that wait to be sent.
const OUTGOING: usize = 1024;
/// Batches of one run that wait for their reader: the window in the smallest ones, and those that cost nothing.
const INBOX: usize = (WINDOW / LEAST_COST) as usize + 16;
/// A worker that says nothing for so long is not counted on; those that live say something each 2 s.
const SILENCE: Duration = Duration::from_secs(10);
/// Workers that are known at once.
const WORKERS: usize = 4096;

pub struct Gateway {
    outgoing: mpsc::Sender<Outgoing>,
    state: Mutex<State>,
    up: watch::Sender<bool>,
    /// A run has ended, or waits for something: for a carrier that shares out the workers' places itself.
    freed: Notify,
    changes: Changes,
    pub standing: Standing,
    pub counts: Counts,
}

#[derive(Default)]
pub struct Counts {
    /// Jobs that were sent to the broker.
    pub sent: Counter,
    /// Of these, those that were sent before.
    pub again: Counter,
    /// Workers that were lost in the middle of runs.
    pub workers_lost: Counter,
}

#[derive(Default)]
struct State {
    next: u64,
    /// Until then, workers may have runs that were lost with the broker.
    unclear: Option<Instant>,
    runs: HashMap<u64, Entry>,
    workers: HashMap<String, (Instant, Announcement)>,
}

/// One run elsewhere.
struct Entry {
    /// None: whoever had it is lost.
    inbox: Option<mpsc::Sender<Heard>>,
    /// The worker's, from the first that is heard of it.
    session: Option<String>,
    /// The worker's to whom it was sent, where the broker does not choose.
    sent_to: Option<String>,
    /// It waits for something, and has no place at its worker.
    is_parked: bool,
    /// Parts of its job that are not sent yet.
    rest: VecDeque<Vec<u8>>,
}

enum Heard {
    Batch(Vec<u8>),
    Unfit(String),
}

/// What a carrier is to send.
pub(crate) enum Outgoing {
    Job { number: u64, body: Vec<u8> },
    Control { session: String, number: u64, body: Vec<u8> },
}

/// A job in parts; all but the first go to the worker that has taken that one.
pub struct Message {
    first: Vec<u8>,
    rest: VecDeque<Vec<u8>>,
}

impl Gateway {
    /// What is to be sent comes out of the receiver, for a carrier.
    pub(crate) fn new(changes: Changes) -> (Arc<Self>, mpsc::Receiver<Outgoing>) {
        let (outgoing, carried) = mpsc::channel(OUTGOING);
        let (state, standing, counts) = (Mutex::default(), Standing::default(), Counts::default());
        (Arc::new(Self { outgoing, state, up: watch::Sender::new(false), freed: Notify::new(), changes, standing, counts }), carried)
    }

    /// Waits until jobs can be sent; `again` is one that was lost, and that nobody may have any more.
    pub async fn up(&self, again: bool) {
        let _ = self.up.subscribe().wait_for(|up| *up).await;
        let unclear = lock(&self.state).unclear.filter(|_| again);
        if let Some(unclear) = unclear {
            sleep_until(unclear.into()).await;
        }
    }

    /// Why nothing can be sent now.
    pub fn why_not(&self) -> Option<String> {
        match self.standing.bond() {
            Bond::Up => None,
            Bond::Away(why) => Some(format!("the broker is away: {why}")),
            Bond::Blocked(why) => Some(format!("the broker takes nothing: {why}")),
        }
    }

    /// The best that any worker says; without a worker jobs wait for one at the broker.
    pub fn readiness(&self, language: &str) -> Readiness {
        if let Some(why) = self.why_not() {
            return Readiness::Unavailable(why);
        }
        let state = lock(&self.state);
        let workers = state.workers.values().filter(|(since, _)| since.elapsed() < SILENCE);
        let said = workers.map(|(_, announcement)| {
            let found = announcement.languages.iter().find(|(name, _)| name == language);
            found.map_or_else(|| Readiness::Unavailable("no worker has it".to_owned()), |(_, state)| state.clone().into())
        });
        let rank = |readiness: &Readiness| match readiness {
            Readiness::Ready => 0,
            Readiness::Preparing { .. } => 1,
            Readiness::Unavailable(_) => 2,
        };
        said.min_by_key(rank).unwrap_or_else(|| Readiness::Preparing { what: "no worker is there yet".to_owned(), share: 0.0 })
    }

    /// Workers that are there, and the jobs that they run at once.
    pub fn workers(&self) -> (usize, u64) {
        let state = lock(&self.state);
        let workers = state.workers.values().filter(|(since, _)| since.elapsed() < SILENCE);
        workers.fold((0, 0), |(count, places), (_, announcement)| (count + 1, places + u64::from(announcement.places)))
    }

    /// A job as it is sent. `handed` is what is wanted back of the files that its program leaves.
    pub fn message(&self, job: &Job, handed: Option<Handed>) -> Message {
        let encoded = job::encode(job, handed);
        let mut parts = encoded.chunks(PART);
        let mut first = (encoded.len() as u64).to_le_bytes().to_vec();
        first.extend_from_slice(parts.next().unwrap_or_default());
        let rest = parts.map(|part| words::encode(&Control::Part(Cow::Borrowed(part)))).collect();
        Message { first, rest }
    }

    /// Sends a job to whoever takes it.
    pub async fn send(self: &Arc<Self>, Message { first: body, rest }: Message) -> Abroad {
        let (inbox, heard) = mpsc::channel(INBOX);
        let number = {
            let mut state = lock(&self.state);
            state.next += 1;
            let number = state.next;
            state.runs.insert(number, Entry { inbox: Some(inbox), session: None, sent_to: None, is_parked: false, rest });
            number
        };
        let abroad = Abroad::new(self.clone(), number, heard);
        self.counts.sent.inc();
        let _ = self.outgoing.send(Outgoing::Job { number, body }).await;
        abroad
    }

    /// The broker is there.
    pub(crate) fn connected(&self) {
        self.standing.set(Bond::Up);
        self.up.send_replace(true);
        self.changes.tell();
    }

    /// It takes nothing for now, or takes again.
    pub(crate) fn blocked(&self, why: Option<String>) {
        self.standing.set(why.map_or(Bond::Up, Bond::Blocked));
    }

    /// The broker is gone, and with it the way to every run.
    pub(crate) fn away(&self, why: String) {
        self.standing.set(Bond::Away(why));
        self.up.send_replace(false);
        let mut state = lock(&self.state);
        state.workers.clear();
        state.runs.values_mut().for_each(|entry| entry.inbox = None);
        drop(state);
        self.changes.tell();
    }

    pub(crate) fn announced(&self, session: &str, announcement: Announcement) {
        let mut state = lock(&self.state);
        state.workers.retain(|_, (since, _)| since.elapsed() < SILENCE);
        let is_known = state.workers.contains_key(session);
        if !is_known && state.workers.len() == WORKERS {
            return;
        }
        let is_news = state.workers.get(session).is_none_or(|(_, before)| *before != announcement);
        state.workers.insert(session.to_owned(), (Instant::now(), announcement));
        drop(state);
        if is_news {
            self.changes.tell();
        }
    }

    /// Something of a run; what is to be answered at once comes back.
    pub(crate) fn heard(&self, kind: &str, number: u64, session: &str, body: Vec<u8>) -> Vec<Outgoing> {
        let mut state = lock(&self.state);
        let Some(entry) = state.runs.get_mut(&number) else {
            // Nobody waits for it any more.
            return if kind == words::EVENTS { vec![cancel(session, number)] } else { Vec::new() };
        };
        // Nor for what another one says of it.
        if entry.sent_to.as_ref().is_some_and(|sent_to| sent_to != session) {
            return vec![cancel(session, number)];
        }
        let heard = match kind {
            words::EVENTS => Heard::Batch(body),
            words::UNFIT => Heard::Unfit(String::from_utf8_lossy(&body).into_owned()),
            words::LOST => {
                entry.inbox = None;
                return Vec::new();
            }
            other => {
                let other = &other[..other.floor_char_boundary(64)];
                Heard::Unfit(format!("the worker sends `{other}`, which this gateway does not know: both are to be of one version"))
            }
        };
        entry.session.get_or_insert_with(|| session.to_owned());
        // A worker that does not keep to the window is as good as lost.
        if entry.inbox.as_ref().is_some_and(|inbox| inbox.try_send(heard).is_err()) {
            entry.inbox = None;
            return vec![cancel(session, number)];
        }
        std::mem::take(&mut entry.rest).into_iter().map(|body| Outgoing::Control { session: session.to_owned(), number, body }).collect()
    }

    /// No queue took this job.
    pub(crate) fn undelivered(&self, number: u64) {
        if let Some(entry) = lock(&self.state).runs.get_mut(&number) {
            entry.inbox = None;
        }
    }

    /// Workers that have runs of ours.
    pub(crate) fn sessions(&self) -> BTreeSet<String> {
        let state = lock(&self.state);
        state.runs.values().filter(|entry| entry.inbox.is_some()).filter_map(|entry| entry.worker().cloned()).collect()
    }

    /// This worker is not there any more.
    pub(crate) fn worker_lost(&self, session: &str) {
        let mut state = lock(&self.state);
        state.workers.remove(session);
        let theirs = state.runs.values_mut().filter(|entry| entry.worker().is_some_and(|worker| worker == session));
        let lost = theirs.filter_map(|entry| entry.inbox.take()).count();
        drop(state);
        if lost > 0 {
            self.counts.workers_lost.inc();
        }
        self.changes.tell();
    }
}

/// For a carrier that chooses workers itself, and judges by their silence.
#[cfg(feature = "kafka")]
impl Gateway {
    /// The broker was lost, and workers learn of it only when their leases have run out.
    fn unclear(&self) {
        lock(&self.state).unclear = Some(Instant::now() + SILENCE);
    }

    /// This worker gets the job; false where nobody waits for it any more.
    fn assigned(&self, number: u64, session: &str) -> bool {
        let mut state = lock(&self.state);
        let entry = state.runs.get_mut(&number).filter(|entry| entry.inbox.is_some());
        entry.map(|entry| entry.sent_to = Some(session.to_owned())).is_some()
    }

    /// It does not take it.
    fn unassigned(&self, number: u64) {
        if let Some(entry) = lock(&self.state).runs.get_mut(&number) {
            entry.sent_to = None;
        }
    }

    fn waits_for(&self, number: u64) -> bool {
        lock(&self.state).runs.get(&number).is_some_and(|entry| entry.inbox.is_some())
    }

    /// Places that runs of ours have, by worker.
    fn loads(&self) -> HashMap<String, u32> {
        let mut loads = HashMap::new();
        for entry in lock(&self.state).runs.values().filter(|entry| !entry.is_parked) {
            if let Some(worker) = entry.worker() {
                *loads.entry(worker.clone()).or_default() += 1;
            }
        }
        loads
    }

    /// Workers that have runs of ours and have said nothing for long.
    fn silent(&self) -> Vec<String> {
        let sessions = self.sessions();
        let state = lock(&self.state);
        let is_silent = |session: &String| state.workers.get(session).is_none_or(|(since, _)| since.elapsed() >= SILENCE);
        sessions.into_iter().filter(is_silent).collect()
    }
}

impl Entry {
    fn worker(&self) -> Option<&String> {
        self.session.as_ref().or(self.sent_to.as_ref())
    }
}

fn cancel(session: &str, number: u64) -> Outgoing {
    Outgoing::Control { session: session.to_owned(), number, body: words::encode(&Control::Cancel) }
}
