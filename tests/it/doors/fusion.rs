//! SandboxFusion's API.

use super::{ask, ask_with, drive_python};
use crate::client::Server;
use crate::containers;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

fn code(language: &str, code: &str, more: Value) -> Value {
    let mut body = json!({"language": language, "code": code});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn run(server: &Server, path: &str, body: &Value) -> Value {
    let answer = ask(server, "POST", path, body);
    assert_eq!(answer.status, 200, "{body}: {}", answer.text());
    answer.json()
}

fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

#[tokio::test]
async fn programs_and_their_files() {
    let server = Server::start(&[]);
    assert_eq!(ask(&server, "GET", "/v1/ping", &Value::Null).json(), "pong");
    assert_eq!(ask(&server, "GET", "/fusion/languages", &Value::Null).json(), json!(["nodejs", "python"]));
    let asked = code("python", "print(input())", json!({"stdin": "in\n"}));
    for path in ["/run_code", "/fusion/run_code"] {
        let answer = run(&server, path, &asked);
        assert_eq!((&answer["status"], &answer["message"], &answer["compile_result"]), (&json!("Success"), &json!(""), &Value::Null));
        let ran = &answer["run_result"];
        assert_eq!((&ran["status"], &ran["return_code"], &ran["stdout"]), (&json!("Finished"), &json!(0), &json!("in\n")), "{answer}");
        assert!(ran["execution_time"].as_f64().unwrap() > 0.0);
    }
    let ends = [
        ("import sys\nprint('e', file=sys.stderr)\nsys.exit(3)", json!({}), "Finished", json!(3)),
        ("while True: pass", json!({"run_timeout": 0.3}), "TimeLimitExceeded", Value::Null),
        ("import time\ntime.sleep(9)", json!({"run_timeout": 0.3}), "TimeLimitExceeded", Value::Null),
        ("x = bytearray(200 << 20)", json!({"memory_limit_MB": 64}), "Finished", json!(1)),
    ];
    for (source, more, status, return_code) in ends {
        let answer = run(&server, "/run_code", &code("python", source, more));
        assert_eq!(answer["status"], "Failed");
        let ran = &answer["run_result"];
        assert_eq!((&ran["status"], &ran["return_code"]), (&json!(status), &return_code), "{source}: {answer}");
    }
    let source = "import os\nos.makedirs('out')\nopen('out/a.txt', 'w').write(open('in.txt').read() * 2)\nopen('changed', 'a').write('+')\nos.remove('gone')";
    let more = json!({
        "files": {"in.txt": base64("ab"), "./changed": base64("c"), "gone": base64("x"), "none": null},
        "fetch_files": ["out/a.txt", "in.txt", "./changed", "gone", "missing"],
    });
    let answer = run(&server, "/run_code", &code("python", source, more));
    assert_eq!(answer["files"], json!({"out/a.txt": base64("abab"), "in.txt": base64("ab"), "./changed": base64("c+")}), "{answer}");
    if !containers::docker() {
        return;
    }
    let server = containers::server(&[]).await;
    let answer = run(&server, "/run_code", &code("cpp", "int main() { return x; }", json!({})));
    assert_eq!(
        (&answer["status"], &answer["run_result"], &answer["compile_result"]["return_code"]),
        (&json!("Failed"), &Value::Null, &json!(1))
    );
    assert!(answer["compile_result"]["stderr"].as_str().unwrap().contains("error:"));
    let answer = run(&server, "/run_code", &code("cpp", "int main() { __builtin_trap(); }", json!({})));
    assert_eq!((&answer["status"], &answer["run_result"]["return_code"]), (&json!("Failed"), &json!(-4)), "{answer}");
}

#[tokio::test]
async fn cells_share_what_they_define() {
    let server = Server::start(&[]);
    let cells = [
        "a = 123",
        "a",
        "print(a)",
        "import sys; sys.stderr.write('stderr message')",
        "raise RuntimeError('error message')",
        "import helper\nhelper.x + a",
        "print(open('in.txt').read())\nopen('out.txt', 'w').write('left')\nNone",
        "1 +",
        "import sys; sys.exit(2)",
        "class B: pass\n[B.__module__, __name__]",
    ];
    let files = json!({"helper.py": base64("x = 1"), "in.txt": base64("inside")});
    let asked = json!({"cells": cells, "files": files, "fetch_files": ["out.txt"], "cell_timeout": 0, "total_timeout": 20});
    let answer = run(&server, "/run_jupyter", &asked);
    assert_eq!((&answer["status"], &answer["driver"]["status"]), (&json!("Success"), &json!("Finished")), "{answer}");
    let told = answer["cells"].as_array().unwrap();
    assert_eq!(told.len(), cells.len());
    let empty = json!({"stdout": "", "stderr": "", "display": [], "error": []});
    assert_eq!(told[0], empty);
    assert_eq!(told[1]["display"], json!([{"text/plain": "123"}]));
    assert_eq!((&told[2]["stdout"], &told[3]["stderr"]), (&json!("123\n"), &json!("stderr message")));
    assert_eq!((&told[4]["error"][0]["ename"], &told[4]["error"][0]["evalue"]), (&json!("RuntimeError"), &json!("error message")));
    let trace = told[4]["error"][0]["traceback"].to_string();
    assert!(trace.contains("<cell>") && !trace.contains("cells.py"), "{trace}");
    assert_eq!(told[5]["display"], json!([{"text/plain": "124"}]));
    assert_eq!((&told[6]["stdout"], &told[6]["display"]), (&json!("inside\n"), &json!([])));
    assert_eq!((&told[7]["error"][0]["ename"], &told[8]["error"][0]["ename"]), (&json!("SyntaxError"), &json!("SystemExit")));
    assert_eq!(told[9]["display"], json!([{"text/plain": "['__main__', '__main__']"}]));
    assert_eq!(answer["files"], json!({"out.txt": base64("left")}));
    let slow = run(&server, "/run_jupyter", &json!({"cells": ["print(1)", "while True: pass"], "total_timeout": 0.5}));
    assert_eq!((&slow["status"], &slow["driver"]["status"], &slow["cells"]), (&json!("Failed"), &json!("TimeLimitExceeded"), &json!([])));
    let gone = run(&server, "/run_jupyter", &json!({"cells": ["import os\nos._exit(5)"]}));
    assert_eq!((&gone["status"], &gone["driver"]["return_code"]), (&json!("Failed"), &json!(5)), "{gone}");
    let loud = run(&server, "/run_jupyter", &json!({"cells": ["print('x' * (3 << 20))"]}));
    assert_eq!(loud["cells"][0]["stdout"].as_str().map(str::len), Some(1 << 20), "the rest is left out");
    assert_eq!(run(&server, "/run_jupyter", &json!({"cells": []}))["cells"], json!([]));
}

#[tokio::test]
async fn refusals_name_the_place() {
    let server = Server::start(&["--set", "connection.max_frame_kb=64"]);
    let python = |more: Value| code("python", "1", more);
    let cases = [
        ("/run_code", json!({}), "code", "Field required"),
        ("/run_code", json!({"code": "1"}), "language", "Field required"),
        ("/run_code", json!({"code": 1, "language": "python"}), "code", "valid string"),
        ("/run_code", code("cobol", "1", json!({})), "language", "Input should be 'nodejs', 'python'"),
        ("/run_code", python(json!({"run_timeout": 0})), "run_timeout", "greater than 0"),
        ("/run_code", python(json!({"run_timeout": -1})), "run_timeout", "greater than 0"),
        ("/run_code", python(json!({"run_timeout": "x"})), "run_timeout", "valid number"),
        ("/run_code", python(json!({"run_timeout": 1e18})), "run_timeout", "less than or equal to 300"),
        ("/run_code", python(json!({"compile_timeout": 121})), "compile_timeout", "less than or equal to 120"),
        ("/run_code", python(json!({"memory_limit_MB": 4096})), "memory_limit_MB", "less than or equal to 2048"),
        ("/run_code", python(json!({"memory_limit_MB": 1.5})), "memory_limit_MB", "valid integer"),
        ("/run_code", python(json!({"files": []})), "files", "valid dictionary"),
        ("/run_code", python(json!({"files": {"../x": ""}})), "files", "path"),
        ("/run_code", python(json!({"files": {"/etc/x": ""}})), "files", "path"),
        ("/run_code", python(json!({"fetch_files": ["../../x"]})), "fetch_files", "path"),
        ("/run_code", python(json!({"fetch_files": [1]})), "fetch_files", "list of strings"),
        ("/run_jupyter", json!({}), "cells", "Field required"),
        ("/run_jupyter", json!({"cells": [1]}), "cells", "list of strings"),
        ("/run_jupyter", json!({"cells": [], "kernel": "bash"}), "kernel", "'python3'"),
        ("/run_jupyter", json!({"cells": [], "total_timeout": -5}), "total_timeout", "greater than 0"),
    ];
    for (path, body, place, what) in cases {
        let answer = ask(&server, "POST", path, &body);
        let detail = answer.json();
        assert_eq!((answer.status, &detail["detail"][0]["loc"]), (422, &json!(["body", place])), "{body}: {detail}");
        assert!(detail["detail"][0]["msg"].as_str().unwrap().contains(what), "{detail}");
    }
    let post = |body: &str| server.ask("POST", "/run_code", "content-type: application/json\r\n", body).status;
    assert_eq!((post("{"), post(&"[".repeat(60 << 10)), post(&" ".repeat(70 << 10))), (422, 422, 413));
    // No memory limit is the usual one.
    let answer = run(&server, "/run_code", &python(json!({"code": "x = bytearray(600 << 20)", "memory_limit_MB": -1})));
    assert_eq!(answer["status"], "Failed");
    let digest = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
    let guarded = Server::start(&["--set", &format!("access.tokens=[{{ name = \"ann\", sha256 = \"{digest}\" }}]")]);
    let status = |headers: &str| ask_with(&guarded, "POST", "/run_code", headers, &python(json!({}))).status;
    assert_eq!((status(""), status("authorization: Bearer foo\r\n")), (401, 200));
    assert_eq!(Server::start(&["--set", "doors.fusion=false"]).get("/v1/ping").0, 404);
}

#[tokio::test]
async fn sandbox_fusions_own_client() {
    let server = Server::start(&[]);
    drive_python(&server, "fusion.py");
}
