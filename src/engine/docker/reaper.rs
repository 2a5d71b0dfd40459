//! Removes what servers left behind that are no more: containers whose owner has died, and our own that nobody
//! knows. A container carries its owner in its labels, so that two servers never reap each other's. Called by
//! `engine::docker` at the start and from time to time.

use super::{Connection, container, in_words};
use bollard::errors::Error;
use bollard::models::{ContainerSummary, ContainerSummaryStateEnum};
use bollard::query_parameters::ListContainersOptionsBuilder;
use std::collections::HashMap;
use std::time::{Duration, SystemTime};

/// Which server made it.
pub(super) const INSTANCE: &str = "runnel.instance";
/// Where that server runs: machine, process and its start.
pub(super) const OWNER: &str = "runnel.owner";
/// How long docker may take in one round.
const ROUND: Duration = Duration::from_secs(60);
/// One that is not running is left alone for a while: it may be just about to start.
const YOUNG: Duration = Duration::from_secs(300);

/// A process, told apart from all others of all machines and times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    /// The kernel's boot and the process namespace: numbers of processes mean something only there.
    place: String,
    process: u32,
    /// When it started, in the kernel's ticks.
    start: u64,
}

impl Owner {
    pub(super) fn this() -> Self {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let namespace = std::fs::read_link("/proc/self/ns/pid").map(|path| path.display().to_string()).unwrap_or_default();
        let process = std::process::id();
        Self { place: format!("{} {namespace}", boot.trim()), process, start: start_of(process).unwrap_or(0) }
    }

    pub(super) fn label(&self) -> String {
        format!("{} {} {}", self.process, self.start, self.place)
    }

    fn parse(label: &str) -> Option<Self> {
        let mut parts = label.splitn(3, ' ');
        let (process, start, place) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { place: place.to_owned(), process: process.parse().ok()?, start: start.parse().ok()? })
    }

    /// Whether it is known to be dead; of a process elsewhere nothing is known.
    fn is_dead(&self, this: &Self) -> bool {
        // `/proc` may be mounted so that it hides other users' processes: then only a signal tells whether there is one.
        let is_another = || start_of(self.process).map_or_else(|| !exists(self.process), |start| start != self.start);
        self.place == this.place && is_another()
    }
}

fn exists(process: u32) -> bool {
    let process = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw);
    process.is_some_and(|process| rustix::process::test_kill_process(process) != Err(rustix::io::Errno::SRCH))
}

/// The 22nd field of a process's stat: when it started.
fn start_of(process: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(19)?.parse().ok()
}

/// Removes what is left of servers that are dead; and all of `stale`, an instance that is known to have none in use.
pub(super) async fn reap(connection: &Connection, stale: Option<&str>) -> Result<(), Error> {
    let filters = HashMap::from([("label", vec![INSTANCE])]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let found = connection.api.list_containers(Some(options)).await?;
    let this = Owner::this();
    let is_stale = |summary: &ContainerSummary| stale.is_some_and(|instance| label(summary, INSTANCE) == instance);
    let left = found.into_iter().filter(|summary| is_stale(summary) || is_left(summary, &this));
    let left: Vec<String> = left.filter_map(|summary| summary.id).collect();
    // What can't be removed now, or is being removed already, is found again in the next round.
    let removed = futures_util::future::join_all(left.iter().map(|id| container::remove(connection, id)));
    if let Ok(removed) = tokio::time::timeout(ROUND, removed).await {
        for fault in removed.into_iter().filter_map(Result::err) {
            if !matches!(fault, Error::DockerResponseServerError { status_code: 409, .. }) {
                tracing::warn!("a container that was left behind could not be removed: {}", in_words(&fault));
            }
        }
    }
    Ok(())
}

fn label<'a>(summary: &'a ContainerSummary, name: &str) -> &'a str {
    summary.labels.as_ref().and_then(|labels| labels.get(name)).map_or("", String::as_str)
}

fn is_left(summary: &ContainerSummary, this: &Owner) -> bool {
    if Owner::parse(label(summary, OWNER)).is_some_and(|owner| owner.is_dead(this)) {
        return true;
    }
    // A running one ends by itself when its server goes, wherever that is; one that never started, or ended, does not.
    let running = summary.state == Some(ContainerSummaryStateEnum::RUNNING);
    let created = Duration::from_secs(summary.created.and_then(|at| u64::try_from(at).ok()).unwrap_or(0));
    let age = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().saturating_sub(created);
    !running && age > YOUNG
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners() {
        let this = Owner::this();
        assert_eq!(Owner::parse(&this.label()), Some(this.clone()));
        assert!(!this.is_dead(&this), "this process lives");
        assert!(Owner { start: this.start + 1, ..this.clone() }.is_dead(&this), "another process of that number");
        assert!(!Owner { place: "elsewhere".into(), process: 1, start: 0 }.is_dead(&this), "nothing is known of other machines");
        assert_eq!(Owner::parse("x"), None);
    }
}
