//! A RabbitMQ of one's own, on free ports and in a folder that goes with it, and queues that no other test has.

use crate::client::Folder;
use async_rs::Runtime;
use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(20);
/// Ends with who holds its stdin, however that ends, and everything that it started with it.
const LEASHED: &str = r#"epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 & "$0" & read -r _; kill -9 -- -$$"#;

pub(crate) struct Broker {
    process: Child,
    folder: Folder,
    pub(crate) port: u16,
    pub(crate) tls_port: u16,
    /// Of Erlang's own.
    others: [u16; 2],
}

impl Broker {
    /// The one of all tests; None where they are to do without.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Broker>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    pub(crate) fn start() -> Option<Self> {
        if std::env::var("RUNNEL_TEST_QUEUE").is_ok_and(|value| value == "0") {
            eprintln!("SKIPPED: everything that needs RabbitMQ, because RUNNEL_TEST_QUEUE=0");
            return None;
        }
        assert!(Path::new(SERVER).exists(), "RabbitMQ is missing: ./setup.sh installs it, RUNNEL_TEST_QUEUE=0 tests without");
        let folder = Folder::new();
        std::fs::create_dir_all(folder.0.join("home")).unwrap();
        let [port, tls_port, distribution, names] = free_ports();
        certify(&folder.0);
        let at = |name: &str| folder.0.join(name).display().to_string();
        let config = format!(
            "listeners.tcp.1 = 127.0.0.1:{port}\nlisteners.ssl.1 = 127.0.0.1:{tls_port}\nssl_options.certfile = {0}\nssl_options.keyfile = {1}\nlog.console = false\n",
            at("cert.pem"),
            at("key.pem")
        );
        std::fs::write(folder.0.join("rabbitmq.conf"), config).unwrap();
        let others = [distribution, names];
        let process = spawn(&folder.0, others);
        let broker = Self { process, folder, port, tls_port, others };
        broker.wait();
        Some(broker)
    }

    pub(crate) fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}", self.port)
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.0.join("cert.pem")
    }

    /// As kill -9, and all of it.
    pub(crate) fn kill(&mut self) {
        assert!(Command::new("kill").args(["-9", "--", &format!("-{}", self.process.id())]).status().unwrap().success());
        self.process.wait().unwrap();
    }

    pub(crate) async fn restart(&mut self) {
        self.process = spawn(&self.folder.0, self.others);
        self.wait();
    }

    fn wait(&self) {
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.tls_port)).is_err() {
            if begun.elapsed() > PATIENCE {
                panic!("RabbitMQ does not start: {}", std::fs::read_to_string(self.folder.0.join("said")).unwrap());
            }
            std::thread::sleep(PAUSE);
        }
    }

    async fn connect(&self) -> Connection {
        Connection::connect_with_runtime(&self.url(), ConnectionProperties::default(), Runtime::tokio_current()).await.unwrap()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

pub(crate) fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    // All at once, or one of them might come twice.
    let listeners: [_; COUNT] = std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// A certificate for `localhost`, and its key.
pub(crate) fn certify(folder: &Path) {
    let (key, certificate) = (folder.join("key.pem"), folder.join("cert.pem"));
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]);
    // What vouches for others is not taken for a server.
    command
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(key)
        .arg("-out")
        .arg(certificate);
    assert!(command.stderr(Stdio::null()).status().unwrap().success());
}

fn spawn(folder: &Path, [distribution, names]: [u16; 2]) -> Child {
    let said = std::fs::File::create(folder.join("said")).unwrap();
    let mut command = Command::new("bash");
    command.args(["-c", LEASHED, SERVER]).process_group(0).stdin(Stdio::piped()).stdout(said.try_clone().unwrap()).stderr(said);
    let folders = [
        ("HOME", "home"),
        ("RABBITMQ_MNESIA_BASE", "data"),
        ("RABBITMQ_LOG_BASE", "log"),
        ("RABBITMQ_CONFIG_FILE", "rabbitmq"),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", "plugins"),
        ("RABBITMQ_CONF_ENV_FILE", "environment"),
        ("RABBITMQ_PID_FILE", "pid"),
    ];
    command.envs(folders.map(|(name, path)| (name, folder.join(path))));
    command.env("RABBITMQ_NODENAME", format!("runnel-{distribution}@localhost"));
    command.env("RABBITMQ_DIST_PORT", distribution.to_string()).env("ERL_EPMD_PORT", names.to_string());
    // Two schedulers that sleep when there is nothing to do.
    command.env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+S 2:2 +sbwt none").env("LC_ALL", "C.UTF-8");
    command.spawn().unwrap()
}

pub(crate) fn header(properties: &BasicProperties, name: &str) -> String {
    let headers = properties.headers().as_ref().unwrap();
    let value = headers.inner().get(name).unwrap_or_else(|| panic!("no {name} in {headers:?}"));
    String::from_utf8(value.as_long_string().unwrap().as_bytes().to_vec()).unwrap()
}

/// Names of queues, and somebody who sends to them and reads from them.
pub(crate) struct Queues {
    pub(crate) jobs: String,
    pub(crate) results: String,
    pub(crate) dead: String,
    cancel: String,
    link: Option<(Connection, Channel)>,
}

impl Queues {
    pub(crate) fn named() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = |what: &str| format!("test{number}.{what}");
        Self { jobs: name("jobs"), results: name("results"), dead: name("dead"), cancel: name("cancel"), link: None }
    }

    pub(crate) async fn new(broker: &Broker) -> Self {
        Self::named().connect(broker).await
    }

    pub(crate) async fn connect(mut self, broker: &Broker) -> Self {
        let connection = broker.connect().await;
        let channel = connection.create_channel().await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        self.link = Some((connection, channel));
        self
    }

    /// After the broker went.
    pub(crate) async fn again(mut queues: Self, broker: &Broker) -> Self {
        queues.link = None;
        queues.connect(broker).await
    }

    pub(crate) fn settings(&self) -> [String; 4] {
        let Self { jobs, results, dead, cancel, link: _ } = self;
        [("jobs", jobs), ("results", results), ("dead", dead), ("cancel", cancel)].map(|(key, name)| format!("queue.{key}={name}"))
    }

    pub(crate) fn channel(&self) -> &Channel {
        &self.link.as_ref().unwrap().1
    }

    pub(crate) async fn send(&self, job: &Value, properties: BasicProperties) {
        self.send_bytes(job.to_string().as_bytes(), properties).await;
    }

    pub(crate) async fn send_bytes(&self, body: &[u8], properties: BasicProperties) {
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        let sent = self.channel().basic_publish("".into(), self.jobs.as_str().into(), options, body, properties.with_delivery_mode(2));
        assert!(sent.await.unwrap().await.unwrap().take_message().is_none(), "there is no such queue");
    }

    pub(crate) async fn cancel(&self, id: &str) {
        let body = json!({"id": id}).to_string();
        let options = BasicPublishOptions::default();
        let sent =
            self.channel().basic_publish(self.cancel.as_str().into(), "".into(), options, body.as_bytes(), BasicProperties::default());
        sent.await.unwrap().await.unwrap();
    }

    /// A queue for answers.
    pub(crate) async fn reply_queue(&self) -> String {
        let options = QueueDeclareOptions { exclusive: true, ..Default::default() };
        let queue = self.channel().queue_declare("".into(), options, FieldTable::default()).await.unwrap();
        queue.name().as_str().to_owned()
    }

    pub(crate) async fn declare_plainly(&self, name: &str) {
        self.channel().queue_declare(name.into(), QueueDeclareOptions::durable(), FieldTable::default()).await.unwrap();
    }

    /// Sends a job and takes its answer over the same connection, without a queue.
    pub(crate) async fn call(&self, job: &Value) -> Value {
        let direct = "amq.rabbitmq.reply-to";
        let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
        let mut answers = self.channel().basic_consume(direct.into(), "".into(), options, FieldTable::default()).await.unwrap();
        self.send(job, BasicProperties::default().with_reply_to(direct.into())).await;
        let answer = tokio::time::timeout(PATIENCE, answers.next()).await.expect("no answer comes").unwrap().unwrap();
        serde_json::from_slice(&answer.data).unwrap()
    }

    pub(crate) async fn result(&self) -> (Value, BasicProperties) {
        self.take(&self.results).await
    }

    pub(crate) async fn result_within(&self, time: Duration) -> Option<(Value, BasicProperties)> {
        let (body, properties) = self.get(&self.results, time).await?;
        Some((serde_json::from_slice(&body).unwrap(), properties))
    }

    pub(crate) async fn take(&self, queue: &str) -> (Value, BasicProperties) {
        let (body, properties) = self.take_bytes(queue).await;
        (serde_json::from_slice(&body).unwrap(), properties)
    }

    pub(crate) async fn take_bytes(&self, queue: &str) -> (Vec<u8>, BasicProperties) {
        self.get(queue, PATIENCE).await.unwrap_or_else(|| panic!("nothing comes to {queue}"))
    }

    async fn get(&self, queue: &str, time: Duration) -> Option<(Vec<u8>, BasicProperties)> {
        let begun = Instant::now();
        loop {
            if let Some(message) = self.channel().basic_get(queue.into(), BasicGetOptions::default()).await.unwrap() {
                message.delivery.ack(BasicAckOptions::default()).await.unwrap();
                return Some((message.delivery.data, message.delivery.properties));
            }
            if begun.elapsed() >= time {
                return None;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
