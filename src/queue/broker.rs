//! The one interface to brokers: jobs and cancels in, answers out with the broker's word that it has them, jobs settled, given back or buried with a reason.
//! Called by `queue` and `work`. An enum, since the set is closed: one broker more is one more variant here and one file beside `amqp` and `kafka`.

#[cfg(feature = "amqp")]
use super::amqp;
#[cfg(feature = "kafka")]
use super::kafka;
use crate::config::Config;
pub use crate::standing::Fault;
use crate::way::Way;
use std::collections::BTreeMap;
use tokio_util::sync::CancellationToken;

pub(super) enum Broker {
    #[cfg(feature = "amqp")]
    Amqp(Box<amqp::Amqp>),
    #[cfg(feature = "kafka")]
    Kafka(Box<kafka::Kafka>),
}

/// From the connection to its loss.
pub(super) enum Session {
    #[cfg(feature = "amqp")]
    Amqp(Box<amqp::Session>),
    #[cfg(feature = "kafka")]
    Kafka(Box<kafka::Session>),
}

pub(super) enum News {
    Job(Box<Delivery>),
    /// Of the job with this id.
    Cancel(String),
    /// None: not any more.
    Blocked(Option<String>),
    Lost(Fault),
}

/// A job as it came. It stays the broker's until it is settled.
pub(super) struct Delivery {
    pub(super) body: Vec<u8>,
    pub(super) envelope: Envelope,
    pub(super) receipt: Receipt,
}

/// What stands on a message.
#[derive(Clone, Debug, Default)]
pub(super) struct Envelope {
    /// How its sender calls it.
    pub(super) id: Option<String>,
    /// Whether there is a place for frames of what happens.
    pub(super) has_events: bool,
    pub(super) priority: Option<u8>,
    /// Those that are text.
    pub(super) headers: BTreeMap<String, String>,
    /// It was given to a worker before.
    pub(super) is_redelivered: bool,
    /// How many times it came back; None: the broker does not count.
    pub(super) tries: Option<u32>,
}

impl Envelope {
    /// The caller's span.
    pub(super) fn trace(&self) -> Option<&str> {
        self.headers.get("traceparent").map(String::as_str)
    }
}

/// A last frame, or what is made of it.
pub(super) struct Answer<'a> {
    /// The job's.
    pub(super) id: &'a str,
    /// `result` or `error`.
    pub(super) kind: &'static str,
    pub(super) body: &'a str,
    pub(super) headers: &'a [(String, String)],
}

/// What a broker wants to see again, and the way to it.
pub(super) enum Receipt {
    #[cfg(feature = "amqp")]
    Amqp(Box<amqp::Receipt>),
    #[cfg(feature = "kafka")]
    Kafka(Box<kafka::Receipt>),
}

impl Broker {
    pub(super) fn new(config: &Config) -> Result<Self, Fault> {
        Ok(match Way::new("queue.url", &config.queue.url, &config.queue.ca)? {
            #[cfg(feature = "amqp")]
            Way::Amqp(dial) => Self::Amqp(Box::new(amqp::Amqp::new(dial, config))),
            #[cfg(feature = "kafka")]
            Way::Kafka(dial) => Self::Kafka(Box::new(kafka::Kafka::new(dial, config))),
        })
    }

    /// Where it is and what we take from there, without a password.
    pub(super) fn name(&self) -> String {
        match self {
            #[cfg(feature = "amqp")]
            Self::Amqp(amqp) => amqp.name(),
            #[cfg(feature = "kafka")]
            Self::Kafka(kafka) => kafka.name(),
        }
    }

    pub(super) async fn connect(&self) -> Result<Session, Fault> {
        match self {
            #[cfg(feature = "amqp")]
            Self::Amqp(amqp) => amqp.connect().await.map(|session| Session::Amqp(Box::new(session))),
            #[cfg(feature = "kafka")]
            Self::Kafka(kafka) => kafka.connect().await.map(|session| Session::Kafka(Box::new(session))),
        }
    }
}

impl Session {
    pub(super) async fn next(&mut self) -> News {
        match self {
            #[cfg(feature = "amqp")]
            Self::Amqp(session) => session.next().await,
            #[cfg(feature = "kafka")]
            Self::Kafka(session) => session.next().await,
        }
    }

    /// How many jobs wait, where that is known.
    pub(super) async fn waiting(&self) -> Result<Option<u64>, Fault> {
        match self {
            #[cfg(feature = "amqp")]
            Self::Amqp(session) => session.waiting().await.map(|waiting| Some(waiting.into())),
            #[cfg(feature = "kafka")]
            Self::Kafka(session) => Ok(session.waiting()),
        }
    }

    /// Takes no more jobs.
    pub(super) async fn stop(&mut self) -> Result<(), Fault> {
        match self {
            #[cfg(feature = "amqp")]
            Self::Amqp(session) => session.stop().await,
            #[cfg(feature = "kafka")]
            Self::Kafka(session) => {
                session.stop();
                Ok(())
            }
        }
    }

    /// What is not settled goes back.
    pub(super) async fn close(self) {
        match self {
            #[cfg(feature = "amqp")]
            Self::Amqp(session) => session.close().await,
            #[cfg(feature = "kafka")]
            Self::Kafka(session) => session.close().await,
        }
    }
}

impl Receipt {
    /// Publishes the answer to a job and comes back when the broker has it.
    pub(super) async fn answer(&self, answer: &Answer<'_>) -> Result<(), Fault> {
        match self {
            #[cfg(feature = "amqp")]
            Self::Amqp(receipt) => receipt.answer(answer).await,
            #[cfg(feature = "kafka")]
            Self::Kafka(receipt) => receipt.answer(answer).await,
        }
    }

    /// Publishes a frame of what happens, in its order.
    pub(super) async fn tell(&mut self, id: &str, frame: &str) -> Result<(), Fault> {
        match self {
            #[cfg(feature = "amqp")]
            Self::Amqp(receipt) => receipt.tell(id, frame).await,
            #[cfg(feature = "kafka")]
            Self::Kafka(receipt) => receipt.tell(id, frame).await,
        }
    }

    /// The job is done with.
    pub(super) async fn settle(&self) -> Result<(), Fault> {
        match self {
            #[cfg(feature = "amqp")]
            Self::Amqp(receipt) => receipt.settle().await,
            #[cfg(feature = "kafka")]
            Self::Kafka(receipt) => {
                receipt.settle();
                Ok(())
            }
        }
    }

    /// Somebody else may have it.
    pub(super) async fn put_back(&self) -> Result<(), Fault> {
        match self {
            #[cfg(feature = "amqp")]
            Self::Amqp(receipt) => receipt.put_back().await,
            // Whoever has its partition next gets it again.
            #[cfg(feature = "kafka")]
            Self::Kafka(_) => Ok(()),
        }
    }

    /// The same job once more, with one try more written on it; for a broker that does not count.
    pub(super) async fn count(&self, body: &[u8]) -> Result<(), Fault> {
        match self {
            #[cfg(feature = "amqp")]
            Self::Amqp(receipt) => receipt.count(body).await,
            #[cfg(feature = "kafka")]
            Self::Kafka(receipt) => receipt.count(body).await,
        }
    }

    /// To the dead letters, with a reason, and settled.
    pub(super) async fn bury(&self, body: &[u8], reason: &str) -> Result<(), Fault> {
        match self {
            #[cfg(feature = "amqp")]
            Self::Amqp(receipt) => receipt.bury(body, reason).await,
            #[cfg(feature = "kafka")]
            Self::Kafka(receipt) => receipt.bury(body, reason).await,
        }
    }

    /// Cancelled when the job is not ours any more although the connection stands.
    pub(super) fn gone(&self) -> CancellationToken {
        match self {
            #[cfg(feature = "amqp")]
            Self::Amqp(_) => CancellationToken::new(),
            #[cfg(feature = "kafka")]
            Self::Kafka(receipt) => receipt.gone(),
        }
    }
}
