//! How a stage ended, in Piston's words: code or signal, a status of two letters and a sentence. Pure.

use crate::event::{Compiled, Outcome, Text};
use crate::judge::{End, Facts, Status, Stop};
use crate::server::doors::lossy;
use serde_json::{Value, json};
use std::time::Duration;

/// The most that is kept of both pipes together, in their order; each for itself is kept by the run.
const MOST: usize = 2 << 20;

/// What the program wrote to either pipe, as it came.
#[derive(Default)]
pub(super) struct Output(Vec<u8>);

/// How a stage ended.
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    pub(super) signal: Option<String>,
    status: Option<&'static str>,
    message: Option<String>,
}

impl Output {
    pub(super) fn take(&mut self, data: &Text) {
        let bytes = match data {
            Text::Utf8(text) => text.as_bytes(),
            Text::Binary(bytes) => bytes,
        };
        let fits = bytes.len().min(MOST - self.0.len());
        self.0.extend_from_slice(&bytes[..fits]);
    }
}

/// The answer of `/execute`. A program that was not compiled did not run: its compile stage stands for it, as older clients expect.
pub(super) fn answer(outcome: &Outcome, output: &Output, language: &str, version: &str) -> Value {
    let compile = outcome.compiled.as_ref().map(compile_stage);
    let run = match (&compile, outcome.verdict.status) {
        (Some(compile), Status::CompileError) => compile.clone(),
        _ => run_stage(outcome, output),
    };
    let mut answer = json!({"run": run, "language": language, "version": version});
    if let Some(compile) = compile {
        answer["compile"] = compile;
    }
    answer
}

fn run_stage(outcome: &Outcome, output: &Output) -> Value {
    let output = String::from_utf8_lossy(&output.0).into_owned();
    stage(&run_ended(outcome), (lossy(&outcome.stdout), lossy(&outcome.stderr), output), outcome.facts.as_ref())
}

/// What a compiler says comes in one piece: as stderr, where compilers say it.
fn compile_stage(compiled: &Compiled) -> Value {
    let output = lossy(&compiled.output);
    let mut stage = stage(&compile_ended(compiled), (String::new(), output.clone(), output), None);
    stage["wall_time"] = milliseconds(compiled.time);
    stage
}

fn stage(ended: &Ended, (stdout, stderr, output): (String, String, String), facts: Option<&Facts>) -> Value {
    let Ended { code, signal, status, message } = ended;
    json!({
        "stdout": stdout,
        "stderr": stderr,
        "output": output,
        "code": code,
        "signal": signal,
        "status": status,
        "message": message,
        "memory": facts.map(|facts| facts.memory_peak),
        "cpu_time": facts.map(|facts| milliseconds(facts.cpu)),
        "wall_time": facts.map(|facts| milliseconds(facts.wall)),
    })
}

fn milliseconds(time: Duration) -> Value {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).into()
}

pub(super) fn compile_ended(compiled: &Compiled) -> Ended {
    match &compiled.end {
        End::Exit(0) => Ended::well(),
        End::Exit(code) => Ended::failed(*code),
        End::Signal(signal) => Ended::by_signal(signal),
        End::Stopped(stop) => stopped(*stop, false),
        End::Trap(why) | End::Broken(why) => Ended::internal(why.clone()),
    }
}

pub(super) fn run_ended(outcome: &Outcome) -> Ended {
    let verdict = &outcome.verdict;
    let message = || verdict.message.clone().unwrap_or_default();
    match (verdict.status, verdict.exit_code, &verdict.signal) {
        (Status::Success, _, _) => Ended::well(),
        (Status::MemoryLimit, Some(code), _) => Ended { message: Some(message()), ..Ended::failed(code) },
        (Status::Error, Some(code), _) => Ended::failed(code),
        (Status::Error, None, Some(signal)) => Ended::by_signal(signal),
        (Status::Error, None, None) => Ended::by("SIGABRT", "SG", message()),
        (Status::Timeout | Status::OutputLimit | Status::Cancelled | Status::MemoryLimit, _, _) => match outcome.facts.as_ref() {
            Some(Facts { end: End::Stopped(stop), .. }) => stopped(*stop, outcome.stderr.len() > outcome.stdout.len()),
            _ => Ended::by("SIGKILL", "SG", message()),
        },
        (Status::CompileError | Status::Internal, _, _) => Ended::internal(message()),
    }
}

fn stopped(stop: Stop, is_stderr: bool) -> Ended {
    match stop {
        Stop::Time | Stop::Fuel => Ended::by("SIGKILL", "TO", "Time limit exceeded".to_owned()),
        Stop::Wall => Ended::by("SIGKILL", "TO", "Time limit exceeded (wall clock)".to_owned()),
        Stop::Output if is_stderr => Ended::by("SIGKILL", "EL", "stderr length exceeded".to_owned()),
        Stop::Output => Ended::by("SIGKILL", "OL", "stdout length exceeded".to_owned()),
        Stop::Memory => Ended::by("SIGKILL", "SG", "Memory limit exceeded".to_owned()),
        Stop::Cancelled => Ended::by_signal("SIGKILL"),
    }
}

impl Ended {
    fn well() -> Self {
        Self { code: Some(0), signal: None, status: None, message: None }
    }

    fn failed(code: i32) -> Self {
        Self { code: Some(code), signal: None, status: Some("RE"), message: Some(format!("Exited with error status {code}")) }
    }

    fn by(signal: &str, status: &'static str, message: String) -> Self {
        Self { code: None, signal: Some(signal.to_owned()), status: Some(status), message: Some(message) }
    }

    fn by_signal(signal: &str) -> Self {
        Self::by(signal, "SG", format!("Caught fatal signal {signal}"))
    }

    fn internal(message: String) -> Self {
        Self { code: None, signal: None, status: Some("XX"), message: Some(message) }
    }
}
