//! `runnel judge`: the example packages, submissions of one's own, and packages that are wrong.

use crate::client::{prepare, runnel};
use crate::containers::docker;
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;
use std::process::Output;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        prepare();
        let path = std::env::temp_dir().join(format!("runnel-judge-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn with(&self, files: &[(&str, &str)]) -> &Self {
        for (name, content) in files {
            let path = self.0.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        self
    }

    /// Cells only, so that these tests need no daemon.
    fn judge(&self, arguments: &[&str]) -> Judged {
        let mut command = runnel();
        command.current_dir(&self.0).arg("judge").args(arguments).args(["--set", "docker.enabled=false"]);
        Judged(command.output().unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct Judged(Output);

impl Judged {
    fn code(&self) -> Option<i32> {
        self.0.status.code()
    }

    fn stdout(&self) -> &str {
        str::from_utf8(&self.0.stdout).unwrap()
    }

    fn stderr(&self) -> &str {
        str::from_utf8(&self.0.stderr).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.0.stdout).unwrap_or_else(|_| panic!("{:?}", self.0))
    }

    fn verdicts(&self) -> Vec<Value> {
        let tests = self.json()["tests"].as_array().unwrap().clone();
        tests.into_iter().map(|test| test["verdict"].clone()).collect()
    }
}

fn example(name: &str) -> String {
    format!("{}/examples/problems/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A copy of an example with the submissions that run in cells only.
fn in_cells(folder: &Folder, name: &str) -> String {
    let copied = std::process::Command::new("cp").args(["-r", &example(name), "."]).current_dir(&folder.0).status().unwrap();
    assert!(copied.success());
    for entry in std::fs::read_dir(folder.0.join(name).join("submissions/accepted")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "cpp") {
            std::fs::remove_file(path).unwrap();
        }
    }
    name.to_owned()
}

#[test]
fn the_examples_are_as_they_say() {
    let folder = Folder::new("examples");
    for (name, count) in [("mean", 6), ("split", 4), ("guess", 3)] {
        let judged = folder.judge(&[&in_cells(&folder, name), "--json"]);
        let verified = judged.json();
        let submissions = verified["submissions"].as_array().unwrap();
        assert_eq!((judged.code(), &verified["ok"], submissions.len()), (Some(0), &json!(true), count), "{verified:#}");
        assert!(submissions.iter().all(|submission| submission["ok"] == json!(true)), "{verified:#}");
    }
}

#[test]
fn the_examples_with_compiled_submissions() {
    if !docker() {
        return;
    }
    for name in ["mean", "split", "guess"] {
        let path = format!("{}/submissions/accepted", example(name));
        let source = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.extension().unwrap() == "cpp");
        let judged = Judged(runnel().args(["judge", &example(name), source.unwrap().to_str().unwrap()]).output().unwrap());
        assert_eq!(judged.code(), Some(0), "{}{}", judged.stdout(), judged.stderr());
    }
    let folder = Folder::new("broken");
    folder.with(&[("broken.cpp", "int main( {")]);
    let broken = folder.0.join("broken.cpp");
    let judged = Judged(runnel().args(["judge", &example("split"), broken.to_str().unwrap()]).output().unwrap());
    assert_eq!(judged.code(), Some(65));
    assert!(judged.stdout().contains("error:") && judged.stdout().contains("CE: 0 of 7 passed"), "{}", judged.stdout());
}

#[test]
fn a_table_for_people_and_an_object_for_machines() {
    let folder = Folder::new("table");
    folder.with(&[("half.py", "n = int(input())\nprint(n // 2, n // 2)\n"), ("crash.js", "throw new Error('\\x1b[31moops')")]);
    let split = example("split");
    let judged = folder.judge(&[&split, "half.py"]);
    assert_eq!(judged.code(), Some(1), "{}", judged.stderr());
    let lines: Vec<&str> = judged.stdout().lines().collect();
    assert!(lines[0].starts_with("case       verdict"), "{}", judged.stdout());
    assert!(lines[1].starts_with("sample/1   AC ") && lines[3].starts_with("secret/01  WA "), "{}", judged.stdout());
    assert!(lines[4].contains("the sum is 2 and not 3"), "the validator's words: {}", judged.stdout());
    assert!(lines.last().unwrap().starts_with("WA: 4 of 7 passed, at most "), "{}", judged.stdout());
    assert!(!judged.stdout().contains('\x1b'), "no colours outside of a terminal");
    let judged = folder.judge(&[&split, "half.py", "--stop", "--json", "--jobs", "1"]);
    assert_eq!(judged.verdicts(), ["AC", "AC", "WA", "SK", "SK", "SK", "SK"]);
    let whole = judged.json();
    assert_eq!((&whole["verdict"], &whole["accepted"], &whole["problem"]), (&json!("WA"), &json!(false), &json!("Split in two")));
    let judged = folder.judge(&[&split, "crash.js"]);
    assert!(judged.code() == Some(1) && judged.stdout().contains("oops") && !judged.stdout().contains('\x1b'), "{}", judged.stdout());
}

#[test]
fn plain_folders_archives_and_limits() {
    let folder = Folder::new("plain");
    folder.with(&[
        ("cases/1.in", "1\n"),
        ("cases/1.out", "2\n"),
        ("cases/2.in", "2\n"),
        ("cases/2.ans", "FOUR"),
        ("solution/main.py", "import words\nprint(words.of(int(input())))"),
        ("solution/words.py", "def of(n): return {1: '2', 2: 'four'}[n]"),
        ("loop.py", "while True: pass"),
        ("big.py", "x = bytearray(300 << 20)\nprint(2)"),
    ]);
    let judged = folder.judge(&["cases", "solution"]);
    assert_eq!(judged.code(), Some(0), "{}{}", judged.stdout(), judged.stderr());
    assert!(judged.stderr().contains("note: the problem says no time limit"), "{}", judged.stderr());
    assert_eq!(folder.judge(&["cases", "loop.py", "--time", "200ms", "--json"]).verdicts(), ["TLE", "TLE"]);
    assert_eq!(folder.judge(&["cases", "big.py", "--memory", "100mb", "--json"]).verdicts(), ["MLE", "MLE"]);
    let mut archive = zip::ZipWriter::new(std::fs::File::create(folder.0.join("cases.zip")).unwrap());
    for (name, content) in [("sum/1.in", "1\n"), ("sum/1.ans", "2\n")] {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap();
    let judged = folder.judge(&["cases.zip", "solution", "--json"]);
    assert_eq!((judged.code(), judged.verdicts()), (Some(0), vec![json!("AC")]), "{}", judged.stderr());
}

#[test]
fn packages_and_their_submissions_may_be_wrong() {
    let folder = Folder::new("wrong");
    let case = [("p/data/secret/1.in", "1\n"), ("p/data/secret/1.ans", "1\n")];
    folder.with(&case).with(&[
        ("p/problem.yaml", "name: One\nlimits: {code: 1}\n"),
        ("p/submissions/accepted/two.py", "print(2)"),
        ("p/submissions/accepted/one.py", "print(1)"),
        ("p/submissions/wrong_answer/crashes.py", "1 / 0"),
        ("p/submissions/rejected/two.js", "console.log(2)"),
        ("p/submissions/accepted/one.cobol", "DISPLAY 1."),
        ("large.py", &format!("print(1) # {}", "x".repeat(2000))),
    ]);
    let judged = folder.judge(&["p", "--json"]);
    assert_eq!(judged.code(), Some(1), "{}", judged.stderr());
    let verified = judged.json();
    let told: Vec<Value> =
        verified["submissions"].as_array().unwrap().iter().map(|one| json!([one["submission"], one["verdict"], one["ok"]])).collect();
    let expected = json!([
        ["accepted/one.cobol", null, null],
        ["accepted/one.py", "AC", true],
        ["accepted/two.py", "WA", false],
        ["rejected/two.js", "WA", true],
        ["wrong_answer/crashes.py", "RTE", false],
    ]);
    assert_eq!(json!(told), expected);
    assert!(verified["notes"].to_string().contains("follows from the slowest accepted submission"), "{verified:#}");
    let judged = folder.judge(&["p"]);
    assert!(judged.stdout().contains("5 submissions, 2 not as expected, 1 skipped"), "{}", judged.stdout());
    let judged = folder.judge(&["p", "large.py"]);
    assert!(judged.code() == Some(65) && judged.stdout().contains("the most that the problem allows is 1024"), "{}", judged.stdout());
    folder.with(&[("p/problem.yaml", "validation: custom\n"), ("p/output_validators/v.py", "import sys\nsys.exit(7)")]);
    let judged = folder.judge(&["p", "p/submissions/accepted/one.py"]);
    assert!(judged.code() == Some(70) && judged.stdout().contains("exited with code 7"), "{}{}", judged.stdout(), judged.stderr());
}

#[test]
fn mistakes_are_explained() {
    let folder = Folder::new("mistakes");
    folder.with(&[("x.py", ""), ("x.cobol", ""), ("cases/1.in", ""), ("cases/1.ans", ""), ("odd/1.in", ""), ("bad/problem.yaml", "[")]);
    let cases: [(&[&str], &str); 8] = [
        (&["none", "x.py"], "`none` can't be read"),
        (&["cases", "none.py"], "`none.py` can't be read"),
        (&["cases", "x.cobol"], "no language has such an ending"),
        (&["cases", "x.py", "--language", "cobol"], "unknown language `cobol`"),
        (&["cases", "x.py", "--time", "10m"], "`limits.time_ms` is 600000, the most allowed is 60000"),
        (&["odd", "x.py"], "`1.in` has no answer `1.ans` or `1.out`"),
        (&["bad", "x.py"], "`problem.yaml` is not YAML"),
        (&["cases"], "there is no submission"),
    ];
    for (arguments, expected) in cases {
        let judged = folder.judge(arguments);
        assert_eq!(judged.code(), Some(2), "{arguments:?}: {}", judged.stderr());
        assert!(judged.stderr().contains(expected) && judged.stdout().is_empty(), "{arguments:?}: {}", judged.stderr());
    }
}
