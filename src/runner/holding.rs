//! Bytes that jobs hold in this process, over all runs: files and input stay from the frame to the end of the run,
//! in the queue too. Asked before anything is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

pub(super) struct Holdings {
    limit: u64,
    held: AtomicU64,
}

/// What one run holds. Given back when dropped.
pub(super) struct Holding {
    holdings: Arc<Holdings>,
    bytes: AtomicU64,
}

impl Holdings {
    pub(super) fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self { limit, held: AtomicU64::new(0) })
    }

    pub(super) fn take(self: &Arc<Self>, bytes: u64) -> Option<Holding> {
        let holding = Holding { holdings: self.clone(), bytes: AtomicU64::new(0) };
        holding.grow(bytes).then_some(holding)
    }
}

impl Holding {
    /// All of it or nothing.
    pub(super) fn grow(&self, bytes: u64) -> bool {
        let fits = |held: u64| held.checked_add(bytes).filter(|&held| held <= self.holdings.limit);
        let grown = self.holdings.held.fetch_update(Relaxed, Relaxed, fits).is_ok();
        if grown {
            self.bytes.fetch_add(bytes, Relaxed);
        }
        grown
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.holdings.held.fetch_sub(self.bytes.load(Relaxed), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounded_and_given_back() {
        let holdings = Holdings::new(10);
        let first = holdings.take(6).unwrap();
        assert!(holdings.take(5).is_none());
        let second = holdings.take(3).unwrap();
        assert!(!first.grow(2) && first.grow(1));
        drop(first);
        assert!(second.grow(7) && !second.grow(1));
        drop(second);
        assert_eq!(holdings.held.load(Relaxed), 0);
    }
}
