//! What outlives a restart at these doors: values by key in one file, for a bounded time and within a bounded size, the oldest go first. Who writes
//! waits until it is on the disk; writers that come meanwhile share the next trip there. Knows no door and no JSON. Opened at the first use.

use crate::lock::lock;
use redb::backends::InMemoryBackend;
use redb::{Builder, Database, ReadableDatabase, ReadableTable, TableDefinition};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::sync::oneshot;
use tokio::task::block_in_place;

const VALUES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("values");
/// When a key came first, how large its value is, and what its door counts it as.
const INDEX: TableDefinition<'_, &str, (u64, u64, u64)> = TableDefinition::new("index");
const ORDER: TableDefinition<'_, (u64, &str), ()> = TableDefinition::new("order");
/// Of the file, in memory.
const CACHE: usize = 16 << 20;
/// What an entry takes beside its value.
const ENTRY: u64 = 256;

#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct Bounds {
    pub(super) bytes: u64,
    pub(super) time: Duration,
}

pub(in crate::server) struct Kept {
    database: Database,
    bounds: Bounds,
    pending: Mutex<Vec<(Write, Done)>>,
    /// Bytes that are kept; whoever has it writes.
    turn: tokio::sync::Mutex<u64>,
}

/// Tells who waits for a write.
type Done = oneshot::Sender<Result<(), Fault>>;

enum Write {
    Put { key: String, about: u64, value: Vec<u8> },
    Remove(String),
}

/// Nothing can be kept, or read again.
#[derive(Clone, Debug, thiserror::Error)]
#[error("submissions and files can't be kept: {0}")]
pub(super) struct Fault(Arc<redb::Error>);

impl<T: Into<redb::Error>> From<T> for Fault {
    fn from(fault: T) -> Self {
        Self(Arc::new(fault.into()))
    }
}

impl Kept {
    /// Where the file can't be had, such as when another server has it, what is kept ends with this process.
    pub(super) fn open(folder: &Path, bounds: Bounds) -> Result<Self, Fault> {
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE);
        let at = folder.join("kept.redb");
        let made =
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(redb::Error::Io).and_then(|()| Ok(builder.create(&at)?));
        let database = match made {
            Ok(database) => database,
            Err(fault) => {
                tracing::warn!("`{}` can't be used, submissions and files are kept in memory only: {fault}", at.display());
                builder.create_with_backend(InMemoryBackend::new())?
            }
        };
        let begun = database.begin_write()?;
        begun.open_table(VALUES)?;
        begun.open_table(ORDER)?;
        let mut total = 0;
        for entry in begun.open_table(INDEX)?.iter()? {
            total += entry?.1.value().1;
        }
        begun.commit()?;
        Ok(Self { database, bounds, pending: Mutex::default(), turn: tokio::sync::Mutex::new(total) })
    }

    /// In the place of what was there. `about` is what `counts` tells.
    pub(super) async fn put(&self, key: String, about: u64, value: Vec<u8>) -> Result<(), Fault> {
        self.write(Write::Put { key, about, value }).await
    }

    pub(super) async fn remove(&self, key: String) -> Result<(), Fault> {
        self.write(Write::Remove(key)).await
    }

    async fn write(&self, write: Write) -> Result<(), Fault> {
        let (done, written) = oneshot::channel();
        lock(&self.pending).push((write, done));
        let mut total = self.turn.lock().await;
        let (writes, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut *lock(&self.pending)).into_iter().unzip();
        if !writes.is_empty() {
            let committed = block_in_place(|| self.commit(writes, *total));
            if let Ok(now) = committed {
                *total = now;
            }
            let answer = committed.map(|_| ());
            waiting.into_iter().for_each(|done| drop(done.send(answer.clone())));
        }
        drop(total);
        // Whoever had the turn before may have taken it along.
        written.await.unwrap_or(Ok(()))
    }

    /// How many bytes there are then.
    fn commit(&self, writes: Vec<Write>, mut total: u64) -> Result<u64, Fault> {
        let begun = self.database.begin_write()?;
        {
            let (mut values, mut index, mut order) = (begun.open_table(VALUES)?, begun.open_table(INDEX)?, begun.open_table(ORDER)?);
            let now = now();
            for write in writes {
                let (key, put) = match &write {
                    Write::Put { key, about, value } => (key.as_str(), Some((*about, value))),
                    Write::Remove(key) => (key.as_str(), None),
                };
                let before = index.remove(key)?.map(|entry| entry.value());
                total -= before.map_or(0, |(_, size, _)| size);
                match (put, before) {
                    (Some((about, value)), before) => {
                        let (time, size) = (before.map_or(now, |(time, _, _)| time), value.len() as u64 + ENTRY);
                        values.insert(key, value.as_slice())?;
                        index.insert(key, (time, size, about))?;
                        order.insert((time, key), ())?;
                        total += size;
                    }
                    (None, Some((time, _, _))) => {
                        values.remove(key)?;
                        order.remove((time, key))?;
                    }
                    (None, None) => {}
                }
            }
            let oldest = now.saturating_sub(u64::try_from(self.bounds.time.as_micros()).unwrap_or(u64::MAX));
            loop {
                let first = order.first()?.map(|(entry, _)| (entry.value().0, entry.value().1.to_owned()));
                let Some((time, key)) = first else { break };
                if time >= oldest && total <= self.bounds.bytes {
                    break;
                }
                total -= index.remove(key.as_str())?.map_or(0, |entry| entry.value().1);
                values.remove(key.as_str())?;
                order.remove((time, key.as_str()))?;
            }
        }
        begun.commit()?;
        Ok(total)
    }

    pub(super) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        block_in_place(|| {
            let begun = self.database.begin_read()?;
            let oldest = now().saturating_sub(u64::try_from(self.bounds.time.as_micros()).unwrap_or(u64::MAX));
            let is_fresh = begun.open_table(INDEX)?.get(key)?.is_some_and(|entry| entry.value().0 >= oldest);
            let value = begun.open_table(VALUES)?.get(key)?.map(|value| value.value().to_vec());
            Ok(value.filter(|_| is_fresh))
        })
    }

    pub(super) fn has(&self, key: &str) -> Result<bool, Fault> {
        block_in_place(|| Ok(self.database.begin_read()?.open_table(INDEX)?.get(key)?.is_some()))
    }

    /// When each whose key begins so came, in ms since 1970, how large it is, and what its door counts it as.
    pub(super) fn counts(&self, prefix: &str) -> Result<Vec<(u64, u64, u64)>, Fault> {
        block_in_place(|| {
            let index = self.database.begin_read()?.open_table(INDEX)?;
            let mut counts = Vec::new();
            for entry in index.range(prefix..)? {
                let (key, about) = entry?;
                if !key.value().starts_with(prefix) {
                    break;
                }
                let (time, size, about) = about.value();
                counts.push((time / 1000, size, about));
            }
            Ok(counts)
        })
    }
}

/// Since 1970, in µs.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> std::path::PathBuf {
        std::env::temp_dir().join(format!("runnel-kept-{}-{}", std::process::id(), now()))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn values_outlive_the_process_and_the_oldest_go_first() {
        let (folder, bounds) = (folder(), Bounds { bytes: 3000, time: Duration::from_secs(1000) });
        let kept = Kept::open(&folder, bounds).unwrap();
        for key in ["a", "b", "c"] {
            kept.put(key.to_owned(), 7, vec![0; 700]).await.unwrap();
        }
        assert_eq!(kept.counts("").unwrap().len(), 3);
        // The size of what takes its place counts, and not what was there.
        kept.put("c".to_owned(), 8, vec![1; 800]).await.unwrap();
        drop(kept);
        let kept = Kept::open(&folder, bounds).unwrap();
        assert_eq!(kept.get("c").unwrap(), Some(vec![1; 800]));
        assert!(kept.has("a").unwrap());
        kept.put("d".to_owned(), 7, vec![0; 700]).await.unwrap();
        assert_eq!((kept.get("a").unwrap(), kept.has("b").unwrap(), kept.has("d").unwrap()), (None, true, true));
        kept.remove("b".to_owned()).await.unwrap();
        kept.remove("b".to_owned()).await.unwrap();
        assert_eq!(kept.counts("").unwrap().iter().map(|(_, size, _)| size).sum::<u64>(), *kept.turn.lock().await);
        // Another server, while this one has the file.
        let other = Kept::open(&folder, bounds).unwrap();
        assert_eq!(other.get("c").unwrap(), None);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_too_old_is_gone() {
        let folder = folder();
        let kept = Kept::open(&folder, Bounds { bytes: 1 << 20, time: Duration::ZERO }).unwrap();
        kept.put("a".to_owned(), 0, vec![1]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert_eq!(kept.get("a").unwrap(), None);
        kept.put("b".to_owned(), 0, vec![1]).await.unwrap();
        assert!(!kept.has("a").unwrap());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
