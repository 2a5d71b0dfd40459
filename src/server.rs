//! The network door: one port for the socket, for single requests, for what operators ask and for the web page. `run(listener, …, shutdown)` is all of it,
//! so that tests and the binary start the same thing. Doors never import each other.

mod doors;
mod entry;
mod glance;
mod http;
mod listen;
mod metrics;
mod ops;
mod page;
mod socket;
mod workspaces;

use crate::access::Access;
use crate::config::Config;
use crate::config::access::AccessConfig;
use crate::engine::Readiness;
use crate::machine::Machine;
use crate::protocol::Code;
use crate::protocol::parse::Rules;
use crate::protocol::render::{LanguagePart, ServerLimits, WelcomeFrame, hundredths};
use crate::runner::Runner;
use crate::standing::Standing;
use crate::toolchain::Toolchains;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use std::convert::Infallible;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub struct Server {
    runner: Arc<Runner>,
    rules: Rules,
    access: Access,
    tls: Option<listen::Tls>,
    settings: crate::config::Connection,
    doors: crate::config::doors::Doors,
    judge0: Arc<doors::Judge0>,
    kept: OnceLock<doors::Kept>,
    opening: Mutex<()>,
    usual: crate::config::LimitsConfig,
    machine: Machine,
    /// Refuse new runs, end connections as they get idle.
    draining: CancellationToken,
    /// The grace time is over: end what still runs.
    ending: CancellationToken,
    connections: TaskTracker,
    /// Open WebSocket connections.
    sockets: Sockets,
    started: SystemTime,
    /// The most processor time that metrics have told, in milliseconds.
    cpu_told: AtomicU64,
    /// Of a worker: how it stands with its broker.
    standing: OnceLock<Arc<Standing>>,
}

/// Counts those who hold a `Connected`.
#[derive(Clone, Default)]
struct Sockets(Arc<()>);

struct Connected(#[expect(dead_code, reason = "its count is what matters")] Arc<()>);

impl Sockets {
    fn connected(&self) -> Connected {
        Connected(self.0.clone())
    }

    fn count(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

impl Server {
    /// Fails where the certificate can't be used.
    pub fn new(config: &Config, toolchains: Toolchains, runner: Arc<Runner>) -> anyhow::Result<Arc<Self>> {
        let rules = Rules::new(config, toolchains);
        for code in Code::ALL {
            // At 0, so that a rate sees the first one too.
            runner.metrics().refusal(code.word());
        }
        let tls = config.access.tls().map(|(certificate, key)| listen::Tls::load(&certificate, &key)).transpose()?;
        Ok(Arc::new(Self {
            runner,
            rules,
            access: Access::new(&config.access),
            tls,
            settings: config.connection.clone(),
            doors: config.doors.clone(),
            judge0: doors::Judge0::new(&config.doors)?,
            kept: OnceLock::new(),
            opening: Mutex::default(),
            usual: config.limits.clone(),
            machine: Machine::new(config.cache()),
            draining: CancellationToken::new(),
            ending: CancellationToken::new(),
            connections: TaskTracker::new(),
            sockets: Sockets::default(),
            started: SystemTime::now(),
            cpu_told: AtomicU64::new(0),
            standing: OnceLock::new(),
        }))
    }

    /// Other tokens, origins and certificates from now on; connections stay.
    pub fn reload(&self, access: &AccessConfig) -> anyhow::Result<()> {
        if let (Some(tls), Some((certificate, key))) = (&self.tls, access.tls()) {
            tls.reload(&certificate, &key)?;
        }
        self.access.replace(access);
        Ok(())
    }

    fn welcome(&self) -> WelcomeFrame {
        WelcomeFrame {
            kind: "welcome",
            protocol: crate::protocol::NAME,
            version: env!("CARGO_PKG_VERSION"),
            build: crate::BUILD,
            languages: self.languages(),
            limits: ServerLimits {
                most: (&self.usual.most).into(),
                max_frame_bytes: self.settings.max_frame_bytes(),
                stdin_kb: self.usual.job.stdin_kb,
                capture_kb: self.usual.job.capture_kb,
                files: self.usual.job.files,
                runs: self.settings.runs,
            },
        }
    }

    fn languages(&self) -> Vec<LanguagePart> {
        let part = |toolchain: &Arc<crate::toolchain::Toolchain>| {
            let readiness = self.runner.engines().readiness(toolchain);
            let state = readiness.word();
            let (reason, progress) = match readiness {
                Readiness::Ready => (None, None),
                Readiness::Preparing { what, share } => (Some(what), Some(hundredths(share))),
                Readiness::Unavailable(reason) => (Some(reason), None),
            };
            LanguagePart {
                name: toolchain.name.clone(),
                aliases: toolchain.aliases.clone(),
                version: toolchain.version.clone(),
                engine: toolchain.kind.engine(),
                state,
                reason,
                progress,
                limits: (&toolchain.limits).into(),
                example: toolchain.example.clone(),
            }
        };
        self.rules.toolchains.iter().map(part).collect()
    }
}

/// How often workspaces that nobody uses are looked for.
const REAPING: Duration = Duration::from_secs(10);
/// How long a connection may take to say goodbye after its last run.
const GOODBYE: Duration = Duration::from_secs(6);

/// How long the last answers may take to be written.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Where a server is heard.
pub struct Listeners {
    pub clients: TcpListener,
    /// None: metrics are asked where everything is.
    pub metrics: Option<TcpListener>,
}

/// Serves until `shutdown`, then lets live runs end within the grace time.
pub async fn run(listeners: Listeners, server: Arc<Server>, shutdown: CancellationToken) -> std::io::Result<()> {
    let Listeners { clients: listener, metrics: apart } = listeners;
    let router = router(&server, apart.is_none());
    let telling = async {
        match apart {
            // For operators alone, who need no token there.
            Some(listener) => axum::serve(listener, metrics_router().with_state(server.clone())).await,
            None => std::future::pending().await,
        }
    };
    let stop_accepting = shutdown.clone();
    let draining = async {
        stop_accepting.cancelled().await;
        server.runner.drain();
        server.draining.cancel();
        std::future::pending::<()>().await;
    };
    let serving = listen::serve(listener, router, server.clone(), shutdown);
    let reaping = async {
        let mut turns = tokio::time::interval(REAPING);
        loop {
            turns.tick().await;
            server.runner.workspaces().reap().await;
        }
    };
    let overdue = async {
        server.draining.cancelled().await;
        tokio::time::sleep(server.settings.grace()).await;
    };
    let ended = async {
        serving.await;
        server.connections.close();
        server.connections.wait().await;
    };
    tokio::pin!(ended);
    tokio::select! {
        () = &mut ended => {}
        told = telling => told?,
        () = reaping => {}
        () = draining => {}
        // A client that never ends its request must not keep the server from ending.
        () = overdue => {
            server.connections.close();
            server.ending.cancel();
            let _ = tokio::time::timeout(GOODBYE, server.connections.wait()).await;
            // An answer that is made is not yet written.
            let _ = tokio::time::timeout(LAST_WORDS, ended).await;
        }
    }
    server.runner.engines().shut_down().await;
    server.runner.telemetry().stop().await;
    Ok(())
}

/// Beside a worker, for operators alone: it has no clients. Ends only where it can't go on; None: nobody listens.
pub async fn operate(listener: Option<TcpListener>, server: Arc<Server>, standing: Arc<Standing>) -> std::io::Result<Infallible> {
    let _ = server.standing.set(standing);
    let Some(listener) = listener else { return std::future::pending().await };
    let router = metrics_router()
        .route("/healthz", get(ops::healthz))
        .route("/readyz", get(ops::readyz))
        .route("/v1/languages", get(ops::languages))
        .with_state(server);
    axum::serve(listener, router).await?;
    Err(std::io::Error::other("the listener for operators ended"))
}

fn metrics_router() -> Router<Arc<Server>> {
    Router::new().route("/metrics", get(metrics::metrics))
}

fn router(server: &Arc<Server>, with_metrics: bool) -> Router {
    let open = Router::new()
        .route("/healthz", get(ops::healthz))
        .route("/readyz", get(ops::readyz))
        .route("/v1/schema.json", get(ops::schema))
        .route("/v1/asyncapi.json", get(ops::asyncapi))
        .fallback(page::file);
    let socket =
        Router::new().route("/v1/connect", get(socket::connect)).route_layer(from_fn_with_state(server.clone(), entry::guard_socket));
    let counted = Router::new()
        .route("/v1/run", post(http::run))
        .route("/run", post(http::run))
        .route("/v1/workspaces", get(workspaces::all).post(workspaces::open))
        .route("/v1/workspaces/{name}", get(workspaces::list).delete(workspaces::close))
        .route("/v1/workspaces/{name}/file", get(workspaces::read))
        .route_layer(from_fn_with_state(server.clone(), metrics::count));
    let guarded = counted
        .route("/v1/languages", get(ops::languages))
        .route("/v1/glance", get(glance::glance))
        .merge(if with_metrics { metrics_router() } else { Router::new() })
        .route_layer(from_fn_with_state(server.clone(), entry::guard));
    open.merge(socket).merge(guarded).merge(doors::router(server)).with_state(server.clone())
}
