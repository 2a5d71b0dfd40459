//! What a worker sends to gateways, and the places of their jobs with the broker: the one interface to both carriers. An enum, since the set is closed, as in
//! `queue::broker`. Called by `live`.

#[cfg(feature = "amqp")]
use super::amqp;
#[cfg(feature = "kafka")]
use super::kafka;
use crate::standing::Fault;
#[cfg(feature = "amqp")]
use std::sync::Arc;

/// A run, by who has sent it and how it is called there.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// Its queue, or its mailbox.
    pub(super) gateway: String,
    pub(super) run: u64,
}

/// A gateway's job as it came.
pub(super) struct Offer {
    pub(super) key: Key,
    pub(super) kind: String,
    /// Its length, and its first part.
    pub(super) body: Vec<u8>,
    /// Somebody had it before, and is gone.
    pub(super) is_redelivered: bool,
    pub(super) receipt: Receipt,
}

#[derive(Clone)]
pub(super) enum Post {
    #[cfg(feature = "amqp")]
    Amqp(Arc<amqp::Post>),
    #[cfg(feature = "kafka")]
    Kafka(kafka::Post),
}

/// A job's place with the broker: as long as we have it, no other comes for it.
pub(super) enum Receipt {
    #[cfg(feature = "amqp")]
    Amqp(amqp::Receipt),
    /// Places are counted here, and a job is sent to one worker.
    #[cfg(feature = "kafka")]
    Kafka,
}

impl Post {
    /// About one run, to its gateway. Nothing is confirmed: who loses the broker loses the run.
    pub(super) async fn tell(&self, key: &Key, kind: &'static str, body: &[u8]) -> Result<(), Fault> {
        match self {
            #[cfg(feature = "amqp")]
            Self::Amqp(post) => post.tell(key, kind, body).await,
            #[cfg(feature = "kafka")]
            Self::Kafka(post) => post.tell(key, kind, body).await,
        }
    }

    /// What was to be told of this run is not: its gateway may be there all the same.
    pub(super) async fn lost(&self, key: &Key) -> Result<(), Fault> {
        match self {
            // The broker said that it is not.
            #[cfg(feature = "amqp")]
            Self::Amqp(_) => {
                let _ = key;
                Ok(())
            }
            #[cfg(feature = "kafka")]
            Self::Kafka(post) => post.lost(key).await,
        }
    }

    /// Somebody else may have it.
    pub(super) async fn put_back(&self, key: &Key, receipt: Receipt) -> Result<(), Fault> {
        match (self, receipt) {
            #[cfg(feature = "amqp")]
            (_, Receipt::Amqp(receipt)) => {
                let _ = key;
                receipt.put_back().await
            }
            #[cfg(feature = "kafka")]
            (Self::Kafka(post), Receipt::Kafka) => post.full(key).await,
            #[cfg(all(feature = "amqp", feature = "kafka"))]
            (Self::Amqp(_), Receipt::Kafka) => Ok(()),
        }
    }
}

impl Receipt {
    pub(super) async fn settle(&mut self) -> Result<(), Fault> {
        match self {
            #[cfg(feature = "amqp")]
            Self::Amqp(receipt) => receipt.settle().await,
            #[cfg(feature = "kafka")]
            Self::Kafka => Ok(()),
        }
    }
}
