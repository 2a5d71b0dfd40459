//! The network door: one port for the socket, for single requests, for what operators ask and for the web page. `run(listener, …, shutdown)` is all of it,
//! so that tests and the binary start the same thing. Doors never import each other.

mod http;
mod ops;
mod page;
mod socket;

use crate::config::Config;
use crate::engine::Readiness;
use crate::protocol::parse::Rules;
use crate::protocol::render::{LanguagePart, ServerLimits, WelcomeFrame, hundredths};
use crate::runner::Runner;
use crate::toolchain::Toolchains;
use axum::Router;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub struct Server {
    runner: Arc<Runner>,
    rules: Rules,
    settings: crate::config::Connection,
    usual: crate::config::LimitsConfig,
    /// Refuse new runs, end connections as they get idle.
    draining: CancellationToken,
    /// The grace time is over: end what still runs.
    ending: CancellationToken,
    connections: TaskTracker,
}

impl Server {
    pub fn new(config: &Config, toolchains: Toolchains, runner: Arc<Runner>) -> Arc<Self> {
        let rules = Rules::new(config, toolchains);
        Arc::new(Self {
            runner,
            rules,
            settings: config.connection.clone(),
            usual: config.limits.clone(),
            draining: CancellationToken::new(),
            ending: CancellationToken::new(),
            connections: TaskTracker::new(),
        })
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

/// How long a connection may take to say goodbye after its last run.
const GOODBYE: Duration = Duration::from_secs(6);

/// Serves until `shutdown`, then lets live runs end within the grace time.
pub async fn run(listener: TcpListener, server: Arc<Server>, shutdown: CancellationToken) -> std::io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(ops::healthz))
        .route("/readyz", get(ops::readyz))
        .route("/v1/languages", get(ops::languages))
        .route("/v1/connect", get(socket::connect))
        .route("/v1/run", post(http::run))
        .route("/run", post(http::run))
        .route("/v1/schema.json", get(ops::schema))
        .route("/v1/asyncapi.json", get(ops::asyncapi))
        .fallback(page::file)
        .with_state(server.clone());
    let stop_accepting = {
        let server = server.clone();
        async move {
            shutdown.cancelled().await;
            server.runner.drain();
            server.draining.cancel();
        }
    };
    // Frames are small and each is wanted at once.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let serving = axum::serve(listener, router).with_graceful_shutdown(stop_accepting);
    let overdue = async {
        server.draining.cancelled().await;
        tokio::time::sleep(server.settings.grace()).await;
    };
    let ended = async {
        serving.await?;
        server.connections.close();
        server.connections.wait().await;
        Ok::<_, std::io::Error>(())
    };
    tokio::select! {
        ended = ended => ended?,
        // A client that never ends its request must not keep the server from ending.
        () = overdue => {
            server.connections.close();
            server.ending.cancel();
            let _ = tokio::time::timeout(GOODBYE, server.connections.wait()).await;
        }
    }
    server.runner.engines().shut_down().await;
    Ok(())
}
