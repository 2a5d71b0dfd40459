//! The shell door: what a person types.

use crate::client::{Server, prepare, runnel};
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Output, Stdio};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        prepare();
        let path = std::env::temp_dir().join(format!("runnel-test-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, content: &str) -> &Self {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    fn run(&self, arguments: &[&str], stdin: &str) -> Output {
        let mut command = runnel();
        command.current_dir(&self.0).arg("run").args(arguments);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A program that does not read leaves it in the pipe.
        let _ = process.stdin.take().unwrap().write_all(stdin.as_bytes());
        process.wait_with_output().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

#[test]
fn output_input_arguments_files_and_exit_code() {
    let folder = Folder::new("basics");
    folder.write("main.py", "import sys, os\nprint(sys.argv[1:], open('data.csv').read(), open('d/e.txt').read(), os.environ.get('K'))\nprint(input(), input())\nprint('err', file=sys.stderr)\nsys.exit(5)");
    folder.write("x.csv", "a,b").write("d/e.txt", "deep");
    let ran = folder.run(&["main.py", "--file", "x.csv=data.csv", "--file", "d", "--env", "K=v", "--", "arg1", "--file"], "one\ntwo\n");
    assert_eq!((text(&ran.stdout), text(&ran.stderr)), ("['arg1', '--file'] a,b deep v\none two\n", "err\n"));
    assert_eq!(ran.status.code(), Some(5));
    let ran = folder.run(&["-", "--language", "js"], "console.log(1 + 1)");
    assert_eq!((text(&ran.stdout), ran.status.code()), ("2\n", Some(0)));
}

#[test]
fn limits_as_flags_and_the_result_as_json() {
    let folder = Folder::new("limits");
    folder
        .write("loop.py", "while True: pass")
        .write("memory.py", "x = bytearray(100 << 20)")
        .write("flood.js", "for (;;) console.log('x')");
    assert_eq!(folder.run(&["loop.py", "--time", "200ms"], "").status.code(), Some(124));
    assert_eq!(folder.run(&["loop.py", "--deterministic", "7", "--fuel", "100000000"], "").status.code(), Some(124));
    assert_eq!(folder.run(&["memory.py", "--memory", "80mb"], "").status.code(), Some(137));
    let ran = folder.run(&["flood.js", "--output", "1kb", "--json"], "");
    assert_eq!(ran.status.code(), Some(153));
    let result: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(
        (&result["type"], &result["execution"]["status"], &result["execution"]["out_size"]),
        (&json!("result"), &json!("output_limit"), &json!(1024))
    );
    let ran = folder.run(&["loop.py", "--time", "9h"], "");
    assert_eq!(ran.status.code(), Some(2));
    let ran = folder.run(&["loop.py", "--time", "10m"], "");
    assert_eq!((ran.status.code(), text(&ran.stderr).contains("`limits.time_ms` is 600000, the most allowed is 60000")), (Some(2), true));
}

#[test]
fn mistakes_are_explained() {
    let folder = Folder::new("mistakes");
    folder.write("x.cobol", "").write("a/x.py", "").write("x.py", "");
    let cases: [(&[&str], &str); 6] = [
        (&["none.py"], "can't read `none.py`"),
        (&["x.cobol"], "does not say its language"),
        (&["-"], "which language"),
        (&["x.py", "--language", "cobol"], "unknown language `cobol`"),
        (&["x.py", "--file", "a/x.py"], "two files are called `x.py`"),
        (&["x.py", "--env", "novalue"], "NAME=VALUE"),
    ];
    for (arguments, expected) in cases {
        let ran = folder.run(arguments, "");
        assert_eq!(ran.status.code(), Some(2), "{arguments:?}");
        assert!(text(&ran.stderr).contains(expected) || text(&ran.stderr).contains("KEY=VALUE"), "{arguments:?}: {}", text(&ran.stderr));
        assert!(ran.stdout.is_empty());
    }
}

#[test]
fn the_shells_input_is_left_to_others() {
    prepare();
    let script = format!(
        "printf 'mine\\nyours\\n' | {{ {0} run - --language py --help > /dev/null; read line; echo \"$line\"; }}",
        env!("CARGO_BIN_EXE_runnel")
    );
    let ran = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
    assert_eq!(text(&ran.stdout), "mine\n");
    let folder = Folder::new("shared");
    folder.write("silent.py", "print('no input')");
    let script = format!("printf 'mine\\n' | {{ {0} run silent.py; read line; echo \"$line\"; }}", env!("CARGO_BIN_EXE_runnel"));
    let ran = std::process::Command::new("bash").current_dir(&folder.0).args(["-c", &script]).output().unwrap();
    assert_eq!(text(&ran.stdout), "no input\nmine\n");
}

#[test]
fn check_says_every_mistake() {
    let folder = Folder::new("check");
    folder.write("bad.toml", "listen = 1\n[desk]\nqueu = 3\n").write("chains/odd/toolchain.toml", "name = 'Odd!'\n");
    let check = |arguments: &[&str]| runnel().current_dir(&folder.0).arg("check").args(arguments).output().unwrap();
    let ran = check(&["--config", "bad.toml", "--set", "cells.slots=x"]);
    assert_eq!(ran.status.code(), Some(2));
    for mistake in ["3 mistakes", "`listen` must be", "`desk.queu` is not a setting", "`x` is not a whole number"] {
        assert!(text(&ran.stderr).contains(mistake), "{mistake}: {}", text(&ran.stderr));
    }
    let ran = check(&["--set", "toolchains=chains"]);
    assert!(ran.status.code() == Some(2) && text(&ran.stderr).contains("chains/odd"), "{}", text(&ran.stderr));
    let ran = runnel().arg("config").output().unwrap();
    folder.write("default.toml", text(&ran.stdout));
    assert_eq!(check(&["--config", "default.toml"]).status.code(), Some(0));
}

#[test]
fn toolchains_are_listed_and_checked() {
    prepare();
    let ran = runnel().args(["toolchains", "list"]).output().unwrap();
    let list = text(&ran.stdout);
    for name in ["python", "javascript"] {
        let line = list.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{list}"));
        assert!(line.contains("wasm") && line.contains("ready"), "{list}");
    }
    assert!(list.lines().any(|line| line.starts_with("cpp ") && line.contains("docker")), "{list}");
    let ran = runnel().args(["toolchains", "check", "python", "javascript"]).output().unwrap();
    assert!(ran.status.success() && text(&ran.stdout).matches("success").count() >= 2, "{}", text(&ran.stdout));
    let ran = runnel().args(["toolchains", "check", "cobol"]).output().unwrap();
    assert!(!ran.status.success() && text(&ran.stderr).contains("unknown toolchain `cobol`"));
}

#[tokio::test]
async fn a_taken_port_is_a_clear_error() {
    let server = Server::start(&[]);
    let ran = runnel().args(["serve", "--listen", &server.address]).output().unwrap();
    assert_eq!(ran.status.code(), Some(2));
    assert!(text(&ran.stderr).contains("can't listen on"), "{}", text(&ran.stderr));
}
