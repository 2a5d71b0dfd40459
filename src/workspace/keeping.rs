//! Which cell keeps which workspace's files for its next run: the quick way past disk and link. Bounded in bytes; what was
//! unused for longest goes first, and what nobody uses for a while goes too. Pure; called by `workspace`.

use crate::link::{LayerId, Session};
use crate::lock::lock;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Nobody comes back at once after this long.
pub(super) const IDLE: Duration = Duration::from_secs(60);
/// What an entry of a workspace costs a cell beside its content.
const ENTRY: u64 = 128;

pub(super) struct Keeping {
    most: u64,
    kept: Mutex<HashMap<String, Kept>>,
    next: AtomicU32,
}

struct Kept {
    cell: Session,
    layer: LayerId,
    bytes: u64,
    used: Instant,
}

impl Kept {
    fn end(self) {
        self.cell.forget(self.layer);
    }
}

impl Keeping {
    pub(super) fn new(most: u64) -> Self {
        Self { most, kept: Mutex::default(), next: AtomicU32::new(1) }
    }

    /// A name that no cell knows.
    pub(super) fn name(&self) -> LayerId {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// For the next run, which has it to itself and lets the cell forget it.
    pub(super) fn take(&self, workspace: &str) -> Option<(Session, LayerId)> {
        let Kept { cell, layer, .. } = lock(&self.kept).remove(workspace)?;
        (!cell.is_closed()).then_some((cell, layer))
    }

    pub(super) fn keep(&self, workspace: &str, (cell, layer): (Session, LayerId), bytes: u64, entries: usize) {
        let bytes = bytes + entries as u64 * ENTRY;
        let mut kept = lock(&self.kept);
        let before = kept.insert(workspace.to_owned(), Kept { cell, layer, bytes, used: Instant::now() });
        before.into_iter().for_each(Kept::end);
        while kept.values().map(|kept| kept.bytes).sum::<u64>() > self.most {
            let Some(oldest) = kept.iter().min_by_key(|(_, kept)| kept.used).map(|(id, _)| id.clone()) else { return };
            kept.remove(&oldest).into_iter().for_each(Kept::end);
        }
    }

    pub(super) fn forget(&self, workspace: &str) {
        lock(&self.kept).remove(workspace).into_iter().for_each(Kept::end);
    }

    /// What has been idle goes.
    pub(super) fn sweep(&self) {
        let over = lock(&self.kept).extract_if(|_, kept| kept.used.elapsed() > IDLE || kept.cell.is_closed()).collect::<Vec<_>>();
        over.into_iter().for_each(|(_, kept)| kept.end());
    }
}
