//! The part of the configuration that says which broker jobs come from, and how its queues are called.

use serde::Deserialize;
use std::net::SocketAddr;

/// The longest name of a queue or an exchange, in bytes.
const LONGEST: usize = 255;

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Holds a password.
    pub url: String,
    pub ca: String,
    pub listen: String,
    pub jobs: String,
    pub results: String,
    pub dead: String,
    pub cancel: String,
    pub declare: bool,
    pub kind: Kind,
    pub priorities: u8,
    pub most: u16,
    pub tries: u32,
    pub events: Events,
    pub gateways: bool,
    pub dialect: String,
    pub group: String,
    pub partitions: u16,
}

/// How the broker keeps a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Quorum,
    Classic,
}

/// Whether what happens before a result is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Events {
    Asked,
    Always,
    Never,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("jobs", &self.jobs).field("results", &self.results).finish_non_exhaustive()
    }
}

impl Queue {
    pub(super) fn check(&self, must: &mut impl FnMut(bool, &str)) {
        let is_broker = ["amqp://", "amqps://", "kafka://", "kafkas://"].iter().any(|scheme| self.url.starts_with(scheme));
        must(self.url.is_empty() || is_broker, "`queue.url`: empty, or a broker's such as amqp://user:password@localhost:5672");
        must(
            self.listen.is_empty() || self.listen.parse::<SocketAddr>().is_ok(),
            "`queue.listen`: empty, or an address with a port, such as 127.0.0.1:9090",
        );
        for (setting, name) in [("jobs", &self.jobs), ("results", &self.results), ("dead", &self.dead), ("cancel", &self.cancel)] {
            must(
                (1..=LONGEST).contains(&name.len()) && !name.starts_with("amq."),
                &format!("`queue.{setting}`: from 1 to {LONGEST} bytes, and not one of the broker's own names"),
            );
        }
        let queues = [&self.jobs, &self.results, &self.dead];
        let are_apart = queues.iter().enumerate().all(|(at, name)| !queues[..at].contains(name)) && self.cancel != self.dead;
        must(are_apart, "`queue.jobs`, `results` and `dead` are names of different queues, `dead` and `cancel` of different exchanges");
        must(self.priorities >= 1, "`queue.priorities`: from 1 to 255");
        must((1..=1000).contains(&self.tries), "`queue.tries`: from 1 to 1000");
        must(self.most <= 4096, "`queue.most`: at most 4096");
        must((1..=LONGEST).contains(&self.group.len()), &format!("`queue.group`: from 1 to {LONGEST} bytes"));
        must((1..=1000).contains(&self.partitions), "`queue.partitions`: from 1 to 1000");
    }
}
