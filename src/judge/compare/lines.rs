//! Line by line, exactly or without the blanks and newlines at the ends. A machine with one step for each byte: what
//! may turn out not to count is held as a length, never as text.

use super::{Difference, Found, Place, around, is_blank};

pub(super) struct Lines {
    /// In its plainest form: no line ends with blanks, the text not with newlines, where those don't count.
    expected: Vec<u8>,
    /// Up to here both are the same.
    same: usize,
    /// Bytes since then that count only if more follows.
    pending: Pending,
    trims: bool,
    place: Place,
    found: Option<Found>,
}

/// Newlines and blanks that count only if something else follows.
#[derive(Clone, Copy, Default)]
struct Pending {
    /// With the blanks after the last newline.
    length: usize,
    /// Without them.
    newlines: usize,
    /// The first of them that is not what was expected.
    differs: Option<usize>,
    newlines_differ: Option<usize>,
}

impl Lines {
    pub(super) fn exact(expected: &[u8]) -> Self {
        Self::new(expected.to_vec(), false)
    }

    pub(super) fn trimmed(expected: &[u8]) -> Self {
        let mut plain = Vec::with_capacity(expected.len());
        for line in expected.split(|&byte| byte == b'\n') {
            plain.extend_from_slice(trim_end(line));
            plain.push(b'\n');
        }
        let length = plain.iter().rposition(|&byte| byte != b'\n').map_or(0, |last| last + 1);
        plain.truncate(length);
        Self::new(plain, true)
    }

    fn new(expected: Vec<u8>, trims: bool) -> Self {
        Self { expected, same: 0, pending: Pending::default(), trims, place: Place::new(), found: None }
    }

    pub(super) fn feed(&mut self, output: &[u8]) {
        for (index, &byte) in output.iter().enumerate() {
            if let Some(found) = &mut self.found {
                return found.gather(&output[index..]);
            }
            self.step(byte);
        }
    }

    fn step(&mut self, byte: u8) {
        if self.trims && byte == b'\n' {
            let Pending { newlines, newlines_differ, .. } = self.pending;
            let differs = newlines_differ.or_else(|| self.unless(newlines, byte));
            self.pending = Pending { length: newlines + 1, newlines: newlines + 1, differs, newlines_differ: differs };
        } else if self.trims && is_blank(byte) {
            self.pending.differs = self.pending.differs.or_else(|| self.unless(self.pending.length, byte));
            self.pending.length += 1;
        } else if let Some(differs) = self.pending.differs.or_else(|| self.unless(self.pending.length, byte)) {
            let expected = around(&self.expected, self.same + differs);
            let mut found = Found::at(&self.place, expected);
            found.gather(&[byte]);
            self.found = Some(found);
        } else {
            self.same += self.pending.length + 1;
            self.pending = Pending::default();
        }
        self.place.pass(byte);
    }

    /// The offset, unless that byte is expected there.
    fn unless(&self, offset: usize, byte: u8) -> Option<usize> {
        (self.expected.get(self.same + offset) != Some(&byte)).then_some(offset)
    }

    pub(super) fn finish(self) -> Option<Difference> {
        if let Some(found) = self.found {
            return Some(found.finish(false));
        }
        if self.same == self.expected.len() {
            // What is pending does not count.
            return None;
        }
        let Pending { length, differs, .. } = self.pending;
        let missing = around(&self.expected, self.same + differs.unwrap_or(length)).unwrap_or_default();
        let missing = if missing.is_empty() { "\\n".to_owned() } else { missing };
        Some(Found::at(&self.place, Some(missing)).finish(true))
    }
}

pub(super) fn trim_end(line: &[u8]) -> &[u8] {
    let length = line.iter().rposition(|&byte| !is_blank(byte)).map_or(0, |last| last + 1);
    &line[..length]
}
