//! A product, packed: what a compile step made, as one stream of bytes that only agents look into. For each file a
//! frame with its name and size, then its bytes. Pure; whoever unpacks must not trust the names.

use crate::Fault;
use serde::{Deserialize, Serialize};

/// One file of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<'a> {
    /// Below the product's folder; empty where the product is a single file.
    pub path: &'a str,
    pub executable: bool,
    pub size: u64,
}

/// What comes out of a packed product.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Begin(Entry<'a>),
    Bytes(&'a [u8]),
}

/// Appends a file's beginning; exactly `size` bytes must follow.
pub fn begin(entry: Entry<'_>, out: &mut Vec<u8>) {
    crate::encode(&entry, out);
}

/// Takes a packed product apart as it comes, in whatever pieces.
#[derive(Debug, Default)]
pub struct Unpacker {
    /// A beginning that is not whole yet.
    partial: Vec<u8>,
    /// Bytes that belong to the file that was begun last.
    left: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum UnpackFault<Sink> {
    #[error("a packed product that can't be read: {0}")]
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
            self.left = entry.size;
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

    fn unpacked(pieces: &[&[u8]]) -> (Vec<(String, bool, Vec<u8>)>, bool) {
        let (mut unpacker, mut files) = (Unpacker::default(), Vec::<(String, bool, Vec<u8>)>::new());
        for piece in pieces {
            let fed = unpacker.feed(piece, |piece| {
                match piece {
                    Piece::Begin(entry) => files.push((entry.path.to_owned(), entry.executable, Vec::new())),
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
            files in proptest::collection::vec(("[a-z/]{0,9}", any::<bool>(), proptest::collection::vec(any::<u8>(), 0..50)), 0..4),
            size in 1usize..40,
        ) {
            let mut packed = Vec::new();
            for (path, executable, bytes) in &files {
                begin(Entry { path, executable: *executable, size: bytes.len() as u64 }, &mut packed);
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
    fn a_cut_product_is_not_whole() {
        let mut packed = Vec::new();
        begin(Entry { path: "", executable: true, size: 3 }, &mut packed);
        packed.extend_from_slice(b"ab");
        assert!(!unpacked(&[&packed]).1);
        assert!(!unpacked(&[&packed[..2]]).1);
    }
}
