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
