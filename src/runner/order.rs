//! What an executor is told: a job, as orders for its steps. Pure; called by `runner`.

use crate::engine::docker::Container;
use crate::job::Job;
use crate::limits::{FUEL_PER_MS, Limits};
use crate::link::{Bounds, Order, Seeds, Work};
use crate::toolchain::recipe::Recipe;
use bytes::Bytes;
use std::time::SystemTime;

/// What programs in containers find where nobody says anything else.
const USUAL: [(&str, &str); 2] = [("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), ("LANG", "C.UTF-8")];
/// What no image may decide: both places are the container's own.
const OURS: [(&str, &str); 2] = [("HOME", "/box/work"), ("TMPDIR", "/tmp")];
/// A compiler that says more than this is stopped: nobody reads it, and what is kept is less.
const COMPILE_OUTPUT: u64 = 16 << 20;
/// What a compile step may write.
const COMPILE_FILES: u64 = 256 << 20;
/// Compilers start other programs, whatever the program itself may.
const COMPILE_PROCESSES: u32 = 64;

type Variables = Vec<(String, String)>;

/// A program in a guest.
pub(super) fn guest(job: &Job, file_count: u32) -> Order {
    let Job { toolchain, main, args, env, limits, deterministic, .. } = job;
    let fuel = limits.fuel.unwrap_or_else(|| u64::try_from(limits.time.as_millis()).unwrap_or(u64::MAX).saturating_mul(FUEL_PER_MS));
    let seeds =
        deterministic.map(|wish| Seeds { seed: wish.seed, now: wish.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default(), fuel });
    let work = Work::Guest { guest: toolchain.name.clone(), main: main.as_str().to_owned(), args: args.clone(), deterministic: seeds };
    program(job, work, over(toolchain.env.clone(), env), file_count)
}

/// A compile step in a container.
pub(super) fn compile(job: &Job, recipe: &Recipe, argv: Vec<String>, container: &Container, file_count: u32) -> Order {
    let limits = &job.limits;
    let bounds = Bounds {
        // In CPU time too: several cores must not make a bomb burn longer.
        time: limits.compile * 2,
        wall: limits.compile,
        memory_bytes: recipe.compile_memory_mb << 20,
        output_bytes: COMPILE_OUTPUT,
        file_bytes: COMPILE_FILES.max(limits.file_bytes),
        file_count,
        processes: limits.processes.max(COMPILE_PROCESSES),
    };
    Order {
        work: Work::Compile { argv },
        files: job.files.clone(),
        places: job.places.clone(),
        layer: None,
        harvest: None,
        // Not the job's own variables: they are the program's.
        env: over(container_env(container), &job.toolchain.env),
        stdin: Bytes::new(),
        stdin_open: false,
        bounds,
        product: None,
    }
}

/// The program itself, in a container.
pub(super) fn command(job: &Job, recipe: &Recipe, container: &Container, product: Option<Bytes>, file_count: u32) -> Order {
    let work = Work::Command { argv: recipe.run_argv(job), terminal: job.wishes.terminal };
    let env = over(over(container_env(container), &job.toolchain.env), &job.env);
    Order { product, ..program(job, work, env, file_count) }
}

fn program(job: &Job, work: Work, env: Variables, file_count: u32) -> Order {
    Order {
        work,
        files: job.files.clone(),
        places: job.places.clone(),
        layer: None,
        harvest: None,
        env,
        stdin: job.stdin.clone(),
        stdin_open: job.interactive,
        bounds: bounds(&job.limits, file_count),
        product: None,
    }
}

fn bounds(limits: &Limits, file_count: u32) -> Bounds {
    let Limits { time, wall, compile: _, memory_bytes, output_bytes, file_bytes, processes, fuel: _ } = *limits;
    Bounds { time, wall, memory_bytes, output_bytes, file_bytes, file_count, processes }
}

fn container_env(container: &Container) -> Variables {
    let own = |pairs: &[(&str, &str)]| pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>();
    over(over(own(&USUAL), container.env()), &own(&OURS))
}

/// Variables, and others over them.
fn over(usual: Variables, own: &[(String, String)]) -> Variables {
    let kept = usual.into_iter().filter(|(name, _)| own.iter().all(|(other, _)| other != name));
    kept.chain(own.iter().cloned()).collect()
}
