//! Gateways' jobs over RabbitMQ: out of a queue that all workers take from, each as many as it has places. What is told of runs goes without a confirmation, to a queue that
//! lives as long as its gateway's connection; whether it does is asked each second. Called by `gateways`.

use super::post::{Key, Offer, Post as AnyPost, Receipt as AnyReceipt};
use super::{Host, Works};
use crate::amqp::{Dial, consume, fault_of, own_queue, short};
use crate::gateway::amqp::{PINGING, declare};
use crate::gateway::words::{self, Announcement};
use crate::standing::Fault;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, FuturesUnordered};
use futures_util::{FutureExt, StreamExt};
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{Acker, BasicProperties, Channel, Confirmation, Connection, Consumer, Event};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;

/// To connect, agree, declare, all in all.
pub(super) const CONNECTING: Duration = Duration::from_secs(20);
/// How often gateways are told what we can do, if nothing changes; they count on us for five times as long.
const ANNOUNCING: Duration = Duration::from_secs(2);

pub(super) struct Session {
    connection: Connection,
    events: BoxStream<'static, Event>,
    taking: Channel,
    jobs: Consumer,
    controls: Consumer,
    post: Post,
}

pub(super) struct Post {
    asking: Channel,
    telling: Channel,
    /// Our own queue, which is there as long as we are.
    session: ShortString,
    workers: ShortString,
}

pub(super) struct Receipt(Option<Acker>);

/// Who was asked, and whether somebody is there.
type Ping = BoxFuture<'static, (String, bool)>;
/// As many as there are gateways with runs here.
type Pings = FuturesUnordered<Ping>;

impl Session {
    pub(super) async fn connect(dial: &Dial, host: &Host) -> Result<Self, Fault> {
        let (queue, workers) = (&host.settings.queue, &host.settings.workers);
        let connection = dial.connect("runnel worker, for gateways").await?;
        let events = connection.events_listener().boxed();
        let connected = async {
            let open = async || connection.create_channel().await;
            let (asking, telling, hearing, taking) = (open().await?, open().await?, open().await?, open().await?);
            asking.confirm_select(ConfirmSelectOptions::default()).await?;
            declare(&asking, queue, workers).await?;
            let session = own_queue(&hearing).await?;
            let controls = consume(&hearing, &session).await?;
            let post = Post { asking, telling, session, workers: short(workers) };
            // Before any job comes: gateways are to know where it could be.
            post.announce(&host.announcement()).await?;
            taking.basic_qos(host.places, BasicQosOptions::default()).await?;
            let options = BasicConsumeOptions::default();
            let jobs = taking.basic_consume(short(queue), ShortString::default(), options, FieldTable::default()).await?;
            Ok((taking, jobs, controls, post))
        };
        let (taking, jobs, controls, post) = connected.await.map_err(|fault: lapin::Error| fault_of(&fault))?;
        Ok(Self { connection, events, taking, jobs, controls, post })
    }

    /// None after an end that was asked for.
    pub(super) async fn attend(self, host: &Arc<Host>, shutdown: &CancellationToken) -> Option<Fault> {
        let Self { connection, mut events, taking, mut jobs, mut controls, post } = self;
        let post = Arc::new(post);
        let mut works = Works::default();
        let (mut announcing, mut pinging) = (interval(ANNOUNCING), interval(PINGING));
        let mut changes = host.runner.engines().changes();
        let gone = |what| Some(Fault::Away(format!("the queue of {what} is gone")));
        let mut pings = Pings::new();
        let fault = loop {
            if works.is_over() {
                break None;
            }
            let is_stopping = works.is_stopping();
            let done = tokio::select! {
                () = shutdown.cancelled(), if !is_stopping => {
                    works.stop(host.grace);
                    taking.basic_cancel(jobs.tag(), BasicCancelOptions::default()).await
                }
                message = jobs.next(), if !is_stopping => match message {
                    Some(Ok(message)) => match offer(message) {
                        Ok(offer) => {
                            works.begin(host, AnyPost::Amqp(post.clone()), offer);
                            Ok(())
                        }
                        // Nobody could be told of it.
                        Err(acker) => acker.ack(BasicAckOptions::default()).await.map(drop),
                    },
                    Some(Err(fault)) => Err(fault),
                    None => break gone("gateways' jobs"),
                },
                message = controls.next() => match message {
                    Some(Ok(message)) => {
                        obey(host, &message);
                        Ok(())
                    }
                    Some(Err(fault)) => Err(fault),
                    None => break gone("what gateways say"),
                },
                worked = works.changed() => match worked {
                    Ok(()) => Ok(()),
                    Err(fault) => break Some(fault),
                },
                _ = announcing.tick() => post.announce(&host.announcement()).await,
                Ok(()) = changes.changed() => post.announce(&host.announcement()).await,
                _ = pinging.tick() => post.ping(host.lives.gateways(), &mut pings).await,
                Some((gateway, is_there)) = pings.next() => {
                    if !is_there {
                        host.lives.gateway_lost(&gateway);
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
        works.end().await;
        let _ = timeout(CONNECTING, connection.close(200, "done".into())).await;
        fault
    }
}

fn key_of(properties: &BasicProperties) -> Option<Key> {
    let run = properties.correlation_id().as_ref()?.as_str().parse().ok()?;
    Some(Key { gateway: properties.reply_to().as_ref()?.as_str().to_owned(), run })
}

fn offer(message: Delivery) -> Result<Offer, Acker> {
    let Delivery { properties, data: body, redelivered: is_redelivered, acker, .. } = message;
    let Some(key) = key_of(&properties) else { return Err(acker) };
    let kind = properties.kind().as_ref().map(|kind| kind.as_str().to_owned()).unwrap_or_default();
    Ok(Offer { key, kind, body, is_redelivered, receipt: AnyReceipt::Amqp(Receipt(Some(acker))) })
}

fn obey(host: &Host, message: &Delivery) {
    let properties = &message.properties;
    if properties.kind().as_ref().is_none_or(|kind| kind.as_str() != words::CONTROL) {
        return;
    }
    if let (Some(key), Ok(control)) = (key_of(properties), postcard::from_bytes(&message.data)) {
        host.lives.obey(&key, control);
    }
}

impl Post {
    async fn announce(&self, announcement: &Announcement) -> lapin::Result<()> {
        let (options, body) = (BasicPublishOptions::default(), words::encode(announcement));
        let properties = self.properties(words::ANNOUNCEMENT);
        self.telling.basic_publish(self.workers.clone(), ShortString::default(), options, &body, properties).await.map(drop)
    }

    pub(super) async fn tell(&self, key: &Key, kind: &'static str, body: &[u8]) -> Result<(), Fault> {
        let properties = self.properties(kind).with_correlation_id(key.run.to_string().into());
        let options = BasicPublishOptions::default();
        let told = self.telling.basic_publish(ShortString::default(), short(&key.gateway), options, body, properties).await;
        told.map(drop).map_err(|fault| fault_of(&fault))
    }

    /// Asks whether these are there.
    async fn ping(&self, gateways: Vec<String>, pings: &mut Pings) -> lapin::Result<()> {
        for gateway in gateways {
            let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
            let properties = self.properties(words::PING);
            let published = self.asking.basic_publish(ShortString::default(), short(&gateway), options, &[], properties).await?;
            let answered = published.map(|confirmed| (gateway, matches!(confirmed, Ok(Confirmation::Ack(None)))));
            pings.push(answered.boxed());
        }
        Ok(())
    }

    fn properties(&self, kind: &'static str) -> BasicProperties {
        BasicProperties::default().with_type(kind.into()).with_reply_to(self.session.clone()).with_delivery_mode(1)
    }
}

impl Receipt {
    pub(super) async fn settle(&mut self) -> Result<(), Fault> {
        match self.0.take() {
            Some(acker) => acker.ack(BasicAckOptions::default()).await.map(drop).map_err(|fault| fault_of(&fault)),
            None => Ok(()),
        }
    }

    pub(super) async fn put_back(mut self) -> Result<(), Fault> {
        let options = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
        match self.0.take() {
            Some(acker) => acker.nack(options).await.map(drop).map_err(|fault| fault_of(&fault)),
            None => Ok(()),
        }
    }
}
