//! `runnel serve`: prepares what is missing, starts the cells, listens, and stops in order.

use super::{SettingsArguments, Size, USAGE};
use crate::config::Config;
use crate::engine::wasm::guests::Cache;
use crate::runner::Runner;
use crate::server::{self, Listeners, Server};
use crate::telemetry::Telemetry;
use crate::toolchain::{Kind, Toolchain, Toolchains};
use crate::workspace::Workspaces;
use anyhow::Context;
use clap::Args;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

#[derive(Debug, Args)]
#[command(
    after_help = "The first line on stdout is `listening on http://ADDRESS`; with `metrics.listen` the second is `metrics on http://ADDRESS/metrics`.\nSIGTERM and SIGINT let live runs end within the grace time; a second one ends at once.\nexit codes: 0 stopped in order, 2 a mistake in the configuration, 70 could not start"
)]
pub(super) struct ServeArguments {
    /// Address and port; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Run programs on workers elsewhere, over this broker; better as RUNNEL_BACKEND_URL where it holds a password
    #[arg(long, value_name = "amqp://HOST:PORT/VHOST|kafka://HOST:PORT")]
    backend: Option<String>,
    /// Refuse to start where the kernel can't give the whole second wall
    #[arg(long)]
    require_hardening: bool,
}

pub(super) fn serve(mut settings: SettingsArguments, arguments: &ServeArguments) -> anyhow::Result<ExitCode> {
    settings.put("listen", arguments.listen.as_ref());
    settings.put("backend.url", arguments.backend.as_ref());
    settings.require_hardening(arguments.require_hardening);
    let (config, toolchains) = match settings.load_to_serve() {
        Ok(loaded) => loaded,
        Err(mistakes) => return Ok(super::told(&mistakes)),
    };
    raise_descriptors();
    let runtime = super::runtime()?;
    let served = runtime.block_on(async {
        let Some(clients) = bind(&config.listen, "`--listen 127.0.0.1:0` takes any free port").await else {
            return Ok(ExitCode::from(USAGE));
        };
        let metrics = match config.metrics.listen.as_str() {
            "" => None,
            address => match bind(address, "`metrics.listen` is another address than `listen`").await {
                Some(listener) => Some(listener),
                None => return Ok(ExitCode::from(USAGE)),
            },
        };
        let telemetry = match Telemetry::start(&config.telemetry, Handle::current()) {
            Ok(telemetry) => telemetry,
            Err(fault) => {
                eprintln!("error: `telemetry.endpoint`: {fault:#}");
                return Ok(ExitCode::from(USAGE));
            }
        };
        let workspaces = Workspaces::new(config.workspaces(), false);
        let (runner, carrying) = match config.backend.is_given() {
            true => match abroad(&config, &toolchains, workspaces, telemetry) {
                Ok((runner, carrying)) => (runner, carrying),
                Err(code) => return Ok(code),
            },
            false => {
                let size = Size { cells: config.cells(), pool: config.docker.pool, warm: true };
                (super::traced_runner(&config, &toolchains, workspaces, telemetry, size), std::future::pending().boxed())
            }
        };
        let server = match Server::new(&config, toolchains.clone(), runner.clone()) {
            Ok(server) => server,
            Err(fault) => {
                eprintln!("error: {fault:#}");
                return Ok(ExitCode::from(USAGE));
            }
        };
        // Before anything takes time: the first process of a container does not hear what it has no handler for.
        let shutdown = CancellationToken::new();
        let signals = tokio::spawn(signals(shutdown.clone())?);
        let preparing = tokio::select! {
            started = start_engines(&config, &toolchains, &runner) => started?,
            () = shutdown.cancelled() => return Ok(ExitCode::SUCCESS),
        };
        if let Some(wall) = runner.engines().wasm.wall()
            && !wall.is_whole()
        {
            tracing::warn!("the second wall is not whole on this machine: {wall:?}; `runnel check` says more");
        }
        let scheme = if config.access.tls().is_some() { "https" } else { "http" };
        println!("listening on {scheme}://{}", clients.local_addr()?);
        if let Some(metrics) = &metrics {
            println!("metrics on http://{}/metrics", metrics.local_addr()?);
        }
        std::io::stdout().flush()?;
        let preparing = tokio::spawn(preparing);
        let reloading = tokio::spawn(reload(settings, server.clone())?);
        let mut carrying = tokio::spawn(carrying);
        let served = tokio::select! {
            served = server::run(Listeners { clients, metrics }, server, shutdown) => served,
            refused = &mut carrying => {
                eprintln!("error: {}", refused?);
                return Ok(ExitCode::from(USAGE));
            }
        };
        carrying.abort();
        signals.abort();
        preparing.abort();
        reloading.abort();
        served?;
        Ok(ExitCode::SUCCESS)
    });
    // Not waited for: a guest that is still being prepared.
    runtime.shutdown_background();
    served
}

/// Why the broker does not want us; until then it carries.
type Carrying = BoxFuture<'static, String>;

/// A gateway: its runner runs nothing, and something carries runs to workers.
#[cfg(any(feature = "amqp", feature = "kafka"))]
fn abroad(
    config: &Config,
    toolchains: &Toolchains,
    workspaces: Arc<Workspaces>,
    telemetry: Telemetry,
) -> Result<(Arc<Runner>, Carrying), ExitCode> {
    use crate::gateway::{Carrier, Gateway};
    let carrier = match Carrier::new(&config.backend) {
        Ok(carrier) => carrier,
        Err(fault) => {
            eprintln!("error: {fault}");
            return Err(ExitCode::from(USAGE));
        }
    };
    let changes = crate::engine::Changes::new();
    let (gateway, outgoing) = Gateway::new(changes.clone());
    let carrying = carrier.carry(gateway.clone(), outgoing).map(|Err(refused)| refused.to_string());
    Ok((super::gateway_runner(config, toolchains, workspaces, telemetry, (changes, gateway)), carrying.boxed()))
}

#[cfg(not(any(feature = "amqp", feature = "kafka")))]
fn abroad(config: &Config, _: &Toolchains, _: Arc<Workspaces>, _: Telemetry) -> Result<(Arc<Runner>, Carrying), ExitCode> {
    eprintln!("error: `backend.url`: this runnel was built without `{}`", config.backend.url.split("://").next().unwrap_or_default());
    Err(ExitCode::from(USAGE))
}

/// None where that can't be; it is told why.
pub(super) async fn bind(address: &str, hint: &str) -> Option<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Some(listener),
        Err(fault) => {
            eprintln!("error: can't listen on {address}: {fault}\nhint: {hint}");
            None
        }
    }
}

/// A connection is a descriptor, and 1024 is what many systems begin with: as many as we may have.
pub(super) fn raise_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(fault) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!("the limit of open files can't be raised: {fault}");
    }
}

/// Starts the engines with what is ready. What is returned prepares the rest, beside whatever they do.
pub(super) async fn start_engines(
    config: &Config,
    toolchains: &Toolchains,
    runner: &Arc<Runner>,
) -> anyhow::Result<impl Future<Output = ()> + use<>> {
    let cache = Cache::new(config.cache(), config.prepared());
    let mut missing = Vec::new();
    if runner.engines().gateway.is_some() {
        return Ok(prepare_missing(runner.clone(), cache, missing));
    }
    for toolchain in toolchains.iter().filter(|toolchain| matches!(toolchain.kind, Kind::Wasm { .. })) {
        match cache.find(toolchain) {
            Some(native) => runner.engines().wasm.set_guest(&toolchain.name, Ok(native)),
            None => missing.push(toolchain.clone()),
        }
    }
    runner.engines().docker.start();
    runner.engines().wasm.start_cells().await.context("can't start")?;
    Ok(prepare_missing(runner.clone(), cache, missing))
}

/// Prepares what was not ready at the start, and puts it to use as soon as it is.
async fn prepare_missing(runner: Arc<Runner>, cache: Cache, missing: Vec<Arc<Toolchain>>) {
    for toolchain in missing {
        let (engines, cache) = (runner.clone(), cache.clone());
        let prepare = move || super::prepare(&cache, &engines.engines().wasm, &toolchain);
        if let Ok(true) = tokio::task::spawn_blocking(prepare).await
            && let Err(fault) = runner.engines().wasm.start_cells().await
        {
            tracing::error!("{fault}");
        }
    }
}

/// SIGHUP: who may come in is read again. A mistake changes nothing.
fn reload(settings: SettingsArguments, server: Arc<Server>) -> std::io::Result<impl Future<Output = ()>> {
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        while hangup.recv().await.is_some() {
            let reloaded = match settings.load_to_serve() {
                Ok((config, _)) => server.reload(&config.access).map_err(|fault| format!("{fault:#}")),
                Err(mistakes) => Err(mistakes.0.join("\n")),
            };
            match reloaded {
                Ok(()) => tracing::info!("read again who may come in"),
                Err(fault) => tracing::error!("nothing is changed: {fault}"),
            }
        }
    })
}

/// The first signal asks for an end, the second enforces it.
pub(super) fn signals(shutdown: CancellationToken) -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        for stage in 0.. {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if stage > 0 {
                std::process::exit(130);
            }
            shutdown.cancel();
        }
    })
}
