//! One gateway's run on this worker: its job put together, run, and told in batches of what is ready, never more than a window ahead of its reader. Called by `gateways`.

use super::Host;
use super::post::{Key, Offer, Post, Receipt};
use crate::gateway::event::{self, EventWords, Places};
use crate::gateway::job;
use crate::gateway::words::{self, BATCH, Control, PART, WINDOW};
use crate::lock::lock;
use crate::runner::{Input, Piece, RETRY, Refused, Run, Signals};
use crate::standing::Fault;
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, Stream, StreamExt};
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

/// All that are under way.
#[derive(Default)]
pub(super) struct Lives {
    all: Mutex<HashMap<Key, Arc<Live>>>,
    /// One has come or gone, or has lent its place or wants it back.
    changed: Notify,
}

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
    /// Its gateway is: nothing is to be told of it.
    is_lost: AtomicBool,
    /// Why it can't go on here.
    fault: OnceLock<String>,
    /// One of these has changed, or it is cancelled.
    changed: Notify,
}

impl Lives {
    pub(super) fn gateways(&self) -> Vec<String> {
        let names: BTreeSet<_> = lock(&self.all).keys().map(|key| key.gateway.clone()).collect();
        names.into_iter().collect()
    }

    pub(super) fn gateway_lost(&self, gateway: &str) {
        for (_, live) in lock(&self.all).iter().filter(|(key, _)| key.gateway == gateway) {
            live.is_lost.store(true, Ordering::Release);
            live.end();
        }
    }

    /// Waits until one comes or goes, or lends its place.
    #[cfg(feature = "kafka")]
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Places that runs have.
    #[cfg(feature = "kafka")]
    pub(super) fn taken(&self) -> u32 {
        let taken = lock(&self.all).values().filter(|live| !live.is_parked.load(Ordering::Acquire)).count();
        u32::try_from(taken).unwrap_or(u32::MAX)
    }

    #[cfg(feature = "kafka")]
    pub(super) fn taken_by_gateway(&self) -> Vec<(String, u32)> {
        let mut taken = std::collections::BTreeMap::<String, u32>::new();
        for (key, _) in lock(&self.all).iter().filter(|(_, live)| !live.is_parked.load(Ordering::Acquire)) {
            *taken.entry(key.gateway.clone()).or_default() += 1;
        }
        taken.into_iter().collect()
    }

    pub(super) fn obey(&self, key: &Key, control: Control<'_>) {
        let Some(live) = lock(&self.all).get(key).cloned() else { return };
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

    fn begin(self: &Arc<Self>, key: Key) -> Begun {
        let (parts, coming) = mpsc::channel(PARTS);
        let live = Arc::new(Live {
            cancel: CancellationToken::new(),
            input: Mutex::default(),
            signals: Mutex::default(),
            parts,
            ahead: AtomicU32::new(0),
            is_parked: AtomicBool::new(false),
            is_lost: AtomicBool::new(false),
            fault: OnceLock::new(),
            changed: Notify::new(),
        });
        lock(&self.all).insert(key.clone(), live.clone());
        self.changed.notify_one();
        Begun { known: Known { lives: self.clone(), key }, live, coming }
    }
}

impl Live {
    fn end(&self) {
        self.cancel.cancel();
        self.changed.notify_one();
    }

    fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Acquire)
    }

    fn has_room(&self) -> bool {
        self.ahead.load(Ordering::Acquire) < WINDOW || self.cancel.is_cancelled()
    }
}

/// A job that has its place here.
struct Begun {
    known: Known,
    live: Arc<Live>,
    coming: mpsc::Receiver<Bytes>,
}

/// Out of the list when dropped.
struct Known {
    lives: Arc<Lives>,
    key: Key,
}

impl Drop for Known {
    fn drop(&mut self) {
        lock(&self.lives.all).remove(&self.key);
        self.lives.changed.notify_one();
    }
}

impl Host {
    /// From now on it has its place, also before somebody polls.
    pub(super) fn work(self: Arc<Self>, post: Post, offer: Offer) -> impl Future<Output = Result<(), Fault>> + use<> {
        let begun = self.lives.begin(offer.key.clone());
        async move {
            let (key, live) = (offer.key.clone(), begun.live.clone());
            self.see_to(&post, offer, begun).await?;
            if live.is_lost() { post.lost(&key).await } else { Ok(()) }
        }
    }

    async fn see_to(&self, post: &Post, offer: Offer, begun: Begun) -> Result<(), Fault> {
        let Offer { key, kind, body, is_redelivered, mut receipt } = offer;
        let Begun { known: _known, live, coming } = begun;
        if is_redelivered {
            // Whoever had it is gone, and only its gateway knows whether it may be run again.
            post.tell(&key, words::LOST, &[]).await?;
            return receipt.settle().await;
        }
        if kind != words::JOB {
            let kind = &kind[..kind.floor_char_boundary(64)];
            let why = format!("the gateway sends `{kind}`, which this worker does not know: both are to be of one version");
            post.tell(&key, words::UNFIT, why.as_bytes()).await?;
            return receipt.settle().await;
        }
        let Some(body) = self.gather(post, &key, &live, body, coming).await? else { return receipt.settle().await };
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
                Err(Refused::ShuttingDown) => return post.put_back(&key, receipt).await,
                Err(refused @ (Refused::Unavailable { .. } | Refused::Workspace(_) | Refused::Away(_))) => {
                    post.tell(&key, words::UNFIT, refused.to_string().as_bytes()).await?;
                    return receipt.settle().await;
                }
            }
        };
        attend(run, post, &key, &live, &self.lives, &mut receipt).await?;
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
    ) -> Result<Option<Bytes>, Fault> {
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
async fn attend(mut run: Run, post: &Post, key: &Key, live: &Arc<Live>, lives: &Arc<Lives>, receipt: &mut Receipt) -> Result<(), Fault> {
    *lock(&live.input) = Some(run.input());
    *lock(&live.signals) = Some(run.signals());
    let (told, of) = (live.clone(), lives.clone());
    run.on_parked(Arc::new(move |parked| {
        told.is_parked.store(parked, Ordering::Release);
        told.changed.notify_one();
        of.changed.notify_one();
    }));
    let places = Places::of(run.job());
    let pieces = futures_util::stream::unfold(run, async |mut run| run.next_piece().await.map(|piece| (piece, run)));
    tokio::pin!(pieces);
    let (mut was_parked, mut batch) = (false, Batch::default());
    loop {
        // Whatever became of it, it is not told any more.
        if live.is_lost() {
            return Ok(());
        }
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
            words::append(&mut batch.bytes, &EventWords::Parked(is_parked));
            batch.send(post, key, live).await?;
        }
        let piece = tokio::select! {
            biased;
            piece = pieces.next(), if has_room => piece,
            () = live.changed.notified() => continue,
        };
        let Some(piece) = piece else { return Ok(()) };
        batch.write(&piece, &places);
        let is_over = batch.gather_ready(&mut pieces, &places);
        batch.send(post, key, live).await?;
        if is_over {
            return Ok(());
        }
    }
}

/// What is told together: one message, but for files that are large.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    /// Where a message ends before the last one does.
    cuts: Vec<usize>,
}

impl Batch {
    /// What has happened meanwhile goes with it; whether it is over.
    fn gather_ready(&mut self, pieces: &mut (impl Stream<Item = Piece> + Unpin), places: &Places) -> bool {
        while self.bytes.len() < BATCH {
            match pieces.next().now_or_never() {
                Some(Some(piece)) => self.write(&piece, places),
                Some(None) => return true,
                None => return false,
            }
        }
        false
    }

    fn write(&mut self, piece: &Piece, places: &Places) {
        match piece {
            Piece::Event(event) => words::append(&mut self.bytes, &event::words(event, places)),
            Piece::Left(left) => {
                for part in left.chunks(PART) {
                    words::append(&mut self.bytes, &EventWords::Left(Cow::Borrowed(part)));
                    self.cuts.push(self.bytes.len());
                }
            }
        }
    }

    async fn send(&mut self, post: &Post, key: &Key, live: &Live) -> Result<(), Fault> {
        let mut begins = 0;
        for cut in self.cuts.drain(..).chain([self.bytes.len()]) {
            let body = &self.bytes[begins..cut];
            begins = cut;
            // Behind the last cut there may be nothing.
            if !body.is_empty() {
                live.ahead.fetch_add(words::cost(body.len()), Ordering::AcqRel);
                post.tell(key, words::EVENTS, body).await?;
            }
        }
        self.bytes.clear();
        Ok(())
    }
}
