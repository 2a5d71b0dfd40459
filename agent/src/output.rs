//! A program's output between its pipes and the link: within the window, so that a slow reader stops the program,
//! and within the output limit. Called by `running` and `packing`.

use crate::wire::Outbox;
use runnel_link::{ExecId, FromExecutor, LEAST_COST, Pipe, WINDOW, cost};
use rustix::io::Errno;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

/// The most that one frame carries.
pub(crate) const CHUNK: usize = 64 << 10;

/// How much may be on its way to the server.
#[derive(Clone)]
pub(crate) struct Window {
    credit: i64,
}

impl Window {
    pub(crate) fn full() -> Self {
        Self { credit: i64::from(WINDOW) }
    }

    pub(crate) fn credit(&mut self, bytes: u32) {
        self.credit = (self.credit + i64::from(bytes)).min(i64::from(WINDOW));
    }

    /// How much one frame may carry now; None until there is credit.
    pub(crate) fn room(&self) -> Option<usize> {
        let credit = u32::try_from(self.credit).ok().filter(|&credit| credit >= LEAST_COST)?;
        Some(CHUNK.min(credit as usize))
    }

    pub(crate) fn spend(&mut self, bytes: usize) {
        self.credit -= i64::from(cost(bytes));
    }
}

/// How much may go out.
pub(crate) struct Output {
    exec: ExecId,
    window: Window,
    /// Of the output limit.
    left: u64,
    passed: u64,
    /// What is written is timed from here.
    begin: Instant,
}

/// What was found in a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drawn {
    Some,
    /// Nothing now.
    Nothing,
    /// Nothing any more.
    End,
    /// More than the limit; what fitted was passed on.
    Beyond,
}

impl Output {
    pub(crate) fn new(exec: ExecId, limit: u64) -> Self {
        Self { exec, window: Window::full(), left: limit, passed: 0, begin: Instant::now() }
    }

    pub(crate) fn begin(&mut self, begin: Instant) {
        self.begin = begin;
    }

    pub(crate) fn credit(&mut self, bytes: u32) {
        self.window.credit(bytes);
    }

    /// For what is sent after all output.
    pub(crate) fn window(&self) -> Window {
        self.window.clone()
    }

    pub(crate) fn passed(&self) -> u64 {
        self.passed
    }

    /// How much one frame may carry now; None until there is credit. With nothing left of the limit it is zero: to
    /// see that there is more costs no credit.
    pub(crate) fn room(&self) -> Option<usize> {
        if self.left == 0 {
            return Some(0);
        }
        self.window.room().map(|room| room.min(usize::try_from(self.left).unwrap_or(usize::MAX)))
    }

    /// Passes on what is in a pipe, at most one frame. The caller has seen that there is room.
    pub(crate) fn draw(&mut self, source: &OwnedFd, pipe: Pipe, buffer: &mut [u8], outbox: &mut Outbox) -> Drawn {
        let Some(room) = self.room() else { return Drawn::Nothing };
        // One more where that decides whether the limit is passed.
        let most = if room as u64 == self.left { room + 1 } else { room };
        match rustix::io::read(source.as_fd(), &mut buffer[..most]) {
            Ok(0) => Drawn::End,
            Ok(length) => {
                self.pass(pipe, &buffer[..length.min(room)], outbox);
                if length > room { Drawn::Beyond } else { Drawn::Some }
            }
            Err(Errno::AGAIN | Errno::INTR) => Drawn::Nothing,
            // A terminal whose other end is gone.
            Err(_) => Drawn::End,
        }
    }

    /// Sends at most what `room` said.
    pub(crate) fn pass(&mut self, pipe: Pipe, bytes: &[u8], outbox: &mut Outbox) {
        if bytes.is_empty() {
            return;
        }
        outbox.push(&FromExecutor::Output { exec: self.exec, pipe, at: self.begin.elapsed(), bytes });
        self.window.spend(bytes.len());
        self.left = self.left.saturating_sub(bytes.len() as u64);
        self.passed += bytes.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn drawn(limit: u64, written: &[u8]) -> (Vec<Drawn>, u64) {
        let (source, mut sink) = std::io::pipe().unwrap();
        sink.write_all(written).unwrap();
        drop(sink);
        let (mut output, mut outbox, mut buffer) = (Output::new(1, limit), Outbox::default(), [0; CHUNK + 1]);
        let source = source.into();
        let mut all = Vec::new();
        while all.last().is_none_or(|last| *last == Drawn::Some) {
            output.credit(1 << 20);
            all.push(output.draw(&source, Pipe::Stdout, &mut buffer, &mut outbox));
        }
        (all, output.passed())
    }

    #[test]
    fn exactly_the_limit_is_no_stop() {
        assert_eq!(drawn(5, b"12345"), (vec![Drawn::Some, Drawn::End], 5));
        assert_eq!(drawn(5, b"123456"), (vec![Drawn::Beyond], 5));
        assert_eq!(drawn(0, b""), (vec![Drawn::End], 0));
        assert_eq!(drawn(0, b"1"), (vec![Drawn::Beyond], 0));
        assert_eq!(drawn(u64::MAX, b"1"), (vec![Drawn::Some, Drawn::End], 1));
    }

    #[test]
    fn nothing_goes_out_without_credit() {
        let (mut output, mut outbox) = (Output::new(1, 1 << 30), Outbox::default());
        let mut passed = 0;
        while let Some(room) = output.room() {
            assert!(room > 0);
            output.pass(Pipe::Stdout, &vec![0; room], &mut outbox);
            passed += room;
        }
        assert_eq!(passed, WINDOW as usize);
        output.credit(300);
        assert_eq!(output.room(), Some(300));
        // Small frames are paid in full.
        output.pass(Pipe::Stdout, b"x", &mut outbox);
        assert_eq!(output.room(), None);
    }
}
