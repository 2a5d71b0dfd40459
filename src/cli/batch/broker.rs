//! `--queue`: jobs go to a broker, and answers come back from whichever worker ran them. One connection, made anew when it is lost; what was under way on
//! it is asked for again, so that a job may be run twice and is written once.

use super::lines::Job;
use super::results::Last;
use super::tally::Tally;
use super::{Answer, Fault};
use crate::chance;
use crate::config::Config;
use crate::lock::lock;
use crate::protocol::{Code, Refusal};
use crate::queue::Fault as BrokerFault;
use crate::queue::ask::{Answers, Asker, Heard};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

/// To connect, all in all.
const CONNECTING: Duration = Duration::from_secs(30);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(500);
/// Bytes of chance in the word that tells our answers from others'.
const CHANCE: usize = 8;

pub(super) struct Broker {
    config: Config,
    /// Ours alone.
    word: String,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
    /// When something was heard last, or the connection was lost.
    heard: Mutex<Instant>,
    patience: Duration,
    tally: Arc<Tally>,
}

enum State {
    Down(String),
    Up(Arc<Session>),
    /// It answered, and will not have us.
    Refused(String),
}

struct Session {
    asker: Asker,
    pending: Mutex<HashMap<String, oneshot::Sender<Answer>>>,
    /// Told by who could not send.
    is_broken: Notify,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

impl Broker {
    pub(super) fn new(config: Config, patience: Duration, tally: Arc<Tally>) -> Arc<Self> {
        let word = chance::hex::<CHANCE>().unwrap_or_default();
        let state = Mutex::new(State::Down("not tried yet".to_owned()));
        Arc::new(Self { config, word, state, changes: watch::Sender::new(0), heard: Mutex::new(Instant::now()), patience, tally })
    }

    /// What keeps the connection up; ends when dropped.
    pub(super) fn keep(self: &Arc<Self>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        tasks.spawn(self.clone().keep_connected());
        tasks
    }

    pub(super) async fn ask(&self, job: &Job) -> Result<Answer, Fault> {
        let most = self.config.connection.max_frame_bytes();
        if job.frame.len() > most {
            // A worker could only put it to the dead letters.
            let message = format!("the job has {} bytes, the most that a worker reads is {most}", job.frame.len());
            return Ok(Answer::Last(Last::of_refusal(&Refusal::new(Code::TooLarge, message))));
        }
        let session = self.session().await?;
        let word = format!("{}.{}", self.word, job.line);
        let (tell, mut told) = oneshot::channel();
        lock(&session.pending).insert(word.clone(), tell);
        match session.asker.send(&job.id, &word, &job.frame).await {
            Ok(()) => {}
            Err(BrokerFault::Refused(why)) => return Err(Fault::NoBroker(why)),
            Err(BrokerFault::Away(_)) => {
                session.is_broken.notify_one();
                lock(&session.pending).remove(&word);
                return Ok(Answer::Lost);
            }
        }
        loop {
            let until = *lock(&self.heard) + self.patience;
            match timeout_at(until, &mut told).await {
                Ok(answer) => return Ok(answer.unwrap_or(Answer::Lost)),
                Err(_) if Instant::now() >= *lock(&self.heard) + self.patience => {
                    let why = "nothing was heard of any job for so long: is there a worker, and what is among the dead letters?";
                    return Err(Fault::NoBroker(why.to_owned()));
                }
                Err(_) => {}
            }
        }
    }

    async fn session(&self) -> Result<Arc<Session>, Fault> {
        let mut changes = self.changes.subscribe();
        loop {
            let why = match &*lock(&self.state) {
                State::Up(session) => return Ok(session.clone()),
                State::Refused(why) => return Err(Fault::NoBroker(why.clone())),
                State::Down(why) => why.clone(),
            };
            let until = *lock(&self.heard) + self.patience;
            if timeout_at(until, changes.changed()).await.is_err() {
                return Err(Fault::NoBroker(why));
            }
        }
    }

    async fn keep_connected(self: Arc<Self>) {
        let mut told = None;
        loop {
            let why = match timeout(CONNECTING, Asker::connect(&self.config, true)).await {
                Ok(Ok((asker, answers))) => {
                    told = None;
                    self.converse(asker, answers).await
                }
                Ok(Err(BrokerFault::Refused(why))) => return self.set(State::Refused(why)),
                Ok(Err(BrokerFault::Away(why))) => why,
                Err(_) => format!("no answer within {} s", CONNECTING.as_secs()),
            };
            if told.as_ref() != Some(&why) {
                self.tally.say(&format!("the broker: {why}; trying again"));
                told = Some(why.clone());
            }
            self.set(State::Down(why));
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn set(&self, state: State) {
        *lock(&self.state) = state;
        self.changes.send_modify(|count| *count += 1);
    }

    /// Until the connection is lost, and why it was.
    async fn converse(&self, asker: Asker, mut answers: Answers) -> String {
        let session = Arc::new(Session { asker, pending: Mutex::default(), is_broken: Notify::new() });
        self.set(State::Up(session.clone()));
        let why = loop {
            let heard = tokio::select! {
                heard = answers.recv() => heard,
                () = session.is_broken.notified() => break "a job could not be sent".to_owned(),
            };
            match heard {
                Some(Ok(heard)) => self.take(&session, heard),
                Some(Err(fault)) => break fault.to_string(),
                None => break "the connection was lost".to_owned(),
            }
        };
        *lock(&self.heard) = Instant::now();
        // In this order: who learns that a job is lost finds the connection down.
        self.set(State::Down(why.clone()));
        lock(&session.pending).clear();
        why
    }

    fn take(&self, session: &Session, heard: Heard) {
        let Some(waiting) = lock(&session.pending).remove(&heard.word) else { return };
        *lock(&self.heard) = Instant::now();
        let text = String::from_utf8_lossy(&heard.body);
        let answer = match serde_json::from_str::<Head<'_>>(&text) {
            Ok(head) if head.kind == "result" => Last::of_result(&text),
            Ok(head) if head.kind == "error" => Last::of_error(&text),
            Ok(_) | Err(_) => {
                let message = "the answer is neither a `result` nor an `error`: do the workers speak a dialect?";
                Last::of_refusal(&Refusal::new(Code::Internal, message))
            }
        };
        // Who waited may be gone: the batch is being stopped.
        let _ = waiting.send(Answer::Last(answer));
    }
}
