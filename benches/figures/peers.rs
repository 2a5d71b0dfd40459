//! What the figures compare with. `benches/peers.sh` gets it ready and says what there is; here are its command lines.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) struct Peers {
    /// By name: a version, or why there is none.
    pub(crate) known: BTreeMap<String, Result<String, String>>,
}

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn folder() -> PathBuf {
    root().join("target/peers")
}

impl Peers {
    pub(crate) fn prepare() -> Self {
        let ran = Command::new(root().join("benches/peers.sh")).stdin(Stdio::null()).status();
        if !ran.is_ok_and(|status| status.success()) {
            eprintln!("peers.sh failed; what an earlier run found is used");
        }
        let list = std::fs::read_to_string(folder().join("list")).unwrap_or_default();
        let known = list.lines().filter_map(|line| {
            let mut parts = line.splitn(3, '\t');
            let (name, state, text) = (parts.next()?, parts.next()?, parts.next()?);
            Some((name.to_owned(), if state == "ok" { Ok(text.to_owned()) } else { Err(text.to_owned()) }))
        });
        Self { known: known.collect() }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        matches!(self.known.get(name), Some(Ok(_)))
    }
}

pub(crate) fn path(name: &str) -> String {
    folder().join(name).display().to_string()
}

pub(crate) fn python() -> String {
    let linked = folder().join("python3");
    linked.canonicalize().unwrap_or_else(|_| "python3".into()).display().to_string()
}

/// A command that sees no environment of ours but the path, so that each starts alike.
pub(crate) fn command(words: &[String]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Under bubblewrap: the machine to be read, and nothing else of it.
pub(crate) fn wrapped(words: &[String]) -> Vec<String> {
    let walls = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-all", "--die-with-parent"];
    walls.iter().map(|&word| word.to_owned()).chain(words.iter().cloned()).collect()
}

pub(crate) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// From its start to its end.
pub(crate) fn timed(words: &[String]) -> Duration {
    let start = Instant::now();
    let status = command(words).status().unwrap();
    assert!(status.success(), "`{}` failed: {status}", words.join(" "));
    start.elapsed()
}

/// What one process did: its CPU time, with its children's, and its output.
pub(crate) struct Used {
    pub(crate) cpu: Duration,
    pub(crate) stdout: String,
}

/// Runs it under bash, which tells what CPU time its children had to the millisecond.
pub(crate) fn cpu(words: &[String]) -> Used {
    let script = "exec 3>&2; TIMEFORMAT='%3U %3S'; { time \"$@\" 2>/dev/null; } 2>&3";
    let output = Command::new("bash").args(["-c", script, "bash"]).args(words).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "`{}` failed", words.join(" "));
    let said = String::from_utf8_lossy(&output.stderr);
    let seconds: f64 = said.trim().lines().last().unwrap().split(' ').map(|part| part.parse::<f64>().unwrap()).sum();
    Used { cpu: Duration::from_secs_f64(seconds), stdout: String::from_utf8_lossy(&output.stdout).into_owned() }
}

/// A peer in Node, which says itself what its program took.
pub(crate) fn cpu_said(words: &[String]) -> Result<Used, String> {
    let output = Command::new(&words[0]).args(&words[1..]).stdin(Stdio::null()).output().map_err(|fault| fault.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    let Some(ms) = said.lines().find_map(|line| line.strip_prefix("cpu_ms ")?.parse::<f64>().ok()) else {
        return Err(said.lines().find(|line| line.contains("Error") || line.contains("Trap")).unwrap_or("it failed").to_owned());
    };
    Ok(Used { cpu: Duration::from_secs_f64(ms / 1000.0), stdout: String::from_utf8_lossy(&output.stdout).into_owned() })
}

/// `node` with one of the scripts of `benches/peers`.
pub(crate) fn in_node(script: &str, file: &str) -> Vec<String> {
    words(&["node", &path(&format!("node/{script}.mjs")), file])
}

/// A container that stays, for `docker exec`; gone when dropped.
pub(crate) struct Container(pub(crate) String);

impl Container {
    pub(crate) fn start(image: &str) -> Self {
        let output =
            Command::new("docker").args(["run", "--detach", "--rm", "--network", "none", image, "sleep", "3600"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rm", "--force", &self.0]).stdout(Stdio::null()).status();
    }
}
