use super::*;
use proptest::prelude::*;

fn rules() -> Rules {
    let config = crate::config::Config::load(&crate::config::Sources::default()).unwrap();
    let (toolchains, mistakes) = Toolchains::load(&[], &config.limits.usual);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let job = JobLimits { stdin_kb: 64, ..config.limits.job };
    let workspaces = config.workspaces();
    Rules { toolchains, most: config.limits.most, job, images: vec!["alpine:3".to_owned()], workspaces }
}

fn refusal(frame: &str) -> (Code, Option<String>, String) {
    let refusal = request(frame, &rules()).err().unwrap_or_else(|| panic!("{frame} was accepted")).refusal;
    (refusal.code, refusal.details.field, refusal.message)
}

fn accepted(frame: &str) -> Job {
    match request(frame, &rules()) {
        Ok(Request::Run(job)) => *job,
        other => panic!("{frame}: {other:?}"),
    }
}

#[test]
fn refusals_name_the_field() {
    let cases = [
        ("", Code::BadJson, None),
        ("[1]", Code::BadJson, None),
        ("{", Code::BadJson, None),
        ("{} x", Code::BadJson, None),
        ("{}", Code::MissingField, Some("type")),
        (r#"{"type": 5}"#, Code::BadField, Some("type")),
        (r#"{"type": "dance"}"#, Code::BadFrame, Some("type")),
        (r#"{"type": "run", "id": 7}"#, Code::BadField, Some("id")),
        (r#"{"type": "run", "language": "python", "code": ""}"#, Code::MissingField, Some("id")),
        (r#"{"type": "run", "id": "", "language": "python", "code": ""}"#, Code::BadField, Some("id")),
        (r#"{"type": "run", "id": "a", "code": ""}"#, Code::MissingField, Some("language")),
        (r#"{"type": "run", "id": "a", "language": "cobol", "code": ""}"#, Code::UnknownLanguage, Some("language")),
        (r#"{"type": "run", "id": "a", "language": "python"}"#, Code::MissingField, Some("code")),
        (r#"{"type": "run", "id": "a", "language": "python", "code": 5}"#, Code::BadField, Some("code")),
        (r#"{"type": "run", "id": "a", "language": "python", "code": "", "colour": 1}"#, Code::BadField, Some("colour")),
        (r#"{"type": "run", "id": "a", "language": "python", "code": "", "limits": {"time_s": 1}}"#, Code::BadField, Some("limits.time_s")),
        (
            r#"{"type": "run", "id": "a", "language": "python", "code": "", "limits": {"time_ms": -1}}"#,
            Code::BadField,
            Some("limits.time_ms"),
        ),
        (
            r#"{"type": "run", "id": "a", "language": "python", "code": "", "limits": {"time_ms": 0}}"#,
            Code::BadField,
            Some("limits.time_ms"),
        ),
        (
            r#"{"type": "run", "id": "a", "language": "python", "code": "", "limits": {"memory_mb": 99999}}"#,
            Code::LimitTooHigh,
            Some("limits.memory_mb"),
        ),
        (r#"{"type": "run", "id": "a", "language": "python", "code": "", "limits": {"fuel": 5}}"#, Code::BadField, Some("limits.fuel")),
        (r#"{"type": "run", "id": "a", "language": "python", "files": {"/x": ""}}"#, Code::BadPath, Some("files./x")),
        (
            r#"{"type": "run", "id": "a", "language": "python", "files": {"main.py": "", "a/../b": ""}}"#,
            Code::BadPath,
            Some("files.a/../b"),
        ),
        (r#"{"type": "run", "id": "a", "language": "python", "files": {"a": "", "a/b": ""}}"#, Code::BadPath, Some("files")),
        (r#"{"type": "run", "id": "a", "language": "python", "files": {"a.py": "", "a.py": ""}}"#, Code::BadField, Some("files")),
        (r#"{"type": "run", "id": "a", "language": "python", "code": "", "files": {"main.py": ""}}"#, Code::BadPath, Some("files")),
        (r#"{"type": "run", "id": "a", "language": "python", "files": {"a.py": "", "b.py": ""}}"#, Code::MissingField, Some("main")),
        (r#"{"type": "run", "id": "a", "language": "python", "files": {"a.py": ""}, "main": "b.py"}"#, Code::BadField, Some("main")),
        (r#"{"type": "run", "id": "a", "language": "python", "code": {"base64": "%"}}"#, Code::BadField, Some("code")),
        (r#"{"type": "run", "id": "a", "language": "python", "code": {"base64": "bm9t", "gzip": true}}"#, Code::BadField, Some("code")),
        (r#"{"type": "run", "id": "a", "language": "python", "code": "", "env": {"A=B": ""}}"#, Code::BadField, Some("env")),
        (r#"{"type": "run", "id": "a", "language": "python", "code": "", "args": ["\u0000"]}"#, Code::BadField, Some("args")),
        (r#"{"type": "run", "id": "a", "language": "python", "code": "", "tests": {}}"#, Code::MissingField, Some("tests")),
        (r#"{"type": "run", "id": "a", "language": "python", "code": "", "stream": "words"}"#, Code::BadField, Some("stream")),
        (
            r#"{"type": "run", "id": "a", "language": "python", "code": "", "deterministic": {"now": "soon"}}"#,
            Code::BadField,
            Some("deterministic.now"),
        ),
        (
            r#"{"type": "run", "id": "a", "language": "python", "code": "", "deterministic": {}, "interactive": true}"#,
            Code::BadField,
            Some("interactive"),
        ),
        (r#"{"type": "stdin", "id": "a"}"#, Code::MissingField, Some("data")),
        (r#"{"type": "stdin", "id": "a", "data": "", "base64": ""}"#, Code::BadField, Some("base64")),
        (r#"{"type": "stdin", "id": "a", "base64": "?"}"#, Code::BadField, Some("base64")),
        (r#"{"type": "cancel"}"#, Code::MissingField, Some("id")),
        (r#"{"type": "cancel", "id": "a", "why": ""}"#, Code::BadField, Some("why")),
        (r#"{"type": "signal", "id": "a"}"#, Code::MissingField, Some("signal")),
        (r#"{"type": "signal", "signal": "SIGINT"}"#, Code::MissingField, Some("id")),
        (r#"{"type": "signal", "id": "a", "signal": 2}"#, Code::BadField, Some("signal")),
        (r#"{"type": "signal", "id": "a", "signal": "sigint"}"#, Code::BadField, Some("signal")),
        (r#"{"type": "run", "id": "a", "language": "python", "code": "", "compile_args": ["-O"]}"#, Code::BadField, Some("compile_args")),
        (r#"{"type": "run", "id": "a", "language": "bash", "code": "", "link_args": ["-lm"]}"#, Code::BadField, Some("link_args")),
        (r#"{"type": "run", "id": "a", "language": "multi", "code": "", "compile_args": ["-O"]}"#, Code::BadField, Some("compile_args")),
        (r#"{"type": "run", "id": "a", "language": "go", "code": "", "link_args": ["-s"]}"#, Code::BadField, Some("link_args")),
        (r#"{"type": "run", "id": "a", "language": "c", "code": "", "compile_args": "-O"}"#, Code::BadField, Some("compile_args")),
        (r#"{"type": "run", "id": "a", "language": "c", "code": "", "compile_args": ["-O", 2]}"#, Code::BadField, Some("compile_args[1]")),
        (r#"{"type": "run", "id": "a", "language": "c", "code": "", "compile_args": ["-D\u0000"]}"#, Code::BadField, Some("compile_args")),
        (
            r#"{"type": "run", "id": "a", "language": "c", "code": "", "command": ["x"], "link_args": ["-lm"]}"#,
            Code::BadField,
            Some("link_args"),
        ),
        (r#"{"type": "hello", "name": ""}"#, Code::BadField, Some("name")),
        (r#"{"type": "glance", "sys": 1}"#, Code::BadField, Some("sys")),
        (r#"{"type": "glance", "all": true}"#, Code::BadField, Some("all")),
        (r#"{"type": "clock"}"#, Code::MissingField, Some("time_ms")),
        (r#"{"type": "clock", "time_ms": -1}"#, Code::BadField, Some("time_ms")),
        (r#"{"type": "clock", "time_ms": 1.5}"#, Code::BadField, Some("time_ms")),
        (r#"{"type": "clock", "time_ms": "now"}"#, Code::BadField, Some("time_ms")),
        (r#"{"type": "clock", "time_ms": 9007199254740993}"#, Code::BadField, Some("time_ms")),
        (r#"{"type": "clock", "time_ms": 1, "zone": 0}"#, Code::BadField, Some("zone")),
    ];
    for (frame, code, field) in cases {
        let (was, named, message) = refusal(frame);
        assert_eq!((was, named.as_deref()), (code, field), "{frame}: {message}");
        assert!(!message.is_empty() && (code == Code::BadJson || !message.contains(" at line ")), "{message}");
    }
}

#[test]
fn the_refused_run_is_named() {
    let refused = request(r#"{"type": "run", "id": "r7", "language": "?"}"#, &rules()).unwrap_err();
    assert_eq!(refused.id.as_deref(), Some("r7"));
    let (_, _, message) = refusal(r#"{"type": "run", "id": "a", "language": "cobol", "code": ""}"#);
    assert!(message.contains("python") && message.contains("javascript"), "{message}");
}

#[test]
fn arguments_for_a_compiler_are_bounded_and_go_where_the_recipe_says() {
    let args = |count: usize| serde_json::to_string(&vec!["-O"; count]).unwrap();
    let frame = |count: usize| format!(r#"{{"type": "run", "id": "a", "language": "c", "code": "", "compile_args": {}}}"#, args(count));
    let most = rules().job.args_kb << 10;
    accepted(&frame(most / 3));
    let (code, field, _) = refusal(&frame(most / 3 + 1));
    assert_eq!((code, field.as_deref()), (Code::TooLarge, Some("compile_args")));
    let job =
        accepted(r#"{"type": "run", "id": "a", "language": "c", "code": "", "compile_args": ["{bin}", "-a b"], "link_args": ["-lm"]}"#);
    let Kind::Docker(recipe) = &job.toolchain.kind else { panic!() };
    let argv = recipe.compile_argv(&job).unwrap();
    let at = |word: &str| argv.iter().position(|other| other == word).unwrap_or_else(|| panic!("{word}: {argv:?}"));
    assert!(at("{bin}") + 1 == at("-a b") && at("-a b") < at("main.c") && at("main.c") + 1 == at("-lm"), "{argv:?}");
    assert!(!argv.iter().any(|word| word.contains("_args}")), "{argv:?}");
    // What says nothing is as good as absent, wherever it stands.
    accepted(r#"{"type": "run", "id": "a", "language": "python", "code": "", "compile_args": [], "link_args": null}"#);
}

#[test]
fn main_and_code() {
    let job = accepted(r#"{"type": "run", "id": "a", "language": "PY", "code": "x"}"#);
    assert_eq!((job.main.as_str(), job.files.len(), job.toolchain.name.as_str()), ("main.py", 1, "python"));
    let job = accepted(r#"{"type": "run", "id": "a", "language": "python", "code": "x", "main": "app.py", "files": {"b.py": ""}}"#);
    assert_eq!((job.main.as_str(), job.files[0].path.as_str()), ("app.py", "app.py"));
    let job = accepted(r#"{"type": "run", "id": "a", "language": "python", "code": "x", "main": "b.py", "files": {"b.py": ""}}"#);
    assert_eq!((job.main.as_str(), job.files[0].path.as_str()), ("b.py", "main.py"));
    let job = accepted(r#"{"type": "run", "id": "a", "language": "python", "files": {"data.csv": "", "only.py": ""}}"#);
    assert_eq!(job.main.as_str(), "only.py");
    let job = accepted(
        r#"{"type": "run", "id": "a", "language": "python", "code": "", "tests": null, "meta": {"a": [1]}, "limits": {"fuel": null}}"#,
    );
    assert_eq!(job.meta.as_deref(), Some(r#"{"a": [1]}"#));
}

#[test]
fn a_command_needs_no_main_file() {
    let files = r#""language": "c", "files": {"run.sh": "", "a.c": "", "b.c": ""}"#;
    assert_eq!(refusal(&format!(r#"{{"type": "run", "id": "a", {files}}}"#)).1.as_deref(), Some("main"));
    let job = accepted(&format!(r#"{{"type": "run", "id": "a", {files}, "command": ["bash", "run.sh"]}}"#));
    assert_eq!((job.main.as_str(), job.files.len()), ("run.sh", 3));
    let job = accepted(r#"{"type": "run", "id": "a", "language": "c", "files": {"a.c": "", "main.c": ""}, "command": ["make"]}"#);
    assert_eq!(job.main.as_str(), "main.c");
}

#[test]
fn packed_files_are_bounded() {
    use std::io::Write;
    let gzip = |bytes: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).unwrap();
        text::to_base64(&packer.finish().unwrap())
    };
    let frame = |packed: &str| {
        format!(
            r#"{{"type": "run", "id": "a", "language": "python", "code": "", "files": {{"f": {{"base64": "{packed}", "gzip": true}}}}, "limits": {{"files_mb": 1}}}}"#
        )
    };
    let job = accepted(&frame(&gzip(b"content")));
    assert_eq!(&job.files[1].content[..], b"content");
    assert_eq!(refusal(&frame(&gzip(&vec![0; 64 << 20]))).0, Code::TooLarge);
    let long = format!(r#"{{"type": "run", "id": "a", "language": "python", "code": "", "stdin": "{}"}}"#, "x".repeat(65 << 10));
    assert_eq!(refusal(&long).0, Code::TooLarge);
}

#[test]
fn deep_json_is_refused_not_followed() {
    let nest = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    for (field, code) in [("meta", Code::TooLarge), ("args", Code::BadField), ("colour", Code::BadField)] {
        let deep = format!(r#"{{"type": "run", "id": "a", "language": "python", "code": "", "{field}": {nest}}}"#);
        assert_eq!(refusal(&deep).0, code, "{field}");
    }
    assert_eq!(refusal(&nest).0, Code::BadJson);
}

#[test]
fn times() {
    let seconds = |text| instant(text).map(|time| time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs());
    assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
    assert_eq!(seconds("2026-01-01T00:00:00Z"), Some(DEFAULT_NOW));
    assert_eq!(seconds("2024-02-29T12:30:15.5+02:00"), Some(1_709_202_615));
    assert_eq!(seconds("2000-03-01T00:00:00-01:00"), Some(951_872_400));
    for bad in ["2026-01-01", "12:00:00", "2026-01-01T00:00:00", "1969-01-01T00:00:00Z", "x"] {
        assert_eq!(seconds(bad), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn any_text_is_harmless(text in "\\PC{0,200}") {
        let _ = request(&text, &rules());
    }

    #[test]
    fn any_field_is_harmless(field in "[a-z_]{1,12}", value in prop_oneof!["null", "true", "-7", "\"x\"", "\\[\\]", "\\{\\}", "\\{\"a\": 1\\}", "1e99"]) {
        let frame = format!(r#"{{"type": "run", "id": "a", "language": "python", "code": "", "{field}": {value}}}"#);
        let _ = request(&frame, &rules());
    }
}

#[test]
fn what_only_containers_can_do() {
    let cases = [
        (r#""language": "python", "command": ["sh"]"#, "command"),
        (r#""language": "python", "image": "alpine:3""#, "image"),
        (r#""language": "python", "terminal": true"#, "terminal"),
        (r#""language": "bash", "command": []"#, "command"),
        (r#""language": "bash", "command": [""]"#, "command"),
        (r#""language": "bash", "image": "alpine:4""#, "image"),
        (r#""language": "bash", "deterministic": {}"#, "deterministic"),
    ];
    for (fields, field) in cases {
        let (code, at, message) = refusal(&format!(r#"{{"type": "run", "id": "a", "code": "", {fields}}}"#));
        assert_eq!((code, at.as_deref()), (Code::BadField, Some(field)), "{message}");
    }
    let job = accepted(
        r#"{"type": "run", "id": "a", "language": "sh", "code": "", "command": ["sh", "-c", "x"], "image": "alpine:3", "terminal": true}"#,
    );
    assert_eq!(job.wishes.command.as_deref(), Some(["sh", "-c", "x"].map(str::to_owned).as_slice()));
    assert_eq!((job.wishes.image.as_deref(), job.wishes.terminal), (Some("alpine:3"), true));
    assert!(!accepted(r#"{"type": "run", "id": "a", "language": "python", "code": "", "terminal": false}"#).wishes.terminal);
}

#[test]
fn commands_are_filled_word_by_word() {
    let job = accepted(
        r#"{"type": "run", "id": "a", "language": "c", "args": ["x y"], "main": "-o.c",
            "files": {"util.c": "", "util.h": "", "-o.c": "", "a b/$(x).c": "", "@list.c": ""}}"#,
    );
    let Kind::Docker(recipe) = &job.toolchain.kind else { panic!("{:?}", job.toolchain.kind) };
    let argv = recipe.compile_argv(&job).unwrap();
    let files: Vec<&str> = argv.iter().map(String::as_str).filter(|word| word.ends_with(".c")).collect();
    assert_eq!(files, ["./-o.c", "util.c", "a b/$(x).c", "./@list.c"]);
    assert!(argv.contains(&"/box/bin/main".to_owned()), "{argv:?}");
    assert_eq!(recipe.run_argv(&job), ["/box/bin/main", "x y"]);
}

#[test]
fn rules_are_refused_by_their_place() {
    let cases = [
        ("7", Code::BadField, "rules"),
        ("{}", Code::MissingField, "rules.on"),
        (r#"{"on": [], "then": "red"}"#, Code::BadField, "rules.then"),
        (r#"{"on": [{"exit_code": 0}]}"#, Code::MissingField, "rules.on[0].colour"),
        (r#"{"on": [{"colour": "red"}]}"#, Code::BadField, "rules.on[0]"),
        (r#"{"on": [{"colour": "a b", "exit_code": 0}]}"#, Code::BadField, "rules.on[0].colour"),
        (r#"{"on": [{"colour": "red", "exit_code": 0}, {"colour": "red", "regex": "("}]}"#, Code::BadField, "rules.on[1].regex"),
        (r#"{"on": [{"colour": "red", "regex": 5}]}"#, Code::BadField, "rules.on[0].regex"),
        (r#"{"on": [{"colour": "red", "regex": "x", "stream": "all"}]}"#, Code::BadField, "rules.on[0].stream"),
        (r#"{"on": [{"colour": "red", "exit_code": 0, "stream": "both"}]}"#, Code::BadField, "rules.on[0].stream"),
        (r#"{"on": [{"colour": "red", "exit_code": "0"}]}"#, Code::BadField, "rules.on[0].exit_code"),
        (r#"{"on": [{"colour": "red", "exit_code": 4294967296}]}"#, Code::BadField, "rules.on[0].exit_code"),
        (r#"{"on": [{"colour": "red", "exit_code": []}]}"#, Code::BadField, "rules.on[0].exit_code"),
        (r#"{"on": [{"colour": "red", "status": "internal"}]}"#, Code::BadField, "rules.on[0].status"),
        (r#"{"on": [{"colour": "red", "status": "timeout", "signal": "SIGSEGV"}]}"#, Code::BadField, "rules.on[0].signal"),
        (r#"{"on": [], "else": ""}"#, Code::BadField, "rules.else"),
    ];
    for (rules, code, field) in cases {
        let (was, named, message) =
            refusal(&format!(r#"{{"type": "run", "id": "a", "language": "python", "code": "", "rules": {rules}}}"#));
        assert_eq!((was, named.as_deref()), (code, Some(field)), "{rules}: {message}");
    }
    for (rules, is_there) in [("null", false), (r#"{"on": []}"#, true), (r#"{"on": [{"colour": "red", "exit_code": [-1, 1]}]}"#, true)] {
        let job = accepted(&format!(r#"{{"type": "run", "id": "a", "language": "python", "code": "", "rules": {rules}}}"#));
        assert_eq!(job.rules.is_some(), is_there, "{rules}");
    }
}

#[test]
fn lines_have_a_width() {
    let frame = |fields: &str| format!(r#"{{"type": "run", "id": "a", "language": "python", "code": "", {fields}}}"#);
    for fields in
        [r#""stream": "lines", "width": 0"#, r#""stream": "lines", "width": 65537"#, r#""width": 5"#, r#""stream": true, "width": 5"#]
    {
        assert_eq!(refusal(&frame(fields)).1.as_deref(), Some("width"), "{fields}");
    }
    for (fields, stream) in [
        (r#""stream": "lines""#, Stream::Lines { width: 500 }),
        (r#""stream": "lines", "width": 65536"#, Stream::Lines { width: 65536 }),
        (r#""stream": false, "width": null"#, Stream::Quiet),
    ] {
        assert_eq!(accepted(&frame(fields)).stream, stream);
    }
}
