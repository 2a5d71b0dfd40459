//! The door of brokers: takes jobs from a queue, runs each through the one way in, and publishes its answer. A job is settled only after the broker has
//! confirmed its answer, so none is lost, and one that was under way when its worker or the broker went is run again. Called by `cli worker`.
//! Never goes around the runner, never logs what is in a message, and never ends because of one.

#[cfg(feature = "amqp")]
mod amqp;
pub mod ask;
mod broker;
mod cancels;
mod dialect;
pub mod gateways;
#[cfg(feature = "kafka")]
mod kafka;
mod message;
mod work;

use crate::config::Config;
use crate::lock::lock;
use crate::protocol::parse::Rules;
use crate::runner::Runner;
use crate::standing::{Bond, Standing};
use crate::toolchain::Toolchains;
pub use broker::Fault;
use broker::{Broker, News, Session};
use cancels::Cancels;
use dialect::Dialect;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// From the first try to reach a broker that is away to the longest pause between two.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// How often the broker is asked how many jobs wait.
const ASKING: Duration = Duration::from_secs(5);
/// How long the broker may take for an answer to that, and to goodbyes.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Worker {
    broker: Broker,
    runner: Arc<Runner>,
    rules: Rules,
    /// The words of others, where jobs and answers are in these.
    dialect: Option<Arc<Dialect>>,
    standing: Arc<Standing>,
    settings: Settings,
    cancels: Mutex<Cancels>,
}

struct Settings {
    events: crate::config::queue::Events,
    tries: u32,
    most_bytes: usize,
    grace: Duration,
}

/// How a session ended.
enum Ended {
    Stopped,
    Lost(Fault),
}

impl Worker {
    /// Fails where the address or the dialect can't be used.
    pub fn new(config: &Config, toolchains: Toolchains, runner: Arc<Runner>, standing: Arc<Standing>) -> Result<Arc<Self>, Fault> {
        let dialect = match config.queue.dialect.as_str() {
            "" => None,
            name => Some(Arc::new(Dialect::load(name).map_err(|mistake| Fault::Refused(format!("`queue.dialect`: {mistake}")))?)),
        };
        Ok(Arc::new(Self {
            broker: Broker::new(config)?,
            runner,
            rules: Rules::new(config, toolchains),
            dialect,
            standing,
            settings: Settings {
                events: config.queue.events,
                tries: config.queue.tries,
                most_bytes: config.connection.max_frame_bytes(),
                grace: config.connection.grace(),
            },
            cancels: Mutex::default(),
        }))
    }
}

/// Works until `shutdown`, then lets jobs under way end within the grace time and gives the rest back. Fails only where the broker refuses us
/// before it has ever taken us: then somebody has to do something about it.
pub async fn run(worker: Arc<Worker>, shutdown: CancellationToken) -> Result<(), Fault> {
    // What runs in containers would be refused before that.
    worker.runner.engines().docker.looked().await;
    let (mut pause, mut was_up) = (FIRST_PAUSE, false);
    loop {
        let connected = tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            connected = worker.broker.connect() => connected,
        };
        let fault = match connected {
            Ok(session) => {
                (pause, was_up) = (FIRST_PAUSE, true);
                worker.standing.set(Bond::Up);
                tracing::info!("takes jobs from {}", worker.broker.name());
                match worker.attend(session, &shutdown).await {
                    Ended::Stopped => return Ok(()),
                    Ended::Lost(fault) => {
                        worker.standing.lost.inc();
                        fault
                    }
                }
            }
            Err(fault @ Fault::Refused(_)) if !was_up => return Err(fault),
            Err(fault) => fault,
        };
        tracing::warn!("{}: {fault}; tried again", worker.broker.name());
        worker.standing.set(Bond::Away(fault.to_string()));
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            () = sleep(jittered(pause)) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// From half to all of it: workers that lost the same broker don't come back together.
fn jittered(pause: Duration) -> Duration {
    use std::hash::{BuildHasher, RandomState};
    let chance = u32::try_from(RandomState::new().hash_one(()) & 0xff).unwrap_or_default();
    pause / 2 + pause / 2 * chance / 0xff
}

impl Worker {
    async fn attend(self: &Arc<Self>, mut session: Session, shutdown: &CancellationToken) -> Ended {
        // As many as the broker gives us at once, which is bounded.
        let mut works = JoinSet::new();
        let mut asking = interval(ASKING);
        let lost = loop {
            tokio::select! {
                () = shutdown.cancelled() => break None,
                news = session.next() => match news {
                    News::Job(delivery) => drop(works.spawn(self.clone().work(*delivery))),
                    News::Cancel(id) => lock(&self.cancels).cancel(id),
                    News::Blocked(why) => self.standing.set(why.map_or(Bond::Up, Bond::Blocked)),
                    News::Lost(fault) => break Some(fault),
                },
                Some(worked) = works.join_next() => if let Some(fault) = fault_of(worked) {
                    break Some(fault);
                },
                _ = asking.tick() => match timeout(PATIENCE, session.waiting()).await {
                    Ok(Ok(waiting)) => self.standing.set_waiting(waiting),
                    Ok(Err(fault)) => break Some(fault),
                    Err(_) => {}
                },
            }
        };
        if let Some(fault) = lost {
            // The broker gives these jobs to somebody again, whatever comes of them here.
            works.shutdown().await;
            return Ended::Lost(fault);
        }
        self.drain(session, works).await;
        Ended::Stopped
    }

    async fn drain(self: &Arc<Self>, mut session: Session, mut works: JoinSet<Result<(), Fault>>) {
        let deadline = Instant::now() + self.settings.grace;
        let _ = timeout(PATIENCE, session.stop()).await;
        self.runner.drain();
        while !works.is_empty() {
            tokio::select! {
                () = tokio::time::sleep_until(deadline) => break,
                news = session.next() => match news {
                    // On their way when we said that we take no more: the runner takes none either, so they go back.
                    News::Job(delivery) => drop(works.spawn(self.clone().work(*delivery))),
                    News::Cancel(id) => lock(&self.cancels).cancel(id),
                    News::Blocked(_) => {}
                    News::Lost(_) => break,
                },
                Some(worked) = works.join_next() => if fault_of(worked).is_some() {
                    break;
                },
            }
        }
        let left = works.len() as u64;
        self.standing.returned.inc_by(left);
        works.shutdown().await;
        // What is not settled goes back with the connection.
        let _ = timeout(PATIENCE, session.close()).await;
        self.standing.set(Bond::Away("shut down".to_owned()));
    }
}

/// A work that panicked has not settled its job: the session ends, so that somebody gets it again.
fn fault_of(worked: Result<Result<(), Fault>, tokio::task::JoinError>) -> Option<Fault> {
    match worked {
        Ok(Ok(())) => None,
        Ok(Err(fault)) => Some(fault),
        Err(panicked) => Some(Fault::Away(format!("a job was dropped: {panicked}"))),
    }
}
