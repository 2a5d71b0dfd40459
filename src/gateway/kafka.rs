//! Carries a gateway's messages over Kafka. Each gateway and each worker has a mailbox (`mail`); the gateway itself says which worker gets a job (`pool`), since the cluster
//! shares out partitions and no jobs. Nor does it say who is gone, so silence does: a worker works for us as long as we have answered what it said within `LEASE` on its
//! own clock, and is taken for lost only when it has been silent for longer than that on ours. Called by `carry`.

pub(crate) mod letter;
pub(crate) mod mail;
mod pool;

use super::words;
use super::{Gateway, Outgoing, SILENCE};
use crate::config::backend::Backend as Settings;
use crate::kafka::Dial;
use crate::standing::Fault;
use letter::{ANSWERS, Answers, FULL, GONE, Head, Letter, PRESENCE, Presence};
use mail::{Mailbox, Owner, Post};
use pool::Pool;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// To find it, make topics, see where they end, all in all.
pub(crate) const CONNECTING: Duration = Duration::from_secs(60);
/// How often workers say that they are there, and gateways that they have heard it.
const BEATING: Duration = Duration::from_secs(1);
/// A worker ends what it runs for a gateway that has answered nothing of what it said within this time. Shorter than `SILENCE` by what it may take to end it.
pub(crate) const LEASE: Duration = Duration::from_secs(8);
const _: () = assert!(LEASE.as_secs() + 2 <= SILENCE.as_secs(), "a worker has to be done before its runs are another one's");

/// Who stood still has nothing to catch up with.
pub(crate) fn beats() -> Interval {
    let mut beats = interval(BEATING);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beats
}

pub(super) struct Session(Mailbox);

impl Session {
    pub(super) async fn connect(dial: &Dial, settings: &Settings) -> Result<Self, Fault> {
        Mailbox::open(dial, settings, Owner::Gateway).await.map(Self)
    }

    /// Until the cluster is lost.
    pub(super) async fn attend(self, gateway: &Gateway, outgoing: &mut mpsc::Receiver<Outgoing>) -> Fault {
        let Self(mailbox) = self;
        Desk { gateway, post: mailbox.post().clone(), pool: Pool::default() }.attend(mailbox, outgoing).await
    }
}

struct Desk<'a> {
    gateway: &'a Gateway,
    post: Post,
    pool: Pool,
}

impl Desk<'_> {
    async fn attend(mut self, mut mailbox: Mailbox, outgoing: &mut mpsc::Receiver<Outgoing>) -> Fault {
        let mut beating = beats();
        loop {
            let done = tokio::select! {
                Some(message) = outgoing.recv() => self.send(message).await,
                letter = mailbox.next() => match letter {
                    Ok(letter) => self.hear(letter).await,
                    Err(fault) => Err(fault),
                },
                () = self.gateway.freed.notified() => self.give_out().await,
                _ = beating.tick() => self.beat(&mut mailbox).await,
            };
            if let Err(fault) = done {
                return fault;
            }
        }
    }

    async fn send(&mut self, message: Outgoing) -> Result<(), Fault> {
        match message {
            Outgoing::Job { number, body } => {
                if !self.pool.wait(number, body) {
                    self.gateway.undelivered(number);
                }
                self.give_out().await
            }
            Outgoing::Control { session, number, body } => self.write(&session, words::CONTROL, Some(number), &body).await,
        }
    }

    /// With every letter goes what we have heard of the worker: a job brings its lease along.
    async fn write(&self, worker: &str, kind: &str, run: Option<u64>, body: &[u8]) -> Result<(), Fault> {
        self.post.send(worker, Head { kind, run, clock: self.pool.clock(worker) }, body).await
    }

    /// Jobs to whoever has places for them.
    async fn give_out(&mut self) -> Result<(), Fault> {
        while self.pool.waiting() > 0
            && let Some((number, worker)) = self.pool.next(&self.gateway.loads(), Instant::now())
        {
            if !self.gateway.assigned(number, &worker) {
                self.pool.taken(number);
                continue;
            }
            if let Some(body) = self.pool.body(number) {
                self.write(&worker, words::JOB, Some(number), body).await?;
            }
        }
        self.gateway.standing.set_waiting(Some(self.pool.waiting() as u64));
        Ok(())
    }

    async fn hear(&mut self, letter: Letter) -> Result<(), Fault> {
        let Letter { kind, from, run, clock, body } = letter;
        match (kind.as_str(), run) {
            (PRESENCE, _) => {
                let Ok(presence) = postcard::from_bytes::<Presence>(&body) else { return Ok(()) };
                // Of the future nobody speaks: what is older than what is known has been overtaken.
                if self.pool.seen(&from, self.post.name(), clock.unwrap_or_default(), &presence, Instant::now()) {
                    self.gateway.announced(&from, presence.announcement);
                }
                self.give_out().await
            }
            (GONE, _) => self.lost(&from).await,
            (FULL, Some(number)) => {
                if self.pool.refused(number, &from) {
                    self.gateway.unassigned(number);
                }
                self.give_out().await
            }
            (words::PING, _) | (_, None) => Ok(()),
            (kind, Some(number)) => {
                self.pool.taken(number);
                for answer in self.gateway.heard(kind, number, &from, body) {
                    self.send(answer).await?;
                }
                Ok(())
            }
        }
    }

    async fn lost(&mut self, worker: &str) -> Result<(), Fault> {
        self.pool.forget(worker);
        self.gateway.worker_lost(worker);
        self.give_out().await
    }

    async fn beat(&mut self, mailbox: &mut Mailbox) -> Result<(), Fault> {
        for worker in self.gateway.silent() {
            tracing::warn!("a worker has said nothing for {} s: it is taken for lost", SILENCE.as_secs());
            self.lost(&worker).await?;
        }
        let clock = |worker: String| self.pool.clock(&worker).map(|clock| (worker, clock));
        let answers: Answers = self.gateway.sessions().into_iter().filter_map(clock).collect();
        if !answers.is_empty() {
            self.post.tell_workers(Head { kind: ANSWERS, run: None, clock: None }, &words::encode(&answers)).await?;
        }
        let gateway = self.gateway;
        self.pool.keep(|number| gateway.waits_for(number), Instant::now());
        mailbox.keep(|_, run| run.is_some_and(|number| gateway.waits_for(number)));
        self.give_out().await?;
        mailbox.check().await
    }
}
