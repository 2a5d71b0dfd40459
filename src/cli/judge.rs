//! `runnel judge`: a submission against a problem, or all submissions of a problem package against what is expected of
//! them. Builds the frames that a client would send; what comes back it shows as a table or as JSON.

mod desk;
mod frame;
mod table;
mod verify;

use super::{FAILED, SettingsArguments, USAGE, unit};
use crate::problem::{Files, Package, Problem};
use anyhow::Context;
use clap::Args;
use desk::{Desk, Judged};
use frame::Wishes;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const REJECTED: u8 = 1;
const COMPILE: u8 = 65;
const CANCELLED: u8 = 130;

#[derive(Debug, Args)]
#[command(
    after_help = "A problem is a folder or a .zip: a package in the ICPC format (problem.yaml, data/, output_validators/, submissions/),\nor just inputs with answers (1.in with 1.ans or 1.out, input1.txt with output1.txt, in/1.txt with out/1.txt).\n\nexit codes: 0 accepted, or all submissions as expected; 1 not accepted, or one is not as expected; 2 a mistake in the package or the arguments; 65 it does not compile; 70 the judge failed: the package's validator, or we; 130 cancelled\n\nexamples:\n  runnel judge sum/ solution.py\n  runnel judge sum.zip solution/ --language cpp --time 2s\n  runnel judge sum/"
)]
pub(super) struct JudgeArguments {
    /// A problem package, or a folder of inputs and answers; a .zip of either
    problem: PathBuf,
    /// The submission, a file or a folder; without it all submissions of the package are verified
    submission: Option<PathBuf>,
    /// Its language; otherwise the ending of its name says it
    #[arg(long, short, requires = "submission")]
    language: Option<String>,
    /// CPU time of each case in place of the problem's: 500ms, 2s, or plain milliseconds
    #[arg(long, value_parser = unit::milliseconds)]
    time: Option<u64>,
    /// Memory in place of the problem's: 64mb, 1gb, or plain mebibytes
    #[arg(long, value_parser = unit::megabytes)]
    memory: Option<u64>,
    /// Go on after the first failure, whatever the package says
    #[arg(long, conflicts_with = "stop")]
    all: bool,
    /// Stop at the first failure
    #[arg(long)]
    stop: bool,
    /// Cores to judge on; otherwise all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Print one JSON object instead of the table
    #[arg(long)]
    json: bool,
}

pub(super) fn judge(mut settings: SettingsArguments, arguments: &JudgeArguments) -> anyhow::Result<ExitCode> {
    if let Some(jobs) = arguments.jobs {
        settings.set.push(("docker.busy".to_owned(), jobs.to_string()));
    }
    let (config, toolchains) = match settings.load_or_tell() {
        Ok(loaded) => loaded,
        Err(code) => return Ok(code),
    };
    let read = Problem::open(&arguments.problem).map_err(anyhow::Error::from).and_then(|problem| {
        let submission = arguments.submission.as_deref().map(|path| Package::submission(path).map(|files| (path, files))).transpose()?;
        Ok((problem, submission))
    });
    let (problem, submission) = match read {
        Ok(read) => read,
        Err(fault) => return Ok(mistake(&fault)),
    };
    let runtime = super::runtime()?;
    let code = runtime.block_on(async {
        let desk = Desk::new(&config, toolchains, arguments.jobs.map(usize::from));
        let code = match submission {
            Some((path, files)) => one(&desk, &problem, path, &files, arguments).await,
            None => verify::verify(&desk, &problem, arguments).await,
        };
        desk.close().await;
        code
    });
    runtime.shutdown_background();
    match code {
        Ok(code) => Ok(ExitCode::from(code)),
        Err(fault) if fault.is::<desk::Mistake>() => Ok(mistake(&fault)),
        Err(fault) => Err(fault),
    }
}

fn mistake(fault: &anyhow::Error) -> ExitCode {
    eprintln!("error: {}", table::printable(&format!("{fault:#}")));
    ExitCode::from(USAGE)
}

async fn one(desk: &Desk, problem: &Problem, path: &Path, files: &Files, arguments: &JudgeArguments) -> anyhow::Result<u8> {
    let toolchain = desk.language(arguments.language.as_deref(), files)?;
    let wishes = Wishes {
        time_ms: arguments.time.or(problem.settings.time_ms),
        memory_mb: arguments.memory.or(problem.settings.memory_mb),
        stop: arguments.stop || (problem.settings.stops && !arguments.all),
    };
    let name = path.file_name().and_then(|name| name.to_str()).context("the submission's name is not UTF-8")?;
    let judged = desk.judge(problem, name, &toolchain, files, &wishes).await?;
    let mut notes = problem.notes.clone();
    if wishes.time_ms.is_none() {
        notes.push(format!("the problem says no time limit: {} ms is the usual one of `{}`", toolchain.limits.time_ms, toolchain.name));
    }
    if arguments.json {
        println!("{}", table::json(problem, name, &toolchain.name, &judged, &notes));
    } else {
        table::print(&judged, &notes);
    }
    Ok(exit_code(&judged))
}

fn exit_code(judged: &Judged) -> u8 {
    match judged.verdict.as_str() {
        "AC" => 0,
        "CE" => COMPILE,
        "JE" => FAILED,
        "cancelled" => CANCELLED,
        _ => REJECTED,
    }
}
