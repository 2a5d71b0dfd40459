//! `runnel toolchains`: what there is, make it ready, see that it works.

use super::{FAILED, SettingsArguments};
use crate::config::Config;
use crate::engine::docker::Docker;
use crate::engine::wasm::guests::{Cache, Progress};
use crate::engine::{Changes, Readiness};
use crate::toolchain::{Kind, Toolchain, Toolchains};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::block_in_place;

#[derive(Debug, Subcommand)]
pub(super) enum ToolchainsCommand {
    /// Name, version, engine and state of each
    List,
    /// Make toolchains ready: guests for cells, images for containers
    Build {
        names: Vec<String>,
        /// Only those of one engine
        #[arg(long, value_parser = ["wasm", "docker"], conflicts_with = "names")]
        engine: Option<String>,
        /// Copy guests into this folder too, for servers that have it as `prepared`
        #[arg(long, value_name = "FOLDER")]
        into: Option<PathBuf>,
    },
    /// Run each toolchain's example; exit code 1 where one fails
    Check { names: Vec<String> },
}

pub(super) fn toolchains(settings: &SettingsArguments, command: &ToolchainsCommand) -> anyhow::Result<ExitCode> {
    let (config, toolchains) = match settings.load_or_tell() {
        Ok(loaded) => loaded,
        Err(code) => return Ok(code),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    match command {
        ToolchainsCommand::List => {
            runtime.block_on(list(&config, &toolchains));
            Ok(ExitCode::SUCCESS)
        }
        ToolchainsCommand::Build { names, engine, into } => {
            let mut which = named(&toolchains, names)?;
            which.retain(|toolchain| engine.as_ref().is_none_or(|engine| toolchain.kind.engine() == engine));
            runtime.block_on(build(&config, &toolchains, &which, into.as_deref()))
        }
        ToolchainsCommand::Check { names } => super::run::check_examples(&config, &toolchains, &named(&toolchains, names)?),
    }
}

fn named(toolchains: &Toolchains, names: &[String]) -> anyhow::Result<Vec<Arc<Toolchain>>> {
    if names.is_empty() {
        return Ok(toolchains.iter().cloned().collect());
    }
    let find = |name: &String| {
        toolchains.find(name).cloned().ok_or_else(|| anyhow::anyhow!("unknown toolchain `{name}`\nhint: there are {}", toolchains.names()))
    };
    names.iter().map(find).collect()
}

async fn list(config: &Config, toolchains: &Toolchains) {
    let cache = Cache::new(config.cache(), config.prepared());
    let docker = Docker::new(super::docker(config, 0), toolchains.clone(), Changes::new(), super::metrics(toolchains));
    docker.start();
    docker.looked().await;
    for toolchain in toolchains.iter() {
        let (state, why) = match &toolchain.kind {
            Kind::Wasm { .. } if cache.find(toolchain).is_some() => ("ready", String::new()),
            Kind::Wasm { .. } => ("not built", String::new()),
            Kind::Docker(recipe) => match docker.readiness(&docker.reference(toolchain, recipe)) {
                Readiness::Ready => ("ready", String::new()),
                Readiness::Preparing { .. } => ("not built", String::new()),
                Readiness::Unavailable(why) => ("unavailable", why.lines().next().unwrap_or_default().to_owned()),
            },
        };
        let aliases = toolchain.aliases.join(" ");
        println!("{:12} {:24} {:8} {:12} {aliases:24} {why}", toolchain.name, toolchain.version, toolchain.kind.engine(), state);
    }
    docker.shut_down().await;
}

async fn build(config: &Config, toolchains: &Toolchains, which: &[Arc<Toolchain>], into: Option<&Path>) -> anyhow::Result<ExitCode> {
    let cache = Cache::new(config.cache(), config.prepared());
    let changes = Changes::new();
    let docker = Docker::new(super::docker(config, 0), toolchains.clone(), changes.clone(), super::metrics(toolchains));
    if which.iter().any(|toolchain| matches!(toolchain.kind, Kind::Docker(_))) {
        docker.start();
        docker.looked().await;
    }
    let mut code = ExitCode::SUCCESS;
    for toolchain in which {
        let start = Instant::now();
        let steps = Steps::new(&toolchain.name);
        let built = match &toolchain.kind {
            // It runs for minutes, and has a runtime of its own for a while.
            Kind::Wasm { .. } => block_in_place(|| match into {
                Some(into) => cache.copy(toolchain, into, |progress| steps.tell(&progress)),
                None => cache.prepare(toolchain, |progress| steps.tell(&progress)).map(drop),
            }),
            Kind::Docker(recipe) => build_image(&docker, &changes, &docker.reference(toolchain, recipe), &steps).await,
        };
        steps.finish();
        match built {
            Ok(()) if start.elapsed() < Duration::from_secs(1) => eprintln!("{:12} ready", toolchain.name),
            Ok(()) => eprintln!("{:12} ready after {:.0} s", toolchain.name, start.elapsed().as_secs_f32()),
            Err(fault) => {
                eprintln!("error: {fault:#}");
                code = ExitCode::from(FAILED);
            }
        }
    }
    docker.shut_down().await;
    Ok(code)
}

async fn build_image(docker: &Docker, changes: &Changes, reference: &str, steps: &Steps) -> anyhow::Result<()> {
    let mut changed = changes.subscribe();
    docker.want(reference);
    let mut told = None;
    loop {
        match docker.readiness(reference) {
            Readiness::Ready => return Ok(()),
            Readiness::Unavailable(why) => anyhow::bail!(why),
            Readiness::Preparing { what, share } => {
                if told.as_ref() != Some(&what) {
                    steps.tell(&Progress { what: &what, share });
                    told = Some(what);
                }
            }
        }
        changed.changed().await?;
    }
}

/// Progress as a bar on a terminal, as lines elsewhere.
pub(super) struct Steps {
    name: String,
    bar: ProgressBar,
    start: Instant,
}

impl Steps {
    pub(super) fn new(name: &str) -> Self {
        let bar = ProgressBar::new(100).with_prefix(name.to_owned());
        let style = ProgressStyle::with_template("{prefix:12} {bar:24} {percent:>3} % {elapsed:>4} {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { name: name.to_owned(), bar, start: Instant::now() }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share is between 0 and 1")]
    pub(super) fn tell(&self, progress: &Progress<'_>) {
        let percent = (progress.share.clamp(0.0, 1.0) * 100.0) as u64;
        if self.bar.is_hidden() {
            eprintln!("{:12} {percent:>3} % {:>4.0} s  {}", self.name, self.start.elapsed().as_secs_f32(), progress.what);
        }
        self.bar.set_position(percent);
        self.bar.set_message(progress.what.to_owned());
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
