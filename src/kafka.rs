//! The way to a cluster of Kafka's: what an address says in the words of the client, whether anybody is there, and the topics. Called by `queue` and `gateway`.

use crate::lock::lock;
use crate::standing::Fault;
use percent_encoding::percent_decode_str;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Headers, OwnedHeaders};
use rdkafka::metadata::Metadata;
use rdkafka::util::Timeout;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// For a list of topics, in pieces that tell in between what is wrong.
const ASKING: Duration = Duration::from_secs(15);
const PIECE: Duration = Duration::from_millis(500);
/// For all that the client has to say, which is heard here alone: what it would log comes before what is wrong, and without time a poll ends with the first of it.
const HEARING: Duration = Duration::from_millis(10);
/// A name may have several addresses, and the first to be tried is not always the one where somebody is.
const EARLY: Duration = Duration::from_secs(2);
/// For the cluster to agree on a new topic.
const MAKING: Duration = Duration::from_secs(20);
const MECHANISMS: [&str; 3] = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];

pub(crate) struct Dial {
    pub(crate) config: ClientConfig,
    servers: String,
    scheme: String,
}

impl Dial {
    /// `setting` is the name of the one that the address is from.
    pub(crate) fn new(setting: &str, url: &str, ca: &str) -> Result<Self, Fault> {
        let mistake = |what: &str| Fault::Refused(format!("`{setting}`: {what}"));
        // Never what was given: it holds a password.
        let form = || mistake("not an address such as kafka://user:password@host:9092,host:9092");
        let (scheme, rest) = url.split_once("://").ok_or_else(form)?;
        let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (who, servers) = rest.rsplit_once('@').map_or((None, rest), |(who, servers)| (Some(who), servers));
        if servers.is_empty() || servers.contains('/') {
            return Err(form());
        }
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", servers).set("client.id", "runnel").set("allow.auto.create.topics", "false");
        config.set("socket.nagle.disable", "true").set("reconnect.backoff.max.ms", "5000");
        let protocol = match (scheme == "kafkas", who.is_some()) {
            (false, false) => "plaintext",
            (false, true) => "sasl_plaintext",
            (true, false) => "ssl",
            (true, true) => "sasl_ssl",
        };
        config.set("security.protocol", protocol);
        if let Some((user, password)) = who.map(|who| who.split_once(':').ok_or_else(form)).transpose()? {
            let decoded = |text| percent_decode_str(text).decode_utf8().map_err(|_| form());
            config.set("sasl.username", decoded(user)?).set("sasl.password", decoded(password)?);
            config.set("sasl.mechanism", MECHANISMS[2]);
        }
        match query.map(|query| query.split_once('=')) {
            None => {}
            Some(Some(("mechanism", mechanism))) if MECHANISMS.contains(&mechanism) && who.is_some() => {
                config.set("sasl.mechanism", mechanism);
            }
            Some(_) => return Err(mistake("`?mechanism=` is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, for a user with a password")),
        }
        // Where systems have them is looked for by the client: its OpenSSL is not the system's.
        config.set("ssl.ca.location", if ca.is_empty() { "probe" } else { ca });
        Ok(Self { config, servers: servers.to_owned(), scheme: scheme.to_owned() })
    }

    /// Without who we are.
    pub(crate) fn name(&self) -> String {
        format!("{}://{}", self.scheme, self.servers)
    }
}

/// Waits until the cluster answers, or until it is known why it does not: `wrong` is what the client says of it.
pub(crate) fn ask<Context: ConsumerContext>(consumer: &BaseConsumer<Context>, wrong: &Wrong) -> Result<Metadata, Fault> {
    let begun = Instant::now();
    loop {
        let fault = match consumer.fetch_metadata(None, PIECE) {
            Ok(metadata) => {
                // Of an address that was of no use.
                drop(wrong.take());
                return Ok(metadata);
            }
            Err(fault) => fault,
        };
        while consumer.poll(HEARING).is_some() {}
        match wrong.get() {
            Some(Fault::Away(_)) if begun.elapsed() < EARLY => {}
            Some(fault) => return Err(fault),
            None => {}
        }
        if begun.elapsed() > ASKING {
            return Err(Fault::Away(format!("no answer within {} s: {fault}", ASKING.as_secs())));
        }
    }
}

/// A topic that is to be there.
pub(crate) struct Wanted<'a> {
    pub(crate) name: &'a str,
    pub(crate) partitions: u16,
    /// What it is made with, where the cluster's own is not right for it.
    pub(crate) settings: &'a [(&'a str, &'a str)],
}

/// Makes what is missing, as the configuration says, or says what is. `declare` is false where nothing is to be made.
pub(crate) async fn topics(config: &ClientConfig, wanted: &[Wanted<'_>], declare: bool, there: &Metadata) -> Result<(), Fault> {
    let mut missing = Vec::new();
    for wanted in wanted {
        let name = wanted.name;
        let topic = there.topics().iter().find(|topic| topic.name() == name);
        match topic.map(|topic| (topic.error(), topic.partitions().len())) {
            Some((None, 1..)) => {}
            Some((Some(fault), _)) if RDKafkaErrorCode::from(fault) == RDKafkaErrorCode::TopicAuthorizationFailed => {
                return Err(Fault::Refused(format!("the topic `{name}` can't be used: we may not")));
            }
            Some(_) | None => missing.push(wanted),
        }
    }
    let Some(first) = missing.first() else { return Ok(()) };
    if !declare {
        return Err(Fault::Refused(format!("there is no topic `{}`\nhint: with `queue.declare = true` it is made", first.name)));
    }
    let admin: AdminClient<DefaultClientContext> = config.create().map_err(|fault| fault_of(&fault))?;
    let new = missing.iter().map(|Wanted { name, partitions, settings }| {
        let new = NewTopic::new(name, i32::from(*partitions), TopicReplication::Fixed(-1));
        settings.iter().fold(new, |new, (setting, value)| new.set(setting, value))
    });
    let options = AdminOptions::new().operation_timeout(Some(Timeout::After(MAKING)));
    let made = admin.create_topics(&new.collect::<Vec<_>>(), &options).await.map_err(|fault| fault_of(&fault))?;
    for made in made {
        match made {
            // Somebody was quicker.
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => {
                return Err(Fault::Refused(format!("the topic `{name}` can't be made: {code}\nhint: make it beforehand")));
            }
        }
    }
    Ok(())
}

/// The client itself won't have what it was given.
pub(crate) fn unusable(fault: &KafkaError) -> Fault {
    Fault::Refused(fault.to_string())
}

/// What will not get better by itself, apart from what may.
pub(crate) fn fault_of(fault: &KafkaError) -> Fault {
    judged(fault.rdkafka_error_code(), &fault.to_string())
}

pub(crate) fn judged(code: Option<RDKafkaErrorCode>, text: &str) -> Fault {
    match code {
        Some(
            RDKafkaErrorCode::Authentication
            | RDKafkaErrorCode::SaslAuthenticationFailed
            | RDKafkaErrorCode::UnsupportedSASLMechanism
            | RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::GroupAuthorizationFailed
            | RDKafkaErrorCode::ClusterAuthorizationFailed
            | RDKafkaErrorCode::TransactionalIdAuthorizationFailed,
        ) => Fault::Refused(text.to_owned()),
        _ => Fault::Away(text.to_owned()),
    }
}

/// One word more on a message.
pub(crate) fn with(headers: OwnedHeaders, key: &str, value: &str) -> OwnedHeaders {
    headers.insert(Header { key, value: Some(value) })
}

/// What stands on a message under this name, where it is text.
pub(crate) fn text<'a>(headers: &'a impl Headers, name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|header| header.key == name)?;
    str::from_utf8(found.value?).ok()
}

/// What a client has said is wrong, until somebody takes it.
#[derive(Default)]
pub(crate) struct Wrong(Mutex<Option<Fault>>);

impl Wrong {
    pub(crate) fn tell(&self, fault: Fault) {
        let mut told = lock(&self.0);
        // That nobody is there is what comes of being refused, and not more than that.
        if matches!((&fault, &*told), (_, None) | (Fault::Refused(_), Some(Fault::Away(_)))) {
            *told = Some(fault);
        }
    }

    /// In place of what says less.
    pub(crate) fn tell_better(&self, fault: Fault) {
        if let Some(told @ Fault::Away(_)) = &mut *lock(&self.0) {
            *told = fault;
        }
    }

    pub(crate) fn take(&self) -> Option<Fault> {
        lock(&self.0).take()
    }

    /// For whoever does not go by it alone.
    pub(crate) fn get(&self) -> Option<Fault> {
        lock(&self.0).clone()
    }
}

/// Tells what the client says is wrong with who we are, or with who they are.
#[derive(Default)]
pub(crate) struct Telling(Wrong);

impl Telling {
    pub(crate) fn wrong(&self) -> &Wrong {
        &self.0
    }
}

impl ClientContext for Telling {
    fn log(&self, _: rdkafka::config::RDKafkaLogLevel, _: &str, _: &str) {}

    fn error(&self, fault: KafkaError, reason: &str) {
        let code = fault.rdkafka_error_code();
        let judged = judged(code, reason);
        if matches!(judged, Fault::Refused(_)) || code == Some(RDKafkaErrorCode::SSL) {
            self.0.tell(judged);
        }
    }
}

impl ConsumerContext for Telling {}

/// Says nothing into anybody's log.
pub(crate) struct Silent;

impl ClientContext for Silent {
    fn log(&self, _: rdkafka::config::RDKafkaLogLevel, _: &str, _: &str) {}
    fn error(&self, _: KafkaError, _: &str) {}
}

impl ConsumerContext for Silent {}
