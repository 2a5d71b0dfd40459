//! Submissions that come with a package, and what is expected of each: by its folder, or by what it says itself.

use super::package::{Files, Package, PackageFault};

/// Submissions of one package.
const SUBMISSIONS: usize = 1000;
/// Where a source says what is expected of it.
const ANNOTATION: &str = "@EXPECTED_RESULTS@:";

#[derive(Clone, Debug, PartialEq)]
pub struct Submission {
    /// `accepted/sum.py`, or the folder of one that has several files.
    pub name: String,
    /// Where it lies in the package.
    pub path: String,
    pub expected: Expected,
}

/// Verdicts, as the protocol calls them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    OneOf(Vec<&'static str>),
    AnythingButAccepted,
}

impl Expected {
    pub fn is_met_by(&self, verdict: &str) -> bool {
        match self {
            Self::OneOf(verdicts) => verdicts.contains(&verdict),
            // A judge that failed says nothing about the submission.
            Self::AnythingButAccepted => !matches!(verdict, "AC" | "JE"),
        }
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OneOf(verdicts) => f.write_str(&verdicts.join("|")),
            Self::AnythingButAccepted => f.write_str("not AC"),
        }
    }
}

/// Accepted ones first: a time limit may follow from them.
pub(super) fn read(package: &Package, notes: &mut Vec<String>) -> Result<Vec<Submission>, PackageFault> {
    let mut submissions: Vec<Submission> = Vec::new();
    for below in package.below("submissions") {
        let mut parts = below.split('/');
        let (Some(folder), Some(own)) = (parts.next(), parts.next()) else { continue };
        let name = format!("{folder}/{own}");
        if submissions.iter().any(|submission| submission.name == name) {
            continue;
        }
        let Some(expected) = of_folder(folder) else {
            let note = format!("`submissions/{folder}` is not a folder whose meaning is known");
            if !notes.contains(&note) {
                notes.push(note);
            }
            continue;
        };
        if submissions.len() == SUBMISSIONS {
            return Err(PackageFault::new("submissions", format!("has more than {SUBMISSIONS} submissions")));
        }
        submissions.push(Submission { path: format!("submissions/{name}"), name, expected });
    }
    submissions.sort_by_key(|submission| !submission.name.starts_with("accepted/"));
    Ok(submissions)
}

fn of_folder(folder: &str) -> Option<Expected> {
    let one_of = |verdicts: &[&'static str]| Some(Expected::OneOf(verdicts.to_vec()));
    match folder {
        "accepted" => one_of(&["AC"]),
        "wrong_answer" => one_of(&["WA"]),
        "time_limit_exceeded" => one_of(&["TLE"]),
        // The format knows no verdict for memory: it is an error at run time.
        "run_time_error" | "runtime_error" => one_of(&["RTE", "MLE"]),
        "memory_limit_exceeded" => one_of(&["MLE"]),
        "output_limit_exceeded" => one_of(&["OLE"]),
        "compile_error" | "compiler_error" => one_of(&["CE"]),
        "mixed" | "rejected" => Some(Expected::AnythingButAccepted),
        _ => None,
    }
}

/// What the sources say themselves: `@EXPECTED_RESULTS@: WRONG-ANSWER, TIMELIMIT`.
pub fn of_file(files: &Files) -> Option<Expected> {
    let line = files.values().find_map(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        let after = text.split_once(ANNOTATION)?.1;
        Some(after.lines().next().unwrap_or_default().to_owned())
    })?;
    let mut verdicts = Vec::new();
    for word in line.split(|c: char| !(c.is_ascii_alphabetic() || matches!(c, '-' | '_'))).filter(|word| !word.is_empty()) {
        match word.to_ascii_uppercase().replace('-', "_").as_str() {
            "CORRECT" | "ACCEPTED" => verdicts.push("AC"),
            "WRONG_ANSWER" | "NO_OUTPUT" => verdicts.push("WA"),
            "TIMELIMIT" | "TIME_LIMIT_EXCEEDED" => verdicts.push("TLE"),
            "RUN_ERROR" | "RUN_TIME_ERROR" => verdicts.extend(["RTE", "MLE"]),
            "MEMORY_LIMIT" | "MEMORY_LIMIT_EXCEEDED" => verdicts.push("MLE"),
            "OUTPUT_LIMIT" | "OUTPUT_LIMIT_EXCEEDED" => verdicts.push("OLE"),
            "COMPILER_ERROR" | "COMPILE_ERROR" => verdicts.push("CE"),
            // The end of a comment, or a word that nobody knows.
            _ => {}
        }
    }
    (!verdicts.is_empty()).then_some(Expected::OneOf(verdicts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_say_what_is_expected_of_them() {
        let of = |text: &str| of_file(&Files::from([("a.py".to_owned(), text.to_owned().into())]));
        assert_eq!(of("print(1)"), None);
        assert_eq!(of("# @EXPECTED_RESULTS@: CORRECT"), Some(Expected::OneOf(vec!["AC"])));
        let two = of("/* @EXPECTED_RESULTS@: WRONG-ANSWER,TIMELIMIT */\n").unwrap();
        assert_eq!(two, Expected::OneOf(vec!["WA", "TLE"]));
        assert!(two.is_met_by("TLE") && !two.is_met_by("AC"));
        assert!(Expected::AnythingButAccepted.is_met_by("RTE") && !Expected::AnythingButAccepted.is_met_by("JE"));
    }
}
