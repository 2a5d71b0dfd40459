//! `runnel batch`: many jobs out of a file, to servers or to engines of its own, and a line for each as it ends. As
//! many workers as jobs may be under way: each takes a line, has it run until there is an answer, and writes that once.

#[cfg(any(feature = "amqp", feature = "kafka"))]
mod broker;
mod lines;
mod link;
mod local;
mod results;
#[cfg(any(feature = "amqp", feature = "kafka"))]
pub(super) mod submit;
mod tally;

use super::{FAILED, SettingsArguments, USAGE, unit};
use clap::Args;
use lines::{Item, Job, Lines, ReadFault};
use link::{Address, Pool};
use local::Local;
use results::{Earlier, Last};
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tally::Tally;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::http::HeaderValue;

/// What can be given in place of servers.
#[cfg(any(feature = "amqp", feature = "kafka"))]
const WAYS: [&str; 2] = ["local", "queue"];
#[cfg(not(any(feature = "amqp", feature = "kafka")))]
const WAYS: [&str; 1] = ["local"];
/// Below `--fail-under`.
const BELOW: u8 = 1;
const INTERRUPTED: u8 = 130;
const MOST_PARALLEL: u64 = 4096;
/// Lines that are read and results that are not written yet, beyond those under way.
const AHEAD: usize = 16;
/// A job whose connection was lost so many times is likely to be why.
const MOST_LOSSES: usize = 20;
/// Where a busy server does not say when to come back.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
#[command(
    after_help = "A job is a JSON object on a line of its own: the fields of a `run` frame without `type`. Without `id` it has its line's number; without `stream`, false.\nA result is a line {\"line\", \"id\", \"result\": {…}}, or {\"line\", \"id\"?, \"error\": {…}} where the job was refused; in the order in which they end.\n\nexit codes: 0 all lines have a result, 1 fewer good ones than `--fail-under`, 2 a mistake in the arguments or another batch's results, 70 no server or the results can't be written, 130 interrupted\n\nexamples:\n  runnel batch jobs.jsonl --server ws://127.0.0.1:8080 -o results.jsonl\n  runnel batch jobs.jsonl --server ws://127.0.0.1:8080 -o results.jsonl --resume\n  runnel batch jobs.jsonl --queue amqp://localhost -o results.jsonl\n  generate | runnel batch - --local --fail-under 0.95 > results.jsonl"
)]
pub(super) struct BatchArguments {
    /// The jobs, or `-` for stdin
    jobs: PathBuf,
    /// A server's address; several take turns
    #[arg(long, value_name = "ws://HOST:PORT", required_unless_present_any = WAYS, conflicts_with = "local")]
    server: Vec<Address>,
    /// A broker that workers take jobs from; without an address it is RUNNEL_QUEUE_URL's
    #[cfg(any(feature = "amqp", feature = "kafka"))]
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["local", "server"])]
    queue: Option<String>,
    /// Run the jobs here, without a server
    #[arg(long)]
    local: bool,
    /// Jobs that are under way at once, over all servers
    #[arg(long, default_value_t = 16, value_name = "JOBS", value_parser = clap::value_parser!(u64).range(1..=MOST_PARALLEL))]
    parallel: u64,
    /// Where results go; stdout without it
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Go on with a results file: run what has no line there
    #[arg(long, requires = "output")]
    resume: bool,
    /// Exit with 1 when the share of good results (`success`, with tests `AC`) is lower
    #[arg(long, value_name = "SHARE", value_parser = share)]
    fail_under: Option<f64>,
    /// How long to go on while no server can be reached: 30s, 5m
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = unit::milliseconds)]
    patience: u64,
    /// Sent to servers as `Authorization: Bearer …`
    #[arg(long, env = "RUNNEL_TOKEN", hide_env_values = true, value_name = "TOKEN", value_parser = bearer)]
    token: Option<Token>,
}

#[derive(Clone)]
struct Token(HeaderValue);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

fn bearer(text: &str) -> Result<Token, String> {
    let mut value = HeaderValue::from_str(&format!("Bearer {text}")).map_err(|_| "it holds what no header can".to_owned())?;
    value.set_sensitive(true);
    Ok(Token(value))
}

fn share(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| "give a share from 0 to 1, such as 0.95".to_owned())
}

/// What one try of a job came to.
enum Answer {
    Last(Last),
    Busy(Option<Duration>),
    /// The server takes no more; another one may, or itself when it is back.
    Draining,
    /// Its connection was lost before it was answered.
    Lost,
}

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("no server can be reached\n  {}\nhint: `--resume` goes on from here", .0.join("\n  "))]
    NoServer(Vec<String>),
    #[cfg(any(feature = "amqp", feature = "kafka"))]
    #[error("the broker: {0}\nhint: `--resume` goes on from here")]
    NoBroker(String),
    #[error("the results can't be written")]
    Write,
}

/// Where jobs run.
enum Way {
    Servers(Arc<Pool>),
    #[cfg(any(feature = "amqp", feature = "kafka"))]
    Broker(Arc<broker::Broker>),
    Local(Box<Local>),
}

struct Batch {
    way: Way,
    items: Mutex<mpsc::Receiver<Item>>,
    results: mpsc::Sender<String>,
    tally: Arc<Tally>,
}

/// How it went, apart from what is counted.
enum End {
    Done,
    Interrupted,
}

pub(super) fn batch(settings: SettingsArguments, arguments: BatchArguments) -> anyhow::Result<ExitCode> {
    let fail_under = arguments.fail_under;
    let loaded = if arguments.local {
        match settings.load_or_tell() {
            Ok(loaded) => Some(loaded),
            Err(code) => return Ok(code),
        }
    } else {
        None
    };
    #[cfg(any(feature = "amqp", feature = "kafka"))]
    let over_broker = match &arguments.queue {
        Some(_) => match super::broker_of(settings, arguments.queue.as_ref()) {
            Ok(config) => Some(config),
            Err(code) => return Ok(code),
        },
        None => None,
    };
    let (jobs, output, earlier) = match open(&arguments) {
        Ok(opened) => opened,
        Err(fault) => {
            eprintln!("error: {fault:#}");
            return Ok(ExitCode::from(USAGE));
        }
    };
    // For servers one thread is enough, and shares no cores with one that is on this machine.
    let runtime = if arguments.local { super::runtime()? } else { tokio::runtime::Builder::new_current_thread().enable_all().build()? };
    let tally = Arc::new(Tally::new(jobs.size));
    let ended = runtime.block_on(async {
        let patience = Duration::from_millis(arguments.patience);
        let (way, tasks) = match &loaded {
            Some((config, toolchains)) => {
                let (local, tasks) = Local::start(config, toolchains, &tally).await?;
                (Way::Local(Box::new(local)), tasks)
            }
            #[cfg(any(feature = "amqp", feature = "kafka"))]
            None if over_broker.is_some() => {
                let Some(config) = over_broker else { return Ok(End::Done) };
                let broker = broker::Broker::new(config, patience, tally.clone());
                let tasks = broker.keep();
                (Way::Broker(broker), tasks)
            }
            None => {
                let pool = Pool::new(arguments.server, patience, arguments.token.map(|token| token.0), tally.clone());
                let tasks = pool.keep();
                (Way::Servers(pool), tasks)
            }
        };
        let parallel = usize::try_from(arguments.parallel)?;
        tokio::select! {
            ended = go(way, jobs, output, earlier, parallel, tally.clone()) => { drop(tasks); ended },
            () = tally.show() => Ok(End::Done),
        }
    });
    // Not waited for: a read of stdin that nobody ends.
    runtime.shutdown_background();
    let share = tally.finish();
    match ended {
        Ok(End::Done) if fail_under.is_some_and(|least| share < least) => Ok(ExitCode::from(BELOW)),
        Ok(End::Done) => Ok(ExitCode::SUCCESS),
        Ok(End::Interrupted) => {
            eprintln!("interrupted\nhint: `--resume` goes on from here");
            Ok(ExitCode::from(INTERRUPTED))
        }
        Err(fault) => {
            eprintln!("error: {fault:#}");
            let is_mistake = matches!(fault.downcast_ref(), Some(ReadFault::NotOurs(_)));
            Ok(ExitCode::from(if is_mistake { USAGE } else { FAILED }))
        }
    }
}

/// Where jobs come from.
struct Source {
    /// None for stdin.
    file: Option<File>,
    size: Option<u64>,
}

/// Both files, and what was done before. Nothing is changed before all mistakes are found.
fn open(arguments: &BatchArguments) -> anyhow::Result<(Source, Box<dyn Write + Send>, Earlier)> {
    let path = &arguments.jobs;
    let read = || File::open(path).map_err(|fault| anyhow::anyhow!("can't read `{}`: {fault}", path.display()));
    let file = if path == Path::new("-") { None } else { Some(read()?) };
    let size = match &file {
        Some(file) if file.metadata()?.is_dir() => anyhow::bail!("`{}` is a folder", path.display()),
        Some(file) => Some(file.metadata()?).filter(std::fs::Metadata::is_file).map(|metadata| metadata.len()),
        None => None,
    };
    let Some(output) = &arguments.output else {
        return Ok((Source { file, size }, Box::new(std::io::stdout()), Earlier::none()));
    };
    let (output, earlier) = results::open(output, arguments.resume)?;
    if arguments.resume && size.is_some() && earlier.len() > 0 {
        // Through all of it once before the first one runs: results of another batch must not be mixed with ours.
        let mut lines = Lines::new(BufReader::new(read()?), &earlier);
        while lines.next()?.is_some() {}
    }
    if arguments.resume {
        earlier.repair(&output)?;
    }
    Ok((Source { file, size }, Box::new(output), earlier))
}

async fn go(
    way: Way,
    jobs: Source,
    output: Box<dyn Write + Send>,
    earlier: Earlier,
    parallel: usize,
    tally: Arc<Tally>,
) -> anyhow::Result<End> {
    let (items, to_run) = mpsc::channel(AHEAD);
    let (results, to_write) = mpsc::channel(AHEAD);
    let reader = tokio::task::spawn_blocking(move || match jobs.file {
        Some(file) => read(Lines::new(BufReader::new(file), &earlier), &items),
        None => read(Lines::new(std::io::stdin().lock(), &earlier), &items),
    });
    let writer = tokio::task::spawn_blocking(move || write(output, to_write));
    let batch = Arc::new(Batch { way, items: Mutex::new(to_run), results, tally });
    let mut workers = JoinSet::new();
    for _ in 0..parallel {
        workers.spawn(batch.clone().work());
    }
    let ended = tokio::select! {
        ended = async {
            while let Some(ended) = workers.join_next().await {
                ended??;
            }
            // All lines were taken, or reading them failed.
            reader.await??;
            Ok(End::Done)
        } => ended,
        interrupted = interrupted() => interrupted.map(|()| End::Interrupted).map_err(anyhow::Error::from),
    };
    workers.shutdown().await;
    if let Way::Local(local) = &batch.way {
        local.shut_down().await;
    }
    drop(batch);
    // What was handed over is written, whatever ended the batch; and why writing failed is the better reason.
    writer.await?.map_err(|fault| anyhow::anyhow!("the results can't be written: {fault}"))?;
    ended
}

async fn interrupted() -> std::io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

fn read(mut lines: Lines<'_, impl std::io::BufRead>, items: &mpsc::Sender<Item>) -> Result<(), ReadFault> {
    while let Some(item) = lines.next()? {
        if items.blocking_send(item).is_err() {
            break;
        }
    }
    Ok(())
}

/// Each line is one write: a process that is killed leaves whole lines and at most one that is cut off.
fn write(mut output: impl Write, mut lines: mpsc::Receiver<String>) -> std::io::Result<()> {
    while let Some(line) = lines.blocking_recv() {
        output.write_all(line.as_bytes())?;
        output.flush()?;
    }
    Ok(())
}

impl Batch {
    async fn work(self: Arc<Self>) -> Result<(), Fault> {
        loop {
            let item = self.items.lock().await.recv().await;
            match item {
                None => return Ok(()),
                Some(Item::Earlier { language, label, size }) => self.tally.count(language.as_deref(), label, size, true),
                Some(Item::Unfit(unfit)) => {
                    let last = Last::of_refusal(&unfit.refusal);
                    self.write(last.line(unfit.line, unfit.id.as_deref())).await?;
                    self.tally.count(None, last.label, unfit.size, false);
                }
                Some(Item::Job(job)) => {
                    let last = self.last(&job).await?;
                    self.write(last.line(job.line, Some(&job.id))).await?;
                    self.tally.count(job.language.as_deref(), last.label, job.size, false);
                }
            }
        }
    }

    /// Has a job run until there is an answer to it.
    async fn last(&self, job: &Job) -> Result<Last, Fault> {
        let mut losses = 0;
        loop {
            let answer = match &self.way {
                Way::Servers(pool) => pool.ask(job).await?,
                #[cfg(any(feature = "amqp", feature = "kafka"))]
                Way::Broker(broker) => broker.ask(job).await?,
                Way::Local(local) => local.ask(job).await,
            };
            match answer {
                Answer::Last(last) => return Ok(last),
                Answer::Busy(pause) => tokio::time::sleep(pause.unwrap_or(PAUSE)).await,
                Answer::Draining => tokio::task::yield_now().await,
                Answer::Lost => {
                    losses += 1;
                    if losses == MOST_LOSSES {
                        return Ok(Last::of_lost(losses));
                    }
                }
            }
        }
    }

    async fn write(&self, line: String) -> Result<(), Fault> {
        self.results.send(line).await.map_err(|_| Fault::Write)
    }
}
