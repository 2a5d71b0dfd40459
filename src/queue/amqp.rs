//! RabbitMQ, and what else speaks AMQP 0.9.1. Each connection has one channel that takes and settles, one that publishes with confirms, and one
//! that asks; nothing is published to an exchange that might not be there, so that no sender's mistake closes a channel on others' jobs. Called by
//! `broker` alone.

pub(super) mod ask;
mod envelope;
mod topology;

use super::broker::{Answer, Delivery, News, Receipt as AnyReceipt};
use crate::amqp::{Dial, fault_of, short};
use crate::config::Config;
use crate::config::queue::Queue as Settings;
use crate::standing::Fault;
use crate::way::within;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use lapin::message::Delivery as Message;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicNackOptions, BasicPublishOptions, BasicQosOptions};
use lapin::options::{BasicConsumeOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Acker, BasicProperties, Channel, Confirmation, Connection, Consumer, Event, PublisherConfirm};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// To connect, agree, declare, all in all.
const CONNECTING: Duration = Duration::from_secs(20);
/// Event frames of one run that are on their way.
const WINDOW: usize = 32;
/// Where the broker has no room for an answer.
const PAUSE: Duration = Duration::from_secs(1);
/// The two reasons why an answer went elsewhere.
const NOBODY: &str = "its reply queue does not exist";
const NOWHERE: &str = "neither its reply queue nor the queue of results exists";

pub(super) struct Amqp {
    dial: Dial,
    settings: Arc<Settings>,
    prefetch: u16,
}

pub(super) struct Session {
    connection: Connection,
    events: BoxStream<'static, Event>,
    /// Takes and settles.
    taking: Channel,
    jobs: Consumer,
    cancels: Consumer,
    /// Asks; a mistake there closes nothing else.
    asking: Channel,
    desk: Desk,
    is_stopping: bool,
    /// No more jobs come.
    is_dry: bool,
}

#[derive(Clone)]
struct Desk {
    publishing: Channel,
    settings: Arc<Settings>,
}

/// What is left of a message when its body is read.
pub(super) struct Receipt {
    desk: Desk,
    properties: BasicProperties,
    acker: Acker,
    /// Event frames of its run that the broker has not confirmed yet.
    window: VecDeque<PublisherConfirm>,
}

impl Amqp {
    pub(super) fn new(dial: Dial, config: &Config) -> Self {
        Self { dial, settings: Arc::new(config.queue.clone()), prefetch: config.jobs_held() }
    }

    pub(super) fn name(&self) -> String {
        format!("{}, queue `{}`", self.dial.name(), self.settings.jobs)
    }

    pub(super) async fn connect(&self) -> Result<Session, Fault> {
        within(CONNECTING, self.begin()).await
    }

    async fn begin(&self) -> Result<Session, Fault> {
        let connection = self.dial.connect("runnel worker").await?;
        let events = connection.events_listener().boxed();
        let open = async || connection.create_channel().await.map_err(|fault| fault_of(&fault));
        let (taking, publishing, asking) = (open().await?, open().await?, open().await?);
        topology::declare(&asking, &self.settings).await?;
        let cancels = topology::cancels(&asking, &self.settings).await?;
        let begun = async {
            publishing.confirm_select(ConfirmSelectOptions::default()).await?;
            taking.basic_qos(self.prefetch, BasicQosOptions::default()).await?;
            let jobs = short(&self.settings.jobs);
            taking.basic_consume(jobs, ShortString::default(), BasicConsumeOptions::default(), FieldTable::default()).await
        };
        let jobs = begun.await.map_err(|fault| fault_of(&fault))?;
        let desk = Desk { publishing, settings: self.settings.clone() };
        Ok(Session { connection, events, taking, jobs, cancels, asking, desk, is_stopping: false, is_dry: false })
    }
}

impl Session {
    pub(super) async fn next(&mut self) -> News {
        loop {
            tokio::select! {
                message = self.jobs.next(), if !self.is_dry => match message {
                    Some(Ok(message)) => return News::Job(Box::new(self.delivery(message))),
                    Some(Err(fault)) => return News::Lost(fault_of(&fault)),
                    // The end that was asked for.
                    None if self.is_stopping => self.is_dry = true,
                    None => return News::Lost(Fault::Away(format!("the queue `{}` is gone", self.desk.settings.jobs))),
                },
                message = self.cancels.next() => match message {
                    Some(Ok(message)) => if let Some(id) = envelope::cancelled(&message) {
                        return News::Cancel(id);
                    },
                    Some(Err(fault)) => return News::Lost(fault_of(&fault)),
                    None => return News::Lost(Fault::Away("the queue of cancels is gone".to_owned())),
                },
                Some(event) = self.events.next() => match event {
                    Event::ConnectionBlocked(why) => return News::Blocked(Some(why)),
                    Event::ConnectionUnblocked => return News::Blocked(None),
                    Event::Error(fault) => return News::Lost(fault_of(&fault)),
                    Event::Connected | Event::SendFlow(_) | _ => {}
                },
            }
        }
    }

    pub(super) async fn waiting(&self) -> Result<u32, Fault> {
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue = self.asking.queue_declare(short(&self.desk.settings.jobs), options, FieldTable::default()).await;
        queue.map(|queue| queue.message_count()).map_err(|fault| fault_of(&fault))
    }

    pub(super) async fn stop(&mut self) -> Result<(), Fault> {
        self.is_stopping = true;
        let tag = self.jobs.tag();
        self.taking.basic_cancel(tag, BasicCancelOptions::default()).await.map_err(|fault| fault_of(&fault))
    }

    pub(super) async fn close(self) {
        let _ = self.connection.close(200, "done".into()).await;
    }

    fn delivery(&self, message: Message) -> Delivery {
        let envelope = envelope::read(&message);
        let Message { properties, data, acker, .. } = message;
        let receipt = Receipt { desk: self.desk.clone(), properties, acker, window: VecDeque::new() };
        Delivery { body: data, envelope, receipt: AnyReceipt::Amqp(Box::new(receipt)) }
    }
}

impl Receipt {
    /// To the reply queue, or else to the results, or else to the dead letters; the job is not lost because its sender left.
    pub(super) async fn answer(&self, answer: &Answer<'_>) -> Result<(), Fault> {
        let properties = envelope::answer(&self.properties, answer);
        let (none, results, body) = (ShortString::default(), short(&self.desk.settings.results), answer.body.as_bytes());
        let Some(reply_to) = self.properties.reply_to() else {
            if self.desk.publish(&none, &results, body, &properties).await? {
                return Ok(());
            }
            return self.desk.publish_dead(body, envelope::with_reason(properties, "the queue of results does not exist")).await;
        };
        if self.desk.publish(&none, reply_to, body, &properties).await? {
            return Ok(());
        }
        let with_reason = envelope::with_reason(properties.clone(), NOBODY);
        if self.desk.publish(&none, &results, body, &with_reason).await? {
            return Ok(());
        }
        self.desk.publish_dead(body, envelope::with_reason(properties, NOWHERE)).await
    }

    /// Whom it does not reach does not want it: events are not kept anywhere.
    pub(super) async fn tell(&mut self, id: &str, frame: &str) -> Result<(), Fault> {
        let Some(reply_to) = self.properties.reply_to() else { return Ok(()) };
        let properties = envelope::event(&self.properties, id);
        let (options, none) = (BasicPublishOptions::default(), ShortString::default());
        let published = self.desk.publishing.basic_publish(none, reply_to.clone(), options, frame.as_bytes(), properties).await;
        self.window.push_back(published.map_err(|fault| fault_of(&fault))?);
        while self.window.len() > WINDOW {
            let Some(oldest) = self.window.pop_front() else { break };
            oldest.await.map_err(|fault| fault_of(&fault))?;
        }
        Ok(())
    }

    pub(super) async fn settle(&self) -> Result<(), Fault> {
        settled(self.acker.ack(BasicAckOptions::default()).await)
    }

    pub(super) async fn put_back(&self) -> Result<(), Fault> {
        settled(self.acker.nack(BasicNackOptions { requeue: true, ..BasicNackOptions::default() }).await)
    }

    pub(super) async fn count(&self, body: &[u8]) -> Result<(), Fault> {
        let properties = envelope::counted(&self.properties);
        let jobs = &self.desk.settings.jobs;
        if self.desk.publish(&ShortString::default(), &short(jobs), body, &properties).await? {
            return self.settle().await;
        }
        Err(Fault::Away(format!("the queue `{jobs}` is gone")))
    }

    pub(super) async fn bury(&self, body: &[u8], reason: &str) -> Result<(), Fault> {
        self.desk.publish_dead(body, envelope::buried(&self.properties, reason)).await?;
        self.settle().await
    }
}

impl Desk {
    async fn publish_dead(&self, body: &[u8], properties: BasicProperties) -> Result<(), Fault> {
        if self.publish(&short(&self.settings.dead), &short(&self.settings.jobs), body, &properties).await? {
            return Ok(());
        }
        // Then it stays where it is, and with the next connection the queue is made again.
        Err(Fault::Away(format!("no queue is bound to the exchange `{}`", self.settings.dead)))
    }

    /// Comes back when the broker has the message; false where no queue was there to take it.
    async fn publish(&self, exchange: &ShortString, key: &ShortString, body: &[u8], properties: &BasicProperties) -> Result<bool, Fault> {
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        loop {
            let published = self.publishing.basic_publish(exchange.clone(), key.clone(), options, body, properties.clone()).await;
            let confirmed = published.map_err(|fault| fault_of(&fault))?.await.map_err(|fault| fault_of(&fault))?;
            match confirmed {
                Confirmation::Ack(returned) => return Ok(returned.is_none()),
                // A queue that is full, or a node that just went.
                Confirmation::Nack(_) => sleep(PAUSE).await,
                Confirmation::NotRequested => return Err(Fault::Away("the broker does not confirm".to_owned())),
            }
        }
    }
}

/// Whether the broker heard it is not told; if not, the job comes again.
fn settled(settled: lapin::Result<bool>) -> Result<(), Fault> {
    match settled {
        Ok(true) => Ok(()),
        Ok(false) => Err(Fault::Away("the channel is closed".to_owned())),
        Err(fault) => Err(fault_of(&fault)),
    }
}
