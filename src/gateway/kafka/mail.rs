//! A mailbox in Kafka, for a gateway or a worker: one partition of a topic that all share, of which its owner reads the letters to it from the moment it comes. Nothing is
//! made for it and nothing stays of it. Called by `gateway::kafka` and `queue::gateways`. Never takes part in a consumer group: who is gone is not the cluster's business.

use super::super::words;
use super::letter::{self, Head, Letter, MOST, PIECE, Pieces};
use crate::chance;
use crate::config::backend::Backend as Settings;
use crate::kafka::{self, Dial, Telling, Wanted, Wrong, fault_of, judged, unusable};
use crate::standing::Fault;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::metadata::Metadata;
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::time::sleep;

/// For the cluster to say where a partition ends.
const ASKING: Duration = Duration::from_secs(10);
/// For topics that were made to be there everywhere.
const SETTLING: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(100);
/// So many letters to ourselves may be on their way, one each second, before the cluster is taken for lost.
const UNANSWERED: u32 = 10;
/// A letter that the cluster has not taken by then is of no use to anybody. Much longer than a process may stand still: an idempotent producer that gives one up begins anew.
const LATE: Duration = Duration::from_secs(60);
/// Where the client's own queue is full.
const FULL: Duration = Duration::from_millis(5);
/// For letters on their way to reach the cluster at the end.
const LEAVING: Duration = Duration::from_secs(2);
/// The partition of the workers' topic in which they tell what they have: all gateways read all of it. The next one is the gateways', and read by workers.
const PRESENT: i32 = 0;
/// Letters are of no use after a minute; a segment is gone when it is closed and that old.
const SHORT: &[(&str, &str)] = &[("cleanup.policy", "delete"), ("retention.ms", "600000"), ("segment.ms", "600000")];

/// What comes, and what is wrong.
pub(crate) struct Mailbox {
    settings: Settings,
    reader: Reader,
    watch: Arc<Watch>,
    pieces: Pieces,
    post: Post,
    /// Letters to ourselves since anything has come.
    unanswered: u32,
}

/// Where letters go.
#[derive(Clone)]
pub(crate) struct Post(Arc<Office>);

struct Office {
    producer: ThreadedProducer<Watcher>,
    watch: Arc<Watch>,
    topic: String,
    workers: String,
    partitions: i32,
    /// The partition of `workers` in which gateways answer.
    answers: i32,
    name: String,
}

/// What the client has said is wrong, until somebody asks.
#[derive(Default)]
struct Watch {
    wrong: Wrong,
    told: Notify,
}

struct Watcher {
    watch: Arc<Watch>,
    /// A client that reads is never idle, so it knows best whether somebody is there.
    reads: bool,
}

/// Ended beside the executor, since that takes a moment.
struct Reader(Option<StreamConsumer<Watcher>>);

impl Drop for Reader {
    fn drop(&mut self) {
        if let (Some(consumer), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn_blocking(move || drop(consumer));
        }
    }
}

/// Who has a mailbox.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Reads what workers tell all as well.
    Gateway,
    /// Reads what gateways answer to that: not in its mailbox, where a large job may be before it.
    Worker,
}

impl Mailbox {
    pub(crate) async fn open(dial: &Dial, settings: &Settings, owner: Owner) -> Result<Self, Fault> {
        let mut reading = dial.config.clone();
        // The client wants a name for a group, and with partitions of one's own choice there is none.
        reading.set("group.id", &settings.queue).set("enable.auto.commit", "false").set("enable.auto.offset.store", "false");
        // Where we were is gone: then so are letters to us.
        reading.set("auto.offset.reset", "error");
        reading.set("fetch.wait.max.ms", settings.fetch_ms.to_string()).set("fetch.error.backoff.ms", "100");
        reading.set("fetch.queue.backoff.ms", "10").set("queued.max.messages.kbytes", "16384");
        let scout = scout(&reading).await?;
        let there = asked(&scout).await?;
        let topics = [(&settings.queue, settings.partitions), (&settings.workers, 2)];
        let wanted = topics.map(|(name, partitions)| Wanted { name, partitions, settings: SHORT });
        kafka::topics(&dial.config, &wanted, true, &there).await?;
        let partitions = settled(&scout, &settings.queue).await?;
        let answers = (settled(&scout, &settings.workers).await? - 1).min(PRESENT + 1);

        let chance = chance::hex::<8>().map_err(|fault| Fault::Away(fault.to_string()))?;
        let partition = chosen(&chance, partitions);
        let name = format!("{partition}.{chance}");
        let of_all = if owner == Owner::Gateway { PRESENT } else { answers };
        let places = vec![(settings.queue.clone(), partition), (settings.workers.clone(), of_all)];
        let ends = ends(scout, places).await?;
        let watch = Arc::new(Watch::default());
        let watcher = |reads| Watcher { watch: watch.clone(), reads };
        let consumer: StreamConsumer<Watcher> = reading.create_with_context(watcher(true)).map_err(|fault| unusable(&fault))?;
        consumer.assign(&ends).map_err(|fault| fault_of(&fault))?;
        let producer = writing(&dial.config).create_with_context(watcher(false)).map_err(|fault| unusable(&fault))?;
        let (topic, workers) = (settings.queue.clone(), settings.workers.clone());
        let office = Office { producer, watch: watch.clone(), topic, workers, partitions, answers, name };
        Ok(Self {
            settings: settings.clone(),
            reader: Reader(Some(consumer)),
            watch,
            pieces: Pieces::default(),
            post: Post(Arc::new(office)),
            unanswered: 0,
        })
    }

    pub(crate) fn post(&self) -> &Post {
        &self.post
    }

    /// The next letter to us, or to all gateways. Cancel safe.
    pub(crate) async fn next(&mut self) -> Result<Letter, Fault> {
        loop {
            if let Some(fault) = self.watch.wrong.take() {
                return Err(fault);
            }
            let Some(consumer) = &self.reader.0 else { return Err(Fault::Away("the client has ended".to_owned())) };
            let message = tokio::select! {
                biased;
                () = self.watch.told.notified() => continue,
                message = consumer.recv() => message,
            };
            let message = match message {
                Ok(message) => message,
                Err(fault) if is_passing(&fault) => continue,
                Err(fault) => return Err(fault_of(&fault)),
            };
            let name = self.post.0.name.as_str();
            if message.topic() == self.settings.queue {
                // Whatever it is, what is written there comes.
                self.unanswered = 0;
                // Others have their mailboxes in the same partition.
                if message.key() != Some(name.as_bytes()) {
                    continue;
                }
            }
            let Some((letter, is_more)) = letter::read(&message) else { continue };
            if letter.from == name {
                continue;
            }
            if let Some(letter) = self.pieces.add(letter, is_more) {
                return Ok(letter);
            }
        }
    }

    /// Each second: writes to ourselves, to know that what is written comes.
    pub(crate) async fn check(&mut self) -> Result<(), Fault> {
        if self.unanswered > UNANSWERED {
            return Err(Fault::Away(format!("nothing of what is sent comes back, for {UNANSWERED} s")));
        }
        self.unanswered += 1;
        let head = Head { kind: words::PING, run: None, clock: None };
        self.post.send(&self.post.0.name, head, &[]).await
    }

    /// Forgets letters of which not all has come where nobody waits for them any more.
    pub(crate) fn keep(&mut self, is_wanted: impl Fn(&str, Option<u64>) -> bool) {
        self.pieces.keep(is_wanted);
    }

    /// The last letters go out first.
    pub(crate) async fn close(self) {
        let office = self.post.0.clone();
        let _ = tokio::task::spawn_blocking(move || office.producer.flush(LEAVING)).await;
    }
}

impl Post {
    /// Our own mailbox.
    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// To one mailbox.
    pub(crate) async fn send(&self, to: &str, head: Head<'_>, body: &[u8]) -> Result<(), Fault> {
        // Who calls itself otherwise has no mailbox.
        match partition_of(to).filter(|partition| (0..self.0.partitions).contains(partition)) {
            Some(partition) => self.0.write(&self.0.topic, partition, to, head, body).await,
            None => Ok(()),
        }
    }

    /// To all gateways.
    pub(crate) async fn tell_gateways(&self, head: Head<'_>, body: &[u8]) -> Result<(), Fault> {
        self.0.write(&self.0.workers, PRESENT, &self.0.name, head, body).await
    }

    /// To all workers.
    pub(crate) async fn tell_workers(&self, head: Head<'_>, body: &[u8]) -> Result<(), Fault> {
        self.0.write(&self.0.workers, self.0.answers, &self.0.name, head, body).await
    }
}

impl Office {
    async fn write(&self, topic: &str, partition: i32, key: &str, head: Head<'_>, body: &[u8]) -> Result<(), Fault> {
        if body.len() > MOST {
            return Err(Fault::Away(format!("a letter of {} bytes, the most allowed is {MOST}", body.len())));
        }
        let (mut rest, mut is_first) = (body, true);
        while is_first || !rest.is_empty() {
            let (piece, left) = rest.split_at(rest.len().min(PIECE));
            (rest, is_first) = (left, false);
            let headers = head.headers(&self.name, !rest.is_empty());
            let mut record = BaseRecord::to(topic).partition(partition).key(key).payload(piece).headers(headers);
            loop {
                match self.producer.send(record) {
                    Ok(()) => break,
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => record = again,
                    Err((fault, _)) => return Err(fault_of(&fault)),
                }
                if let Some(fault) = self.watch.wrong.get() {
                    return Err(fault);
                }
                sleep(FULL).await;
            }
        }
        Ok(())
    }
}

fn partition_of(mailbox: &str) -> Option<i32> {
    mailbox.split_once('.')?.0.parse().ok()
}

/// Anyone, since nobody knows who else reads which.
fn chosen(chance: &str, partitions: i32) -> i32 {
    let number = u32::from_str_radix(&chance[..chance.len().min(7)], 16).unwrap_or_default();
    i32::try_from(number).unwrap_or_default() % partitions.max(1)
}

/// Idempotent, so that letters keep their order whatever happens on the way. It asks that all replicas have them, which costs nothing here: nobody reads them before that.
fn writing(common: &ClientConfig) -> ClientConfig {
    let mut config = common.clone();
    config.set("enable.idempotence", "true").set("acks", "all").set("linger.ms", "0");
    config.set("message.timeout.ms", LATE.as_millis().to_string()).set("queue.buffering.max.kbytes", "65536");
    config
}

/// Finds out what is to be known before letters come. A client of its own, since one that is waited for can't be asked.
async fn scout(config: &ClientConfig) -> Result<Arc<BaseConsumer<Telling>>, Fault> {
    let config = config.clone();
    beside(move || config.create_with_context(Telling::default()).map(Arc::new).map_err(|fault| unusable(&fault))).await
}

async fn asked(scout: &Arc<BaseConsumer<Telling>>) -> Result<Metadata, Fault> {
    let scout = scout.clone();
    beside(move || kafka::ask(&scout, scout.context().wrong())).await
}

/// Waits until each partition of the topic has somebody who leads it; how many there are.
async fn settled(scout: &Arc<BaseConsumer<Telling>>, name: &str) -> Result<i32, Fault> {
    let begun = Instant::now();
    loop {
        let there = asked(scout).await?;
        let topic = there.topics().iter().find(|topic| topic.name() == name && topic.error().is_none());
        let partitions = topic.map(|topic| topic.partitions()).unwrap_or_default();
        if !partitions.is_empty() && partitions.iter().all(|partition| partition.leader() >= 0) {
            return Ok(i32::try_from(partitions.len()).unwrap_or(i32::MAX));
        }
        if begun.elapsed() > SETTLING {
            return Err(Fault::Away(format!("the topic `{name}` is not there after {} s", SETTLING.as_secs())));
        }
        sleep(PAUSE).await;
    }
}

/// Where each ends: what was written before we came is not for us.
async fn ends(scout: Arc<BaseConsumer<Telling>>, places: Vec<(String, i32)>) -> Result<TopicPartitionList, Fault> {
    beside(move || {
        let mut list = TopicPartitionList::new();
        for (topic, partition) in places {
            let (_, end) = scout.fetch_watermarks(&topic, partition, ASKING).map_err(|fault| fault_of(&fault))?;
            list.add_partition_offset(&topic, partition, Offset::Offset(end)).map_err(|fault| fault_of(&fault))?;
        }
        Ok(list)
    })
    .await
}

async fn beside<Output: Send + 'static>(task: impl FnOnce() -> Result<Output, Fault> + Send + 'static) -> Result<Output, Fault> {
    tokio::task::spawn_blocking(task).await.unwrap_or_else(|fault| Err(Fault::Away(fault.to_string())))
}

/// What the client gets over by itself; if it does not, nothing comes back to us, and that is noticed.
fn is_passing(fault: &KafkaError) -> bool {
    matches!(
        fault.rdkafka_error_code(),
        Some(RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::OperationTimedOut | RDKafkaErrorCode::NotLeaderForPartition)
    )
}

impl Watch {
    fn tell(&self, fault: Fault) {
        self.wrong.tell(fault);
        self.told.notify_one();
    }
}

impl ClientContext for Watcher {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn error(&self, fault: KafkaError, reason: &str) {
        let code = fault.rdkafka_error_code();
        let is_lost = match code {
            Some(RDKafkaErrorCode::AllBrokersDown | RDKafkaErrorCode::UnknownTopicOrPartition) => self.reads,
            Some(RDKafkaErrorCode::Fatal) => true,
            Some(_) | None => false,
        };
        let judged = judged(code, reason);
        if is_lost || matches!(judged, Fault::Refused(_)) {
            self.watch.tell(judged);
        }
    }
}

impl ConsumerContext for Watcher {}

impl ProducerContext for Watcher {
    type DeliveryOpaque = ();

    /// A letter that is lost can't be missed by those after it.
    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((fault, _)) = result {
            self.watch.tell(match fault.rdkafka_error_code() {
                Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessageSize) => {
                    Fault::Away(format!("the topic takes no {PIECE} bytes in one message: its `max.message.bytes` is too low"))
                }
                Some(_) | None => fault_of(fault),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailboxs_name_says_where_it_is() {
        for chance in ["0000000000000000", "ffffffffffffffff", "0123456789abcdef"] {
            let partition = chosen(chance, 12);
            assert!((0..12).contains(&partition));
            assert_eq!(partition_of(&format!("{partition}.{chance}")), Some(partition));
        }
        for name in ["", ".", "x.y", "3", "99999999999.a"] {
            assert_eq!(partition_of(name), None, "{name}");
        }
    }
}
