//! Which jobs of which partition are under way. Kafka knows one place in each partition, before which all is done with; jobs end in any order, so the
//! place is kept here and moves when the first of them has ended. Pure.

use std::collections::{BTreeSet, HashMap};
use tokio_util::sync::CancellationToken;

/// How far beyond the first job that has not ended others of its partition are taken. A job that takes long is all that is run again of them when its
/// worker is lost.
pub(super) const SPREAD: i64 = 256;

#[derive(Default)]
pub(super) struct Ledger {
    partitions: HashMap<i32, Partition>,
    /// Partitions that were ever opened: one that comes back is another one.
    opened: u64,
}

struct Partition {
    number: u64,
    /// Behind the last one that was begun.
    next: i64,
    under_way: BTreeSet<i64>,
    /// Before this, a worker may have begun before.
    suspect_before: i64,
    /// What the broker knows.
    committed: i64,
    gone: CancellationToken,
}

/// A job under way.
#[derive(Clone)]
pub(super) struct Ticket {
    pub(super) partition: i32,
    pub(super) offset: i64,
    number: u64,
    pub(super) is_suspect: bool,
    /// When the partition is somebody else's.
    pub(super) gone: CancellationToken,
}

impl Ledger {
    pub(super) fn has(&self, partition: i32) -> bool {
        self.partitions.contains_key(&partition)
    }

    /// A partition that is ours now; what lies before `begun` may have been begun by who had it before.
    pub(super) fn open(&mut self, partition: i32, first: i64, begun: i64) {
        self.opened += 1;
        let opened = Partition {
            number: self.opened,
            next: first,
            under_way: BTreeSet::new(),
            suspect_before: begun,
            committed: first,
            gone: CancellationToken::new(),
        };
        self.partitions.insert(partition, opened);
    }

    /// Whether one more may be taken; what is too far on has to wait.
    pub(super) fn has_room(&self, partition: i32, offset: i64) -> bool {
        self.partitions.get(&partition).is_none_or(|partition| offset < partition.place() + SPREAD)
    }

    /// None where the partition is not ours, or the job was begun here already.
    pub(super) fn begin(&mut self, partition: i32, offset: i64) -> Option<Ticket> {
        let at = self.partitions.get_mut(&partition)?;
        if offset < at.next {
            return None;
        }
        at.next = offset + 1;
        at.under_way.insert(offset);
        let (number, gone) = (at.number, at.gone.clone());
        Some(Ticket { partition, offset, number, is_suspect: offset < at.suspect_before, gone })
    }

    pub(super) fn settle(&mut self, ticket: &Ticket) {
        if let Some(at) = self.partitions.get_mut(&ticket.partition).filter(|at| at.number == ticket.number) {
            at.under_way.remove(&ticket.offset);
        }
    }

    /// How far partitions are done with, where the broker does not know it yet.
    pub(super) fn moved(&self) -> Vec<(i32, i64)> {
        let moved = self.partitions.iter().filter(|(_, at)| at.place() > at.committed);
        moved.map(|(partition, at)| (*partition, at.place())).collect()
    }

    /// How far all partitions are done with.
    pub(super) fn places(&self) -> Vec<(i32, i64)> {
        self.partitions.iter().map(|(partition, at)| (*partition, at.place())).collect()
    }

    /// The broker did not take it: it is told once more.
    pub(super) fn forget(&mut self, partition: i32) {
        if let Some(at) = self.partitions.get_mut(&partition) {
            at.committed = -1;
        }
    }

    pub(super) fn committed(&mut self, places: &[(i32, i64)]) {
        for (partition, place) in places {
            if let Some(at) = self.partitions.get_mut(partition) {
                at.committed = at.committed.max(*place);
            }
        }
    }

    pub(super) fn is_idle(&self, partitions: &[i32]) -> bool {
        partitions.iter().filter_map(|partition| self.partitions.get(partition)).all(|at| at.under_way.is_empty())
    }

    /// These are somebody else's now, and so is what of them is still under way here.
    pub(super) fn close(&mut self, partitions: &[i32]) {
        for partition in partitions {
            if let Some(at) = self.partitions.remove(partition) {
                at.gone.cancel();
            }
        }
    }
}

impl Partition {
    fn place(&self) -> i64 {
        self.under_way.first().copied().unwrap_or(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_moves_when_the_first_has_ended() {
        let mut ledger = Ledger::default();
        assert!(ledger.begin(0, 5).is_none(), "not ours");
        ledger.open(0, 5, 6);
        // Offsets have gaps.
        let tickets: Vec<_> = [5, 6, 9].map(|offset| ledger.begin(0, offset).unwrap()).into();
        assert_eq!(tickets.iter().map(|ticket| ticket.is_suspect).collect::<Vec<_>>(), [true, false, false]);
        assert!(ledger.begin(0, 6).is_none(), "twice");
        ledger.settle(&tickets[1]);
        assert_eq!(ledger.moved(), []);
        ledger.settle(&tickets[0]);
        assert_eq!(ledger.moved(), [(0, 9)]);
        ledger.committed(&[(0, 9)]);
        assert_eq!(ledger.moved(), []);
        assert!(!ledger.is_idle(&[0, 1]));
        ledger.settle(&tickets[2]);
        assert_eq!((ledger.moved(), ledger.is_idle(&[0])), (vec![(0, 10)], true));
        assert!(ledger.has_room(0, 9 + SPREAD) && !ledger.has_room(0, 10 + SPREAD));
    }

    #[test]
    fn a_partition_that_went_is_not_written_to() {
        let mut ledger = Ledger::default();
        ledger.open(3, 0, 0);
        let ticket = ledger.begin(3, 0).unwrap();
        ledger.close(&[3]);
        assert!(ticket.gone.is_cancelled() && !ledger.has(3));
        // It comes back, and the job with it.
        ledger.open(3, 0, 1);
        let again = ledger.begin(3, 0).unwrap();
        assert!(again.is_suspect && !again.gone.is_cancelled());
        ledger.settle(&ticket);
        assert!(!ledger.is_idle(&[3]), "the old one is not the new one");
        ledger.settle(&again);
        assert_eq!(ledger.moved(), [(3, 1)]);
        ledger.committed(&[(3, 1)]);
        assert_eq!((ledger.moved(), ledger.places()), (vec![], vec![(3, 1)]));
        ledger.forget(3);
        assert_eq!(ledger.moved(), [(3, 1)]);
    }
}
