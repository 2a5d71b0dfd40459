//! The files that a program left: taken apart as they come, and told as far as the client asked. Called by `runner` between
//! the last output and the end. What comes from an executor is hostile: it is bounded, and its paths are checked.

use crate::event::{FileLeft, FilesLeft, Text};
use crate::job::{About, Collect, JobPath};
use crate::link::is_within;
use crate::link::packed::{Entry, Piece, Unpacker};
use crate::workspace::Left;
use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

/// Harvests that may be in memory at once, over all runs.
pub(super) const AT_ONCE: usize = 8;
/// Names of deleted files that are told.
const DELETED: usize = 1000;

pub(super) struct Harvest {
    unpacker: Unpacker,
    left: Vec<(JobPath, Left)>,
    /// The file whose bytes are coming.
    current: Option<Coming>,
    /// More than a sound executor sends is not kept.
    bytes_left: u64,
    entries_left: usize,
    /// Something has no place in a file tree, or was too much.
    is_cut: bool,
    _room: OwnedSemaphorePermit,
}

struct Coming {
    path: JobPath,
    about: About,
    size: u64,
    content: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
#[error("the executor sent files that can't be read")]
pub(super) struct Malformed;

impl Harvest {
    pub(super) fn new(bytes: u64, entries: usize, room: OwnedSemaphorePermit) -> Self {
        // What is gone, and what is new.
        let entries_left = 2 * entries;
        Self { unpacker: Unpacker::default(), left: Vec::new(), current: None, bytes_left: bytes, entries_left, is_cut: false, _room: room }
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        let Self { unpacker, left, current, bytes_left, entries_left, is_cut, _room: _ } = self;
        let fed = unpacker.feed(bytes, |piece| {
            match piece {
                Piece::Begin(entry) => {
                    finish(current.take(), left);
                    *entries_left = entries_left.checked_sub(1).ok_or(Malformed)?;
                    *is_cut |= matches!(entry, Entry::More { .. });
                    begin(entry, left, current);
                }
                Piece::Bytes(bytes) => {
                    *bytes_left = bytes_left.checked_sub(bytes.len() as u64).ok_or(Malformed)?;
                    if let Some(coming) = current {
                        coming.content.extend_from_slice(bytes);
                    }
                }
            }
            Ok::<_, Malformed>(())
        });
        fed.map_err(|_| Malformed)
    }

    /// Everything that came whole, by path, what is gone first; and whether there is more that did not come.
    pub(super) fn finish(mut self) -> (Vec<(JobPath, Left)>, bool) {
        finish(self.current.take(), &mut self.left);
        self.left.sort_by(|(one, how), (other, what)| {
            let is_there = |left: &Left| !matches!(left, Left::Gone);
            is_there(how).cmp(&is_there(what)).then_with(|| one.cmp(other))
        });
        (self.left, self.is_cut)
    }
}

fn begin(entry: Entry<'_>, left: &mut Vec<(JobPath, Left)>, current: &mut Option<Coming>) {
    let parse = |path: &str| JobPath::parse(path).ok();
    let (path, what) = match entry {
        Entry::File { path, executable, modified, size } => {
            // A name that no client could send is left out.
            *current = parse(path).map(|path| Coming { path, about: About { modified, executable }, size, content: Vec::new() });
            return;
        }
        Entry::Gone { path } => (path, Left::Gone),
        Entry::More { .. } => return,
        Entry::Folder { path } => (path, Left::Folder),
        Entry::Link { path, target } => (path, Left::Link { target: target.to_owned() }),
        Entry::Touched { path, executable, modified } => (path, Left::Touched { about: About { modified, executable } }),
    };
    left.extend(parse(path).map(|path| (path, what)));
}

fn finish(coming: Option<Coming>, left: &mut Vec<(JobPath, Left)>) {
    if let Some(Coming { path, about, size, content }) = coming
        && content.len() as u64 == size
    {
        left.push((path, Left::File { content: content.into(), about }));
    }
}

/// What is told of them. `had` knows whether there was a file or a link before the program, `before` its content where that is
/// at hand.
pub(super) fn report(
    collect: &Collect,
    left: &[(JobPath, Left)],
    had: impl Fn(&str) -> bool,
    before: impl Fn(&str) -> Option<Bytes>,
) -> FilesLeft {
    let mut report = FilesLeft::default();
    let (mut files, mut bytes) = (collect.max_files, usize::try_from(collect.max_bytes).unwrap_or(usize::MAX));
    for (path, what) in left {
        let path = path.as_str();
        let is_named = collect.paths.iter().any(|name| is_within(path, name.as_str()));
        if !is_named && !collect.changes {
            continue;
        }
        let content = match what {
            Left::Gone if had(path) => {
                if report.deleted.len() < DELETED {
                    report.deleted.push(path.to_owned());
                } else {
                    report.truncated = true;
                }
                continue;
            }
            Left::File { content, .. } => content,
            Left::Gone | Left::Touched { .. } | Left::Folder | Left::Link { .. } => continue,
        };
        let is_text = std::str::from_utf8(content).is_ok();
        let is_same = before(path).is_some_and(|before| before == *content);
        if is_same || !(is_text || is_named) {
            continue;
        }
        if files == 0 {
            report.truncated = true;
            continue;
        }
        let file = cut(content, is_text, bytes);
        report.truncated |= file.truncated;
        (files, bytes) = (files - 1, bytes - file.data.len());
        let list = if had(path) { &mut report.changed } else { &mut report.created };
        list.push((path.to_owned(), file));
    }
    report
}

fn cut(content: &Bytes, is_text: bool, most: usize) -> FileLeft {
    let truncated = content.len() > most;
    let mut length = content.len().min(most);
    if is_text {
        // Between characters.
        while truncated && length > 0 && content[length] & 0xC0 == 0x80 {
            length -= 1;
        }
        return FileLeft { data: Text::from_bytes(content[..length].to_vec()), truncated };
    }
    FileLeft { data: Text::Binary(content.slice(..length)), truncated }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const ABOUT: About = About { modified: Duration::ZERO, executable: false };

    fn file(path: &str, content: &[u8]) -> (JobPath, Left) {
        (JobPath::parse(path).unwrap(), Left::File { content: Bytes::copy_from_slice(content), about: ABOUT })
    }

    fn collect(max_files: usize, max_bytes: u64) -> Collect {
        Collect { paths: vec![JobPath::parse("bin").unwrap()], changes: true, max_files, max_bytes }
    }

    fn told(list: &[(String, FileLeft)]) -> Vec<(&str, usize, bool)> {
        list.iter().map(|(path, file)| (path.as_str(), file.data.len(), file.truncated)).collect()
    }

    #[test]
    fn text_is_told_and_bytes_where_they_are_named() {
        let left = [
            file("a", b"text"),
            file("b", &[0xff, 1]),
            file("bin/c", &[0xff]),
            file("binary", &[0xff]),
            file("old", b"new"),
            file("same", b"same"),
            (JobPath::parse("x").unwrap(), Left::Gone),
            (JobPath::parse("never").unwrap(), Left::Gone),
        ];
        let had = |path: &str| matches!(path, "old" | "same" | "x");
        let report = report(&collect(9, 99), &left, had, |path| (path == "same").then(|| Bytes::from_static(b"same")));
        assert_eq!(told(&report.created), [("a", 4, false), ("bin/c", 1, false)]);
        assert_eq!(told(&report.changed), [("old", 3, false)]);
        assert_eq!((report.deleted, report.truncated), (vec!["x".to_owned()], false));
    }

    #[test]
    fn exactly_the_bounds_are_not_truncated() {
        let left = [file("a", "grün".as_bytes()), file("b", b"12")];
        let short = |files, bytes| {
            let report = report(&collect(files, bytes), &left, |_| false, |_| None);
            (told(&report.created).iter().map(|(_, length, _)| *length).collect::<Vec<_>>(), report.truncated)
        };
        assert_eq!(short(2, 7), (vec![5, 2], false));
        assert_eq!(short(2, 6), (vec![5, 1], true));
        assert_eq!(short(1, 7), (vec![5], true));
        // A character is not cut.
        assert_eq!(short(1, 3).0, [2]);
    }
}
