//! Is what a program printed what was expected? Takes the output as it comes, in whatever pieces, in linear time
//! and in memory that the expected text bounds; says where the two first differ. Pure. Called by the runner for
//! each test; the exact rules stand with each variant and in `docs/judging.md`.

mod lines;
mod tokens;
mod unordered;

use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// How output is held against what was expected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Compare {
    /// Byte by byte.
    Exact,
    /// Blanks at the end of a line (space, tab, CR, VT, FF) and newlines at the end of the text don't count.
    Lines,
    /// Words between white space, whatever and how much of it.
    Tokens {
        /// A to Z are a to z.
        ignore_case: bool,
        /// Words that are numbers on both sides need only be close.
        float: Option<Tolerance>,
    },
    /// Lines without the blanks at their end, in any order; empty ones don't count.
    UnorderedLines,
}

/// Close is what one of the two calls close: the difference itself, or as a share of the expected number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tolerance {
    pub abs: f64,
    pub rel: f64,
}

/// Where output first differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// From 1, in what the program printed.
    pub line: u64,
    /// In bytes, from 1.
    pub column: u64,
    /// Cut short; None where nothing more was expected.
    pub expected: Option<String>,
    /// Cut short; None where the output ended.
    pub given: Option<String>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { line, column, expected, given } = self;
        write!(f, "line {line}, column {column}: ")?;
        match (expected, given) {
            (Some(expected), Some(given)) => write!(f, "expected `{expected}`, given `{given}`"),
            (Some(expected), None) => write!(f, "expected `{expected}`, the output ends"),
            (None, Some(given)) => write!(f, "nothing more was expected, given `{given}`"),
            (None, None) => f.write_str("the output differs"),
        }
    }
}

/// One output against one expectation, under way.
pub struct Comparison(Kind);

enum Kind {
    Lines(lines::Lines),
    Tokens(tokens::Tokens),
    Unordered(unordered::Unordered),
}

impl Comparison {
    pub fn new(how: &Compare, expected: &[u8]) -> Self {
        Self(match how {
            Compare::Exact => Kind::Lines(lines::Lines::exact(expected)),
            Compare::Lines => Kind::Lines(lines::Lines::trimmed(expected)),
            Compare::Tokens { ignore_case, float } => Kind::Tokens(tokens::Tokens::new(expected, *ignore_case, *float)),
            Compare::UnorderedLines => Kind::Unordered(unordered::Unordered::new(expected)),
        })
    }

    pub fn feed(&mut self, output: &[u8]) {
        match &mut self.0 {
            Kind::Lines(lines) => lines.feed(output),
            Kind::Tokens(tokens) => tokens.feed(output),
            Kind::Unordered(unordered) => unordered.feed(output),
        }
    }

    /// The output is over: None where it is what was expected.
    pub fn finish(self) -> Option<Difference> {
        match self.0 {
            Kind::Lines(lines) => lines.finish(),
            Kind::Tokens(tokens) => tokens.finish(),
            Kind::Unordered(unordered) => unordered.finish(),
        }
    }
}

/// Blanks that may stand at the end of a line.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | 0x0b | 0x0c)
}

/// The most that is shown of a text, before and after the place in question.
const SHOWN: usize = 24;

/// The place where the output stands, and what lies just before it.
#[derive(Default)]
struct Place {
    line: u64,
    column: u64,
    /// The end of this line so far.
    before: Vec<u8>,
}

impl Place {
    fn new() -> Self {
        Self { line: 1, column: 1, before: Vec::new() }
    }

    fn pass(&mut self, byte: u8) {
        if byte == b'\n' {
            self.line += 1;
            self.column = 1;
            self.before.clear();
            return;
        }
        self.column += 1;
        if self.before.len() >= 4 * SHOWN {
            self.before.drain(..self.before.len() - SHOWN);
        }
        self.before.push(byte);
    }

    fn recent(&self) -> &[u8] {
        &self.before[self.before.len().saturating_sub(SHOWN)..]
    }
}

/// A difference that was found, while what follows it is still gathered for people to see.
struct Found {
    line: u64,
    column: u64,
    expected: Option<String>,
    given: Vec<u8>,
    /// The given text stands after more of its line.
    is_cut: bool,
    is_whole: bool,
}

impl Found {
    /// `expected` is the text around the place in what was expected.
    fn at(place: &Place, expected: Option<String>) -> Self {
        let before = place.recent();
        let is_cut = (before.len() as u64) < place.column - 1;
        Self { line: place.line, column: place.column, expected, given: before.to_vec(), is_cut, is_whole: false }
    }

    /// More of the output, of which the rest of the line is shown.
    fn gather(&mut self, output: &[u8]) {
        for &byte in output {
            if self.is_whole {
                return;
            }
            self.is_whole = byte == b'\n' || self.given.len() >= 2 * SHOWN;
            if byte != b'\n' {
                self.given.push(byte);
            }
        }
    }

    fn finish(self, output_ended: bool) -> Difference {
        let given = (!output_ended).then(|| shown(&self.given, self.is_cut));
        Difference { line: self.line, column: self.column, expected: self.expected, given }
    }
}

/// What is expected around an offset of a text: its line, cut short on both sides.
fn around(text: &[u8], offset: usize) -> Option<String> {
    if offset >= text.len() {
        return None;
    }
    let line_start = text[..offset].iter().rposition(|&byte| byte == b'\n').map_or(0, |place| place + 1);
    let start = line_start.max(offset.saturating_sub(SHOWN));
    let end = text[offset..].iter().position(|&byte| byte == b'\n').map_or(text.len(), |length| offset + length);
    Some(shown(&text[start..end.min(offset + SHOWN)], start > line_start))
}

/// Bytes as people can read them in one line.
fn shown(bytes: &[u8], is_cut: bool) -> String {
    let mut text = String::from(if is_cut { "…" } else { "" });
    for character in String::from_utf8_lossy(&bytes[..bytes.len().min(2 * SHOWN)]).chars() {
        match character {
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            control if control.is_control() => drop(write!(text, "\\x{:02x}", control as u32)),
            character => text.push(character),
        }
    }
    if bytes.len() > 2 * SHOWN {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests;
