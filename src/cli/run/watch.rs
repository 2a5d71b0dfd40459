//! `runnel run --watch`: runs again whenever a file of the program has changed; what still runs then is ended. Called by `run`.

use super::{RunArguments, attend, job, make_ready};
use crate::config::Config;
use crate::runner::Runner;
use crate::toolchain::Toolchains;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

/// Between two looks. Looked at, not listened for: editors replace files in more ways than notices tell.
const LOOK: Duration = Duration::from_millis(100);
/// Clears the screen and what is above it.
const CLEAR: &str = "\x1b[2J\x1b[3J\x1b[H";

/// Until it is interrupted.
pub(super) async fn watch(config: &Config, toolchains: &Toolchains, runner: &Arc<Runner>, arguments: &RunArguments) -> anyhow::Result<u8> {
    let files: Vec<PathBuf> = std::iter::once(arguments.program.clone())
        .chain(arguments.files.iter().map(|file| PathBuf::from(file.split_once('=').map_or(file.as_str(), |(path, _)| path))))
        .collect();
    loop {
        let before = stamps(&files);
        if std::io::stdout().is_terminal() {
            print!("{CLEAR}");
            std::io::stdout().flush()?;
        }
        let cancel = CancellationToken::new();
        let once = async {
            match once(config, toolchains, runner, arguments.clone(), cancel.clone()).await {
                Ok(()) => eprintln!("runnel: waiting for a change"),
                Err(fault) => eprintln!("error: {fault:#}"),
            }
            std::future::pending::<()>().await;
        };
        let changed = async {
            while stamps(&files) == before {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            () = once => {}
            // Dropping a run ends its program.
            () = changed => {}
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                return Ok(super::CANCELLED);
            }
        }
    }
}

async fn once(
    config: &Config,
    toolchains: &Toolchains,
    runner: &Arc<Runner>,
    arguments: RunArguments,
    cancel: CancellationToken,
) -> anyhow::Result<()> {
    let json = arguments.json;
    let job = job(config, toolchains, arguments)?;
    make_ready(config, runner, &job.toolchain).await?;
    attend(runner.start(job, cancel)?, json).await.map(drop)
}

/// What tells that something has changed: a file's time and size, and for folders those of all that is below.
fn stamps(files: &[PathBuf]) -> Vec<(PathBuf, Option<SystemTime>, u64)> {
    let mut all = Vec::new();
    files.iter().for_each(|file| stamp(file, &mut all));
    all
}

fn stamp(path: &Path, all: &mut Vec<(PathBuf, Option<SystemTime>, u64)>) {
    let Ok(data) = std::fs::metadata(path) else {
        all.push((path.to_owned(), None, 0));
        return;
    };
    all.push((path.to_owned(), data.modified().ok(), data.len()));
    if data.is_dir() {
        let mut below: Vec<PathBuf> = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        below.sort_unstable();
        below.iter().for_each(|path| stamp(path, all));
    }
}
