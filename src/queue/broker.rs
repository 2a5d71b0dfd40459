//! The one interface to brokers: jobs and cancels in, answers out with the broker's word that it has them, jobs settled, given back or buried with a reason.
//! Called by `queue` and `work`. An enum, since the set is closed: one broker more is one more variant here and one file beside `amqp`.

use super::amqp;
pub use crate::amqp::Fault;
use crate::config::Config;

pub(super) enum Broker {
    Amqp(Box<amqp::Amqp>),
}

/// From the connection to its loss.
pub(super) enum Session {
    Amqp(Box<amqp::Session>),
}

/// The half of a session that works hold.
#[derive(Clone)]
pub(super) enum Desk {
    Amqp(amqp::Desk),
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
    /// Whether its sender waits somewhere for what comes of it.
    pub(super) has_reply_to: bool,
    pub(super) priority: Option<u8>,
    pub(super) trace: Option<String>,
    /// It was given to a worker before.
    pub(super) is_redelivered: bool,
    /// How many times it came back; None: the broker does not count.
    pub(super) tries: Option<u32>,
}

/// What a broker wants to see again.
pub(super) enum Receipt {
    Amqp(Box<amqp::Receipt>),
}

/// Event frames of one run that the broker has not confirmed yet.
#[derive(Default)]
pub(super) enum Window {
    #[default]
    Empty,
    Amqp(amqp::Window),
}

impl Broker {
    pub(super) fn new(config: &Config) -> Result<Self, Fault> {
        amqp::Amqp::new(config).map(|amqp| Self::Amqp(Box::new(amqp)))
    }

    /// Where it is and what we take from there, without a password.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Amqp(amqp) => amqp.name(),
        }
    }

    pub(super) async fn connect(&self) -> Result<Session, Fault> {
        match self {
            Self::Amqp(amqp) => amqp.connect().await.map(|session| Session::Amqp(Box::new(session))),
        }
    }
}

impl Session {
    pub(super) async fn next(&mut self) -> News {
        match self {
            Self::Amqp(session) => session.next().await,
        }
    }

    pub(super) fn desk(&self) -> Desk {
        match self {
            Self::Amqp(session) => Desk::Amqp(session.desk()),
        }
    }

    /// How many jobs wait.
    pub(super) async fn waiting(&self) -> Result<u32, Fault> {
        match self {
            Self::Amqp(session) => session.waiting().await,
        }
    }

    /// Takes no more jobs.
    pub(super) async fn stop(&mut self) -> Result<(), Fault> {
        match self {
            Self::Amqp(session) => session.stop().await,
        }
    }

    /// What is not settled goes back.
    pub(super) async fn close(self) {
        match self {
            Self::Amqp(session) => session.close().await,
        }
    }
}

impl Desk {
    /// Publishes the last frame of a job and comes back when the broker has it.
    pub(super) async fn answer(&self, receipt: &Receipt, id: &str, kind: &'static str, frame: &str) -> Result<(), Fault> {
        match (self, receipt) {
            (Self::Amqp(desk), Receipt::Amqp(receipt)) => desk.answer(receipt, id, kind, frame).await,
        }
    }

    /// Publishes a frame of what happens, in its order, to whom the sender named.
    pub(super) async fn tell(&self, receipt: &Receipt, id: &str, frame: &str, window: &mut Window) -> Result<(), Fault> {
        match (self, receipt) {
            (Self::Amqp(desk), Receipt::Amqp(receipt)) => {
                if matches!(window, Window::Empty) {
                    *window = Window::Amqp(amqp::Window::default());
                }
                let Window::Amqp(window) = window else { return Ok(()) };
                desk.tell(receipt, id, frame, window).await
            }
        }
    }

    /// The job is done with.
    pub(super) async fn settle(&self, receipt: &Receipt) -> Result<(), Fault> {
        match (self, receipt) {
            (Self::Amqp(desk), Receipt::Amqp(receipt)) => desk.settle(receipt).await,
        }
    }

    /// Somebody else may have it.
    pub(super) async fn put_back(&self, receipt: &Receipt) -> Result<(), Fault> {
        match (self, receipt) {
            (Self::Amqp(desk), Receipt::Amqp(receipt)) => desk.put_back(receipt).await,
        }
    }

    /// The same job once more, with one try more written on it; for a broker that does not count.
    pub(super) async fn count(&self, receipt: &Receipt, body: &[u8]) -> Result<(), Fault> {
        match (self, receipt) {
            (Self::Amqp(desk), Receipt::Amqp(receipt)) => desk.count(receipt, body).await,
        }
    }

    /// To the dead letters, with a reason, and settled.
    pub(super) async fn bury(&self, receipt: &Receipt, body: &[u8], reason: &str) -> Result<(), Fault> {
        match (self, receipt) {
            (Self::Amqp(desk), Receipt::Amqp(receipt)) => desk.bury(receipt, body, reason).await,
        }
    }
}
