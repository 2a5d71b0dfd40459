//! The docker engine: a pool of warm containers for each language that is compiled, or that wants an image of its
//! own. Watches the daemon, which may come and go; makes images at their first use. Called through
//! `engine::Engines`. No call of docker's lies on a run's way but where a container has to be made for it.

mod agent;
mod compiled;
mod container;
mod images;
mod pool;
mod reaper;

use super::{Changes, Fault, Readiness};
use crate::config::Registry;
use crate::job::Job;
use crate::lock::lock;
use crate::metrics::Metrics;
use crate::toolchain::recipe::{ImageSource, Recipe};
use crate::toolchain::{Kind, Toolchain, Toolchains};
use bollard::Docker as Api;
use compiled::Products;
pub use compiled::{Key, Product};
pub use container::Container;
use container::{Blueprint, Shape};
use images::Image;
use pool::Pool;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, OnceCell};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Between two looks for a daemon that is not there, and for one that is.
const LOOK: Duration = Duration::from_secs(2);
const PING: Duration = Duration::from_secs(5);
/// A daemon that takes longer to answer is not there.
const ANSWER: Duration = Duration::from_secs(10);
/// Between two rounds of the reaper.
const REAP: Duration = Duration::from_secs(60);
/// An image that could not be made is tried again by whoever comes after this.
const RETRY_IMAGE: Duration = Duration::from_secs(20);
/// How long the last containers may take to be removed.
const FAREWELL: Duration = Duration::from_secs(15);
/// User ids of compilers and programs: two for each container, so that the kernel counts each one's processes apart.
const FIRST_UID: u32 = 20_000;
const UID_PAIRS: u32 = 20_000;

#[derive(Clone, Debug)]
pub struct Settings {
    pub enabled: bool,
    pub host: String,
    pub runtime: String,
    pub pool: usize,
    pub cpus: f64,
    pub file_count: u32,
    /// The most input of one run.
    pub input_bytes: u64,
    pub compiled_bytes: u64,
    pub registries: Vec<Registry>,
}

pub struct Docker {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    toolchains: Toolchains,
    changes: Changes,
    metrics: Arc<Metrics>,
    state: Mutex<State>,
    /// Containers that take orders, by toolchain.
    held: Mutex<BTreeMap<String, usize>>,
    products: Products,
    /// Names this server in the labels of its containers.
    instance: String,
    uids: AtomicU32,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

/// How many containers one toolchain has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Census {
    /// Waiting for a run.
    pub ready: usize,
    pub busy: usize,
    pub creating: usize,
}

struct State {
    daemon: Daemon,
    /// By reference: what is known of each.
    images: HashMap<String, ImageState>,
    /// By toolchain.
    pools: HashMap<String, Arc<Pool>>,
}

enum Daemon {
    /// Nobody has looked yet.
    Unknown,
    Away(String),
    Here(Arc<Connection>),
}

/// A daemon that answers.
struct Connection {
    api: Api,
    /// Something failed that should not: look whether it is still there.
    recheck: Notify,
    agent: OnceCell<()>,
    labels: HashMap<String, String>,
}

enum ImageState {
    Absent,
    Making { what: String, share: f32 },
    Failed { why: String, at: Instant },
    Ready(Arc<Image>),
}

impl Connection {
    async fn provide_agent(&self, image: &str) -> Result<(), bollard::errors::Error> {
        self.agent.get_or_try_init(|| agent::provide(&self.api, image, self.labels.clone())).await.copied()
    }
}

impl Shared {
    fn next_uids(&self) -> (u32, u32) {
        let pair = self.uids.fetch_add(1, Ordering::Relaxed) % UID_PAIRS;
        (FIRST_UID + 2 * pair, FIRST_UID + 2 * pair + 1)
    }

    fn labels(&self, toolchain: &str) -> HashMap<String, String> {
        let labels = [
            (reaper::INSTANCE, self.instance.clone()),
            (reaper::OWNER, reaper::Owner::this().label()),
            ("runnel.language", toolchain.to_owned()),
        ];
        labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn set_image(&self, reference: &str, state: ImageState) {
        lock(&self.state).images.insert(reference.to_owned(), state);
        self.changes.tell();
    }
}

impl Docker {
    pub fn new(settings: Settings, toolchains: Toolchains, changes: Changes, metrics: Arc<Metrics>) -> Self {
        for toolchain in toolchains.iter().filter(|toolchain| matches!(toolchain.kind, Kind::Docker(_))) {
            // At 0, so that a rate sees the first one too.
            metrics.containers(&toolchain.name);
        }
        let instance = std::fs::read_to_string("/proc/sys/kernel/random/uuid")
            .map_or_else(|_| std::process::id().to_string(), |id| id.trim().to_owned());
        let state = State { daemon: Daemon::Unknown, images: HashMap::new(), pools: HashMap::new() };
        let shared = Shared {
            products: Products::new(settings.compiled_bytes),
            settings,
            toolchains,
            changes,
            metrics,
            held: Mutex::default(),
            state: Mutex::new(state),
            // Another server on this machine begins elsewhere; by chance, because in a container each is process 1.
            uids: AtomicU32::new(instance.get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or(0)),
            instance,
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    pub fn is_enabled(&self) -> bool {
        self.shared.settings.enabled
    }

    /// Looks for the daemon from now on, and keeps the pools filled while it is there.
    pub fn start(&self) {
        if self.shared.settings.enabled {
            self.shared.tasks.spawn(watch(self.shared.clone()));
        }
    }

    /// Waits until it is known whether there is a daemon.
    pub async fn looked(&self) {
        let mut changes = self.shared.changes.subscribe();
        while self.shared.settings.enabled && matches!(lock(&self.shared.state).daemon, Daemon::Unknown) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// The image that a toolchain's programs run in.
    pub fn reference(&self, toolchain: &Toolchain, recipe: &Recipe) -> String {
        match &recipe.image {
            ImageSource::Named(name) => name.clone(),
            ImageSource::Folder => images::tag(toolchain),
            ImageSource::Of(other) => self.shared.toolchains.find(other).map_or_else(String::new, |other| images::tag_or_name(other)),
        }
    }

    pub fn readiness(&self, reference: &str) -> Readiness {
        if !self.shared.settings.enabled {
            return Readiness::Unavailable("containers are switched off in the configuration (`docker.enabled`)".to_owned());
        }
        let state = lock(&self.shared.state);
        let preparing = |what: &str, share| Readiness::Preparing { what: what.to_owned(), share };
        match (&state.daemon, state.images.get(reference)) {
            (Daemon::Unknown, _) => preparing("looking for Docker", 0.0),
            (Daemon::Away(why), _) => Readiness::Unavailable(why.clone()),
            (Daemon::Here(_), None | Some(ImageState::Absent)) => preparing("its image is made at the first use", 0.0),
            (Daemon::Here(_), Some(ImageState::Making { what, share })) => preparing(what, *share),
            (Daemon::Here(_), Some(ImageState::Failed { why, at })) => {
                // Whoever comes later finds it wanting, not refused.
                if at.elapsed() < RETRY_IMAGE { Readiness::Unavailable(why.clone()) } else { preparing("its image is tried again", 0.0) }
            }
            (Daemon::Here(_), Some(ImageState::Ready(_))) => Readiness::Ready,
        }
    }

    /// Makes an image that is not there, unless somebody does already.
    pub fn want(&self, reference: &str) {
        let mut state = lock(&self.shared.state);
        let Daemon::Here(connection) = &state.daemon else { return };
        let connection = connection.clone();
        match state.images.get(reference) {
            Some(ImageState::Making { .. } | ImageState::Ready(_)) => return,
            Some(ImageState::Failed { at, .. }) if at.elapsed() < RETRY_IMAGE => return,
            None | Some(ImageState::Absent | ImageState::Failed { .. }) => {}
        }
        state.images.insert(reference.to_owned(), ImageState::Making { what: "its image is looked for".to_owned(), share: 0.0 });
        drop(state);
        self.shared.changes.tell();
        self.shared.tasks.spawn(make(self.shared.clone(), connection, reference.to_owned()));
    }

    /// A container for a job, warm where the job asks for nothing unusual.
    pub async fn container(&self, job: &Job, recipe: &Recipe) -> Result<Container, Fault> {
        let toolchain = &job.toolchain;
        let usual = Shape::usual(recipe, &toolchain.limits, self.shared.settings.file_count, self.shared.settings.input_bytes);
        let shape = usual.for_job(&job.limits);
        let (connection, blueprint, pool) = {
            let state = lock(&self.shared.state);
            let connection = match &state.daemon {
                Daemon::Here(connection) => connection.clone(),
                Daemon::Away(why) => return Err(Fault::Unavailable(why.clone())),
                Daemon::Unknown => return Err(Fault::Unavailable("nobody has looked for Docker yet".to_owned())),
            };
            let reference = job.wishes.image.clone().unwrap_or_else(|| self.reference(toolchain, recipe));
            let Some(ImageState::Ready(image)) = state.images.get(&reference) else {
                return Err(Fault::Unavailable(format!("the image `{reference}` is not there")));
            };
            let blueprint = Blueprint { toolchain: toolchain.name.clone(), image: image.clone(), shape, host: recipe.host.clone() };
            (connection, blueprint, state.pools.get(&toolchain.name).cloned())
        };
        match pool {
            Some(pool) if pool.blueprint().shape == shape && pool.blueprint().image.id == blueprint.image.id => pool.take().await,
            Some(_) | None => container::make(&self.shared, connection, blueprint).await,
        }
    }

    /// Containers that wait for a run.
    pub fn warm(&self) -> usize {
        lock(&self.shared.state).pools.values().map(|pool| pool.census().ready).sum()
    }

    /// The containers of each toolchain that has or had any.
    pub fn census(&self) -> BTreeMap<String, Census> {
        let mut all: BTreeMap<String, Census> =
            lock(&self.shared.state).pools.iter().map(|(toolchain, pool)| (toolchain.clone(), pool.census())).collect();
        for (toolchain, held) in &*lock(&self.shared.held) {
            let census = all.entry(toolchain.clone()).or_default();
            // Counted a moment later: one may have come to the pool in between.
            census.busy = held.saturating_sub(census.ready);
        }
        all
    }

    /// Removes all containers, and waits for that within bounds.
    pub async fn shut_down(&self) {
        self.shared.shutdown.cancel();
        close_pools(&self.shared);
        self.shared.tasks.close();
        if tokio::time::timeout(FAREWELL, self.shared.tasks.wait()).await.is_err() {
            tracing::warn!("containers were still being removed after {} s; they end by themselves", FAREWELL.as_secs());
        }
    }
}

fn close_pools(shared: &Shared) {
    let pools = std::mem::take(&mut lock(&shared.state).pools);
    pools.values().for_each(|pool| pool.close());
}

/// Docker's faults as people should read them.
fn in_words(fault: &bollard::errors::Error) -> String {
    use bollard::errors::Error;
    if let Error::DockerResponseServerError { message: text, .. } | Error::DockerStreamError { error: text } = fault {
        return text.trim().to_owned();
    }
    let mut text = fault.to_string();
    let mut source = std::error::Error::source(fault);
    while let Some(fault) = source {
        let more = fault.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = fault.source();
    }
    text
}

/// Looks for the daemon, attends to it while it is there, and notices when it goes.
async fn watch(shared: Arc<Shared>) {
    loop {
        let attended = async {
            match connect(&shared).await {
                Ok(connection) => {
                    attend(&shared, Arc::new(connection)).await;
                }
                Err(why) => {
                    let hint = "hint: start Docker, or point `docker.host` or $DOCKER_HOST to it; it is found by itself";
                    set_daemon(&shared, Daemon::Away(format!("Docker does not answer: {why}\n{hint}")));
                    tokio::time::sleep(LOOK).await;
                }
            }
        };
        tokio::select! {
            () = attended => {}
            () = shared.shutdown.cancelled() => return,
        }
    }
}

fn set_daemon(shared: &Shared, daemon: Daemon) {
    lock(&shared.state).daemon = daemon;
    shared.changes.tell();
}

async fn connect(shared: &Shared) -> Result<Connection, String> {
    let host = &shared.settings.host;
    let api = if host.is_empty() { Api::connect_with_defaults() } else { Api::connect_with_host(host) };
    let api = api.map_err(|fault| in_words(&fault))?;
    let negotiated = tokio::time::timeout(ANSWER, async { api.negotiate_version().await }).await;
    let api = negotiated.map_err(|_| format!("no answer within {} s", ANSWER.as_secs()))?.map_err(|fault| in_words(&fault))?;
    Ok(Connection { api, recheck: Notify::new(), agent: OnceCell::new(), labels: shared.labels("") })
}

/// One presence of the daemon.
async fn attend(shared: &Arc<Shared>, connection: Arc<Connection>) {
    // Of an earlier presence: every link to its containers has ended.
    if let Err(fault) = reaper::reap(&connection, Some(&shared.instance)).await {
        tracing::warn!("can't look for containers that were left behind: {}", in_words(&fault));
    }
    // Images that are there are known before anybody is told that the daemon is.
    for toolchain in shared.toolchains.iter() {
        if let Kind::Docker(recipe) = &toolchain.kind
            && !matches!(recipe.image, ImageSource::Of(_))
        {
            let reference = images::tag_or_name(toolchain);
            match images::find(&connection.api, &reference).await {
                Ok(Some(image)) => drop(lock(&shared.state).images.insert(reference, ImageState::Ready(Arc::new(image)))),
                Ok(None) => drop(lock(&shared.state).images.insert(reference, ImageState::Absent)),
                Err(fault) => tracing::warn!("can't look for the image `{reference}`: {}", in_words(&fault)),
            }
        }
    }
    set_daemon(shared, Daemon::Here(connection.clone()));
    fill_pools(shared, &connection);
    let mut reaped = Instant::now();
    loop {
        tokio::select! {
            () = tokio::time::sleep(PING) => {}
            () = connection.recheck.notified() => {}
        }
        if !matches!(tokio::time::timeout(ANSWER, connection.api.ping()).await, Ok(Ok(_))) {
            break;
        }
        if reaped.elapsed() >= REAP {
            reaped = Instant::now();
            if let Err(fault) = reaper::reap(&connection, None).await {
                tracing::warn!("can't look for containers that were left behind: {}", in_words(&fault));
            }
        }
        // Many may ask for a look at once.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tracing::warn!("Docker does not answer any more");
    close_pools(shared);
    lock(&shared.state).images.clear();
}

/// Pools for all toolchains whose image is there and that have none yet.
fn fill_pools(shared: &Arc<Shared>, connection: &Arc<Connection>) {
    let docker = Docker { shared: shared.clone() };
    for toolchain in shared.toolchains.iter() {
        let Kind::Docker(recipe) = &toolchain.kind else { continue };
        let reference = docker.reference(toolchain, recipe);
        let mut state = lock(&shared.state);
        let Some(ImageState::Ready(image)) = state.images.get(&reference) else { continue };
        if state.pools.contains_key(&toolchain.name) {
            continue;
        }
        let shape = Shape::usual(recipe, &toolchain.limits, shared.settings.file_count, shared.settings.input_bytes);
        let blueprint = Blueprint { toolchain: toolchain.name.clone(), image: image.clone(), shape, host: recipe.host.clone() };
        let size = recipe.pool.unwrap_or(shared.settings.pool);
        state.pools.insert(toolchain.name.clone(), Pool::new(shared.clone(), connection.clone(), blueprint, size));
    }
}

/// Makes one image, and what it takes to use it.
async fn make(shared: Arc<Shared>, connection: Arc<Connection>, reference: String) {
    let tell = |what: &str, share: f32| shared.set_image(&reference, ImageState::Making { what: what.to_owned(), share });
    let source = shared.toolchains.iter().find(|toolchain| images::is_built(toolchain) && images::tag(toolchain) == reference);
    let making = async {
        if let Some(image) = images::find(&connection.api, &reference).await.map_err(|fault| in_words(&fault))? {
            return Ok(image);
        }
        match source {
            Some(toolchain) => images::build(&connection.api, &shared.settings, toolchain, &tell).await?,
            None => images::pull(&connection.api, &shared.settings, &reference, &tell).await?,
        }
        let found = images::find(&connection.api, &reference).await.map_err(|fault| in_words(&fault))?;
        found.ok_or_else(|| format!("the image `{reference}` was made and is not there"))
    };
    let made = tokio::select! {
        made = making => made,
        () = shared.shutdown.cancelled() => return,
    };
    match made {
        Ok(image) => {
            shared.set_image(&reference, ImageState::Ready(Arc::new(image)));
            fill_pools(&shared, &connection);
        }
        Err(why) => {
            tracing::error!("{why}");
            connection.recheck.notify_one();
            shared.set_image(&reference, ImageState::Failed { why, at: Instant::now() });
        }
    }
}
