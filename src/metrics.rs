//! What is counted, where it happens: runs, their times, containers, frames, refusals. What merely is (how many runs live, how many
//! wait) is not kept here but read when somebody asks, by `server::metrics`. Side floor: one handle, made at the start and
//! passed down. Each label comes from a closed set (toolchains, statuses, codes, doors), so nothing here grows with what clients send.

use crate::judge::Status;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// From what a sandbox takes at least to the longest that is usually allowed.
const BUCKETS: [f64; 16] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];

pub struct Metrics {
    registry: Registry,
    languages: HashMap<String, Arc<Language>>,
    /// Cells that were started again after they were lost.
    pub(crate) cell_restarts: Counter,
    pub(crate) compiled_hits: Counter,
    pub(crate) compiled_misses: Counter,
    pub(crate) connections: Counter,
    pub(crate) socket: Traffic,
    pub(crate) http: Traffic,
    refusals: Family<CodeLabel, Counter>,
    created: Family<LanguageLabel, Counter>,
    failed: Family<LanguageLabel, Counter>,
}

/// What is counted of the runs of one language.
struct Language {
    by_status: [Counter; Status::ALL.len()],
    queue: Histogram,
    execution: Histogram,
}

/// A run until its end is known. One that is dropped before that was cancelled: its client is gone.
pub(crate) struct Tally(Option<Arc<Language>>);

/// What passes through a door.
#[derive(Clone)]
pub(crate) struct Traffic {
    pub(crate) incoming: Flow,
    pub(crate) outgoing: Flow,
}

#[derive(Clone)]
pub(crate) struct Flow {
    frames: Counter,
    bytes: Counter,
}

impl Flow {
    pub(crate) fn frame(&self, bytes: usize) {
        self.frames.inc();
        self.bytes(bytes as u64);
    }

    pub(crate) fn bytes(&self, bytes: u64) {
        self.bytes.inc_by(bytes);
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RunLabels {
    language: String,
    engine: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EngineLabel {
    engine: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LanguageLabel {
    language: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabel {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DoorLabels {
    door: &'static str,
    direction: &'static str,
}

impl Metrics {
    /// For these languages with their engines. All that may ever be counted of them stands at 0: a rate sees the first one too.
    pub fn new<'a>(languages: impl Iterator<Item = (&'a str, &'static str)>) -> Arc<Self> {
        let mut registry = Registry::with_prefix("runnel");
        let runs = Family::<RunLabels, Counter>::default();
        let times = || Family::<EngineLabel, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        let (queue, execution) = (times(), times());
        let (created, failed) = (Family::<LanguageLabel, Counter>::default(), Family::<LanguageLabel, Counter>::default());
        let languages = languages.map(|(name, engine)| {
            let labels = |status: Status| RunLabels { language: name.to_owned(), engine, status: status.word() };
            let language = Language {
                by_status: Status::ALL.map(|status| runs.get_or_create_owned(&labels(status))),
                queue: queue.get_or_create_owned(&EngineLabel { engine }),
                execution: execution.get_or_create_owned(&EngineLabel { engine }),
            };
            (name.to_owned(), Arc::new(language))
        });
        let languages = languages.collect();
        registry.register("runs", "Runs that have ended", runs);
        registry.register_with_unit("queue", "From a run's acceptance to its place", Unit::Seconds, queue);
        registry.register_with_unit("execution", "Wall time of executions of programs, tests included", Unit::Seconds, execution);
        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let cell_restarts = counter("cell_restarts", "Cells that were started again after they were lost");
        let compiled_hits = counter("compile_cache_hits", "Compile steps that were not needed: the product was at hand");
        let compiled_misses = counter("compile_cache_misses", "Compile steps that were needed");
        let connections = counter("connections_opened", "WebSocket connections that were opened");
        let refusals = Family::<CodeLabel, Counter>::default();
        registry.register("refusals", "Refusals by code", refusals.clone());
        registry.register("containers_created", "Containers that were made", created.clone());
        registry.register("containers_failed", "Containers that could not be made", failed.clone());
        let [socket, http] = traffic(&mut registry, ["socket", "http"]);
        Arc::new(Self {
            registry,
            languages,
            cell_restarts,
            compiled_hits,
            compiled_misses,
            connections,
            socket,
            http,
            refusals,
            created,
            failed,
        })
    }

    /// A run of this language was accepted.
    pub(crate) fn run(&self, language: &str) -> Tally {
        Tally(self.languages.get(language).cloned())
    }

    /// `code` is one of the table.
    pub(crate) fn refusal(&self, code: &'static str) -> Counter {
        self.refusals.get_or_create_owned(&CodeLabel { code })
    }

    /// Containers of a toolchain that were made, and that could not be.
    pub(crate) fn containers(&self, language: &str) -> (Counter, Counter) {
        let label = LanguageLabel { language: language.to_owned() };
        (self.created.get_or_create_owned(&label), self.failed.get_or_create_owned(&label))
    }

    pub(crate) fn write(&self, text: &mut String) -> std::fmt::Result {
        encode_registry(text, &self.registry)
    }
}

fn traffic<const DOORS: usize>(registry: &mut Registry, doors: [&'static str; DOORS]) -> [Traffic; DOORS] {
    let (frames, bytes) = (Family::<DoorLabels, Counter>::default(), Family::<DoorLabels, Counter>::default());
    registry.register("frames", "Frames of the socket; requests and answers of HTTP", frames.clone());
    registry.register("bytes", "Bytes in them", bytes.clone());
    doors.map(|door| {
        let flow = |direction| {
            let labels = DoorLabels { door, direction };
            Flow { frames: frames.get_or_create_owned(&labels), bytes: bytes.get_or_create_owned(&labels) }
        };
        Traffic { incoming: flow("in"), outgoing: flow("out") }
    })
}

impl Tally {
    pub(crate) fn queued(&self, time: Duration) {
        if let Some(language) = &self.0 {
            language.queue.observe(time.as_secs_f64());
        }
    }

    pub(crate) fn executed(&self, time: Duration) {
        if let Some(language) = &self.0 {
            language.execution.observe(time.as_secs_f64());
        }
    }

    pub(crate) fn ended(&mut self, status: Status) {
        if let Some(language) = self.0.take() {
            language.by_status[status as usize].inc();
        }
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.ended(Status::Cancelled);
    }
}
