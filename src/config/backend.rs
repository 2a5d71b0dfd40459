//! The part of the configuration that says which broker a gateway sends runs to, and how what gateways and workers share is called.

use serde::Deserialize;

/// The longest name of a queue, an exchange or a topic, in bytes.
const LONGEST: usize = 255;

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backend {
    /// Holds a password. Empty: programs run here.
    pub url: String,
    pub ca: String,
    pub queue: String,
    pub workers: String,
    pub partitions: u16,
    pub fetch_ms: u64,
    pub busy: usize,
    pub live: usize,
    pub patience_ms: u64,
}

impl std::fmt::Debug for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backend").field("queue", &self.queue).field("workers", &self.workers).finish_non_exhaustive()
    }
}

impl Backend {
    pub fn is_given(&self) -> bool {
        !self.url.is_empty()
    }

    pub(super) fn check(&self, must: &mut impl FnMut(bool, &str)) {
        let is_broker = ["amqp://", "amqps://", "kafka://", "kafkas://"].iter().any(|scheme| self.url.starts_with(scheme));
        must(self.url.is_empty() || is_broker, "`backend.url`: empty, or a broker's such as amqp://user:password@localhost:5672");
        for (setting, name) in [("queue", &self.queue), ("workers", &self.workers)] {
            must(
                (1..=LONGEST).contains(&name.len()) && !name.starts_with("amq."),
                &format!("`backend.{setting}`: from 1 to {LONGEST} bytes, and not one of the broker's own names"),
            );
        }
        must(self.queue != self.workers, "`backend.queue` and `backend.workers`: different names");
        must((1..=1000).contains(&self.partitions), "`backend.partitions`: from 1 to 1000");
        must((1..=1000).contains(&self.fetch_ms), "`backend.fetch_ms`: from 1 to 1000");
        must((1..=1 << 16).contains(&self.busy), "`backend.busy`: from 1 to 65536");
        must(self.live >= self.busy && self.live <= 1 << 20, "`backend.live`: not less than `backend.busy`, at most 1048576");
        must(self.patience_ms <= 600_000, "`backend.patience_ms`: at most 600000");
    }
}
