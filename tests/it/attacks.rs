//! Programs that attack what is around them, or the machine under it. Each file in `tests/attacks` is a case, and its
//! first comment lines say what must come of it:
//!
//! ```text
//! expect: timeout            the status; several joined by ` or `
//! message: CPU time          words of the result's message
//! limits: {"time_ms": 400}   the job's limits, and so on for `args`
//! holds: …                   stdout, stderr or compile output has this in it; may come several times
//! lacks: …                   none of them has
//! copies: 2                  so many run at once
//! tests: 2                   it is judged with so many tests, whose input is their number, and must print `well`
//! ```
//!
//! Where something gets through, the program prints `WORKED` or `FOUND`, which no output may hold. After each attack,
//! a small program of the same language runs as if nothing had been.

use crate::client::{Client, Server, children};
use crate::containers::{docker, server, until_gone};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Languages by the ending of their files, each with a small program that prints `well`.
const LANGUAGES: [(&str, &str, &str); 7] = [
    ("py", "python", "print('well')"),
    ("js", "javascript", "console.log('well')"),
    ("c", "c", "#include <stdio.h>\nint main(void) { puts(\"well\"); }"),
    ("cpp", "cpp", "#include <iostream>\nint main() { std::cout << \"well\\n\"; }"),
    ("go", "go", "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"well\") }\n"),
    ("cs", "csharp", "class P { static void Main() { System.Console.WriteLine(\"well\"); } }"),
    ("sh", "bash", "echo well"),
];
/// Of languages that run in cells.
const IN_CELLS: [&str; 2] = ["py", "js"];

/// One file of `tests/attacks`.
struct Case {
    name: String,
    language: &'static str,
    /// What the language's next client runs.
    next: &'static str,
    code: String,
    /// What its head says, line by line.
    head: Vec<(String, String)>,
}

impl Case {
    fn read(path: &Path) -> Self {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let ending = name.rsplit('.').next().unwrap();
        let (_, language, next) = LANGUAGES.iter().find(|(of, ..)| *of == ending).unwrap_or_else(|| panic!("{name}: which language?"));
        let code = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        let comments = code.lines().map_while(|line| line.strip_prefix("// ").or(line.strip_prefix("# ")));
        let words = ["expect", "message", "limits", "args", "holds", "lacks", "copies", "tests"];
        let said = comments.filter_map(|line| line.split_once(": ")).filter(|(word, _)| words.contains(word));
        let head = said.map(|(word, value)| (word.to_owned(), value.to_owned())).collect();
        Self { name, language, next, code, head }
    }

    fn all(&self, word: &str) -> impl Iterator<Item = &str> {
        self.head.iter().filter(move |(of, _)| of == word).map(|(_, value)| value.as_str())
    }

    fn number(&self, word: &str) -> usize {
        self.all(word).next().map_or(0, |number| number.parse().unwrap())
    }

    fn json(&self, word: &str, absent: Value) -> Value {
        self.all(word).next().map_or(absent, |text| serde_json::from_str(text).unwrap_or_else(|fault| panic!("{}: {fault}", self.name)))
    }

    fn job(&self) -> Value {
        let tests = (1..=self.number("tests"))
            .map(|number| json!({"id": number.to_string(), "input": format!("input {number}"), "expected_output": "well"}));
        let tests: Vec<Value> = tests.collect();
        let mut job = json!({
            "language": self.language, "code": self.code, "stream": false,
            "limits": self.json("limits", json!({})), "args": self.json("args", json!([])),
        });
        if !tests.is_empty() {
            job["tests"] = json!({"visible": tests});
        }
        job
    }

    /// What is wrong with how it ended.
    fn fault(&self, result: &Value) -> Option<String> {
        let execution = &result["execution"];
        let status = execution["status"].as_str().unwrap_or("no execution");
        let Some(expected) = self.all("expect").next() else { return Some("its head lacks `expect`".to_owned()) };
        if !expected.split(" or ").any(|expected| expected == status) {
            return Some(format!("not {expected} but {status}"));
        }
        let message = execution["message"].as_str().unwrap_or_default();
        if let Some(words) = self.all("message").find(|words| !message.contains(words)) {
            return Some(format!("its message lacks `{words}`"));
        }
        // Bytes that are no text come as an object: `to_string` has them all the same.
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let said = [&execution["stdout"], &execution["stderr"], &result["compile"]["output"]].map(text).join("\n");
        if let Some(words) = self.all("holds").find(|words| !said.contains(words)) {
            return Some(format!("its output lacks `{words}`"));
        }
        if let Some(words) = self.all("lacks").chain(["WORKED", "FOUND"]).find(|words| said.contains(words)) {
            return Some(format!("its output holds `{words}`"));
        }
        let tests = result["test_results"]["visible"].as_array();
        let failed = tests.and_then(|tests| tests.iter().find(|test| test["verdict"] != "AC"));
        failed.map(|test| format!("test {} failed", test["id"]))
    }
}

fn source(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacks").join(name)).unwrap()
}

/// The cases whose languages run in cells, or those of the others.
fn cases(in_cells: bool) -> VecDeque<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacks");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    // One of them alone, for whoever works on it.
    let only = std::env::var("RUNNEL_TEST_ATTACK").unwrap_or_default();
    let cases = paths.iter().map(|path| Case::read(path)).filter(|case| case.name.contains(&only));
    cases.filter(|case| IN_CELLS.contains(&case.name.rsplit('.').next().unwrap()) == in_cells).collect()
}

/// Runs one, and something small after it. Says what is wrong.
async fn check(client: &mut Client, case: &Case) -> Result<(), String> {
    let copies = case.number("copies").max(1);
    for copy in 0..copies {
        client.begin(&copy.to_string(), case.job()).await;
    }
    let mut ended = 0;
    while ended < copies {
        let frame = client.next().await;
        match frame["type"].as_str().unwrap() {
            "result" => {
                if let Some(fault) = case.fault(&frame) {
                    return Err(format!("{}: {fault}\n{}", case.name, shortened(&frame)));
                }
                ended += 1;
            }
            "error" => return Err(format!("{}: refused: {frame}", case.name)),
            _ => {}
        }
    }
    let after = client.run(json!({"language": case.language, "code": case.next})).await;
    if (after.status(), after.stdout()) == ("success", "well\n") {
        Ok(())
    } else {
        Err(format!("after {}: {}", case.name, shortened(after.last())))
    }
}

/// As people want to see it: some programs print a lot.
fn shortened(frame: &Value) -> String {
    let text = format!("{frame:#}");
    let lines = text.lines().map(|line| line.chars().take(2000).collect::<String>());
    lines.collect::<Vec<_>>().join("\n")
}

/// All of them, several at once.
async fn check_all(server: &Server, cases: VecDeque<Case>, at_once: usize) {
    let least = if std::env::var_os("RUNNEL_TEST_ATTACK").is_some() { 0 } else { 20 };
    assert!(cases.len() >= least, "only {} cases", cases.len());
    let (cases, faults) = (Mutex::new(cases), Mutex::new(Vec::new()));
    let worker = async || {
        let mut client = server.connect().await;
        loop {
            let Some(case) = ({ cases.lock().unwrap().pop_front() }) else { return };
            if let Err(fault) = check(&mut client, &case).await {
                faults.lock().unwrap().push(fault);
                // Whatever it still does there is not the next one's.
                client = server.connect().await;
            }
        }
    };
    futures_util::future::join_all((0..at_once).map(|_| worker())).await;
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{} attacks are not contained:\n{}", faults.len(), faults.join("\n\n"));
}

#[tokio::test]
async fn containers_hold() {
    if !docker() {
        return;
    }
    let server = server(&["--set", "docker.busy=8"]).await;
    check_all(&server, cases(false), 4).await;
    until_gone(server.process.id()).await;
}

#[tokio::test]
async fn cells_hold() {
    let server = Server::start(&["--set", "cells.count=2"]);
    let mut client = server.connect().await;
    client.python("print(1)").await.succeeded();
    let cells = children(server.process.id());
    check_all(&server, cases(true), 4).await;
    assert_eq!(children(server.process.id()), cells, "a cell was lost");
}

#[tokio::test]
async fn limits_are_exact() {
    if !docker() {
        return;
    }
    let server = server(&[]).await;
    let mut client = server.connect().await;
    // Output of exactly the limit is no offence; one byte more is, and exactly the limit comes back.
    let ran = client.run(json!({"language": "bash", "code": "head -c 10240 /dev/zero | tr '\\0' x", "limits": {"output_kb": 10}})).await;
    assert_eq!(ran.succeeded().stdout().len(), 10240);
    let ran = client.run(json!({"language": "bash", "code": "head -c 10241 /dev/zero | tr '\\0' x", "limits": {"output_kb": 10}})).await;
    assert_eq!((ran.status(), ran.stdout().len(), &ran.execution()["out_size"]), ("output_limit", 10240, &json!(10240)));
    // What stays below its memory is not ended, and is measured.
    let ran = client.run(json!({"language": "c", "code": source("touch.c"), "args": ["30"], "limits": {"memory_mb": 48}})).await;
    let used = ran.succeeded().execution()["memory_usage_mb"].as_f64().unwrap();
    assert!((30.0..36.0).contains(&used), "{used}");
    let ran = client.run(json!({"language": "c", "code": source("touch.c"), "args": ["60"], "limits": {"memory_mb": 48}})).await;
    assert_eq!(ran.status(), "memory_limit", "{:#}", ran.last());
    // Beyond what a warm container has: one is made that fits.
    let ran = client.run(json!({"language": "c", "code": source("touch.c"), "args": ["1500"], "limits": {"memory_mb": 1800}})).await;
    ran.succeeded();
}

/// What one run leaves in files, shared memory and semaphores, the next must not find.
#[tokio::test]
async fn nothing_is_left_for_others() {
    if !docker() {
        return;
    }
    let server = server(&["--set", "docker.pool=1"]).await;
    let mut client = server.connect().await;
    for round in 0..3 {
        let ran = client.run(json!({"language": "c", "code": source("leftovers.c")})).await;
        assert_eq!(ran.succeeded().stdout(), "found 0\nleft 6\n", "round {round}");
    }
}

/// What a compile step plants for the program, or for the agent that reads what it made.
#[tokio::test]
async fn a_compiler_can_not_plant_anything() {
    if !docker() {
        return;
    }
    let toolchains = crate::containers::Toolchains::new("plant");
    let compile =
        |script: &str| format!("image = 'debian:bookworm-slim'\ncompile = ['bash', '-c', '''{script}''']\nrun = ['bash', '{{src}}']");
    toolchains
        .add("links", &compile("mkdir /box/bin/main; ln -s /etc/passwd /box/bin/main/x; ln -s / /box/bin/main/y; ln -s /proc/1/mem /box/bin/main/z; echo ok > /box/bin/main/f; rm -rf /box/work/*; ln -s /etc /box/work/d; ln -s /etc/passwd main.txt; (setsid sleep 100 &) "), None)
        .add("closed", &compile("echo 1 > /box/bin/main; mkdir -p a/b/c; touch a/b/c/f; chmod 000 a/b a; mkfifo p; chmod 000 /box/work 2>/dev/null; true"), None);
    let server = server(&["--set", &toolchains.setting()]).await;
    let mut client = server.connect().await;
    let code = "id -u; ls -A /box/work; pgrep sleep; ls -A /tmp; cat /box/bin/main/f /box/bin/main 2>/dev/null; touch /box/bin/x 2>/dev/null && echo written";
    for (language, expected) in [("links", "main.txt\nok\n"), ("closed", "main.txt\n1\n")] {
        for round in 0..4 {
            let ran = client.run(json!({"language": language, "files": {"main.txt": code, "d.txt": ""}, "main": "main.txt"})).await;
            let stdout = ran.stdout().split_once('\n').map_or("", |(_, rest)| rest).replace("d.txt\n", "");
            assert_eq!(stdout, expected, "{language} {round}: {:#}", ran.last());
        }
    }
}

/// What the page on security says to hold a claim is there.
#[test]
fn the_security_page_names_what_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    let names = |folder: &str| std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: Vec<String> = names("tests/attacks").chain(names("agent/src")).collect();
    let sources: Vec<String> =
        ["tests/it", "src", "agent/src"].into_iter().flat_map(|folder| names(folder).map(move |name| format!("{folder}/{name}"))).collect();
    let text: String = sources.iter().filter_map(|path| std::fs::read_to_string(root.join(path)).ok()).collect();
    let mut checked = 0;
    for word in page.split('`').skip(1).step_by(2) {
        let is_case = LANGUAGES.iter().any(|(ending, ..)| word.ends_with(&format!(".{ending}")));
        let exists = if word.contains('/') && word.ends_with(".rs") {
            root.join(word).is_file()
        } else if let Some((before, after)) = word.split_once('*') {
            files.iter().any(|name| name.starts_with(before) && name.ends_with(after))
        } else if is_case || word.ends_with(".rs") {
            files.iter().any(|name| name == word)
        } else if word.matches('_').count() >= 3 && word.chars().all(|letter| letter.is_alphanumeric() || letter == '_') {
            text.contains(&format!("fn {word}("))
        } else {
            continue;
        };
        assert!(exists, "the page names `{word}`");
        checked += 1;
    }
    assert!(checked > 50, "{checked}");
}
