//! Jobe's REST API.

use super::{ask, ask_with};
use crate::client::Server;
use crate::containers;
use serde_json::{Value, json};

const API: &str = "/jobe/index.php/restapi";

fn spec(language: &str, code: &str, more: Value) -> Value {
    let mut spec = json!({"language_id": language, "sourcecode": code});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"run_spec": spec})
}

fn run(server: &Server, body: &Value) -> Value {
    let answer = ask(server, "POST", &format!("{API}/runs"), body);
    assert_eq!(answer.status, 200, "{body}: {}", answer.text());
    answer.json()
}

#[tokio::test]
async fn runs_have_their_outcomes() {
    let server = Server::start(&[]);
    let languages = ask(&server, "GET", &format!("{API}/languages"), &Value::Null).json();
    assert_eq!(languages, json!([["nodejs", "0.18.0"], ["python3", "3.14.0"]]), "what can run without Docker");
    let cases = [
        ("print(input())", json!({"input": "in\n"}), 15, "in\n"),
        ("import sys\nprint(1, file=sys.stderr)", json!({}), 12, ""),
        ("print(1)\nimport sys\nsys.exit(3)", json!({}), 15, "1\n"),
        ("raise ValueError", json!({}), 12, ""),
        ("while True: pass", json!({"parameters": {"cputime": 0.2}}), 13, ""),
        ("import time\ntime.sleep(9)", json!({"parameters": {"cputime": "0.2"}}), 13, ""),
        ("x = bytearray(200 << 20)", json!({"parameters": {"memorylimit": 64}}), 17, ""),
        ("print('x' * 3000000)", json!({"parameters": {"streamsize": 1}}), 12, "x"),
        ("import sys\nsys.stdout.buffer.write(b'a\\xff\\n')", json!({}), 15, "a\\xff\n"),
        ("import sys\nprint(sys.argv[1:])", json!({"parameters": {"runargs": ["a", "b c"]}}), 15, "['a', 'b c']\n"),
        // For a compiler, of which there is none.
        ("print(2)", json!({"parameters": {"compileargs": ["-O2"], "linkargs": ["-lm"]}}), 15, "2\n"),
        ("print(__file__)", json!({"sourcefilename": "mine.py"}), 15, "mine.py\n"),
    ];
    for (code, more, outcome, stdout) in cases {
        let result = run(&server, &spec("python3", code, more));
        assert_eq!((&result["outcome"], &result["cmpinfo"]), (&json!(outcome), &json!("")), "{code}: {:.300}", result.to_string());
        let said = result["stdout"].as_str().unwrap();
        assert!(
            said == stdout || stdout == "x" && said.starts_with('x') || code.contains("__file__") && said.ends_with(stdout),
            "{said:.100}"
        );
        assert!(!result["run_id"].as_str().unwrap().is_empty() && result["stderr"].is_string());
    }
    assert_eq!(run(&server, &spec("Nodejs", "console.log(7)", json!({})))["stdout"], "7\n");
    if !containers::docker() {
        return;
    }
    let server = containers::server(&[]).await;
    let result = run(&server, &spec("c", "int main(void) { return x; }", json!({})));
    assert_eq!(result["outcome"], 11);
    assert!(result["cmpinfo"].as_str().unwrap().contains("error:"), "{result}");
    let result = run(&server, &spec("cpp", "#include <iostream>\nint main() { std::cout << 5; }", json!({"sourcefilename": "a.cpp"})));
    assert_eq!((&result["outcome"], &result["stdout"]), (&json!(15), &json!("5")));
    assert_eq!(run(&server, &spec("c", "int main(void) { *(volatile int *)0 = 1; }", json!({})))["outcome"], 12);
    // What is for the compiler goes before the source, what is for the linker behind it; authors write two words as one.
    let code = "#include <stdio.h>\nextern char a;\nint main(void) { printf(\"%s%d\", TEXT, (int)(long)&a); }";
    let parameters =
        json!({"compileargs": ["-std=c11 -Wall", "-x c", "-DTEXT='\"$x \"'", "-x none"], "linkargs": ["-lm -Wl,--defsym=a=5"]});
    let result = run(&server, &spec("c", code, json!({"parameters": parameters})));
    assert_eq!((&result["outcome"], &result["stdout"]), (&json!(15), &json!("$x 5")), "{result}");
    let result =
        run(&server, &spec("c", "int main(void) { int x; return 0; }", json!({"parameters": {"compileargs": ["-Wall", "-Werror"]}})));
    assert_eq!(result["outcome"], 11, "{result}");
    for (language, name, value, what) in [
        ("c", "compileargs", json!("-O2"), "compileargs must be a list of strings"),
        ("c", "linkargs", json!([1]), "linkargs must be a list of strings"),
        ("c", "compileargs", json!(["-D'x"]), "compileargs can't be split into words: a quote is not closed"),
        ("c", "compileargs", json!(["-D\0"]), "`compileargs` holds a NUL character"),
        ("go", "linkargs", json!(["-s"]), "`linkargs` needs a language whose compile step takes such arguments, and `go` is none"),
    ] {
        let answer = ask(&server, "POST", &format!("{API}/runs"), &spec(language, "", json!({"parameters": {name: value}})));
        assert_eq!((answer.status, answer.text()), (400, what));
    }
}

#[tokio::test]
async fn files_come_before_runs() {
    let server = Server::start(&[]);
    let file = format!("{API}/files/d41d8cd98f00b204");
    assert_eq!(ask(&server, "HEAD", &file, &Value::Null).status, 404);
    let put = ask(&server, "PUT", &file, &json!({"file_contents": "aW5zaWRl"}));
    assert_eq!((put.status, put.text()), (204, ""));
    assert_eq!(ask(&server, "HEAD", &file, &Value::Null).status, 204);
    let code = "print(open('data-1.txt').read())";
    let list = |id: &str, name: &str| spec("python3", code, json!({"file_list": [[id, name]]}));
    assert_eq!(run(&server, &list("d41d8cd98f00b204", "data-1.txt"))["stdout"], "inside\n");
    let runs = format!("{API}/runs");
    let missing = ask(&server, "POST", &runs, &list("0000000000000000", "data-1.txt"));
    assert_eq!((missing.status, missing.text()), (404, "One or more of the specified files is missing/unavailable"));
    for (id, name) in [("short", "a"), ("d41d8cd98f00b204", "../a"), ("../../etc/passwd", "a"), ("d41d8cd98f00b204", "")] {
        let answer = ask(&server, "POST", &runs, &list(id, name));
        assert!(answer.status == 400 && answer.text().starts_with("Invalid file specifier"), "{}", answer.text());
    }
    for (body, what) in [(json!({}), "missing file_contents"), (json!({"file_contents": "*"}), "not valid base-64")] {
        let answer = ask(&server, "PUT", &file, &body);
        assert!(answer.status == 400 && answer.text().contains(what), "{}", answer.text());
    }
    assert_eq!(ask(&server, "PUT", &format!("{API}/files/bad-id-1"), &json!({"file_contents": ""})).status, 400);
}

#[tokio::test]
async fn refusals_are_sentences() {
    let server = Server::start(&["--set", "connection.max_frame_kb=64"]);
    let python = |more: Value| spec("python3", "1", more);
    let parameters = |name: &str, value: Value| python(json!({"parameters": {name: value}}));
    let cases = [
        (json!([]), "Non-JSON post data received"),
        (json!({}), "No run_spec attribute found in post data"),
        (json!({"run_spec": {}}), "run_spec is missing the required attribute 'sourcecode'"),
        (json!({"run_spec": {"sourcecode": "1"}}), "run_spec is missing the required attribute 'language_id'"),
        (spec("cobol", "1", json!({})), "Language 'cobol' is not known"),
        (spec("c", "1", json!({})), "Language 'c' is not known"),
        (python(json!({"sourcefilename": "../x"})), "The sourcefilename for the run_spec is illegal"),
        (python(json!({"sourcefilename": ".x"})), "The sourcefilename for the run_spec is illegal"),
        (parameters("cputime", json!(61)), "cputime exceeds maximum allowed on this Jobe server (60 secs)"),
        (parameters("memorylimit", json!(1e18)), "memorylimit exceeds maximum allowed on this Jobe server (2048 MB)"),
        (parameters("numprocs", json!(257)), "numprocs exceeds maximum allowed on this Jobe server (256)"),
        (parameters("cputime", json!(-1)), "cputime must not be negative"),
    ];
    let runs = format!("{API}/runs");
    for (body, what) in cases {
        let answer = ask(&server, "POST", &runs, &body);
        assert_eq!((answer.status, answer.text()), (400, what), "{body}");
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"), "never a page");
    }
    let post = |body: &str| server.ask("POST", &runs, "content-type: application/json\r\n", body).status;
    assert_eq!((post("{"), post(&"[".repeat(60 << 10)), post(&" ".repeat(70 << 10))), (400, 400, 413));
    // 0 is the usual limit, and what is no number too.
    for value in [json!(0), json!("x"), json!(null)] {
        let body = spec("python3", "while True: pass", json!({"parameters": {"cputime": value, "memorylimit": 0}}));
        assert_eq!(run(&server, &body)["outcome"], 13, "{value}");
    }
    assert_eq!(Server::start(&["--set", "doors.jobe=false"]).get(&format!("{API}/languages")).0, 404);
}

#[tokio::test]
async fn keys_and_overload() {
    let entry = |name: &str, digest: &str| format!("{{ name = \"{name}\", sha256 = \"{digest}\" }}");
    let foo = entry("ann", "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae");
    let bar = entry("bob", "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9");
    let server = Server::start(&["--set", &format!("access.tokens=[{foo}, {bar}]")]);
    let file = format!("{API}/files/d41d8cd98f00b204");
    let status = |key: &str, method: &str, body: &Value| ask_with(&server, method, &file, key, body).status;
    assert_eq!(status("", "HEAD", &Value::Null), 403);
    assert_eq!(status("x-api-key: foo\r\n", "PUT", &json!({"file_contents": "eA=="})), 204);
    assert_eq!(status("x-api-key: foo\r\n", "HEAD", &Value::Null), 204);
    assert_eq!(status("x-api-key: bar\r\n", "HEAD", &Value::Null), 404, "another's file is another file");
    let server =
        Server::start(&["--set", "cells.count=1", "--set", "desk.busy_per_cell=1", "--set", "desk.queue=0", "--set", "desk.live=1"]);
    let body = spec("python3", "while True: pass", json!({"parameters": {"cputime": 20}})).to_string();
    let runs = format!("{API}/runs");
    let headers = "content-type: application/json\r\n";
    let _busy: Vec<_> = (0..4).map(|_| server.begin_request("POST", &runs, headers, &body)).collect();
    for _ in 0..200 {
        let result = run(&server, &spec("python3", "print(1)", json!({"parameters": {"cputime": 1}})));
        if result["outcome"] == 21 {
            return;
        }
    }
    panic!("never overloaded");
}
