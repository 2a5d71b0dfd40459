//! What was measured on, and how busy that was: the head of the report.

use crate::peers::{self, Peers};
use std::fmt::Write;
use std::process::Command;
use std::time::Duration;

/// The machine's clocks since its start: what others took of it meanwhile is the difference.
pub(crate) struct Busy {
    stolen: f64,
    all: f64,
    load: String,
}

impl Busy {
    pub(crate) fn now() -> Self {
        let stat = read("/proc/stat");
        let ticks: Vec<f64> =
            stat.lines().next().unwrap_or_default().split_whitespace().skip(1).filter_map(|tick| tick.parse().ok()).collect();
        let load = read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned();
        Self { stolen: ticks.get(7).copied().unwrap_or(0.0), all: ticks.iter().take(8).sum(), load }
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn said(words: &[&str]) -> String {
    let output = Command::new(words[0]).args(&words[1..]).current_dir(peers::root()).output();
    output.map_or_else(|_| String::new(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn after<'a>(text: &'a str, key: &str) -> &'a str {
    text.lines()
        .find_map(|line| line.strip_prefix(key))
        .map_or("", |rest| rest.trim_start_matches([' ', '\t', ':', '=']).trim_matches('"').trim())
}

/// Machine, versions, command.
pub(crate) fn intro(peers: &Peers, began: &Busy, took: Duration, command: &str) -> String {
    let (cpu, memory, system) = (read("/proc/cpuinfo"), read("/proc/meminfo"), read("/etc/os-release"));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let gigabytes = after(&memory, "MemTotal").trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0 / 1024.0;
    let now = Busy::now();
    let stolen = 100.0 * (now.stolen - began.stolen) / (now.all - began.all).max(1.0);
    let mut text = format!(
        "Made by `{command}` in {:.0} minutes on {}: {cores} cores of `{}`, {gigabytes:.0} GB, Linux {}, {}. The load when it began was {}, and the host \
        took {stolen:.1} % of the time for others. Runnel is {}, at commit {}.\n\nWhat is compared ran by turns in this one run; figures are medians, p99 and how often was measured.\n\n",
        took.as_secs_f64() / 60.0,
        said(&["date", "-u", "+%F"]),
        after(&cpu, "model name"),
        said(&["uname", "-r"]),
        after(&system, "PRETTY_NAME"),
        began.load,
        said(&[env!("CARGO_BIN_EXE_runnel"), "--version"]),
        said(&["git", "describe", "--always", "--dirty"]),
    );
    text.push_str("Compared with: ");
    let versions: Vec<&str> = peers.known.values().filter_map(|state| state.as_deref().ok()).collect();
    let _ = writeln!(text, "{}.", versions.join("; "));
    text
}
