//! A submission under way: runs it as often as it asks, and makes Judge0's status of how it ended. The result is kept, and told to the callback.
//! Called by `judge0`.

use super::ask::Asked;
use super::record::{
    self, ACCEPTED, Blob, COMPILATION, INTERNAL, NZEC, OTHER, Outcome, Record, SIGABRT, SIGFPE, SIGSEGV, SIGXFSZ, TIME_LIMIT, WRONG_ANSWER,
};
use super::{Live, key};
use crate::access::Caller;
use crate::event::{self, Event, Text};
use crate::judge::{End, Facts, Status, Stop};
use crate::protocol::{Code, Refusal, render};
use crate::runner::Run;
use crate::server::Server;
use crate::server::doors::kept::Fault;
use crate::server::doors::{begin, ended, internal, signal_number};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Output in the order in which it came, where both pipes are to be one.
const MERGED: usize = 1 << 20;
/// How long the second and later runs of a submission may wait for a place in the queue.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_secs(1);

/// One that was accepted.
pub(super) struct Begun {
    pub(super) record: Record,
    run: Run,
    live: Live,
    fields: Map<String, Value>,
    runs: u64,
    merges: bool,
    callback: Option<String>,
}

/// Has the first run accepted.
pub(super) fn start(server: &Server, caller: &Caller, asked: Asked, bytes: usize) -> Result<Begun, Refusal> {
    let Asked { mut record, fields, runs, merges, callback } = asked;
    let again = if runs > 1 { fields.clone() } else { Map::new() };
    let (run, _) = begin(server, caller, fields, bytes)?;
    let token = crate::chance::hex::<16>().map_err(|fault| Refusal::new(Code::Internal, format!("no chance: {fault}")))?;
    record.token = uuid(&token);
    record.owner = owner(caller);
    record.created_at = now();
    let live = Live::enter(&server.judge0, &record).ok_or_else(|| Refusal::new(Code::Busy, "as many bytes are held as may be"))?;
    Ok(Begun { record, run, live, fields: again, runs, merges, callback })
}

/// Whose submissions a caller may see.
pub(super) fn owner(caller: &Caller) -> Option<String> {
    match caller.owner(crate::job::Owner::Nobody) {
        crate::job::Owner::Token(name) => Some(name.to_string()),
        crate::job::Owner::Shell | crate::job::Owner::Connection(_) | crate::job::Owner::Bearer | crate::job::Owner::Nobody => None,
    }
}

/// 32 digits as version 4 of what a token is there.
fn uuid(digits: &str) -> String {
    let variant = char::from_digit(digits[16..17].chars().next().and_then(|digit| digit.to_digit(16)).unwrap_or(0) % 4 + 8, 16);
    format!("{}-{}-4{}-{}{}-{}", &digits[..8], &digits[8..12], &digits[13..16], variant.unwrap_or('8'), &digits[17..20], &digits[20..])
}

/// Since 1970, in ms.
pub(super) fn now() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// To its end, and what happens then, whoever still waits for it.
pub(super) async fn follow(server: Arc<Server>, caller: Caller, begun: Begun) -> Record {
    // It is under way until its end can be read; what is still to be told counts among what is held.
    let Begun { mut record, run, live, fields, runs, merges, callback } = begun;
    let mut results = vec![judge(run, &record, merges, &live).await];
    while (results.len() as u64) < runs && results.iter().all(|result| result.status == ACCEPTED) {
        let result = match patiently(&server, &caller, &fields).await {
            Ok(run) => judge(run, &record, merges, &live).await,
            Err(refusal) => broken(refusal.message),
        };
        results.push(result);
    }
    record.result = mean(results);
    record.finished_at = Some(now());
    if let Err(fault) = keep(&server, &record).await {
        tracing::error!("{fault}");
    }
    if let (Some(callback), Ok(told)) = (callback, record.render(&record::USUAL, true)) {
        let telling = server.clone();
        server.connections.spawn(async move {
            let _live = live;
            tell(&telling, render::json(&told), &callback).await;
        });
    }
    record
}

/// Who was let in once is not turned away in the middle for a queue that is full.
async fn patiently(server: &Server, caller: &Caller, fields: &Map<String, Value>) -> Result<Run, Refusal> {
    let trying = async {
        loop {
            match begin(server, caller, fields.clone(), 0) {
                Err(refusal) if matches!(refusal.code, Code::Busy | Code::RateLimited) => {
                    let pause = refusal.details.retry_after_ms.map_or(PAUSE, Duration::from_millis);
                    tokio::time::sleep(pause).await;
                }
                begun => return begun.map(|(run, _)| run),
            }
        }
    };
    let busy = |_| Refusal::new(Code::Busy, "there was no place for all runs of this submission");
    tokio::time::timeout(PATIENCE, trying).await.map_err(busy)?
}

/// The last, with the means of all times.
#[expect(clippy::cast_precision_loss, reason = "twenty at most")]
fn mean(mut results: Vec<Outcome>) -> Outcome {
    let of = |value: fn(&Outcome) -> Option<f64>| {
        let values: Vec<f64> = results.iter().filter_map(value).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    let (time, wall_time) = (of(|result| result.time), of(|result| result.wall_time));
    let memory = results.iter().filter_map(|result| result.memory).sum::<u64>().checked_div(results.len() as u64);
    match results.pop() {
        Some(last) => Outcome { time, wall_time, memory: last.memory.and(memory), ..last },
        None => broken("nothing was run".to_owned()),
    }
}

async fn judge(mut run: Run, record: &Record, merges: bool, live: &Live) -> Outcome {
    let (mut merged, mut outcome) = (Vec::new(), None);
    while let Some(event) = run.next().await {
        match &event {
            Event::Started { .. } => live.process(),
            Event::Output { data, .. } if merges => {
                let bytes = match data {
                    Text::Utf8(text) => text.as_bytes(),
                    Text::Binary(bytes) => bytes,
                };
                merged.extend_from_slice(&bytes[..bytes.len().min(MERGED - merged.len())]);
            }
            Event::Output { .. } | Event::Queued { .. } | Event::Preparing { .. } | Event::Compiled(_) => {}
            Event::Test(_) | Event::Line { .. } | Event::Waiting | Event::Ended(_) => {}
        }
        outcome = ended(event).or(outcome);
    }
    match outcome {
        Some(outcome) => result(*outcome, merges.then_some(merged), record.expected_output.as_ref()),
        None => broken(internal().message),
    }
}

fn broken(message: String) -> Outcome {
    Outcome { status: INTERNAL, message: Some(message), ..Outcome::default() }
}

/// What became of it, in Judge0's words. What is empty is null there.
fn result(outcome: event::Outcome, merged: Option<Vec<u8>>, expected: Option<&Blob>) -> Outcome {
    let event::Outcome { verdict, compiled, facts, stdout, stderr, .. } = outcome;
    let blob = |text: Text| Some(Blob(text.into_bytes())).filter(|blob| !blob.0.is_empty());
    let (stdout, stderr) = match merged {
        Some(merged) => (blob(Text::from_bytes(merged)), None),
        None => (blob(stdout), blob(stderr)),
    };
    let signal = verdict.signal.as_deref().map(signal_number);
    let is_right = || {
        let said = stdout.as_ref().map_or(&[][..], |stdout| &stdout.0);
        expected.is_none_or(|expected| stripped(&expected.0) == stripped(said))
    };
    let stop = match facts.as_ref().map(|facts| &facts.end) {
        Some(End::Stopped(stop)) => Some(*stop),
        _ => None,
    };
    let (status, message) = match verdict.status {
        Status::Success if is_right() => (ACCEPTED, None),
        Status::Success => (WRONG_ANSWER, None),
        Status::Error | Status::MemoryLimit => match (verdict.exit_code, signal) {
            (Some(code), _) => (NZEC, Some(format!("Exited with error status {code}"))),
            (None, Some(signal)) => (of_signal(signal), Some(format!("Caught fatal signal {signal}"))),
            (None, None) => (OTHER, verdict.message),
        },
        Status::Timeout if stop == Some(Stop::Wall) => (TIME_LIMIT, Some("Time limit exceeded (wall clock)".to_owned())),
        Status::Timeout => (TIME_LIMIT, Some("Time limit exceeded".to_owned())),
        Status::OutputLimit => (SIGXFSZ, Some("Caught fatal signal 25".to_owned())),
        Status::CompileError => (COMPILATION, verdict.message.filter(|message| message.contains("limit"))),
        Status::Cancelled | Status::Internal => (INTERNAL, verdict.message.or_else(|| Some("the server is shutting down".to_owned()))),
    };
    Outcome {
        status,
        stdout,
        stderr,
        compile_output: compiled.and_then(|compiled| blob(compiled.output)),
        message,
        exit_code: verdict.exit_code,
        exit_signal: if verdict.status == Status::OutputLimit { Some(25) } else { signal },
        time: facts.as_ref().map(|facts| facts.cpu.as_secs_f64()),
        wall_time: facts.as_ref().map(|facts| facts.wall.as_secs_f64()),
        memory: facts.as_ref().map(|Facts { memory_peak, .. }| memory_peak.div_ceil(1024)),
    }
}

/// Blanks at the ends of lines and lines at the end don't count.
fn stripped(text: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines
}

fn of_signal(signal: u8) -> u8 {
    match signal {
        11 => SIGSEGV,
        25 => SIGXFSZ,
        8 => SIGFPE,
        6 => SIGABRT,
        _ => OTHER,
    }
}

pub(super) async fn keep(server: &Server, record: &Record) -> Result<(), Fault> {
    let about = record.language_id << 8 | u64::from(record.result.status);
    server.kept()?.put(key(&record.token), about, render::json(record).into_bytes()).await
}

/// By PUT, in base64, some times where it fails. A redirect is no answer: it might lead to where nobody may.
async fn tell(server: &Server, body: String, url: &str) {
    for attempt in 1..=super::CALLBACK_TRIES {
        match server.judge0.callbacks.put(url, body.clone()).await {
            Ok(()) => return,
            Err(fault) => tracing::info!("callback, attempt {attempt}: {fault}"),
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = server.ending.cancelled() => return,
        }
    }
}
