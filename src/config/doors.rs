//! `[doors]`: which other systems' clients find their own words here. Part of the configuration.

use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doors {
    pub piston: bool,
    /// A version that is not here gets the one that is.
    pub piston_any_version: bool,
    pub judge0: bool,
    pub jobe: bool,
    pub fusion: bool,
    /// Hosts that may be told of results.
    pub callback_hosts: Vec<String>,
    folder: String,
    keep_mb: u64,
    keep_s: u64,
}

impl Doors {
    pub(super) fn check(&self, must: &mut impl FnMut(bool, &str)) {
        must((1..=1 << 20).contains(&self.keep_mb), "`doors.keep_mb`: from 1 to 1048576");
        must((1..=1 << 32).contains(&self.keep_s), "`doors.keep_s`: from 1 to 4294967296");
        let is_host = |host: &String| !host.is_empty() && !host.contains(['/', '@', ' ']);
        must(self.callback_hosts.iter().all(is_host), "`doors.callback_hosts`: names of hosts, with a port where it is meant");
    }

    /// Where submissions and files are kept.
    pub fn folder(&self) -> PathBuf {
        if self.folder.is_empty() { super::state().join("doors") } else { PathBuf::from(&self.folder) }
    }

    /// The most that is kept, in bytes, and how long.
    pub fn keeps(&self) -> (u64, Duration) {
        (self.keep_mb << 20, Duration::from_secs(self.keep_s))
    }
}
