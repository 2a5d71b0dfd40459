//! One pipe of a program as numbered lines. Keeps no more of a line than is told of it. Pure.

use crate::event::{Line, Pipe, Text};
use crate::job::Stream;
use std::time::Duration;

/// The longest character.
const CHARACTER: usize = 4;

pub(super) struct Lines {
    pipe: Pipe,
    width: usize,
    pos: u64,
    /// The beginning of the line that is not over yet: enough for `width` characters.
    kept: Vec<u8>,
    /// All of its bytes.
    length: u64,
    /// When its first byte was written.
    began: Option<Duration>,
    /// When something was written last.
    last: Duration,
}

impl Lines {
    /// One for stdout, one for stderr; None where output is not told in lines.
    pub(super) fn both(stream: Stream) -> Option<[Self; 2]> {
        match stream {
            Stream::Lines { width } => Some([Self::new(Pipe::Stdout, width), Self::new(Pipe::Stderr, width)]),
            Stream::Live | Stream::Quiet => None,
        }
    }

    fn new(pipe: Pipe, width: usize) -> Self {
        Self { pipe, width, pos: 0, kept: Vec::new(), length: 0, began: None, last: Duration::ZERO }
    }

    /// The lines that are whole now.
    pub(super) fn feed(&mut self, at: Duration, bytes: &[u8]) -> Vec<Line> {
        self.last = at;
        let mut whole = Vec::new();
        let mut pieces = bytes.split(|&byte| byte == b'\n');
        // What comes after the last newline is not a line yet.
        let rest = pieces.next_back().unwrap_or_default();
        for piece in pieces {
            self.keep(at, piece);
            whole.push(self.end_line(at, false));
        }
        if !rest.is_empty() {
            self.keep(at, rest);
        }
        whole
    }

    /// The end of the stream, with what came after its last newline. An end of which nothing was measured has no time.
    pub(super) fn finish(mut self, at: Duration) -> Line {
        self.end_line(at.max(self.last), true)
    }

    fn keep(&mut self, at: Duration, piece: &[u8]) {
        let room = CHARACTER * self.width - self.kept.len();
        self.kept.extend_from_slice(&piece[..piece.len().min(room)]);
        self.length += piece.len() as u64;
        self.began.get_or_insert(at);
    }

    fn end_line(&mut self, at: Duration, is_last: bool) -> Line {
        let data = beginning(std::mem::take(&mut self.kept), self.width);
        let is_cut = std::mem::take(&mut self.length) > data.len() as u64;
        let pos = self.pos;
        self.pos += 1;
        Line { pipe: self.pipe, pos, at: self.began.take().unwrap_or(at), data, is_cut, is_last }
    }
}

/// The first `width` characters, or, where that is no text, bytes.
fn beginning(mut bytes: Vec<u8>, width: usize) -> Text {
    let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let is_text = valid.len() == bytes.len() || valid.chars().nth(width - 1).is_some();
    if !is_text {
        bytes.truncate(width);
        return Text::Binary(bytes.into());
    }
    let end = valid.char_indices().nth(width).map_or(valid.len(), |(end, _)| end);
    bytes.truncate(end);
    Text::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Position, text or else bytes, whether it is cut, whether it is the last.
    type Told = (u64, Result<String, Vec<u8>>, bool, bool);

    fn told(line: Line) -> Told {
        let data = match line.data {
            Text::Utf8(text) => Ok(text),
            Text::Binary(bytes) => Err(bytes.to_vec()),
        };
        (line.pos, data, line.is_cut, line.is_last)
    }

    fn lines<'a>(width: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Told> {
        let mut lines = Lines::new(Pipe::Stdout, width);
        let mut all: Vec<_> = pieces.into_iter().flat_map(|piece| lines.feed(Duration::ZERO, piece)).map(told).collect();
        all.push(told(lines.finish(Duration::ZERO)));
        all
    }

    #[test]
    fn what_is_told() {
        let text = |pos, text: &str, is_cut, is_last| (pos, Ok(text.to_owned()), is_cut, is_last);
        let cases: [(&[u8], Vec<Told>); 9] = [
            (b"", vec![text(0, "", false, true)]),
            (b"\n", vec![text(0, "", false, false), text(1, "", false, true)]),
            (b"a\r\nb", vec![text(0, "a\r", false, false), text(1, "b", false, true)]),
            (b"abc\nabcd\n", vec![text(0, "abc", false, false), text(1, "abc", true, false), text(2, "", false, true)]),
            ("äöü".as_bytes(), vec![text(0, "äöü", false, true)]),
            ("😀😀😀😀".as_bytes(), vec![text(0, "😀😀😀", true, true)]),
            // What is told is text: what comes after it is not looked at.
            (b"abc\xff", vec![text(0, "abc", true, true)]),
            (b"a\xffbc\n", vec![(0, Err(b"a\xffb".to_vec()), true, false), text(1, "", false, true)]),
            ("öö\u{ff}".as_bytes().split_last().unwrap().1, vec![(0, Err("öö".as_bytes()[..3].to_vec()), true, true)]),
        ];
        for (output, expected) in cases {
            assert_eq!(lines(3, [output]), expected, "{output:?}");
        }
    }

    #[test]
    fn a_line_has_the_time_of_its_first_byte_and_is_kept_to_its_width() {
        let mut lines = Lines::new(Pipe::Stderr, 5);
        let at = Duration::from_millis;
        assert!(lines.feed(at(1), b"").is_empty());
        assert!(lines.feed(at(2), b"a").is_empty());
        for _ in 0..100 {
            assert!(lines.feed(at(3), &[b'x'; 1000]).is_empty());
        }
        assert_eq!(lines.kept.len(), 20);
        let first = lines.feed(at(4), b"\nb").remove(0);
        assert_eq!((first.pipe, first.at, first.is_cut), (Pipe::Stderr, at(2), true));
        assert_eq!(lines.feed(at(5), b"\n")[0].at, at(4));
        assert_eq!(lines.finish(at(0)).at, at(5));
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_the_cuts(
            output in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(0xc3), Just(0xa9), any::<u8>(), Just(b'a')], 0..80),
            cuts in proptest::collection::vec(1usize..6, 0..80),
            width in 1usize..8,
        ) {
            let mut pieces = Vec::new();
            let mut rest = output.as_slice();
            for cut in cuts {
                let (piece, more) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = more;
            }
            pieces.push(rest);
            let told = lines(width, pieces);
            prop_assert_eq!(&told, &lines(width, [output.as_slice()]));
            // Each line of the output is there, in order, as its beginning.
            let whole: Vec<&[u8]> = output.split(|&byte| byte == b'\n').collect();
            prop_assert_eq!(told.len(), whole.len());
            for (index, ((pos, data, is_cut, is_last), line)) in told.iter().zip(&whole).enumerate() {
                let bytes = data.as_ref().map_or_else(Vec::as_slice, String::as_bytes);
                prop_assert!(line.starts_with(bytes) && *is_cut == (bytes.len() < line.len()));
                prop_assert!(data.as_ref().map_or_else(Vec::len, |text| text.chars().count()) <= width);
                prop_assert_eq!((*pos, *is_last), (index as u64, index + 1 == whole.len()));
                prop_assert!(data.is_ok() || str::from_utf8(line).is_err());
            }
        }
    }
}
