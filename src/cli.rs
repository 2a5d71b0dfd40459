//! The shell door: arguments as typed, one file for each command. stdout is data, stderr is for people.

mod address;
mod batch;
mod check;
mod judge;
mod run;
mod serve;
mod token;
mod toolchains;
mod top;
mod unit;
#[cfg(any(feature = "amqp", feature = "kafka"))]
mod worker;
mod workspace;

use crate::admission::{Admission, Bounds};
use crate::config::{Config, Mistakes, Sources};
use crate::engine::docker::{Docker, Settings as DockerSettings};
use crate::engine::wasm::guests::Cache;
use crate::engine::wasm::{Settings as WasmSettings, Wasm};
use crate::engine::{Changes, Engines, wasm};
use crate::gateway::Gateway;
use crate::metrics::Metrics;
use crate::runner::{Admissions, Runner, Settings};
use crate::telemetry::Telemetry;
use crate::toolchain::{Kind, Toolchains};
use crate::workspace::Workspaces;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// A mistake in the arguments, the configuration or a file given; `clap` uses it too.
pub const USAGE: u8 = 2;
/// Something went wrong on our side.
pub const FAILED: u8 = 70;

/// Runs other people's code in sandboxes, safely and instantly, and streams what happens.
#[derive(Debug, Parser)]
#[command(name = "runnel", version, after_help = "hint: `runnel COMMAND --help` says more, exit codes too")]
pub struct Arguments {
    #[command(flatten)]
    settings: SettingsArguments,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct SettingsArguments {
    /// Configuration file (see `runnel config`)
    #[arg(long, global = true, env = "RUNNEL_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, over file and environment: `--set desk.queue=10`
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run one program here, with live output, and exit with its exit code
    Run(Box<run::RunArguments>),
    /// Judge a submission against a problem package, or verify the package's own submissions
    Judge(judge::JudgeArguments),
    /// Run many jobs out of a file, on servers or here, and write their results
    Batch(Box<batch::BatchArguments>),
    /// Serve the WebSocket protocol
    Serve(serve::ServeArguments),
    /// Send many jobs out of a file to a broker
    #[cfg(any(feature = "amqp", feature = "kafka"))]
    Submit(batch::submit::SubmitArguments),
    /// Take jobs from a broker and publish their results
    #[cfg(any(feature = "amqp", feature = "kafka"))]
    Worker(worker::WorkerArguments),
    /// Make a token for clients of a server
    Token(token::TokenArguments),
    /// How much a server has to do, told again each second
    Top(top::TopArguments),
    /// What workspaces there are here, and what they hold
    #[command(subcommand)]
    Workspace(workspace::WorkspaceCommand),
    /// List, build or check the toolchains
    #[command(subcommand)]
    Toolchains(toolchains::ToolchainsCommand),
    /// Say every mistake of the configuration, and prove the second wall, without starting
    Check(check::CheckArguments),
    /// Print the configuration with its defaults, commented
    Config,
    /// Print the JSON Schema of the protocol's frames
    Schema,
    /// A worker process; started by the server
    #[command(hide = true)]
    Cell(crate::cell::Arguments),
}

fn key_value(text: &str) -> Result<(String, String), String> {
    text.split_once('=').map(|(key, value)| (key.trim().to_owned(), value.to_owned())).ok_or_else(|| "give it as KEY=VALUE".to_owned())
}

pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { settings, command } = arguments;
    crate::log::start(settings.log_format());
    match command {
        Command::Run(arguments) => run::run(&settings, *arguments),
        Command::Judge(arguments) => judge::judge(settings, &arguments),
        Command::Batch(arguments) => batch::batch(settings, *arguments),
        Command::Serve(arguments) => serve::serve(settings, &arguments),
        #[cfg(any(feature = "amqp", feature = "kafka"))]
        Command::Submit(arguments) => batch::submit::submit(settings, &arguments),
        #[cfg(any(feature = "amqp", feature = "kafka"))]
        Command::Worker(arguments) => worker::worker(settings, &arguments),
        Command::Token(arguments) => token::token(&arguments),
        Command::Top(arguments) => top::top(&arguments),
        Command::Workspace(command) => workspace::workspace(&settings, &command),
        Command::Toolchains(command) => toolchains::toolchains(&settings, &command),
        Command::Check(arguments) => check::check(&settings, &arguments),
        Command::Config => {
            print!("{}", crate::config::DEFAULT);
            Ok(ExitCode::SUCCESS)
        }
        Command::Schema => {
            println!("{}", crate::protocol::schema());
            Ok(ExitCode::SUCCESS)
        }
        Command::Cell(arguments) => crate::cell::main(&arguments).map(|()| ExitCode::SUCCESS),
    }
}

/// The configuration with this broker, or that of the configuration; or it was told why not.
#[cfg(any(feature = "amqp", feature = "kafka"))]
fn broker_of(mut settings: SettingsArguments, url: Option<&String>) -> Result<Config, ExitCode> {
    settings.put("queue.url", url.filter(|url| !url.is_empty()));
    let (config, _) = settings.load_or_tell()?;
    if config.queue.url.is_empty() { Err(no_broker()) } else { Ok(config) }
}

#[cfg(any(feature = "amqp", feature = "kafka"))]
fn no_broker() -> ExitCode {
    eprintln!("error: no broker is given\nhint: `--queue amqp://user:password@host`, `--queue kafka://host:9092`, or RUNNEL_QUEUE_URL");
    ExitCode::from(USAGE)
}

impl SettingsArguments {
    /// What an argument of its own says, over all else.
    fn put(&mut self, key: &str, value: Option<&String>) {
        self.set.extend(value.map(|value| (key.to_owned(), value.clone())));
    }

    fn require_hardening(&mut self, required: bool) {
        if required {
            self.set.push(("cells.require_hardening".to_owned(), "true".to_owned()));
        }
    }

    fn sources(&self) -> Sources {
        let environment = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Sources { file: self.config.clone(), environment: environment.collect(), flags: self.set.clone() }
    }

    /// A mistake in the configuration is told by whoever loads it to use it.
    fn log_format(&self) -> crate::log::Format {
        Config::load(&self.sources()).map_or_else(|_| crate::log::Format::default(), |config| config.log.format)
    }

    /// Configuration and toolchains, or everything that is wrong with them.
    fn load(&self) -> Result<(Config, Toolchains), Mistakes> {
        let config = Config::load(&self.sources())?;
        let (toolchains, mistakes) = Toolchains::load(&config.toolchains, &config.limits.usual);
        if mistakes.is_empty() { Ok((config, toolchains)) } else { Err(Mistakes(mistakes.iter().map(ToString::to_string).collect())) }
    }

    /// The same for a server.
    fn load_to_serve(&self) -> Result<(Config, Toolchains), Mistakes> {
        let (config, toolchains) = self.load()?;
        config.check_to_serve()?;
        Ok((config, toolchains))
    }

    /// The same for commands that can't go on with a mistake.
    fn load_or_tell(&self) -> Result<(Config, Toolchains), ExitCode> {
        self.load().map_err(|mistakes| told(&mistakes))
    }
}

fn told(mistakes: &Mistakes) -> ExitCode {
    eprintln!("error: {mistakes}");
    ExitCode::from(USAGE)
}

/// For what goes on around many programs, which compute on cores of their own. With a thread for each core, one wakes another for the least message,
/// and both take of what the programs have; what keeps one busy, a large frame, makes room for another by itself.
fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(crate::config::cores().div_ceil(2)).enable_all().build()
}

/// How much is kept ready: all of it for a server, as little as possible for one program.
#[derive(Clone, Copy)]
struct Size {
    cells: usize,
    pool: usize,
    warm: bool,
}

impl Size {
    #[cfg(any(feature = "amqp", feature = "kafka"))]
    const NOTHING: Self = Self { cells: 0, pool: 0, warm: false };
    const SMALL: Self = Self { cells: 1, pool: 0, warm: false };
}

/// Everything between a door and the engines, as the configuration says.
fn runner(config: &Config, toolchains: &Toolchains, workspaces: Arc<Workspaces>, size: Size) -> Arc<Runner> {
    traced_runner(config, toolchains, workspaces, Telemetry::off(), size)
}

/// The same for a server, whose operator may collect traces.
fn traced_runner(config: &Config, toolchains: &Toolchains, workspaces: Arc<Workspaces>, telemetry: Telemetry, size: Size) -> Arc<Runner> {
    let changes = Changes::new();
    whole_runner(config, toolchains, workspaces, telemetry, size, (changes, None))
}

/// The same for a gateway, which runs nothing itself.
#[cfg(any(feature = "amqp", feature = "kafka"))]
fn gateway_runner(
    config: &Config,
    toolchains: &Toolchains,
    workspaces: Arc<Workspaces>,
    telemetry: Telemetry,
    (changes, gateway): (Changes, Arc<Gateway>),
) -> Arc<Runner> {
    whole_runner(config, toolchains, workspaces, telemetry, Size::NOTHING, (changes, Some(gateway)))
}

fn whole_runner(
    config: &Config,
    toolchains: &Toolchains,
    workspaces: Arc<Workspaces>,
    telemetry: Telemetry,
    Size { cells, pool, warm }: Size,
    (changes, gateway): (Changes, Option<Arc<Gateway>>),
) -> Arc<Runner> {
    let settings = WasmSettings {
        cells,
        slots: config.cells.slots,
        budget_mb: config.budget_mb(),
        require_wall: config.cells.require_hardening,
        warm,
    };
    let guests = toolchains.iter().filter(|toolchain| matches!(toolchain.kind, Kind::Wasm { .. }));
    let metrics = metrics(toolchains);
    let wasm = Wasm::new(settings, guests.map(|toolchain| toolchain.name.clone()), changes.clone(), metrics.clone());
    let docker = docker(config, pool);
    let docker = DockerSettings { enabled: docker.enabled && gateway.is_none(), ..docker };
    let docker = Docker::new(docker, toolchains.clone(), changes.clone(), metrics.clone());
    let queue = config.desk.queue;
    let bounds = |busy, live| Bounds { busy, express: busy, live, queue };
    let (of_cells, of_containers) = match &gateway {
        None => (bounds(config.desk.busy_per_cell * cells, config.live()), bounds(config.docker.busy(), config.docker.containers)),
        Some(_) => (bounds(config.backend.busy, config.backend.live), bounds(config.backend.busy, config.backend.live)),
    };
    let admissions = Admissions { cells: Admission::new(of_cells), containers: Admission::new(of_containers) };
    let job = &config.limits.job;
    let settings = Settings {
        capture_bytes: job.capture_kb << 10,
        stdin_bytes: job.stdin_kb << 10,
        file_count: job.file_count,
        held_bytes: config.desk.held_mb << 20,
        lanes: 2 * cells,
        patience: Duration::from_millis(config.backend.patience_ms),
    };
    Runner::new(Engines { wasm, docker, gateway, changes, metrics }, admissions, workspaces, telemetry, settings)
}

fn metrics(toolchains: &Toolchains) -> Arc<Metrics> {
    Metrics::new(toolchains.iter().map(|toolchain| (toolchain.name.as_str(), toolchain.kind.engine())))
}

fn docker(config: &Config, pool: usize) -> DockerSettings {
    let docker = &config.docker;
    DockerSettings {
        enabled: docker.enabled,
        host: docker.host.clone(),
        runtime: docker.runtime.clone(),
        pool,
        cpus: docker.cpus(),
        file_count: config.limits.job.file_count,
        input_bytes: config.limits.job.stdin_kb << 10,
        compiled_bytes: docker.compiled_mb << 20,
        registries: docker.registries.clone(),
    }
}

/// Prepares what is missing and tells the engine how it went.
fn prepare(cache: &Cache, wasm: &Wasm, toolchain: &crate::toolchain::Toolchain) -> bool {
    let progress = |step: wasm::guests::Progress<'_>| wasm.set_progress(&toolchain.name, step.what, step.share);
    let native = cache.prepare(toolchain, progress).map_err(|fault| format!("{fault:#}"));
    if let Err(fault) = &native {
        tracing::error!(toolchain = toolchain.name, "can't be prepared: {fault}");
    }
    let is_ready = native.is_ok();
    wasm.set_guest(&toolchain.name, native);
    is_ready
}
