//! Docker comes, goes and comes back: with a daemon of the test's own, beside the one that the other tests use.

use crate::client::{Client, Server};
use crate::containers::{Toolchains, docker};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A daemon on a socket of its own, with nothing but the base image, and no network.
struct Daemon {
    folder: PathBuf,
    process: Option<Child>,
}

impl Daemon {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("runnel-daemon-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder, process: None }
    }

    fn host(&self) -> String {
        format!("unix://{}/docker.sock", self.folder.display())
    }

    fn docker(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.arg("--host").arg(self.host()).args(arguments);
        command
    }

    fn start(&mut self) {
        let log = std::fs::File::create(self.folder.join("log")).unwrap();
        // In a network of its own: without a bridge it would remove the other daemon's.
        let mut command = Command::new("unshare");
        command.args(["--net", "dockerd"]).arg("--host").arg(self.host());
        for name in ["data-root", "exec-root", "pidfile"] {
            command.arg(format!("--{name}")).arg(self.folder.join(name));
        }
        command.args(["--bridge", "none", "--iptables=false", "--ip6tables=false", "--storage-driver", "vfs"]);
        self.process = Some(command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap());
        for _ in 0..600 {
            if self.docker(&["version"]).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("no daemon: {}", std::fs::read_to_string(self.folder.join("log")).unwrap());
    }

    fn load(&self) {
        let mut saved = Command::new("docker").args(["save", "debian:bookworm-slim"]).stdout(Stdio::piped()).spawn().unwrap();
        let loaded = self.docker(&["load"]).stdin(saved.stdout.take().unwrap()).status().unwrap();
        assert!(saved.wait().unwrap().success() && loaded.success());
    }

    /// As a power cut would: the daemon is gone, whatever it was doing.
    fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
        // Its containerd died with it. Where nobody reaps that, the next daemon would take it for alive.
        let _ = std::fs::remove_file(self.folder.join("exec-root/containerd/containerd.pid"));
    }

    fn stop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        let _ = Command::new("kill").args(["-TERM", &process.id().to_string()]).status();
        for _ in 0..600 {
            if process.try_wait().unwrap().is_some() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = process.kill();
        let _ = process.wait();
    }

    fn containers(&self) -> String {
        String::from_utf8(self.docker(&["ps", "-a", "-q"]).output().unwrap().stdout).unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn state(server: &Server) -> (String, String) {
    let languages: Value = serde_json::from_str(&server.get("/v1/languages").1).unwrap();
    let two = languages.as_array().unwrap().iter().find(|language| language["name"] == "two").unwrap().clone();
    (two["state"].as_str().unwrap().to_owned(), two["reason"].as_str().unwrap_or_default().to_owned())
}

async fn until(server: &Server, wanted: &[&str]) -> String {
    for _ in 0..1200 {
        let (state, reason) = state(server).await;
        if wanted.contains(&state.as_str()) {
            return reason;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not {wanted:?}: {:?}", state(server).await);
}

async fn echo(client: &mut Client) {
    let ran = client.run(json!({"language": "two", "code": "echo works"})).await;
    assert_eq!(ran.succeeded().stdout(), "works\n");
}

#[tokio::test]
async fn docker_comes_and_goes() {
    if !docker() {
        return;
    }
    let mut daemon = Daemon::new();
    let toolchains = Toolchains::new("daemon");
    toolchains.add("two", "image = 'debian:bookworm-slim'\nrun = ['bash', '{src}']\npool = 2", None);
    let host = format!("docker.host={}", daemon.host());
    let server = Server::spawn(&[
        "--set",
        &host,
        "--set",
        &toolchains.setting(),
        "--set",
        "docker.pool=0",
        "--set",
        "cells.count=1",
        "--set",
        "desk.live=64",
    ]);

    // Without Docker everything else works, and the reason and a hint are there.
    let reason = until(&server, &["unavailable"]).await;
    assert!(reason.contains("Docker does not answer") && reason.contains("hint: "), "{reason}");
    let mut client = server.connect().await;
    client.begin("r", json!({"language": "two", "code": ""})).await;
    let error = client.next().await;
    assert_eq!((error["type"].as_str(), error["code"].as_str()), (Some("error"), Some("language_unavailable")), "{error}");
    client.python("print(1)").await.succeeded();

    // It comes: the language appears by itself.
    daemon.start();
    daemon.load();
    // Its image may not have been there yet when the daemon was found; then the first run finds it.
    until(&server, &["preparing", "ready"]).await;
    echo(&mut client).await;
    echo(&mut client).await;

    // It is killed in mid-run. Nothing was seen of the first run, so it would be repeated; of the second something was.
    client.begin("quiet", json!({"language": "two", "code": "sleep 30"})).await;
    client.begin("seen", json!({"language": "two", "code": "echo seen; sleep 30"})).await;
    client.next_of("stdout").await;
    daemon.kill();
    let mut ended = Vec::new();
    while ended.len() < 2 {
        let frame = client.next().await;
        if frame["type"] == "result" {
            assert_eq!(frame["execution"]["status"], "internal", "never a verdict: {frame:#}");
            ended.push(frame["id"].as_str().unwrap().to_owned());
        }
    }
    until(&server, &["unavailable"]).await;
    client.python("print(1)").await.succeeded();

    // It comes back: what the old one left is gone, and everything works.
    daemon.start();
    until(&server, &["ready"]).await;
    echo(&mut client).await;

    // It is stopped in order and started again.
    daemon.stop();
    until(&server, &["unavailable"]).await;
    daemon.start();
    until(&server, &["ready"]).await;
    echo(&mut client).await;
    let process = server.process.id();
    server.signal("-TERM");
    for _ in 0..600 {
        if daemon.containers().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("left behind of {process}: {}", daemon.containers());
}
