//! Cases: which file is an input, which its answer, in which order they are judged.

use super::package::{Package, PackageFault};
use super::settings::{Kind, Settings};
use super::yaml;
use bytes::Bytes;
use std::collections::BTreeMap;

/// Cases of one problem.
const CASES: usize = 5000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its path without the ending.
    pub id: String,
    pub input: String,
    /// None for interactive problems that have none.
    pub answer: Option<String>,
    /// Of the output validator.
    pub flags: Vec<String>,
}

impl Case {
    /// The input and the answer.
    pub fn read(&self, package: &Package) -> Result<(Bytes, Option<Bytes>), PackageFault> {
        let answer = self.answer.as_ref().map(|path| package.read(path)).transpose()?;
        Ok((package.read(&self.input)?, answer))
    }
}

/// `data/sample` and then `data/secret`, folders below them sorted by path.
pub(super) fn of_package(package: &Package, settings: &Settings, notes: &mut Vec<String>) -> Result<Vec<Case>, PackageFault> {
    let groups = Groups::read(package, notes)?;
    let mut cases = Vec::new();
    for part in ["sample", "secret"] {
        let folder = format!("data/{part}");
        for below in package.below(&folder) {
            let Some(stem) = below.strip_suffix(".in") else { continue };
            let answer = format!("{folder}/{stem}.ans");
            let answer = package.has(&answer).then_some(answer);
            if answer.is_none() && settings.kind != Kind::Interactive {
                return Err(PackageFault::new(format!("{folder}/{below}"), format!("has no answer `{stem}.ans`")));
            }
            let mut flags = settings.flags.clone();
            flags.extend(groups.flags(&format!("{folder}/{stem}")));
            cases.push(Case { id: format!("{part}/{stem}"), input: format!("{folder}/{below}"), answer, flags });
        }
    }
    bounded(cases)
}

/// What `testdata.yaml` says of the cases in and below its folder.
struct Groups(BTreeMap<String, Vec<String>>);

impl Groups {
    fn read(package: &Package, notes: &mut Vec<String>) -> Result<Self, PackageFault> {
        let mut flags = BTreeMap::new();
        for path in package.paths() {
            let Some(folder) = path.strip_suffix("/testdata.yaml").filter(|folder| folder.starts_with("data")) else { continue };
            let text = package.text(path)?.unwrap_or_default();
            let yaml = yaml::parse(&text).map_err(|what| PackageFault::new(path, what))?;
            if let Some(words) = yaml.words("output_validator_flags") {
                flags.insert(folder.to_owned(), words);
            }
            let scored = ["grading", "grader_flags", "accept_score", "range"].iter().any(|key| yaml.find(key).is_some());
            let note = "scores are not computed: each case is passed or not";
            if scored && !notes.iter().any(|other| other == note) {
                notes.push(note.to_owned());
            }
        }
        Ok(Self(flags))
    }

    /// Those of the nearest folder that has any.
    fn flags(&self, case: &str) -> Vec<String> {
        let mut folder = case;
        while let Some((parent, _)) = folder.rsplit_once('/') {
            if let Some(flags) = self.0.get(parent) {
                return flags.clone();
            }
            folder = parent;
        }
        Vec::new()
    }
}

/// Pairs of a plain folder: `1.in` with `1.ans` or `1.out`, `input1.txt` with `output1.txt`, `in/1.txt` with `out/1.txt`.
pub(super) fn of_folder(package: &Package) -> Result<Vec<Case>, PackageFault> {
    let mut cases = Vec::new();
    for path in package.paths() {
        let Some((id, answers)) = pairing(path) else { continue };
        let Some(answer) = answers.iter().find(|answer| package.has(answer)) else {
            let wanted = answers.iter().map(|answer| format!("`{answer}`")).collect::<Vec<_>>().join(" or ");
            return Err(PackageFault::new(path, format!("has no answer {wanted}")));
        };
        cases.push(Case { id, input: path.to_owned(), answer: Some(answer.clone()), flags: Vec::new() });
    }
    cases.sort_by(|one, other| natural(&one.id).cmp(&natural(&other.id)));
    bounded(cases)
}

/// What an input is called as a case, and what its answer may be called.
fn pairing(path: &str) -> Option<(String, Vec<String>)> {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let at = |name: String| if folder.is_empty() { name } else { format!("{folder}/{name}") };
    if let Some(stem) = name.strip_suffix(".in").filter(|stem| !stem.is_empty()) {
        return Some((at(stem.to_owned()), vec![at(format!("{stem}.ans")), at(format!("{stem}.out"))]));
    }
    if let Some(rest) = name.strip_prefix("input").filter(|rest| rest.ends_with(".txt")) {
        return Some((at(format!("input{}", rest.trim_end_matches(".txt"))), vec![at(format!("output{rest}"))]));
    }
    let (above, last) = folder.rsplit_once('/').map_or(("", folder), |(above, last)| (above, last));
    let other = match last {
        "in" => "out",
        "input" => "output",
        "inputs" => "outputs",
        _ => return None,
    };
    let above = if above.is_empty() { String::new() } else { format!("{above}/") };
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    Some((format!("{above}{stem}"), vec![format!("{above}{other}/{name}")]))
}

/// Sorts 2 before 10: digits compare by length first.
fn natural(text: &str) -> Vec<(usize, &str)> {
    let pieces = text.split_inclusive(|c: char| !c.is_ascii_digit());
    pieces
        .flat_map(|piece| {
            let digits = piece.trim_end_matches(|c: char| !c.is_ascii_digit());
            let number = digits.trim_start_matches('0');
            [(number.len(), number), (0, &piece[digits.len()..])]
        })
        .collect()
}

fn bounded(cases: Vec<Case>) -> Result<Vec<Case>, PackageFault> {
    let too_many = || PackageFault::new("data", format!("has {} cases, the most allowed is {CASES}", cases.len()));
    if cases.len() > CASES { Err(too_many()) } else { Ok(cases) }
}
