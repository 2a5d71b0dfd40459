//! A broker of Kafka's protocol of one's own, on a free port and in a folder that goes with it, and topics that no other test has. Beside it the one that comes with
//! Kafka's client, for groups whose members are killed.

use super::broker::{certify, free_ports};
use crate::client::Folder;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders, OwnedMessage};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{DefaultProducerContext, FutureProducer, FutureRecord};
use rdkafka::util::Timeout;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The id of jobs that only find out whether each worker gets some.
pub(super) const SETTLING: &str = "settling";
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

fn is_left_out() -> bool {
    let is_left_out = std::env::var("RUNNEL_TEST_KAFKA").is_ok_and(|value| value == "0");
    if is_left_out {
        eprintln!("SKIPPED: everything that needs Kafka, because RUNNEL_TEST_KAFKA=0");
    }
    is_left_out
}

impl Cluster {
    /// The one of all tests; None where they are to do without.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    pub(crate) fn start() -> Option<Self> {
        if is_left_out() {
            return None;
        }
        if !binary().exists() {
            eprintln!("SKIPPED: everything that needs Kafka, because tests/tansu.sh has built no broker");
            return None;
        }
        let folder = Folder::new();
        std::fs::create_dir_all(&folder.0).unwrap();
        let [port] = free_ports();
        let mut cluster = Self { process: spawn(&folder, port, &advertised(port), &[]), folder, port };
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
        self.process = spawn(&self.folder, self.port, &advertised(self.port), &[]);
        self.wait();
    }

    /// Somebody who is let in when it is guarded.
    pub(super) fn know(&self, name: &str, password: &str, mechanism: &str) {
        let mut command = Command::new(binary());
        command.args(["user", "create", "--broker", &advertised(self.port), "--mechanism", mechanism, name, password]);
        assert!(command.status().unwrap().success());
    }

    /// From now on only who is known is let in, and only over TLS, which is spoken at the port that comes back: it has none of its own.
    pub(super) async fn guard(&mut self) -> u16 {
        self.kill();
        certify(&self.folder.0);
        let certificate = CertificateDer::from_pem_file(self.certificate()).unwrap();
        let key = PrivateKeyDer::from_pem_file(self.folder.0.join("key.pem")).unwrap();
        let tls = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        let (tls, listener) = (TlsAcceptor::from(Arc::new(tls)), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let (door, port) = (listener.local_addr().unwrap().port(), self.port);
        self.process = spawn(&self.folder, port, &format!("tcp://localhost:{door}"), &["--authentication"]);
        self.wait();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let tls = tls.clone();
                tokio::spawn(async move {
                    let (Ok(mut here), Ok(mut there)) = tokio::join!(tls.accept(stream), TcpStream::connect(("127.0.0.1", port))) else {
                        return;
                    };
                    let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
                });
            }
        });
        door
    }

    pub(super) fn certificate(&self) -> PathBuf {
        self.folder.0.join("cert.pem")
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

fn config(address: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", address).set("message.max.bytes", "104857600");
    config
}

/// The broker that comes with Kafka's client, in this process. It forgets everything with its end, and knows no users, but when a member of a group is killed
/// the others get its share. The other one (tansu 0.6) strikes such a member off and leaves its share where it was: the group stays formed, and whoever joins it
/// again is handed the old shares.
pub(super) struct Keeper(MockCluster<'static, DefaultProducerContext>);

impl Keeper {
    pub(super) fn start() -> Option<Self> {
        if is_left_out() {
            return None;
        }
        Some(Self(MockCluster::new(1).unwrap()))
    }

    pub(super) fn url(&self) -> String {
        format!("kafka://{}", self.0.bootstrap_servers())
    }

    pub(super) fn topics(&self) -> Topics {
        let topics = Topics::at(&self.0.bootstrap_servers());
        for (name, partitions) in [(&topics.jobs, PARTITIONS), (&topics.results, PARTITIONS), (&topics.dead, 1)] {
            self.0.create_topic(name, partitions, 1).unwrap();
        }
        topics.listen();
        topics
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn advertised(port: u16) -> String {
    format!("tcp://127.0.0.1:{port}")
}

fn spawn(folder: &Folder, port: u16, advertised: &str, arguments: &[&str]) -> Child {
    let said = std::fs::File::create(folder.0.join("said")).unwrap();
    let url = format!("tcp://127.0.0.1:{port}");
    let mut command = Command::new("bash");
    command.args(["-c", LEASHED]).arg(binary()).args(["broker", "--listener-url", &url, "--advertised-listener-url", advertised]);
    // Its other engine forgets, and skips the rest of a batch of records that is read from its middle.
    command.args(["--storage-engine", "sqlite://tansu.db"]).args(arguments).env("RUST_LOG", "warn").current_dir(&folder.0);
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
        let admin: AdminClient<DefaultClientContext> = config(&cluster.address()).create().unwrap();
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
        Self::at(&cluster.address())
    }

    fn at(address: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = |what: &str| format!("test{number}.{what}");
        let producer = config(address).set("acks", "all").set("enable.idempotence", "true").create().unwrap();
        let reader = config(address).set("group.id", name("reader")).set("enable.auto.commit", "false").create().unwrap();
        Self { jobs: name("jobs"), results: name("results"), dead: name("dead"), group: name("workers"), producer, reader }
    }

    /// The same, where one has to say who one is.
    pub(super) fn guarded(mut self, cluster: &Cluster, door: u16, user: &str, password: &str) -> Self {
        let mut config = config(&format!("localhost:{door}"));
        config.set("security.protocol", "sasl_ssl").set("ssl.ca.location", cluster.certificate().display().to_string());
        config.set("sasl.mechanism", "SCRAM-SHA-512").set("sasl.username", user).set("sasl.password", password);
        self.producer = config.set("acks", "all").create().unwrap();
        self.reader = config.set("group.id", format!("{}.guarded", self.group)).create().unwrap();
        self.listen();
        self
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

    /// The next message of either topic; None where none comes within the time. What a worker answered since its last commit is answered again when it
    /// is lost, and may have been a job of `settle`: that is nothing to whoever reads here.
    pub(super) fn next(&self, time: Duration) -> Option<OwnedMessage> {
        self.next_of(time, |message| !is_of_settling(message))
    }

    /// Waits for the answer to a job of `settle`.
    pub(super) fn settling(&self) {
        self.next_of(PATIENCE, is_of_settling).expect("nothing comes");
    }

    fn next_of(&self, time: Duration, is_it: impl Fn(&OwnedMessage) -> bool) -> Option<OwnedMessage> {
        let begun = Instant::now();
        while begun.elapsed() < time {
            if let Some(Ok(message)) = self.reader.poll(PAUSE) {
                let message = message.detach();
                if is_it(&message) {
                    return Some(message);
                }
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

fn is_of_settling(message: &OwnedMessage) -> bool {
    serde_json::from_slice::<Value>(message.payload().unwrap_or_default()).is_ok_and(|answer| answer["id"] == SETTLING)
}

pub(super) fn header(message: &OwnedMessage, name: &str) -> String {
    let found = message.headers().unwrap().iter().find(|header| header.key == name);
    let value = found.unwrap_or_else(|| panic!("no {name} in {:?}", message.headers())).value.unwrap();
    String::from_utf8(value.to_vec()).unwrap()
}
