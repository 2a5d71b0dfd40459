//! A program's input between the link and its stdin: kept until the program takes it. What waits is kept in a file
//! of memory, never in the agent's own: a child begins as a copy of the agent, and would be charged for it. Called
//! by `execution` and `running`; the server bounds how much it sends.

use crate::awaiting::InputId;
use crate::stdio::{End, Sink};
use rustix::fs::{FallocateFlags, MemfdFlags};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The most that is moved at once.
const TRANSFER: usize = 64 << 10;
/// What was fed is given back in pieces of this size.
const GIVE_BACK: u64 = 1 << 20;

/// An input with nothing in it.
pub(crate) struct Drained {
    pub(crate) id: InputId,
    /// Nothing more will come.
    pub(crate) has_ended: bool,
    /// All that came so far.
    pub(crate) received: u64,
}

#[derive(Default)]
pub(crate) struct Input {
    store: Option<OwnedFd>,
    received: u64,
    stored: u64,
    fed: u64,
    given_back: u64,
    eof: bool,
    /// The program was told of the end.
    ended: bool,
    sink: Option<Sink>,
    /// Nobody will read any more.
    closed: bool,
}

impl Input {
    /// More from the server. Goes on to the program where that is there and takes it.
    pub(crate) fn push(&mut self, mut bytes: &[u8], eof: bool) -> Result<(), Errno> {
        self.eof |= eof;
        self.received += bytes.len() as u64;
        if self.closed {
            return Ok(());
        }
        if self.pending() == 0 {
            let fed = self.sink.as_mut().map_or(0, |sink| sink.write(bytes).unwrap_or(0));
            bytes = bytes.get(fed..).unwrap_or_default();
        }
        if !bytes.is_empty() {
            self.keep(bytes)?;
        }
        self.feed()
    }

    fn keep(&mut self, mut bytes: &[u8]) -> Result<(), Errno> {
        let store = match &self.store {
            Some(store) => store,
            None => self.store.insert(rustix::fs::memfd_create("input", MemfdFlags::CLOEXEC)?),
        };
        while !bytes.is_empty() {
            let written = rustix::io::pwrite(store, bytes, self.stored)?;
            self.stored += written as u64;
            bytes = bytes.get(written..).unwrap_or_default();
        }
        Ok(())
    }

    /// The program is about to start: its input goes here.
    pub(crate) fn open(&mut self, sink: Option<Sink>) -> Result<(), Errno> {
        self.closed = sink.is_none();
        self.sink = sink;
        if self.closed {
            self.close();
        }
        self.feed()
    }

    /// Moves as much as the program takes now.
    pub(crate) fn feed(&mut self) -> Result<(), Errno> {
        let Some(sink) = &mut self.sink else { return Ok(()) };
        let mut buffer = [0; TRANSFER];
        while self.fed < self.stored {
            let Some(store) = &self.store else { break };
            let most = usize::try_from(self.stored - self.fed).unwrap_or(TRANSFER).min(TRANSFER);
            let length = rustix::io::pread(store, &mut buffer[..most], self.fed)?;
            match sink.write(&buffer[..length]) {
                Ok(written) => self.fed += written as u64,
                Err(Errno::AGAIN) => break,
                // It has closed its input.
                Err(_) => {
                    self.close();
                    return Ok(());
                }
            }
        }
        self.give_back()?;
        if self.eof && !self.ended && self.pending() == 0 {
            self.end();
        }
        Ok(())
    }

    /// Says that there is no more, after the last byte. On a terminal that holds for one read only: to be said again
    /// to a program that reads on.
    pub(crate) fn end(&mut self) {
        match self.sink.as_mut().map(Sink::end) {
            Some(End::Said) => self.ended = true,
            Some(End::Full) => {}
            Some(End::Closed) | None => self.close(),
        }
    }

    fn give_back(&mut self) -> Result<(), Errno> {
        let Some(store) = &self.store else { return Ok(()) };
        if self.fed == self.stored {
            rustix::fs::ftruncate(store, 0)?;
            (self.stored, self.fed, self.given_back) = (0, 0, 0);
        } else if self.fed - self.given_back >= GIVE_BACK {
            let length = (self.fed - self.given_back) / GIVE_BACK * GIVE_BACK;
            let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            rustix::fs::fallocate(store, hole, self.given_back, length)?;
            self.given_back += length;
        }
        Ok(())
    }

    fn close(&mut self) {
        *self = Self { closed: true, eof: self.eof, ..Self::default() };
    }

    fn pending(&self) -> u64 {
        self.stored - self.fed
    }

    /// Memory that is in use for what waits.
    pub(crate) fn kept_bytes(&self) -> u64 {
        self.stored - self.given_back
    }

    /// To be polled for room; None where there is nothing to write.
    pub(crate) fn wants_room(&self) -> Option<BorrowedFd<'_>> {
        let is_wanted = self.pending() > 0 || (self.eof && !self.ended);
        self.sink.as_ref().filter(|_| is_wanted).map(Sink::as_fd)
    }

    /// Where the program has taken all that came and may still be reading.
    pub(crate) fn drained(&self) -> Option<Drained> {
        let sink = self.sink.as_ref().filter(|sink| self.pending() == 0 && sink.is_empty())?;
        Some(Drained { id: sink.id(), has_ended: self.eof, received: self.received })
    }
}
