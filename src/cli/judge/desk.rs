//! Runs a submission's frames through the runner and gathers what comes back, in the words of the protocol.

use super::frame::{self, Frames, Wishes};
use crate::config::Config;
use crate::event::Event;
use crate::limits::Figures;
use crate::problem::{Files, Problem, Validation};
use crate::protocol::parse::{self, Request, Rules};
use crate::protocol::render;
use crate::runner::Runner;
use crate::toolchain::{Toolchain, Toolchains};
use crate::workspace::Workspaces;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The package or the arguments ask for what can't be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Mistake(String);

/// How a submission fared.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// Of the first case, in order, that was not passed; `cancelled` where the user ended it.
    pub(super) verdict: String,
    /// In the problem's order.
    pub(super) rows: Vec<Row>,
    /// What the compiler said, where it failed; or why nothing was judged.
    pub(super) message: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) verdict: String,
    pub(super) time_ms: Option<f64>,
    pub(super) memory_mb: Option<f64>,
    pub(super) message: Option<String>,
}

impl Row {
    fn skipped(id: &str) -> Self {
        Self { id: id.to_owned(), verdict: "SK".to_owned(), time_ms: None, memory_mb: None, message: None }
    }
}

impl Judged {
    pub(super) fn max_time_ms(&self) -> Option<f64> {
        self.rows.iter().filter_map(|row| row.time_ms).reduce(f64::max)
    }

    pub(super) fn max_memory_mb(&self) -> Option<f64> {
        self.rows.iter().filter_map(|row| row.memory_mb).reduce(f64::max)
    }
}

pub(super) struct Desk {
    config: Config,
    pub(super) toolchains: Toolchains,
    rules: Rules,
    runner: Arc<Runner>,
    cancel: CancellationToken,
    on_interrupt: tokio::task::JoinHandle<()>,
}

impl Desk {
    pub(super) fn new(config: &Config, toolchains: Toolchains, jobs: Option<usize>) -> Self {
        let size = super::super::Size { cells: jobs.unwrap_or_else(|| config.cells()), pool: 0, warm: false };
        let cancel = CancellationToken::new();
        let cancelled = cancel.clone();
        let on_interrupt = tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                cancelled.cancel();
            }
        });
        let rules = Rules::new(config, toolchains.clone());
        Self {
            runner: super::super::runner(config, &toolchains, Workspaces::absent(config.workspaces()), size),
            config: config.clone(),
            toolchains,
            rules,
            cancel,
            on_interrupt,
        }
    }

    pub(super) async fn close(&self) {
        self.on_interrupt.abort();
        self.runner.engines().shut_down().await;
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    pub(super) fn most(&self) -> &Figures {
        &self.config.limits.most
    }

    pub(super) fn language(&self, named: Option<&str>, files: &Files) -> anyhow::Result<Arc<Toolchain>> {
        let found = match named {
            Some(name) => self.toolchains.find(name).cloned().ok_or_else(|| {
                let names = self.toolchains.names();
                Mistake(format!("unknown language `{name}`\nhint: there are {names}"))
            }),
            None => frame::language_of(&self.toolchains, files).map_err(|fault| Mistake(format!("{fault:#}"))),
        };
        Ok(found?)
    }

    pub(super) async fn judge(
        &self,
        problem: &Problem,
        name: &str,
        toolchain: &Arc<Toolchain>,
        files: &Files,
        wishes: &Wishes,
    ) -> anyhow::Result<Judged> {
        let size: u64 = files.values().map(|bytes| bytes.len() as u64).sum();
        if let Some(most) = problem.settings.code_bytes.filter(|most| size > *most) {
            let message = format!("the submission has {size} bytes, the most that the problem allows is {most}");
            let rows = problem.cases.iter().map(|case| Row::skipped(&case.id)).collect();
            return Ok(Judged { verdict: "CE".to_owned(), rows, message: Some(message) });
        }
        self.make_ready(problem, toolchain).await?;
        let most = self.most();
        let frames = Frames { problem, toolchains: &self.toolchains, most, toolchain, name, files, wishes };
        let bar = progress(problem.cases.len(), name);
        let mut judged = Judged::default();
        let mut rest = problem.cases.as_slice();
        while !rest.is_empty() {
            let batch = frames.next(rest).map_err(|fault| Mistake(format!("{fault:#}")))?;
            let (cases, after) = rest.split_at(batch.cases);
            let ended = self.judge_frame(batch.frame, &bar).await?;
            for case in cases {
                judged.rows.push(ended.row(&case.id));
            }
            judged.message = judged.message.or(ended.message);
            rest = after;
            let failed = judged.rows.iter().find(|row| !matches!(row.verdict.as_str(), "AC" | "SK")).map(|row| row.verdict.clone());
            let is_over = matches!(ended.verdict.as_str(), "CE" | "cancelled" | "JE");
            judged.verdict = if is_over { ended.verdict } else { failed.clone().unwrap_or_else(|| "AC".to_owned()) };
            if is_over || (wishes.stop && failed.is_some()) {
                judged.rows.extend(rest.iter().map(|case| Row::skipped(&case.id)));
                break;
            }
        }
        bar.finish_and_clear();
        Ok(judged)
    }

    /// The languages of the submission and of the package's validator.
    async fn make_ready(&self, problem: &Problem, toolchain: &Toolchain) -> anyhow::Result<()> {
        super::super::run::make_ready(&self.config, &self.runner, toolchain).await?;
        if let Validation::Custom(files) | Validation::Interactive(files) = &problem.validation {
            let validator =
                frame::language_of(&self.toolchains, files).map_err(|fault| Mistake(format!("the package's validator: {fault:#}")))?;
            super::super::run::make_ready(&self.config, &self.runner, &validator).await?;
        }
        Ok(())
    }

    /// One run: parsed as if a client had sent it, its result read as a client would.
    async fn judge_frame(&self, frame: Value, bar: &ProgressBar) -> anyhow::Result<Ended> {
        let job = match parse::request(&frame.to_string(), &self.rules) {
            Ok(Request::Run(job)) => *job,
            Ok(_) => anyhow::bail!("not a run"),
            Err(refused) => return Err(Mistake(refused.refusal.message).into()),
        };
        drop(frame);
        let mut run = self.runner.start(job, self.cancel.clone())?;
        while let Some(event) = run.next().await {
            match event {
                Event::Test(_) => bar.inc(1),
                Event::Preparing { what, .. } => bar.set_message(what),
                Event::Ended(outcome) => {
                    let result = render::result(&run.job().id, run.job().meta.as_deref(), &outcome);
                    return Ok(Ended::of_result(&serde_json::from_str(&result)?));
                }
                Event::Queued { .. } | Event::Started { .. } | Event::Compiled(_) => {}
                Event::Output { .. } | Event::Line { .. } | Event::Waiting => {}
            }
        }
        anyhow::bail!("a run ended without a result")
    }
}

/// What one frame came to.
#[derive(Debug, Default)]
struct Ended {
    verdict: String,
    rows: Vec<Row>,
    message: Option<String>,
}

impl Ended {
    fn of_result(result: &Value) -> Self {
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let rows = result["test_results"]["visible"].as_array().into_iter().flatten().map(|test| Row {
            id: text(&test["id"]).unwrap_or_default(),
            verdict: text(&test["verdict"]).unwrap_or_default(),
            time_ms: test["cpu_time_ms"].as_f64(),
            memory_mb: test["memory_usage_mb"].as_f64(),
            message: match (text(&test["message"]), text(&test["error"])) {
                (Some(message), Some(error)) => Some(format!("{message}\n{error}")),
                (message, error) => message.or(error),
            },
        });
        let (verdict, message) = match result["execution"]["status"].as_str() {
            Some("compile_error") => {
                ("CE".to_owned(), text(&result["compile"]["output"]).or_else(|| text(&result["execution"]["message"])))
            }
            Some("cancelled") => ("cancelled".to_owned(), None),
            Some("internal") => ("JE".to_owned(), text(&result["execution"]["message"])),
            _ => (text(&result["summary"]["verdict"]).unwrap_or_else(|| "JE".to_owned()), None),
        };
        Self { verdict, rows: rows.collect(), message }
    }

    fn row(&self, id: &str) -> Row {
        self.rows.iter().find(|row| row.id == id).cloned().unwrap_or_else(|| Row::skipped(id))
    }
}

/// On a terminal only, on stderr.
fn progress(cases: usize, name: &str) -> ProgressBar {
    let bar = ProgressBar::new(cases as u64).with_message(super::table::printable(name));
    let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {elapsed:>4} {wide_msg}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
