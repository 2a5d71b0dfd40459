//! One container from its creation to its removal, and the way to what runs in it. It is made for one submission,
//! takes its orders over the link, and is destroyed when it is given up. Called by the pool; no call of docker's
//! lies between an order and its output.

use super::agent;
use super::compiled::{Key, Product};
use super::images::Image;
use super::{Connection, Shared, in_words};
use crate::engine::Fault;
use crate::event::{Pipe, Text};
use crate::job::Job;
use crate::judge::End;
use crate::limits::{Figures, Limits};
use crate::link::{Bounds, Execution, Happening, OnParked, Order, Session, Work};
use crate::lock::lock;
use crate::toolchain::recipe::{DeviceRate, HostOptions, Recipe};
use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, ContainerWaitResponse, HostConfig, HostConfigLogConfig, ResourcesUlimits, ThrottleDevice};
use bollard::query_parameters::{AttachContainerOptionsBuilder, RemoveContainerOptionsBuilder, WaitContainerOptionsBuilder};
use bytes::Bytes;
use futures_util::StreamExt;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio_util::io::StreamReader;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A container whose agent does not say that it is ready in this time is given up.
const START: Duration = Duration::from_secs(30);
/// How long docker may take to remove one, and between two tries; the reaper looks after what is left.
const REMOVE: Duration = Duration::from_secs(60);
const REMOVE_AGAIN: Duration = Duration::from_millis(500);
/// How long one may take to remove itself, after its link was closed.
const BY_ITSELF: Duration = Duration::from_secs(5);
/// Memory of the agent, of the page cache and of the kernel for it: enough that a program is ended for its own use
/// before the agent is for the container's.
const MARGIN: u64 = 64 << 20;
/// What a compile step may make.
const PRODUCT_BYTES: u64 = 256 << 20;
/// Shared memory for programs that insist on some.
const SHARED_MEMORY: i64 = 1 << 20;
/// Processes beyond the program's own: the agent.
const OTHER_PROCESSES: u32 = 4;
/// How long the packing of a product may take.
const PACK: Duration = Duration::from_secs(30);

/// What a container is made from.
#[derive(Clone)]
pub(super) struct Blueprint {
    pub(super) toolchain: String,
    pub(super) image: Arc<Image>,
    pub(super) shape: Shape,
    pub(super) host: HostOptions,
}

/// How large a container is. The agent holds each program to its own limits within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    memory_bytes: u64,
    processes: u32,
    file_bytes: u64,
    file_count: u32,
    input_bytes: u64,
}

impl Shape {
    /// For jobs that ask for nothing. `input_bytes` is the most input that the agent may have to keep.
    pub(super) fn usual(recipe: &Recipe, figures: &Figures, file_count: u32, input_bytes: u64) -> Self {
        let compile = recipe.compile.as_ref().map_or(0, |_| recipe.compile_memory_mb);
        Self {
            memory_bytes: figures.memory_mb.max(compile) << 20,
            processes: u32::try_from(figures.processes).unwrap_or(u32::MAX),
            file_bytes: figures.files_mb << 20,
            file_count,
            input_bytes,
        }
    }

    /// This, and large enough for a job. Files are bounded by the container itself, so they must be just right.
    pub(super) fn for_job(self, limits: &Limits) -> Self {
        Self {
            memory_bytes: self.memory_bytes.max(limits.memory_bytes),
            processes: self.processes.max(limits.processes),
            file_bytes: limits.file_bytes,
            file_count: self.file_count,
            input_bytes: self.input_bytes,
        }
    }
}

/// A container that takes orders. Dropping it destroys it.
pub struct Container {
    session: Session,
    image: Arc<Image>,
    shared: Arc<Shared>,
    given_up: CancellationToken,
    _end: DropGuard,
    _held: Held,
}

/// Counts a container while it takes orders.
struct Held {
    shared: Arc<Shared>,
    toolchain: String,
}

impl Held {
    fn begin(shared: &Arc<Shared>, toolchain: &str) -> Self {
        *lock(&shared.held).entry(toolchain.to_owned()).or_default() += 1;
        Self { shared: shared.clone(), toolchain: toolchain.to_owned() }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(count) = lock(&self.shared.held).get_mut(&self.toolchain) {
            *count -= 1;
        }
    }
}

impl Container {
    pub async fn execute(&self, order: &Order, parked: OnParked) -> Result<Execution, Fault> {
        self.session.execute(order, parked).await.map_err(|lost| Fault::Lost(lost.to_string()))
    }

    /// What programs find in their environment before anybody says more.
    pub fn env(&self) -> &[(String, String)] {
        &self.image.env
    }

    /// Cancelled when nobody needs it any more.
    pub(super) fn given_up(&self) -> CancellationToken {
        self.given_up.clone()
    }

    pub(super) fn is_lost(&self) -> bool {
        self.session.is_closed()
    }

    /// The key of what a compile command makes here of a job's files.
    pub fn product_key(&self, argv: &[String], job: &Job) -> Key {
        Key::new(&self.image.id, argv, job)
    }

    pub fn find_product(&self, key: &Key) -> Option<Product> {
        let found = self.shared.products.find(key);
        let metrics = &self.shared.metrics;
        if found.is_some() {
            metrics.compiled_hits.inc()
        } else {
            metrics.compiled_misses.inc()
        };
        found
    }

    /// Takes out what was compiled here, for those who come with the same sources, and gives the container up.
    pub fn keep_product(self, key: Key, output: Text, truncated: bool) {
        let shared = self.shared.clone();
        let tasks = shared.tasks.clone();
        tasks.spawn(async move {
            let packed = tokio::time::timeout(PACK, self.pack()).await;
            if let Ok(Some(packed)) = packed {
                shared.products.keep(key, Product { packed, output, truncated });
            }
        });
    }

    async fn pack(&self) -> Option<Bytes> {
        let most = self.shared.products.most();
        let bounds =
            Bounds { time: PACK, wall: PACK, memory_bytes: u64::MAX, output_bytes: most, file_bytes: 0, file_count: 0, processes: 1 };
        let order = Order {
            work: Work::Pack,
            files: Arc::default(),
            places: Arc::default(),
            layer: None,
            harvest: None,
            env: Vec::new(),
            stdin: Bytes::new(),
            stdin_open: false,
            bounds,
            product: None,
        };
        let mut execution = self.session.execute(&order, Box::new(|_| {})).await.ok()?;
        let mut packed = Vec::new();
        loop {
            match execution.next().await {
                Happening::Output { pipe: Pipe::Stdout, bytes, .. } => packed.extend_from_slice(&bytes),
                Happening::Ended(facts) => return (facts.end == End::Exit(0)).then(|| packed.into()),
                Happening::Lost => return None,
                Happening::Started | Happening::Waiting(_) | Happening::Left(_) | Happening::Output { .. } => {}
            }
            if packed.len() as u64 > most {
                return None;
            }
        }
    }
}

/// Who waits for a container.
type Born = oneshot::Sender<Result<Container, Fault>>;

/// A new one. Cancel safe: one for which nobody waits any more is removed.
pub(super) async fn make(shared: &Arc<Shared>, connection: Arc<Connection>, blueprint: Blueprint) -> Result<Container, Fault> {
    let (created, failed) = shared.metrics.containers(&blueprint.toolchain);
    let (born, made) = oneshot::channel();
    shared.tasks.spawn(live(shared.clone(), connection, blueprint, born));
    let made = made.await.unwrap_or_else(|_| Err(Fault::Lost("a container was not made".to_owned())));
    if made.is_ok() {
        created.inc()
    } else {
        failed.inc()
    };
    made
}

/// One life: create, serve, remove. Whoever waits for it at `born` gets it as soon as it takes orders; where nobody
/// does any more, and whenever the container is dropped or lost, it is removed.
async fn live(shared: Arc<Shared>, connection: Arc<Connection>, blueprint: Blueprint, born: Born) {
    let created = async {
        connection.provide_agent(&blueprint.image.id).await?;
        let body = body(&shared, &blueprint);
        connection.api.create_container(None, body).await.map(|created| created.id)
    };
    let id = match created.await {
        Ok(id) => id,
        Err(fault) => {
            connection.recheck.notify_one();
            let _ = born.send(Err(Fault::Lost(format!("docker can't create a container: {}", in_words(&fault)))));
            return;
        }
    };
    if serve(&shared, &connection, &id, &blueprint, born).await {
        // It ends and removes itself now; two who remove the same thing get in each other's way.
        let options = WaitContainerOptionsBuilder::new().condition("removed").build();
        let mut gone = Box::pin(connection.api.wait_container(&id, Some(options)));
        if tokio::time::timeout(BY_ITSELF, gone.next()).await.is_ok_and(|answer| is_gone(answer.as_ref())) {
            return;
        }
    }
    remove_surely(&connection, &id).await;
}

/// Whether docker's answer says that a container is no more. Its exit code may be an error to the client; words with it are why its removal failed.
fn is_gone(answer: Option<&Result<ContainerWaitResponse, Error>>) -> bool {
    match answer {
        Some(Ok(response)) => response.error.is_none(),
        Some(Err(Error::DockerContainerWaitError { error, .. })) => error.is_empty(),
        Some(Err(Error::DockerResponseServerError { status_code: 404, .. })) => true,
        Some(Err(_)) | None => false,
    }
}

/// Serves a container until it is given up or lost; false where it never ran.
async fn serve(shared: &Arc<Shared>, connection: &Connection, id: &str, blueprint: &Blueprint, born: Born) -> bool {
    let refuse = |born: Born, why: String| drop(born.send(Err(Fault::Lost(why))));
    let options = AttachContainerOptionsBuilder::new().stdin(true).stdout(true).stderr(true).stream(true).build();
    let attached = match connection.api.attach_container(id, Some(options)).await {
        Ok(attached) => attached,
        Err(fault) => {
            refuse(born, format!("docker can't attach to a container: {}", in_words(&fault)));
            return false;
        }
    };
    if let Err(fault) = connection.api.start_container(id, None).await {
        refuse(born, format!("docker can't start a container: {}", in_words(&fault)));
        return false;
    }
    let said = Arc::new(Mutex::new(String::new()));
    let session = Session::new();
    // Closed whichever way this function is left, so that nobody waits for a container that is gone.
    let _close = CloseOnDrop(session.clone());
    let (ready, is_ready) = oneshot::channel();
    let ready = Mutex::new(Some(ready));
    let announce = |_| {
        if let Some(ready) = lock(&ready).take() {
            let _ = ready.send(());
        }
    };
    let output = Box::pin(link_of(attached.output, said.clone()));
    let serving = async {
        tokio::select! {
            lost = session.read(StreamReader::new(output), announce) => lost,
            lost = session.write(attached.input) => lost,
        }
    };
    let given_up = CancellationToken::new();
    let mut born = Some(born);
    let attend = async {
        match (tokio::time::timeout(START, is_ready).await, born.take()) {
            (Err(_), Some(born)) => refuse(born, format!("a container was not ready within {} s", START.as_secs())),
            (Ok(Ok(())), Some(born)) => {
                let _end = given_up.clone().drop_guard();
                let container = Container {
                    session: session.clone(),
                    image: blueprint.image.clone(),
                    shared: shared.clone(),
                    given_up: given_up.clone(),
                    _end,
                    _held: Held::begin(shared, &blueprint.toolchain),
                };
                // Where nobody waits any more, the container comes back and is dropped: given up.
                let _ = born.send(Ok(container));
                given_up.cancelled().await;
            }
            (_, None) | (Ok(Err(_)), _) => std::future::pending().await,
        }
    };
    // Both halves of the link go with this: docker can't remove a container whose output is held and not read.
    tokio::select! {
        () = attend => {}
        lost = serving => {
            connection.recheck.notify_one();
            if let Some(born) = born.take() {
                refuse(born, format!("a container ended while starting: {lost} {}", lock(&said).trim()));
            }
        }
        () = shared.shutdown.cancelled() => {}
    }
    true
}

struct CloseOnDrop(Session);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// What the agent writes to stdout is the link; what comes on stderr are words about its own faults.
fn link_of(
    output: impl futures_util::Stream<Item = Result<LogOutput, Error>>,
    said: Arc<Mutex<String>>,
) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> {
    output.filter_map(move |piece| {
        let bytes = match piece {
            Ok(LogOutput::StdOut { message }) => Some(Ok(message)),
            Ok(LogOutput::StdErr { message } | LogOutput::StdIn { message } | LogOutput::Console { message }) => {
                let mut said = lock(&said);
                if said.len() < 2000 {
                    said.push_str(&String::from_utf8_lossy(&message));
                    tracing::warn!("an agent says: {}", said.trim_end());
                }
                None
            }
            Err(fault) => Some(Err(std::io::Error::other(in_words(&fault)))),
        };
        std::future::ready(bytes)
    })
}

/// Removes a container. Docker may fail at it, or be at it for somebody else and fail then: it is asked until there is none.
async fn remove_surely(connection: &Connection, id: &str) {
    let mut why = "docker does not answer".to_owned();
    let removed = async {
        while let Err(fault) = remove(connection, id).await {
            why = in_words(&fault);
            tokio::time::sleep(REMOVE_AGAIN).await;
        }
    };
    if tokio::time::timeout(REMOVE, removed).await.is_err() {
        tracing::warn!("a container was not removed within {} s: {why}", REMOVE.as_secs());
    }
}

/// One try to remove a container, which may have gone already.
pub(super) async fn remove(connection: &Connection, id: &str) -> Result<(), Error> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    match connection.api.remove_container(id, Some(options)).await {
        Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
        removed => removed,
    }
}

/// The walls: everything that a container gets, and all that it does not.
fn body(shared: &Shared, blueprint: &Blueprint) -> ContainerCreateBody {
    let Blueprint { toolchain, image, shape, host } = blueprint;
    let Shape { memory_bytes, processes, file_bytes, file_count, input_bytes } = *shape;
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let memory = number(memory_bytes + file_bytes + input_bytes + MARGIN);
    let tmpfs = |bytes: u64, mode: &str| format!("rw,exec,nosuid,nodev,size={bytes},nr_inodes={file_count},mode={mode}");
    let limit = |name: &str, value: i64| ResourcesUlimits { name: Some(name.to_owned()), soft: Some(value), hard: Some(value) };
    let rates = |rates: &[DeviceRate]| {
        let device = |rate: &DeviceRate| ThrottleDevice { path: Some(rate.path.clone()), rate: Some(rate.rate) };
        Some(rates.iter().map(device).collect())
    };
    let (compile_uid, run_uid) = shared.next_uids();
    let mut security = vec!["no-new-privileges".to_owned()];
    security.extend(host.security_options.iter().cloned());
    let mut capabilities = ["SETUID", "SETGID", "KILL"].map(str::to_owned).to_vec();
    capabilities.extend(host.capabilities.iter().cloned());
    let runtime = host.runtime.clone().or_else(|| Some(shared.settings.runtime.clone()).filter(|name| !name.is_empty()));
    #[expect(clippy::cast_possible_truncation, reason = "at most a thousand cores")]
    let nano_cpus = (host.cpus.unwrap_or(shared.settings.cpus) * 1e9) as i64;
    let host_config = HostConfig {
        network_mode: Some("none".to_owned()),
        cap_drop: Some(vec!["ALL".to_owned()]),
        cap_add: Some(capabilities),
        security_opt: Some(security),
        readonly_rootfs: Some(true),
        tmpfs: Some(HashMap::from([
            ("/tmp".to_owned(), tmpfs(file_bytes, "1777")),
            // Just the files: what is compiled lies in a file system of its own, so that the limit is exact.
            ("/box".to_owned(), tmpfs(file_bytes, "755")),
            ("/box/bin".to_owned(), format!("{},uid={compile_uid},gid={compile_uid}", tmpfs(PRODUCT_BYTES, "755"))),
        ])),
        binds: Some(vec![format!("{}:{}:ro", agent::volume(), agent::FOLDER)]),
        shm_size: Some(SHARED_MEMORY),
        pids_limit: Some((processes + OTHER_PROCESSES).into()),
        memory: Some(memory),
        // No swap: memory that is not there is not there.
        memory_swap: Some(memory),
        memory_swappiness: host.memory_swappiness,
        memory_reservation: host.memory_reservation_mb.map(|megabytes| megabytes << 20),
        nano_cpus: Some(nano_cpus),
        cpuset_cpus: host.cpuset.clone(),
        cpu_shares: host.cpu_shares,
        blkio_weight: host.blkio_weight,
        blkio_device_read_bps: rates(&host.device_read_bps),
        blkio_device_write_bps: rates(&host.device_write_bps),
        blkio_device_read_iops: rates(&host.device_read_iops),
        blkio_device_write_iops: rates(&host.device_write_iops),
        cgroup_parent: host.cgroup_parent.clone(),
        ulimits: Some(vec![limit("core", 0), limit("nofile", 1024), limit("fsize", number(file_bytes.max(PRODUCT_BYTES)))]),
        ipc_mode: Some("private".to_owned()),
        // Measured: the usual driver writes what the link carries to the host's disk, and costs two thirds of it.
        log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
        runtime,
        auto_remove: Some(true),
        ..HostConfig::default()
    };
    ContainerCreateBody {
        image: Some(image.id.clone()),
        entrypoint: Some(vec![agent::PATH.to_owned()]),
        cmd: Some(vec!["--compile-uid".to_owned(), compile_uid.to_string(), "--run-uid".to_owned(), run_uid.to_string()]),
        env: Some(Vec::new()),
        user: Some("0:0".to_owned()),
        working_dir: Some("/".to_owned()),
        hostname: Some("box".to_owned()),
        labels: Some(shared.labels(toolchain)),
        // An end of input is what tells the agent that its server is gone; with it the container goes.
        open_stdin: Some(true),
        stdin_once: Some(true),
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(false),
        host_config: Some(host_config),
        network_disabled: Some(true),
        stop_timeout: Some(0),
        ..ContainerCreateBody::default()
    }
}
