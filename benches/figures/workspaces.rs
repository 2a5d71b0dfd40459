//! Figures of workspaces: what a run costs that finds its files there, and what an idle one costs.

use crate::client::{Client, Server};
use crate::median;
use crate::report::Report;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const FILES: usize = 500;
const BYTES: usize = 4 << 10;
const IDLE: usize = 1000;

pub(crate) async fn workspaces(report: &mut Report) {
    report.section("Workspaces");
    let server = Server::start(&["--set", "workspaces.count=2000"]);
    let mut client = server.connect().await;
    for language in ["python", "javascript"] {
        let code = if language == "python" { "print(1)" } else { "console.log(1)" };
        let mut files = json!({});
        for number in 0..FILES {
            files[format!("folder{}/file{number}", number % 10)] = "x".repeat(BYTES).into();
        }
        ask(&mut client, json!({"type": "workspace.open", "workspace": language, "files": files})).await;
        let (mut plain, mut inside) = (Vec::new(), Vec::new());
        for round in 0..220 {
            let bare = timed(&mut client, json!({"language": language, "code": code})).await;
            let change = json!({"folder3/file13": format!("{round}")});
            let main = if round == 0 { json!(code) } else { Value::Null };
            let job = json!({"language": language, "workspace": language, "files": change, "code": main});
            let own = timed(&mut client, job).await;
            if round >= 20 {
                plain.push(bare);
                inside.push(own);
            }
        }
        let (plain, inside) = (median(plain), median(inside));
        let ratio = inside.as_secs_f64() / plain.as_secs_f64();
        report.say(format!(
            "{language}: a run in a workspace of {FILES} files of 4 KB, one changed: {inside:.2?}; without files {plain:.2?}; ratio {ratio:.2}."
        ));
    }
    let before = server.memory();
    for number in 0..IDLE {
        let files = json!({"main.py": "print(1)", "data": "x".repeat(BYTES)});
        ask(&mut client, json!({"type": "workspace.open", "workspace": format!("w{number}"), "files": files})).await;
    }
    let each = (server.memory().saturating_sub(before)) as f64 / IDLE as f64;
    report.say(format!("{IDLE} open idle workspaces: {each:.2} KB of memory each."));
}

async fn ask(client: &mut Client, frame: Value) {
    client.send(frame).await;
    let answer = client.next().await;
    assert_eq!(answer["type"], "workspace", "{answer}");
}

async fn timed(client: &mut Client, fields: Value) -> Duration {
    let start = Instant::now();
    client.run(fields).await.succeeded();
    start.elapsed()
}
