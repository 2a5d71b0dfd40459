//! Who sends jobs to Kafka, and reads the results of all for its own: from where the topic ends when it comes, without a group.

use super::Desk;
use super::headers;
use crate::config::Config;
use crate::kafka::{self, Dial, Silent, Telling, fault_of, unusable};
use crate::queue::ask::{ANSWERS, Answers, Heard};
use crate::queue::broker::Fault;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// The longest wait for one thing.
const TURN: Duration = Duration::from_millis(50);
/// For the broker to say where a partition ends.
const ASKING: Duration = Duration::from_secs(10);

pub struct Asker {
    desk: Desk,
    is_over: Arc<AtomicBool>,
}

impl Drop for Asker {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

impl Asker {
    pub(in crate::queue) async fn connect(dial: &Dial, config: &Config, listens: bool) -> Result<(Self, Answers), Fault> {
        let settings = Arc::new(config.queue.clone());
        let (tell, told) = mpsc::channel(ANSWERS);
        let is_over = Arc::new(AtomicBool::new(false));
        let connected = {
            let (settings, is_over) = (settings.clone(), is_over.clone());
            let mut reading = dial.config.clone();
            reading.set("group.id", &settings.group).set("enable.auto.commit", "false");
            tokio::task::spawn_blocking(move || {
                let consumer = begin(&reading, &settings, listens)?;
                let hearing = std::thread::Builder::new().name("kafka".to_owned()).spawn(move || hear(&consumer, &tell, &is_over));
                hearing.map(drop).map_err(|fault| Fault::Away(fault.to_string()))
            })
        };
        connected.await.unwrap_or_else(|fault| Err(Fault::Away(fault.to_string())))?;
        let producer = super::publishing(&dial.config).create_with_context(Silent).map_err(|fault| unusable(&fault))?;
        Ok((Self { desk: Desk { producer, settings }, is_over }, told))
    }

    pub(in crate::queue) async fn send(&self, id: &str, word: &str, job: &str) -> Result<(), Fault> {
        let sent = self.desk.publish(&self.desk.settings.jobs, id.as_bytes(), headers::job(id, word), job.as_bytes()).await;
        sent.map_err(|fault| fault_of(&fault))
    }
}

/// Finds out whether anybody is there, and where what will be said begins.
fn begin(config: &rdkafka::ClientConfig, settings: &crate::config::queue::Queue, listens: bool) -> Result<BaseConsumer<Telling>, Fault> {
    let consumer: BaseConsumer<Telling> = config.create_with_context(Telling::default()).map_err(|fault| unusable(&fault))?;
    let there = kafka::ask(&consumer, consumer.context().wrong())?;
    let partitions = |name: &str| there.topics().iter().find(|topic| topic.name() == name).map_or(&[][..], |topic| topic.partitions());
    for name in [&settings.jobs, &settings.results] {
        if partitions(name).is_empty() {
            return Err(Fault::Refused(format!("there is no topic `{name}`\nhint: `runnel worker` makes it")));
        }
    }
    if listens {
        let mut list = TopicPartitionList::new();
        for partition in partitions(&settings.results) {
            let ends = consumer.fetch_watermarks(&settings.results, partition.id(), ASKING).map_err(|fault| fault_of(&fault))?;
            list.add_partition_offset(&settings.results, partition.id(), Offset::Offset(ends.1)).map_err(|fault| fault_of(&fault))?;
        }
        consumer.assign(&list).map_err(|fault| fault_of(&fault))?;
    }
    Ok(consumer)
}

fn hear<Context: rdkafka::consumer::ConsumerContext>(
    consumer: &BaseConsumer<Context>,
    tell: &mpsc::Sender<Result<Heard, Fault>>,
    is_over: &AtomicBool,
) {
    while !is_over.load(Ordering::Relaxed) && !tell.is_closed() {
        // What is wrong is seen by who sends; the client itself comes back to a broker.
        let Some(Ok(message)) = consumer.poll(TURN) else { continue };
        let Some(word) = headers::word(&message) else { continue };
        let body = message.payload().unwrap_or_default().to_vec();
        if tell.blocking_send(Ok(Heard { word, body })).is_err() {
            return;
        }
    }
}
