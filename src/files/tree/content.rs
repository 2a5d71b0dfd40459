//! What is in a file: reading, writing, growing and shrinking. Called by the host functions and the streams.
//! Must never allocate before the ledger has granted it, nor copy more than `MAX_TRANSFER` out in one call.

use std::sync::Arc;

use super::{Body, Fault, NodeId, Tree};

/// Most bytes of one read and of one permit to write: what a guest can make the host allocate with one call.
pub(in crate::files) const MAX_TRANSFER: u64 = 1 << 20;
/// Buffers up to this are not worth a copy to make them smaller; the charge for an entry covers them.
const SMALL: usize = 256;

impl Tree {
    /// Up to `length` bytes from `offset`, and whether the file ends there.
    pub(in crate::files) fn read(&mut self, id: NodeId, offset: u64, length: u64) -> Result<(Vec<u8>, bool), Fault> {
        let now = self.now();
        let node = self.node_mut(id);
        let data = match &node.body {
            Body::File(data) => data,
            Body::Directory { .. } => return Err(Fault::IsDirectory),
            Body::Symlink(_) => return Err(Fault::Invalid),
        };
        let start = offset.min(data.len() as u64) as usize;
        let rest = &data[start..];
        let part = &rest[..length.min(MAX_TRANSFER).min(rest.len() as u64) as usize];
        let read = (part.to_vec(), part.len() == rest.len());
        node.times.accessed = now;
        Ok(read)
    }

    /// Writes as much as fits and says how much that was; with nothing written at all it is `NoSpace`, as with a kernel.
    pub(in crate::files) fn write(&mut self, id: NodeId, offset: u64, bytes: &[u8]) -> Result<usize, Fault> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let end = offset.checked_add(bytes.len() as u64).filter(|end| i64::try_from(*end).is_ok()).ok_or(Fault::FileTooLarge)?;
        let data = file(&mut self.nodes[id.0 as usize].body)?;
        let size = data.len() as u64;
        let wanted = end.saturating_sub(size);
        let granted = self.ledger.take_up_to(wanted);
        let end = if granted < wanted { size + granted } else { end };
        if end <= offset || (granted > 0 && !reserve(data, end, self.ledger.limit_bytes())) {
            self.ledger.give(granted);
            return Err(Fault::NoSpace);
        }
        let count = (end - offset) as usize;
        let offset = offset as usize;
        if offset > data.len() {
            data.resize(offset, 0);
        }
        let (inside, beyond) = bytes[..count].split_at(count.min(data.len() - offset));
        data[offset..offset + inside.len()].copy_from_slice(inside);
        data.extend_from_slice(beyond);
        self.mark_modified(id);
        Ok(count)
    }

    pub(in crate::files) fn set_size(&mut self, id: NodeId, size: u64) -> Result<(), Fault> {
        if let (Body::File(data), 0) = (&mut self.nodes[id.0 as usize].body, size) {
            // What is not kept need not be copied.
            let old = std::mem::take(data).len() as u64;
            self.ledger.give(old);
            self.mark_modified(id);
            return Ok(());
        }
        let data = file(&mut self.nodes[id.0 as usize].body)?;
        let old = data.len() as u64;
        if size > old {
            self.ledger.take(size - old)?;
            if old == 0 {
                // Zeroes straight from the allocator: a large empty file costs neither time nor, until written to, memory.
                *data = vec![0; size as usize];
            } else if reserve(data, size, self.ledger.limit_bytes()) {
                data.resize(size as usize, 0);
            } else {
                self.ledger.give(size - old);
                return Err(Fault::NoSpace);
            }
        } else {
            data.truncate(size as usize);
            // Together with the growth by half in `reserve`: never more than twice the size, and no way to make each call copy.
            if data.capacity() > SMALL.max(2 * data.len()) {
                data.shrink_to(data.len());
            }
            self.ledger.give(old - size);
        }
        self.mark_modified(id);
        Ok(())
    }

    /// The whole content, for the host.
    pub(in crate::files) fn data(&self, id: NodeId) -> Option<&[u8]> {
        match &self.node(id).body {
            Body::File(data) => Some(data),
            Body::Directory { .. } | Body::Symlink(_) => None,
        }
    }

    pub(in crate::files) fn size(&self, id: NodeId) -> u64 {
        self.node(id).body.size()
    }

    /// How many bytes a write at this offset could put there now.
    pub(in crate::files) fn room(&self, id: NodeId, offset: u64) -> u64 {
        (self.size(id) + self.ledger.room()).saturating_sub(offset)
    }
}

fn file(body: &mut Body) -> Result<&mut Vec<u8>, Fault> {
    match body {
        Body::File(data) => Ok(Arc::make_mut(data)),
        Body::Directory { .. } => Err(Fault::IsDirectory),
        Body::Symlink(_) => Err(Fault::Invalid),
    }
}

/// Makes room for a file of this size, by half as much again where it may still grow: many small appends copy each byte a few times.
fn reserve(data: &mut Vec<u8>, size: u64, limit: u64) -> bool {
    let size = size as usize;
    if size <= data.capacity() {
        return true;
    }
    let ample = (data.len() + data.len() / 2).min(usize::try_from(limit).unwrap_or(usize::MAX));
    data.try_reserve_exact(ample.max(size) - data.len()).is_ok()
}
