//! One job from its delivery to its end: read, run, answered, settled, in this order. Whatever ends it before it is settled leaves the job with the broker.

use super::Worker;
use super::broker::{Answer, Delivery, Envelope, Fault, Receipt};
use super::dialect::Spoken;
use super::message::{self, Unfit};
use crate::chance;
use crate::config::queue::Events;
use crate::event::Event;
use crate::job::{Job, Stream};
use crate::lock::lock;
use crate::protocol::parse::Refused;
use crate::protocol::{Code, Refusal, render};
use crate::runner::{self, RETRY, Run};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Larger messages are parsed beside the executor.
const LARGE: usize = 64 << 10;
/// Bytes of chance in an id that is made up.
const CHANCE: usize = 16;

/// A job under way, as cancels know it.
struct Known {
    worker: Arc<Worker>,
    id: String,
    number: u64,
}

impl Drop for Known {
    fn drop(&mut self) {
        lock(&self.worker.cancels).end(&self.id, self.number);
    }
}

/// Whom an answer goes to, and in which words.
struct Asker {
    receipt: Receipt,
    spoken: Option<Spoken>,
}

impl Worker {
    pub(super) async fn work(self: Arc<Self>, delivery: Delivery) -> Result<(), Fault> {
        let gone = delivery.receipt.gone();
        tokio::select! {
            worked = self.see_to(delivery) => worked,
            // Somebody else has it by now.
            () = gone.cancelled() => Ok(()),
        }
    }

    async fn see_to(self: &Arc<Self>, delivery: Delivery) -> Result<(), Fault> {
        let Delivery { body, envelope, receipt } = delivery;
        self.standing.consumed.inc();
        if envelope.is_redelivered {
            self.standing.redelivered.inc();
        }
        let Some(tries) = envelope.tries else {
            self.standing.returned.inc();
            return receipt.count(&body).await;
        };
        if tries >= self.settings.tries {
            let reason = format!("too many tries: it came back {tries} times, `queue.tries` is {}", self.settings.tries);
            return self.bury(&receipt, &body, &reason).await;
        }
        if body.len() > self.settings.most_bytes {
            let reason = format!("too large: {} bytes, the most allowed is {}", body.len(), self.settings.most_bytes);
            return self.bury(&receipt, &body, &reason).await;
        }
        let read = || self.read(&body, &envelope);
        let (spoken, job) = match if body.len() > LARGE { tokio::task::block_in_place(read) } else { read() } {
            Ok(read) => read,
            Err(reason) => return self.bury(&receipt, &body, &reason).await,
        };
        drop(body);
        let asker = Asker { receipt, spoken };
        match job {
            Ok(job) => self.run(asker, job).await,
            Err(refused) => self.refuse(asker, &refused).await,
        }
    }

    /// Fails where nobody can be answered.
    #[expect(clippy::type_complexity, reason = "each of its ends is a step of `see_to`")]
    fn read(&self, body: &[u8], envelope: &Envelope) -> Result<(Option<Spoken>, Result<Job, Box<Refused>>), String> {
        let made_up = format!("queue-{}", chance::hex::<CHANCE>().unwrap_or_default());
        let text = str::from_utf8(body).map_err(|_| "not UTF-8".to_owned())?;
        let Some(dialect) = &self.dialect else {
            return match message::job(text, envelope, &self.rules, self.settings.events, &made_up) {
                Ok(job) => Ok((None, Ok(job))),
                Err(Unfit::Dead(reason)) => Err(reason),
                Err(Unfit::Answer(refused)) => Ok((None, Err(refused))),
            };
        };
        let spoken = dialect.read(text, envelope)?;
        let id = envelope.id.as_deref().unwrap_or(&made_up);
        let refused = |refusal| Box::new(Refused { id: Some(id.to_owned()), refusal });
        let job = match spoken.job() {
            Ok(fields) => message::job(&fields, envelope, &self.rules, Events::Never, &made_up),
            Err(refusal) => Err(Unfit::Answer(refused(refusal))),
        };
        let job = job.map_err(|unfit| match unfit {
            Unfit::Dead(reason) => refused(Refusal::new(Code::BadJson, reason)),
            Unfit::Answer(refused) => refused,
        });
        Ok((Some(spoken), job))
    }

    async fn run(self: &Arc<Self>, mut asker: Asker, job: Job) -> Result<(), Fault> {
        let (number, cancel) = lock(&self.cancels).begin(&job.id);
        let _known = Known { worker: self.clone(), id: job.id.clone(), number };
        let tells = job.stream != Stream::Quiet;
        let id = job.id.clone();
        let mut run = match self.start(job, &cancel).await {
            Ok(run) => run,
            Err(runner::Refused::ShuttingDown) => {
                self.standing.returned.inc();
                return asker.receipt.put_back().await;
            }
            Err(refused) => return self.refuse(asker, &Refused { id: Some(id), refusal: message::refusal(&refused) }).await,
        };
        let mut last = None;
        while let Some(event) = run.next().await {
            let is_last = matches!(event, Event::Ended(_));
            if !is_last && !tells {
                continue;
            }
            let frame = render::event(&id, run.job().meta.as_deref(), &event);
            if is_last {
                last = Some(frame);
            } else {
                asker.receipt.tell(&id, &frame).await?;
            }
        }
        // The place is free for the next one while the broker writes.
        drop(run);
        let Some(last) = last else { return Err(Fault::Away("a run has no end".to_owned())) };
        self.answer(asker, &id, "result", last).await
    }

    /// Waits while this machine has no room: the job is ours, and as long as we have it we get no other in its place.
    async fn start(&self, job: Job, cancel: &CancellationToken) -> Result<Run, runner::Refused> {
        loop {
            match self.runner.start(job.clone(), cancel.clone()) {
                Err(runner::Refused::Busy) => tokio::time::sleep(RETRY).await,
                started => return started,
            }
        }
    }

    async fn refuse(&self, asker: Asker, refused: &Refused) -> Result<(), Fault> {
        let Refused { id, refusal } = refused;
        let refusal: &Refusal = refusal;
        self.runner.metrics().refusal(refusal.code.word()).inc();
        let frame = render::error(id.as_deref(), refusal);
        self.answer(asker, id.as_deref().unwrap_or_default(), "error", frame).await
    }

    async fn answer(&self, asker: Asker, id: &str, kind: &'static str, frame: String) -> Result<(), Fault> {
        let Asker { receipt, spoken } = asker;
        let (body, headers) = match spoken {
            Some(spoken) => spoken.answer(id, kind, &frame),
            None => (frame, Vec::new()),
        };
        receipt.answer(&Answer { id, kind, body: &body, headers: &headers }).await?;
        self.standing.published.inc();
        receipt.settle().await
    }

    async fn bury(&self, receipt: &Receipt, body: &[u8], reason: &str) -> Result<(), Fault> {
        // The reason may quote what was sent; the log only says that there is something to look at.
        tracing::warn!("a message of {} bytes went to the dead letters", body.len());
        receipt.bury(body, reason).await?;
        self.standing.dead.inc();
        Ok(())
    }
}
