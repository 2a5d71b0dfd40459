//! What one pipe of a program said: the beginning of it for the result, and whole characters for the stream. Pure.

use crate::event::Text;

pub(super) struct Capture {
    kept: Vec<u8>,
    room: usize,
    total: u64,
    /// The first bytes of a character whose last have not come yet; at most three.
    partial: Vec<u8>,
}

impl Capture {
    pub(super) fn new(room: usize) -> Self {
        Self { kept: Vec::new(), room, total: 0, partial: Vec::new() }
    }

    /// One for stdout, one for stderr.
    pub(super) fn both(room: usize) -> [Self; 2] {
        [Self::new(room), Self::new(room)]
    }

    pub(super) fn keep(&mut self, bytes: &[u8]) {
        let fits = bytes.len().min(self.room - self.kept.len());
        self.kept.extend_from_slice(&bytes[..fits]);
        self.total += bytes.len() as u64;
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// What can be told now; an unfinished character at the end waits for the next piece.
    pub(super) fn whole_characters(&mut self, bytes: Vec<u8>) -> Option<Text> {
        let mut bytes = if self.partial.is_empty() { bytes } else { [std::mem::take(&mut self.partial), bytes].concat() };
        self.partial = bytes.split_off(bytes.len() - unfinished(&bytes));
        (!bytes.is_empty()).then(|| Text::from_bytes(bytes))
    }

    /// The unfinished character that the program left.
    pub(super) fn rest(&mut self) -> Option<Text> {
        let rest = std::mem::take(&mut self.partial);
        (!rest.is_empty()).then(|| Text::from_bytes(rest))
    }

    /// What was kept, and whether that is not all.
    pub(super) fn finish(&mut self) -> (Text, bool) {
        let mut kept = std::mem::take(&mut self.kept);
        let truncated = self.total > kept.len() as u64;
        if truncated {
            // Our cut, not the program's: it must not turn text into binary.
            kept.truncate(kept.len() - unfinished(&kept));
        }
        (Text::from_bytes(kept), truncated)
    }
}

/// How many bytes at the end begin a character that is not finished.
fn unfinished(bytes: &[u8]) -> usize {
    for back in 1..=bytes.len().min(3) {
        let byte = bytes[bytes.len() - back];
        let length = match byte {
            0x80..=0xbf => continue,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => return 0,
        };
        return if back < length { back } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn unfinished_characters() {
        for (bytes, expected) in [
            (&b"abc"[..], 0),
            ("é".as_bytes(), 0),
            (&"é".as_bytes()[..1], 1),
            (&"漢".as_bytes()[..2], 2),
            (&"😀".as_bytes()[..3], 3),
            (b"\xff", 0),
            (b"\x80\x80\x80\x80", 0),
            (b"", 0),
            (b"a\xf0\x9f", 2),
        ] {
            assert_eq!(unfinished(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_cut_is_between_characters() {
        let mut capture = Capture::new(4);
        capture.keep("aéé".as_bytes());
        assert_eq!(capture.finish(), (Text::Utf8("aé".into()), true));
        let mut capture = Capture::new(5);
        capture.keep("aéé".as_bytes());
        assert_eq!(capture.finish(), (Text::Utf8("aéé".into()), false), "exactly at the cap is whole");
    }

    proptest! {
        #[test]
        fn no_character_is_split(text in "\\PC{0,40}", cuts in proptest::collection::vec(1usize..5, 0..40)) {
            let mut capture = Capture::new(1000);
            let mut rest = text.as_bytes();
            let mut told = String::new();
            for cut in cuts.into_iter().chain([usize::MAX]) {
                let (piece, more) = rest.split_at(cut.min(rest.len()));
                rest = more;
                match capture.whole_characters(piece.to_vec()) {
                    Some(Text::Utf8(piece)) => told.push_str(&piece),
                    Some(Text::Binary(bytes)) => prop_assert!(false, "{bytes:?}"),
                    None => {}
                }
            }
            prop_assert_eq!(capture.rest(), None);
            prop_assert_eq!(told, text);
        }

        #[test]
        fn no_byte_is_lost(bytes in proptest::collection::vec(any::<u8>(), 0..60), cut in 0usize..60) {
            let mut capture = Capture::new(1000);
            let (first, second) = bytes.split_at(cut.min(bytes.len()));
            let mut told = Vec::new();
            let mut tell = |text: Option<Text>| match text {
                Some(Text::Utf8(text)) => told.extend_from_slice(text.as_bytes()),
                Some(Text::Binary(bytes)) => told.extend_from_slice(&bytes),
                None => {}
            };
            tell(capture.whole_characters(first.to_vec()));
            tell(capture.whole_characters(second.to_vec()));
            tell(capture.rest());
            prop_assert_eq!(told, bytes);
        }
    }
}
