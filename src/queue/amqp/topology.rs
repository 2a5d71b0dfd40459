//! Queues and exchanges: makes what is missing, as the configuration says, or looks whether it is there. What is there already and made otherwise is
//! refused by name: a queue without a way to the dead letters would lose what expires in it.

use crate::amqp::{fault_of, short};
use crate::config::queue::{Kind, Queue as Settings};
use crate::standing::Fault;
use lapin::options::{BasicConsumeOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Consumer, ExchangeKind};

pub(super) async fn declare(channel: &Channel, settings: &Settings) -> Result<(), Fault> {
    let Settings { jobs, results, dead, cancel, .. } = settings;
    exchange(channel, settings, dead).await?;
    exchange(channel, settings, cancel).await?;
    queue(channel, settings, dead, kind(settings)).await?;
    queue(channel, settings, results, kind(settings)).await?;
    queue(channel, settings, jobs, of_jobs(settings)).await?;
    if !settings.declare {
        return Ok(());
    }
    let bound = channel.queue_bind(short(dead), short(dead), ShortString::default(), QueueBindOptions::default(), FieldTable::default());
    bound.await.map_err(|fault| named(settings, "queue", dead, &fault))
}

/// What comes over the exchange of cancels while we are connected.
pub(super) async fn cancels(channel: &Channel, settings: &Settings) -> Result<Consumer, Fault> {
    let begun = async {
        let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
        let queue = channel.queue_declare(ShortString::default(), options, FieldTable::default()).await?.name().clone();
        let (exchange, key) = (short(&settings.cancel), ShortString::default());
        channel.queue_bind(queue.clone(), exchange, key, QueueBindOptions::default(), FieldTable::default()).await?;
        let options = BasicConsumeOptions { no_ack: true, exclusive: true, ..BasicConsumeOptions::default() };
        channel.basic_consume(queue, ShortString::default(), options, FieldTable::default()).await
    };
    begun.await.map_err(|fault| named(settings, "exchange", &settings.cancel, &fault))
}

async fn exchange(channel: &Channel, settings: &Settings, name: &str) -> Result<(), Fault> {
    let options = ExchangeDeclareOptions { passive: !settings.declare, durable: true, ..ExchangeDeclareOptions::default() };
    let declared = channel.exchange_declare(short(name), ExchangeKind::Fanout, options, FieldTable::default()).await;
    declared.map_err(|fault| named(settings, "exchange", name, &fault))
}

async fn queue(channel: &Channel, settings: &Settings, name: &str, arguments: FieldTable) -> Result<(), Fault> {
    let options = QueueDeclareOptions { passive: !settings.declare, durable: true, ..QueueDeclareOptions::default() };
    let declared = channel.queue_declare(short(name), options, arguments).await;
    declared.map(drop).map_err(|fault| named(settings, "queue", name, &fault))
}

fn kind(settings: &Settings) -> FieldTable {
    let word = match settings.kind {
        Kind::Quorum => "quorum",
        Kind::Classic => "classic",
    };
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text(word));
    arguments
}

fn of_jobs(settings: &Settings) -> FieldTable {
    let mut arguments = kind(settings);
    // What expires there, and what the broker itself gives up.
    arguments.insert("x-dead-letter-exchange".into(), text(&settings.dead));
    match settings.kind {
        // The wall behind our own count, which tells the reason: a job that ends its worker before it is counted.
        Kind::Quorum => arguments.insert("x-delivery-limit".into(), AMQPValue::LongUInt(settings.tries)),
        Kind::Classic => arguments.insert("x-max-priority".into(), AMQPValue::LongUInt(settings.priorities.into())),
    };
    arguments
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.as_bytes().into())
}

/// The broker's words with the name of what they are about, and a way out.
fn named(settings: &Settings, what: &str, name: &str, fault: &lapin::Error) -> Fault {
    match fault_of(fault) {
        Fault::Refused(said) if settings.declare => Fault::Refused(format!(
            "the {what} `{name}` can't be declared: {said}\nhint: `queue.declare = false` takes what is there as it is; where it is declared otherwise it may also be removed"
        )),
        Fault::Refused(said) => {
            Fault::Refused(format!("the {what} `{name}` can't be used: {said}\nhint: with `queue.declare = true` it is made"))
        }
        away @ Fault::Away(_) => away,
    }
}
