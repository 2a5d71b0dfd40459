//! `runnel-agent`: the first process of a container. Started by `engine::docker`; runs what the server says over
//! its stdin and stdout, one execution at a time. One thread, one loop; it never trusts anything that a program made.

mod awaiting;
mod baseline;
mod beneath;
mod cgroup;
mod ending;
mod execution;
mod fault;
mod filter;
mod harvest;
mod input;
mod ipc;
mod ledger;
mod meter;
mod order;
mod output;
mod pack;
mod places;
mod procs;
mod raw;
mod running;
mod serve;
mod spawn;
mod stdio;
mod stream;
mod user;
mod walk;
mod walls;
mod wanted;
mod watch;
mod wipe;
mod wire;

use fault::Fault;
use std::process::ExitCode;
use user::Users;

fn main() -> ExitCode {
    raw::close_inherited();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("runnel-agent: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Fault> {
    let users = Users::parse(std::env::args().skip(1))?;
    // Everything else in the container is killed after each execution: that must never be a whole machine.
    if std::process::id() != 1 {
        return Err(Fault::Usage("it runs as the first process of a container only"));
    }
    let wall = walls::shut_in()?;
    serve::Agent::new(users)?.serve(wall)
}
