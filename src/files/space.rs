//! How much a tree may hold: its own limits and its share of what the process may spend on trees.
//! Called by the tree before anything grows and after anything shrinks.
//! Must never let a tree grow first and be charged afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::tree::Fault;

/// What one name costs the process beside the bytes of its file: the node, the map entry, a name of full length.
const ENTRY_BYTES: u64 = 1024;

/// What one tree may hold.
#[derive(Clone, Copy, Debug)]
pub struct FileLimits {
    /// All file sizes and symlink targets together.
    pub bytes: u64,
    /// Files, directories, symlinks and further hard links together.
    pub count: u32,
}

/// Memory that all trees of one process may take together. A tree gives its share back when it is dropped.
#[derive(Debug)]
pub struct Budget {
    bytes: u64,
    used: AtomicU64,
}

impl Budget {
    pub fn new(bytes: u64) -> Budget {
        Budget { bytes, used: AtomicU64::new(0) }
    }

    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    fn free(&self) -> u64 {
        self.bytes.saturating_sub(self.used())
    }

    fn take_up_to(&self, wanted: u64) -> u64 {
        let mut used = self.used();
        loop {
            let granted = wanted.min(self.bytes.saturating_sub(used));
            // Relaxed is enough: the number guards no other memory.
            match self.used.compare_exchange_weak(used, used + granted, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return granted,
                Err(now) => used = now,
            }
        }
    }

    /// All of it or nothing.
    pub fn take(&self, bytes: u64) -> bool {
        let granted = self.take_up_to(bytes);
        if granted < bytes {
            self.give(granted);
        }
        granted == bytes
    }

    pub fn give(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// What one tree holds now.
pub(super) struct Ledger {
    limits: FileLimits,
    bytes: u64,
    count: u32,
    budget: Arc<Budget>,
}

impl Ledger {
    pub(super) fn new(limits: FileLimits, budget: Arc<Budget>) -> Ledger {
        Ledger { limits, bytes: 0, count: 0, budget }
    }

    pub(super) fn used(&self) -> (u64, u32) {
        (self.bytes, self.count)
    }

    pub(super) fn limit_bytes(&self) -> u64 {
        self.limits.bytes
    }

    /// How many bytes could be taken now; another tree may be quicker.
    pub(super) fn room(&self) -> u64 {
        self.own_room().min(self.budget.free())
    }

    pub(super) fn take_up_to(&mut self, wanted: u64) -> u64 {
        let granted = self.budget.take_up_to(wanted.min(self.own_room()));
        self.bytes += granted;
        granted
    }

    pub(super) fn take(&mut self, wanted: u64) -> Result<(), Fault> {
        let granted = self.take_up_to(wanted);
        if granted < wanted {
            self.give(granted);
            return Err(Fault::NoSpace);
        }
        Ok(())
    }

    pub(super) fn give(&mut self, bytes: u64) {
        self.bytes -= bytes;
        self.budget.give(bytes);
    }

    pub(super) fn take_entry(&mut self) -> Result<(), Fault> {
        if self.count >= self.limits.count {
            return Err(Fault::NoSpace);
        }
        let granted = self.budget.take_up_to(ENTRY_BYTES);
        if granted < ENTRY_BYTES {
            self.budget.give(granted);
            return Err(Fault::NoSpace);
        }
        self.count += 1;
        Ok(())
    }

    pub(super) fn give_entry(&mut self) {
        self.count -= 1;
        self.budget.give(ENTRY_BYTES);
    }

    fn own_room(&self) -> u64 {
        self.limits.bytes - self.bytes
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.budget.give(self.bytes + u64::from(self.count) * ENTRY_BYTES);
    }
}
