//! A run elsewhere, as its owner holds it: hears what is told of it, and sends what it is to hear. Called by `runner`. Reads no further ahead than its window, and is
//! never heard of again once it is dropped.

use super::event::{Reader, Told};
use super::words::{self, Control, PART, WINDOW};
use super::{Gateway, Heard, Outgoing, cancel};
use crate::job::Job;
use crate::link::Signal;
use crate::lock::lock;
use std::borrow::Cow;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Dropping it ends the run.
pub struct Abroad {
    gateway: Arc<Gateway>,
    number: u64,
    inbox: mpsc::Receiver<Heard>,
    batch: Vec<u8>,
    /// What of it was read.
    read: usize,
    /// Read and not told to the worker.
    owed: u32,
    reader: Reader,
    is_over: bool,
}

/// What comes of a run elsewhere.
#[derive(Debug)]
pub(crate) enum News {
    Told(Told),
    /// The worker does not take it.
    Unfit(String),
    /// Whoever had it is gone, and what became of it is not known.
    Lost,
}

impl Abroad {
    pub(super) fn new(gateway: Arc<Gateway>, number: u64, inbox: mpsc::Receiver<Heard>) -> Self {
        let (batch, reader) = (Vec::new(), Reader::default());
        Self { gateway, number, inbox, batch, read: 0, owed: 0, reader, is_over: false }
    }

    /// What is told next. Cancel safe.
    pub(crate) async fn next(&mut self, job: &Job) -> News {
        loop {
            if self.read < self.batch.len() {
                return self.read_one(job);
            }
            self.pay().await;
            match self.inbox.recv().await {
                Some(Heard::Batch(batch)) => {
                    self.owed = self.owed.saturating_add(words::cost(batch.len()));
                    (self.batch, self.read) = (batch, 0);
                }
                Some(Heard::Unfit(why)) => {
                    self.is_over = true;
                    return News::Unfit(why);
                }
                None => return News::Lost,
            }
        }
    }

    fn read_one(&mut self, job: &Job) -> News {
        let left = &self.batch[self.read..];
        let read = words::first(left).ok().and_then(|(words, rest)| {
            self.read += left.len() - rest.len();
            self.reader.told(words, job)
        });
        let Some(told) = read else {
            tracing::error!("a worker sent what can't be read");
            self.inbox.close();
            (self.batch, self.read) = (Vec::new(), 0);
            return News::Lost;
        };
        if let Told::Parked(is_parked) = &told {
            self.parked(*is_parked);
        }
        self.is_over |= matches!(told, Told::Ended(_));
        News::Told(told)
    }

    fn parked(&self, is_parked: bool) {
        if let Some(entry) = lock(&self.gateway.state).runs.get_mut(&self.number) {
            entry.is_parked = is_parked;
        }
        self.gateway.freed.notify_one();
    }

    /// Half of the window at a time.
    async fn pay(&mut self) {
        if self.owed < WINDOW / 2 {
            return;
        }
        let (Some(session), Ok(place)) = (self.session(), self.gateway.outgoing.reserve().await) else { return };
        let body = words::encode(&Control::Credit(std::mem::take(&mut self.owed)));
        place.send(Outgoing::Control { session, number: self.number, body });
    }

    fn session(&self) -> Option<String> {
        lock(&self.gateway.state).runs.get(&self.number)?.session.clone()
    }

    /// It is known who has it, or is to have it.
    pub(crate) fn has_worker(&self) -> bool {
        lock(&self.gateway.state).runs.get(&self.number).is_some_and(|entry| entry.worker().is_some())
    }

    /// Only after something was told of it.
    pub(crate) async fn stdin(&self, bytes: &[u8], eof: bool) {
        let mut parts: Vec<&[u8]> = bytes.chunks(PART).collect();
        let last = parts.pop().unwrap_or_default();
        for part in parts {
            self.control(&Control::Input { bytes: Cow::Borrowed(part), eof: false }).await;
        }
        self.control(&Control::Input { bytes: Cow::Borrowed(last), eof }).await;
    }

    /// False where no worker is known to have it: then nothing will be told of its end.
    pub(crate) async fn cancel(&self) -> bool {
        self.control(&Control::Cancel).await
    }

    /// Only after something was told of it.
    pub(crate) async fn signal(&self, signal: Signal) {
        self.control(&Control::Signal(signal)).await;
    }

    async fn control(&self, control: &Control<'_>) -> bool {
        let Some(session) = self.session() else { return false };
        let body = words::encode(control);
        self.gateway.outgoing.send(Outgoing::Control { session, number: self.number, body }).await.is_ok()
    }
}

impl Drop for Abroad {
    fn drop(&mut self) {
        let entry = lock(&self.gateway.state).runs.remove(&self.number);
        if let Some(entry) = &entry
            && let (Some(worker), Some(_)) = (entry.worker(), &entry.inbox)
            && !self.is_over
        {
            // Where there is no room, it is told when the worker sends the next thing.
            let _ = self.gateway.outgoing.try_send(cancel(worker, self.number));
        }
        self.gateway.freed.notify_one();
    }
}
