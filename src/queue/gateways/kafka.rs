//! Gateways' jobs over Kafka: they come to this worker's own mailbox from the gateway that has chosen it, and what happens goes to the gateway's. Says each second, and when
//! its places change, what it has; what gateways answer to that is its lease (`lease`). Called by `gateways`. Tells nothing of a run whose gateway's lease has run out, but
//! that it is lost.

use super::lease::{Leases, Renewed};
use super::post::{Key, Offer, Post as AnyPost, Receipt};
use super::{Host, Works};
use crate::gateway::kafka::beats;
use crate::gateway::kafka::letter::{ANSWERS, Answers, FULL, GONE, Head, Letter, PRESENCE, Presence};
use crate::gateway::kafka::mail::{self, Mailbox, Owner};
use crate::gateway::words;
use crate::kafka::Dial;
use crate::standing::Fault;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, interval, sleep_until};
use tokio_util::sync::CancellationToken;

/// How often leases are looked at.
const LOOKING: Duration = Duration::from_millis(250);
/// Between two words on places that have changed.
const SPACING: Duration = Duration::from_millis(100);

pub(super) struct Session {
    mailbox: Mailbox,
    post: Post,
}

#[derive(Clone)]
pub(super) struct Post {
    mail: mail::Post,
    leases: Arc<Leases>,
}

impl Session {
    pub(super) async fn connect(dial: &Dial, host: &Host) -> Result<Self, Fault> {
        let mailbox = Mailbox::open(dial, &host.settings, Owner::Worker).await?;
        let post = Post { mail: mailbox.post().clone(), leases: Arc::default() };
        Ok(Self { mailbox, post })
    }

    /// None after an end that was asked for.
    pub(super) async fn attend(self, host: &Arc<Host>, shutdown: &CancellationToken) -> Option<Fault> {
        let Self { mut mailbox, post } = self;
        let mut works = Works::default();
        let (mut beating, mut looking) = (beats(), interval(LOOKING));
        let mut changes = host.runner.engines().changes();
        let (mut told, mut has_changed) = (Instant::now(), false);
        let fault = loop {
            if works.is_over() {
                break None;
            }
            let is_stopping = works.is_stopping();
            let done = tokio::select! {
                () = shutdown.cancelled(), if !is_stopping => {
                    works.stop(host.grace);
                    has_changed = true;
                    Ok(())
                }
                letter = mailbox.next() => match letter {
                    Ok(letter) => match post.hear(host, letter, is_stopping) {
                        Heard::Nothing => Ok(()),
                        Heard::Job(offer) => {
                            works.begin(host, AnyPost::Kafka(post.clone()), offer);
                            Ok(())
                        }
                        Heard::TooMuch(key) => post.full(&key).await,
                    },
                    Err(fault) => Err(fault),
                },
                worked = works.changed() => worked,
                _ = beating.tick() => {
                    has_changed = true;
                    mailbox.keep(|gateway, _| post.leases.holds(gateway));
                    mailbox.check().await
                }
                Ok(()) = changes.changed() => {
                    has_changed = true;
                    Ok(())
                }
                () = host.lives.changed() => {
                    has_changed = true;
                    Ok(())
                }
                () = sleep_until(told + SPACING), if has_changed => {
                    (told, has_changed) = (Instant::now(), false);
                    post.announce(host, is_stopping).await
                }
                _ = looking.tick() => {
                    post.leases.run_out(host.lives.gateways()).iter().for_each(|gateway| host.lives.gateway_lost(gateway));
                    Ok(())
                }
            };
            if let Err(fault) = done {
                break Some(fault);
            }
        };
        works.end().await;
        if fault.is_none() {
            let _ = post.mail.tell_gateways(Head { kind: GONE, run: None, clock: None }, &[]).await;
            mailbox.close().await;
        }
        fault
    }
}

enum Heard {
    Nothing,
    Job(Offer),
    /// There is no place for it.
    TooMuch(Key),
}

impl Post {
    fn hear(&self, host: &Host, letter: Letter, is_stopping: bool) -> Heard {
        let Letter { kind, from, run, clock, body } = letter;
        let answered = || {
            let answers = postcard::from_bytes::<Answers>(&body).ok()?;
            answers.into_iter().find(|(worker, _)| worker == self.mail.name()).map(|(_, clock)| clock)
        };
        if let Some(clock) = if kind == ANSWERS { answered() } else { clock }
            && kind != PRESENCE
            && self.leases.renew(&from, clock) == Renewed::RanOut
        {
            // Before anything is done under the new one.
            host.lives.gateway_lost(&from);
        }
        let Some(run) = run else { return Heard::Nothing };
        let key = Key { gateway: from, run };
        if kind == words::CONTROL {
            if let Ok(control) = postcard::from_bytes(&body) {
                host.lives.obey(&key, control);
            }
            return Heard::Nothing;
        }
        if is_stopping || !self.leases.holds(&key.gateway) || host.lives.taken() >= u32::from(host.places) {
            return Heard::TooMuch(key);
        }
        Heard::Job(Offer { key, kind, body, is_redelivered: false, receipt: Receipt::Kafka })
    }

    async fn announce(&self, host: &Host, is_stopping: bool) -> Result<(), Fault> {
        let mut announcement = host.announcement();
        if is_stopping {
            announcement.places = 0;
        }
        let presence = Presence { announcement, taken: host.lives.taken_by_gateway() };
        let head = Head { kind: PRESENCE, run: None, clock: Some(self.leases.clock()) };
        self.mail.tell_gateways(head, &words::encode(&presence)).await
    }

    pub(super) async fn tell(&self, key: &Key, kind: &'static str, body: &[u8]) -> Result<(), Fault> {
        // Whoever looks at the leases ends it; until then it is not for us to say anything.
        if !self.leases.holds(&key.gateway) {
            return Ok(());
        }
        self.send(key, kind, body).await
    }

    pub(super) async fn lost(&self, key: &Key) -> Result<(), Fault> {
        self.send(key, words::LOST, &[]).await
    }

    pub(super) async fn full(&self, key: &Key) -> Result<(), Fault> {
        self.send(key, FULL, &[]).await
    }

    async fn send(&self, key: &Key, kind: &'static str, body: &[u8]) -> Result<(), Fault> {
        self.mail.send(&key.gateway, Head { kind, run: Some(key.run), clock: None }, body).await
    }
}
