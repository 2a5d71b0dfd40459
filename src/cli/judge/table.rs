//! What people see, and the same as JSON. Names and messages come from packages and programs: what a terminal would obey
//! is not printed.

use super::desk::{Judged, Row};
use crate::problem::Problem;
use serde_json::{Value, json};
use std::io::IsTerminal;

/// Lines of a message that the table shows.
const MESSAGE_LINES: usize = 12;
/// Characters of one of them.
const LINE: usize = 200;

pub(super) fn print(judged: &Judged, notes: &[String]) {
    let paint = Paint::new();
    if judged.verdict != "CE" {
        let width = judged.rows.iter().map(|row| printable(&row.id).chars().count()).max().unwrap_or(0).max("case".len());
        println!("{:width$}  verdict       time      memory", "case");
        judged.rows.iter().for_each(|row| print_row(row, width, &paint));
    }
    if let Some(message) = &judged.message {
        print_message(message, "");
    }
    print_notes(notes);
    let passed = judged.rows.iter().filter(|row| row.verdict == "AC").count();
    let verdict = paint.verdict(&judged.verdict, judged.verdict.len());
    let most = judged.max_time_ms().map(|ms| format!(", at most {} and {}", time(Some(ms)), memory(judged.max_memory_mb())));
    println!("{verdict}: {passed} of {} passed{}", judged.rows.len(), most.unwrap_or_default());
}

pub(super) fn print_notes(notes: &[String]) {
    for note in notes {
        eprintln!("note: {}", printable(note));
    }
}

fn print_row(row: &Row, width: usize, paint: &Paint) {
    let verdict = paint.verdict(&row.verdict, "verdict".len());
    println!("{:width$}  {verdict}  {:>9}  {:>10}", printable(&row.id), time(row.time_ms), memory(row.memory_mb));
    if let Some(message) = row.message.as_ref().filter(|_| row.verdict != "AC") {
        print_message(message, "    ");
    }
}

fn print_message(message: &str, indent: &str) {
    let mut lines = message.lines();
    for line in lines.by_ref().take(MESSAGE_LINES) {
        let cut: String = line.chars().take(LINE).collect();
        let more = if cut.len() < line.len() { " …" } else { "" };
        println!("{indent}{}{more}", printable(&cut));
    }
    let rest = lines.count();
    if rest > 0 {
        println!("{indent}… {rest} more lines");
    }
}

pub(super) fn time(ms: Option<f64>) -> String {
    ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1} ms"))
}

pub(super) fn memory(mb: Option<f64>) -> String {
    mb.map_or_else(|| "-".to_owned(), |mb| format!("{mb:.1} MB"))
}

pub(super) fn json(problem: &Problem, name: &str, language: &str, judged: &Judged, notes: &[String]) -> Value {
    let tests: Vec<Value> = judged.rows.iter().map(row_json).collect();
    json!({
        "problem": title(problem), "submission": name, "language": language,
        "verdict": judged.verdict, "accepted": judged.verdict == "AC", "message": judged.message,
        "max_time_ms": judged.max_time_ms(), "max_memory_mb": judged.max_memory_mb(), "tests": tests, "notes": notes,
    })
}

fn row_json(row: &Row) -> Value {
    let Row { id, verdict, time_ms, memory_mb, message } = row;
    json!({"id": id, "verdict": verdict, "cpu_time_ms": time_ms, "memory_usage_mb": memory_mb, "message": message})
}

pub(super) fn title(problem: &Problem) -> &str {
    problem.settings.name.as_deref().unwrap_or(&problem.package.name)
}

/// Without what moves a cursor or changes a colour.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

pub(super) struct Paint {
    is_on: bool,
}

impl Paint {
    pub(super) fn new() -> Self {
        Self { is_on: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() }
    }

    /// Padded before it is painted: escapes have no width.
    pub(super) fn verdict(&self, verdict: &str, width: usize) -> String {
        let colour = match verdict {
            "AC" => 32,
            "SK" => 2,
            "TLE" | "MLE" | "OLE" => 33,
            _ => 31,
        };
        self.paint(&format!("{verdict:width$}"), colour)
    }

    pub(super) fn is_expected(&self, holds: bool) -> String {
        if holds { self.paint("yes", 32) } else { self.paint("NO", 31) }
    }

    fn paint(&self, text: &str, colour: u8) -> String {
        if self.is_on { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
