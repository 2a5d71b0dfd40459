//! One execution in a cell: instantiate, call, stop at the limits, measure. Called by `cell` for each `Start`.

use super::clock::{self, Clock};
use super::meter::{Meter, Metered};
use super::pipes::{Output, Pipes, Stdin};
use super::store::guest::{self, Guest, GuestPre};
use super::store::{Exit, Memory, State};
use super::ticker::Ticker;
use super::turns::{Share, Turns};
use crate::event::Pipe;
use crate::files::{Budget, FileLimits, Files};
use crate::judge::{End, Facts, Stop};
use crate::link::{ExecId, Seeds};
use crate::lock::lock;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime::{Engine, Store, Trap, UpdateDeadline};
use wasmtime_wasi::WasiCtxBuilder;

/// Instructions between two chances for others.
const FUEL_SLICE: u64 = 5_000_000;
/// A reproducible run has no limit in real time, but ours is finite: this many times its nominal time and some.
const PATIENCE: u32 = 20;
/// The most random bytes that a guest gets in one call.
const RANDOM_BYTES: u64 = 1 << 20;
/// WASI handles that one sandbox may hold.
const HANDLES: usize = 4096;

/// A guest, ready to be instantiated.
pub(super) struct Ready {
    engine: Engine,
    pre: GuestPre<State>,
    /// Made beforehand, for the next program that fits.
    spare: Mutex<Option<Spare>>,
}

/// A sandbox that was made before its program came. Nothing of any program is in it: it is a new one, only earlier.
struct Spare {
    store: Store<State>,
    instance: Guest,
}

impl Ready {
    pub(super) fn load(engine: &Engine, path: &Path) -> wasmtime::Result<Self> {
        let component = crate::raw::load_component(engine, path)?;
        let mut linker = Linker::<State>::new(engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        // Files in memory and clocks that know fuel take the place of the host's.
        linker.allow_shadowing(true);
        crate::files::add_to_linker(&mut linker)?;
        clock::add_to_linker(&mut linker)?;
        guest::runnel::guest::host::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        Ok(Self { engine: engine.clone(), pre: GuestPre::new(linker.instantiate_pre(&component)?)?, spare: Mutex::default() })
    }

    /// Makes a sandbox for the next program, where there is none: done after a run, nobody waits for it.
    pub(super) async fn make_spare(&self, budget: &Arc<Budget>) {
        if lock(&self.spare).is_some() {
            return;
        }
        let state = State {
            wasi: WasiCtxBuilder::new().build(),
            table: new_table(),
            files: Files::new(FileLimits { bytes: 0, count: 1 }, None, budget.clone()),
            clock: Clock::host(),
            pipes: Pipes::new(ExecId::MAX, Arc::default(), 0),
            memory: Memory::new(u64::MAX, budget.clone()),
        };
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.memory);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Yield(1)));
        // What can't be made now is made, or refused by name, when a program needs it.
        if let Ok(instance) = self.pre.instantiate_async(&mut store).await {
            *lock(&self.spare) = Some(Spare { store, instance });
        }
    }

    /// The one that was made beforehand, if a program with so much memory may have it.
    fn take_spare(&self, memory_bytes: u64) -> Option<Spare> {
        let mut spare = lock(&self.spare);
        spare.take_if(|spare| spare.store.data().memory.peak <= memory_bytes)
    }
}

fn new_table() -> ResourceTable {
    let mut table = ResourceTable::new();
    table.set_max_capacity(HANDLES);
    table
}

/// What is run and within which bounds.
pub(super) struct Program {
    pub(super) ready: Arc<Ready>,
    pub(super) main: String,
    pub(super) args: Vec<String>,
    pub(super) env: Vec<(String, String)>,
    pub(super) time: Duration,
    pub(super) wall: Duration,
    pub(super) memory_bytes: u64,
    pub(super) deterministic: Option<Seeds>,
    pub(super) files: Files,
    pub(super) budget: Arc<Budget>,
    pub(super) ticker: Arc<Ticker>,
    pub(super) turns: Turns,
}

/// Runs the program to its end. The sandbox comes back too: the news goes first, tearing down takes its time.
pub(super) async fn run(program: Program, pipes: Arc<Pipes>) -> (Facts, Sandbox) {
    let begin = Instant::now();
    pipes.begin();
    let _alive = program.ticker.alive();
    let meter = Arc::new(Meter::new(if program.deterministic.is_some() { Duration::MAX } else { program.time }));
    let share = Share::new(program.turns.clone());
    let (store, instance) = new_store(&program, &pipes, &meter, &share);
    let mut sandbox = Sandbox(store);
    let mut called = None;
    let end = {
        let guest = Box::pin(call(&mut sandbox.0, instance, &program, &mut called));
        let guest = Metered::new(&meter, &share, guest, || pipes.flush());
        supervise(&program, &pipes, &meter, begin, guest).await
    };
    pipes.flush();
    let store = &sandbox.0;
    let memory = &store.data().memory;
    let end = match end {
        Err(stop) => End::Stopped(stop),
        Ok(_) if memory.starved => End::Broken("the server has no memory left for programs".to_owned()),
        Ok(result) => end_of(result, &pipes, memory.denied, called.is_some()),
    };
    let facts = Facts {
        end,
        cpu: meter.cpu(),
        execution: called.map_or(Duration::ZERO, |called: Instant| called.elapsed()),
        wall: begin.elapsed().saturating_sub(meter.starved()),
        memory_peak: memory.peak,
        memory_denied: memory.denied,
        fuel: program.deterministic.map(|seeds| seeds.fuel - store.get_fuel().unwrap_or(0).min(seeds.fuel)),
        out_bytes: pipes.output_total(),
    };
    (facts, sandbox)
}

/// A sandbox that has run. It is never used again: dropped as soon as its end was told.
pub(super) struct Sandbox(Store<State>);

/// With an instance in it already, where one was made beforehand.
fn new_store(program: &Program, pipes: &Arc<Pipes>, meter: &Arc<Meter>, share: &Arc<Share>) -> (Store<State>, Option<Guest>) {
    let mut wasi = WasiCtxBuilder::new();
    wasi.stdin(Stdin(pipes.clone()))
        .stdout(Output(pipes.clone(), Pipe::Stdout))
        .stderr(Output(pipes.clone(), Pipe::Stderr))
        .allow_tcp(false)
        .allow_udp(false)
        .max_random_size(RANDOM_BYTES);
    let clock = match &program.deterministic {
        None => Clock::host(),
        Some(seeds) => {
            wasi.secure_random(seeded(seeds.seed, 0)).insecure_random(seeded(seeds.seed, 1)).insecure_random_seed(u128::from(seeds.seed));
            Clock::virtual_from(seeds.now, seeds.fuel, program.wall)
        }
    };
    let wasi = wasi.build();
    let (mut store, instance) = match program.ready.take_spare(program.memory_bytes) {
        Some(Spare { mut store, instance }) => {
            let State { wasi: its_wasi, table: _, files, clock: its_clock, pipes: its_pipes, memory } = store.data_mut();
            (*its_wasi, *files, *its_clock, *its_pipes) = (wasi, program.files.clone(), clock, pipes.clone());
            memory.set_limit(program.memory_bytes);
            (store, Some(instance))
        }
        None => {
            let memory = Memory::new(program.memory_bytes, program.budget.clone());
            let state = State { wasi, table: new_table(), files: program.files.clone(), clock, pipes: pipes.clone(), memory };
            let mut store = Store::new(&program.ready.engine, state);
            store.limiter(|state| &mut state.memory);
            (store, None)
        }
    };
    match &program.deterministic {
        None => {
            let (meter, share) = (meter.clone(), share.clone());
            store.set_epoch_deadline(1);
            store.epoch_deadline_callback(move |_| {
                if meter.is_over() {
                    return Ok(UpdateDeadline::Interrupt);
                }
                Ok(UpdateDeadline::YieldCustom(1, Box::pin(meter.give_way(&share))))
            });
        }
        Some(seeds) => {
            // Can't fail: the engine was made for fuel.
            let _ = store.set_fuel(seeds.fuel);
            let _ = store.fuel_async_yield_interval(Some(FUEL_SLICE));
        }
    }
    (store, instance)
}

fn seeded(seed: u64, stream: u64) -> ChaCha12Rng {
    let mut generator = ChaCha12Rng::seed_from_u64(seed);
    generator.set_stream(stream);
    generator
}

async fn call(store: &mut Store<State>, instance: Option<Guest>, program: &Program, called: &mut Option<Instant>) -> wasmtime::Result<u8> {
    let path = format!("/box/{}", program.main);
    let source = program.files.read(&path).unwrap_or_default();
    let instance = match instance {
        Some(instance) => instance,
        None => program.ready.pre.instantiate_async(&mut *store).await?,
    };
    *called = Some(Instant::now());
    instance.call_run(store, &path, &source, &program.args, &program.env).await
}

/// Drives the guest until it ends or a reason to stop it comes from outside of it.
async fn supervise(
    program: &Program,
    pipes: &Pipes,
    meter: &Meter,
    begin: Instant,
    mut guest: impl Future<Output = wasmtime::Result<u8>> + Unpin,
) -> Result<wasmtime::Result<u8>, Stop> {
    let patience = match &program.deterministic {
        None => program.wall,
        Some(seeds) => (Duration::from_nanos(seeds.fuel) + program.wall) * PATIENCE,
    };
    loop {
        let deadline = begin + patience + meter.starved();
        tokio::select! {
            result = &mut guest => return Ok(result),
            () = pipes.stopped.notified() => return Err(pipes.stop_reason().unwrap_or(Stop::Cancelled)),
            () = tokio::time::sleep_until(deadline.into()) => {
                // Waiting for a turn is not the program's doing: it gets that time back.
                if begin + patience + meter.starved() <= Instant::now() {
                    return match program.deterministic {
                        None => Err(Stop::Wall),
                        Some(_) => Ok(Err(wasmtime::format_err!(Impatient))),
                    };
                }
            }
        }
    }
}

/// A reproducible run that took so long in real time that something is wrong with this machine.
#[derive(Debug, thiserror::Error)]
#[error("the server was too slow for this reproducible run")]
struct Impatient;

fn end_of(result: wasmtime::Result<u8>, pipes: &Pipes, memory_denied: bool, was_called: bool) -> End {
    let error = match result {
        Ok(code) => return End::Exit(code.into()),
        Err(error) => error,
    };
    if let Some(stop) = pipes.stop_reason() {
        return End::Stopped(stop);
    }
    if let Some(Exit(code)) = error.downcast_ref() {
        return End::Exit((*code).into());
    }
    if let Some(wasmtime_wasi::I32Exit(code)) = error.downcast_ref() {
        return End::Exit(*code);
    }
    if error.is::<Impatient>() {
        return End::Broken(error.to_string());
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => End::Stopped(Stop::Time),
        Some(Trap::OutOfFuel) => End::Stopped(Stop::Fuel),
        Some(Trap::StackOverflow) => End::Trap("stack overflow".to_owned()),
        Some(trap) => End::Trap(format!("the interpreter failed: {trap}")),
        // Not even its first memory fitted.
        None if memory_denied => End::Stopped(Stop::Memory),
        // Too many handles, a write without leave: what a program does, not what we do.
        None if was_called => End::Trap(format!("the sandbox refused: {error:#}")),
        None => End::Broken(format!("the sandbox failed: {error:#}")),
    }
}
