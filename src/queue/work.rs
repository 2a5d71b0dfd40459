//! One job from its delivery to its end: read, run, answered, settled, in this order. Whatever ends it before it is settled leaves the job with the broker.

use super::Worker;
use super::broker::{Delivery, Desk, Fault, Receipt, Window};
use super::message::{self, Unfit};
use crate::chance;
use crate::event::Event;
use crate::job::{Job, Stream};
use crate::lock::lock;
use crate::protocol::parse::Refused;
use crate::protocol::{Refusal, render};
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

impl Worker {
    pub(super) async fn work(self: Arc<Self>, desk: Desk, delivery: Delivery) -> Result<(), Fault> {
        let Delivery { body, envelope, receipt } = delivery;
        self.standing.consumed.inc();
        if envelope.is_redelivered {
            self.standing.redelivered.inc();
        }
        let Some(tries) = envelope.tries else {
            self.standing.returned.inc();
            return desk.count(&receipt, &body).await;
        };
        if tries >= self.settings.tries {
            let reason = format!("too many tries: it came back {tries} times, `queue.tries` is {}", self.settings.tries);
            return self.bury(&desk, &receipt, &body, &reason).await;
        }
        if body.len() > self.settings.most_bytes {
            let reason = format!("too large: {} bytes, the most allowed is {}", body.len(), self.settings.most_bytes);
            return self.bury(&desk, &receipt, &body, &reason).await;
        }
        let made_up = format!("queue-{}", chance::hex::<CHANCE>().unwrap_or_default());
        let read = || message::job(&body, &envelope, &self.rules, self.settings.events, &made_up);
        let job = match if body.len() > LARGE { tokio::task::block_in_place(read) } else { read() } {
            Ok(job) => job,
            Err(Unfit::Dead(reason)) => return self.bury(&desk, &receipt, &body, &reason).await,
            Err(Unfit::Answer(refused)) => return self.refuse(&desk, &receipt, &refused).await,
        };
        drop(body);
        self.run(&desk, &receipt, job).await
    }

    async fn run(self: Arc<Self>, desk: &Desk, receipt: &Receipt, job: Job) -> Result<(), Fault> {
        let (number, cancel) = lock(&self.cancels).begin(&job.id);
        let _known = Known { worker: self.clone(), id: job.id.clone(), number };
        let tells = job.stream != Stream::Quiet;
        let id = job.id.clone();
        let mut run = match self.start(job, &cancel).await {
            Ok(run) => run,
            Err(runner::Refused::ShuttingDown) => {
                self.standing.returned.inc();
                return desk.put_back(receipt).await;
            }
            Err(refused) => return self.refuse(desk, receipt, &Refused { id: Some(id), refusal: message::refusal(&refused) }).await,
        };
        let (mut last, mut window) = (None, Window::default());
        while let Some(event) = run.next().await {
            let is_last = matches!(event, Event::Ended(_));
            if !is_last && !tells {
                continue;
            }
            let frame = render::event(&id, run.job().meta.as_deref(), &event);
            if is_last {
                last = Some(frame);
            } else {
                desk.tell(receipt, &id, &frame, &mut window).await?;
            }
        }
        // The place is free for the next one while the broker writes.
        drop(run);
        let Some(last) = last else { return Err(Fault::Away("a run has no end".to_owned())) };
        self.answer(desk, receipt, &id, "result", &last).await
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

    async fn refuse(&self, desk: &Desk, receipt: &Receipt, refused: &Refused) -> Result<(), Fault> {
        let Refused { id, refusal } = refused;
        let refusal: &Refusal = refusal;
        self.runner.metrics().refusal(refusal.code.word()).inc();
        let frame = render::error(id.as_deref(), refusal);
        self.answer(desk, receipt, id.as_deref().unwrap_or_default(), "error", &frame).await
    }

    async fn answer(&self, desk: &Desk, receipt: &Receipt, id: &str, kind: &'static str, frame: &str) -> Result<(), Fault> {
        desk.answer(receipt, id, kind, frame).await?;
        self.standing.published.inc();
        desk.settle(receipt).await
    }

    async fn bury(&self, desk: &Desk, receipt: &Receipt, body: &[u8], reason: &str) -> Result<(), Fault> {
        // The reason may quote what was sent; the log only says that there is something to look at.
        tracing::warn!("a message of {} bytes went to the dead letters", body.len());
        desk.bury(receipt, body, reason).await?;
        self.standing.dead.inc();
        Ok(())
    }
}
