//! All submissions of a package against what is expected of them: whether the package itself is right.

use super::desk::{Desk, Judged};
use super::frame::Wishes;
use super::{CANCELLED, JudgeArguments, REJECTED, table};
use crate::problem::{Expected, Problem, Submission, of_file};
use serde_json::{Value, json};

/// A time limit that follows from the accepted submissions is a whole number of these.
const WHOLE_MS: f64 = 1000.0;

struct Line {
    name: String,
    language: String,
    expected: Expected,
    /// None: there is no such language here.
    judged: Option<Judged>,
}

impl Line {
    fn is_expected(&self) -> bool {
        self.judged.as_ref().is_none_or(|judged| self.expected.is_met_by(&judged.verdict))
    }
}

pub(super) async fn verify(desk: &Desk, problem: &Problem, arguments: &JudgeArguments) -> anyhow::Result<u8> {
    if problem.submissions.is_empty() {
        eprintln!("error: there is no submission, neither given nor in the package\nhint: `runnel judge PROBLEM SUBMISSION`");
        return Ok(super::USAGE);
    }
    let mut notes = problem.notes.clone();
    let mut time_ms = arguments.time.or(problem.settings.time_ms);
    let mut slowest: Option<f64> = None;
    let mut lines = Vec::new();
    for submission in &problem.submissions {
        if let (None, Some(slowest), false) = (time_ms, slowest, submission.name.starts_with("accepted/")) {
            let limit = time_limit(slowest, problem.settings.time_multiplier, desk.most().time_ms);
            notes.push(format!("the problem says no time limit: {limit} ms follows from the slowest accepted submission, {slowest:.0} ms"));
            time_ms = Some(limit);
        }
        let line = one(desk, problem, submission, arguments, time_ms).await?;
        if submission.name.starts_with("accepted/") {
            let time = line.judged.as_ref().and_then(Judged::max_time_ms);
            slowest = slowest.into_iter().chain(time).reduce(f64::max);
        }
        lines.push(line);
        if desk.is_cancelled() {
            return Ok(CANCELLED);
        }
    }
    let holds = lines.iter().all(Line::is_expected);
    if arguments.json {
        let submissions: Vec<Value> = lines.iter().map(line_json).collect();
        println!("{}", json!({"problem": table::title(problem), "ok": holds, "submissions": submissions, "notes": notes}));
    } else {
        print(&lines);
        table::print_notes(&notes);
    }
    Ok(if holds { 0 } else { REJECTED })
}

async fn one(
    desk: &Desk,
    problem: &Problem,
    submission: &Submission,
    arguments: &JudgeArguments,
    time_ms: Option<u64>,
) -> anyhow::Result<Line> {
    let files = problem.package.program(&submission.path)?;
    let expected = of_file(&files).unwrap_or_else(|| submission.expected.clone());
    let name = submission.name.clone();
    let Ok(toolchain) = desk.language(None, &files) else {
        return Ok(Line { name, language: "-".to_owned(), expected, judged: None });
    };
    let is_to_pass = expected == Expected::OneOf(vec!["AC"]);
    let wishes = Wishes {
        time_ms,
        memory_mb: arguments.memory.or(problem.settings.memory_mb),
        // The first failure decides what a submission is; the rest of those that are to fail would only take time.
        stop: arguments.stop || (!is_to_pass && !arguments.all),
    };
    let own = submission.path.rsplit('/').next().unwrap_or(&submission.path);
    let judged = desk.judge(problem, own, &toolchain, &files, &wishes).await?;
    Ok(Line { name, language: toolchain.name.clone(), expected, judged: Some(judged) })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "times are positive, and bounded by limits")]
fn time_limit(slowest_ms: f64, multiplier: f64, most_ms: u64) -> u64 {
    let limit = (slowest_ms * multiplier / WHOLE_MS).ceil().max(1.0) * WHOLE_MS;
    (limit as u64).min(most_ms)
}

fn print(lines: &[Line]) {
    let paint = table::Paint::new();
    let width =
        |of: &dyn Fn(&Line) -> String, least: &str| lines.iter().map(|line| of(line).chars().count()).max().unwrap_or(0).max(least.len());
    let name_width = width(&|line| table::printable(&line.name), "submission");
    let language_width = width(&|line| line.language.clone(), "language");
    let expected_width = width(&|line| line.expected.to_string(), "expected");
    println!("{:name_width$}  {:language_width$}  {:expected_width$}  got        time  ok", "submission", "language", "expected");
    for line in lines {
        let (got, time) = line.judged.as_ref().map_or(("-", None), |judged| (judged.verdict.as_str(), judged.max_time_ms()));
        let ok = if line.judged.is_some() { paint.is_expected(line.is_expected()) } else { "skipped: no such language here".to_owned() };
        let expected = line.expected.to_string();
        println!(
            "{:name_width$}  {:language_width$}  {expected:expected_width$}  {}  {:>9}  {ok}",
            table::printable(&line.name),
            line.language,
            paint.verdict(got, 3),
            table::time(time)
        );
        if let Some(why) = line.judged.as_ref().filter(|_| !line.is_expected()).and_then(why) {
            println!("    {why}");
        }
    }
    let (off, skipped) =
        (lines.iter().filter(|line| !line.is_expected()).count(), lines.iter().filter(|line| line.judged.is_none()).count());
    println!("{} submissions, {off} not as expected, {skipped} skipped", lines.len());
}

/// The case that decided, and what was said of it.
fn why(judged: &Judged) -> Option<String> {
    let row = judged.rows.iter().find(|row| row.verdict == judged.verdict);
    let message = row.and_then(|row| row.message.as_ref()).or(judged.message.as_ref()).map(|message| {
        let line = message.lines().next().unwrap_or_default();
        line.chars().take(200).collect::<String>()
    });
    let place = row.map(|row| row.id.as_str());
    let words: Vec<&str> = place.into_iter().chain(message.as_deref()).collect();
    (!words.is_empty()).then(|| table::printable(&words.join(": ")))
}

fn line_json(line: &Line) -> Value {
    let verdict = line.judged.as_ref().map(|judged| judged.verdict.as_str());
    json!({
        "submission": line.name, "language": line.language, "expected": line.expected.to_string(), "verdict": verdict,
        "ok": line.judged.as_ref().map(|_| line.is_expected()), "max_time_ms": line.judged.as_ref().and_then(Judged::max_time_ms),
        "why": line.judged.as_ref().and_then(why),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_limit_follows_from_the_slowest() {
        for (slowest, expected) in [(3.0, 1000), (200.0, 1000), (201.0, 2000), (900.0, 5000), (90_000.0, 60_000)] {
            assert_eq!(time_limit(slowest, 5.0, 60_000), expected, "{slowest}");
        }
    }
}
