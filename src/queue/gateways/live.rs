//! One gateway's run on this worker: its job put together, run, and told in batches of what is ready, never more than a window ahead of its reader. Called by `gateways`.

use super::Host;
use super::post::Post;
use crate::gateway::event::{self, EventWords, Places};
use crate::gateway::job;
use crate::gateway::words::{self, BATCH, Control, PART, WINDOW};
use crate::lock::lock;
use crate::runner::{Input, Piece, RETRY, Refused, Run, Signals};
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, Stream, StreamExt};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use lapin::types::ShortString;
use lapin::{Acker, BasicProperties};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use tokio::sync::{Notify, mpsc};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// The length of a job, before its first part.
const LENGTH: usize = 8;
/// Parts of one job that wait to be put together.
const PARTS: usize = 1024;
/// Larger jobs are read beside the executor.
const LARGE: usize = 64 << 10;

/// A run, by who has sent it and how it is called there.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) gateway: ShortString,
    pub(super) run: ShortString,
}

impl Key {
    pub(super) fn of(properties: &BasicProperties) -> Option<Self> {
        Some(Self { gateway: properties.reply_to().clone()?, run: properties.correlation_id().clone()? })
    }
}

/// All that are under way.
#[derive(Default)]
pub(super) struct Lives(Mutex<HashMap<Key, Arc<Live>>>);

/// What a gateway can reach of a run.
struct Live {
    cancel: CancellationToken,
    input: Mutex<Option<Input>>,
    /// Of the run, from its start on.
    signals: Mutex<Option<Signals>>,
    parts: mpsc::Sender<Bytes>,
    /// Told and not read.
    ahead: AtomicU32,
    is_parked: AtomicBool,
    /// Why it can't go on here.
    fault: OnceLock<String>,
    /// One of these has changed, or it is cancelled.
    changed: Notify,
}

impl Lives {
    pub(super) fn gateways(&self) -> Vec<ShortString> {
        let names: BTreeSet<_> = lock(&self.0).keys().map(|key| key.gateway.to_string()).collect();
        names.into_iter().map(ShortString::from).collect()
    }

    pub(super) fn gateway_lost(&self, gateway: &ShortString) {
        lock(&self.0).iter().filter(|(key, _)| key.gateway == *gateway).for_each(|(_, live)| live.end());
    }

    pub(super) fn obey(&self, key: &Key, control: Control<'_>) {
        let Some(live) = lock(&self.0).get(key).cloned() else { return };
        match control {
            Control::Cancel => live.end(),
            // Something of it was told, so it has begun.
            Control::Signal(signal) => {
                lock(&live.signals).as_ref().map(|signals| signals.send(signal));
                live.changed.notify_one();
            }
            Control::Credit(bytes) => {
                let _ = live.ahead.fetch_update(Ordering::AcqRel, Ordering::Acquire, |ahead| Some(ahead.saturating_sub(bytes)));
                live.changed.notify_one();
            }
            Control::Part(part) => {
                if live.parts.try_send(Bytes::from(part.into_owned())).is_err() {
                    live.end();
                }
            }
            Control::Input { bytes, eof } => {
                let input = lock(&live.input).clone();
                // Its bounds are the gateway's too. Where ours are smaller, a program must not go on without what was sent to it.
                if let Some(Err(fault)) = input.map(|input| input.send(&bytes, eof))
                    && fault != crate::runner::InputFault::Closed
                {
                    let _ = live.fault.set(format!("its input has no room at the worker: {fault}"));
                    live.changed.notify_one();
                }
            }
        }
    }

    fn begin(&self, key: Key) -> (Known<'_>, Arc<Live>, mpsc::Receiver<Bytes>) {
        let (parts, coming) = mpsc::channel(PARTS);
        let live = Arc::new(Live {
            cancel: CancellationToken::new(),
            input: Mutex::default(),
            signals: Mutex::default(),
            parts,
            ahead: AtomicU32::new(0),
            is_parked: AtomicBool::new(false),
            fault: OnceLock::new(),
            changed: Notify::new(),
        });
        lock(&self.0).insert(key.clone(), live.clone());
        (Known { lives: self, key }, live, coming)
    }
}

impl Live {
    fn end(&self) {
        self.cancel.cancel();
        self.changed.notify_one();
    }

    fn has_room(&self) -> bool {
        self.ahead.load(Ordering::Acquire) < WINDOW || self.cancel.is_cancelled()
    }
}

/// Out of the list when dropped.
struct Known<'a> {
    lives: &'a Lives,
    key: Key,
}

impl Drop for Known<'_> {
    fn drop(&mut self) {
        lock(&self.lives.0).remove(&self.key);
    }
}

/// A job's place with the broker: as long as we have it, no other comes for it.
struct Receipt(Option<Acker>);

impl Receipt {
    async fn settle(&mut self) -> lapin::Result<()> {
        match self.0.take() {
            Some(acker) => acker.ack(BasicAckOptions::default()).await.map(drop),
            None => Ok(()),
        }
    }

    async fn put_back(mut self) -> lapin::Result<()> {
        match self.0.take() {
            Some(acker) => acker.nack(BasicNackOptions { requeue: true, ..BasicNackOptions::default() }).await.map(drop),
            None => Ok(()),
        }
    }
}

impl Host {
    pub(super) async fn work(self: Arc<Self>, post: Post, message: Delivery) -> lapin::Result<()> {
        let Delivery { properties, data, redelivered, acker, .. } = message;
        let mut receipt = Receipt(Some(acker));
        // Nobody could be told of it.
        let Some(key) = Key::of(&properties) else { return receipt.settle().await };
        if redelivered {
            // Whoever had it is gone, and only its gateway knows whether it may be run again.
            post.tell(&key, words::LOST, &[]).await?;
            return receipt.settle().await;
        }
        let kind = properties.kind().as_ref().map(ShortString::as_str).unwrap_or_default();
        if kind != words::JOB {
            let kind = &kind[..kind.floor_char_boundary(64)];
            let why = format!("the gateway sends `{kind}`, which this worker does not know: both are to be of one version");
            post.tell(&key, words::UNFIT, why.as_bytes()).await?;
            return receipt.settle().await;
        }
        let (_known, live, coming) = self.lives.begin(key.clone());
        let Some(body) = self.gather(&post, &key, &live, data, coming).await? else { return receipt.settle().await };
        let read = || job::decode(&body, &self.rules);
        let job = match if body.len() > LARGE { tokio::task::block_in_place(read) } else { read() } {
            Ok(job) => job,
            Err(unfit) => {
                post.tell(&key, words::UNFIT, unfit.to_string().as_bytes()).await?;
                return receipt.settle().await;
            }
        };
        let run = loop {
            match self.runner.start(job.clone(), live.cancel.clone()) {
                Ok(run) => break run,
                Err(Refused::Busy) if !live.cancel.is_cancelled() => sleep(RETRY).await,
                Err(Refused::Busy) => return receipt.settle().await,
                Err(Refused::ShuttingDown) => return receipt.put_back().await,
                Err(refused @ (Refused::Unavailable { .. } | Refused::Workspace(_) | Refused::Away(_))) => {
                    post.tell(&key, words::UNFIT, refused.to_string().as_bytes()).await?;
                    return receipt.settle().await;
                }
            }
        };
        attend(run, &post, &key, &live, &mut receipt).await?;
        receipt.settle().await
    }

    /// All of a job; None where it does not come to that.
    async fn gather(
        &self,
        post: &Post,
        key: &Key,
        live: &Live,
        first: Vec<u8>,
        mut coming: mpsc::Receiver<Bytes>,
    ) -> lapin::Result<Option<Bytes>> {
        let first = Bytes::from(first);
        let Some((length, _)) = first.split_first_chunk::<LENGTH>() else { return Ok(None) };
        let length = u64::from_le_bytes(*length);
        let first = first.slice(LENGTH..);
        if first.len() as u64 == length {
            return Ok(Some(first));
        }
        if length > self.most_bytes {
            let why = format!("the job has {length} bytes, this worker takes {} (`desk.held_mb`)", self.most_bytes);
            post.tell(key, words::UNFIT, why.as_bytes()).await?;
            return Ok(None);
        }
        // The rest comes to whoever has said a word.
        post.tell(key, words::EVENTS, &[]).await?;
        let mut body = BytesMut::from(&first[..]);
        while (body.len() as u64) < length {
            tokio::select! {
                () = live.cancel.cancelled() => return Ok(None),
                Some(part) = coming.recv() => body.extend_from_slice(&part),
            }
        }
        Ok(Some(body.freeze()))
    }
}

/// Tells what happens until the end.
async fn attend(mut run: Run, post: &Post, key: &Key, live: &Arc<Live>, receipt: &mut Receipt) -> lapin::Result<()> {
    *lock(&live.input) = Some(run.input());
    *lock(&live.signals) = Some(run.signals());
    let told = live.clone();
    run.on_parked(Arc::new(move |parked| {
        told.is_parked.store(parked, Ordering::Release);
        told.changed.notify_one();
    }));
    let places = Places::of(run.job());
    let pieces = futures_util::stream::unfold(run, async |mut run| run.next_piece().await.map(|piece| (piece, run)));
    tokio::pin!(pieces);
    let (mut was_parked, mut batch) = (false, Vec::new());
    loop {
        if let Some(why) = live.fault.get() {
            return post.tell(key, words::UNFIT, why.as_bytes()).await;
        }
        let (is_parked, has_room) = (live.is_parked.load(Ordering::Acquire), live.has_room());
        if is_parked {
            // Its place is for another one, as at the desk.
            receipt.settle().await?;
        }
        // Within the window like everything: of many changes the last is told.
        if is_parked != was_parked && has_room {
            was_parked = is_parked;
            words::append(&mut batch, &EventWords::Parked(is_parked));
            send(&mut batch, post, key, live).await?;
        }
        let piece = tokio::select! {
            biased;
            piece = pieces.next(), if has_room => piece,
            () = live.changed.notified() => continue,
        };
        let Some(piece) = piece else { return Ok(()) };
        write(&mut batch, &piece, &places);
        let is_over = gather_ready(&mut batch, &mut pieces, &places);
        send(&mut batch, post, key, live).await?;
        if is_over {
            return Ok(());
        }
    }
}

/// What has happened meanwhile goes with it; whether it is over.
fn gather_ready(batch: &mut Vec<u8>, pieces: &mut (impl Stream<Item = Piece> + Unpin), places: &Places) -> bool {
    while batch.len() < BATCH {
        match pieces.next().now_or_never() {
            Some(Some(piece)) => write(batch, &piece, places),
            Some(None) => return true,
            None => return false,
        }
    }
    false
}

fn write(batch: &mut Vec<u8>, piece: &Piece, places: &Places) {
    match piece {
        Piece::Event(event) => words::append(batch, &event::words(event, places)),
        Piece::Left(bytes) => {
            bytes.chunks(PART).for_each(|part| words::append(batch, &EventWords::Left(Cow::Borrowed(part))));
        }
    }
}

async fn send(batch: &mut Vec<u8>, post: &Post, key: &Key, live: &Live) -> lapin::Result<()> {
    live.ahead.fetch_add(words::cost(batch.len()), Ordering::AcqRel);
    post.tell(key, words::EVENTS, batch).await?;
    batch.clear();
    Ok(())
}
