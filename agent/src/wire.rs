//! The agent's two ends of the link: frames come in on stdin and go out on stdout. Called by `serve`. Writing never
//! waits; what has no room yet is kept, and is bounded by the window of the one execution.

use crate::fault::Fault;
use runnel_link::{FromExecutor, PIECE, encode};
use rustix::fs::OFlags;
use rustix::io::Errno;
use std::os::fd::BorrowedFd;

/// Frames on their way to the server.
#[derive(Default)]
pub(crate) struct Outbox {
    buffer: Vec<u8>,
    sent: usize,
    /// Something is not to wait for company.
    is_urgent: bool,
}

impl Outbox {
    pub(crate) fn push(&mut self, frame: &FromExecutor<'_>) {
        self.push_along(frame);
        self.is_urgent = true;
    }

    /// Goes with what comes next: one write carries start, output and end of a short program.
    pub(crate) fn push_along(&mut self, frame: &FromExecutor<'_>) {
        encode(frame, &mut self.buffer);
    }

    #[cfg(test)]
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.buffer)
    }

    /// Whether there is something that waits for room.
    pub(crate) fn is_waiting(&self) -> bool {
        self.is_urgent && self.sent < self.buffer.len()
    }

    /// What has been waiting for company goes now.
    pub(crate) fn hurry(&mut self) {
        self.is_urgent = true;
    }

    /// Writes as much as there is room for.
    pub(crate) fn flush(&mut self) -> Result<(), Fault> {
        while self.is_waiting() {
            match rustix::io::write(rustix::stdio::stdout(), &self.buffer[self.sent..]) {
                Ok(written) => self.sent += written,
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Fault::System { what: "write to the link", errno }),
            }
        }
        if self.is_urgent {
            self.buffer.clear();
            (self.sent, self.is_urgent) = (0, false);
        }
        Ok(())
    }
}

/// Frames from the server that are not whole yet.
#[derive(Default)]
pub(crate) struct Incoming {
    buffer: Vec<u8>,
}

impl Incoming {
    /// Reads what there is; false at the end of the link.
    pub(crate) fn read(&mut self) -> Result<bool, Fault> {
        self.buffer.reserve(PIECE / 4);
        match rustix::io::read(rustix::stdio::stdin(), rustix::buffer::spare_capacity(&mut self.buffer)) {
            Ok(length) => Ok(length > 0),
            Err(Errno::AGAIN | Errno::INTR) => Ok(true),
            Err(errno) => Err(Fault::System { what: "read from the link", errno }),
        }
    }

    /// Calls for each whole frame's body. What is left is the beginning of one frame.
    pub(crate) fn each(&mut self, mut obey: impl FnMut(&[u8]) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut rest = &self.buffer[..];
        while let Some((body, more)) = runnel_link::split(rest)? {
            obey(body)?;
            rest = more;
        }
        let used = self.buffer.len() - rest.len();
        self.buffer.drain(..used);
        // A child is made as a copy of the agent: it stays small.
        if self.buffer.is_empty() && self.buffer.capacity() > PIECE {
            self.buffer = Vec::new();
        }
        Ok(())
    }
}

/// Writing to the link must not wait.
pub(crate) fn prepare() -> Result<(), Fault> {
    let set = |stdout: BorrowedFd<'_>| {
        let flags = rustix::fs::fcntl_getfl(stdout)?;
        rustix::fs::fcntl_setfl(stdout, flags | OFlags::NONBLOCK)
    };
    set(rustix::stdio::stdout()).map_err(Fault::system("prepare the link"))
}
