//! `--local`: jobs run in this process, through the same way in as a server's.

use super::Answer;
use super::lines::Job;
use super::results::Last;
use super::tally::Tally;
use crate::cli::{Size, serve};
use crate::config::Config;
use crate::event::Event;
use crate::protocol::parse::{self, Request, Rules};
use crate::protocol::{Code, Refusal, render};
use crate::runner::{RETRY, Refused, Runner};
use crate::toolchain::{Kind, Toolchains};
use crate::workspace::Workspaces;
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub(super) struct Local {
    runner: Arc<Runner>,
    rules: Rules,
}

impl Local {
    /// Starts the engines; beside them, what prepares the languages that are not ready.
    pub(super) async fn start(config: &Config, toolchains: &Toolchains, tally: &Tally) -> anyhow::Result<(Self, JoinSet<()>)> {
        // No warm containers: a batch uses them up faster than they are made.
        let runner = crate::cli::runner(
            config,
            toolchains,
            Workspaces::absent(config.workspaces()),
            Size { cells: config.cells(), pool: 0, warm: true },
        );
        tally.name_languages(toolchains.iter().map(|toolchain| (toolchain.name.clone(), toolchain.aliases.clone())));
        let mut tasks = JoinSet::new();
        tasks.spawn(serve::start_engines(config, toolchains, &runner).await?);
        Ok((Self { runner, rules: Rules::new(config, toolchains.clone()) }, tasks))
    }

    pub(super) async fn ask(&self, job: &Job) -> Answer {
        let parsed = match parse::request(&job.frame, &self.rules) {
            Ok(Request::Run(parsed)) => *parsed,
            Ok(_) => {
                return Answer::Last(Last::of_refusal(&Refusal::new(Code::BadFrame, "a job is a `run`")));
            }
            Err(refused) => return Answer::Last(Last::of_refusal(&refused.refusal)),
        };
        if let Kind::Docker(_) = parsed.toolchain.kind {
            self.runner.engines().docker.looked().await;
        }
        let mut run = match self.runner.start(parsed, CancellationToken::new()) {
            Ok(run) => run,
            Err(Refused::Busy | Refused::Away(_)) => return Answer::Busy(Some(RETRY)),
            Err(refused @ Refused::Workspace(_)) => {
                return Answer::Last(Last::of_refusal(&Refusal::of_field(Code::UnknownWorkspace, "workspace", refused.to_string())));
            }
            Err(refused @ Refused::ShuttingDown) => {
                return Answer::Last(Last::of_refusal(&Refusal::new(Code::ShuttingDown, refused.to_string())));
            }
            Err(refused @ Refused::Unavailable { .. }) => {
                return Answer::Last(Last::of_refusal(&Refusal::of_field(Code::LanguageUnavailable, "language", refused.to_string())));
            }
        };
        let mut frame = None;
        while let Some(event) = run.next().await {
            if let Event::Ended(outcome) = event {
                frame = Some(render::result(&run.job().id, run.job().meta.as_deref(), &outcome));
            }
        }
        frame.map_or(Answer::Lost, |frame| Answer::Last(Last::of_result(&frame)))
    }

    pub(super) async fn shut_down(&self) {
        self.runner.engines().shut_down().await;
    }
}
