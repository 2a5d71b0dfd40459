//! Kafka, and what else speaks its protocol. One consumer takes from a group's share of the partitions, on a thread of its own since the client waits there;
//! one idempotent producer publishes. A second bookmark beside the group's own, in the group `….begun`, says how far jobs were begun: what lies between the two
//! when a worker gets a partition may have been run before, and counts a try. Called by `broker` alone.

pub(super) mod ask;
mod headers;
mod ledger;
mod taking;

use super::broker::{Answer, Fault, News};
use crate::config::Config;
use crate::config::queue::Queue as Settings;
use crate::kafka::{self, Dial, Silent, Wanted, fault_of, unusable};
use crate::protocol::{Code, Refusal, render};
use ledger::Ticket;
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Message, OwnedHeaders, OwnedMessage};
use rdkafka::producer::future_producer::DeliveryFuture;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::util::Timeout;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use taking::{Shared, Watch};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_util::sync::CancellationToken;

/// News that the session has not read yet, beside the jobs, which are as many as there are places.
const NEWS: usize = 16;
/// Event frames of one run that are on their way.
const WINDOW: usize = 32;
/// What is left of a message that the topic of dead letters won't take, in bytes.
const STUMP: usize = 256 << 10;

pub(super) struct Kafka {
    dial: Dial,
    settings: Arc<Settings>,
    most: u16,
    grace: Duration,
}

pub(super) struct Session {
    news: mpsc::Receiver<News>,
    shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// Where answers go.
struct Desk {
    producer: FutureProducer<Silent>,
    settings: Arc<Settings>,
}

/// A job under way: its message without the body, and its place in the partition.
pub(super) struct Receipt {
    desk: Arc<Desk>,
    shared: Arc<Shared>,
    message: OwnedMessage,
    ticket: Ticket,
    /// Event frames of its run that the broker has not confirmed yet.
    window: VecDeque<DeliveryFuture>,
    _place: OwnedSemaphorePermit,
}

impl Kafka {
    pub(super) fn new(dial: Dial, config: &Config) -> Self {
        Self { dial, settings: Arc::new(config.queue.clone()), most: config.jobs_held(), grace: config.connection.grace() }
    }

    pub(super) fn name(&self) -> String {
        format!("{}, topic `{}`", self.dial.name(), self.settings.jobs)
    }

    pub(super) async fn connect(&self) -> Result<Session, Fault> {
        let (tell, news) = mpsc::channel(usize::from(self.most) + NEWS);
        let shared = Arc::new(Shared::new(tell, self.most, self.grace));
        let (consumer, there) = {
            let (config, shared) = (self.taking(), shared.clone());
            let asked = tokio::task::spawn_blocking(move || {
                let watch = Watch::new(shared.clone());
                let consumer: BaseConsumer<Watch> = config.create_with_context(watch).map_err(|fault| unusable(&fault))?;
                let there = kafka::ask(&consumer, &shared.wrong)?;
                Ok((consumer, there))
            });
            asked.await.unwrap_or_else(|fault| Err(Fault::Away(fault.to_string())))?
        };
        let Settings { jobs, results, dead, partitions, declare, .. } = &*self.settings;
        let wanted = [(jobs, *partitions), (results, *partitions), (dead, 1)];
        let wanted = wanted.map(|(name, partitions)| Wanted { name, partitions, settings: &[] });
        kafka::topics(&self.dial.config, &wanted, *declare, &there).await?;
        let begun = self.begun().create_with_context(Silent).map_err(|fault| unusable(&fault))?;
        let producer = publishing(&self.dial.config).create_with_context(Silent).map_err(|fault| unusable(&fault))?;
        let desk = Arc::new(Desk { producer, settings: self.settings.clone() });
        let taker = taking::Taker::new(consumer, begun, desk, shared.clone(), Handle::current());
        let thread = std::thread::Builder::new().name("kafka".to_owned()).spawn(move || taker.run());
        let thread = Some(thread.map_err(|fault| Fault::Away(fault.to_string()))?);
        Ok(Session { news, shared, thread })
    }

    fn taking(&self) -> rdkafka::ClientConfig {
        let mut config = self.dial.config.clone();
        config.set("group.id", &self.settings.group).set("partition.assignment.strategy", "cooperative-sticky");
        config.set("enable.auto.commit", "false").set("enable.auto.offset.store", "false").set("auto.offset.reset", "earliest");
        // How soon a worker that was killed is missed.
        config.set("session.timeout.ms", "10000").set("heartbeat.interval.ms", "2000");
        // What is fetched ahead.
        config.set("queued.max.messages.kbytes", "16384").set("statistics.interval.ms", "2000");
        config
    }

    fn begun(&self) -> rdkafka::ClientConfig {
        let mut config = self.dial.config.clone();
        config.set("group.id", format!("{}.begun", self.settings.group)).set("enable.auto.commit", "false");
        config
    }
}

fn publishing(common: &rdkafka::ClientConfig) -> rdkafka::ClientConfig {
    let mut config = common.clone();
    config.set("enable.idempotence", "true").set("acks", "all").set("linger.ms", "1");
    // Longer is as good as lost. How large a message may be is the topic's business.
    config.set("message.timeout.ms", "30000").set("message.max.bytes", "268435456").set("queue.buffering.max.kbytes", "524288");
    config
}

impl Session {
    pub(super) async fn next(&mut self) -> News {
        match self.news.recv().await {
            Some(news) => news,
            None => News::Lost(Fault::Away("the client has ended".to_owned())),
        }
    }

    pub(super) fn waiting(&self) -> Option<u64> {
        self.shared.waiting()
    }

    pub(super) fn stop(&self) {
        self.shared.stop();
    }

    pub(super) async fn close(mut self) {
        self.shared.end();
        if let Some(thread) = self.thread.take() {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

impl Drop for Session {
    /// Without waiting: a broker that is away has no time for goodbyes.
    fn drop(&mut self) {
        self.shared.end();
    }
}

impl Desk {
    async fn publish(&self, topic: &str, key: &[u8], headers: OwnedHeaders, body: &[u8]) -> Result<(), KafkaError> {
        let record = FutureRecord::to(topic).key(key).payload(body).headers(headers);
        self.producer.send(record, Timeout::Never).await.map(drop).map_err(|(fault, _)| fault)
    }
}

impl Receipt {
    pub(super) async fn answer(&self, answer: &Answer<'_>) -> Result<(), Fault> {
        let results = &self.desk.settings.results;
        let (key, headers) = (answer.id.as_bytes(), headers::answer(&self.message, answer));
        match self.desk.publish(results, key, headers, answer.body.as_bytes()).await {
            Err(fault) if is_too_large(&fault) => {}
            published => return published.map_err(|fault| fault_of(&fault)),
        }
        let text = format!(
            "the result has {} bytes, more than the topic `{results}` takes\nhint: raise its `max.message.bytes`",
            answer.body.len()
        );
        let body = render::error(Some(answer.id), &Refusal::new(Code::TooLarge, text));
        let instead = Answer { id: answer.id, kind: "error", body: &body, headers: answer.headers };
        let published = self.desk.publish(results, key, headers::answer(&self.message, &instead), body.as_bytes()).await;
        published.map_err(|fault| fault_of(&fault))
    }

    pub(super) async fn tell(&mut self, id: &str, frame: &str) -> Result<(), Fault> {
        let desk = self.desk.clone();
        loop {
            let headers = headers::event(&self.message, id);
            let record = FutureRecord::to(&desk.settings.results).key(id).payload(frame).headers(headers);
            match desk.producer.send_result(record) {
                Ok(told) => break self.window.push_back(told),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) if !self.window.is_empty() => {}
                Err((fault, _)) => return Err(fault_of(&fault)),
            }
            self.told().await?;
        }
        if self.window.len() > WINDOW { self.told().await } else { Ok(()) }
    }

    async fn told(&mut self) -> Result<(), Fault> {
        let Some(oldest) = self.window.pop_front() else { return Ok(()) };
        match oldest.await {
            Ok(Ok(_)) => Ok(()),
            // An event that is too large is missed; the result tells it all.
            Ok(Err((fault, _))) if is_too_large(&fault) => Ok(()),
            Ok(Err((fault, _))) => Err(fault_of(&fault)),
            Err(_) => Err(Fault::Away("the client has ended".to_owned())),
        }
    }

    pub(super) fn settle(&self) {
        self.shared.settle(&self.ticket);
    }

    /// Into the partition that it came from, behind all that is there.
    pub(super) async fn count(&self, body: &[u8]) -> Result<(), Fault> {
        let headers = headers::counted(&self.message);
        let record = FutureRecord::to(&self.desk.settings.jobs).partition(self.ticket.partition).payload(body).headers(headers);
        let record = if let Some(key) = self.message.key() { record.key(key) } else { record };
        let sent = self.desk.producer.send(record, Timeout::Never).await;
        sent.map_err(|(fault, _)| fault_of(&fault))?;
        self.settle();
        Ok(())
    }

    pub(super) async fn bury(&self, body: &[u8], reason: &str) -> Result<(), Fault> {
        let (dead, key) = (&self.desk.settings.dead, self.message.key().unwrap_or_default());
        let headers = headers::buried(&self.message, reason);
        match self.desk.publish(dead, key, headers.clone(), body).await {
            Err(fault) if is_too_large(&fault) => {
                let stump = &body[..body.len().min(STUMP)];
                self.desk.publish(dead, key, headers::cut(headers, body.len()), stump).await.map_err(|fault| fault_of(&fault))?;
            }
            published => published.map_err(|fault| fault_of(&fault))?,
        }
        self.settle();
        Ok(())
    }

    pub(super) fn gone(&self) -> CancellationToken {
        self.ticket.gone.clone()
    }
}

fn is_too_large(fault: &KafkaError) -> bool {
    matches!(fault.rdkafka_error_code(), Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessageSize))
}
