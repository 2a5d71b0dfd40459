use super::*;

fn shipped(name: &str) -> Arc<Dialect> {
    Arc::new(Dialect::load(name).unwrap_or_else(|mistake| panic!("{mistake}")))
}

fn spoken(dialect: &Arc<Dialect>, message: &Value) -> Spoken {
    let headers = BTreeMap::from([("task_name".to_owned(), "test_solution".to_owned())]);
    dialect.read(&message.to_string(), &Envelope { headers, ..Envelope::default() }).unwrap()
}

fn job(dialect: &Arc<Dialect>, message: &Value) -> Result<Value, String> {
    spoken(dialect, message).job().map(|job| serde_json::from_str(&job).unwrap()).map_err(|refusal| refusal.message)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_file_is_made_of_another() {
    let topics = shipped("topics");
    let message = json(
        r#"{"id": 7, "inputfile": "YQ==", "algorithm": "cHJpbnQoKQ==", "from": "csv", "to": "json", "language": "python", "more": 1}"#,
    );
    let expected = json(
        r#"{"id": "7", "language": "python", "code": {"base64": "cHJpbnQoKQ=="}, "files": {"in.csv": {"base64": "YQ=="}}, "args": ["in.csv"],
            "collect": {"paths": ["out.json"], "max_bytes": 4194304}}"#,
    );
    assert_eq!(job(&topics, &message), Ok(expected));
    let frame = json(
        r#"{"type": "result", "execution": {"status": "success", "stdout": {"base64": "/2E="}, "stderr": "", "wall_time_ms": 3.5, "code_size": 1,
            "in_size": 2, "out_size": 3}, "files": {"created": {"out.json": {"data": "hi", "truncated": false}}}}"#,
    );
    let (answer, headers) = spoken(&topics, &message).answer("7", "result", &frame.to_string());
    let expected = r#"{"run_id": 7, "stdout": "\ufffda", "stderr": "", "artifact": "aGk=", "stats": {"duration": 3.5, "code_size": 1, "in_size": 2, "out_size": 3}}"#;
    assert_eq!((json(&answer), headers), (json(expected), vec![]));
    let timeout = r#"{"type": "result", "execution": {"status": "timeout", "stdout": "so far"}}"#;
    let expected = json(r#"{"run_id": 7, "stdout": "timeout", "stderr": "timeout", "artifact": null, "stats": null}"#);
    assert_eq!(json(&spoken(&topics, &message).answer("7", "result", timeout).0), expected);
    assert_eq!(job(&topics, &json(r#"{"id": 1, "from": "a", "inputfile": ""}"#)), Err("`message.to` is missing".to_owned()));
    assert!(job(&topics, &json(r#"{"id": [1], "from": "a", "to": "b", "inputfile": ""}"#)).is_err());
    assert!(topics.read(r#"{"language": "python"}"#, &Envelope::default()).is_err_and(|why| why.contains("message.id")));
}

#[test]
fn a_solution_is_run_on_inputs() {
    let solutions = shipped("solutions");
    let message = json(
        r#"{"student_id": 1, "problem_id": 2, "course_id": 3, "lang": "py", "code": "c", "run_data": [{"test_num": 1, "input": "x"}, {"test_num": 2, "input": 5}]}"#,
    );
    let expected = json(
        r#"{"language": "python", "code": "c", "stop_on_failure": true, "tests": {"visible": [{"id": "1", "input": "x"}, {"id": "2", "input": "5"}]}}"#,
    );
    assert_eq!(job(&solutions, &message), Ok(expected));
    let frame = r#"{"type": "result", "execution": {"status": "error", "message": "exit code 1", "stderr": "oh"},
        "test_results": {"visible": [{"status": "error", "actual_output": "a"}, {"status": "skipped", "actual_output": ""}]}}"#;
    let (answer, headers) = spoken(&solutions, &message).answer("7", "result", frame);
    let expected = json(
        r#"{"test_cases": [{"test_num": 1, "input": "x", "output": "a"}], "err_msg": "error exit code 1\noh", "code": "c", "problem_id": 2, "student_id": 1, "course_id": 3}"#,
    );
    assert_eq!((json(&answer), headers), (expected, vec![("task_name".to_owned(), "handle_test_result".to_owned())]));
    let rust = json(r#"{"lang": "rs", "code": "", "run_data": []}"#);
    assert_eq!(job(&solutions, &rust).unwrap_err(), "`message.lang` must be one of `cpp`, `cs`, `go`, `js`, `py`");
    assert!(job(&solutions, &json(r#"{"lang": "py", "code": "", "run_data": 3}"#)).unwrap_err().contains("must be a list"));
    assert!(solutions.read("{}", &Envelope::default()).is_err_and(|why| why.contains("task_name")));
}

#[test]
fn steps_and_braces() {
    let file = r#"
        [job]
        text = "{{{message.a | base64}}}"
        number = "=message.n | number"
        seconds = "=message.ms | seconds"
        decoded = "=message.b | from_base64"
        [[answer.case]]
        body = 3
    "#;
    let dialect = Arc::new(paper::read(file).unwrap());
    let message = json(r#"{"a": "hi", "n": "12", "ms": 1500, "b": "aGk="}"#);
    assert_eq!(job(&dialect, &message), Ok(json(r#"{"text": "{aGk=}", "number": 12, "seconds": 1.5, "decoded": "hi"}"#)));
    for (field, value) in [("n", json("\"x\"")), ("ms", json("\"x\"")), ("b", json("\"?\"")), ("a", json("[]"))] {
        let mut message = message.clone();
        message[field] = value;
        assert!(job(&dialect, &message).unwrap_err().starts_with(&format!("`message.{field}` must be")));
    }
}

#[test]
fn what_comes_of_a_message_has_a_bound() {
    let file = r#"
        [job]
        all = { each = "=message.list", make = "=message.text" }
        [[answer.case]]
        body = { each = "=message.list", make = "=message.text" }
    "#;
    let dialect = Arc::new(paper::read(file).unwrap());
    let message = serde_json::json!({"list": vec![0; 1000], "text": "x".repeat(1 << 20)});
    assert!(job(&dialect, &message).unwrap_err().contains("too much"));
    assert_eq!(spoken(&dialect, &message).answer("", "error", "{}").0, "null");
}

#[test]
fn mistakes_are_named_with_line_and_key() {
    let rest = "\n[[answer.case]]\nbody = 1\n";
    for (file, said) in [
        ("[job", "line 1"),
        ("", "`[job]` is missing"),
        ("[job]\na = 1", "`[answer]` is missing"),
        ("[job]\na = 1\n[answer]\n", "`[[answer.case]]` is missing"),
        ("[job]\na = 1\n[answer]\ncase = []\n", "there has to be a case"),
        ("[job]\na = 1\n[[answer.case]]\nwhen = {id = 1}\nbody = 1\n", "line 3, `answer.case.0`: the last case has no `when`"),
        (&format!("[job]\na = \"=massage.b\"{rest}"), "line 2, `job.a`: `massage.b`: a path begins here with `message`, `header`"),
        (&format!("[job]\na = \"=result.id\"{rest}"), "line 2, `job.a`"),
        (&format!("[job]\na = \"=message..b\"{rest}"), "is no path"),
        (&format!("[job]\na = \"=message[b\"{rest}"), "a `]` is missing"),
        (&format!("[job]\na = \"{{message.b\"{rest}"), "a brace without another"),
        (&format!("[job]\na = \"=message.b | rot13\"{rest}"), "`rot13` is no step"),
        (&format!("[job]\na = \"=message.b | words.no\"{rest}"), "there is no table `words.no`"),
        (&format!("[job]\na = {{each = \"=message.b\", make = 1, colour = 1}}{rest}"), "line 2, `job.a.colour`: is not known here"),
        (&format!("[job]\na = {{each = \"=message.b\", make = {{each = \"=item\", make = 1}}}}{rest}"), "within another"),
        (&format!("[job]\na = 1979-05-27{rest}"), "line 2, `job.a`"),
        (&format!("[jobs]\n[job]\n{rest}"), "line 1, `jobs`: is not known here"),
        (&format!("[accept]\nneeds = [\"message b\"]\n[job]\n{rest}"), "line 2, `accept.needs.0`"),
    ] {
        let mistake = paper::read(file).unwrap_err();
        assert!(mistake.contains(said), "{file}: {mistake}");
    }
}
