//! The worker's side of gateways: takes their jobs from a queue of their own, runs each through the one way in, and tells its gateway what happens, a window ahead of what its
//! client has read. Beside `queue`'s own jobs and over a connection of its own. Called by `cli worker`. Never runs a job twice (who lost it sends it again), and
//! nothing for a gateway that is gone.

#[cfg(feature = "amqp")]
mod amqp;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(feature = "kafka")]
mod lease;
mod live;
mod post;

use super::{FIRST_PAUSE, LONGEST_PAUSE, jittered};
use crate::config::Config;
use crate::config::backend::Backend as Settings;
#[cfg(feature = "kafka")]
use crate::gateway::kafka::CONNECTING;
use crate::gateway::words::Announcement;
use crate::protocol::parse::Rules;
use crate::runner::Runner;
use crate::standing::Fault;
use crate::toolchain::Toolchains;
use crate::way::{Way, within};
use live::Lives;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

pub struct Host {
    way: Way,
    /// How what gateways and workers share is called.
    settings: Settings,
    runner: Arc<Runner>,
    rules: Rules,
    places: u16,
    /// The largest job.
    most_bytes: u64,
    grace: Duration,
    lives: Arc<Lives>,
}

/// From the connection to its loss.
enum Session {
    #[cfg(feature = "amqp")]
    Amqp(Box<amqp::Session>),
    #[cfg(feature = "kafka")]
    Kafka(Box<kafka::Session>),
}

impl Session {
    async fn attend(self, host: &Arc<Host>, shutdown: &CancellationToken) -> Option<Fault> {
        match self {
            #[cfg(feature = "amqp")]
            Self::Amqp(session) => session.attend(host, shutdown).await,
            #[cfg(feature = "kafka")]
            Self::Kafka(session) => session.attend(host, shutdown).await,
        }
    }
}

impl Host {
    /// Fails where the address can't be used.
    pub fn new(config: &Config, toolchains: Toolchains, runner: Arc<Runner>) -> Result<Arc<Self>, Fault> {
        Ok(Arc::new(Self {
            way: Way::new("queue.url", &config.queue.url, &config.queue.ca)?,
            settings: config.backend.clone(),
            runner,
            rules: Rules::new(config, toolchains),
            places: config.jobs_at_once(),
            most_bytes: config.desk.held_mb << 20,
            grace: config.connection.grace(),
            lives: Arc::default(),
        }))
    }

    async fn connect(&self) -> Result<Session, Fault> {
        match &self.way {
            #[cfg(feature = "amqp")]
            Way::Amqp(dial) => {
                within(amqp::CONNECTING, amqp::Session::connect(dial, self)).await.map(|session| Session::Amqp(Box::new(session)))
            }
            #[cfg(feature = "kafka")]
            Way::Kafka(dial) => {
                within(CONNECTING, kafka::Session::connect(dial, self)).await.map(|session| Session::Kafka(Box::new(session)))
            }
        }
    }

    fn announcement(&self) -> Announcement {
        let state =
            |toolchain: &Arc<crate::toolchain::Toolchain>| (toolchain.name.clone(), self.runner.engines().readiness(toolchain).into());
        Announcement { places: u32::from(self.places), languages: self.rules.toolchains.iter().map(state).collect() }
    }
}

/// Runs under way for gateways, and how long they have when no more are to come. As many as there are places, and those that have lent theirs, which the desk bounds.
#[derive(Default)]
struct Works {
    running: JoinSet<Result<(), Fault>>,
    deadline: Option<Instant>,
}

impl Works {
    fn begin(&mut self, host: &Arc<Host>, post: post::Post, offer: post::Offer) {
        self.running.spawn(host.clone().work(post, offer));
    }

    /// No more will begin.
    fn stop(&mut self, grace: Duration) {
        self.deadline = Some(Instant::now() + grace);
    }

    fn is_stopping(&self) -> bool {
        self.deadline.is_some()
    }

    /// All of them have ended, or have had their time.
    fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| self.running.is_empty() || deadline <= Instant::now())
    }

    /// Comes back when one has ended, with what its broker said, or when their time is over. Cancel safe.
    async fn changed(&mut self) -> Result<(), Fault> {
        tokio::select! {
            () = sleep_until(self.deadline.unwrap_or_else(Instant::now)), if self.deadline.is_some() => Ok(()),
            Some(worked) = self.running.join_next() => match worked {
                Ok(worked) => worked,
                Err(panicked) => Err(Fault::Away(format!("a run was dropped: {panicked}"))),
            },
            else => std::future::pending().await,
        }
    }

    /// Nobody hears those that are left any more.
    async fn end(mut self) {
        self.running.shutdown().await;
    }
}

/// Works until `shutdown`, then lets runs under way end within the grace time; what is left is its gateways' to send again. What a broker refuses is
/// told by the door of jobs, which asks it for more.
pub async fn run(host: Arc<Host>, shutdown: CancellationToken) {
    let mut pause = FIRST_PAUSE;
    while !shutdown.is_cancelled() {
        let connected = tokio::select! {
            () = shutdown.cancelled() => return,
            connected = host.connect() => connected,
        };
        let fault = match connected {
            Ok(session) => {
                pause = FIRST_PAUSE;
                tracing::info!("takes gateways' jobs from {}, `{}`", host.way.name(), host.settings.queue);
                match session.attend(&host, &shutdown).await {
                    None => return,
                    Some(fault) => fault,
                }
            }
            Err(fault) => fault,
        };
        tracing::warn!("{}: {fault}; tried again", host.way.name());
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = sleep(jittered(pause)) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
