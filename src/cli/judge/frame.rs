//! A problem's cases and a submission as `run` frames. Pure but for reading the cases' data.

use crate::limits::Figures;
use crate::problem::{Case, Comparison, Files, Problem, Validation, comparison};
use crate::protocol::to_base64;
use crate::toolchain::{Toolchain, Toolchains};
use anyhow::Context;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::sync::Arc;

/// Data of the cases in one frame: what is larger goes in several, so that a package's whole data is never held at once.
const FRAME_BYTES: usize = 16 << 20;
/// What a started source may be called, where several could be.
const MAIN_NAMES: [&str; 9] = ["main", "__main__", "solution", "validate", "validator", "check", "checker", "interactor", "run"];

/// What is asked beside the problem and the submission.
#[derive(Clone, Debug)]
pub(super) struct Wishes {
    pub(super) time_ms: Option<u64>,
    pub(super) memory_mb: Option<u64>,
    /// At the first failure.
    pub(super) stop: bool,
}

/// The parts that all frames of one submission share.
pub(super) struct Frames<'a> {
    pub(super) problem: &'a Problem,
    pub(super) toolchains: &'a Toolchains,
    pub(super) most: &'a Figures,
    pub(super) toolchain: &'a Toolchain,
    pub(super) name: &'a str,
    pub(super) files: &'a Files,
    pub(super) wishes: &'a Wishes,
}

/// One frame's cases: how many from the rest there are.
pub(super) struct Batch {
    pub(super) frame: Value,
    pub(super) cases: usize,
}

impl Frames<'_> {
    /// The next frame: cases of one comparison, as many as have room.
    pub(super) fn next(&self, rest: &[Case]) -> anyhow::Result<Batch> {
        let flags = rest.first().map(|case| case.flags.as_slice()).unwrap_or_default();
        let (mut tests, mut held) = (Vec::new(), 0);
        for case in rest.iter().take_while(|case| case.flags == flags) {
            let (input, answer) = case.read(&self.problem.package)?;
            held += input.len() + answer.as_ref().map_or(0, |answer| answer.len());
            if held > FRAME_BYTES && !tests.is_empty() {
                break;
            }
            // An interactive case without an answer has an empty one: without any, nothing would be judged.
            let answer = answer.unwrap_or_default();
            tests.push(json!({"id": case.id, "input": data(&input), "expected_output": data(&answer)}));
        }
        let cases = tests.len();
        let frame = json!({
            "type": "run", "id": "judge", "language": self.toolchain.name, "files": all(self.files),
            "main": main_of(self.toolchain, self.files, self.name), "tests": {"visible": tests}, "compare": self.compare(flags)?,
            "stop_on_failure": self.wishes.stop, "limits": self.limits(), "stream": false,
        });
        Ok(Batch { frame, cases })
    }

    fn limits(&self) -> Value {
        let Wishes { time_ms, memory_mb, stop: _ } = self.wishes;
        let settings = &self.problem.settings;
        let wall = time_ms.map(|time| time.saturating_mul(3).saturating_add(1000).min(self.most.wall_ms));
        json!({
            "time_ms": time_ms, "wall_ms": wall, "memory_mb": memory_mb, "output_kb": settings.output_kb, "compile_ms": settings.compile_ms,
        })
    }

    fn compare(&self, flags: &[String]) -> anyhow::Result<Value> {
        Ok(match &self.problem.validation {
            Validation::Custom(files) => json!({"checker": self.validator(files, flags)?}),
            Validation::Interactive(files) => json!({"interactor": self.validator(files, flags)?}),
            Validation::Default => match comparison(flags).map_err(anyhow::Error::msg)?.0 {
                Comparison::Tokens { ignore_case: false } => json!("tokens"),
                Comparison::Tokens { ignore_case: true } => json!("tokens_ignore_case"),
                Comparison::Exact => json!("exact"),
                Comparison::Float { absolute, relative, ignore_case } => {
                    json!({"float": {"abs": absolute, "rel": relative, "ignore_case": ignore_case}})
                }
            },
        })
    }

    fn validator(&self, files: &Files, flags: &[String]) -> anyhow::Result<Value> {
        let toolchain = language_of(self.toolchains, files).context("the package's validator")?;
        let settings = &self.problem.settings;
        // Lowered to what the operator allows: nothing is measured by them.
        let within = |asked: Option<u64>, most: u64| asked.map(|asked| asked.min(most));
        let limits = json!({
            "time_ms": within(settings.validation_time_ms, self.most.time_ms),
            "memory_mb": within(settings.validation_memory_mb, self.most.memory_mb),
            "output_kb": within(settings.validation_output_kb, self.most.output_kb),
        });
        let main = main_of(&toolchain, files, "validator");
        Ok(json!({"language": toolchain.name, "files": all(files), "main": main, "args": flags, "style": "kattis", "limits": limits}))
    }
}

pub(super) fn data(bytes: &[u8]) -> Value {
    match str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => json!({"base64": to_base64(bytes)}),
    }
}

fn all(files: &Files) -> Map<String, Value> {
    files.iter().map(|(path, bytes)| (path.clone(), data(bytes))).collect()
}

/// The only language whose endings the files have.
pub(super) fn language_of(toolchains: &Toolchains, files: &Files) -> anyhow::Result<Arc<Toolchain>> {
    let mut found: Vec<&Arc<Toolchain>> = files.keys().filter_map(|path| toolchains.of_file(Path::new(path))).collect();
    found.dedup_by(|one, other| one.name == other.name);
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found.dedup_by(|one, other| one.name == other.name);
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            let files = files.keys().take(3).map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
            anyhow::bail!("{files}: no language has such an ending\nhint: there are {}", toolchains.names())
        }
        several => {
            let names = several.iter().map(|toolchain| toolchain.name.as_str()).collect::<Vec<_>>().join(", ");
            anyhow::bail!("the files are of several languages: {names}\nhint: `--language` says which starts")
        }
    }
}

/// The file that is started: what the language takes by itself, or the likeliest name, or the first.
fn main_of(toolchain: &Toolchain, files: &Files, name: &str) -> Option<String> {
    if files.contains_key(toolchain.main.as_str()) {
        return Some(toolchain.main.as_str().to_owned());
    }
    let is_source = |path: &&String| {
        Path::new(path)
            .extension()
            .and_then(|ending| ending.to_str())
            .is_some_and(|ending| toolchain.extensions.iter().any(|own| own == ending))
    };
    let sources: Vec<&String> = files.keys().filter(is_source).collect();
    let stem = |path: &str| Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_ascii_lowercase();
    let named = |wanted: &str| sources.iter().find(|path| !path.contains('/') && stem(path) == wanted);
    let main = MAIN_NAMES.iter().find_map(|wanted| named(wanted)).or_else(|| named(&stem(name)));
    // A file of another ending, whose language was given: it is the only one there is.
    let only = || if files.len() == 1 { files.keys().next() } else { None };
    main.or(sources.first()).copied().or_else(only).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};
    use crate::problem::{Package, Settings};
    use bytes::Bytes;

    struct Program<'a> {
        files: &'a [(&'a str, &'a str)],
        language: &'a str,
        main: &'a str,
    }

    fn files(named: &[(&str, &str)]) -> Files {
        named.iter().map(|(name, text)| ((*name).to_owned(), Bytes::copy_from_slice(text.as_bytes()))).collect()
    }

    fn toolchains() -> (Config, Toolchains) {
        let config = Config::load(&Sources::default()).unwrap();
        let toolchains = Toolchains::load(&[], &config.limits.usual).0;
        (config, toolchains)
    }

    #[test]
    fn languages_and_mains() {
        let (_, toolchains) = toolchains();
        let cases = [
            Program { files: &[("x.py", "")], language: "python", main: "x.py" },
            Program { files: &[("a.py", ""), ("main.py", "")], language: "python", main: "main.py" },
            Program { files: &[("testlib.h", ""), ("validate.cc", ""), ("a.cc", "")], language: "cpp", main: "validate.cc" },
            Program { files: &[("b.js", ""), ("a.js", "")], language: "javascript", main: "a.js" },
        ];
        for Program { files: named, language, main } in cases {
            let files = files(named);
            let toolchain = language_of(&toolchains, &files).unwrap();
            assert_eq!((toolchain.name.as_str(), main_of(&toolchain, &files, "x").as_deref()), (language, Some(main)));
        }
        for (named, expected) in [(&[("a.py", ""), ("b.js", "")][..], "several languages"), (&[("a.cobol", "")], "`a.cobol`")] {
            let fault = language_of(&toolchains, &files(named)).unwrap_err().to_string();
            assert!(fault.contains(expected), "{fault}");
        }
    }

    #[test]
    fn frames_say_what_a_package_says() {
        let folder = std::env::temp_dir().join(format!("runnel-frames-{}", std::process::id()));
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        write("problem.yaml", b"validator_flags: float_relative_tolerance 1e-6\nlimits: {time_limit: 2, memory: 99}");
        write("data/secret/a/1.in", b"1\n");
        write("data/secret/a/1.ans", b"\xff");
        write("data/secret/b/2.in", b"2\n");
        write("data/secret/b/2.ans", b"2\n");
        write("data/secret/b/testdata.yaml", b"output_validator_flags: case_sensitive");
        let problem = Problem::open(&folder).unwrap();
        let (config, toolchains) = toolchains();
        let files = files(&[("x.py", "pass")]);
        let Settings { time_ms, memory_mb, .. } = problem.settings;
        let frames = Frames {
            problem: &problem,
            toolchains: &toolchains,
            most: &config.limits.most,
            toolchain: toolchains.find("python").unwrap(),
            name: "x.py",
            files: &files,
            wishes: &Wishes { time_ms, memory_mb, stop: true },
        };
        let Batch { frame, cases } = frames.next(&problem.cases).unwrap();
        assert_eq!(cases, 1, "another comparison is another frame");
        let expected = json!({"id": "secret/a/1", "input": "1\n", "expected_output": {"base64": "/w=="}});
        assert_eq!(frame["tests"]["visible"], json!([expected]));
        assert_eq!(frame["compare"], json!({"float": {"abs": 0.0, "rel": 1e-6, "ignore_case": true}}));
        assert_eq!((&frame["limits"]["time_ms"], &frame["limits"]["wall_ms"]), (&json!(2000), &json!(7000)));
        assert_eq!((&frame["limits"]["memory_mb"], &frame["stop_on_failure"], &frame["main"]), (&json!(99), &json!(true), &json!("x.py")));
        let Batch { frame, .. } = frames.next(&problem.cases[1..]).unwrap();
        assert_eq!(frame["compare"]["float"]["ignore_case"], json!(false));
        assert!(Package::submission(&folder.join("data/secret/a")).unwrap().contains_key("1.in"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
