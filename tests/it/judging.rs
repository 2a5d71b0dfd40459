//! Tests, verdicts, checkers and interactors, as a client sees them.

use crate::client::{Client, Ran, Server};
use serde_json::{Value, json};

fn test(id: &str, input: &str, expected: &str) -> Value {
    json!({"id": id, "input": input, "expected_output": expected})
}

async fn judged(client: &mut Client, code: &str, tests: Value, more: Value) -> Ran {
    let mut fields = json!({"language": "python", "code": code, "tests": tests});
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.run(fields).await
}

fn verdicts(ran: &Ran, which: &str) -> Vec<String> {
    let tests = ran.last()["test_results"][which].as_array().unwrap_or_else(|| panic!("{:#}", ran.last()));
    tests.iter().map(|test| test["verdict"].as_str().unwrap_or("-").to_owned()).collect()
}

const DOUBLE: &str = "print(int(input()) * 2)";

#[tokio::test]
async fn visible_and_hidden_tests() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let tests = json!({
        "visible": [test("v1", "21", "42"), test("v2", "1", "3"), test("v3", "x", "")],
        "hidden": [test("h1", "5", "10\n"), test("h2", "secret-input", "secret-answer")],
    });
    let ran = judged(&mut client, DOUBLE, tests, json!({"meta": {"k": 1}})).await;
    assert_eq!(verdicts(&ran, "visible"), ["AC", "WA", "RTE"]);
    assert_eq!(verdicts(&ran, "hidden"), ["AC", "RTE"]);
    let result = ran.last();
    let summary = json!({"visible_passed": 1, "visible_failed": 2, "hidden_passed": 1, "hidden_failed": 1, "verdict": "WA"});
    assert_eq!((&result["summary"], &result["meta"]), (&summary, &json!({"k": 1})));
    let second = &result["test_results"]["visible"][1];
    assert_eq!((&second["input"], &second["expected_output"], &second["actual_output"]), (&json!("1"), &json!("3"), &json!("2\n")));
    assert_eq!(second["message"], "line 1, column 1: expected `3`, given `2`");
    assert!(result["test_results"]["visible"][2]["error"].as_str().unwrap().contains("ValueError"), "{result:#}");
    // The run's own words are those of the first visible test that failed.
    assert_eq!((&result["execution"]["status"], &result["execution"]["stdout"]), (&json!("success"), &json!("2\n")));
    // Each test is told once; a hidden one says how it ended and nothing else, anywhere.
    let mut told: Vec<&str> =
        ran.frames.iter().filter(|frame| frame["type"] == "test").map(|frame| frame["test"]["id"].as_str().unwrap()).collect();
    told.sort_unstable();
    assert_eq!(told, ["h1", "h2", "v1", "v2", "v3"]);
    for hidden in ran.frames.iter().filter(|frame| frame["type"] == "test" && frame["test"]["id"].as_str().unwrap().starts_with('h')) {
        let mut keys: Vec<&String> = hidden["test"].as_object().unwrap().keys().collect();
        keys.sort_unstable();
        assert_eq!(keys, ["cpu_time_ms", "execution_time_ms", "id", "memory_usage_mb", "status", "verdict"]);
    }
    let everything = serde_json::to_string(&ran.frames).unwrap();
    assert!(!everything.contains("secret"), "{everything}");
    for frame in ran.frames.iter().filter(|frame| frame["type"] == "stdout" || frame["type"] == "stderr") {
        assert!(frame["test"].as_str().unwrap().starts_with('v'), "{frame}");
    }
    let ran = judged(&mut client, DOUBLE, json!({"hidden": [test("h", "1", "3")]}), json!({})).await;
    assert_eq!((&ran.execution()["stdout"], &ran.execution()["stderr"]), (&Value::Null, &Value::Null), "{:#}", ran.last());
}

#[tokio::test]
async fn every_end_has_its_verdict() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let cases = [
        ("print(1)", "AC"),
        ("print(2)", "WA"),
        ("import sys; print(1); sys.exit(3)", "RTE"),
        ("import sys; sys.exit(0)", "WA"),
        ("import os; os._exit(0)", "WA"),
        ("print('AC passed 42')", "WA"),
        ("print(1)\nwhile True: pass", "TLE"),
        ("print(1)\nimport time\ntime.sleep(30)", "TLE"),
        ("x = bytearray(500 << 20)", "MLE"),
        ("while True: print('x' * 1000)", "OLE"),
        ("try:\n  x = bytearray(500 << 20)\nexcept MemoryError:\n  print(1)", "AC"),
    ];
    for (code, verdict) in cases {
        let limits = json!({"limits": {"time_ms": 600, "wall_ms": 2500, "memory_mb": 100, "output_kb": 100}});
        let ran = judged(&mut client, code, json!({"visible": [test("t", "", "1")]}), limits).await;
        assert_eq!(verdicts(&ran, "visible"), [verdict], "{code}: {:#}", ran.last());
        assert_eq!(ran.last()["summary"]["verdict"], verdict);
    }
    // A test of its own limits, arguments, files and exit code.
    let code = "import sys\nprint(sys.argv[1:], open('f.txt').read())\nsys.exit(int(sys.argv[1]))";
    let own = json!({"id": "own", "args": ["7"], "files": {"f.txt": "own"}, "expected_output": "['7'] own", "expected_exit_code": 7});
    let other = json!({"id": "other", "args": ["6"], "expected_output": "['6'] usual", "expected_exit_code": 7});
    let ran =
        client.run(json!({"language": "python", "files": {"main.py": code, "f.txt": "usual"}, "tests": {"visible": [own, other]}})).await;
    assert_eq!(verdicts(&ran, "visible"), ["AC", "WA"], "{:#}", ran.last());
    assert_eq!(ran.last()["test_results"]["visible"][1]["message"], "exited with code 6, expected 7");
    // Without an expectation nothing is judged.
    let ran = judged(&mut client, DOUBLE, json!({"visible": [{"id": "r", "input": "4"}]}), json!({})).await;
    let only = &ran.last()["test_results"]["visible"][0];
    assert_eq!((&only["status"], &only["verdict"], &only["actual_output"]), (&json!("ran"), &Value::Null, &json!("8\n")));
}

#[tokio::test]
async fn comparators_by_name() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let cases = [
        (json!("exact"), "a \n", "WA"),
        (json!("lines"), "a \n", "AC"),
        (json!("tokens"), " a\nb", "AC"),
        (json!("tokens_ignore_case"), "A B", "AC"),
        (json!("unordered_lines"), "b\na", "AC"),
        (json!({"float": {"abs": 0.1}}), "1.05", "AC"),
        (json!({"float": {"rel": 1e-9}}), "1.05", "WA"),
    ];
    for (compare, printed, verdict) in cases {
        let expected = match printed {
            "a \n" => "a\n",
            " a\nb" => "a b",
            "A B" => "a b",
            "b\na" => "a\nb",
            _ => "1.0",
        };
        let ran = judged(
            &mut client,
            &format!("print({printed:?}, end='')"),
            json!({"visible": [test("t", "", expected)]}),
            json!({"compare": compare}),
        )
        .await;
        assert_eq!(verdicts(&ran, "visible"), [verdict], "{compare}: {:#}", ran.last());
    }
    client.begin("r", json!({"language": "python", "code": "", "tests": {"visible": [test("t", "", "")]}, "compare": "fuzzy"})).await;
    let error = client.next().await;
    let message = error["message"].as_str().unwrap();
    assert!(error["code"] == "bad_field" && message.contains("unordered_lines") && message.contains("fuzzy"), "{error}");
}

#[tokio::test]
async fn many_tests_stop_and_skip() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let tests: Vec<Value> = (0..300).map(|n| test(&n.to_string(), &n.to_string(), &(n * 2).to_string())).collect();
    let ran = judged(&mut client, DOUBLE, json!({"hidden": tests}), json!({"stream": false})).await;
    assert_eq!(ran.last()["summary"]["hidden_passed"], 300, "{:#}", ran.last());
    let order: Vec<String> =
        ran.last()["test_results"]["hidden"].as_array().unwrap().iter().map(|test| test["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(order, (0..300).map(|n| n.to_string()).collect::<Vec<_>>());
    let tests = json!({"visible": [test("a", "1", "2"), test("b", "1", "9"), test("c", "1", "2")]});
    let ran = judged(&mut client, DOUBLE, tests, json!({"stop_on_failure": true})).await;
    assert_eq!(verdicts(&ran, "visible"), ["AC", "WA", "SK"]);
    // A run that is cancelled in the middle tells what it knows.
    let tests: Vec<Value> = (0..50).map(|n| test(&n.to_string(), "", "")).collect();
    client.begin("r", json!({"language": "python", "code": "import time\ntime.sleep(0.3)", "tests": {"visible": tests}})).await;
    client.next_of("test").await;
    client.send(json!({"type": "cancel", "id": "r"})).await;
    let ran = client.rest("r").await;
    assert_eq!(ran.status(), "cancelled");
    let told = verdicts(&ran, "visible");
    assert!(told.len() == 50 && told.iter().any(|verdict| verdict == "AC") && told.iter().any(|verdict| verdict == "SK"), "{told:?}");
}

#[tokio::test]
async fn what_is_refused() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let checker = |files: Value| json!({"checker": {"language": "python", "files": files}});
    let cases = [
        (json!({"tests": {}}), "missing_field", "tests"),
        (json!({"tests": {"visible": [{"input": "1"}]}}), "missing_field", "tests.visible[0].id"),
        (
            json!({"tests": {"visible": [test("a", "", ""), test("b", "", "")], "hidden": [test("a", "", "")]}}),
            "bad_field",
            "tests.hidden[0].id",
        ),
        (json!({"tests": {"visible": [{"id": "a", "limits": {"memory_mb": 999_999}}]}}), "limit_too_high", "limits.memory_mb"),
        (json!({"tests": {"visible": [{"id": "a", "files": {"../x": ""}}]}}), "bad_path", "tests.visible[0].files.../x"),
        (json!({"tests": {"visible": [{"id": "a", "wish": 1}]}}), "bad_field", "tests.visible[0].wish"),
        (json!({"tests": {"visible": [test("a", "", "")]}, "stdin": "x"}), "bad_field", "stdin"),
        (json!({"tests": {"visible": [test("a", "", "")]}, "interactive": true}), "bad_field", "interactive"),
        (json!({"compare": "lines"}), "bad_field", "compare"),
        (
            json!({"tests": {"visible": [test("a", "", "")]}, "compare": {"checker": {"language": "cobol", "code": ""}}}),
            "unknown_language",
            "compare.checker.language",
        ),
        (
            json!({"tests": {"visible": [test("a", "", "")]}, "compare": checker(json!({"main.py": "", "output": ""}))}),
            "bad_field",
            "compare.checker.files",
        ),
        (json!({"tests": {"visible": [test("a", "", "")]}, "compare": {"float": {"abs": -1}}}), "bad_field", "compare.float"),
    ];
    for (fields, code, field) in cases {
        let mut frame = json!({"language": "python", "code": "print(1)"});
        frame.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        client.begin("r", frame).await;
        let error = client.next().await;
        assert_eq!(
            (&error["type"], error["code"].as_str(), error["details"]["field"].as_str()),
            (&json!("error"), Some(code), Some(field)),
            "{error}"
        );
    }
    let tests: Vec<Value> = (0..10_001).map(|n| json!({"id": n.to_string()})).collect();
    client.begin("r", json!({"language": "python", "code": "", "tests": {"visible": tests}})).await;
    assert_eq!(client.next().await["code"], "too_large");
}

const CHECKER: &str = "import sys\nwords = open(sys.argv[2]).read().split()\nanswer = open(sys.argv[3]).read()\nassert sys.stdin.read().split() == words\nn = int(open(sys.argv[1]).read())\nok = len(words) == 2 and sum(map(int, words)) == n\nprint('sums up' if ok else f'{words} is not {n}, the answer was {answer}')\nsys.exit(42 if ok else 43)\n";

#[tokio::test]
async fn checkers_judge_in_their_own_sandbox() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let tests = json!({"visible": [test("a", "10", "1 9"), test("b", "11", "1 10")]});
    let compare = json!({"compare": {"checker": {"language": "python", "code": CHECKER}}});
    let ran = judged(&mut client, "n = int(input())\nprint(3, 7)", tests.clone(), compare).await;
    assert_eq!(verdicts(&ran, "visible"), ["AC", "WA"], "{:#}", ran.last());
    let messages: Vec<&str> =
        ran.last()["test_results"]["visible"].as_array().unwrap().iter().map(|test| test["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["sums up", "['3', '7'] is not 11, the answer was 1 10"]);
    // A checker that fails, in whatever way, says nothing of the program.
    for code in [
        "import sys; sys.exit(0)",
        "1/0",
        "while True: pass",
        "while True: print('x' * 999)",
        "import sys; sys.exit(1)",
        "x = bytearray(1 << 31)",
    ] {
        let compare = json!({"compare": {"checker": {"language": "python", "code": code, "limits": {"time_ms": 500, "wall_ms": 2000, "memory_mb": 100}}}});
        let ran = judged(&mut client, "print(1)", json!({"hidden": [test("a", "", "1")]}), compare).await;
        assert_eq!(
            (verdicts(&ran, "hidden"), &ran.last()["test_results"]["hidden"][0]["status"]),
            (vec!["JE".to_owned()], &json!("faulty")),
            "{code}"
        );
    }
    // A program that fails by itself is not shown to the checker.
    let compare = json!({"compare": {"checker": {"language": "python", "code": "import sys; sys.exit(42)"}}});
    let ran = judged(&mut client, "1/0", json!({"visible": [test("a", "", "1")]}), compare.clone()).await;
    assert_eq!(verdicts(&ran, "visible"), ["RTE"]);
    // It can't reach the checker's files, nor the answer.
    let code = "import os\nfor name in ['answer', 'output', 'input', '../answer', '/box/answer', 'checker.py']:\n  try:\n    print('found', open(name).read())\n  except OSError:\n    pass\nprint(sorted(os.listdir('.')))";
    let ran = judged(&mut client, code, json!({"visible": [test("a", "", "1")]}), compare).await;
    assert_eq!(ran.stdout(), "['main.py']\n");
    // The other ways of calling one.
    for (style, code) in [
        ("testlib", "import sys\nsys.exit(0 if open(sys.argv[2]).read() == open(sys.argv[3]).read() else 1)"),
        (
            "kattis",
            "import sys, os\nassert os.path.isdir(sys.argv[3]) and sys.argv[4:] == ['flag']\nsys.exit(42 if sys.stdin.read() == open(sys.argv[2]).read() else 43)",
        ),
    ] {
        let compare = json!({"compare": {"checker": {"language": "python", "code": code, "style": style, "args": ["flag"]}}});
        let ran = judged(&mut client, "print(input())", json!({"visible": [test("a", "x", "x\n"), test("b", "y", "x\n")]}), compare).await;
        assert_eq!(verdicts(&ran, "visible"), ["AC", "WA"], "{style}: {:#}", ran.last());
    }
}

const GUESS: &str = "import sys\nsecret = int(open(sys.argv[1]).read())\nfor turn in range(20):\n  line = sys.stdin.readline()\n  if not line:\n    print('no guess', file=sys.stderr); sys.exit(43)\n  guess = int(line)\n  if guess == secret:\n    print('right', flush=True); sys.exit(42)\n  print('lower' if guess > secret else 'higher', flush=True)\nprint('too many', file=sys.stderr)\nsys.exit(43)\n";
const SEARCH: &str = "low, high = 1, 1000\nwhile True:\n  middle = (low + high) // 2\n  print(middle, flush=True)\n  answer = input()\n  if answer == 'right': break\n  if answer == 'lower': high = middle - 1\n  else: low = middle + 1\n";

#[tokio::test]
async fn interactors_talk_with_the_program() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let interactor = |code: &str| json!({"compare": {"interactor": {"language": "python", "code": code}}, "limits": {"time_ms": 2000, "wall_ms": 10000}});
    let tests = json!({"visible": [test("a", "17", ""), test("b", "1000", ""), test("c", "1", "")]});
    let ran = judged(&mut client, SEARCH, tests.clone(), interactor(GUESS)).await;
    assert_eq!(verdicts(&ran, "visible"), ["AC", "AC", "AC"], "{:#}", ran.last());
    let cases = [
        ("for n in range(1, 100): print(n, flush=True); input()", "WA"),
        ("pass", "WA"),
        ("print(1, flush=True)\n1/0", "RTE"),
        ("while True: pass", "TLE"),
        // Waits for an answer before it has asked: neither can go on.
        ("input()", "WA"),
        ("print(5, end='')\ninput()", "WA"),
    ];
    for (code, verdict) in cases {
        let ran = judged(&mut client, code, json!({"visible": [test("a", "500", "")]}), interactor(GUESS)).await;
        assert_eq!(verdicts(&ran, "visible"), [verdict], "{code}: {:#}", ran.last());
        if code.ends_with("input()") && verdict == "WA" && !code.starts_with("for") {
            assert_eq!(ran.last()["test_results"]["visible"][0]["message"], "the program and the interactor both wait for input", "{code}");
        }
    }
    for code in ["1/0", "import sys; sys.exit(0)", "while True: pass", "import time\ntime.sleep(60)"] {
        let mut fields = interactor(code);
        fields["limits"]["wall_ms"] = json!(3000);
        let ran = judged(&mut client, "input()", json!({"visible": [test("a", "5", "")]}), fields).await;
        assert_eq!(verdicts(&ran, "visible"), ["JE"], "{code}: {:#}", ran.last());
    }
}

#[tokio::test]
async fn judging_in_containers() {
    if !crate::containers::docker() {
        return;
    }
    let server = crate::containers::server(&[]).await;
    let mut client = server.connect().await;
    let code = "#include <cstdio>\n#include <cstdlib>\n#include <vector>\nint main() { int n; if (scanf(\"%d\", &n) != 1) return 9; if (n == 7) abort(); if (n == 8) for (volatile int i = 0;; i = 1) {} if (n == 9) { std::vector<char*> v; for (;;) { char *p = (char*)malloc(1 << 20); for (int i = 0; i < 1 << 20; i += 4096) p[i] = 1; v.push_back(p); } } FILE *f = fopen(\"left\", \"r\"); printf(\"%d%s\\n\", n * 2, f ? \" left\" : \"\"); fopen(\"left\", \"w\"); }";
    let tests = json!({
        "visible": [test("a", "1", "2"), test("b", "2", "5"), test("c", "7", ""), test("d", "3", "6")],
        "hidden": [test("e", "8", ""), test("f", "9", ""), test("g", "4", "8"), test("h", "x", "")],
    });
    let limits = json!({"time_ms": 500, "memory_mb": 64});
    for _ in 0..2 {
        let ran = client.run(json!({"language": "cpp", "code": code, "tests": tests, "limits": limits})).await;
        assert_eq!(verdicts(&ran, "visible"), ["AC", "WA", "RTE", "AC"], "{:#}", ran.last());
        assert_eq!(verdicts(&ran, "hidden"), ["TLE", "MLE", "AC", "RTE"], "{:#}", ran.last());
    }
    let ran = client.run(json!({"language": "c", "code": "int main(void) { return x; }", "tests": tests})).await;
    assert_eq!(
        (ran.status(), &ran.last()["summary"]),
        ("compile_error", &json!({"visible_passed": 0, "visible_failed": 4, "hidden_passed": 0, "hidden_failed": 4, "verdict": "CE"}))
    );
    // Across engines: each side in its own.
    let search = "#include <stdio.h>\n#include <string.h>\nint main(void) { int low = 1, high = 1000; char answer[20]; for (;;) { int middle = (low + high) / 2; printf(\"%d\\n\", middle); fflush(stdout); if (scanf(\"%19s\", answer) != 1) return 1; if (!strcmp(answer, \"right\")) return 0; if (!strcmp(answer, \"lower\")) high = middle - 1; else low = middle + 1; } }";
    let compare = json!({"interactor": {"language": "python", "code": GUESS}});
    let ran = client
        .run(
            json!({"language": "c", "code": search, "tests": {"visible": [test("a", "17", ""), test("b", "999", "")]}, "compare": compare}),
        )
        .await;
    assert_eq!(verdicts(&ran, "visible"), ["AC", "AC"], "{:#}", ran.last());
    let stuck = "#include <stdio.h>\nint main(void) { int n; scanf(\"%d\", &n); }";
    let ran = client.run(json!({"language": "c", "code": stuck, "tests": {"visible": [test("a", "17", "")]}, "compare": compare})).await;
    assert_eq!(ran.last()["test_results"]["visible"][0]["message"], "the program and the interactor both wait for input");
    let checker = json!({"checker": {"language": "c", "code": "#include <stdio.h>\nint main(int c, char **v) { int a, b; FILE *i = fopen(v[1], \"r\"), *o = fopen(v[2], \"r\"); fscanf(i, \"%d\", &a); return fscanf(o, \"%d\", &b) == 1 && b == 2 * a ? 42 : 43; }"}});
    let ran = client.run(json!({"language": "python", "code": "print(int(input()) * 2 if 1 else 0)", "tests": {"visible": [test("a", "4", ""), test("b", "5", "")]}, "compare": checker})).await;
    assert_eq!(verdicts(&ran, "visible"), ["AC", "AC"], "{:#}", ran.last());
    crate::containers::until_gone(server.process.id()).await;
}

/// Function-level tests: every case of `tests/harness`, through the real server.
#[tokio::test]
async fn harness_cases() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/harness");
    let files = |folder: &std::path::Path| {
        let mut files = serde_json::Map::new();
        crate::guests::add(&mut files, folder, "");
        files
    };
    let mut cases: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("expected.json").is_file())
        .collect();
    cases.sort();
    assert!(cases.len() >= 50, "only {} cases", cases.len());
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let mut failures = Vec::new();
    for case in &cases {
        let expected: Value = serde_json::from_str(&std::fs::read_to_string(case.join("expected.json")).unwrap()).unwrap();
        let (harness, solution) = (files(&case.join("harness")), files(&case.join("solution")));
        let is_tests = |name: &&String| name.starts_with("test") || name.starts_with("harness");
        let main = expected["main"].as_str().map_or_else(|| harness.keys().find(is_tests).unwrap().clone(), str::to_owned);
        let language = if main.ends_with("py") { "python" } else { "javascript" };
        let first = solution.keys().next().unwrap().clone();
        let fields = json!({"language": language, "files": solution, "main": first, "harness": {"files": harness, "main": main}, "limits": {"time_ms": 4000, "wall_ms": 20000}});
        let ran = client.run(fields).await;
        if ran.last()["type"] == "error" {
            failures.push(format!("== {}\n{:#}", case.display(), ran.last()));
            continue;
        }
        let told = ran.last()["test_results"]["visible"].as_array().unwrap().clone();
        let mut told: Vec<(String, String)> =
            told.iter().map(|test| (test["id"].as_str().unwrap().to_owned(), test["status"].as_str().unwrap().to_owned())).collect();
        let wanted: Vec<(String, String)> = expected["tests"]
            .as_array()
            .unwrap()
            .iter()
            .map(|test| (test["test"].as_str().unwrap().to_owned(), test["status"].as_str().unwrap().to_owned()))
            .collect();
        // What a limit ended is told as that here, and as an error by the report alone.
        for (told, wanted) in told.iter_mut().zip(&wanted) {
            if wanted.1 == "error" && ["timeout", "memory_limit", "output_limit"].contains(&told.1.as_str()) {
                told.1 = "error".to_owned();
            }
        }
        let is_whole = expected["exit"] == 0;
        if (is_whole && told != wanted) || (!is_whole && ran.last()["summary"]["verdict"] == "AC") {
            failures.push(format!("== {}\ntold {told:?}\nwanted {wanted:?}\n{:#}", case.display(), ran.last()["summary"]));
        }
    }
    assert!(failures.is_empty(), "{} of {} cases failed\n{}", failures.len(), cases.len(), failures.join("\n"));
}

/// CPU time decides, whatever else the machine does; and a reproducible run does not even know of it.
#[tokio::test]
async fn verdicts_hold_under_load() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let code = "n = int(input())\nx = 0\nwhile n > 0:\n  n -= 1\n  x = (x * 31 + n) % 1000003\nprint('done')";
    let tests = json!({"visible": [test("quick", "50000", "done"), test("endless", "99999999999", "done")]});
    let limits = json!({"time_ms": 1500, "wall_ms": 60000});
    let (mut verdict_sets, mut fuels) = (Vec::new(), Vec::new());
    for is_loaded in [false, true] {
        let mut load: Vec<_> = (0..if is_loaded { 8 } else { 0 })
            .map(|_| std::process::Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap())
            .collect();
        let ran = judged(&mut client, code, tests.clone(), json!({"limits": limits})).await;
        verdict_sets.push(verdicts(&ran, "visible"));
        for _ in 0..if is_loaded { 20 } else { 30 } {
            let fields = json!({"deterministic": {"seed": 1}, "limits": {"fuel": 400_000_000}});
            let ran = judged(&mut client, code, json!({"visible": [test("quick", "20000", "done")]}), fields).await;
            assert_eq!(verdicts(&ran, "visible"), ["AC"], "{:#}", ran.last());
            fuels.push(ran.execution()["fuel"].as_u64().unwrap());
        }
        for process in &mut load {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }
    assert_eq!(verdict_sets, vec![vec!["AC".to_owned(), "TLE".to_owned()]; 2]);
    assert!(fuels.len() == 50 && fuels.iter().all(|fuel| *fuel == fuels[0]), "{fuels:?}");
}

/// The frames that people read first do what they say.
#[tokio::test]
async fn examples_work() {
    let has_docker = crate::containers::docker();
    let server = crate::containers::server(&[]).await;
    let mut client = server.connect().await;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/jobs");
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert!(names.len() >= 13, "{names:?}");
    for path in names {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if !has_docker && ["c", "cpp", "go", "csharp", "bash"].contains(&name.as_str()) {
            continue;
        }
        client.send_text(&std::fs::read_to_string(&path).unwrap()).await;
        let ran = client.rest("example").await;
        assert_eq!(ran.status(), "success", "{name}: {:#}", ran.last());
        match ran.last()["summary"]["verdict"].as_str() {
            Some(verdict) => assert_eq!(verdict, "AC", "{name}: {:#}", ran.last()),
            None if name == "files" => assert_eq!(ran.stdout(), "42\n"),
            None if name == "reproducible" => {
                assert!(ran.stdout().ends_with(" 1767225600.0\n") || ran.stdout().contains(" 176722560"), "{}", ran.stdout())
            }
            None => assert_eq!(ran.stdout(), "Hello, world!\n", "{name}"),
        }
    }
}
