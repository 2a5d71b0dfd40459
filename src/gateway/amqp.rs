//! Carries a gateway's messages over RabbitMQ. Everything that is of one connection lives in queues of its own and goes with it; jobs alone are in a queue that stays.
//! One channel publishes what may come back (jobs, pings), one what may not (input, credit, cancels). Called by `carry`.

use super::words::{self, Announcement};
use super::{Gateway, Outgoing};
use crate::amqp::{Dial, consume, fault_of, own_queue, short};
use crate::config::backend::Backend as Settings;
use crate::standing::Fault;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, FuturesUnordered};
use futures_util::{FutureExt, StreamExt};
use lapin::message::Delivery;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, Consumer, Event, ExchangeKind};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::interval;

/// To connect, agree, declare, all in all.
pub(super) const CONNECTING: Duration = Duration::from_secs(20);
/// How often either side asks whether the other is there.
pub(crate) const PINGING: Duration = Duration::from_secs(1);
/// How often the broker is asked how many jobs wait.
const ASKING: Duration = Duration::from_secs(5);

/// Whom a message that came back, or was refused, was for.
enum Whom {
    AnyWorker(u64),
    Worker(String),
}

type Confirm = BoxFuture<'static, (Whom, lapin::Result<Confirmation>)>;

pub(super) struct Session {
    connection: Connection,
    events: BoxStream<'static, Event>,
    /// Publishes with the broker's word whether somebody was there.
    asking: Channel,
    telling: Channel,
    looking: Channel,
    /// What workers tell.
    told: Consumer,
    announced: Consumer,
    /// The queue of `told`.
    name: ShortString,
}

impl Session {
    pub(super) async fn connect(dial: &Dial, settings: &Settings) -> Result<Self, Fault> {
        let connection = dial.connect("runnel gateway").await?;
        let events = connection.events_listener().boxed();
        let connected = async {
            let open = async || connection.create_channel().await;
            let (asking, telling, looking, hearing) = (open().await?, open().await?, open().await?, open().await?);
            asking.confirm_select(ConfirmSelectOptions::default()).await?;
            declare(&looking, &settings.queue, &settings.workers).await?;
            let name = own_queue(&hearing).await?;
            let told = consume(&hearing, &name).await?;
            let news = own_queue(&hearing).await?;
            let exchange = short(&settings.workers);
            hearing.queue_bind(news.clone(), exchange, ShortString::default(), QueueBindOptions::default(), FieldTable::default()).await?;
            let announced = consume(&hearing, &news).await?;
            Ok((asking, telling, looking, told, announced, name))
        };
        let (asking, telling, looking, told, announced, name) = connected.await.map_err(|fault: lapin::Error| fault_of(&fault))?;
        Ok(Self { connection, events, asking, telling, looking, told, announced, name })
    }

    /// Until the broker is lost.
    pub(super) async fn attend(self, gateway: &Gateway, settings: &Settings, outgoing: &mut mpsc::Receiver<Outgoing>) -> Fault {
        let Self { connection: _connection, mut events, asking, telling, looking, mut told, mut announced, name } = self;
        let post = Post { asking, telling, jobs: short(&settings.queue), name };
        // As many as there are jobs and workers.
        let mut confirms = FuturesUnordered::<Confirm>::new();
        let (mut pinging, mut counting) = (interval(PINGING), interval(ASKING));
        let gone = || Fault::Away("a queue of ours is gone".to_owned());
        loop {
            let done = tokio::select! {
                Some(message) = outgoing.recv() => post.send(message, &mut confirms).await,
                message = told.next() => match message {
                    Some(Ok(message)) => {
                        let mut done = Ok(());
                        for answer in hear(gateway, message) {
                            done = done.and(post.send(answer, &mut confirms).await);
                        }
                        done
                    }
                    Some(Err(fault)) => Err(fault),
                    None => return gone(),
                },
                message = announced.next() => match message {
                    Some(Ok(message)) => {
                        learn(gateway, &message);
                        Ok(())
                    }
                    Some(Err(fault)) => Err(fault),
                    None => return gone(),
                },
                Some((whom, confirmed)) = confirms.next() => confirmed.map(|confirmed| judge(gateway, whom, &confirmed)),
                _ = pinging.tick() => post.ping(gateway, &mut confirms).await,
                _ = counting.tick() => count(gateway, &looking, settings).await,
                Some(event) = events.next() => match event {
                    Event::ConnectionBlocked(why) => {
                        gateway.blocked(Some(why));
                        Ok(())
                    }
                    Event::ConnectionUnblocked => {
                        gateway.blocked(None);
                        Ok(())
                    }
                    Event::Error(fault) => Err(fault),
                    Event::Connected | Event::SendFlow(_) | _ => Ok(()),
                },
            };
            if let Err(fault) = done {
                return fault_of(&fault);
            }
        }
    }
}

/// What gateways and workers share. The queue outlives the broker, its messages need not: who sent them is gone by then.
pub(crate) async fn declare(channel: &Channel, queue: &str, workers: &str) -> lapin::Result<()> {
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("classic".into()));
    channel.queue_declare(short(queue), options, arguments).await?;
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel.exchange_declare(short(workers), ExchangeKind::Fanout, options, FieldTable::default()).await
}

struct Post {
    asking: Channel,
    telling: Channel,
    jobs: ShortString,
    /// Where we are told.
    name: ShortString,
}

impl Post {
    async fn send(&self, message: Outgoing, confirms: &mut FuturesUnordered<Confirm>) -> lapin::Result<()> {
        match message {
            Outgoing::Job { number, body } => {
                self.ask(&self.jobs, words::JOB, Some(number), &body, Whom::AnyWorker(number), confirms).await
            }
            Outgoing::Control { session, number, body } => {
                let properties = self.properties(words::CONTROL, Some(number));
                let options = BasicPublishOptions::default();
                self.telling.basic_publish(ShortString::default(), short(&session), options, &body, properties).await.map(drop)
            }
        }
    }

    async fn ping(&self, gateway: &Gateway, confirms: &mut FuturesUnordered<Confirm>) -> lapin::Result<()> {
        for session in gateway.sessions() {
            let key = short(&session);
            self.ask(&key, words::PING, None, &[], Whom::Worker(session), confirms).await?;
        }
        Ok(())
    }

    async fn ask(
        &self,
        key: &ShortString,
        kind: &'static str,
        number: Option<u64>,
        body: &[u8],
        whom: Whom,
        confirms: &mut FuturesUnordered<Confirm>,
    ) -> lapin::Result<()> {
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let published =
            self.asking.basic_publish(ShortString::default(), key.clone(), options, body, self.properties(kind, number)).await?;
        confirms.push(published.map(|confirmed| (whom, confirmed)).boxed());
        Ok(())
    }

    fn properties(&self, kind: &'static str, number: Option<u64>) -> BasicProperties {
        let properties = BasicProperties::default().with_type(kind.into()).with_reply_to(self.name.clone()).with_delivery_mode(1);
        match number {
            Some(number) => properties.with_correlation_id(number.to_string().into()),
            None => properties,
        }
    }
}

fn judge(gateway: &Gateway, whom: Whom, confirmed: &Confirmation) {
    if matches!(confirmed, Confirmation::Ack(None)) {
        return;
    }
    match whom {
        Whom::AnyWorker(number) => gateway.undelivered(number),
        Whom::Worker(session) => gateway.worker_lost(&session),
    }
}

fn hear(gateway: &Gateway, message: Delivery) -> Vec<Outgoing> {
    let Delivery { properties, data, .. } = message;
    let text = |text: &Option<ShortString>| text.as_ref().map(|text| text.as_str().to_owned()).unwrap_or_default();
    let (kind, session) = (text(properties.kind()), text(properties.reply_to()));
    match text(properties.correlation_id()).parse() {
        Ok(number) if kind != words::PING => gateway.heard(&kind, number, &session, data),
        Ok(_) | Err(_) => Vec::new(),
    }
}

fn learn(gateway: &Gateway, message: &Delivery) {
    let is_ours = message.properties.kind().as_ref().is_some_and(|kind| kind.as_str() == words::ANNOUNCEMENT);
    let Some(session) = message.properties.reply_to().as_ref().filter(|_| is_ours) else { return };
    if let Ok(announcement) = postcard::from_bytes::<Announcement>(&message.data) {
        gateway.announced(session.as_str(), announcement);
    }
}

async fn count(gateway: &Gateway, channel: &Channel, settings: &Settings) -> lapin::Result<()> {
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare(short(&settings.queue), options, FieldTable::default()).await?;
    gateway.standing.set_waiting(Some(queue.message_count().into()));
    Ok(())
}
