//! What `runnel batch` costs over a client that does nothing but send and count.

use crate::client::{Server, runnel};
use crate::report::{Report, middle};
use crate::throughput::rate;
use serde_json::json;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

const JOBS: usize = 2000;
const ROUNDS: usize = 7;
const HELLO: &str = "print(\"hello\")";

struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// 2,000 Python programs, 16 under way: the whole process from start to end, against this process's bare client, by turns.
pub(crate) async fn batch(report: &mut Report) {
    report.section("`runnel batch`");
    let scratch = Scratch(std::env::temp_dir().join(format!("runnel-bench-batch-{}", std::process::id())));
    std::fs::create_dir_all(&scratch.0).unwrap();
    let line = format!("{}\n", json!({"language": "python", "code": HELLO}));
    std::fs::write(scratch.0.join("jobs"), line.repeat(JOBS)).unwrap();
    let server = Server::start(&[]);
    let address = format!("ws://{}", server.address);
    rate(&server, "python", HELLO, 200).await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        theirs.push(rate(&server, "python", HELLO, JOBS).await);
        let results = format!("results-{round}");
        let mut command = runnel();
        command.current_dir(&scratch.0).args(["batch", "jobs", "--server", &address, "-o", &results, "--fail-under", "1"]);
        let start = Instant::now();
        assert!(command.stderr(Stdio::null()).status().unwrap().success());
        ours.push(JOBS as f64 / start.elapsed().as_secs_f64());
        assert_eq!(std::fs::read_to_string(scratch.0.join(&results)).unwrap().lines().count(), JOBS);
    }
    let (ours, theirs) = (middle(ours), middle(theirs));
    report.say(format!("{JOBS} Python hellos, 16 under way: `runnel batch`, the whole process, {ours:.0} jobs/s, a bare client {theirs:.0} jobs/s; ratio {:.2}", ours / theirs));
}
