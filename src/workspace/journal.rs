//! One workspace on disk: a file to which everything that happens is appended, contents included, and from which the list of
//! what there is is read again. A turn's changes count when their last word is there, so whoever is killed in between leaves
//! the state before. Appending costs one write; making and removing a file for each content was measured at twenty
//! times that. Names of clients and programs are data here, so nothing that they think of leads anywhere. Called by `workspace`; blocks.

use super::index::{Entry, Index};
use super::store::StoreFault;
use crate::job::{About, JobPath};
use crate::link;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

/// The only version.
const VERSION: u32 = 1;
/// The longest word: a path and a link's target.
const MOST: usize = 64 << 10;
/// Contents are skipped, not read, where only the list is wanted.
const BUFFER: usize = 64 << 10;
/// Rewritten when more than this, and more than what counts, does not count any more.
const WASTE: u64 = 1 << 20;

/// The first word: whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    version: u32,
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) ttl: Duration,
}

impl Head {
    pub(super) fn new(owner: String, name: String, ttl: Duration) -> Self {
        Self { version: VERSION, owner, name, ttl }
    }
}

#[derive(Debug, Serialize, Deserialize)]
enum Word<'a> {
    /// Its bytes follow.
    File {
        path: &'a str,
        about: About,
        size: u64,
    },
    Folder {
        path: &'a str,
    },
    Link {
        path: &'a str,
        target: &'a str,
    },
    Touched {
        path: &'a str,
        about: About,
    },
    /// It and what is below it.
    Removed {
        path: &'a str,
    },
    /// It, and nothing below it.
    Gone {
        path: &'a str,
    },
    /// What came before counts.
    Done,
}

/// What there is, and where in the file.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) index: Index,
    /// Of the file, as far as it counts.
    pub(super) length: u64,
}

impl State {
    /// Whether the file is worth rewriting.
    pub(super) fn is_wasteful(&self) -> bool {
        let waste = self.length.saturating_sub(self.index.bytes());
        waste > WASTE && waste > self.index.bytes()
    }
}

/// What is to be appended, beside what it makes of the list.
pub(super) struct Draft {
    pub(super) state: State,
    bytes: Vec<u8>,
    from: u64,
    /// Paths that had something which is not there any more.
    pub(super) gone: Vec<String>,
}

impl Draft {
    pub(super) fn of(state: &State) -> Self {
        Self { state: state.clone(), bytes: Vec::new(), from: state.length, gone: Vec::new() }
    }

    /// The beginning of a file.
    pub(super) fn new(head: &Head) -> Self {
        let mut bytes = Vec::new();
        link::encode(head, &mut bytes);
        Self { state: State::default(), bytes, from: 0, gone: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn file(&mut self, path: &JobPath, content: &[u8], about: About) {
        let size = content.len() as u64;
        link::encode(&Word::File { path: path.as_str(), about, size }, &mut self.bytes);
        let at = self.from + self.bytes.len() as u64;
        self.bytes.extend_from_slice(content);
        self.state.index.put(path, Entry::File { at, size, about }, &mut self.gone);
    }

    pub(super) fn folder(&mut self, path: &JobPath) {
        link::encode(&Word::Folder { path: path.as_str() }, &mut self.bytes);
        self.state.index.put(path, Entry::Folder, &mut self.gone);
    }

    pub(super) fn link(&mut self, path: &JobPath, target: &str) {
        link::encode(&Word::Link { path: path.as_str(), target }, &mut self.bytes);
        self.state.index.put(path, Entry::Link(target.into()), &mut self.gone);
    }

    pub(super) fn touch(&mut self, path: &JobPath, about: About) {
        link::encode(&Word::Touched { path: path.as_str(), about }, &mut self.bytes);
        self.state.index.touch(path.as_str(), about);
    }

    /// Whether there was anything.
    pub(super) fn remove(&mut self, path: &JobPath) -> bool {
        link::encode(&Word::Removed { path: path.as_str() }, &mut self.bytes);
        self.state.index.remove(path, &mut self.gone)
    }

    pub(super) fn forget(&mut self, path: &JobPath) {
        link::encode(&Word::Gone { path: path.as_str() }, &mut self.bytes);
        self.state.index.forget(path, &mut self.gone);
    }

    /// Writes it; what was behind the part that counts is written over.
    pub(super) fn append(mut self, path: &Path, file: &File) -> Result<State, StoreFault> {
        link::encode(&Word::Done, &mut self.bytes);
        self.state.length = self.from + self.bytes.len() as u64;
        let written = file.set_len(self.from).and_then(|()| file.write_all_at(&self.bytes, self.from));
        written.map_err(|fault| StoreFault::Io { path: path.to_owned(), fault })?;
        Ok(self.state)
    }
}

/// Whose it is.
pub(super) fn head(path: &Path, file: &File) -> Result<Head, StoreFault> {
    Reader::new(path, file).head()
}

/// What there is.
pub(super) fn state(path: &Path, file: &File) -> Result<State, StoreFault> {
    let mut reader = Reader::new(path, file);
    reader.head()?;
    let mut state = State { index: Index::default(), length: reader.at };
    let mut draft = state.index.clone();
    let mut gone = Vec::new();
    while let Some(body) = reader.body()? {
        let parse = |path: &str| JobPath::parse(path).map_err(|_| reader_fault(&reader));
        match link::decode::<Word<'_>>(&body).map_err(|_| reader_fault(&reader))? {
            Word::File { path, about, size } => {
                let path = parse(path)?;
                draft.put(&path, Entry::File { at: reader.at, size, about }, &mut gone);
                if !reader.skip(size)? {
                    break;
                }
            }
            Word::Folder { path } => draft.put(&parse(path)?, Entry::Folder, &mut gone),
            Word::Link { path, target } => draft.put(&parse(path)?, Entry::Link(target.into()), &mut gone),
            Word::Touched { path, about } => draft.touch(path, about),
            Word::Removed { path } => drop(draft.remove(&parse(path)?, &mut gone)),
            Word::Gone { path } => draft.forget(&parse(path)?, &mut gone),
            Word::Done => {
                state.length = reader.at;
                state.index.clone_from(&draft);
            }
        }
        gone.clear();
    }
    Ok(state)
}

fn reader_fault(reader: &Reader<'_>) -> StoreFault {
    StoreFault::Malformed(reader.path.to_owned())
}

/// The whole file, to take contents of.
pub(super) fn contents(path: &Path, mut file: &File, length: u64) -> Result<Bytes, StoreFault> {
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    let read = std::io::Seek::rewind(&mut file).and_then(|()| file.take(length).read_to_end(&mut bytes));
    read.map_err(|fault| StoreFault::Io { path: path.to_owned(), fault })?;
    Ok(bytes.into())
}

/// A part of a content.
pub(super) fn part(path: &Path, file: &File, at: u64, size: u64) -> Result<Vec<u8>, StoreFault> {
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
    file.read_exact_at(&mut bytes, at).map_err(|fault| StoreFault::Io { path: path.to_owned(), fault })?;
    Ok(bytes)
}

/// Reads words, and skips contents.
struct Reader<'a> {
    path: &'a Path,
    file: &'a File,
    buffer: Vec<u8>,
    /// Where the buffer begins in the file, and where the next word is.
    begin: u64,
    at: u64,
}

impl<'a> Reader<'a> {
    fn new(path: &'a Path, file: &'a File) -> Self {
        Self { path, file, buffer: Vec::new(), begin: 0, at: 0 }
    }

    fn head(&mut self) -> Result<Head, StoreFault> {
        let body = self.body()?;
        let head = body.and_then(|body| link::decode::<Head>(&body).ok()).filter(|head| head.version == VERSION);
        head.ok_or_else(|| StoreFault::Malformed(self.path.to_owned()))
    }

    /// The next word; None at the end, or where it is cut off.
    fn body(&mut self) -> Result<Option<Vec<u8>>, StoreFault> {
        let Some(length) = self.bytes(4)?.and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes) else { return Ok(None) };
        if length as usize > MOST {
            return Err(StoreFault::Malformed(self.path.to_owned()));
        }
        self.bytes(length as usize)
    }

    fn bytes(&mut self, count: usize) -> Result<Option<Vec<u8>>, StoreFault> {
        let end = self.at + count as u64;
        if self.at < self.begin || end > self.begin + self.buffer.len() as u64 {
            let mut buffer = vec![0; BUFFER.max(count)];
            let mut filled = 0;
            while filled < buffer.len() {
                match self.file.read_at(&mut buffer[filled..], self.at + filled as u64) {
                    Ok(0) => break,
                    Ok(read) => filled += read,
                    Err(fault) => return Err(StoreFault::Io { path: self.path.to_owned(), fault }),
                }
            }
            buffer.truncate(filled);
            (self.buffer, self.begin) = (buffer, self.at);
        }
        let start = usize::try_from(self.at - self.begin).unwrap_or(usize::MAX);
        let found = self.buffer.get(start..start + count).map(<[u8]>::to_vec);
        if found.is_some() {
            self.at = end;
        }
        Ok(found)
    }

    /// Whether all of it is there.
    fn skip(&mut self, count: u64) -> Result<bool, StoreFault> {
        let length = self.file.metadata().map_err(|fault| StoreFault::Io { path: self.path.to_owned(), fault })?.len();
        self.at += count;
        Ok(self.at <= length)
    }
}
