//! What the agent takes from itself at its start, and what stands around it. Called by `main` once.

use crate::fault::Fault;
use crate::{filter, raw};
use runnel_link::Wall;
use rustix::process::DumpableBehavior;

pub(crate) fn shut_in() -> Result<Wall, Fault> {
    let system = Fault::system;
    rustix::thread::set_no_new_privs(true).map_err(system("give up new rights"))?;
    // Programs may not look into the agent, whatever user it acts as.
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(system("hide its memory"))?;
    // Needs that nobody gets new rights, which is so since the first line.
    raw::filter_calls(&filter::program()).map_err(system("close doors of the kernel"))?;
    // Modes are given with each call.
    rustix::process::umask(rustix::fs::Mode::empty());
    Ok(wall_of(&std::fs::read_to_string("/proc/self/status").unwrap_or_default()))
}

/// From the text of `/proc/self/status`.
fn wall_of(status: &str) -> Wall {
    let value = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    Wall { no_new_privs: value("NoNewPrivs:") == Some("1"), seccomp: value("Seccomp:") == Some("2"), landlock: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_says_what_stands() {
        let whole = "Name:\tagent\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n";
        assert_eq!(wall_of(whole), Wall { no_new_privs: true, seccomp: true, landlock: false });
        assert_eq!(wall_of("NoNewPrivs:\t0\nSeccomp:\t0\n"), Wall::default());
        assert_eq!(wall_of(""), Wall::default());
    }
}
