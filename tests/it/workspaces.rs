//! Workspaces and files that come back, over the socket and HTTP, in cells and containers.

use crate::client::{Client, Folder, Ran, Server, runnel};
use crate::containers;
use serde_json::{Value, json};
use std::collections::BTreeMap;

async fn ask(client: &mut Client, kind: &str, mut fields: Value) -> Value {
    fields["type"] = format!("workspace.{kind}").into();
    fields["id"] = "w".into();
    client.send(fields).await;
    let answer = client.next().await;
    assert_eq!(answer["id"], "w", "{answer}");
    answer
}

async fn open(client: &mut Client, name: &str, files: Value) {
    let answer = ask(client, "open", json!({"workspace": name, "files": files})).await;
    assert_eq!((&answer["action"], &answer["workspace"]), (&json!("opened"), &json!(name)), "{answer}");
}

async fn read(client: &mut Client, name: &str, path: &str) -> Value {
    ask(client, "read", json!({"workspace": name, "path": path})).await
}

async fn names(client: &mut Client, name: &str, folder: &str) -> Vec<String> {
    let listed = ask(client, "list", json!({"workspace": name, "path": folder})).await;
    let entries = listed["entries"].as_array().unwrap_or_else(|| panic!("{listed}"));
    entries.iter().map(|entry| entry["name"].as_str().unwrap().to_owned() + if entry["is_dir"] == true { "/" } else { "" }).collect()
}

/// Kills all cells, and waits until others are there.
async fn lose_cells(server: &Server) {
    let before = server.cells();
    for cell in &before {
        std::process::Command::new("kill").args(["-9", &cell.to_string()]).status().unwrap();
    }
    for _ in 0..600 {
        let ready: Value = serde_json::from_str(&server.worker.as_deref().unwrap_or(server).get("/readyz").1).unwrap();
        let cells = server.cells();
        // Those that were killed may be gone before the server knows.
        let is_new = cells.len() == before.len() && cells.iter().all(|cell| !before.contains(cell));
        if is_new && ready["cells"] == before.len() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("no new cells");
}

fn refused(answer: &Value, code: &str) {
    assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!(code)), "{answer}");
}

/// Paths and contents of one part of `files`.
fn part(ran: &Ran, part: &str) -> BTreeMap<String, String> {
    let files = ran.last()["files"][part].as_object().unwrap_or_else(|| panic!("{:#}", ran.last()));
    files.iter().map(|(path, file)| (path.clone(), file["data"].as_str().or(file["base64"].as_str()).unwrap().to_owned())).collect()
}

fn deleted(ran: &Ran) -> Vec<&str> {
    ran.last()["files"]["deleted"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect()
}

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|&(path, text)| (path.to_owned(), text.to_owned())).collect()
}

const HARD_NAMES: &[&str] = &[
    "ampers&and.txt",
    "-rf",
    "stdout",
    ".dotfile",
    "x",
    "qu'o\"te",
    "back`tick`",
    "$(x)",
    "with space",
    "new\nline",
    "ünï/côdé",
    "a/.b/c",
    "-",
];

#[tokio::test]
async fn files_live_between_runs() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    open(
        &mut client,
        "kata-7/lion",
        json!({"main.py": "import lib, os\nprint(lib.x, open('data').read())\nopen('out', 'w').write('1')", "lib.py": "x = 1"}),
    )
    .await;
    refused(&ask(&mut client, "open", json!({"workspace": "kata-7/lion"})).await, "workspace_exists");
    let run = |fields: Value| {
        let mut all = json!({"language": "python", "workspace": "kata-7/lion"});
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        all
    };
    let first = client.run(run(json!({"files": {"data": "a"}}))).await;
    assert_eq!(first.succeeded().stdout(), "1 a\n");
    assert_eq!(first.last()["workspace"], json!({"name": "kata-7/lion", "saved": true, "message": null}));
    // The cell has the files: only what is new is sent, and untouched files keep their time.
    let listed = ask(&mut client, "list", json!({"workspace": "kata-7/lion"})).await;
    for data in ["b", "c"] {
        let again = client.run(run(json!({"files": {"data": data}}))).await;
        assert_eq!(again.succeeded().stdout(), format!("1 {data}\n"));
    }
    let after = ask(&mut client, "list", json!({"workspace": "kata-7/lion"})).await;
    let time = |listed: &Value, name: &str| {
        let entries = listed["entries"].as_array().unwrap();
        entries.iter().find(|entry| entry["name"] == name).unwrap()["mtime"].as_f64().unwrap()
    };
    assert_eq!(time(&listed, "lib.py"), time(&after, "lib.py"));
    assert!(time(&listed, "data") < time(&after, "data"));
    // What the program sees of it is the same.
    let code = "import os; print([round(os.stat(name).st_mtime_ns / 1e6) for name in ('lib.py', 'data')])";
    let seen = client.run(run(json!({"code": code}))).await;
    let expected = ["lib.py", "data"].map(|name| (time(&after, name) * 1e3).round() as i64);
    assert_eq!(seen.succeeded().stdout(), format!("[{}, {}]\n", expected[0], expected[1]));
    let removed = client.run(run(json!({"remove": ["lib.py"], "code": "import os; print(sorted(os.listdir()))"}))).await;
    assert_eq!(removed.succeeded().stdout(), "['data', 'main.py', 'out']\n");
    assert_eq!(names(&mut client, "kata-7/lion", "").await, ["data", "main.py", "out"]);
    assert_eq!(read(&mut client, "kata-7/lion", "data").await["data"], "c");
    // A test of its own sees the workspace, and leaves nothing in it.
    let judged = client.run(run(json!({"code": "open('trace', 'w')\nprint(open('data').read())", "tests": {"visible": [{"id": "t", "input": "", "expected_output": "c"}]}}))).await;
    assert_eq!(judged.last()["summary"]["verdict"], "AC", "{:#}", judged.last());
    assert_eq!(names(&mut client, "kata-7/lion", "").await, ["data", "main.py", "out"]);
    assert_eq!(ask(&mut client, "list", json!({})).await["workspaces"], json!(["kata-7/lion"]));
    assert_eq!(ask(&mut client, "close", json!({"workspace": "kata-7/lion"})).await["action"], "closed");
    refused(&read(&mut client, "kata-7/lion", "data").await, "unknown_workspace");
    refused(client.run(run(json!({"code": "1"}))).await.last(), "unknown_workspace");
}

#[tokio::test]
async fn mistakes_in_workspaces() {
    let server = Server::start(&["--set", "workspaces.mb=1", "--set", "workspaces.owner_mb=2", "--set", "workspaces.count=3"]);
    let mut client = server.connect().await;
    open(&mut client, "w", json!({"d/f": "1", "bytes": {"base64": "/w=="}, "ümläut": "äöü"})).await;
    let cases = [
        (json!({"type": "workspace.read", "workspace": "w", "path": "../x"}), "bad_path"),
        (json!({"type": "workspace.read", "workspace": "w", "path": "/etc/passwd"}), "bad_path"),
        (json!({"type": "workspace.read", "workspace": "w", "path": "a\0b"}), "bad_path"),
        (json!({"type": "workspace.read", "workspace": "w", "path": "d"}), "bad_path"),
        (json!({"type": "workspace.read", "workspace": "w", "path": "no"}), "unknown_file"),
        (json!({"type": "workspace.read", "workspace": "w", "path": "d/f", "max_bytes": 1_u64 << 40}), "too_large"),
        (json!({"type": "workspace.read", "workspace": "w"}), "missing_field"),
        (json!({"type": "workspace.list", "workspace": "w", "path": "no"}), "unknown_file"),
        (json!({"type": "workspace.list", "workspace": "w", "path": "d/f"}), "bad_path"),
        (json!({"type": "workspace.list", "workspace": "v"}), "unknown_workspace"),
        (json!({"type": "workspace.list", "workspace": "w", "depth": 3}), "bad_field"),
        (json!({"type": "workspace.close", "workspace": "v"}), "unknown_workspace"),
        (json!({"type": "workspace.open", "workspace": ""}), "bad_field"),
        (json!({"type": "workspace.open", "workspace": "x".repeat(201)}), "bad_field"),
        (json!({"type": "workspace.open", "workspace": "x", "ttl_s": 1_u64 << 40}), "limit_too_high"),
        (json!({"type": "workspace.open", "workspace": "x", "ttl_s": 0}), "bad_field"),
        (json!({"type": "workspace.open", "workspace": "x", "files": {"a": "x".repeat(2 << 20)}}), "too_large"),
        (json!({"type": "workspace.open", "workspace": "x", "files": {"y".repeat(256): ""}}), "bad_path"),
        (json!({"type": "run", "id": "r", "language": "python", "code": "1", "remove": ["x"]}), "bad_field"),
        (json!({"type": "run", "id": "r", "language": "python", "workspace": "w", "files": {"x": ""}, "remove": ["x"]}), "bad_field"),
        (json!({"type": "run", "id": "r", "language": "python", "code": "1", "collect": {"paths": ["../x"]}}), "bad_path"),
        (json!({"type": "run", "id": "r", "language": "python", "code": "1", "collect": {"max_files": 100_000}}), "limit_too_high"),
        (json!({"type": "run", "id": "r", "language": "python", "code": "1", "collect": {"path": ["x"]}}), "bad_field"),
    ];
    for (frame, code) in cases {
        client.send(frame.clone()).await;
        let answer = client.next().await;
        assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!(code)), "{frame} {answer}");
    }
    // What can be known at its turn only ends the run.
    for (fields, message) in [
        (json!({"remove": ["no"], "code": "1"}), "`no` is not in the workspace"),
        (json!({}), "`main.py` is not in the workspace"),
        (json!({"code": "1", "files": {"big": "x".repeat(1 << 20)}}), "bytes in one workspace"),
    ] {
        let mut all = json!({"language": "python", "workspace": "w"});
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let ran = client.run(all).await;
        assert_eq!(ran.status(), "error");
        assert!(ran.execution()["message"].as_str().unwrap().contains(message), "{:#}", ran.last());
    }
    // A program that leaves too much: what was there before stays.
    let code = "import os; os.remove('bytes'); open('big', 'w').write('x' * (1 << 20))";
    let ran = client.run(json!({"language": "python", "workspace": "w", "code": code})).await;
    assert_eq!(ran.succeeded().last()["workspace"]["saved"], false, "{:#}", ran.last());
    let again = client.run(json!({"language": "python", "workspace": "w", "code": "import os; print(sorted(os.listdir()))"})).await;
    assert_eq!(again.succeeded().stdout(), "['bytes', 'd', 'main.py', 'ümläut']\n");
    // A file becomes a folder, and a folder a file.
    let swapped = client.run(json!({"language": "python", "workspace": "w", "code": "print(open('bytes/x').read(), open('d').read())", "files": {"bytes/x": "1", "d": "2"}})).await;
    assert_eq!(swapped.succeeded().stdout(), "1 2\n");
    let cut = ask(&mut client, "read", json!({"workspace": "w", "path": "ümläut", "max_bytes": 3})).await;
    assert_eq!((&cut["data"], &cut["truncated"], &cut["size"]), (&json!("ä"), &json!(true), &json!(6)));
    open(&mut client, "v", json!({"x": "x".repeat(900 << 10)})).await;
    open(&mut client, "u", json!({"x": "x".repeat(900 << 10)})).await;
    refused(&ask(&mut client, "open", json!({"workspace": "t"})).await, "too_large");
    assert_eq!(ask(&mut client, "close", json!({"workspace": "w"})).await["action"], "closed");
    refused(&ask(&mut client, "open", json!({"workspace": "t", "files": {"x": "x".repeat(500 << 10)}})).await, "too_large");
}

#[tokio::test]
async fn nobody_else_sees_them() {
    let server = Server::start(&[]);
    let (mut one, mut other) = (server.connect().await, server.connect().await);
    open(&mut one, "same", json!({"f": "1"})).await;
    refused(&read(&mut other, "same", "f").await, "unknown_workspace");
    refused(&ask(&mut other, "close", json!({"workspace": "same"})).await, "unknown_workspace");
    open(&mut other, "same", json!({"f": "2"})).await;
    assert_eq!((&read(&mut one, "same", "f").await["data"], &read(&mut other, "same", "f").await["data"]), (&json!("1"), &json!("2")));
    // Over HTTP, without a token: under a name that is made up.
    let (status, answer) = post(&server, "POST", "/v1/workspaces", r#"{"files": {"f": "3"}}"#);
    assert_eq!(status, 201, "{answer}");
    let name = answer["workspace"].as_str().unwrap().to_owned();
    assert!(name.len() >= 32, "{name}");
    assert_eq!(post(&server, "POST", "/v1/workspaces", r#"{"workspace": "mine"}"#).0, 400);
    assert_eq!(post(&server, "GET", "/v1/workspaces", "").1, json!({"action": "all", "workspaces": []}));
    let body = json!({"language": "python", "workspace": name, "code": "print(open('f').read())\nopen('d\u{e9}/g', 'w') if 0 else open('g h', 'w').write('4')"});
    let (status, result) = post(&server, "POST", "/v1/run", &body.to_string());
    assert_eq!((status, &result["execution"]["stdout"], &result["workspace"]["saved"]), (200, &json!("3\n"), &json!(true)), "{result:#}");
    let (_, listed) = post(&server, "GET", &format!("/v1/workspaces/{name}"), "");
    assert_eq!(listed["entries"].as_array().unwrap().len(), 3, "{listed}");
    let (_, file) = post(&server, "GET", &format!("/v1/workspaces/{name}/file?path=g%20h"), "");
    assert_eq!(file["data"], "4", "{file}");
    assert_eq!(post(&server, "GET", "/v1/workspaces/same", "").0, 404);
    assert_eq!(post(&server, "GET", &format!("/v1/workspaces/{name}/file?path=..%2Fx"), "").0, 400);
    // Who knows the name may use it from anywhere.
    assert_eq!(read(&mut one, &name, "f").await["data"], "3");
    assert_eq!(post(&server, "DELETE", &format!("/v1/workspaces/{name}"), "").0, 200);
    assert_eq!(post(&server, "DELETE", &format!("/v1/workspaces/{name}"), "").0, 404);
}

/// One request; status and JSON.
fn post(server: &Server, method: &str, path: &str, body: &str) -> (u16, Value) {
    let answer = server.ask(method, path, "Content-Type: application/json\r\n", body);
    (answer.status, answer.json())
}

#[tokio::test]
async fn runs_take_turns_and_closing_ends_them() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    open(&mut client, "w", json!({"n": "0"})).await;
    let code = "n = int(open('n').read()); import time; time.sleep(0.01); open('n', 'w').write(str(n + 1))";
    for number in 0..10 {
        client.begin(&format!("r{number}"), json!({"language": "python", "workspace": "w", "code": code})).await;
    }
    let mut ended = 0;
    while ended < 10 {
        ended += usize::from(client.next().await["type"] == "result");
    }
    assert_eq!(read(&mut client, "w", "n").await["data"], "10");
    // One that runs and one that waits for it.
    client.begin("a", json!({"language": "python", "workspace": "w", "code": "open('n', 'w').write('x')\nprint(1, flush=True)\nwhile True: pass", "limits": {"time_ms": 30_000}})).await;
    client.begin("b", json!({"language": "python", "workspace": "w", "code": "print(2)"})).await;
    client.next_of("stdout").await;
    client.send(json!({"type": "workspace.close", "id": "c", "workspace": "w"})).await;
    let mut told = Vec::new();
    while told.len() < 3 {
        let frame = client.next().await;
        match frame["type"].as_str().unwrap() {
            "result" => told.push(format!("{} {}", frame["id"].as_str().unwrap(), frame["execution"]["status"].as_str().unwrap())),
            "workspace" => told.push(frame["action"].as_str().unwrap().to_owned()),
            _ => {}
        }
    }
    assert!(told.iter().position(|what| what == "closed") > told.iter().position(|what| what == "a cancelled"), "{told:?}");
    told.sort_unstable();
    assert_eq!(told, ["a cancelled", "b cancelled", "closed"]);
}

#[tokio::test]
async fn they_survive_a_restart_and_idle_ones_do_not() {
    let folder = Folder::new();
    let setting = format!("workspaces.folder={}", folder.0.display());
    let name = {
        let mut server = Server::start(&["--set", &setting]);
        let mut client = server.connect().await;
        open(&mut client, "mine", json!({"f": "connection"})).await;
        let made = ask(&mut client, "open", json!({"files": {"f": "1", "d/g": "2"}})).await;
        let name = made["workspace"].as_str().unwrap().to_owned();
        let short = ask(&mut client, "open", json!({"ttl_s": 1})).await["workspace"].as_str().unwrap().to_owned();
        client.run(json!({"language": "python", "workspace": name, "code": "open('f', 'w').write('3')"})).await.succeeded();
        // A second server leaves it alone.
        let second = Server::start(&["--set", &setting]);
        let mut other = second.connect().await;
        refused(&read(&mut other, &name, "f").await, "internal");
        server.process.kill().unwrap();
        server.process.wait().unwrap();
        drop(second);
        let left = std::fs::read_dir(&folder.0).unwrap().count();
        assert_eq!(left, 4, "three and the lock");
        // Past its time at the next start.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        let server = Server::start(&["--set", &setting]);
        let mut client = server.connect().await;
        refused(&ask(&mut client, "list", json!({"workspace": short})).await, "unknown_workspace");
        refused(&read(&mut client, "mine", "f").await, "unknown_workspace");
        name
    };
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 2, "one and the lock");
    let server = Server::start(&["--set", &setting]);
    let mut client = server.connect().await;
    assert_eq!(read(&mut client, &name, "f").await["data"], "3");
    assert_eq!(names(&mut client, &name, "").await, ["d/", "f", "main.py"]);
    // A cell that is lost takes what it kept with it, and nothing else.
    let run = json!({"language": "python", "workspace": name, "code": "print(open('d/g').read())"});
    client.run(run.clone()).await.succeeded();
    lose_cells(&server).await;
    assert_eq!(client.run(run.clone()).await.succeeded().stdout(), "2\n");
    // The end of a connection is the end of what only it could use.
    open(&mut client, "mine", json!({})).await;
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 3);
    drop(client);
    for _ in 0..200 {
        if std::fs::read_dir(&folder.0).unwrap().count() == 2 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("a workspace of nobody's is there");
}

#[tokio::test]
async fn changes_come_back_from_cells() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let language = "python";
    let names = serde_json::to_string(HARD_NAMES).unwrap();
    let code = format!(
        r#"
import os, json
for name in json.loads({names:?}):
    folder = os.path.dirname(name)
    if folder: os.makedirs(folder, exist_ok=True)
    open(name, 'w').write('new ' + name)
open('empty', 'w').close()
open('old', 'w').write('other')
open('same', 'w').write('same')
os.utime('touched')
os.remove('gone/away'); os.rmdir('gone')
open('binary', 'wb').write(b'\xff\x00')
os.mkdir('named'); open('named/binary', 'wb').write(b'\xff')
os.symlink('old', 'link')
"#
    );
    let files = json!({"old": "1", "same": "same", "touched": "t", "gone/away": "1", "kept": "k"});
    let job =
        json!({"language": language, "files": files, "code": code, "collect": {"changes": true, "paths": ["named"], "max_files": 64}});
    let ran = client.run(job).await;
    ran.succeeded();
    let mut created: BTreeMap<String, String> = HARD_NAMES.iter().map(|&name| (name.to_owned(), format!("new {name}"))).collect();
    created.insert("empty".to_owned(), String::new());
    created.insert("named/binary".to_owned(), "/w==".to_owned());
    assert_eq!(part(&ran, "created"), created);
    assert_eq!(part(&ran, "changed"), texts(&[("old", "other")]));
    assert_eq!(deleted(&ran), ["gone/away"]);
    assert_eq!(ran.last()["files"]["truncated"], false);
    // A program that changes nothing.
    let quiet = client
        .run(json!({"language": language, "code": "print(open('x').read())", "files": {"x": "1"}, "collect": {"changes": true}}))
        .await;
    assert_eq!(quiet.succeeded().last()["files"], json!({"created": {}, "changed": {}, "deleted": [], "truncated": false}));
    // Everything gone, and its folder shut.
    let wipe = "import os, shutil\nfor name in os.listdir():\n    shutil.rmtree(name) if os.path.isdir(name) else os.remove(name)";
    let wiped = client.run(json!({"language": language, "files": {"main.py": wipe, "a/b/c": "1"}, "collect": {"changes": true}})).await;
    assert_eq!(deleted(&wiped), ["a/b/c", "main.py"], "{:#}", wiped.last());
    // Only what is named; cut between characters; and after a limit was reached.
    let code = "open('a', 'w').write('ä' * 10)\nopen('b', 'w').write('b')\nwhile True: pass";
    let cut = json!({"language": language, "code": code, "collect": {"paths": ["a"], "max_bytes": 19}, "limits": {"time_ms": 300}});
    let cut = client.run(cut).await;
    assert_eq!(cut.status(), "timeout");
    assert_eq!(cut.last()["files"]["created"], json!({"a": {"data": "ä".repeat(9), "truncated": true}}), "{:#}", cut.last());
    let whole = json!({"language": language, "code": "open('a', 'w').write('ä' * 10)", "collect": {"paths": ["a"], "max_bytes": 20, "max_files": 1}});
    assert_eq!(
        client.run(whole).await.last()["files"],
        json!({"created": {"a": {"data": "ä".repeat(10)}}, "changed": {}, "deleted": [], "truncated": false})
    );
    // Large ones come whole, more of them than a window holds.
    let large = "for n in range(40): open(f'f{n}', 'w').write(chr(97 + n % 26) * 100_000)";
    let large = client
        .run(json!({"language": language, "code": large, "collect": {"changes": true, "max_files": 100, "max_bytes": 8 << 20}}))
        .await;
    let created = part(&large, "created");
    assert_eq!((created.len(), created["f27"].len()), (40, 100_000));
    assert!(created["f27"].bytes().all(|byte| byte == b'b'));
}

#[tokio::test]
async fn links_and_folders_stay_in_a_workspace() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    open(&mut client, "w", json!({"real": "1"})).await;
    let code = "import os\nos.symlink('real', 'link'); os.makedirs('empty/folder'); os.symlink('/etc/passwd', 'out') if 0 else None";
    client.run(json!({"language": "python", "workspace": "w", "code": code})).await.succeeded();
    assert_eq!(names(&mut client, "w", "").await, ["empty/", "link", "main.py", "real"]);
    assert_eq!(names(&mut client, "w", "empty").await, ["folder/"]);
    refused(&read(&mut client, "w", "link").await, "bad_path");
    refused(&read(&mut client, "w", "link/x").await, "unknown_file");
    let code = "import os\nprint(os.readlink('link'), open('link').read(), os.listdir('empty'))";
    let seen = client.run(json!({"language": "python", "workspace": "w", "code": code})).await;
    assert_eq!(seen.succeeded().stdout(), "real 1 ['folder']\n");
    // From the disk, too.
    lose_cells(&server).await;
    let seen = client.run(json!({"language": "python", "workspace": "w", "code": code})).await;
    assert_eq!(seen.succeeded().stdout(), "real 1 ['folder']\n");
}

#[tokio::test]
async fn workspaces_in_containers() {
    if !containers::docker() {
        return;
    }
    let server = containers::server(&[]).await;
    let mut client = server.connect().await;
    open(&mut client, "w", json!({"lib.h": "#define X 1\n", "build.sh": "set -e\ncc -o prog main.c\n./prog > out\n"})).await;
    let run = |fields: Value| {
        let mut all = json!({"language": "c", "workspace": "w"});
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        all
    };
    let source = "#include <stdio.h>\n#include \"lib.h\"\nint main(void) { printf(\"%d\\n\", X); FILE *f = fopen(\"made\", \"w\"); fputs(\"here\", f); fclose(f); }\n";
    let first = client.run(run(json!({"code": source, "collect": {"changes": true}}))).await;
    assert_eq!(first.succeeded().stdout(), "1\n");
    // What was compiled is not what the program made.
    assert_eq!(part(&first, "created"), texts(&[("made", "here")]), "{:#}", first.last());
    let second = client.run(run(json!({"files": {"lib.h": "#define X 2\n"}}))).await;
    assert_eq!(second.succeeded().stdout(), "2\n");
    // A script of its own: what it builds stays, with its mode, and times are kept.
    let built = client.run(run(json!({"command": ["bash", "build.sh"], "collect": {"changes": true}}))).await;
    assert_eq!(part(&built, "created"), texts(&[("out", "2\n")]), "{:#}", built.last());
    let code = "bash -c 'test -x prog && ./prog && test prog -nt main.c && test ! prog -nt out && ln -s /etc/passwd link && mkfifo pipe && mkdir -p a/b'";
    let again = client.run(run(json!({"command": ["bash", "-c", code]}))).await;
    assert_eq!(again.succeeded().stdout(), "2\n", "{:#}", again.last());
    assert_eq!(names(&mut client, "w", "").await, ["a/", "build.sh", "lib.h", "link", "made", "main.c", "out", "prog"]);
    refused(&read(&mut client, "w", "link").await, "bad_path");
    // The same folder for a language of the other engine.
    let other = client
        .run(json!({"language": "python", "workspace": "w", "code": "import os; print(open('made').read(), os.path.isdir('a/b'))"}))
        .await;
    assert_eq!(other.succeeded().stdout(), "here True\n");
    let gone = client.run(run(json!({"command": ["bash", "-c", "rm -rf ./* && echo done"], "collect": {"changes": true}}))).await;
    assert_eq!(gone.succeeded().stdout(), "done\n");
    assert_eq!(deleted(&gone), ["build.sh", "lib.h", "link", "made", "main.c", "main.py", "out", "prog"]);
    assert_eq!(names(&mut client, "w", "").await, Vec::<String>::new());
}

#[tokio::test]
async fn changes_come_back_from_containers() {
    if !containers::docker() {
        return;
    }
    let server = containers::server(&[]).await;
    let mut client = server.connect().await;
    let quoted = |name: &str| format!("'./{}'", name.replace('\'', r"'\''"));
    let make = |name: &&str| format!("mkdir -p -- \"$(dirname {0})\" && printf '%s' 'new' > {0}\n", quoted(name));
    let names: String = HARD_NAMES.iter().map(make).collect();
    let rest = "printf other > old; printf same > same; touch touched; rm -r gone; printf '\\377' > binary; mkdir named; printf '\\377' > named/binary
ln -s old link; mkfifo pipe; : > empty; mkdir locked; printf 1 > locked/f; chmod 000 locked; touch -r kept old; chmod 000 .";
    let files = json!({"main.sh": names + rest, "old": "12345", "same": "same", "touched": "t", "gone/away": "1", "kept": "k"});
    let job = json!({"language": "bash", "files": files, "collect": {"changes": true, "paths": ["named"], "max_files": 64}});
    let ran = client.run(job).await;
    ran.succeeded();
    let mut created: BTreeMap<String, String> = HARD_NAMES.iter().map(|&name| (name.to_owned(), "new".to_owned())).collect();
    created.extend(texts(&[("empty", ""), ("named/binary", "/w=="), ("locked/f", "1")]));
    assert_eq!(part(&ran, "created"), created);
    assert_eq!(part(&ran, "changed"), texts(&[("old", "other")]));
    // The pipe is nothing that could come back, and that is not kept silent.
    assert_eq!((deleted(&ran), &ran.last()["files"]["truncated"]), (vec!["gone/away"], &json!(true)));
    let quiet = client.run(json!({"language": "bash", "code": "cat main.sh > /dev/null", "collect": {"changes": true}})).await;
    assert_eq!(quiet.succeeded().last()["files"], json!({"created": {}, "changed": {}, "deleted": [], "truncated": false}));
    let wiped = client
        .run(json!({"language": "bash", "files": {"main.sh": "rm -rf ./* .[!.]*", "a/b/c": "1", ".d": ""}, "collect": {"changes": true}}))
        .await;
    assert_eq!(deleted(&wiped), [".d", "a/b/c", "main.sh"], "{:#}", wiped.last());
    let late = json!({"language": "bash", "code": "printf left > f; while :; do :; done", "collect": {"paths": ["f"]}, "limits": {"time_ms": 300}});
    let late = client.run(late).await;
    assert_eq!((late.status(), part(&late, "created")), ("timeout", texts(&[("f", "left")])));
    let large = "for n in $(seq 40); do head -c 100000 /dev/zero | tr '\\0' b > f$n; done";
    let large =
        client.run(json!({"language": "bash", "code": large, "collect": {"changes": true, "max_files": 100, "max_bytes": 8 << 20}})).await;
    let created = part(&large, "created");
    assert_eq!((created.len(), created["f27"].len()), (40, 100_000), "{:#}", large.execution());
    assert!(created["f27"].bytes().all(|byte| byte == b'b'));
}

#[test]
fn the_shell_has_workspaces_of_its_own() {
    crate::client::prepare();
    let folder = Folder::new();
    std::fs::create_dir_all(&folder.0).unwrap();
    let runnel = |arguments: &[&str]| {
        let output = runnel().env("XDG_STATE_HOME", &folder.0).current_dir(&folder.0).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    std::fs::write(
        folder.0.join("count.py"),
        "import os\nn = int(open('n').read()) if os.path.exists('n') else 0\nopen('n', 'w').write(str(n + 1))\nprint(n)",
    )
    .unwrap();
    for n in 0..3 {
        let (code, out, err) = runnel(&["run", "count.py", "--workspace", "kata"]);
        assert_eq!((code, out), (Some(0), format!("{n}\n")), "{err}");
    }
    assert_eq!(runnel(&["workspace", "list"]).1, "kata\n");
    let (_, listed, _) = runnel(&["workspace", "list", "kata"]);
    assert!(listed.lines().any(|line| line.ends_with(" n")), "{listed}");
    assert_eq!(runnel(&["workspace", "read", "kata", "n"]).1, "3");
    assert_eq!(runnel(&["workspace", "read", "kata", "m"]).0, Some(2));
    assert_eq!(runnel(&["workspace", "close", "kata"]).0, Some(0));
    assert_eq!(runnel(&["workspace", "close", "kata"]).0, Some(2));
    assert_eq!(runnel(&["workspace", "list"]).1, "");
}
