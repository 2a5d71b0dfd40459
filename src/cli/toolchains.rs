//! `runnel toolchains`: what there is, make it ready, see that it works.

use super::{FAILED, SettingsArguments};
use crate::engine::wasm::guests::{Cache, Progress};
use crate::toolchain::{Toolchain, Toolchains};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[derive(Debug, Subcommand)]
pub(super) enum ToolchainsCommand {
    /// Name, version, engine and state of each
    List,
    /// Make toolchains ready; all of them, or those named
    Build { names: Vec<String> },
    /// Run each toolchain's example; exit code 1 where one fails
    Check { names: Vec<String> },
}

pub(super) fn toolchains(settings: &SettingsArguments, command: &ToolchainsCommand) -> anyhow::Result<ExitCode> {
    let (config, toolchains) = match settings.load_or_tell() {
        Ok(loaded) => loaded,
        Err(code) => return Ok(code),
    };
    let cache = Cache::new(config.cache());
    match command {
        ToolchainsCommand::List => {
            for toolchain in toolchains.iter() {
                let state = if cache.find(toolchain).is_some() { "ready" } else { "not built" };
                let aliases = toolchain.aliases.join(" ");
                println!("{:12} {:24} {:8} {:10} {aliases}", toolchain.name, toolchain.version, toolchain.kind.engine(), state);
            }
            Ok(ExitCode::SUCCESS)
        }
        ToolchainsCommand::Build { names } => build(&cache, &named(&toolchains, names)?),
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

fn build(cache: &Cache, toolchains: &[Arc<Toolchain>]) -> anyhow::Result<ExitCode> {
    for toolchain in toolchains {
        if cache.find(toolchain).is_some() {
            eprintln!("{:12} ready", toolchain.name);
            continue;
        }
        let start = Instant::now();
        let steps = Steps::new(&toolchain.name);
        let native = cache.prepare(toolchain, |progress| steps.tell(&progress));
        steps.bar.finish_and_clear();
        if let Err(fault) = native {
            eprintln!("error: {fault:#}");
            return Ok(ExitCode::from(FAILED));
        }
        eprintln!("{:12} ready after {:.0} s", toolchain.name, start.elapsed().as_secs_f32());
    }
    Ok(ExitCode::SUCCESS)
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
