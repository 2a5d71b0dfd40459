//! Carries a gateway's messages: connects, lets the broker's own file attend to what comes and goes until the broker is lost, and tries again. Called by `cli serve`. Fails
//! only where the broker refuses us before it has ever taken us.

#[cfg(feature = "amqp")]
use super::amqp;
#[cfg(feature = "kafka")]
use super::kafka;
use super::{Gateway, Outgoing};
use crate::config::backend::Backend as Settings;
use crate::standing::Fault;
use crate::way::{Way, within};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::sleep;

/// From the first try to reach a broker that is away to the longest pause between two. Short, since clients wait.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

pub(crate) struct Carrier {
    way: Way,
    settings: Settings,
}

/// From the connection to its loss.
enum Session {
    #[cfg(feature = "amqp")]
    Amqp(Box<amqp::Session>),
    #[cfg(feature = "kafka")]
    Kafka(Box<kafka::Session>),
}

impl Carrier {
    /// Fails where the address can't be used.
    pub(crate) fn new(settings: &Settings) -> Result<Self, Fault> {
        Ok(Self { way: Way::new("backend.url", &settings.url, &settings.ca)?, settings: settings.clone() })
    }

    /// Until it is dropped.
    pub(crate) async fn carry(self, gateway: Arc<Gateway>, mut outgoing: mpsc::Receiver<Outgoing>) -> Result<Infallible, Fault> {
        let (mut pause, mut was_up) = (FIRST_PAUSE, false);
        loop {
            let fault = match unheard(&mut outgoing, self.connect()).await {
                Ok(session) => {
                    (pause, was_up) = (FIRST_PAUSE, true);
                    gateway.connected();
                    tracing::info!("sends jobs to {}, `{}`", self.way.name(), self.settings.queue);
                    let fault = self.attend(session, &gateway, &mut outgoing).await;
                    gateway.standing.lost.inc();
                    fault
                }
                Err(fault @ Fault::Refused(_)) if !was_up => return Err(fault),
                Err(fault) => fault,
            };
            tracing::warn!("{}: {fault}; tried again", self.way.name());
            gateway.away(fault.to_string());
            unheard(&mut outgoing, sleep(pause)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn connect(&self) -> Result<Session, Fault> {
        let settings = &self.settings;
        match &self.way {
            #[cfg(feature = "amqp")]
            Way::Amqp(dial) => {
                within(amqp::CONNECTING, amqp::Session::connect(dial, settings)).await.map(|session| Session::Amqp(Box::new(session)))
            }
            #[cfg(feature = "kafka")]
            Way::Kafka(dial) => {
                within(kafka::CONNECTING, kafka::Session::connect(dial, settings)).await.map(|session| Session::Kafka(Box::new(session)))
            }
        }
    }

    async fn attend(&self, session: Session, gateway: &Gateway, outgoing: &mut mpsc::Receiver<Outgoing>) -> Fault {
        match session {
            #[cfg(feature = "amqp")]
            Session::Amqp(session) => session.attend(gateway, &self.settings, outgoing).await,
            #[cfg(feature = "kafka")]
            Session::Kafka(session) => {
                let fault = session.attend(gateway, outgoing).await;
                gateway.unclear();
                fault
            }
        }
    }
}

/// While nobody is there to hear it, what is to be sent is dropped: it is of runs that are lost.
async fn unheard<Output>(outgoing: &mut mpsc::Receiver<Outgoing>, until: impl Future<Output = Output>) -> Output {
    tokio::pin!(until);
    loop {
        tokio::select! {
            biased;
            output = &mut until => return output,
            Some(_) = outgoing.recv() => {}
        }
    }
}
