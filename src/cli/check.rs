//! `runnel check`: every mistake of the configuration at once, and what the second wall stops on this machine.

use super::{SettingsArguments, USAGE};
use crate::cell::probe::{Attempt, Report};
use crate::engine::wasm::own_binary;
use anyhow::Context;
use clap::Args;
use std::process::{Command, ExitCode, Stdio};

#[derive(Debug, Args)]
#[command(after_help = "exit codes: 0 all is well, 1 the second wall has a hole on this machine, 2 a mistake in the configuration")]
pub(super) struct CheckArguments {
    /// The report of the second wall as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn check(settings: &SettingsArguments, arguments: &CheckArguments) -> anyhow::Result<ExitCode> {
    let (config, toolchains) = match settings.load_or_tell() {
        Ok(loaded) => loaded,
        Err(code) => return Ok(code),
    };
    eprintln!("configuration: fine ({} toolchains: {})", toolchains.iter().count(), toolchains.names());
    let (report, text) = probe()?;
    if arguments.json {
        println!("{text}");
    } else {
        tell(&report);
    }
    let is_whole = report.no_new_privs && report.seccomp && report.landlock && report.attempts.iter().all(|attempt| attempt.stopped);
    if !is_whole {
        eprintln!("hint: the second wall needs Linux 5.13 or later with seccomp and Landlock; without it the wasm engine is the only wall");
        if config.cells.require_hardening {
            eprintln!("error: `cells.require_hardening` is set: `runnel serve` will refuse to start");
            return Ok(ExitCode::from(USAGE));
        }
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Shuts a process in like a cell and lets it try to get out.
fn probe() -> anyhow::Result<(Report, String)> {
    let mut command = Command::new(own_binary());
    command.args(["cell", "--probe", "--slots", "1"]).env_clear().stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().context("can't start a cell")?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let report = serde_json::from_str(&text).with_context(|| format!("the probe ended without a report ({})", output.status))?;
    Ok((report, text))
}

fn tell(report: &Report) {
    let Report { no_new_privs, seccomp, landlock, attempts } = report;
    for (part, holds) in [("no new privileges", no_new_privs), ("seccomp", seccomp), ("Landlock", landlock)] {
        println!("{:28} {}", part, if *holds { "in force" } else { "MISSING" });
    }
    for Attempt { what, stopped, how } in attempts {
        println!("{:28} {} ({how})", what, if *stopped { "stopped" } else { "NOT STOPPED" });
    }
}
