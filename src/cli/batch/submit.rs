//! `runnel submit`: sends the jobs of a file to a broker and waits for none of them. What the broker has confirmed is its own.

use super::lines::{Item, Lines, ReadFault};
use super::results::Earlier;
use super::{FAILED, SettingsArguments, USAGE, unit};
use crate::config::Config;
use crate::queue::Fault;
use crate::queue::ask::Asker;
use clap::Args;
use futures_util::future::join_all;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// Some lines are no jobs.
const UNFIT: u8 = 1;
/// Jobs that are sent together.
const TOGETHER: usize = 64;
/// Between two tries of a broker that is away, and between two words of progress.
const PAUSE: Duration = Duration::from_millis(500);
const LINE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
#[command(
    after_help = "A job is a JSON object on a line of its own, as for `runnel batch`. Its answer goes to `queue.results`.\nWhen the broker goes away, what it has not confirmed is sent again once it is back: a job may be there twice, with the same id.\n\nexit codes: 0 the broker has all jobs, 1 some lines are no jobs, 2 a mistake in the arguments, or the broker refuses us, 70 the broker is away\n\nexamples:\n  runnel submit jobs.jsonl --queue amqp://localhost\n  runnel submit jobs.jsonl --queue kafka://localhost:9092 --from 1201"
)]
pub(in crate::cli) struct SubmitArguments {
    /// The jobs, or `-` for stdin
    jobs: PathBuf,
    /// The broker; RUNNEL_QUEUE_URL without it
    #[arg(long, value_name = "URL")]
    queue: Option<String>,
    /// Begin with this line; what came before is there already
    #[arg(long, value_name = "LINE", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    from: u64,
    /// How long to go on while the broker can't be reached: 30s, 5m
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = unit::milliseconds)]
    patience: u64,
}

/// A job to send.
struct Ready {
    line: u64,
    id: String,
    frame: Utf8Bytes,
}

struct Sender<'a> {
    config: &'a Config,
    patience: Duration,
    asker: Option<Asker>,
    sent: u64,
}

pub(in crate::cli) fn submit(settings: SettingsArguments, arguments: &SubmitArguments) -> anyhow::Result<ExitCode> {
    let config = match crate::cli::broker_of(settings, arguments.queue.as_ref()) {
        Ok(config) => config,
        Err(code) => return Ok(code),
    };
    let input: Box<dyn BufRead + Send> = if arguments.jobs == Path::new("-") {
        Box::new(BufReader::new(std::io::stdin()))
    } else {
        match File::open(&arguments.jobs) {
            Ok(file) => Box::new(BufReader::new(file)),
            Err(fault) => {
                eprintln!("error: can't read `{}`: {fault}", arguments.jobs.display());
                return Ok(ExitCode::from(USAGE));
            }
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut sender = Sender { config: &config, patience: Duration::from_millis(arguments.patience), asker: None, sent: 0 };
    let (mut unfit, mut next, from) = (0, arguments.from, arguments.from);
    let ended = runtime.block_on(async {
        let (items, mut to_send) = mpsc::channel(TOGETHER);
        let reader = tokio::task::spawn_blocking(move || read(input, &items));
        let (mut batch, mut told) = (Vec::new(), Instant::now());
        while to_send.recv_many(&mut batch, TOGETHER).await > 0 {
            let mut ready = Vec::with_capacity(batch.len());
            let mut last = next;
            for item in batch.drain(..) {
                match item {
                    Item::Job(job) if job.line >= from => {
                        last = job.line + 1;
                        ready.push(Ready { line: job.line, id: job.id, frame: job.frame });
                    }
                    Item::Unfit(bad) if bad.line >= from => {
                        last = bad.line + 1;
                        unfit += 1;
                        eprintln!("line {}: {}", bad.line, bad.refusal.message);
                    }
                    Item::Job(_) | Item::Unfit(_) | Item::Earlier { .. } => {}
                }
            }
            sender.send(ready).await.map_err(anyhow::Error::from)?;
            next = last;
            if told.elapsed() > LINE {
                told = Instant::now();
                eprintln!("{} jobs sent, up to line {}", sender.sent, next - 1);
            }
        }
        reader.await??;
        anyhow::Ok(())
    });
    // Not waited for: a read of stdin that nobody ends.
    runtime.shutdown_background();
    eprintln!("{} jobs sent{}", sender.sent, if unfit > 0 { format!(", {unfit} lines are no jobs") } else { String::new() });
    match ended {
        Ok(()) if unfit > 0 => Ok(ExitCode::from(UNFIT)),
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(fault) => {
            eprintln!("error: {fault:#}\nhint: `--from {next}` goes on from here");
            let is_refused = matches!(fault.downcast_ref(), Some(Fault::Refused(_)));
            Ok(ExitCode::from(if is_refused { USAGE } else { FAILED }))
        }
    }
}

fn read(input: impl BufRead, items: &mpsc::Sender<Item>) -> Result<(), ReadFault> {
    let earlier = Earlier::none();
    let mut lines = Lines::new(input, &earlier);
    while let Some(item) = lines.next()? {
        if items.blocking_send(item).is_err() {
            break;
        }
    }
    Ok(())
}

impl Sender<'_> {
    /// Until the broker has them all.
    async fn send(&mut self, mut jobs: Vec<Ready>) -> Result<(), Fault> {
        let until = Instant::now() + self.patience;
        while !jobs.is_empty() {
            let fault = match self.try_to_send(&mut jobs).await {
                Ok(()) => return Ok(()),
                Err(fault @ Fault::Refused(_)) => return Err(fault),
                Err(fault @ Fault::Away(_)) => fault,
            };
            self.asker = None;
            if Instant::now() > until {
                return Err(fault);
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Keeps those that were not confirmed.
    async fn try_to_send(&mut self, jobs: &mut Vec<Ready>) -> Result<(), Fault> {
        if self.asker.is_none() {
            self.asker = Some(Asker::connect(self.config, false).await?.0);
        }
        let Some(asker) = &self.asker else { return Ok(()) };
        let words: Vec<_> = jobs.iter().map(|job| job.line.to_string()).collect();
        let sending = jobs.iter().zip(&words).map(|(job, word)| asker.send(&job.id, word, &job.frame));
        let mut sent = join_all(sending).await.into_iter();
        let mut worst = Ok(());
        jobs.retain(|_| match sent.next() {
            Some(Ok(())) => {
                self.sent += 1;
                false
            }
            Some(Err(fault)) => {
                worst = Err(fault);
                true
            }
            None => true,
        });
        worst
    }
}
