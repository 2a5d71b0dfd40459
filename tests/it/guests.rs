//! What programs see: each toolchain's conformance cases, and what belongs to both.

use crate::client::{Client, Server};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// Runs every case of a toolchain: `NAME.EXT` or `NAME/main.EXT`, with `.out`, `.err`, `.in`, `.exit`, `.args` beside it.
pub(crate) async fn check(server: &Server, toolchain: &str, ending: &str, least: usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("toolchains").join(toolchain).join("cases");
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.with_extension("out").is_file())
        .filter(|path| {
            path.is_dir()
                || path.extension().is_some_and(|ending| !["out", "err", "in", "exit", "args"].contains(&ending.to_str().unwrap()))
        })
        .collect();
    names.sort();
    assert!(names.len() >= least, "only {} cases", names.len());
    let mut client = server.connect().await;
    let mut failures = Vec::new();
    for case in &names {
        if let Err(failure) = check_case(&mut client, toolchain, case, ending).await {
            failures.push(format!("== {}\n{failure}", case.display()));
        }
    }
    assert!(failures.is_empty(), "{} of {} cases failed\n{}", failures.len(), names.len(), failures.join("\n"));
}

async fn check_case(client: &mut Client, toolchain: &str, case: &Path, ending: &str) -> Result<(), String> {
    let beside = |extension: &str| std::fs::read_to_string(case.with_extension(extension)).ok();
    let stdin = case.with_extension("in");
    let stdin = if stdin.is_file() { content(&stdin) } else { Value::from("") };
    let mut files = Map::new();
    let main = if case.is_dir() {
        add(&mut files, case, "");
        let usual = [format!("main.{ending}"), ending.to_owned()].into_iter().find(|main| files.contains_key(main));
        usual.unwrap_or_else(|| files.keys().find(|name| name.starts_with("main.")).unwrap().clone())
    } else {
        // Cases whose name says nothing run under the toolchain's usual name.
        let name = case.file_name().unwrap().to_str().unwrap();
        let name = if ending == "py" { "main.py".to_owned() } else { name.to_owned() };
        files.insert(name.clone(), content(case));
        name
    };
    let args: Vec<String> = beside("args").map(|text| text.lines().map(str::to_owned).collect()).unwrap_or_default();
    let ran = client
        .run(json!({"language": toolchain, "files": files, "main": main, "args": args, "stdin": stdin, "limits": {"time_ms": 20000}}))
        .await;
    let execution = ran.execution();
    let expected = content(&case.with_extension("out"));
    if execution["stdout"] != expected {
        let shown = |text: &Value| text.as_str().map_or_else(|| text.to_string(), str::to_owned);
        return Err(format!(
            "stdout:\n{}\nexpected:\n{}\nstderr:\n{}",
            shown(&execution["stdout"]),
            shown(&expected),
            shown(&execution["stderr"])
        ));
    }
    // An exit code, or the name of a signal.
    let exit = beside("exit").map_or("0".to_owned(), |text| text.trim().to_owned());
    let ended = execution["signal"].as_str().map_or_else(|| execution["exit_code"].to_string(), str::to_owned);
    if ended != exit {
        return Err(format!("{execution:#}\nexpected to end with {exit}"));
    }
    let stderr = execution["stderr"].as_str().unwrap_or_default();
    let mut rest = stderr;
    for line in beside("err").unwrap_or_default().lines() {
        let Some((_, after)) = rest.split_once(line) else { return Err(format!("stderr:\n{stderr}\nlacks: {line}")) };
        rest = after;
    }
    Ok(())
}

pub(crate) fn add(files: &mut Map<String, Value>, folder: &Path, prefix: &str) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            add(files, &path, &format!("{name}/"));
        } else {
            files.insert(name, content(&path));
        }
    }
}

fn content(path: &Path) -> Value {
    use base64::Engine;
    let bytes = std::fs::read(path).unwrap();
    match String::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(fault) => json!({"base64": base64::engine::general_purpose::STANDARD.encode(fault.into_bytes())}),
    }
}

#[tokio::test]
async fn python_cases() {
    check(&Server::start(&[]), "python", "py", 20).await;
}

/// The list that people read is the one that the case `modules` checks.
#[test]
fn the_list_of_missing_modules_is_documented() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("toolchains/python");
    let page = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let (_, rest) = page.split_once("<!-- modules -->").unwrap();
    let list = rest.split("```").nth(1).unwrap();
    let checked = std::fs::read_to_string(folder.join("cases/modules.out")).unwrap();
    assert!(list.split_whitespace().eq(checked.split_whitespace()), "{list}\n{checked}");
}

#[tokio::test]
async fn javascript_cases() {
    check(&Server::start(&[]), "javascript", "js", 20).await;
}

#[tokio::test]
async fn nothing_is_left_from_one_run_to_the_next() {
    let server = Server::start(&["--set", "cells.count=1", "--set", "desk.live=100"]);
    let mut client = server.connect().await;
    client.python("open('left', 'w').write('x'); open('/tmp/left', 'w').write('x')\nimport builtins; builtins.left = 1").await.succeeded();
    let ran =
        client.python("import os, builtins\nprint(os.listdir('.'), os.listdir('/tmp'), os.listdir('/'), hasattr(builtins, 'left'))").await;
    assert_eq!(ran.succeeded().stdout(), "['main.py'] [] ['box', 'tmp'] False\n");
    let ran = client.javascript("const fs = require('fs'); console.log(fs.readdirSync('.'), fs.readdirSync('/tmp')); try { fs.writeFileSync('/x', '') } catch (e) { console.log(e.code) } try { fs.readFileSync('/etc/passwd') } catch (e) { console.log(e.code) }").await;
    let out = ran.succeeded().stdout();
    assert!(out.starts_with("[ 'main.js' ] []\nE") && out.ends_with("ENOENT\n"), "{out}");
}

#[tokio::test]
async fn randomness_differs_from_run_to_run() {
    let server = Server::start(&["--set", "cells.count=1", "--set", "desk.live=100"]);
    let mut client = server.connect().await;
    for (language, code) in [
        ("python", "import random, uuid, os, secrets\nprint(random.random(), uuid.uuid4(), os.urandom(8), secrets.token_hex())"),
        ("javascript", "console.log(Math.random(), crypto.randomUUID(), require('crypto').randomBytes(8).toString('hex'))"),
    ] {
        let job = json!({"language": language, "code": code});
        let (first, second) = (client.run(job.clone()).await, client.run(job).await);
        for (first, second) in first.succeeded().stdout().split(' ').zip(second.succeeded().stdout().split(' ')) {
            assert_ne!(first, second, "{language}");
        }
    }
}

#[tokio::test]
async fn names_of_any_kind_work() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let names = ["with space", "qu'ote\"s", "new\nline", "ünï漢😀", "-rf", "$(x)`y`", "a&b", ".dot", "d/e/f", "back\\slash"];
    let mut files: Map<String, Value> = names.iter().map(|name| ((*name).to_owned(), Value::from(*name))).collect();
    files.insert("main.py".into(), "import os\nfound = sorted(os.path.relpath(os.path.join(d, f), '.') for d, _, fs in os.walk('.') for f in fs)\nprint(all(open(f).read() == f for f in found if f != 'main.py'), len(found))".into());
    let ran = client.run(json!({"language": "python", "files": files})).await;
    assert_eq!(ran.succeeded().stdout(), "True 11\n");
    files.remove("main.py");
    files.insert("main.js".into(), "const fs = require('fs'); let n = 0; for (const f of fs.readdirSync('.')) if (f !== 'main.js' && f !== 'd') n += fs.readFileSync(f, 'utf8') === f; console.log(n)".into());
    let ran = client.run(json!({"language": "javascript", "files": files})).await;
    assert_eq!(ran.succeeded().stdout(), "9\n");
    for (language, main) in [("python", "my prog'ram\n1.py"), ("javascript", "ünï \"x\".js")] {
        let code = if language == "python" { "print(__file__)" } else { "console.log(__filename)" };
        let ran = client.run(json!({"language": language, "code": code, "main": main})).await;
        assert_eq!(ran.succeeded().stdout(), format!("/box/{main}\n"));
    }
}

#[tokio::test]
async fn odd_programs() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    for language in ["python", "javascript"] {
        client.run(json!({"language": language, "code": ""})).await.succeeded();
    }
    let ran = client.run(json!({"language": "python", "code": {"base64": "cHJpbnQoIv8iKQ=="}})).await;
    assert!(ran.status() == "error" && ran.stderr().contains("SyntaxError"), "{:#}", ran.last());
    let ran = client.run(json!({"language": "javascript", "code": {"base64": "Y29uc29sZS5sb2coIv8iKQ=="}})).await;
    assert_eq!(ran.succeeded().stdout(), "\u{fffd}\n");
}

#[tokio::test]
async fn a_line_appears_when_it_is_printed() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    // The first line must come while the program still computes: the rest only goes on when it is answered.
    for (language, code) in [
        ("python", "print('first')\nx = sum(i for i in range(3_000_000))\nprint('computed')\ninput()\nprint('last')"),
        (
            "javascript",
            "console.log('first'); let x = 0; for (let i = 0; i < 1e7; i++) x += i; console.log('computed'); require('fs').readFileSync(0); console.log('last')",
        ),
    ] {
        client
            .send(json!({"type": "run", "id": "r", "language": language, "code": code, "interactive": true, "limits": {"time_ms": 60000}}))
            .await;
        let first = client.next_of("stdout").await;
        assert_eq!(first["data"], "first\n", "{language}: one frame of its own, before what is computed");
        client.next_of("waiting").await;
        client.send(json!({"type": "stdin", "id": "r", "data": "\n", "eof": true})).await;
        assert_eq!(client.next_of("result").await["execution"]["stdout"], "first\ncomputed\nlast\n");
    }
}

#[tokio::test]
async fn the_network_and_processes_are_not_there() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let code = "import socket, subprocess, os\nfor attempt in (lambda: socket.create_connection(('127.0.0.1', 80)), lambda: socket.socket(), lambda: subprocess.run(['ls']), lambda: os.system('ls'), lambda: open('/etc/passwd'), lambda: open('/proc/self/status')):\n    try:\n        attempt(); print('worked')\n    except Exception as e: print('stopped')";
    assert_eq!(client.python(code).await.succeeded().stdout(), "stopped\n".repeat(6));
}
