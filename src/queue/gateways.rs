//! The worker's side of gateways: takes their jobs from a queue of their own, runs each through the one way in, and tells its gateway what happens, a window ahead of what its
//! client has read. Beside `queue`'s own jobs and over a connection of its own. Called by `cli worker`. Never runs a job twice (who lost it sends it again), and
//! nothing for a gateway that is gone.

mod live;
mod post;

use super::{FIRST_PAUSE, LONGEST_PAUSE, jittered};
use crate::amqp::{Dial, fault_of, short};
use crate::config::Config;
use crate::gateway::amqp::{PINGING, consume, declare, own_queue};
use crate::gateway::words::{self, Announcement};
use crate::protocol::parse::Rules;
use crate::runner::Runner;
use crate::standing::Fault;
use crate::toolchain::Toolchains;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use lapin::message::Delivery;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions, ConfirmSelectOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection, Consumer, Event};
use live::{Key, Lives};
use post::{Pings, Post};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// To connect, agree, declare, all in all.
const CONNECTING: Duration = Duration::from_secs(20);
/// How often gateways are told what we can do, if nothing changes; they count on us for five times as long.
const ANNOUNCING: Duration = Duration::from_secs(2);

pub struct Host {
    dial: Dial,
    queue: String,
    workers: String,
    runner: Arc<Runner>,
    rules: Rules,
    places: u16,
    /// The largest job.
    most_bytes: u64,
    grace: Duration,
    lives: Lives,
}

struct Session {
    connection: Connection,
    events: BoxStream<'static, Event>,
    taking: Channel,
    jobs: Consumer,
    controls: Consumer,
    post: Post,
}

impl Host {
    /// Fails where the address can't be used.
    pub fn new(config: &Config, toolchains: Toolchains, runner: Arc<Runner>) -> Result<Arc<Self>, Fault> {
        Ok(Arc::new(Self {
            dial: Dial::new("queue.url", &config.queue.url, &config.queue.ca)?,
            queue: config.backend.queue.clone(),
            workers: config.backend.workers.clone(),
            runner,
            rules: Rules::new(config, toolchains),
            places: config.jobs_at_once(),
            most_bytes: config.desk.held_mb << 20,
            grace: config.connection.grace(),
            lives: Lives::default(),
        }))
    }
}

/// Works until `shutdown`, then lets runs under way end within the grace time; what is left is its gateways' to send again. What a broker refuses is
/// told by the door of jobs, which asks it for more.
pub async fn run(host: Arc<Host>, shutdown: CancellationToken) {
    let mut pause = FIRST_PAUSE;
    while !shutdown.is_cancelled() {
        let connecting = timeout(CONNECTING, host.connect());
        let connected = tokio::select! {
            () = shutdown.cancelled() => return,
            connected = connecting => connected.unwrap_or_else(|_| Err(Fault::Away("no answer".to_owned()))),
        };
        let fault = match connected {
            Ok(session) => {
                pause = FIRST_PAUSE;
                tracing::info!("takes gateways' jobs from {}, queue `{}`", host.dial.name(), host.queue);
                match host.attend(session, &shutdown).await {
                    None => return,
                    Some(fault) => fault,
                }
            }
            Err(fault) => fault,
        };
        tracing::warn!("{}: {fault}; tried again", host.dial.name());
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = sleep(jittered(pause)) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

impl Host {
    async fn connect(&self) -> Result<Session, Fault> {
        let connection = self.dial.connect("runnel worker, for gateways").await?;
        let events = connection.events_listener().boxed();
        let connected = async {
            let open = async || connection.create_channel().await;
            let (asking, telling, hearing, taking) = (open().await?, open().await?, open().await?, open().await?);
            asking.confirm_select(ConfirmSelectOptions::default()).await?;
            declare(&asking, &self.queue, &self.workers).await?;
            let session = own_queue(&hearing).await?;
            let controls = consume(&hearing, &session).await?;
            let post = Post::new(asking, telling, session, short(&self.workers));
            // Before any job comes: gateways are to know where it could be.
            post.announce(&self.announcement()).await?;
            taking.basic_qos(self.places, BasicQosOptions::default()).await?;
            let options = BasicConsumeOptions::default();
            let jobs = taking.basic_consume(short(&self.queue), ShortString::default(), options, FieldTable::default()).await?;
            Ok((taking, jobs, controls, post))
        };
        let (taking, jobs, controls, post) = connected.await.map_err(|fault: lapin::Error| fault_of(&fault))?;
        Ok(Session { connection, events, taking, jobs, controls, post })
    }

    fn announcement(&self) -> Announcement {
        let state =
            |toolchain: &Arc<crate::toolchain::Toolchain>| (toolchain.name.clone(), self.runner.engines().readiness(toolchain).into());
        Announcement { places: u32::from(self.places), languages: self.rules.toolchains.iter().map(state).collect() }
    }

    /// None after an end that was asked for.
    async fn attend(self: &Arc<Self>, session: Session, shutdown: &CancellationToken) -> Option<Fault> {
        let Session { connection, mut events, taking, mut jobs, mut controls, post } = session;
        // As many as the broker gives us at once, and those that have lent their places, which the desk bounds.
        let mut works = JoinSet::<lapin::Result<()>>::new();
        let (mut announcing, mut pinging) = (interval(ANNOUNCING), interval(PINGING));
        let mut changes = self.runner.engines().changes();
        let gone = |what| Some(Fault::Away(format!("the queue of {what} is gone")));
        let mut pings = Pings::new();
        let mut deadline: Option<Instant> = None;
        let fault = loop {
            let is_stopping = deadline.is_some();
            if is_stopping && works.is_empty() {
                break None;
            }
            let done = tokio::select! {
                () = shutdown.cancelled(), if !is_stopping => {
                    deadline = Some(Instant::now() + self.grace);
                    taking.basic_cancel(jobs.tag(), BasicCancelOptions::default()).await
                }
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if is_stopping => break None,
                message = jobs.next(), if !is_stopping => match message {
                    Some(Ok(message)) => {
                        works.spawn(self.clone().work(post.clone(), message));
                        Ok(())
                    }
                    Some(Err(fault)) => Err(fault),
                    None => break gone("gateways' jobs"),
                },
                message = controls.next() => match message {
                    Some(Ok(message)) => {
                        self.obey(&message);
                        Ok(())
                    }
                    Some(Err(fault)) => Err(fault),
                    None => break gone("what gateways say"),
                },
                Some(worked) = works.join_next() => match worked {
                    Ok(worked) => worked,
                    Err(panicked) => break Some(Fault::Away(format!("a run was dropped: {panicked}"))),
                },
                _ = announcing.tick() => post.announce(&self.announcement()).await,
                Ok(()) = changes.changed() => post.announce(&self.announcement()).await,
                _ = pinging.tick() => post.ping(self.lives.gateways(), &mut pings).await,
                Some((gateway, is_there)) = pings.next() => {
                    if !is_there {
                        self.lives.gateway_lost(&gateway);
                    }
                    Ok(())
                }
                Some(event) = events.next() => match event {
                    Event::Error(fault) => Err(fault),
                    Event::Connected | Event::ConnectionBlocked(_) | Event::ConnectionUnblocked | Event::SendFlow(_) | _ => Ok(()),
                },
            };
            if let Err(fault) = done {
                break Some(fault_of(&fault));
            }
        };
        // Nobody hears them any more.
        works.shutdown().await;
        let _ = timeout(CONNECTING, connection.close(200, "done".into())).await;
        fault
    }

    fn obey(&self, message: &Delivery) {
        let properties = &message.properties;
        if properties.kind().as_ref().is_none_or(|kind| kind.as_str() != words::CONTROL) {
            return;
        }
        if let (Some(key), Ok(control)) = (Key::of(properties), postcard::from_bytes(&message.data)) {
            self.lives.obey(&key, control);
        }
    }
}
