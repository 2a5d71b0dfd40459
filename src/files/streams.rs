//! Files as streams. Made by the host functions, driven by `wasi:io`.
//! Must never wait: what is in memory is always ready. Must never close after an error: a full tree may have room again, and
//! the usual libraries keep the stream and go on using it.

use bytes::Bytes;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

use super::handle::Hold;
use super::tree::{Fault, MAX_TRANSFER};

pub(super) struct Reader {
    hold: Hold,
    offset: u64,
}

impl Reader {
    pub(super) fn new(hold: Hold, offset: u64) -> Reader {
        Reader { hold, offset }
    }
}

impl InputStream for Reader {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size == 0 {
            return Ok(Bytes::new());
        }
        let read = self.hold.tree().read(self.hold.id(), self.offset, size as u64);
        let (bytes, _) = read.map_err(failed)?;
        // The end of the file for now; if it grows, the next read goes on.
        if bytes.is_empty() {
            return Err(StreamError::Closed);
        }
        self.offset += bytes.len() as u64;
        Ok(bytes.into())
    }

    fn skip(&mut self, size: usize) -> StreamResult<usize> {
        let left = self.hold.tree().size(self.hold.id()).saturating_sub(self.offset);
        let skipped = left.min(size as u64);
        if skipped == 0 && size > 0 {
            return Err(StreamError::Closed);
        }
        self.offset += skipped;
        Ok(skipped as usize)
    }
}

#[async_trait]
impl Pollable for Reader {
    async fn ready(&mut self) {}
}

pub(super) struct Writer {
    hold: Hold,
    /// None: always at the end of the file.
    offset: Option<u64>,
}

impl Writer {
    pub(super) fn new(hold: Hold, offset: Option<u64>) -> Writer {
        Writer { hold, offset }
    }
}

impl OutputStream for Writer {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let mut tree = self.hold.tree();
        let offset = self.offset.unwrap_or_else(|| tree.size(self.hold.id()));
        let written = tree.write(self.hold.id(), offset, &bytes).map_err(failed)?;
        drop(tree);
        if let Some(offset) = &mut self.offset {
            *offset += written as u64;
        }
        if written < bytes.len() { Err(failed(Fault::NoSpace)) } else { Ok(()) }
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    /// No more than fits, so that a guest which heeds the permit sees a short write first and the error only with the next
    /// one. And never nothing, which would mean to wait: it is the write that has to fail.
    fn check_write(&mut self) -> StreamResult<usize> {
        let tree = self.hold.tree();
        let offset = self.offset.unwrap_or_else(|| tree.size(self.hold.id()));
        Ok(tree.room(self.hold.id(), offset).clamp(1, MAX_TRANSFER) as usize)
    }
}

#[async_trait]
impl Pollable for Writer {
    async fn ready(&mut self) {}
}

/// The payload is what `filesystem-error-code` looks for.
fn failed(fault: Fault) -> StreamError {
    StreamError::LastOperationFailed(wasmtime::Error::new(fault))
}
