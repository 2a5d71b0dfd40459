//! `runnel cell`: a worker process that hosts many sandboxes on one thread. Started by `engine::wasm`, which it
//! talks to over the socket on its file descriptor 0. It loads the guests, shuts itself in, and runs what it is
//! told; it never opens a file, a socket or a process after that.

mod clock;

mod harden;
mod harvest;
mod meter;
mod pipes;
pub(crate) mod probe;
mod run;
mod store;
mod ticker;
mod turns;

use crate::engine::wasm::native::{self, Clocking, in_words};
use crate::files::{Budget, FileLimits, Files, PutError};
use crate::judge::{End, Facts, Stop};
use crate::link::{self, Bounds, ExecId, FromExecutor, MAX_FRAME, OpenOrder, Placed, Task, ToExecutor};
use crate::lock::lock;
use anyhow::Context;
use harvest::{Layers, Wish};
use pipes::{Outbox, Pipes};
use run::{Program, Ready};
use std::collections::HashMap;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use ticker::Ticker;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use turns::Turns;

/// What the engine tells a new cell on its command line.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// `name=epochs.cwasm=fuel.cwasm`
    #[arg(long = "guest")]
    guests: Vec<String>,
    /// Sandboxes that may live at once.
    #[arg(long, default_value_t = 256)]
    slots: u32,
    /// Memory for all programs together, in MiB.
    #[arg(long, default_value_t = 4096)]
    budget_mb: u64,
    /// Run an empty program in each guest before the first order: the first of a client is as quick as the next.
    #[arg(long)]
    warm: bool,
    /// Try what a cell must not be able to do, and report.
    #[arg(long)]
    probe: bool,
}

/// A guest in both kinds of native code.
struct Guest {
    epochs: Arc<Ready>,
    fuel: Arc<Ready>,
}

pub fn main(arguments: &Arguments) -> anyhow::Result<()> {
    harden::at_start()?;
    // Each guest's spare has a place of its own.
    let spares = u32::try_from(arguments.guests.len())?;
    let epochs = native::runtime(Clocking::Epochs, arguments.slots + spares).map_err(in_words)?;
    let fuel = native::runtime(Clocking::Fuel, arguments.slots).map_err(in_words)?;
    let mut guests = HashMap::new();
    for guest in &arguments.guests {
        let mut parts = guest.splitn(3, '=');
        let (Some(name), Some(on_epochs), Some(on_fuel)) = (parts.next(), parts.next(), parts.next()) else {
            anyhow::bail!("a guest is given as `name=epochs.cwasm=fuel.cwasm`");
        };
        let load = |engine, path: &str| Ready::load(engine, &PathBuf::from(path)).map(Arc::new).map_err(in_words);
        let ready = Guest { epochs: load(&epochs, on_epochs)?, fuel: load(&fuel, on_fuel)? };
        guests.insert(name.to_owned(), ready);
    }
    let link = StdUnixStream::from(std::io::stdin().as_fd().try_clone_to_owned().context("no link")?);
    link.set_nonblocking(true)?;
    // Before the ticker: what is set up here holds for this thread and those that come from it.
    let landlock = harden::shut_in()?;
    let ticker = Arc::new(Ticker::start(epochs).context("can't start the ticker")?);
    // An interval of 1: the link and the timers are looked at between any two turns of the guests.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().event_interval(1).build()?;
    let seccomp = harden::filter()?;
    let wall = link::Wall { no_new_privs: true, seccomp, landlock };
    if arguments.probe {
        println!("{}", probe::report(wall));
        return Ok(());
    }
    let budget = Arc::new(Budget::new(arguments.budget_mb << 20));
    let cell = Cell {
        guests,
        outbox: Arc::default(),
        layers: Arc::new(Layers::new(budget.clone())),
        budget,
        ticker,
        turns: Turns::new(),
        executions: HashMap::new(),
    };
    runtime.block_on(async {
        if arguments.warm {
            cell.warm().await;
        }
        cell.serve(link, wall).await
    })
}

struct Cell {
    guests: HashMap<String, Guest>,
    outbox: Arc<Outbox>,
    budget: Arc<Budget>,
    layers: Arc<Layers>,
    ticker: Arc<Ticker>,
    turns: Turns,
    executions: HashMap<ExecId, Execution>,
}

/// An execution between its `Open` and its `Ended`.
struct Execution {
    pipes: Arc<Pipes>,
    /// Taken by `Start`.
    waiting: Option<Program>,
    /// What is to become of its files.
    wish: Option<Wish>,
    /// What went wrong before the start.
    fault: Option<String>,
}

impl Cell {
    /// Reads and obeys until the server closes the link.
    async fn serve(mut self, link: StdUnixStream, wall: link::Wall) -> anyhow::Result<()> {
        let (mut incoming, outgoing) = UnixStream::from_std(link).context("the link is no socket")?.into_split();
        self.outbox.push(&FromExecutor::Ready { wall });
        let writer = tokio::spawn(write(self.outbox.clone(), outgoing));
        let mut buffer = Vec::with_capacity(MAX_FRAME);
        while !writer.is_finished() {
            if incoming.read_buf(&mut buffer).await? == 0 {
                break;
            }
            let mut rest = &buffer[..];
            while let Some((body, more)) = link::split(rest)? {
                self.obey(link::decode(body)?);
                rest = more;
            }
            let used = buffer.len() - rest.len();
            buffer.drain(..used);
            self.executions.retain(|_, execution| execution.waiting.is_some() || Arc::strong_count(&execution.pipes) > 1);
        }
        Ok(())
    }

    fn obey(&mut self, frame: ToExecutor<'_>) {
        match frame {
            ToExecutor::Open { exec, order } => {
                let execution = self.open(exec, &order);
                self.executions.insert(exec, execution);
            }
            ToExecutor::File { exec, path, about, bytes } => {
                // Pieces of one file follow each other, and the server sends each path once.
                self.put(exec, path, |files| files.put(path, bytes, true, about.map(|about| about.modified)));
            }
            ToExecutor::Place { exec, path, what } => self.put(exec, path, |files| match what {
                Placed::Folder => files.put_folder(path),
                Placed::Link { target } => files.put_link(path, target),
            }),
            ToExecutor::Remove { exec, path } => self.put(exec, path, |files| files.remove(path)),
            ToExecutor::Forget { layer } => self.layers.forget(layer),
            // Nothing is compiled here.
            ToExecutor::Product { .. } => {}
            ToExecutor::Stdin { exec, bytes, eof } => {
                if let Some(execution) = self.executions.get(&exec) {
                    execution.pipes.stdin(bytes, eof);
                }
            }
            ToExecutor::Cross { exec, with } => {
                if let (Some(one), Some(other)) = (self.executions.get(&exec), self.executions.get(&with)) {
                    Pipes::cross(&one.pipes, &other.pipes);
                }
            }
            ToExecutor::Credit { exec, bytes } => {
                if let Some(execution) = self.executions.get(&exec) {
                    execution.pipes.credit(bytes);
                }
            }
            ToExecutor::Kill { exec } => self.kill(exec),
            // A guest has none.
            ToExecutor::Signal { .. } => {}
            ToExecutor::Start { exec } => self.start(exec),
        }
    }

    /// Makes one thing ready among the files of a program that waits for its start.
    fn put(&mut self, exec: ExecId, path: &str, put: impl FnOnce(&Files) -> Result<(), PutError>) {
        let Some(execution) = self.executions.get_mut(&exec) else { return };
        let Some(program) = &execution.waiting else { return };
        if let Err(fault) = put(&program.files) {
            execution.fault.get_or_insert_with(|| format!("`{path}`: {fault}"));
        }
    }

    /// Touches what every program touches: the guests' code and the pages behind it.
    async fn warm(&self) {
        let second = Duration::from_secs(1);
        let bounds =
            Bounds { time: second, wall: second, memory_bytes: 1 << 30, output_bytes: 0, file_bytes: 0, file_count: 1, processes: 1 };
        for guest in self.guests.keys() {
            let task = Task::Guest { guest, main: "empty", args: Vec::new(), deterministic: None };
            let order = OpenOrder { task, env: Vec::new(), bounds, base: None, keep: None, harvest: None };
            let Execution { pipes, waiting, .. } = self.open(ExecId::MAX, &order);
            if let Some(program) = waiting {
                pipes.stdin(&[], true);
                let ready = program.ready.clone();
                drop(run::run(program, pipes).await);
                ready.make_spare(&self.budget).await;
            }
        }
    }

    fn open(&self, exec: ExecId, order: &OpenOrder<'_>) -> Execution {
        let OpenOrder { task, env, bounds, base, keep, harvest } = order;
        let pipes = Pipes::new(exec, self.outbox.clone(), bounds.output_bytes);
        let broken = |fault| Execution { pipes: pipes.clone(), waiting: None, wish: None, fault: Some(fault) };
        let Task::Guest { guest: name, main, args, deterministic } = task else {
            return broken("a cell runs guests only".to_owned());
        };
        let Some(guest) = self.guests.get(*name) else { return broken(format!("this cell has no guest `{name}`")) };
        let start = deterministic.map(|seeds| SystemTime::UNIX_EPOCH + seeds.now);
        let limits = FileLimits { bytes: bounds.file_bytes, count: bounds.file_count };
        let program = Program {
            ready: if deterministic.is_some() { guest.fuel.clone() } else { guest.epochs.clone() },
            main: (*main).to_owned(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            env: env.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
            time: bounds.time,
            wall: bounds.wall,
            memory_bytes: bounds.memory_bytes,
            deterministic: *deterministic,
            files: Files::new(limits, start, self.budget.clone()),
            budget: self.budget.clone(),
            ticker: self.ticker.clone(),
            turns: self.turns.clone(),
        };
        let laid = match base.map(|base| self.layers.find(base)) {
            None => Ok(()),
            Some(Some(layer)) => program.files.lay(&layer).map_err(|fault| fault.to_string()),
            Some(None) => Err("the layer is gone".to_owned()),
        };
        Execution { pipes, waiting: Some(program), wish: Wish::new(harvest.as_ref(), *keep), fault: laid.err() }
    }

    fn start(&mut self, exec: ExecId) {
        let Some(execution) = self.executions.get_mut(&exec) else { return };
        let outbox = self.outbox.clone();
        let (program, wish, fault) = (execution.waiting.take(), execution.wish.take(), execution.fault.take());
        let (Some(program), None) = (program, &fault) else {
            let end = End::Broken(fault.unwrap_or_default());
            outbox.push(&FromExecutor::Ended { exec, facts: Facts::unmeasured(end) });
            self.executions.remove(&exec);
            return;
        };
        let pipes = execution.pipes.clone();
        // One write carries start, output and end of a short program.
        outbox.push_along(&FromExecutor::Started { exec });
        let (layers, ready, budget) = (self.layers.clone(), program.ready.clone(), self.budget.clone());
        let is_plain = program.deterministic.is_none();
        // Not kept: it ends by itself, by its limits, or by `Kill`; all end with the process.
        tokio::spawn(async move {
            let before = wish.map(|wish| (wish, program.files.clone(), program.files.layer()));
            let (facts, sandbox) = run::run(program, pipes.clone()).await;
            if let Some((wish, files, before)) = before.filter(|_| facts.end != End::Stopped(Stop::Cancelled)) {
                wish.fulfil(&files, before, &pipes, &layers).await;
            }
            outbox.push(&FromExecutor::Ended { exec, facts });
            // The end is on its way before the sandbox is torn down.
            tokio::task::yield_now().await;
            // Whoever was told may have been woken on this core: it goes first.
            std::thread::yield_now();
            drop(sandbox);
            if is_plain {
                ready.make_spare(&budget).await;
            }
        });
    }

    fn kill(&mut self, exec: ExecId) {
        let Some(execution) = self.executions.get(&exec) else { return };
        execution.pipes.stop(Stop::Cancelled);
        if execution.waiting.is_some() {
            self.executions.remove(&exec);
            self.outbox.push(&FromExecutor::Ended { exec, facts: Facts::unmeasured(End::Stopped(Stop::Cancelled)) });
        }
    }
}

/// Writes what the sandboxes have to say. The server takes it in as fast as windows allow, so that what is gathered
/// here stays within the windows of the live executions.
async fn write(outbox: Arc<Outbox>, mut link: tokio::net::unix::OwnedWriteHalf) {
    let mut writing = Vec::new();
    loop {
        std::mem::swap(&mut *lock(&outbox.buffer), &mut writing);
        if writing.is_empty() {
            outbox.wake.notified().await;
            continue;
        }
        if link.write_all(&writing).await.is_err() {
            return;
        }
        writing.clear();
        writing.shrink_to(link::PIECE);
    }
}
