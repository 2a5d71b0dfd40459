//! Judge0's API.

use super::{ask, ask_with, drive_python};
use crate::client::{Folder, Server};
use crate::containers;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Cursor, Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};
use zip::write::SimpleFileOptions;

const PYTHON: u64 = 71;

fn python(code: &str, more: Value) -> Value {
    let mut body = json!({"language_id": PYTHON, "source_code": code});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// Answered at once.
fn wait(server: &Server, body: &Value) -> Value {
    let answer = ask(server, "POST", "/submissions?wait=true&fields=*", body);
    assert_eq!(answer.status, 201, "{body}: {}", answer.text());
    answer.json()
}

fn get(server: &Server, path: &str) -> Value {
    let answer = ask(server, "GET", path, &Value::Null);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Asks until it has ended.
async fn ended(server: &Server, token: &str) -> Value {
    for _ in 0..1200 {
        let submission = get(server, &format!("/submissions/{token}"));
        if submission["status"]["id"].as_u64().unwrap() > 2 {
            return submission;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{token} does not end");
}

#[tokio::test]
async fn what_it_tells_of_itself() {
    let server = Server::start(&[]);
    for prefix in ["", "/judge0"] {
        let languages = get(&server, &format!("{prefix}/languages"));
        let ids: Vec<_> = languages.as_array().unwrap().iter().map(|language| language["id"].as_u64().unwrap()).collect();
        assert_eq!(ids, [63, 71, 92, 93, 97, 100, 102, 109, 113], "what can run without Docker");
    }
    assert_eq!(get(&server, "/languages/all")[1]["is_archived"], false);
    let language = get(&server, "/languages/71");
    assert_eq!((&language["name"], &language["source_file"]), (&json!("Python (CPython 3.14.0)"), &json!("main.py")));
    for path in ["/languages/50", "/languages/x", "/languages/99999999999999999999"] {
        assert_eq!(ask(&server, "GET", path, &Value::Null).status, 404, "{path}");
    }
    let statuses = get(&server, "/statuses");
    assert_eq!((statuses.as_array().unwrap().len(), &statuses[13]), (14, &json!({"id": 14, "description": "Exec Format Error"})));
    assert_eq!(get(&server, "/about")["version"], "1.13.1");
    assert_eq!(server.get("/version"), (200, "1.13.1".to_owned()));
    let config = get(&server, "/config_info");
    assert_eq!((&config["max_cpu_time_limit"], &config["max_memory_limit"]), (&json!(60.0), &json!(2048 << 10)));
    assert_eq!((&config["enable_callbacks"], &config["max_submission_batch_size"]), (&json!(false), &json!(20)));
    assert!(get(&server, "/system_info")["Architecture"].is_string());
    let workers = get(&server, "/workers");
    assert!(workers[0]["available"].as_u64().unwrap() > 0 && workers[0]["idle"].is_u64(), "{workers}");
    wait(&server, &python("print(1)", json!({})));
    let statistics = get(&server, "/statistics");
    assert_eq!((&statistics["submissions"]["total"], &statistics["submissions"]["last_30_days"][0]), (&json!(1), &json!(1)));
    assert_eq!((&statistics["languages"][0]["language"]["id"], &statistics["statuses"][0]["status"]["id"]), (&json!(71), &json!(3)));
    // There is no list of them.
    assert_eq!(ask(&server, "GET", "/submissions", &Value::Null).status, 403);
    assert_eq!(Server::start(&["--set", "doors.judge0=false"]).get("/submissions/x").0, 404);
}

#[tokio::test]
async fn a_submission_and_its_fields() {
    let server = Server::start(&[]);
    let asked = python("print('hello,', input())", json!({"stdin": "Judge0", "expected_output": "hello, Judge0   \n\n"}));
    let answer = ask(&server, "POST", "/submissions/?wait=true", &asked).json();
    let names: HashSet<_> = answer.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, HashSet::from(["stdout", "time", "memory", "stderr", "token", "compile_output", "message", "status"]));
    assert_eq!((&answer["stdout"], &answer["stderr"]), (&json!("hello, Judge0\n"), &Value::Null));
    assert_eq!(answer["status"], json!({"id": 3, "description": "Accepted"}));
    let time = answer["time"].as_str().unwrap();
    assert!(time.split_once('.').is_some_and(|(_, decimals)| decimals.len() == 3) && answer["memory"].as_u64().unwrap() > 1000, "{answer}");
    let token = answer["token"].as_str().unwrap();
    assert!(token.len() == 36 && token.as_bytes()[14] == b'4' && b"89ab".contains(&token.as_bytes()[19]), "{token}");
    // Later, in base64 and not, all of it and a part.
    assert_eq!(get(&server, &format!("/submissions/{token}")), answer);
    let all = get(&server, &format!("/submissions/{token}/?base64_encoded=true&fields=*"));
    assert_eq!((&all["stdout"], &all["stdin"]), (&json!(base64(b"hello, Judge0\n")), &json!(base64(b"Judge0"))));
    assert_eq!((&all["language"]["id"], &all["status_id"], &all["number_of_runs"]), (&json!(71), &json!(3), &json!(1)));
    assert_eq!((&all["cpu_time_limit"], &all["memory_limit"]), (&json!("5"), &json!(256 << 10)));
    assert!(all["created_at"].as_str().unwrap() <= all["finished_at"].as_str().unwrap(), "{all}");
    let part = get(&server, &format!("/submissions/{token}?fields=status_id,exit_code"));
    assert_eq!(part, json!({"status_id": 3, "exit_code": 0}));
    let invalid = ask(&server, "GET", &format!("/submissions/{token}?fields=stdout,x,y"), &Value::Null);
    assert_eq!((invalid.status, invalid.json()), (400, json!({"error": "invalid fields: [x, y]"})));
    // In base64 both ways, and output that is no text.
    let code = base64("import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read())".as_bytes());
    let asked = json!({"language_id": "113", "source_code": code, "stdin": base64(b"\xff\x00")});
    let answer = ask(&server, "POST", "/submissions?wait=true&base64_encoded=true", &asked).json();
    assert_eq!(answer["stdout"], json!(base64(b"\xff\x00")), "{answer}");
    let no_text = ask(&server, "GET", &format!("/submissions/{}", answer["token"].as_str().unwrap()), &Value::Null);
    assert!(no_text.status == 400 && no_text.json()["error"].as_str().unwrap().contains("base64_encoded=true"));
    // One that is answered later.
    let created = ask(&server, "POST", "/submissions", &python("import time\ntime.sleep(0.3)\nprint(1)", json!({})));
    assert_eq!((created.status, created.json().as_object().unwrap().len()), (201, 1));
    let token = created.json()["token"].as_str().unwrap().to_owned();
    let now = get(&server, &format!("/submissions/{token}"))["status"]["id"].as_u64().unwrap();
    assert!((1..=3).contains(&now));
    let early = ask(&server, "DELETE", &format!("/submissions/{token}"), &Value::Null);
    assert!(
        early.status == 400 && early.json()["error"].as_str().unwrap().starts_with("submission cannot be deleted because its status is")
    );
    assert_eq!(ended(&server, &token).await["stdout"], "1\n");
    let deleted = ask(&server, "DELETE", &format!("/submissions/{token}?fields=stdout"), &Value::Null);
    assert_eq!((deleted.status, deleted.json()), (200, json!({"stdout": base64(b"1\n")})));
    for token in [token.as_str(), "no-token", &"x".repeat(5000)] {
        assert_eq!(ask(&server, "GET", &format!("/submissions/{token}"), &Value::Null).status, 404);
    }
}

#[tokio::test]
async fn every_end_has_its_status() {
    let server = Server::start(&[]);
    let cases = [
        ("print(1)", json!({"expected_output": "2"}), 4, None),
        ("while True: pass", json!({"cpu_time_limit": 0.2}), 5, Some("Time limit exceeded")),
        ("import time\ntime.sleep(9)", json!({"wall_time_limit": "0.2"}), 5, Some("Time limit exceeded (wall clock)")),
        ("import sys\nsys.exit(3)", json!({}), 11, Some("Exited with error status 3")),
        ("print('x' * 3000000)", json!({}), 8, Some("Caught fatal signal 25")),
        ("x = bytearray(200 << 20)", json!({"memory_limit": 65536}), 11, Some("Exited with error status 1")),
    ];
    for (code, more, status, message) in cases {
        let answer = wait(&server, &python(code, more));
        assert_eq!((&answer["status_id"], answer["message"].as_str()), (&json!(status), message), "{code}: {:.400}", answer.to_string());
    }
    // Both pipes as one, arguments, several runs.
    let code = "import sys\nprint(sys.argv[1:], flush=True)\nprint('e', file=sys.stderr)";
    let more = json!({"command_line_arguments": "a 'b c'", "redirect_stderr_to_stdout": true, "number_of_runs": 3});
    let answer = wait(&server, &python(code, more));
    assert_eq!((&answer["stdout"], &answer["stderr"]), (&json!("['a', 'b c']\ne\n"), &Value::Null));
    assert_eq!((&answer["number_of_runs"], &answer["status_id"]), (&json!(3), &json!(3)));
    let runs = |server: &Server| {
        let metrics = server.get("/metrics").1;
        let line =
            metrics.lines().find(|line| line.starts_with("runnel_runs_total{language=\"python\",engine=\"wasm\",status=\"success\"}"));
        line.unwrap().rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()
    };
    assert_eq!(runs(&server), 4, "three of them are one submission's");
    if !containers::docker() {
        return;
    }
    let server = containers::server(&[]).await;
    let c = |code: &str| wait(&server, &json!({"language_id": 50, "source_code": code}));
    let answer = c("int main(void) { return x; }");
    assert_eq!((&answer["status_id"], &answer["stdout"], &answer["time"]), (&json!(6), &Value::Null, &Value::Null));
    assert!(answer["compile_output"].as_str().unwrap().contains("error:"));
    for (code, status, signal) in [
        ("int main(void) { *(volatile int *)0 = 1; }", 7, 11),
        ("#include <signal.h>\nint main(void) { raise(SIGFPE); }", 9, 8),
        ("#include <stdlib.h>\nint main(void) { abort(); }", 10, 6),
        ("#include <signal.h>\nint main(void) { raise(SIGUSR1); }", 12, 10),
    ] {
        let answer = c(code);
        assert_eq!((&answer["status_id"], &answer["exit_signal"]), (&json!(status), &json!(signal)), "{answer}");
    }
}

#[tokio::test]
async fn compilers_have_options() {
    if !containers::docker() {
        return;
    }
    let server = containers::server(&[]).await;
    let code =
        "#include <stdio.h>\n#include <math.h>\nint main(void) { volatile double two = 2; printf(\"%s %.0f\", TEXT, sqrt(two * 2)); }";
    let options = "-O3 -lm \"-DTEXT=\\\"a b; $(id)\\\"\"";
    let answer = wait(&server, &json!({"language_id": 50, "source_code": code, "compiler_options": options}));
    assert_eq!((&answer["stdout"], &answer["compiler_options"]), (&json!("a b; $(id) 2"), &json!(options)), "{answer}");
    let answer = wait(&server, &json!({"language_id": 50, "source_code": code, "compiler_options": "-Werror -DTEXT=1"}));
    assert_eq!(answer["status_id"], 6, "{answer}");
    for (language, options, what) in [
        (50, "-D\"x", "can't be split"),
        (50, "-D\0", "NUL"),
        (46, "-O2", "setting compiler options is only allowed for compiled languages"),
    ] {
        let answer =
            ask(&server, "POST", "/submissions", &json!({"language_id": language, "source_code": "1", "compiler_options": options}));
        assert!(answer.status == 422 && answer.json()["compiler_options"][0].as_str().unwrap().contains(what), "{}", answer.text());
    }
    // Blanks are no options, for whatever language.
    assert_eq!(wait(&server, &json!({"language_id": 46, "source_code": "echo 1", "compiler_options": " \n"}))["stdout"], "1\n");
}

/// What Judge0 calls a multi-file program: its scripts say how it is compiled and run.
#[tokio::test]
async fn programs_of_many_files() {
    if !containers::docker() {
        return;
    }
    let server = containers::server(&[]).await;
    assert_eq!(get(&server, "/languages/89")["name"], "Multi-file program");
    let program = |files: &[(&str, &[u8])], more: Value| {
        let mut body = json!({"language_id": 89, "additional_files": archive(files)});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let main: &[u8] = b"#include <iostream>\n#include \"lib/twice.h\"\nint main() { int n; std::cin >> n; std::cout << twice(n); }";
    let files: [(&str, &[u8]); 4] = [
        ("main.cpp", main),
        ("lib/twice.h", b"inline int twice(int n) { return 2 * n; }"),
        ("compile", b"g++ -Wall -o main main.cpp\necho 'print(int(input()) + 1)' > more.py"),
        ("run", b"./main | python3 more.py\nexit ${1:-0}"),
    ];
    let answer = wait(&server, &program(&files, json!({"stdin": "21", "expected_output": "43"})));
    assert_eq!((&answer["status_id"], &answer["stdout"], &answer["source_code"]), (&json!(3), &json!("43\n"), &Value::Null), "{answer}");
    let answer = wait(&server, &program(&files, json!({"stdin": "4", "command_line_arguments": "7"})));
    assert_eq!((&answer["status_id"], &answer["exit_code"], &answer["stdout"]), (&json!(11), &json!(7), &json!("9\n")), "{answer}");
    let answer = wait(&server, &program(&[("run", b"cat data/x"), ("data/x", b"inside")], json!({})));
    assert_eq!((&answer["status_id"], &answer["stdout"], &answer["compile_output"]), (&json!(3), &json!("inside"), &Value::Null));
    let answer = wait(&server, &program(&[("compile", b"echo said; false"), ("run", b"echo no")], json!({})));
    assert_eq!(
        (&answer["status_id"], &answer["compile_output"], &answer["stdout"]),
        (&json!(6), &json!("said\n"), &Value::Null),
        "{answer}"
    );
    let run: &[(&str, &[u8])] = &[("run", b"")];
    for (body, attribute, what) in [
        (program(run, json!({"source_code": "x"})), "source_code", "must be blank"),
        (json!({"language_id": 89}), "additional_files", "can't be blank"),
        (json!({"language_id": 89, "additional_files": base64(b"no zip")}), "additional_files", "not a readable archive"),
        (program(&[], json!({})), "additional_files", "can't be blank"),
        (program(&[("compile", b"")], json!({})), "additional_files", "`run`"),
        (program(run, json!({"compiler_options": "-O2"})), "compiler_options", "only allowed for compiled languages"),
    ] {
        let answer = ask(&server, "POST", "/submissions", &body);
        assert!(answer.status == 422 && answer.json()[attribute][0].as_str().unwrap_or_default().contains(what), "{}", answer.text());
    }
}

#[tokio::test]
async fn bodies_as_forms() {
    let server = Server::start(&["--set", "connection.max_frame_kb=64"]);
    let post = |path: &str, headers: &str, body: &str| {
        server.ask("POST", path, &format!("content-type: application/x-www-form-urlencoded; charset=UTF-8\r\n{headers}"), body)
    };
    let form = "language_id=71&source_code=print(input()+%2b+%22+%c3%bc%22)&stdin=a+%26+b&cpu_time_limit=1.5&redirect_stderr_to_stdout=1&number_of_runs=";
    for (path, body) in
        [("/submissions?wait=true&fields=*", form.to_owned()), ("/judge0/submissions", format!("{form}&wait=true&fields=*"))]
    {
        let answer = post(path, "", &body);
        let told = answer.json();
        assert_eq!((answer.status, &told["stdout"], &told["cpu_time_limit"]), (201, &json!("a & b \u{fc}\n"), &json!("1.5")), "{told}");
        assert_eq!((&told["redirect_stderr_to_stdout"], &told["number_of_runs"]), (&json!(true), &json!(1)));
    }
    let code: String = base64(b"print('packed?')").bytes().map(|byte| format!("%{byte:02X}")).collect();
    let answer = post("/submissions?wait=true&base64_encoded=true", "", &format!("language_id=71&source_code={code}"));
    assert_eq!(answer.json()["stdout"], json!(base64(b"packed?\n")));
    let batch = "submissions[][language_id]=71&submissions[][source_code]=print(1)&submissions%5B%5D%5Blanguage_id%5D=71";
    let answer = post("/submissions/batch", "", batch);
    assert_eq!((answer.status, &answer.json()[1]), (201, &json!({"source_code": ["can't be blank"]})), "{}", answer.text());
    let token = answer.json()[0]["token"].as_str().unwrap().to_owned();
    assert_eq!(ended(&server, &token).await["stdout"], "1\n");
    for (body, status, what) in [
        ("", 422, "language_id"),
        ("language_id=71", 422, "source_code"),
        ("language_id=x&source_code=1", 422, "language with id x doesn't exist"),
        ("language_id=71&source_code=1&cpu_time_limit=1e9", 422, "less than or equal to 60"),
        ("language_id=71&source_code=%ff", 400, "not UTF-8"),
        (&"a&".repeat(5000), 400, "4096 fields"),
        (&"x".repeat(70 << 10), 413, "too large"),
        ("{\"language_id\": 71}", 422, "language_id"),
    ] {
        let answer = post("/submissions?wait=true", "", body);
        assert!(answer.status == status && answer.text().contains(what), "{body:.80}: {} {}", answer.status, answer.text());
    }
    // What a page may send without being asked: it is turned away for where it comes from.
    assert_eq!(post("/submissions?wait=true", "origin: https://evil.example\r\n", form).status, 403);
    let multipart = server.ask("POST", "/submissions", "content-type: multipart/form-data; boundary=x\r\n", "--x--");
    assert!(multipart.status == 415 && multipart.json()["error"].is_string(), "{}", multipart.text());
}

fn archive(files: &[(&str, &[u8])]) -> String {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    base64(&writer.finish().unwrap().into_inner())
}

#[tokio::test]
async fn what_is_wrong_is_told_by_attribute() {
    let server = Server::start(&["--set", "limits.most.files_mb=64", "--set", "connection.max_frame_kb=512"]);
    let files = archive(&[("data/in.txt", b"inside"), ("main.py", b"print('no')")]);
    let answer = wait(&server, &python("print(open('data/in.txt').read())", json!({"additional_files": files})));
    assert_eq!(answer["stdout"], "inside\n");
    let bomb = archive(&[("zeros", &vec![0; 65 << 20])]);
    let cases = [
        (json!({}), "source_code", "can't be blank"),
        (json!({}), "language_id", "can't be blank"),
        (json!({"source_code": " \n", "language_id": 71}), "source_code", "can't be blank"),
        (json!({"source_code": "1", "language_id": 50}), "language_id", "language with id 50 doesn't exist"),
        (json!({"source_code": "1", "language_id": -1}), "language_id", "language with id -1 doesn't exist"),
        (json!({"source_code": "1", "language_id": "x"}), "language_id", "language with id x doesn't exist"),
        (python("1", json!({"cpu_time_limit": 0})), "cpu_time_limit", "must be greater than 0"),
        (python("1", json!({"cpu_time_limit": -1})), "cpu_time_limit", "must be greater than 0"),
        (python("1", json!({"cpu_time_limit": "soon"})), "cpu_time_limit", "is not a number"),
        (python("1", json!({"cpu_time_limit": 61})), "cpu_time_limit", "must be less than or equal to 60"),
        (python("1", json!({"wall_time_limit": 1e300})), "wall_time_limit", "must be less than or equal to 300"),
        (python("1", json!({"memory_limit": 0})), "memory_limit", "must be greater than 0"),
        (python("1", json!({"memory_limit": 2_097_153})), "memory_limit", "must be less than or equal to 2097152"),
        (python("1", json!({"number_of_runs": 21})), "number_of_runs", "must be less than or equal to 20"),
        (python("1", json!({"stack_limit": 1e9})), "stack_limit", "must be less than or equal to 256000"),
        (python("1", json!({"enable_network": true})), "enable_network", "enabling network is not allowed"),
        (
            python("1", json!({"compiler_options": "-O3"})),
            "compiler_options",
            "setting compiler options is only allowed for compiled languages",
        ),
        (python("1", json!({"compiler_options": ["-O3"]})), "compiler_options", "must be a string"),
        (python("1", json!({"compiler_options": "-D'x"})), "compiler_options", "only allowed"),
        (python("1", json!({"compiler_options": "x".repeat(513)})), "compiler_options", "is too long (maximum is 512 characters)"),
        (python("1", json!({"callback_url": "http://169.254.169.254/"})), "callback_url", "setting callback is not allowed"),
        (python("1", json!({"command_line_arguments": "'a"})), "command_line_arguments", "quote"),
        (python("1", json!({"stdin": ["x"]})), "stdin", "must be a string"),
        (python("1", json!({"additional_files": base64(b"no zip")})), "additional_files", "not a readable archive"),
        (python("1", json!({"additional_files": bomb})), "additional_files", "bytes unpacked"),
        (python("1", json!({"additional_files": archive(&[("../x", b"")])})), "additional_files", "path"),
    ];
    for (body, attribute, what) in cases {
        let answer = ask(&server, "POST", "/submissions?wait=true", &body);
        let told = answer.json();
        assert_eq!(answer.status, 422, "{:.200}: {told}", body.to_string());
        assert!(told[attribute][0].as_str().unwrap_or_default().contains(what), "{attribute}: {told}");
    }
    let post = |body: &str| server.ask("POST", "/submissions", "content-type: application/json\r\n", body);
    assert_eq!(post("{").status, 400);
    assert_eq!(post(&"[".repeat(300 << 10)).status, 400);
    assert_eq!(post(&" ".repeat(600 << 10)).status, 413);
    assert!(post("{").json()["error"].is_string());
}

#[tokio::test]
async fn batches() {
    let server = Server::start(&[]);
    let submissions: Vec<_> = (0..5).map(|number| python(&format!("print({number})"), json!({}))).collect();
    let created = ask(&server, "POST", "/submissions/batch", &json!({"submissions": submissions}));
    assert_eq!(created.status, 201);
    let tokens: Vec<_> = created.json().as_array().unwrap().iter().map(|entry| entry["token"].as_str().unwrap().to_owned()).collect();
    for token in &tokens {
        ended(&server, token).await;
    }
    let asked = format!("/submissions/batch?tokens={},unknown,{}&fields=stdout", tokens[3], tokens[1]);
    assert_eq!(get(&server, &asked), json!({"submissions": [{"stdout": "3\n"}, null, {"stdout": "1\n"}]}));
    // One of them is wrong; all are.
    let some = json!({"submissions": [python("print(1)", json!({})), {"language_id": 71}]});
    let answer = ask(&server, "POST", "/submissions/batch", &some);
    assert_eq!((answer.status, &answer.json()[1]), (201, &json!({"source_code": ["can't be blank"]})));
    let answer = ask(&server, "POST", "/submissions/batch", &json!({"submissions": [{"language_id": 71}]}));
    assert_eq!(answer.status, 422);
    let many: Vec<_> = (0..21).map(|_| python("1", json!({}))).collect();
    for (submissions, what) in [(json!([]), "at least one"), (json!(many), "less than or equal to 20"), (json!("x"), "at least one")] {
        let answer = ask(&server, "POST", "/submissions/batch", &json!({"submissions": submissions}));
        assert!(answer.status == 400 && answer.json()["error"].as_str().unwrap().contains(what), "{}", answer.text());
    }
    assert_eq!(ask(&server, "GET", "/submissions/batch?tokens=", &Value::Null).status, 400);
}

#[tokio::test]
async fn a_full_queue_is_said_and_leaves_nothing() {
    let server = Server::start(&["--set", "cells.count=1", "--set", "desk.busy_per_cell=1", "--set", "desk.queue=3"]);
    let busy = python("while True: pass", json!({"cpu_time_limit": 20, "wall_time_limit": 20}));
    let mut accepted = 0;
    let refused = loop {
        let answer = ask(&server, "POST", "/submissions", &busy);
        if answer.status != 201 {
            break answer;
        }
        accepted += 1;
    };
    assert_eq!((refused.status, refused.json()), (503, json!({"error": "queue is full"})));
    assert!((3..=8).contains(&accepted), "{accepted}");
    let answer = ask(&server, "POST", "/submissions/batch", &json!({"submissions": [busy, busy]}));
    assert_eq!((answer.status, answer.json()), (503, json!({"error": "queue is full"})));
    assert_eq!(get(&server, "/statistics")["submissions"]["total"], json!(accepted));
    // What is expected is held as long as a submission is under way, and not without a bound.
    let server = Server::start(&["--set", "doors.keep_mb=1"]);
    let large = |size: usize| python("1", json!({"expected_output": "x".repeat(size)}));
    assert_eq!(ask(&server, "POST", "/submissions", &large(2 << 20)).status, 503);
    assert_eq!(ask(&server, "POST", "/submissions", &large(1 << 19)).status, 201);
}

#[tokio::test]
async fn tokens_outlive_a_restart() {
    let folder = Folder::new();
    let setting = format!("doors.folder={}", folder.0.display());
    let server = Server::start(&["--set", &setting]);
    let token = |answer: Value| answer["token"].as_str().unwrap().to_owned();
    let done = token(wait(&server, &python("print('kept')", json!({}))));
    let running = token(ask(&server, "POST", "/submissions", &python("input()\nwhile True: pass", json!({"stdin": "x"}))).json());
    drop(server);
    let server = Server::start(&["--set", &setting]);
    assert_eq!(get(&server, &format!("/submissions/{done}"))["stdout"], "kept\n");
    let lost = get(&server, &format!("/submissions/{running}"));
    assert_eq!((&lost["status"]["id"], &lost["message"]), (&json!(13), &json!("the server was restarted")));
}

#[tokio::test]
async fn a_submission_is_its_clients_alone() {
    let entry = |name: &str, digest: &str| format!("{{ name = \"{name}\", sha256 = \"{digest}\" }}");
    let foo = entry("ann", "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae");
    let bar = entry("bob", "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9");
    let server = Server::start(&["--set", &format!("access.tokens=[{foo}, {bar}]")]);
    let body = python("print(1)", json!({}));
    let answer = ask(&server, "POST", "/submissions?wait=true", &body);
    assert_eq!((answer.status, answer.text()), (401, ""));
    let answer = ask_with(&server, "POST", "/submissions?wait=true", "x-auth-token: foo\r\n", &body);
    assert_eq!(answer.status, 201);
    let path = format!("/submissions/{}", answer.json()["token"].as_str().unwrap());
    let status = |method: &str, headers: &str, path: &str| ask_with(&server, method, path, headers, &Value::Null).status;
    assert_eq!(status("GET", "x-auth-token: foo\r\n", &path), 200);
    assert_eq!(status("GET", "authorization: Bearer foo\r\n", &path), 200);
    assert_eq!(status("GET", "x-auth-token: bar\r\n", &path), 404);
    assert_eq!(status("DELETE", "x-auth-token: bar\r\n", &path), 404);
    assert_eq!(status("GET", "x-auth-token: foo\r\norigin: https://evil.example\r\n", &path), 403);
    assert_eq!(status("POST", "", "/authenticate?X-Auth-Token=foo"), 200);
    assert_eq!(status("POST", "x-auth-token: nobody\r\n", "/authenticate"), 401);
}

/// Reads one request, answers with this status and gives its first line and body.
fn answer_once(listener: &TcpListener, status: &str) -> (String, Value) {
    let (mut stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    (first.trim().to_owned(), serde_json::from_slice(&body).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_go_to_allowed_hosts_and_are_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let server = Server::start(&["--set", &format!("doors.callback_hosts=[\"{place}\"]")]);
    let heard = std::thread::spawn(move || [answer_once(&listener, "500 No"), answer_once(&listener, "204 Yes")]);
    let asked = |url: String| python("print('done')", json!({"callback_url": url}));
    let answer = ask(&server, "POST", "/submissions", &asked(format!("http://{place}/hook?x=1")));
    assert_eq!(answer.status, 201, "{}", answer.text());
    let [first, second] = heard.join().unwrap();
    assert_eq!((first.0.as_str(), &first.1), ("PUT /hook?x=1 HTTP/1.1", &second.1));
    assert_eq!((&second.1["token"], &second.1["stdout"]), (&answer.json()["token"], &json!(base64(b"done\n"))));
    for url in ["http://127.0.0.1:1/", "ftp://x/", "nothing", &format!("http://user@{place}/"), &format!("http://{place}.evil.example/")] {
        let answer = ask(&server, "POST", "/submissions", &asked(url.to_owned()));
        assert_eq!((answer.status, answer.json()), (422, json!({"callback_url": ["setting callback is not allowed"]})), "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_does_not_wait_for_the_callback() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let server = Server::start(&["--set", &format!("doors.callback_hosts=[\"{place}\"]")]);
    // Nobody answers there until the client was: were the answer to wait for it, it would come after three tries of 5 s.
    let begun = Instant::now();
    let asked = python("print('done')", json!({"callback_url": format!("http://{place}/hook")}));
    let answer = ask(&server, "POST", "/submissions?wait=true", &asked);
    let time = begun.elapsed();
    assert_eq!((answer.status, &answer.json()["stdout"]), (201, &json!("done\n")), "{}", answer.text());
    assert!(time < Duration::from_secs(4), "{time:?}");
    let (first, told) = answer_once(&listener, "200 Yes");
    assert_eq!((first.as_str(), &told["token"]), ("PUT /hook HTTP/1.1", &answer.json()["token"]));
    assert_eq!((&told["stdout"], &told["status"]["id"]), (&json!(base64(b"done\n")), &json!(3)));
}

#[tokio::test]
async fn judge0s_own_clients() {
    let server = Server::start(&[]);
    drive_python(&server, "judge0_clients.py");
}
