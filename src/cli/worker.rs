//! `runnel worker`: takes jobs from a broker instead of listening for clients, and stops in order. Beside it a small listener for operators.

use super::{SettingsArguments, Size, USAGE, serve};
use crate::config::Config;
use crate::queue::{self, Worker};
use crate::runner::Runner;
use crate::server::{self, Server};
use crate::standing::{Fault, Standing};
use crate::telemetry::Telemetry;
use crate::toolchain::Toolchains;
use crate::workspace::Workspaces;
use clap::Args;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

#[derive(Debug, Args)]
#[command(
    after_help = "With `--listen` the first line on stdout is `listening on http://ADDRESS`: /healthz, /readyz, /metrics, /v1/languages.\nSIGTERM and SIGINT take no more jobs, let those under way end within the grace time and give the rest back; a second one ends at once.\nexit codes: 0 stopped in order, 2 a mistake in the configuration, or the broker refuses us, 70 could not start\n\nexamples:\n  RUNNEL_QUEUE_URL=amqp://user:password@broker runnel worker\n  runnel worker --queue amqp://localhost --listen 127.0.0.1:9090\n  runnel worker --queue kafka://localhost:9092 --set queue.dialect=topics --set queue.jobs=runner-input --set queue.results=runner-output"
)]
pub(super) struct WorkerArguments {
    /// The broker; better as RUNNEL_QUEUE_URL where it holds a password
    #[arg(long, value_name = "amqp://HOST:PORT/VHOST|kafka://HOST:PORT")]
    queue: Option<String>,
    /// Where operators ask for health and metrics; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Refuse to start where the kernel can't give the whole second wall
    #[arg(long)]
    require_hardening: bool,
}

pub(super) fn worker(mut settings: SettingsArguments, arguments: &WorkerArguments) -> anyhow::Result<ExitCode> {
    settings.put("queue.url", arguments.queue.as_ref());
    settings.put("queue.listen", arguments.listen.as_ref());
    settings.require_hardening(arguments.require_hardening);
    let (config, toolchains) = match settings.load_or_tell() {
        Ok(loaded) => loaded,
        Err(code) => return Ok(code),
    };
    if config.queue.url.is_empty() {
        return Ok(super::no_broker());
    }
    serve::raise_descriptors();
    let runtime = super::runtime()?;
    let worked = runtime.block_on(async {
        let listener = match config.queue.listen.as_str() {
            "" => None,
            address => match serve::bind(address, "`--listen 127.0.0.1:0` takes any free port").await {
                Some(listener) => Some(listener),
                None => return Ok(ExitCode::from(USAGE)),
            },
        };
        let telemetry = match Telemetry::start(&config.telemetry, Handle::current()) {
            Ok(telemetry) => telemetry,
            Err(fault) => return Ok(refused(&format!("`telemetry.endpoint`: {fault:#}"))),
        };
        let runner = super::traced_runner(
            &config,
            &toolchains,
            Workspaces::absent(config.workspaces()),
            telemetry,
            Size { cells: config.cells(), pool: config.docker.pool, warm: true },
        );
        let standing = Arc::new(Standing::default());
        let server = Server::new(&config, toolchains.clone(), runner.clone())?;
        let worker = match Worker::new(&config, toolchains.clone(), runner.clone(), standing.clone()) {
            Ok(worker) => worker,
            Err(fault) => return Ok(refused(&fault.to_string())),
        };
        let shutdown = CancellationToken::new();
        let signals = tokio::spawn(serve::signals(shutdown.clone())?);
        let preparing = tokio::select! {
            started = serve::start_engines(&config, &toolchains, &runner) => started?,
            () = shutdown.cancelled() => return Ok(ExitCode::SUCCESS),
        };
        if let Some(listener) = &listener {
            println!("listening on http://{}", listener.local_addr()?);
            std::io::stdout().flush()?;
        }
        let preparing = tokio::spawn(preparing);
        let mut hosted = match host(&config, &toolchains, &runner, &shutdown) {
            Ok(hosted) => hosted,
            Err(fault) => return Ok(refused(&fault.to_string())),
        };
        let working = async {
            let worked = tokio::select! {
                worked = queue::run(worker, shutdown) => worked,
                // Half a worker is worse than none: whoever watches over us starts it anew.
                Err(panicked) = &mut hosted => std::panic::resume_unwind(panicked.into_panic()),
            };
            // Refused, or stopped: then this ends as well, within the grace time.
            if worked.is_ok() && !hosted.is_finished() {
                let _ = hosted.await;
            }
            worked
        };
        let worked = tokio::select! {
            worked = working => worked,
            told = server::operate(listener, server, standing) => return Err(told.map_or_else(Into::into, |never| match never {})),
        };
        signals.abort();
        preparing.abort();
        runner.engines().shut_down().await;
        runner.telemetry().stop().await;
        Ok(worked.map_or_else(|fault| refused(&fault.to_string()), |()| ExitCode::SUCCESS))
    });
    runtime.shutdown_background();
    worked
}

/// Runs gateways' jobs.
fn host(config: &Config, toolchains: &Toolchains, runner: &Arc<Runner>, shutdown: &CancellationToken) -> Result<JoinHandle<()>, Fault> {
    use crate::queue::gateways::{self, Host};
    if !config.queue.gateways {
        return Ok(tokio::spawn(async {}));
    }
    let host = Host::new(config, toolchains.clone(), runner.clone())?;
    Ok(tokio::spawn(gateways::run(host, shutdown.clone())))
}

fn refused(why: &str) -> ExitCode {
    eprintln!("error: {why}");
    ExitCode::from(USAGE)
}
