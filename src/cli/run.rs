//! `runnel run`: one program in a cell of its own, through the same runner as the server's, with the shell's stdin,
//! stdout and exit code.

mod watch;

use super::toolchains::Steps;
use super::{FAILED, SettingsArguments, Size, USAGE, unit};
use crate::config::Config;
use crate::engine::wasm::guests::{Cache, Progress};
use crate::event::{Event, Outcome, Pipe, Text};
use crate::job::{Job, Owner, Stream};
use crate::judge::Status;
use crate::protocol::parse::{self, Request, Rules};
use crate::protocol::render;
use crate::runner::{Input, Run, Runner};
use crate::toolchain::{Kind, Toolchain, Toolchains};
use crate::workspace::{Fault, Workspaces};
use anyhow::Context;
use clap::Args;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use tokio::task::block_in_place;
use tokio_util::sync::CancellationToken;

/// Exit codes for ends that are not the program's own.
const TIMEOUT: u8 = 124;
const MEMORY: u8 = 137;
const OUTPUT: u8 = 153;
const CANCELLED: u8 = 130;
const COMPILE: u8 = 65;
/// The most that is read of the shell's stdin at once.
const PIECE: usize = 256 << 10;

#[derive(Clone, Debug, Args)]
#[command(
    after_help = "exit codes: the program's own, 128 and the number where a signal ended it, 1 where it was trapped, 2 a mistake in the arguments, 65 it does not compile, 70 our fault, 124 a time limit, 130 cancelled, 137 the memory limit, 153 the output limit\n\nexamples:\n  runnel run hello.py\n  runnel run - --language js < x.js\n  runnel run main.py --file data.csv --time 2s -- arg1"
)]
pub(super) struct RunArguments {
    /// The program, or `-` to read it from stdin
    program: PathBuf,
    /// Its language; otherwise the ending of its name says it
    #[arg(long, short)]
    language: Option<String>,
    /// A file or folder that the program finds in its working directory; PATH=NAME gives it another name there
    #[arg(long = "file", value_name = "PATH")]
    files: Vec<String>,
    /// An environment variable of the program
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = super::key_value)]
    env: Vec<(String, String)>,
    /// CPU time: 500ms, 2s, or plain milliseconds
    #[arg(long, value_parser = unit::milliseconds)]
    time: Option<u64>,
    /// Time from start to end, waiting included
    #[arg(long, value_parser = unit::milliseconds)]
    wall: Option<u64>,
    /// Memory: 64mb, 1gb, or plain mebibytes
    #[arg(long, value_parser = unit::megabytes)]
    memory: Option<u64>,
    /// Output: 100kb, 2mb, or plain kibibytes
    #[arg(long, value_parser = unit::kilobytes)]
    output: Option<u64>,
    /// Files that it may write: 64mb, or plain mebibytes
    #[arg(long = "files", value_parser = unit::megabytes)]
    files_size: Option<u64>,
    /// Instructions, for a reproducible run
    #[arg(long)]
    fuel: Option<u64>,
    /// A reproducible run: seeded randomness, a virtual clock, fuel as the time limit
    #[arg(long, value_name = "SEED", num_args = 0..=1, default_missing_value = "0")]
    deterministic: Option<u64>,
    /// The virtual clock's start, such as 2026-01-01T00:00:00Z
    #[arg(long, requires = "deterministic", value_name = "TIME")]
    now: Option<String>,
    /// Give the program a terminal (languages that run in containers)
    #[arg(long)]
    terminal: bool,
    /// An image in place of the language's own (containers); on the operator's list
    #[arg(long)]
    image: Option<String>,
    /// In place of the language's own compile and run steps (containers); once for each word
    #[arg(long, value_name = "WORD", allow_hyphen_values = true)]
    command: Vec<String>,
    /// Rules for the result's `outcome`, in a JSON file
    #[arg(long, requires = "json", value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Run in a workspace, made where there is none: its files stay for the next run there (see `runnel workspace`)
    #[arg(long, value_name = "NAME")]
    workspace: Option<String>,
    /// Run again whenever the program or one of its files changes; the program sees no input
    #[arg(long)]
    watch: bool,
    /// Print the result frame instead of the output
    #[arg(long)]
    json: bool,
    /// Arguments of the program, after `--`
    #[arg(last = true)]
    args: Vec<String>,
}

pub(super) fn run(settings: &SettingsArguments, arguments: RunArguments) -> anyhow::Result<ExitCode> {
    let (config, toolchains) = match settings.load_or_tell() {
        Ok(loaded) => loaded,
        Err(code) => return Ok(code),
    };
    if arguments.watch && arguments.program == Path::new("-") {
        eprintln!("error: there is nothing to watch: the program comes from stdin");
        return Ok(ExitCode::from(USAGE));
    }
    let workspaces = match workspaces(&config, arguments.workspace.as_deref()) {
        Ok(workspaces) => workspaces,
        Err(fault) => {
            eprintln!("error: {fault}");
            return Ok(ExitCode::from(USAGE));
        }
    };
    let runner = super::runner(&config, &toolchains, workspaces, Size::SMALL);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let outcome = if arguments.watch {
        runtime.block_on(watch::watch(&config, &toolchains, &runner, &arguments))
    } else {
        let json = arguments.json;
        let job = match job(&config, &toolchains, arguments) {
            Ok(job) => job,
            Err(fault) => {
                eprintln!("error: {fault:#}");
                return Ok(ExitCode::from(USAGE));
            }
        };
        runtime.block_on(async {
            make_ready(&config, &runner, &job.toolchain).await?;
            execute(&runner, job, json).await
        })
    };
    // Not waited for: a read of the terminal that nobody will answer.
    runtime.shutdown_background();
    let code = outcome?;
    Ok(ExitCode::from(code))
}

/// The shell's own, with that of this name where one is named.
fn workspaces(config: &Config, name: Option<&str>) -> Result<Arc<Workspaces>, Fault> {
    let Some(name) = name else { return Ok(Workspaces::absent(config.workspaces())) };
    let workspaces = Workspaces::new(config.shell_workspaces(), true);
    match workspaces.open(&Owner::Shell, Some(name.to_owned()), &[], None) {
        Ok(_) | Err(Fault::Exists(_)) => Ok(workspaces),
        Err(fault) => Err(fault),
    }
}

/// The frame that a client would send, built and then parsed like one: one set of rules for both doors.
fn job(config: &Config, toolchains: &Toolchains, arguments: RunArguments) -> anyhow::Result<Job> {
    let RunArguments { program, language, files, env, time, wall, memory, output, files_size, fuel, .. } = arguments;
    let RunArguments { deterministic, now, terminal, image, command, rules, json, args, workspace, watch, .. } = arguments;
    let command = (!command.is_empty()).then_some(command);
    let from_stdin = program == Path::new("-");
    let toolchain = match &language {
        Some(language) => {
            toolchains.find(language).with_context(|| format!("unknown language `{language}`\nhint: there are {}", toolchains.names()))?
        }
        None if from_stdin => anyhow::bail!("which language is it?\nhint: `--language python`"),
        None => toolchains.of_file(&program).with_context(|| {
            format!("`{}` does not say its language\nhint: `--language` with one of {}", program.display(), toolchains.names())
        })?,
    };
    let (main, code) = if from_stdin {
        let mut code = Vec::new();
        std::io::stdin().lock().read_to_end(&mut code).context("can't read the program from stdin")?;
        (toolchain.main.as_str().to_owned(), code)
    } else {
        let name = program.file_name().and_then(|name| name.to_str()).context("the program's name is not UTF-8")?;
        (name.to_owned(), std::fs::read(&program).with_context(|| format!("can't read `{}`", program.display()))?)
    };
    let mut all = serde_json::Map::new();
    all.insert(main.clone(), data(&code));
    for file in &files {
        let (path, name) = file.split_once('=').map_or((file.as_str(), None), |(path, name)| (path, Some(name)));
        let path = Path::new(path);
        let own_name = || path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let name = name.map(str::to_owned).or_else(own_name).with_context(|| format!("what should `{file}` be called?"))?;
        add_files(&mut all, path, &name)?;
    }
    let is_deterministic = deterministic.is_some();
    let stdin_at_once = is_deterministic && !watch && !from_stdin && !std::io::stdin().is_terminal();
    let mut stdin = Vec::new();
    if stdin_at_once {
        std::io::stdin().lock().read_to_end(&mut stdin).context("can't read stdin")?;
    }
    let rules = rules.map(|path| {
        let text = std::fs::read_to_string(&path).with_context(|| format!("can't read `{}`", path.display()))?;
        serde_json::from_str::<serde_json::Value>(&text).with_context(|| format!("`{}` is not JSON", path.display()))
    });
    let rules = rules.transpose()?;
    let env: serde_json::Map<_, _> = env.into_iter().map(|(name, value)| (name, value.into())).collect();
    let frame = serde_json::json!({
        "type": "run", "id": "run", "language": toolchain.name, "files": all, "main": main, "args": args, "env": env,
        "stdin": data(&stdin), "interactive": !is_deterministic && !from_stdin && !watch, "stream": !json, "workspace": workspace,
        "terminal": terminal.then_some(true), "image": image, "command": command, "rules": rules,
        "limits": {"time_ms": time, "wall_ms": wall, "memory_mb": memory, "output_kb": output, "files_mb": files_size, "fuel": fuel},
        "deterministic": deterministic.map(|seed| serde_json::json!({"seed": seed, "now": now})),
    });
    let rules = Rules::new(config, toolchains.clone());
    match parse::request(&frame.to_string(), &rules) {
        Ok(Request::Run(job)) => Ok(*job),
        Ok(_) => anyhow::bail!("not a run"),
        Err(refused) => anyhow::bail!("{}", refused.refusal.message),
    }
}

fn data(bytes: &[u8]) -> serde_json::Value {
    match str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => serde_json::json!({"base64": crate::protocol::to_base64(bytes)}),
    }
}

fn add_files(all: &mut serde_json::Map<String, serde_json::Value>, path: &Path, name: &str) -> anyhow::Result<()> {
    let in_words = || format!("can't read `{}`", path.display());
    if path.is_dir() {
        for entry in std::fs::read_dir(path).with_context(in_words)? {
            let entry = entry.with_context(in_words)?;
            let below = entry.file_name();
            let below = below.to_str().with_context(|| format!("a name in `{}` is not UTF-8", path.display()))?;
            add_files(all, &entry.path(), &format!("{name}/{below}"))?;
        }
        return Ok(());
    }
    let bytes = std::fs::read(path).with_context(in_words)?;
    if all.insert(name.to_owned(), data(&bytes)).is_some() {
        anyhow::bail!("two files are called `{name}`\nhint: `--file PATH=NAME` gives another name");
    }
    Ok(())
}

/// Prepares a guest where that was not done before, with progress, or looks for Docker; an image is made when its
/// first run waits for it.
pub(super) async fn make_ready(config: &Config, runner: &Runner, toolchain: &Toolchain) -> anyhow::Result<()> {
    if let Kind::Docker(_) = toolchain.kind {
        runner.engines().docker.start();
        runner.engines().docker.looked().await;
        return Ok(());
    }
    let cache = Cache::new(config.cache(), config.prepared());
    let native = match cache.find(toolchain) {
        Some(native) => native,
        None => {
            let steps = Steps::new(&toolchain.name);
            let native = block_in_place(|| cache.prepare(toolchain, |progress| steps.tell(&progress)));
            steps.finish();
            native?
        }
    };
    runner.engines().wasm.set_guest(&toolchain.name, Ok(native));
    runner.engines().wasm.start_cells().await?;
    Ok(())
}

async fn execute(runner: &Arc<Runner>, job: Job, json: bool) -> anyhow::Result<u8> {
    let cancel = CancellationToken::new();
    let run = runner.start(job, cancel.clone())?;
    let on_interrupt = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            cancel.cancel();
        }
    });
    let outcome = attend(run, json).await;
    on_interrupt.abort();
    outcome
}

/// Shows what happens and returns the exit code.
async fn attend(mut run: Run, json: bool) -> anyhow::Result<u8> {
    let (wanted, feeder) = feed(run.input());
    let mut code = FAILED;
    let mut steps = None;
    while let Some(event) = run.next().await {
        match event {
            Event::Queued { .. } => {}
            Event::Preparing { what, share } => {
                let steps = steps.get_or_insert_with(|| Steps::new(&run.job().toolchain.name));
                steps.tell(&Progress { what: &what, share });
            }
            Event::Started { .. } => drop(steps.take().map(|steps| steps.finish())),
            Event::Compiled(compiled) => {
                if !json {
                    show(Pipe::Stderr, &compiled.output)?;
                }
            }
            // The shell's own jobs have no tests, and are not told in lines.
            Event::Test(_) | Event::Line { .. } => {}
            Event::Output { pipe, data, .. } => show(pipe, &data)?,
            // The shell's stdin is read only when the program asks: what it does not read stays for whoever is next.
            Event::Waiting => drop(wanted.try_send(())),
            Event::Ended(outcome) => {
                if json {
                    println!("{}", render::result(&run.job().id, run.job().meta.as_deref(), &outcome));
                } else {
                    explain(&outcome);
                }
                code = exit_code(&outcome);
            }
        }
    }
    feeder.abort();
    Ok(code)
}

/// Reads stdin piece by piece, one for each time that the program waits.
fn feed(input: Input) -> (mpsc::Sender<()>, tokio::task::JoinHandle<()>) {
    let (wanted, mut wants) = mpsc::channel(1);
    let feeder = tokio::spawn(async move {
        let mut stdin = tokio::io::stdin();
        let mut buffer = vec![0; PIECE];
        while wants.recv().await.is_some() {
            let read = stdin.read(&mut buffer).await.unwrap_or(0);
            if let Err(fault) = input.send(&buffer[..read], read == 0) {
                eprintln!("error: {fault}");
                let _ = input.send(&[], true);
                return;
            }
            if read == 0 {
                return;
            }
        }
    });
    (wanted, feeder)
}

fn show(pipe: Pipe, data: &Text) -> anyhow::Result<()> {
    let bytes = match data {
        Text::Utf8(text) => text.as_bytes(),
        Text::Binary(bytes) => bytes,
    };
    let written = match pipe {
        Pipe::Stdout => {
            let mut stdout = std::io::stdout().lock();
            stdout.write_all(bytes).and_then(|()| stdout.flush())
        }
        Pipe::Stderr => std::io::stderr().lock().write_all(bytes),
    };
    match written {
        // Like any program in a pipeline whose reader has left.
        Err(fault) if fault.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(141),
        written => written.context("can't write the output"),
    }
}

/// Says what the program itself did not.
fn explain(outcome: &Outcome) {
    let says_itself = matches!(outcome.verdict.status, Status::Success)
        || (outcome.verdict.status == Status::Error && outcome.verdict.exit_code.is_some());
    if !says_itself {
        let why = outcome.verdict.message.as_deref().map_or(String::new(), |why| format!(": {why}"));
        eprintln!("runnel: {}{why}", outcome.verdict.status.word());
    }
}

fn exit_code(outcome: &Outcome) -> u8 {
    match outcome.verdict.status {
        Status::Success => 0,
        Status::Error => {
            let of_signal = || outcome.verdict.signal.as_deref().and_then(signal_number).map(|number| 128 + number);
            outcome.verdict.exit_code.and_then(|code| u8::try_from(code).ok()).or_else(of_signal).unwrap_or(1)
        }
        Status::CompileError => COMPILE,
        Status::Timeout => TIMEOUT,
        Status::MemoryLimit => MEMORY,
        Status::OutputLimit => OUTPUT,
        Status::Cancelled => CANCELLED,
        Status::Internal => FAILED,
    }
}

/// As shells tell it: an end by signal 11 is exit code 139.
fn signal_number(name: &str) -> Option<u8> {
    const NAMES: [&str; 31] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT",
        "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];
    let place = NAMES.iter().position(|other| name.strip_prefix("SIG") == Some(other))?;
    u8::try_from(place + 1).ok()
}

/// Runs each toolchain's example.
pub(super) fn check_examples(config: &Config, toolchains: &Toolchains, which: &[Arc<Toolchain>]) -> anyhow::Result<ExitCode> {
    let runner = super::runner(config, toolchains, Workspaces::absent(config.workspaces()), Size::SMALL);
    let rules = Rules::new(config, toolchains.clone());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let failed = runtime.block_on(async {
        let mut failed = 0;
        for toolchain in which {
            make_ready(config, &runner, toolchain).await?;
            let frame =
                serde_json::json!({"type": "run", "id": "example", "language": toolchain.name, "code": toolchain.example, "stream": false});
            let Ok(Request::Run(job)) = parse::request(&frame.to_string(), &rules) else {
                anyhow::bail!("the example of `{}` is no job", toolchain.name)
            };
            let mut job = *job;
            job.stream = Stream::Quiet;
            let mut run = match runner.start(job, CancellationToken::new()) {
                Ok(run) => run,
                Err(refused) => {
                    println!("{:12} {refused}", toolchain.name);
                    failed += 1;
                    continue;
                }
            };
            while let Some(event) = run.next().await {
                if let Event::Ended(outcome) = event {
                    let status = outcome.verdict.status.word();
                    let time = outcome.facts.as_ref().map_or(0.0, |facts| facts.wall.as_secs_f64() * 1e3);
                    println!("{:12} {status:10} {time:7.1} ms  {}", toolchain.name, outcome.verdict.message.as_deref().unwrap_or(""));
                    failed += usize::from(outcome.verdict.status != Status::Success);
                }
            }
        }
        runner.engines().shut_down().await;
        Ok::<_, anyhow::Error>(failed)
    })?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
