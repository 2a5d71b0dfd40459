//! The way to a broker: which one an address speaks of, and how it is reached. Called by `queue` and `gateway`, which have a file for each broker beside this choice.

use crate::standing::Fault;
use std::time::Duration;
use tokio::time::timeout;

pub(crate) enum Way {
    #[cfg(feature = "amqp")]
    Amqp(crate::amqp::Dial),
    #[cfg(feature = "kafka")]
    Kafka(crate::kafka::Dial),
}

impl Way {
    /// `setting` is the name of the one that the address is from.
    pub(crate) fn new(setting: &str, url: &str, ca: &str) -> Result<Self, Fault> {
        match url.split("://").next().unwrap_or_default() {
            #[cfg(feature = "amqp")]
            "amqp" | "amqps" => crate::amqp::Dial::new(setting, url, ca).map(Self::Amqp),
            #[cfg(feature = "kafka")]
            "kafka" | "kafkas" => crate::kafka::Dial::new(setting, url, ca).map(Self::Kafka),
            scheme => Err(Fault::Refused(format!("`{setting}`: this runnel was built without `{scheme}`"))),
        }
    }

    /// Without who we are.
    pub(crate) fn name(&self) -> String {
        match self {
            #[cfg(feature = "amqp")]
            Self::Amqp(dial) => dial.name(),
            #[cfg(feature = "kafka")]
            Self::Kafka(dial) => dial.name(),
        }
    }
}

/// What takes longer is taken for away.
pub(crate) async fn within<Output>(time: Duration, connecting: impl Future<Output = Result<Output, Fault>>) -> Result<Output, Fault> {
    timeout(time, connecting).await.unwrap_or_else(|_| Err(Fault::Away(format!("no answer within {} s", time.as_secs()))))
}
