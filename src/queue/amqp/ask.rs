//! Who sends jobs to RabbitMQ: publishes with confirms, and has the answers sent to a queue that goes with the connection.

use super::{Desk, fault_of, short};
use crate::amqp::{Dial, consume, own_queue};
use crate::config::Config;
use crate::queue::ask::{ANSWERS, Answers, Heard};
use crate::queue::broker::Fault;
use futures_util::StreamExt;
use lapin::options::ConfirmSelectOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Connection, Consumer};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

pub struct Asker {
    desk: Desk,
    reply_to: Option<ShortString>,
    _connection: Connection,
    /// Ends with us.
    _hearing: JoinSet<()>,
}

impl Asker {
    pub(in crate::queue) async fn connect(dial: &Dial, config: &Config, listens: bool) -> Result<(Self, Answers), Fault> {
        let connection = dial.connect("runnel submit").await?;
        let begun = async {
            let publishing = connection.create_channel().await?;
            publishing.confirm_select(ConfirmSelectOptions::default()).await?;
            if !listens {
                return Ok((publishing, None));
            }
            let channel = connection.create_channel().await?;
            let queue = own_queue(&channel).await?;
            let answers = consume(&channel, &queue).await?;
            Ok((publishing, Some((queue, answers))))
        };
        let (publishing, reply) = begun.await.map_err(|fault| fault_of(&fault))?;
        let (tell, told) = mpsc::channel(ANSWERS);
        let mut hearing = JoinSet::new();
        let reply_to = match reply {
            Some((queue, answers)) => {
                hearing.spawn(hear(answers, tell));
                Some(queue)
            }
            None => {
                // Nothing is heard, and that for as long as we are there.
                hearing.spawn(async move { tell.closed().await });
                None
            }
        };
        let desk = Desk { publishing, settings: Arc::new(config.queue.clone()) };
        Ok((Self { desk, reply_to, _connection: connection, _hearing: hearing }, told))
    }

    pub(in crate::queue) async fn send(&self, id: &str, word: &str, job: &str) -> Result<(), Fault> {
        let mut properties = BasicProperties::default().with_content_type("application/json".into()).with_delivery_mode(2);
        if let Ok(id) = ShortString::try_new(id) {
            properties = properties.with_message_id(id);
        }
        if let Some(reply_to) = &self.reply_to {
            properties = properties.with_reply_to(reply_to.clone()).with_correlation_id(word.into());
        }
        let jobs = &self.desk.settings.jobs;
        if self.desk.publish(&ShortString::default(), &short(jobs), job.as_bytes(), &properties).await? {
            return Ok(());
        }
        Err(Fault::Refused(format!("there is no queue `{jobs}`\nhint: `runnel worker` makes it")))
    }
}

async fn hear(mut answers: Consumer, tell: mpsc::Sender<Result<Heard, Fault>>) {
    while let Some(message) = answers.next().await {
        let heard = match message {
            Ok(message) => {
                let kind = message.properties.kind().as_ref().map(ShortString::as_str);
                let word = message.properties.correlation_id().as_ref().map(|word| word.as_str().to_owned());
                match word {
                    Some(word) if kind != Some("event") => Ok(Heard { word, body: message.data }),
                    _ => continue,
                }
            }
            Err(fault) => Err(fault_of(&fault)),
        };
        if tell.send(heard).await.is_err() {
            return;
        }
    }
}
