//! How a worker stands with its broker, and what it has had of it. Written by the door `queue`, read by `server` when an operator asks; of
//! the side floor, since doors never import each other.

use crate::lock::lock;
use prometheus_client::metrics::counter::Counter;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

pub struct Standing {
    bond: Mutex<Bond>,
    /// Jobs that wait at the broker, as it last said; below 0 where nobody knows.
    waiting: AtomicI64,
    /// Jobs that came, those that had come to a worker before included.
    pub consumed: Counter,
    /// Of these, those that had.
    pub redelivered: Counter,
    /// Answers that the broker has confirmed.
    pub published: Counter,
    /// Jobs that can't be answered, or not be run.
    pub dead: Counter,
    /// Jobs that were given back.
    pub returned: Counter,
    /// Times that the broker was lost.
    pub lost: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bond {
    /// Nothing comes and nothing goes, and why.
    Away(String),
    /// The broker takes no messages for now.
    Blocked(String),
    Up,
}

/// Why a broker can't be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// It will not get better by itself: credentials, rights, a queue that is declared otherwise.
    #[error("{0}")]
    Refused(String),
    /// It may get better: nobody there, a connection that broke.
    #[error("{0}")]
    Away(String),
}

impl Bond {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Away(_) => "away",
            Self::Blocked(_) => "blocked",
            Self::Up => "up",
        }
    }

    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Away(why) | Self::Blocked(why) => Some(why),
            Self::Up => None,
        }
    }
}

impl Default for Standing {
    fn default() -> Self {
        Self {
            bond: Mutex::new(Bond::Away("not tried yet".to_owned())),
            waiting: AtomicI64::new(-1),
            consumed: Counter::default(),
            redelivered: Counter::default(),
            published: Counter::default(),
            dead: Counter::default(),
            returned: Counter::default(),
            lost: Counter::default(),
        }
    }
}

impl Standing {
    pub fn set(&self, bond: Bond) {
        if !matches!(bond, Bond::Up) {
            self.waiting.store(-1, Ordering::Relaxed);
        }
        *lock(&self.bond) = bond;
    }

    pub fn bond(&self) -> Bond {
        lock(&self.bond).clone()
    }

    pub fn set_waiting(&self, jobs: Option<u64>) {
        let jobs = jobs.map_or(-1, |jobs| i64::try_from(jobs).unwrap_or(i64::MAX));
        self.waiting.store(jobs, Ordering::Relaxed);
    }

    pub fn waiting(&self) -> Option<i64> {
        Some(self.waiting.load(Ordering::Relaxed)).filter(|jobs| *jobs >= 0)
    }
}
