use super::package::{ENTRIES, PATH_BYTES};
use super::*;
use std::io::{Cursor, Write};
use std::path::PathBuf;
use zip::write::{SimpleFileOptions, ZipWriter};

/// Files and what is in them.
type Named<'a> = &'a [(&'a str, &'a str)];

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("runnel-problem-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn with(&self, files: Named<'_>) -> &Self {
        for (name, content) in files {
            let path = self.0.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        self
    }

    fn open(&self) -> Result<Problem, String> {
        Problem::open(&self.0).map_err(|fault| fault.to_string())
    }

    fn archive(&self, bytes: &[u8]) -> Result<Problem, String> {
        let path = self.0.join("problem.zip");
        std::fs::write(&path, bytes).unwrap();
        Problem::open(&path).map_err(|fault| fault.to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn ids(problem: &Problem) -> Vec<&str> {
    problem.cases.iter().map(|case| case.id.as_str()).collect()
}

const PACKAGE: Named<'_> = &[
    (
        "problem.yaml",
        "name: Sum\nvalidator_flags: case_sensitive\nlimits:\n  memory: 512\n  output: 2\n  code: 64\n  compilation_time: 20\n  time_multiplier: 3\n",
    ),
    (".timelimit", "1.5\n"),
    ("data/testdata.yaml", "on_reject: break\ngrading: {accept_score: 1}"),
    ("data/sample/1.in", "1"),
    ("data/sample/1.ans", "1"),
    ("data/secret/b/testdata.yaml", "output_validator_flags: float_tolerance 1e-3"),
    ("data/secret/b/2.in", "2"),
    ("data/secret/b/2.ans", "2"),
    ("data/secret/a/3.in", "3"),
    ("data/secret/a/3.ans", "3"),
    ("data/secret/README", "not a case"),
    ("submissions/wrong_answer/x.py", "pass"),
    ("submissions/accepted/good.py", "pass"),
    ("submissions/accepted/both/a.cpp", ""),
    ("submissions/accepted/both/b.h", ""),
    ("submissions/odd/x.py", ""),
];

#[test]
fn a_package_and_its_archive_say_the_same() {
    let folder = Folder::new("package");
    let nested: Vec<(String, &[u8])> = PACKAGE.iter().map(|(name, text)| (format!("sum/{name}"), text.as_bytes())).collect();
    let archive = zip(&nested.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect::<Vec<_>>());
    for problem in [folder.with(PACKAGE).open().unwrap(), folder.archive(&archive).unwrap()] {
        let Settings { name, time_ms, time_multiplier, memory_mb, output_kb, code_bytes, compile_ms, stops, .. } = &problem.settings;
        assert_eq!((name.as_deref(), *time_ms, *memory_mb, *output_kb), (Some("Sum"), Some(1500), Some(512), Some(2048)));
        assert_eq!((*code_bytes, *compile_ms, *stops, *time_multiplier > 2.9), (Some(65536), Some(20000), true, true));
        assert_eq!(ids(&problem), ["sample/1", "secret/a/3", "secret/b/2"]);
        assert_eq!(problem.cases[0].flags, ["case_sensitive"]);
        assert_eq!(problem.cases[2].flags, ["case_sensitive", "float_tolerance", "1e-3"]);
        let names: Vec<_> = problem.submissions.iter().map(|submission| submission.name.as_str()).collect();
        assert_eq!(names, ["accepted/both", "accepted/good.py", "wrong_answer/x.py"]);
        assert_eq!(problem.package.program("submissions/accepted/both").unwrap().keys().collect::<Vec<_>>(), ["a.cpp", "b.h"]);
        assert_eq!(problem.cases[1].read(&problem.package).unwrap(), ("3".into(), Some("3".into())));
        assert!(problem.notes[0].contains("scores") && problem.notes[1].contains("submissions/odd"), "{:?}", problem.notes);
    }
}

#[test]
fn plain_folders() {
    let cases: [(Named<'_>, &[&str]); 3] = [
        (&[("10.in", ""), ("10.ans", ""), ("2.in", ""), ("2.out", "")], &["2", "10"]),
        (&[("input1.txt", ""), ("output1.txt", ""), ("readme.txt", "")], &["input1"]),
        (&[("in/1.txt", ""), ("out/1.txt", ""), ("in/02.txt", ""), ("out/02.txt", "")], &["1", "02"]),
    ];
    for (number, (files, expected)) in cases.into_iter().enumerate() {
        let folder = Folder::new(&format!("plain-{number}"));
        assert_eq!(ids(&folder.with(files).open().unwrap()), expected);
    }
}

#[test]
fn validators_and_kinds() {
    let base = [("data/secret/1.in", "1"), ("data/secret/1.ans", "1")];
    let with = |name: &str, files: Named<'_>| {
        let folder = Folder::new(&format!("kinds-{name}"));
        folder.with(&base).with(files).open().map(|problem| problem.validation)
    };
    let one = ("output_validators/v/check.py", "");
    let Validation::Custom(files) = with("custom", &[("problem.yaml", "validation: custom"), one]).unwrap() else { panic!() };
    assert!(files.contains_key("check.py"));
    let interactive = ("problem.yaml", "validation: custom interactive");
    let Validation::Interactive(files) = with("file", &[interactive, ("output_validators/talk.py", "")]).unwrap() else { panic!() };
    assert!(files.contains_key("talk.py"));
    assert!(matches!(with("draft", &[("problem.yaml", "type: pass-fail"), ("output_validator/v.py", "")]), Ok(Validation::Custom(_))));
    assert!(matches!(with("plain", &[("problem.yaml", "validation: default"), one]), Ok(Validation::Default)));
    let two = with("two", &[("problem.yaml", "validation: custom"), one, ("output_validators/w/check.py", "")]);
    assert!(two.unwrap_err().contains("2 validators"));
}

#[test]
fn mistakes_name_their_place() {
    let cases: [(Named<'_>, &str); 8] = [
        (&[("problem.yaml", "a: [")], "`problem.yaml` is not YAML"),
        (&[("problem.yaml", "limits: {memory: lots}")], "`limits.memory` as `lots`"),
        (&[("problem.yaml", ""), (".timelimit", "0")], "`.timelimit`"),
        (&[("problem.yaml", "validation: custom")], "`output_validators` is empty"),
        (&[("problem.yaml", "type: multi-pass")], "`multi-pass`"),
        (&[("problem.yaml", ""), ("data/secret/1.in", "")], "`data/secret/1.in` has no answer `1.ans`"),
        (&[("1.in", "")], "`1.in` has no answer `1.ans` or `1.out`"),
        (&[("problem.yaml", "validator_flags: fuzzy"), ("data/secret/1.in", ""), ("data/secret/1.ans", "")], "`fuzzy`"),
    ];
    for (number, (files, expected)) in cases.into_iter().enumerate() {
        let fault = Folder::new(&format!("mistakes-{number}")).with(files).open().unwrap_err();
        assert!(fault.contains(expected), "{fault}");
    }
    assert!(Folder::new("empty").open().unwrap_err().contains("has no cases"));
    assert!(Folder::new("nothing").archive(b"no archive").unwrap_err().contains("nor a readable .zip"));
}

#[test]
fn links_stay_in_the_package() {
    let folder = Folder::new("links");
    folder.with(&[("inner/problem.yaml", ""), ("inner/data/sample/1.in", "1"), ("inner/data/sample/1.ans", "1"), ("outside.in", "secret")]);
    let inner = folder.0.join("inner");
    std::os::unix::fs::symlink("sample", inner.join("data/secret")).unwrap();
    assert_eq!(ids(&Problem::open(&inner).unwrap()), ["sample/1", "secret/1"]);
    std::os::unix::fs::symlink("../../../outside.in", inner.join("data/sample/2.in")).unwrap();
    let fault = Problem::open(&inner).unwrap_err().to_string();
    assert!(fault.contains("leads out of the package"), "{fault}");
    std::fs::remove_file(inner.join("data/sample/2.in")).unwrap();
    std::os::unix::fs::symlink("..", inner.join("data/loop")).unwrap();
    let fault = Problem::open(&inner).unwrap_err().to_string();
    assert!(fault.contains("too deep") || fault.contains(&ENTRIES.to_string()), "{fault}");
}

#[test]
fn hostile_archives_are_refused() {
    let folder = Folder::new("hostile");
    let long = "x".repeat(PATH_BYTES + 1);
    for name in ["../1.in", "/etc/1.in", "a/../../1.in", "a\\b.in", "C:/1.in", "a//1.in", &long] {
        let fault = folder.archive(&zip(&[(name, b"1")])).unwrap_err();
        assert!(fault.contains("is no path within a package"), "{name}: {fault}");
    }
    // The writer refuses a name that comes twice: it is changed in the bytes.
    let mut twice = zip(&[("1.in", b"1"), ("1.ans", b"1"), ("2.in", b"2")]);
    for at in 0..twice.len() - 4 {
        if &twice[at..at + 4] == b"2.in" {
            twice[at] = b'1';
        }
    }
    assert!(folder.archive(&twice).unwrap_err().contains("`1.in` is there twice"));
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("1.in", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    assert!(folder.archive(&writer.finish().unwrap().into_inner()).unwrap_err().contains("is a link"));
    let bomb = zip(&[("1.in", &vec![0; 32 << 20])]);
    assert!(bomb.len() < 64 << 10);
    assert!(folder.archive(&bomb).unwrap_err().contains("times as large as it is packed"));
    let mut broken = zip(&[("1.in", b"some text that is packed, some text that is packed"), ("1.ans", b"1")]);
    for byte in &mut broken[34..50] {
        *byte ^= 0x55;
    }
    assert!(folder.archive(&broken).unwrap_err().contains("can't be unpacked"));
    let many: Vec<String> = (0..=ENTRIES).map(|number| format!("{number}.in")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert!(folder.archive(&zip(&many)).unwrap_err().contains("more than 20000 files"));
}
