//! What a worker sends to gateways. What is told of runs goes without a confirmation: who loses a connection loses the run. Called by `gateways` and `live`.

use super::live::Key;
use crate::gateway::words::{self, Announcement};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation};

#[derive(Clone)]
pub(super) struct Post {
    asking: Channel,
    telling: Channel,
    /// Our own queue, which is there as long as we are.
    session: ShortString,
    workers: ShortString,
}

/// Who was asked, and whether somebody is there.
type Ping = BoxFuture<'static, (ShortString, bool)>;
/// As many as there are gateways with runs here.
pub(super) type Pings = FuturesUnordered<Ping>;

impl Post {
    pub(super) fn new(asking: Channel, telling: Channel, session: ShortString, workers: ShortString) -> Self {
        Self { asking, telling, session, workers }
    }

    pub(super) async fn announce(&self, announcement: &Announcement) -> lapin::Result<()> {
        let (options, body) = (BasicPublishOptions::default(), words::encode(announcement));
        let properties = self.properties(words::ANNOUNCEMENT);
        self.telling.basic_publish(self.workers.clone(), ShortString::default(), options, &body, properties).await.map(drop)
    }

    /// About one run, to its gateway.
    pub(super) async fn tell(&self, key: &Key, kind: &'static str, body: &[u8]) -> lapin::Result<()> {
        let properties = self.properties(kind).with_correlation_id(key.run.clone());
        let options = BasicPublishOptions::default();
        self.telling.basic_publish(ShortString::default(), key.gateway.clone(), options, body, properties).await.map(drop)
    }

    /// Asks whether these are there.
    pub(super) async fn ping(&self, gateways: Vec<ShortString>, pings: &mut Pings) -> lapin::Result<()> {
        for gateway in gateways {
            let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
            let properties = self.properties(words::PING);
            let published = self.asking.basic_publish(ShortString::default(), gateway.clone(), options, &[], properties).await?;
            let answered = published.map(|confirmed| (gateway, matches!(confirmed, Ok(Confirmation::Ack(None)))));
            pings.push(answered.boxed());
        }
        Ok(())
    }

    fn properties(&self, kind: &'static str) -> BasicProperties {
        BasicProperties::default().with_type(kind.into()).with_reply_to(self.session.clone()).with_delivery_mode(1)
    }
}
