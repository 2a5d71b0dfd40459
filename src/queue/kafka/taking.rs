//! The thread that has the consumer: takes a job when there is a place for it, tells the broker how far all is done with, and gives partitions away in
//! order. Never commits what is not answered.

use super::ledger::{Ledger, Ticket};
use super::{Desk, Receipt, headers};
use crate::kafka::{Silent, Wrong, fault_of, judged};
use crate::lock::lock;
use crate::queue::broker::{Delivery, Fault, News, Receipt as AnyReceipt};
use rdkafka::Offset;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message, OwnedMessage};
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::TopicPartitionList;
use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

/// The longest that the thread waits for one thing, so that it soon sees to the others.
const TURN: Duration = Duration::from_millis(50);
/// Between two commits.
const COMMITTING: Duration = Duration::from_millis(100);
/// For the broker to say how far jobs were begun.
const ASKING: Duration = Duration::from_secs(10);
/// Jobs that are begun together.
const BATCH: usize = 64;

/// What the session, its thread and the works have in common.
pub(super) struct Shared {
    news: mpsc::Sender<News>,
    ledger: Mutex<Ledger>,
    places: Arc<Semaphore>,
    waiting: AtomicI64,
    pub(super) wrong: Wrong,
    is_stopping: AtomicBool,
    is_ending: AtomicBool,
    grace: Duration,
}

impl Shared {
    pub(super) fn new(news: mpsc::Sender<News>, most: u16, grace: Duration) -> Self {
        Self {
            news,
            ledger: Mutex::default(),
            places: Arc::new(Semaphore::new(most.into())),
            waiting: AtomicI64::new(-1),
            wrong: Wrong::default(),
            is_stopping: AtomicBool::new(false),
            is_ending: AtomicBool::new(false),
            grace,
        }
    }

    pub(super) fn waiting(&self) -> Option<u64> {
        u64::try_from(self.waiting.load(Ordering::Relaxed)).ok()
    }

    pub(super) fn settle(&self, ticket: &Ticket) {
        lock(&self.ledger).settle(ticket);
    }

    /// No more jobs.
    pub(super) fn stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    pub(super) fn end(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
    }
}

/// What the client calls, always on the thread.
pub(super) struct Watch {
    shared: Arc<Shared>,
    /// Partitions that went, until the thread has looked.
    revoked: Mutex<BTreeSet<i32>>,
    /// Why one of the brokers can't be spoken to. One of many may be; where it is all of them, it is what people want to know.
    mistrust: Mutex<Option<String>>,
}

impl Watch {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, revoked: Mutex::default(), mistrust: Mutex::default() }
    }
}

impl ClientContext for Watch {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn error(&self, fault: KafkaError, reason: &str) {
        let code = fault.rdkafka_error_code();
        if code == Some(RDKafkaErrorCode::SSL) {
            *lock(&self.mistrust) = Some(reason.to_owned());
            // That all are gone is told once, and may have been before.
            self.shared.wrong.tell_better(Fault::Away(reason.to_owned()));
        }
        let wrong = match (judged(code, reason), code) {
            (refused @ Fault::Refused(_), _) => refused,
            (away, Some(RDKafkaErrorCode::AllBrokersDown)) => lock(&self.mistrust).take().map_or(away, Fault::Away),
            (away, Some(RDKafkaErrorCode::Fatal | RDKafkaErrorCode::UnknownTopicOrPartition)) => away,
            (Fault::Away(_), _) => return,
        };
        self.shared.wrong.tell(wrong);
    }

    fn stats(&self, statistics: Statistics) {
        let partitions = statistics.topics.values().flat_map(|topic| topic.partitions.values());
        let lags = partitions.filter(|partition| partition.partition >= 0 && partition.consumer_lag >= 0);
        let waiting = lags.map(|partition| partition.consumer_lag).reduce(|all, lag| all + lag);
        self.shared.waiting.store(waiting.unwrap_or(-1), Ordering::Relaxed);
    }
}

impl ConsumerContext for Watch {
    /// Waits for what is under way in partitions that go, within the grace time: what has ended and is committed is not run again.
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let Rebalance::Revoke(list) = rebalance else { return };
        let partitions: Vec<_> = list.elements().iter().map(|element| element.partition()).collect();
        lock(&self.revoked).extend(&partitions);
        // Those that were taken from us have other owners already, and these the jobs.
        if !consumer.assignment_lost() {
            let deadline = Instant::now() + self.shared.grace;
            while !lock(&self.shared.ledger).is_idle(&partitions)
                && Instant::now() < deadline
                && !self.shared.is_ending.load(Ordering::Relaxed)
            {
                std::thread::sleep(TURN / 10);
            }
            if let Some(element) = list.elements().first() {
                commit_all(consumer, element.topic(), &self.shared);
            }
        }
        lock(&self.shared.ledger).close(&partitions);
    }

    fn commit_callback(&self, result: Result<(), KafkaError>, offsets: &TopicPartitionList) {
        if result.is_err() {
            let mut ledger = lock(&self.shared.ledger);
            offsets.elements().iter().for_each(|element| ledger.forget(element.partition()));
        }
    }
}

pub(super) struct Taker {
    consumer: BaseConsumer<Watch>,
    /// Of another group, which nobody is a member of: the bookmark of what was begun.
    begun: BaseConsumer<Silent>,
    desk: Arc<Desk>,
    shared: Arc<Shared>,
    runtime: Handle,
    /// Came without a place for it, or too far beyond what is under way.
    aside: Vec<OwnedMessage>,
    paused: BTreeSet<i32>,
    committed: Instant,
}

impl Taker {
    pub(super) fn new(
        consumer: BaseConsumer<Watch>,
        begun: BaseConsumer<Silent>,
        desk: Arc<Desk>,
        shared: Arc<Shared>,
        runtime: Handle,
    ) -> Self {
        Self { consumer, begun, desk, shared, runtime, aside: Vec::new(), paused: BTreeSet::new(), committed: Instant::now() }
    }

    /// Until the session ends, or the cluster is lost.
    pub(super) fn run(mut self) {
        let worked = self.consumer.subscribe(&[&self.desk.settings.jobs]).map_err(|fault| fault_of(&fault)).and_then(|()| self.work());
        self.shared.end();
        match worked {
            Ok(()) => commit_all(&self.consumer, &self.desk.settings.jobs, &self.shared),
            // Whoever comes back to the cluster knows better by then how far all is done with.
            Err(fault) => drop(self.shared.news.blocking_send(News::Lost(fault))),
        }
    }

    fn work(&mut self) -> Result<(), Fault> {
        while !self.shared.is_ending.load(Ordering::Relaxed) && !self.shared.news.is_closed() {
            match self.place() {
                Some(place) => self.take(place)?,
                None => self.wait()?,
            }
            if let Some(fault) = self.shared.wrong.take() {
                return Err(fault);
            }
            if self.committed.elapsed() >= COMMITTING {
                self.committed = Instant::now();
                commit(&self.consumer, &self.desk.settings.jobs, &self.shared).map_err(|fault| fault_of(&fault))?;
            }
        }
        Ok(())
    }

    /// None where there is none within a turn.
    fn place(&self) -> Option<OwnedSemaphorePermit> {
        if self.shared.is_stopping.load(Ordering::Relaxed) {
            return None;
        }
        let acquired = self.shared.places.clone().acquire_owned();
        self.runtime.block_on(async { timeout(TURN, acquired).await }).ok()?.ok()
    }

    /// The client is to be asked for news now and then, also while there is no place for a job.
    fn wait(&mut self) -> Result<(), Fault> {
        self.pause(|_| true)?;
        let came = self.polled(if self.shared.is_stopping.load(Ordering::Relaxed) { TURN } else { Duration::ZERO });
        self.forget(&mut Vec::new());
        self.aside.extend(came);
        Ok(())
    }

    fn take(&mut self, place: OwnedSemaphorePermit) -> Result<(), Fault> {
        let (mut batch, mut place) = (Vec::new(), Some(place));
        // What was put aside is older than what comes.
        for message in std::mem::take(&mut self.aside) {
            self.sort(message, &mut batch, &mut place);
        }
        if place.is_some() {
            self.resume()?;
        }
        let mut patience = if batch.is_empty() { TURN } else { Duration::ZERO };
        while place.is_some() && batch.len() < BATCH {
            let came = self.polled(std::mem::take(&mut patience));
            self.forget(&mut batch);
            let Some(message) = came else { break };
            self.sort(message, &mut batch, &mut place);
        }
        if !self.aside.is_empty() {
            let behind = self.behind();
            self.pause(|partition| behind.contains(&partition))?;
        }
        self.begin(batch)
    }

    /// Into the batch with the place, which is followed by the next free one; or aside.
    fn sort(
        &mut self,
        message: OwnedMessage,
        batch: &mut Vec<(OwnedMessage, OwnedSemaphorePermit)>,
        place: &mut Option<OwnedSemaphorePermit>,
    ) {
        // Within a partition in their order.
        let is_behind = self.aside.iter().any(|aside| aside.partition() == message.partition());
        let has_room = lock(&self.shared.ledger).has_room(message.partition(), message.offset());
        match place.take() {
            Some(taken) if has_room && !is_behind => {
                batch.push((message, taken));
                *place = self.shared.places.clone().try_acquire_owned().ok();
            }
            kept => {
                *place = kept;
                self.aside.push(message);
            }
        }
    }

    /// Tells the broker first that they are begun.
    fn begin(&mut self, batch: Vec<(OwnedMessage, OwnedSemaphorePermit)>) -> Result<(), Fault> {
        let topic = self.desk.settings.jobs.clone();
        let mut marks = TopicPartitionList::new();
        let mut begun = Vec::with_capacity(batch.len());
        for (message, place) in batch {
            let (partition, offset) = (message.partition(), message.offset());
            if !lock(&self.shared.ledger).has(partition) {
                let before = self.begun_before(&topic, partition)?;
                lock(&self.shared.ledger).open(partition, offset, before);
            }
            let Some(ticket) = lock(&self.shared.ledger).begin(partition, offset) else { continue };
            if !ticket.is_suspect {
                let mark = Offset::Offset(offset + 1);
                // The last one of each partition counts.
                if marks.set_partition_offset(&topic, partition, mark).is_err() {
                    marks.add_partition_offset(&topic, partition, mark).map_err(|fault| fault_of(&fault))?;
                }
            }
            begun.push((message, place, ticket));
        }
        if marks.count() > 0 {
            self.begun.commit(&marks, CommitMode::Sync).map_err(|fault| fault_of(&fault))?;
        }
        for (mut message, place, ticket) in begun {
            let envelope = headers::read(&message, ticket.is_suspect);
            let body = message.payload().unwrap_or_default().to_vec();
            message = message.set_payload(None);
            let (desk, shared) = (self.desk.clone(), self.shared.clone());
            let receipt = Receipt { desk, shared, message, ticket, window: VecDeque::new(), _place: place };
            let delivery = Delivery { body, envelope, receipt: AnyReceipt::Kafka(Box::new(receipt)) };
            if self.shared.news.blocking_send(News::Job(Box::new(delivery))).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Who had a partition before had begun what lies before this.
    fn begun_before(&self, topic: &str, partition: i32) -> Result<i64, Fault> {
        let mut list = TopicPartitionList::new();
        list.add_partition(topic, partition);
        let told = self.begun.committed_offsets(list, ASKING).map_err(|fault| fault_of(&fault))?;
        let offset = told.find_partition(topic, partition).map(|element| element.offset());
        Ok(match offset {
            Some(Offset::Offset(offset)) => offset,
            _ => 0,
        })
    }

    fn polled(&self, time: Duration) -> Option<OwnedMessage> {
        // What is wrong is told to the watch as well, with its reason.
        self.consumer.poll(time)?.ok().as_ref().map(BorrowedMessage::detach)
    }

    /// What is not begun of partitions that went: whoever has them next gets it.
    fn forget(&mut self, batch: &mut Vec<(OwnedMessage, OwnedSemaphorePermit)>) {
        let revoked = std::mem::take(&mut *lock(&self.consumer.context().revoked));
        if !revoked.is_empty() {
            batch.retain(|(message, _)| !revoked.contains(&message.partition()));
            self.aside.retain(|message| !revoked.contains(&message.partition()));
            self.paused.retain(|partition| !revoked.contains(partition));
        }
    }

    fn ours(&self) -> Result<BTreeSet<i32>, Fault> {
        let ours = self.consumer.assignment().map_err(|fault| fault_of(&fault))?;
        Ok(ours.elements().iter().map(|element| element.partition()).collect())
    }

    /// Partitions of which something is aside.
    fn behind(&self) -> BTreeSet<i32> {
        self.aside.iter().map(Message::partition).collect()
    }

    fn pause(&mut self, which: impl Fn(i32) -> bool) -> Result<(), Fault> {
        let ours = self.ours()?;
        let to_pause: Vec<_> = ours.into_iter().filter(|partition| which(*partition) && !self.paused.contains(partition)).collect();
        if to_pause.is_empty() {
            return Ok(());
        }
        self.consumer.pause(&self.list(&to_pause)).map_err(|fault| fault_of(&fault))?;
        self.paused.extend(to_pause);
        Ok(())
    }

    /// Those of which nothing is aside. One that is not paused may not be resumed: the client would drop what it has fetched of it.
    fn resume(&mut self) -> Result<(), Fault> {
        if self.paused.is_empty() {
            return Ok(());
        }
        let behind = self.behind();
        let to_resume: Vec<_> = self.paused.difference(&behind).copied().collect();
        self.paused.retain(|partition| behind.contains(partition));
        if to_resume.is_empty() { Ok(()) } else { self.consumer.resume(&self.list(&to_resume)).map_err(|fault| fault_of(&fault)) }
    }

    fn list(&self, partitions: &[i32]) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            list.add_partition(&self.desk.settings.jobs, *partition);
        }
        list
    }
}

/// Without waiting, where partitions have moved; what comes of it is told to the watch.
fn commit(consumer: &BaseConsumer<Watch>, topic: &str, shared: &Shared) -> Result<(), KafkaError> {
    let moved = lock(&shared.ledger).moved();
    if moved.is_empty() {
        return Ok(());
    }
    lock(&shared.ledger).committed(&moved);
    consumer.commit(&offsets(topic, &moved)?, CommitMode::Async)
}

/// The last word on all partitions.
fn commit_all(consumer: &BaseConsumer<Watch>, topic: &str, shared: &Shared) {
    let places = lock(&shared.ledger).places();
    if !places.is_empty() {
        // If it fails, the jobs are run again by whoever gets them.
        let _ = offsets(topic, &places).and_then(|list| consumer.commit(&list, CommitMode::Sync));
    }
}

fn offsets(topic: &str, places: &[(i32, i64)]) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::new();
    for (partition, place) in places {
        list.add_partition_offset(topic, *partition, Offset::Offset(*place))?;
    }
    Ok(list)
}
