//! The other end of a broker: sends jobs as any program would, and hears what comes of them. Called by `cli submit` and `cli batch`. Makes no queue and no topic
//! of the workers': who sends to what is not there is told so.

use super::broker::Fault;
use crate::config::Config;
use crate::way::Way;
use tokio::sync::mpsc;

#[cfg(feature = "amqp")]
use super::amqp::ask as amqp;
#[cfg(feature = "kafka")]
use super::kafka::ask as kafka;

/// Answers that nobody has taken yet.
pub(super) const ANSWERS: usize = 64;

/// What came of a job, with the word that it was sent under.
pub struct Heard {
    pub word: String,
    pub body: Vec<u8>,
}

/// A connection to the broker. It ends with what is heard: None, or why.
pub enum Asker {
    #[cfg(feature = "amqp")]
    Amqp(Box<amqp::Asker>),
    #[cfg(feature = "kafka")]
    Kafka(Box<kafka::Asker>),
}

pub type Answers = mpsc::Receiver<Result<Heard, Fault>>;

impl Asker {
    /// With `listens`, answers come back to this process; without, they go where others read them.
    pub async fn connect(config: &Config, listens: bool) -> Result<(Self, Answers), Fault> {
        match Way::new("queue.url", &config.queue.url, &config.queue.ca)? {
            #[cfg(feature = "amqp")]
            Way::Amqp(dial) => {
                amqp::Asker::connect(&dial, config, listens).await.map(|(asker, answers)| (Self::Amqp(Box::new(asker)), answers))
            }
            #[cfg(feature = "kafka")]
            Way::Kafka(dial) => {
                kafka::Asker::connect(&dial, config, listens).await.map(|(asker, answers)| (Self::Kafka(Box::new(asker)), answers))
            }
        }
    }

    /// Comes back when the broker has the job.
    pub async fn send(&self, id: &str, word: &str, job: &str) -> Result<(), Fault> {
        match self {
            #[cfg(feature = "amqp")]
            Self::Amqp(asker) => asker.send(id, word, job).await,
            #[cfg(feature = "kafka")]
            Self::Kafka(asker) => asker.send(id, word, job).await,
        }
    }
}
