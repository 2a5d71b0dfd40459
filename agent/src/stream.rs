//! Packed files on their way into frames: what is to be sent next, read only as far as the window takes it. Called by
//! `pack` and `harvest`, which say what comes; sends nothing itself.

use runnel_link::packed::{self, Entry};
use rustix::io::Errno;
use std::os::fd::OwnedFd;

#[derive(Default)]
pub(crate) struct Stream {
    /// Read and not sent.
    pending: Vec<u8>,
    /// The file that is being read, and how much of it is to come.
    current: Option<(OwnedFd, u64)>,
}

/// Why a file can't be read on.
pub(crate) enum Unread {
    /// There is less of it than was said: nobody should live who could do that.
    Shrunk,
    System(Errno),
}

impl Stream {
    /// How much there is to send now.
    pub(crate) fn len(&self) -> usize {
        self.pending.len()
    }

    /// Begins an entry without bytes. The one before must have been read.
    pub(crate) fn entry(&mut self, entry: Entry<'_>) {
        packed::begin(entry, &mut self.pending);
    }

    /// Begins a file's entry, of which `size` bytes follow.
    pub(crate) fn file(&mut self, entry: Entry<'_>, file: OwnedFd, size: u64) {
        self.entry(entry);
        self.current = (size > 0).then_some((file, size));
    }

    /// Reads on until there is so much to send, or the file has ended; false where none was begun.
    pub(crate) fn read(&mut self, most: usize, scratch: &mut [u8]) -> Result<bool, Unread> {
        let Some((file, left)) = &mut self.current else { return Ok(false) };
        let room = most.saturating_sub(self.pending.len()).min(scratch.len());
        let wanted = usize::try_from(*left).unwrap_or(usize::MAX).min(room);
        let length = rustix::io::read(&*file, &mut scratch[..wanted]).map_err(Unread::System)?;
        if length == 0 && wanted > 0 {
            return Err(Unread::Shrunk);
        }
        self.pending.extend_from_slice(&scratch[..length]);
        *left -= length as u64;
        if *left == 0 {
            self.current = None;
        }
        Ok(true)
    }

    /// Gives what fits to `send`; false where there was nothing.
    pub(crate) fn send(&mut self, room: usize, send: impl FnOnce(&[u8])) -> bool {
        let length = room.min(self.pending.len());
        if length > 0 {
            send(&self.pending[..length]);
            self.pending.drain(..length);
        }
        length > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beneath::tests::Scratch;
    use std::time::Duration;

    fn streamed(scratch: &Scratch, said: u64, room: usize) -> Result<Vec<u8>, Unread> {
        let (mut stream, mut sent, mut buffer) = (Stream::default(), Vec::new(), [0; 7]);
        let file = std::fs::File::open(scratch.0.join("f")).unwrap().into();
        stream.file(Entry::File { path: "f", executable: false, modified: Duration::ZERO, size: said }, file, said);
        loop {
            while stream.len() < room && stream.read(room, &mut buffer)? {}
            if !stream.send(room, |bytes| sent.extend_from_slice(bytes)) {
                return Ok(sent);
            }
        }
    }

    #[test]
    fn a_file_is_sent_as_it_was_announced_or_not_at_all() {
        let scratch = Scratch::new("stream");
        std::fs::write(scratch.0.join("f"), [b'x'; 100]).unwrap();
        for room in [1, 10, 1000] {
            assert!(streamed(&scratch, 100, room).is_ok_and(|sent| sent.ends_with(&[b'x'; 100]) && sent.len() < 120));
            assert!(matches!(streamed(&scratch, 101, room), Err(Unread::Shrunk)), "{room}");
        }
        assert!(streamed(&scratch, 40, 9).is_ok_and(|sent| sent.ends_with(&[b'x'; 40]) && !sent.ends_with(&[b'x'; 41])));
        assert!(streamed(&scratch, 0, 9).is_ok_and(|sent| !sent.contains(&b'x')));
    }
}
