//! Doors for clients of other systems: examples as these systems' documentation has them, whatever may be wrong with a request, and their own
//! clients from the registries against the real server.

mod fusion;
mod jobe;
mod judge0;
mod piston;

use crate::client::{Answer, Server};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// One request with JSON; a body of `Value::Null` is none.
pub(crate) fn ask(server: &Server, method: &str, path: &str, body: &Value) -> Answer {
    ask_with(server, method, path, "", body)
}

pub(crate) fn ask_with(server: &Server, method: &str, path: &str, headers: &str, body: &Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    server.ask(method, path, &format!("content-type: application/json\r\n{headers}"), &body)
}

/// Runs a script of `tests/clients` with somebody else's client in it, against this server.
fn drive(server: &Server, program: &str, installed: &str, script: &str) {
    let folder = Path::new("tests/clients");
    if !Path::new(installed).exists() {
        eprintln!("SKIPPED: {script}, because `{installed}` is not there: `make clients` installs the clients");
        return;
    }
    let output = Command::new(program).arg(folder.join(script)).arg(format!("http://{}", server.address)).output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{script}: {said}");
}

pub(crate) fn drive_node(server: &Server, script: &str) {
    drive(server, "node", "tests/clients/node_modules/.package-lock.json", script);
}

pub(crate) fn drive_python(server: &Server, script: &str) {
    drive(server, "target/clients/bin/python", "target/clients/installed", script);
}

/// Bodies that nobody means well with, at every door.
#[tokio::test]
async fn a_hundred_megabytes_and_a_deep_tree_are_refused_in_the_doors_own_words() {
    let server = Server::start(&[]);
    let json = |answer: &Answer, field: &str| answer.json()[field].is_string() || answer.json()[field].is_array();
    let large = " ".repeat(100 << 20);
    let deep = format!("{}1{}", "[".repeat(1 << 20), "]".repeat(1 << 20));
    for (path, field) in [
        ("/api/v2/execute", "message"),
        ("/judge0/submissions?wait=true", "error"),
        ("/submissions/batch", "error"),
        ("/jobe/index.php/restapi/runs", ""),
        ("/run_code", "detail"),
        ("/run_jupyter", "detail"),
    ] {
        for (body, statuses) in [(&large, &[413][..]), (&deep, &[400, 422])] {
            let answer = server.ask("POST", path, "content-type: application/json\r\n", body);
            assert!(statuses.contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
            assert!(if field.is_empty() { !answer.text().is_empty() } else { json(&answer, field) }, "{path}: {}", answer.text());
        }
    }
    // And it goes on.
    let body = serde_json::json!({"language": "python", "version": "*", "files": [{"content": "print(1)"}]});
    assert_eq!(ask(&server, "POST", "/api/v2/execute", &body).json()["run"]["stdout"], "1\n");
}
