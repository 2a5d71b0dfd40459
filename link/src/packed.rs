//! Files as one stream of bytes: what a compile step made, which only agents look into, and what a program left, which the
//! server takes apart. For each entry a frame, and for a file its bytes after it. Pure; whoever unpacks must not trust the names.

use crate::Fault;
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry<'a> {
    File {
        /// Below the folder that is packed; empty where a product is a single file.
        path: &'a str,
        executable: bool,
        /// Since the epoch.
        modified: Duration,
        size: u64,
    },
    /// A folder with nothing in it.
    Folder {
        path: &'a str,
    },
    Link {
        path: &'a str,
        target: &'a str,
    },
    /// It was there before the program.
    Gone {
        path: &'a str,
    },
    /// The same content as before the program.
    Touched {
        path: &'a str,
        executable: bool,
        modified: Duration,
    },
    /// The last entry, where so many at least did not come: for their names, their kind, their number or their size.
    More {
        left_out: u64,
    },
}

impl Entry<'_> {
    /// How many bytes follow.
    fn size(&self) -> u64 {
        match self {
            Self::File { size, .. } => *size,
            Self::Folder { .. } | Self::Link { .. } | Self::Gone { .. } | Self::Touched { .. } | Self::More { .. } => 0,
        }
    }
}

/// What comes out of packed files.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Begin(Entry<'a>),
    Bytes(&'a [u8]),
}

/// Appends an entry; after a file's, exactly `size` bytes must follow.
pub fn begin(entry: Entry<'_>, out: &mut Vec<u8>) {
    crate::encode(&entry, out);
}

/// Takes packed files apart as they come, in whatever pieces.
#[derive(Debug, Default)]
pub struct Unpacker {
    /// A beginning that is not whole yet.
    partial: Vec<u8>,
    /// Bytes that belong to the file that was begun last.
    left: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum UnpackFault<Sink> {
    #[error("packed files that can't be read: {0}")]
    Malformed(#[from] Fault),
    #[error("{0}")]
    Sink(Sink),
}

impl Unpacker {
    pub fn feed<Sink>(&mut self, mut bytes: &[u8], mut sink: impl FnMut(Piece<'_>) -> Result<(), Sink>) -> Result<(), UnpackFault<Sink>> {
        while !bytes.is_empty() {
            if self.left > 0 {
                let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                let (piece, rest) = bytes.split_at(most);
                sink(Piece::Bytes(piece)).map_err(UnpackFault::Sink)?;
                self.left -= piece.len() as u64;
                bytes = rest;
                continue;
            }
            let before = self.partial.len();
            self.partial.extend_from_slice(bytes);
            let Some((body, rest)) = crate::split(&self.partial)? else { return Ok(()) };
            let entry: Entry<'_> = crate::decode(body)?;
            self.left = entry.size();
            let used = self.partial.len() - rest.len() - before;
            sink(Piece::Begin(entry)).map_err(UnpackFault::Sink)?;
            self.partial.clear();
            bytes = &bytes[used..];
        }
        Ok(())
    }

    /// Whether nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.left == 0 && self.partial.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::convert::Infallible;

    fn file(path: &str, executable: bool, size: u64) -> Entry<'_> {
        Entry::File { path, executable, modified: Duration::from_nanos(7), size }
    }

    fn unpacked(pieces: &[&[u8]]) -> (Vec<(String, bool, Vec<u8>)>, bool) {
        let (mut unpacker, mut files) = (Unpacker::default(), Vec::<(String, bool, Vec<u8>)>::new());
        for piece in pieces {
            let fed = unpacker.feed(piece, |piece| {
                match piece {
                    Piece::Begin(Entry::File { path, executable, .. }) => files.push((path.to_owned(), executable, Vec::new())),
                    Piece::Begin(Entry::Gone { path }) => files.push((format!("-{path}"), false, Vec::new())),
                    Piece::Begin(_) => panic!("nobody packed this"),
                    Piece::Bytes(bytes) => files.last_mut().unwrap().2.extend_from_slice(bytes),
                }
                Ok::<_, Infallible>(())
            });
            fed.unwrap();
        }
        (files, unpacker.is_whole())
    }

    proptest! {
        #[test]
        fn files_come_back_however_they_are_cut(
            files in proptest::collection::vec(("-?[a-z/]{0,9}", any::<bool>(), proptest::collection::vec(any::<u8>(), 0..50)), 0..4),
            size in 1usize..40,
        ) {
            let files: Vec<_> = files.into_iter().map(|(path, executable, bytes)| match path.starts_with('-') {
                true => (path, false, Vec::new()),
                false => (path, executable, bytes),
            }).collect();
            let mut packed = Vec::new();
            for (path, executable, bytes) in &files {
                match path.strip_prefix('-') {
                    Some(path) => begin(Entry::Gone { path }, &mut packed),
                    None => begin(file(path, *executable, bytes.len() as u64), &mut packed),
                }
                packed.extend_from_slice(bytes);
            }
            let pieces: Vec<&[u8]> = packed.chunks(size).collect();
            prop_assert_eq!(unpacked(&pieces), (files, true));
        }

        #[test]
        fn any_bytes_are_harmless(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Unpacker::default().feed(&bytes, |_| Ok::<_, Infallible>(()));
        }
    }

    #[test]
    fn what_is_cut_is_not_whole() {
        let mut packed = Vec::new();
        begin(file("", true, 3), &mut packed);
        packed.extend_from_slice(b"ab");
        assert!(!unpacked(&[&packed]).1);
        assert!(!unpacked(&[&packed[..2]]).1);
    }
}
