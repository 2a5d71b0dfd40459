//! Rules: what colour a run comes out in.

use crate::client::{Client, Ran, Server, runnel};
use serde_json::{Value, json};

const RULES: &str = r#"{"on": [
    {"colour": "red", "stream": "both", "regex": "Assertion.*failed"},
    {"colour": "blue", "status": "timeout"},
    {"colour": "grey", "exit_code": [3, 4], "regex": "^told$", "stream": "stderr"},
    {"colour": "green", "exit_code": 0}], "else": "amber"}"#;

fn rules() -> Value {
    serde_json::from_str(RULES).unwrap()
}

async fn coloured(client: &mut Client, code: &str, rules: &Value) -> Ran {
    client.run(json!({"language": "python", "code": code, "rules": rules, "limits": {"time_ms": 2000, "wall_ms": 20000}})).await
}

#[tokio::test]
async fn the_first_rule_that_holds_gives_the_outcome() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let cases = [
        ("print('fine')", "green"),
        ("print('Assertion x == 2 failed')", "red"),
        ("import sys\nprint('Assertion x == 2 failed', file=sys.stderr)\nsys.exit(3)", "red"),
        ("import sys\nprint('Assertion', file=sys.stderr)\nprint('failed')", "green"),
        ("import sys\nprint('told', file=sys.stderr)\nsys.exit(4)", "grey"),
        ("import sys\nprint('told')\nsys.exit(4)", "amber"),
        ("while True: pass", "blue"),
        ("print('Assertion failed', flush=True)\nwhile True: pass", "red"),
        ("1/0", "amber"),
    ];
    for (code, colour) in cases {
        let ran = coloured(&mut client, code, &rules()).await;
        assert_eq!(ran.last()["outcome"], colour, "{code}: {:#}", ran.last());
        assert!(ran.last().get("outcome_message").is_none());
    }
    let ran = coloured(&mut client, "1/0", &json!({"on": [{"colour": "green", "exit_code": 0}]})).await;
    assert_eq!(ran.last()["outcome"], Value::Null, "no rule holds and there is no `else`");
    let ran = client.python("print(1)").await;
    assert!(ran.last().as_object().unwrap()["outcome"].is_null(), "{:#}", ran.last());
}

/// What counts is what the program wrote, not what of it is kept.
#[tokio::test]
async fn a_pattern_sees_all_of_the_output() {
    let server = Server::start(&["--set", "limits.job.capture_kb=1"]);
    let mut client = server.connect().await;
    let rules = json!({"on": [{"colour": "red", "regex": r"(?s)FAILED.*errors=\d+\)\s*\z"}], "else": "green"});
    let code = "print('FAILED')\nfor n in range(2000): print('é' * 40, n)\nprint('(errors=17)')";
    for stream in [json!(true), json!(false), json!("lines")] {
        let ran = client.run(json!({"language": "python", "code": code, "rules": rules, "stream": stream})).await;
        assert_eq!((&ran.last()["outcome"], &ran.execution()["stdout_truncated"]), (&json!("red"), &json!(true)), "{:#}", ran.last());
    }
    let ran = coloured(&mut client, &format!("{code}\nprint('more')"), &rules).await;
    assert_eq!(ran.last()["outcome"], "green");
}

#[tokio::test]
async fn with_tests_it_is_the_execution_that_is_shown() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let code = "n = input()\nprint('said', n)\nif n == 'bad': raise SystemExit(3)";
    let test = |id: &str, input: &str| json!({"id": id, "input": input, "expected_output": format!("said {input}")});
    let rules = json!({"on": [{"colour": "pink", "regex": "said secret"}, {"colour": "violet", "regex": "said bad"}, {"colour": "grey", "exit_code": 3}, {"colour": "blue", "regex": "said two"}], "else": "green"});
    let cases = [
        (json!({"visible": [test("a", "one"), test("b", "two")]}), "blue"),
        (json!({"visible": [test("a", "two"), test("b", "one")]}), "green"),
        (json!({"visible": [test("a", "bad"), test("b", "two")], "hidden": [test("h", "secret")]}), "violet"),
        (json!({"visible": [test("a", "one")], "hidden": [test("h", "secret"), test("i", "bad")]}), "green"),
        // Of hidden ones alone no more counts than what is told of them.
        (json!({"hidden": [test("h", "secret")]}), "green"),
        (json!({"hidden": [test("h", "secret"), test("i", "bad")]}), "grey"),
    ];
    for (tests, colour) in cases {
        let ran = client.run(json!({"language": "python", "code": code, "tests": tests, "rules": rules})).await;
        assert_eq!(ran.last()["outcome"], colour, "{tests}: {:#}", ran.last());
    }
    // Nothing of a hidden test matches, not even that it said nothing.
    let empty = json!({"on": [{"colour": "red", "regex": r"\A\z"}, {"colour": "pink", "regex": "^"}], "else": "green"});
    let ran = client.run(json!({"language": "python", "code": code, "tests": {"hidden": [test("h", "x")]}, "rules": empty})).await;
    assert_eq!(ran.last()["outcome"], "green");
}

#[tokio::test]
async fn what_hidden_tests_ask_is_not_told_by_the_solution() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let solution = "import sys\ndef double(n):\n  print('asked for', n, file=sys.stderr)\n  return 2 * n";
    let tests =
        "import unittest\nfrom main import double\nclass T(unittest.TestCase):\n  def test_it(self):\n    self.assertEqual(double(21), 42)";
    let rules = json!({"on": [{"colour": "red", "regex": "asked for 21"}], "else": "green"});
    for (is_hidden, outcome) in [(false, "red"), (true, "green")] {
        for stream in [json!(true), json!("lines")] {
            let harness = json!({"code": tests, "main": "test_main.py", "hidden": is_hidden});
            let fields = json!({"language": "python", "code": solution, "harness": harness, "rules": rules, "stream": stream});
            let ran = client.run(fields).await;
            assert_eq!((&ran.last()["summary"]["verdict"], &ran.last()["outcome"]), (&json!("AC"), &json!(outcome)), "{:#}", ran.last());
            let is_told = ran.frames.iter().any(|frame| frame.to_string().contains("asked for"));
            assert_eq!(is_told, !is_hidden, "{:#?}", ran.frames);
        }
    }
}

#[tokio::test]
async fn a_bad_rule_is_refused_by_its_place() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let bad = json!({"on": [{"colour": "green", "exit_code": 0}, {"colour": "red", "regex": "a(b"}]});
    let ran = coloured(&mut client, "1", &bad).await;
    let error = ran.last();
    assert_eq!((&error["code"], &error["details"]["field"]), (&json!("bad_field"), &json!("rules.on[1].regex")), "{error}");
    assert!(error["message"].as_str().unwrap().contains("unclosed group"), "{error}");
    // One that is dear to search is given up, and says so.
    let dear = json!({"on": [{"colour": "red", "regex": "[ab]*a[ab]{2000}c"}], "else": "green"});
    let code = "import random\nfor _ in range(50): print(''.join(random.choices('ab', k=10000)))";
    let ran = coloured(&mut client, code, &dear).await;
    assert_eq!((ran.succeeded().last()["outcome"].clone(), ran.stdout().len()), (Value::Null, 500_050));
    assert!(ran.last()["outcome_message"].as_str().unwrap().contains("rules.on[0]"), "{}", ran.last()["outcome_message"]);
}

#[tokio::test]
async fn every_door_tells_it() {
    let server = Server::start(&[]);
    let body = json!({"language": "python", "code": "print('Assertion 1 failed')", "rules": rules()}).to_string();
    for accept in ["", "Accept: text/event-stream\r\n"] {
        let (status, answer) = server.post("/v1/run", accept, &body);
        assert!(status == 200 && answer.contains(r#""outcome":"red""#), "{answer}");
    }
    let folder = std::env::temp_dir().join(format!("runnel-colours-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let jobs = folder.join("jobs.jsonl");
    std::fs::write(&jobs, &body).unwrap();
    let ran = runnel().args(["batch", "--local"]).arg(&jobs).output().unwrap();
    assert!(String::from_utf8_lossy(&ran.stdout).contains(r#""outcome":"red""#), "{ran:?}");
    let (program, own) = (folder.join("main.py"), folder.join("rules.json"));
    std::fs::write(&program, "print('Assertion 1 failed')").unwrap();
    for (text, code, expected) in
        [(RULES, 0, r#""outcome":"red""#), (r#"{"on": [{"colour": "red"}]}"#, 2, "`rules.on[0]`"), ("{", 2, "is not JSON")]
    {
        std::fs::write(&own, text).unwrap();
        let ran = runnel().args(["run", "--json", "--rules"]).arg(&own).arg(&program).output().unwrap();
        let said = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        assert!(ran.status.code() == Some(code) && said.contains(expected), "{said}");
    }
    let _ = std::fs::remove_dir_all(&folder);
}

/// Compilers are heard like the program: it is the run that does not get any further.
#[tokio::test]
async fn rules_of_a_toolchain_and_compile_errors() {
    if !crate::containers::docker() {
        return;
    }
    let toolchains = crate::containers::Toolchains::new("colours");
    let rules_text = "[rules]\nelse = 'red'\non = [{ colour = 'yellow', status = 'compile_error', stream = 'stderr', regex = 'undeclared' }, { colour = 'green', exit_code = 0 }]";
    let recipe = "image_of = 'c'\ncompile = ['gcc', '-x', 'c', '-o', '{bin}', '{src}']\nrun = ['{bin}']";
    toolchains.add("cc", &format!("{recipe}\n{rules_text}"), None);
    let server = crate::containers::server(&["--set", &toolchains.setting()]).await;
    let mut client = server.connect().await;
    let compiles = "#include <stdio.h>\nint main(void) { puts(\"undeclared\"); return 0; }".to_owned();
    let cases = [
        (compiles.clone(), Value::Null, json!("green")),
        ("int main(void) { return x; }".to_owned(), Value::Null, json!("yellow")),
        ("int main(void) { return 5; }".to_owned(), Value::Null, json!("red")),
        // A warning of the compiler is none of the program's words.
        (format!("#warning Assertion failed\n{compiles}"), rules(), json!("green")),
        ("#error Assertion failed\n".to_owned(), rules(), json!("red")),
        (compiles, json!({"on": []}), Value::Null),
    ];
    for (code, rules, colour) in cases {
        let ran = client.run(json!({"language": "cc", "code": code, "rules": rules})).await;
        assert_eq!(ran.last()["outcome"], colour, "{code} {rules}: {:#}", ran.last());
    }
    let bad = crate::containers::Toolchains::new("bad-colours");
    bad.add("bad", "image = 'x'\nrun = ['x']\n[rules]\non = [{ colour = 'red', regex = '[' }]", None);
    let checked = runnel().args(["check", "--set", &bad.setting()]).output().unwrap();
    let said = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.code() == Some(2) && said.contains("`rules.on[0].regex`: unclosed character class"), "{said}");
}
