//! Word by word, in any case or within a tolerance where that is asked for.

use super::{Difference, Found, Place, Tolerance, shown};

/// A number that is longer than this is no number that anybody means.
const NUMBER: usize = 400;

pub(super) struct Tokens {
    expected: Vec<u8>,
    /// What of it has been passed.
    offset: usize,
    ignore_case: bool,
    float: Option<Tolerance>,
    /// The word that is being read.
    word: Option<Word>,
    place: Place,
    found: Option<Found>,
}

/// A word of the output on its way, against the one that is expected in its place.
struct Word {
    start: usize,
    end: usize,
    length: usize,
    is_same: bool,
    /// Kept as long as it may be a number, or be shown.
    text: Vec<u8>,
    line: u64,
    column: u64,
}

impl Tokens {
    pub(super) fn new(expected: &[u8], ignore_case: bool, float: Option<Tolerance>) -> Self {
        Self { expected: expected.to_vec(), offset: 0, ignore_case, float, word: None, place: Place::new(), found: None }
    }

    pub(super) fn feed(&mut self, output: &[u8]) {
        for &byte in output {
            if self.found.is_some() {
                return;
            }
            if is_space(byte) {
                self.end_word();
            } else {
                self.extend_word(byte);
            }
            self.place.pass(byte);
        }
    }

    /// The next expected word; an empty one where there is none.
    fn next_expected(&mut self) -> (usize, usize) {
        let rest = &self.expected[self.offset..];
        let start = self.offset + rest.iter().position(|&byte| !is_space(byte)).unwrap_or(rest.len());
        let rest = &self.expected[start..];
        let end = start + rest.iter().position(|&byte| is_space(byte)).unwrap_or(rest.len());
        self.offset = end;
        (start, end)
    }

    fn extend_word(&mut self, byte: u8) {
        if self.word.is_none() {
            let (start, end) = self.next_expected();
            let (line, column) = (self.place.line, self.place.column);
            self.word = Some(Word { start, end, length: 0, is_same: start < end, text: Vec::new(), line, column });
        }
        let Some(word) = &mut self.word else { return };
        let expected = self.expected[word.start..word.end].get(word.length);
        word.is_same &=
            expected.is_some_and(|&expected| if self.ignore_case { expected.eq_ignore_ascii_case(&byte) } else { expected == byte });
        word.length += 1;
        if word.text.len() <= NUMBER {
            word.text.push(byte);
        }
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        let expected = &self.expected[word.start..word.end];
        if (word.is_same && word.length == expected.len()) || self.is_close(expected, &word) {
            return;
        }
        let shown_expected = (!expected.is_empty()).then(|| shown(expected, false));
        let Word { line, column, text, .. } = word;
        self.found = Some(Found { line, column, expected: shown_expected, given: text, is_cut: false, is_whole: true });
    }

    fn is_close(&self, expected: &[u8], word: &Word) -> bool {
        let Some(Tolerance { abs, rel }) = self.float else { return false };
        if word.length > NUMBER || expected.len() > NUMBER {
            return false;
        }
        let (Some(expected), Some(given)) = (number(expected), number(&word.text)) else { return false };
        // Infinities are close to themselves only, and what is not a number to nothing but itself.
        if !expected.is_finite() || !given.is_finite() {
            return expected == given || (expected.is_nan() && given.is_nan());
        }
        let off = (expected - given).abs();
        off <= abs || off <= rel * expected.abs()
    }

    pub(super) fn finish(mut self) -> Option<Difference> {
        if self.found.is_none() {
            self.end_word();
        }
        if let Some(found) = self.found {
            return Some(found.finish(false));
        }
        let (start, end) = self.next_expected();
        (start < end).then(|| Found::at(&self.place, Some(shown(&self.expected[start..end], false))).finish(true))
    }
}

fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

fn number(word: &[u8]) -> Option<f64> {
    str::from_utf8(word).ok()?.parse().ok()
}
