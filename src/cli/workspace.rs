//! `runnel workspace`: the workspaces that `runnel run --workspace` has made here.

use super::{SettingsArguments, USAGE};
use crate::job::{JobPath, Owner};
use crate::listing::{Listed, Listing};
use crate::workspace::{Fault, Workspaces};
use anyhow::Context;
use clap::Subcommand;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Debug, Subcommand)]
#[command(after_help = "exit codes: 0 done, 2 there is no such workspace or file, 70 our fault")]
pub(super) enum WorkspaceCommand {
    /// What a workspace holds, or without a name which there are
    List {
        name: Option<String>,
        /// A folder of it
        path: Option<String>,
    },
    /// Print a file
    Read { name: String, path: String },
    /// Remove a workspace with all that it holds
    Close { name: String },
}

pub(super) fn workspace(settings: &SettingsArguments, command: &WorkspaceCommand) -> anyhow::Result<ExitCode> {
    let (config, _) = match settings.load_or_tell() {
        Ok(loaded) => loaded,
        Err(code) => return Ok(code),
    };
    let workspaces = Workspaces::new(config.shell_workspaces(), true);
    match done(&workspaces, command) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(fault) if fault.downcast_ref::<Fault>().is_some_and(Fault::is_ours) => Err(fault),
        Err(fault) => {
            eprintln!("error: {fault:#}");
            Ok(ExitCode::from(USAGE))
        }
    }
}

fn done(workspaces: &Arc<Workspaces>, command: &WorkspaceCommand) -> anyhow::Result<()> {
    let owner = Owner::Shell;
    let mut out = std::io::stdout().lock();
    match command {
        WorkspaceCommand::List { name: None, .. } => workspaces.all(&owner).iter().try_for_each(|name| writeln!(out, "{name}"))?,
        WorkspaceCommand::List { name: Some(name), path } => {
            let path = path.as_deref().unwrap_or_default().trim_end_matches('/');
            let entries = workspaces.list(&owner, name, path)?;
            entries.iter().try_for_each(|entry| writeln!(out, "{}", line(entry)))?;
        }
        WorkspaceCommand::Read { name, path } => {
            let path = JobPath::parse(path).with_context(|| format!("the path `{path}`"))?;
            out.write_all(&workspaces.read(&owner, name, &path, u64::MAX)?.bytes)?;
        }
        WorkspaceCommand::Close { name } => {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
            runtime.block_on(workspaces.close(&owner, name))?;
        }
    }
    Ok(())
}

/// Mode, size and name, as `ls -l` would.
fn line(entry: &Listed) -> String {
    let Listed { name, kind, size, modified: _, executable } = entry;
    let mode = match (kind, executable) {
        (Listing::Folder, _) => "drwxr-xr-x",
        (Listing::Link, _) => "lrwxrwxrwx",
        (Listing::File, true) => "-rwxr-xr-x",
        (Listing::File, false) => "-rw-r--r--",
    };
    format!("{mode} {size:>10} {name}")
}
