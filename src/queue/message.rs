//! Message -> job, by the very parser that reads a socket's frames. What is an object gets an answer, whatever is wrong with it; what is none can't be
//! answered. Called by `work`. Pure.

use super::broker::Envelope;
use crate::config::queue::Events;
use crate::job::{Client, Job, Owner, Priority, Stream, TraceParent};
use crate::protocol::parse::{self, Refused, Request, Rules};
use crate::protocol::{Code, Refusal, body};
use crate::runner::{self, RETRY};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// From here on a message's priority is that of a dialogue.
const INTERACTIVE: u8 = 5;

/// Why a message is no job.
#[derive(Debug)]
pub(super) enum Unfit {
    /// Nobody can be told but who looks through the dead letters.
    Dead(String),
    Answer(Box<Refused>),
}

/// What a job says itself, where a message may say it as well.
#[derive(Default, Deserialize)]
struct Said {
    priority: Option<IgnoredAny>,
    stream: Option<IgnoredAny>,
}

/// `made_up` is its id where neither the job nor its message has one.
pub(super) fn job(text: &str, envelope: &Envelope, rules: &Rules, events: Events, made_up: &str) -> Result<Job, Unfit> {
    let id = envelope.id.as_deref().unwrap_or(made_up);
    let answer = |refusal| Unfit::Answer(Box::new(Refused { id: Some(id.to_owned()), refusal }));
    let frame = match body::run_frame(text, id) {
        Ok(frame) => frame,
        Err(refusal) if refusal.code == Code::BadJson => return Err(Unfit::Dead(refusal.message)),
        Err(refusal) => return Err(answer(refusal)),
    };
    let mut job = match parse::request(&frame, rules) {
        Ok(Request::Run(job)) => *job,
        Ok(_) => return Err(answer(Refusal::of_field(Code::BadField, "type", "only a `run` can be queued"))),
        Err(refused) => {
            return Err(Unfit::Answer(Box::new(Refused { id: refused.id.or_else(|| Some(id.to_owned())), refusal: refused.refusal })));
        }
    };
    if job.interactive {
        let message = "`interactive` needs the socket: to a job in a queue no more input can come\nhint: put all input into `stdin`";
        let refusal = Refusal::of_field(Code::BadField, "interactive", message);
        return Err(Unfit::Answer(Box::new(Refused { id: Some(job.id), refusal })));
    }
    let said: Said = serde_json::from_str(text).unwrap_or_default();
    if let (None, Some(priority)) = (said.priority, envelope.priority) {
        job.priority = if priority >= INTERACTIVE { Priority::Interactive } else { Priority::Batch };
    }
    let tells = match events {
        Events::Always => true,
        Events::Asked => said.stream.is_some(),
        Events::Never => false,
    };
    if !tells || !envelope.has_events {
        job.stream = Stream::Quiet;
    }
    job.owner = Owner::Nobody;
    job.client = Client { key: "queue".into(), live: None, queue: None };
    // What is none is ignored, as everywhere with this header.
    job.trace = job.trace.or_else(|| TraceParent::parse(envelope.trace()?));
    Ok(job)
}

pub(super) fn refusal(refused: &runner::Refused) -> Refusal {
    let message = refused.to_string();
    match refused {
        // A worker sends nothing on: the other is a gateway's.
        runner::Refused::Busy | runner::Refused::Away(_) => {
            let mut refusal = Refusal::new(Code::Busy, message);
            refusal.details.retry_after_ms = u64::try_from(RETRY.as_millis()).ok();
            refusal
        }
        runner::Refused::ShuttingDown => Refusal::new(Code::ShuttingDown, message),
        runner::Refused::Workspace(_) => {
            let hint = "a worker keeps no workspaces\nhint: send the files with the job, or use a server's socket";
            Refusal::of_field(Code::UnknownWorkspace, "workspace", hint)
        }
        runner::Refused::Unavailable { .. } => Refusal::of_field(Code::LanguageUnavailable, "language", message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};
    use crate::toolchain::Toolchains;

    fn read(text: &str, envelope: &Envelope, events: Events) -> Result<Job, Unfit> {
        let config = Config::load(&Sources::default()).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let (toolchains, _) = Toolchains::load(&config.toolchains, &config.limits.usual);
        job(text, envelope, &Rules::new(&config, toolchains), events, "made-up")
    }

    fn refused(text: &str) -> (Option<String>, &'static str) {
        match read(text, &Envelope::default(), Events::Asked) {
            Err(Unfit::Answer(refused)) => (refused.id, refused.refusal.code.word()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_no_object_is_dead() {
        for text in ["{", "", "[1]", "null", "3", "\"text\""] {
            assert!(matches!(read(text, &Envelope::default(), Events::Asked), Err(Unfit::Dead(_))), "{text:?}");
        }
    }

    #[test]
    fn an_object_is_answered() {
        assert_eq!(refused("{}").0.as_deref(), Some("made-up"));
        assert_eq!(refused(r#"{"id": "../x", "language": "cobol", "code": ""}"#), (Some("../x".to_owned()), "unknown_language"));
        assert_eq!(refused(r#"{"id": 3, "language": "python", "code": ""}"#), (Some("made-up".to_owned()), "bad_field"));
        assert_eq!(refused(r#"{"type": "result", "id": "a"}"#).1, "bad_field");
        assert_eq!(refused(r#"{"id": "a", "id": "b"}"#).1, "bad_field");
        let interactive = refused(r#"{"id": "a", "language": "python", "code": "", "interactive": true}"#);
        assert_eq!(interactive, (Some("a".to_owned()), "bad_field"));
    }

    #[test]
    fn the_envelope_counts_where_the_job_is_silent() {
        let envelope = Envelope { id: Some("m".to_owned()), priority: Some(2), has_events: true, ..Envelope::default() };
        let job = |text: &str, events| read(text, &envelope, events).unwrap_or_else(|unfit| panic!("{unfit:?}"));
        let silent = job(r#"{"language": "python", "code": ""}"#, Events::Asked);
        assert_eq!((silent.id.as_str(), silent.priority, silent.stream), ("m", Priority::Batch, Stream::Quiet));
        let said = job(r#"{"id": "j", "language": "python", "code": "", "priority": "interactive", "stream": true}"#, Events::Asked);
        assert_eq!((said.id.as_str(), said.priority, said.stream), ("j", Priority::Interactive, Stream::Live));
        assert_eq!(job(r#"{"language": "python", "code": ""}"#, Events::Always).stream, Stream::Live);
        assert_eq!(job(r#"{"language": "python", "code": "", "stream": true}"#, Events::Never).stream, Stream::Quiet);
    }
}
