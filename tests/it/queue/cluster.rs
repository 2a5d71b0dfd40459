//! A broker of Kafka's protocol of one's own, on a free port and in a folder that goes with it, and topics that no other test has.

use super::broker::free_ports;
use crate::client::Folder;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::util::Timeout;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(20);
const PARTITIONS: i32 = 6;
/// Ends with who holds its stdin, however that ends.
const LEASHED: &str = r#""$0" "$@" & read -r _; kill -9 $!"#;

pub(crate) struct Cluster {
    process: Child,
    folder: Folder,
    pub(crate) port: u16,
}

/// Where `tests/tansu.sh` puts it.
fn binary() -> PathBuf {
    let home = || PathBuf::from(std::env::var("HOME").unwrap()).join(".cache");
    let cache = std::env::var("XDG_CACHE_HOME").map_or_else(|_| home(), PathBuf::from);
    cache.join("runnel-tests/tansu-0.6.0/bin/tansu")
}

impl Cluster {
    /// The one of all tests; None where they are to do without.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    pub(crate) fn start() -> Option<Self> {
        if std::env::var("RUNNEL_TEST_KAFKA").is_ok_and(|value| value == "0") {
            eprintln!("SKIPPED: everything that needs Kafka, because RUNNEL_TEST_KAFKA=0");
            return None;
        }
        if !binary().exists() {
            eprintln!("SKIPPED: everything that needs Kafka, because tests/tansu.sh has built no broker");
            return None;
        }
        let folder = Folder::new();
        std::fs::create_dir_all(&folder.0).unwrap();
        let [port] = free_ports();
        let mut cluster = Self { process: spawn(&folder, port), folder, port };
        cluster.wait();
        Some(cluster)
    }

    fn wait(&mut self) {
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if begun.elapsed() > PATIENCE {
                panic!("the broker does not start: {}", std::fs::read_to_string(self.folder.0.join("said")).unwrap());
            }
            std::thread::sleep(PAUSE);
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("kafka://127.0.0.1:{}", self.port)
    }

    /// As kill -9: the leash has nothing else to hold.
    pub(crate) fn kill(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().unwrap();
    }

    pub(crate) fn restart(&mut self) {
        self.process = spawn(&self.folder, self.port);
        self.wait();
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", format!("127.0.0.1:{}", self.port)).set("message.max.bytes", "104857600");
        config
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn spawn(folder: &Folder, port: u16) -> Child {
    let said = std::fs::File::create(folder.0.join("said")).unwrap();
    let url = format!("tcp://127.0.0.1:{port}");
    let mut command = Command::new("bash");
    command.args(["-c", LEASHED]).arg(binary()).args(["broker", "--listener-url", &url, "--advertised-listener-url", &url]);
    // Its other engine forgets, and skips the rest of a batch of records that is read from its middle.
    command.args(["--storage-engine", "sqlite://tansu.db"]).env("RUST_LOG", "warn").current_dir(&folder.0);
    command.stdin(Stdio::piped()).stdout(said.try_clone().unwrap()).stderr(said).spawn().unwrap()
}

/// Names of topics, and somebody who sends to them and reads from them.
pub(super) struct Topics {
    pub(super) jobs: String,
    pub(super) results: String,
    pub(super) dead: String,
    pub(super) group: String,
    producer: FutureProducer,
    reader: BaseConsumer,
}

impl Topics {
    pub(super) async fn new(cluster: &Cluster) -> Self {
        let topics = Self::named(cluster);
        let admin: AdminClient<DefaultClientContext> = cluster.config().create().unwrap();
        let [jobs, results] = [&topics.jobs, &topics.results].map(|name| NewTopic::new(name, PARTITIONS, TopicReplication::Fixed(1)));
        let dead = NewTopic::new(&topics.dead, 1, TopicReplication::Fixed(1));
        for made in admin.create_topics(&[jobs, results, dead], &AdminOptions::new()).await.unwrap() {
            made.unwrap();
        }
        topics.listen();
        topics
    }

    /// Nothing of it is there yet.
    pub(super) fn named(cluster: &Cluster) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = |what: &str| format!("test{number}.{what}");
        let producer = cluster.config().set("acks", "all").set("enable.idempotence", "true").create().unwrap();
        let reader = cluster.config().set("group.id", name("reader")).set("enable.auto.commit", "false").create().unwrap();
        Self { jobs: name("jobs"), results: name("results"), dead: name("dead"), group: name("workers"), producer, reader }
    }

    /// From the beginning, to results and dead letters.
    pub(super) fn listen(&self) {
        let mut list = TopicPartitionList::new();
        for (topic, partitions) in [(&self.results, PARTITIONS), (&self.dead, 1)] {
            for partition in 0..partitions {
                list.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
            }
        }
        self.reader.assign(&list).unwrap();
    }

    pub(super) fn settings(&self) -> Vec<String> {
        let Self { jobs, results, dead, group, .. } = self;
        let names = [("jobs", jobs), ("results", results), ("dead", dead), ("group", group)];
        let names = names.into_iter().map(|(key, name)| format!("queue.{key}={name}"));
        names.chain([format!("queue.partitions={PARTITIONS}")]).collect()
    }

    pub(super) async fn send(&self, key: &str, job: &Value, headers: &[(&str, &str)]) {
        self.send_bytes(key, job.to_string().as_bytes(), headers).await;
    }

    pub(super) async fn send_bytes(&self, key: &str, body: &[u8], headers: &[(&str, &str)]) {
        let all = headers.iter().fold(OwnedHeaders::new(), |all, (key, value)| all.insert(Header { key, value: Some(*value) }));
        let record = FutureRecord::to(&self.jobs).key(key).payload(body).headers(all);
        self.producer.send(record, Timeout::Never).await.unwrap();
    }

    /// The next message of either topic; None where none comes within the time.
    pub(super) fn next(&self, time: Duration) -> Option<OwnedMessage> {
        let begun = Instant::now();
        while begun.elapsed() < time {
            if let Some(Ok(message)) = self.reader.poll(PAUSE) {
                return Some(message.detach());
            }
        }
        None
    }

    /// The next one, which has to be a result.
    pub(super) fn result(&self) -> (Value, OwnedMessage) {
        let message = self.next(PATIENCE).expect("nothing comes");
        assert_eq!(message.topic(), self.results, "{:?} {:?}", message.headers(), message.payload().map(String::from_utf8_lossy));
        (serde_json::from_slice(message.payload().unwrap()).unwrap(), message)
    }

    /// The next one, which has to be a dead letter; and why it is.
    pub(super) fn buried(&self) -> (Vec<u8>, String) {
        let message = self.next(PATIENCE).expect("nothing comes");
        assert_eq!(message.topic(), self.dead, "{:?}", message.payload().map(String::from_utf8_lossy));
        (message.payload().unwrap().to_vec(), header(&message, "x-runnel-reason"))
    }
}

pub(super) fn header(message: &OwnedMessage, name: &str) -> String {
    let found = message.headers().unwrap().iter().find(|header| header.key == name);
    let value = found.unwrap_or_else(|| panic!("no {name} in {:?}", message.headers())).value.unwrap();
    String::from_utf8(value.to_vec()).unwrap()
}
