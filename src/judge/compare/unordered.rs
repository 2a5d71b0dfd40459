//! Lines in any order. Of each line a hash is kept, so that neither long lines nor many of them take more than the
//! expected text does.

use super::lines::trim_end;
use super::{Difference, is_blank, shown};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// The beginning of a line, kept to be shown.
const HEAD: usize = 60;

pub(super) struct Unordered {
    /// How often each line is still expected, and what it begins with.
    expected: HashMap<[u8; 32], (u64, String)>,
    line: u64,
    hasher: Sha256,
    /// Blanks that count only if more of the line follows.
    blanks: Vec<u8>,
    head: Vec<u8>,
    is_empty: bool,
    longest: usize,
    length: usize,
    found: Option<Difference>,
}

impl Unordered {
    pub(super) fn new(expected: &[u8]) -> Self {
        let mut lines = HashMap::new();
        let mut longest = 0;
        for line in expected.split(|&byte| byte == b'\n').map(trim_end).filter(|line| !line.is_empty()) {
            longest = longest.max(line.len());
            lines.entry(Sha256::digest(line).into()).or_insert_with(|| (0, shown(line, false))).0 += 1;
        }
        let (hasher, blanks, head) = (Sha256::new(), Vec::new(), Vec::new());
        Self { expected: lines, line: 1, hasher, blanks, head, is_empty: true, longest, length: 0, found: None }
    }

    pub(super) fn feed(&mut self, output: &[u8]) {
        for &byte in output {
            if self.found.is_some() {
                return;
            }
            match byte {
                b'\n' => {
                    self.end_line();
                    self.line += 1;
                }
                // A line that is longer than any expected one is wrong already: what it ends with does not matter.
                blank if is_blank(blank) => {
                    if self.length + self.blanks.len() <= self.longest {
                        self.blanks.push(blank);
                    }
                }
                byte => self.extend(byte),
            }
        }
    }

    fn extend(&mut self, byte: u8) {
        self.is_empty = false;
        let blanks = std::mem::take(&mut self.blanks);
        self.hasher.update(&blanks);
        self.hasher.update([byte]);
        self.length += blanks.len() + 1;
        if self.head.len() < HEAD {
            self.head.extend_from_slice(&blanks[..blanks.len().min(HEAD)]);
            self.head.push(byte);
        }
    }

    fn end_line(&mut self) {
        let hash: [u8; 32] = self.hasher.finalize_reset().into();
        let is_empty = std::mem::replace(&mut self.is_empty, true);
        let head = std::mem::take(&mut self.head);
        self.blanks.clear();
        self.length = 0;
        if is_empty {
            return;
        }
        match self.expected.get_mut(&hash) {
            Some((count, _)) if *count > 0 => *count -= 1,
            Some(_) | None => {
                self.found = Some(Difference { line: self.line, column: 1, expected: None, given: Some(shown(&head, false)) });
            }
        }
    }

    pub(super) fn finish(mut self) -> Option<Difference> {
        if self.found.is_none() {
            self.end_line();
        }
        if self.found.is_some() {
            return self.found;
        }
        // The first in the order of the alphabet, so that the same output is told the same.
        let missing = self.expected.into_values().filter(|(count, _)| *count > 0).map(|(_, head)| head).min()?;
        Some(Difference { line: self.line, column: 1, expected: Some(missing), given: None })
    }
}
