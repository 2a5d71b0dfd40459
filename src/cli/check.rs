//! `runnel check`: every mistake of the configuration at once, and what the second wall stops on this machine. Also
//! whether a server is ready, for the health check of an image that has no other program.

use super::{SettingsArguments, USAGE};
use crate::cell::probe::{Attempt, Report};
use crate::engine::wasm::own_binary;
use anyhow::Context;
use clap::Args;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

/// How long a server may take to say whether it is ready.
const ANSWER: Duration = Duration::from_secs(3);
/// The longest first line of an answer.
const MOST_STATUS: u64 = 1000;

#[derive(Debug, Args)]
#[command(
    after_help = "exit codes: 0 all is well, 1 the second wall has a hole on this machine or no server is ready, 2 a mistake in the configuration"
)]
pub(super) struct CheckArguments {
    /// The report of the second wall as JSON
    #[arg(long)]
    json: bool,
    /// Only ask the server that listens as configured whether it is ready
    #[arg(long, conflicts_with = "json")]
    ready: bool,
}

pub(super) fn check(settings: &SettingsArguments, arguments: &CheckArguments) -> anyhow::Result<ExitCode> {
    let (config, toolchains) = match settings.load_or_tell() {
        Ok(loaded) => loaded,
        Err(code) => return Ok(code),
    };
    if arguments.ready {
        let status = ask(&config.listen).with_context(|| format!("no server answers at {}", config.listen));
        return Ok(match status {
            Ok(status) if status.starts_with("HTTP/1.1 200 ") => ExitCode::SUCCESS,
            Ok(status) => tell_not_ready(&status),
            Err(fault) => tell_not_ready(&format!("{fault:#}")),
        });
    }
    let may_serve = config.check_to_serve();
    match &may_serve {
        Ok(()) => eprintln!("configuration: fine ({} toolchains: {})", toolchains.iter().count(), toolchains.names()),
        Err(mistakes) => eprintln!("error: `runnel serve` will refuse to start: {mistakes}"),
    }
    let (report, text) = probe()?;
    if arguments.json {
        println!("{text}");
    } else {
        tell(&report);
    }
    let is_whole = report.no_new_privs && report.seccomp && report.landlock && report.attempts.iter().all(|attempt| attempt.stopped);
    if !is_whole {
        eprintln!("hint: the second wall needs Linux 5.13 or later with seccomp and Landlock; without it the wasm engine is the only wall");
    }
    let is_too_weak = !is_whole && config.cells.require_hardening;
    if is_too_weak {
        eprintln!("error: `cells.require_hardening` is set: `runnel serve` will refuse to start");
    }
    Ok(match is_whole {
        _ if is_too_weak || may_serve.is_err() => ExitCode::from(USAGE),
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn tell_not_ready(why: &str) -> ExitCode {
    eprintln!("not ready: {why}");
    ExitCode::FAILURE
}

/// The first line of what a server says to `/readyz`. It may listen at 0.0.0.0: that is here, for who connects to it.
fn ask(listen: &str) -> anyhow::Result<String> {
    let address: SocketAddr = listen.parse()?;
    let mut server = TcpStream::connect_timeout(&address, ANSWER)?;
    server.set_read_timeout(Some(ANSWER))?;
    write!(server, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut status = String::new();
    BufReader::new(server.take(MOST_STATUS)).read_line(&mut status)?;
    Ok(status.trim_end().to_owned())
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
