//! The host functions of `wasi:filesystem`: each takes the guest's arguments apart, asks the tree, and puts the answer together.
//! Called by wasmtime. Must never decide anything itself that the tree could decide, and never wait.

mod convert;

use wasmtime::component::{Resource, ResourceTableError};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream};

use self::convert::{descriptor_stat, descriptor_type, error_code, last, metadata_hash, new_time};
use super::FilesCtx;
use super::bindings::wasi::filesystem::{preopens, types};
use super::handle::{Descriptor, Hold, Listing};
use super::streams::{Reader, Writer};
use super::tree::{Fault, Kind, Last, NodeId, Open, ROOT, Seat};
use types::{
    DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};

type Result<T> = std::result::Result<T, Failure>;

/// How a host function fails: an error the guest is told, or a handle it should not have used, which ends it.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings export it again")]
pub enum Failure {
    Code(ErrorCode),
    Trap(wasmtime::Error),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        Failure::Code(error_code(fault))
    }
}

impl From<ResourceTableError> for Failure {
    fn from(error: ResourceTableError) -> Failure {
        Failure::Trap(error.into())
    }
}

impl preopens::Host for FilesCtx<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        self.files.lock().hold(ROOT, Seat::Descriptor)?;
        let root = Descriptor::opened(self.files, ROOT, Kind::Directory, true, false);
        Ok(vec![(self.table.push(root)?, "/".to_owned())])
    }
}

impl types::Host for FilesCtx<'_> {
    fn convert_error_code(&mut self, failure: Failure) -> wasmtime::Result<ErrorCode> {
        match failure {
            Failure::Code(code) => Ok(code),
            Failure::Trap(error) => Err(error),
        }
    }

    fn filesystem_error_code(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<ErrorCode>> {
        Ok(self.table.get(&error)?.downcast_ref::<Fault>().copied().map(error_code))
    }
}

impl types::HostDescriptor for FilesCtx<'_> {
    fn read_via_stream(&mut self, descriptor: Resource<Descriptor>, offset: u64) -> Result<Resource<DynInputStream>> {
        let id = self.table.get(&descriptor)?.readable()?;
        let stream: DynInputStream = Box::new(Reader::new(Hold::new(self.files, id, Seat::Stream)?, offset));
        Ok(self.table.push(stream)?)
    }

    fn write_via_stream(&mut self, descriptor: Resource<Descriptor>, offset: u64) -> Result<Resource<DynOutputStream>> {
        self.writer(descriptor, Some(offset))
    }

    fn append_via_stream(&mut self, descriptor: Resource<Descriptor>) -> Result<Resource<DynOutputStream>> {
        self.writer(descriptor, None)
    }

    fn advise(&mut self, descriptor: Resource<Descriptor>, _offset: u64, _length: u64, _advice: types::Advice) -> Result<()> {
        match self.table.get(&descriptor)?.kind() {
            Kind::File | Kind::Symlink => Ok(()),
            Kind::Directory => Err(Fault::BadDescriptor.into()),
        }
    }

    fn sync_data(&mut self, descriptor: Resource<Descriptor>) -> Result<()> {
        self.table.get(&descriptor)?;
        Ok(())
    }

    fn get_flags(&mut self, descriptor: Resource<Descriptor>) -> Result<DescriptorFlags> {
        let descriptor = self.table.get(&descriptor)?;
        if descriptor.kind() == Kind::Directory {
            return Ok(DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY);
        }
        let mut flags = DescriptorFlags::empty();
        if descriptor.can_read() {
            flags |= DescriptorFlags::READ;
        }
        if descriptor.can_write() {
            flags |= DescriptorFlags::WRITE;
        }
        Ok(flags)
    }

    fn get_type(&mut self, descriptor: Resource<Descriptor>) -> Result<DescriptorType> {
        Ok(descriptor_type(self.table.get(&descriptor)?.kind()))
    }

    fn set_size(&mut self, descriptor: Resource<Descriptor>, size: u64) -> Result<()> {
        let id = self.table.get(&descriptor)?.writable()?;
        Ok(self.files.lock().set_size(id, size)?)
    }

    fn set_times(&mut self, descriptor: Resource<Descriptor>, accessed: NewTimestamp, modified: NewTimestamp) -> Result<()> {
        let id = self.table.get(&descriptor)?.id();
        self.set_node_times(id, accessed, modified)
    }

    fn read(&mut self, descriptor: Resource<Descriptor>, length: u64, offset: u64) -> Result<(Vec<u8>, bool)> {
        let id = self.table.get(&descriptor)?.readable()?;
        Ok(self.files.lock().read(id, offset, length)?)
    }

    fn write(&mut self, descriptor: Resource<Descriptor>, bytes: Vec<u8>, offset: u64) -> Result<u64> {
        let id = self.table.get(&descriptor)?.writable()?;
        Ok(self.files.lock().write(id, offset, &bytes)? as u64)
    }

    fn read_directory(&mut self, descriptor: Resource<Descriptor>) -> Result<Resource<Listing>> {
        let id = self.directory(&descriptor)?;
        let listing = Listing::new(Hold::new(self.files, id, Seat::Stream)?);
        Ok(self.table.push(listing)?)
    }

    fn sync(&mut self, descriptor: Resource<Descriptor>) -> Result<()> {
        self.sync_data(descriptor)
    }

    fn create_directory_at(&mut self, base: Resource<Descriptor>, path: String) -> Result<()> {
        let base = self.directory(&base)?;
        self.files.lock().make_directory(base, &path)?;
        Ok(())
    }

    fn stat(&mut self, descriptor: Resource<Descriptor>) -> Result<DescriptorStat> {
        let id = self.table.get(&descriptor)?.id();
        Ok(descriptor_stat(self.files.lock().stat(id)))
    }

    fn stat_at(&mut self, base: Resource<Descriptor>, flags: PathFlags, path: String) -> Result<DescriptorStat> {
        let base = self.directory(&base)?;
        let tree = self.files.lock();
        let id = tree.find(base, &path, last(flags))?;
        Ok(descriptor_stat(tree.stat(id)))
    }

    fn set_times_at(
        &mut self,
        base: Resource<Descriptor>,
        flags: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> Result<()> {
        let base = self.directory(&base)?;
        let id = self.files.lock().find(base, &path, last(flags))?;
        self.set_node_times(id, accessed, modified)
    }

    fn link_at(
        &mut self,
        old_base: Resource<Descriptor>,
        flags: PathFlags,
        old: String,
        new_base: Resource<Descriptor>,
        new: String,
    ) -> Result<()> {
        let (old_base, new_base) = (self.directory(&old_base)?, self.directory(&new_base)?);
        Ok(self.files.lock().link((old_base, &old), last(flags), (new_base, &new))?)
    }

    fn open_at(
        &mut self,
        base: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> Result<Resource<Descriptor>> {
        let base = self.directory(&base)?;
        let write = flags.contains(DescriptorFlags::WRITE);
        // Whoever asks for neither gets to read, as with wasmtime's own implementation. All writes are as synchronous as can be.
        let read = flags.contains(DescriptorFlags::READ) || !write;
        let open = Open {
            follow: path_flags.contains(PathFlags::SYMLINK_FOLLOW),
            create: open_flags.contains(OpenFlags::CREATE),
            exclusive: open_flags.contains(OpenFlags::EXCLUSIVE),
            truncate: open_flags.contains(OpenFlags::TRUNCATE),
            directory: open_flags.contains(OpenFlags::DIRECTORY),
            write,
        };
        let mut tree = self.files.lock();
        let id = tree.open(base, &path, open)?;
        let kind = tree.kind(id);
        drop(tree);
        let descriptor = Descriptor::opened(self.files, id, kind, read, write);
        Ok(self.table.push(descriptor)?)
    }

    fn readlink_at(&mut self, base: Resource<Descriptor>, path: String) -> Result<String> {
        let base = self.directory(&base)?;
        let tree = self.files.lock();
        let id = tree.find(base, &path, Last::Stay)?;
        Ok(tree.target(id)?.to_owned())
    }

    fn remove_directory_at(&mut self, base: Resource<Descriptor>, path: String) -> Result<()> {
        let base = self.directory(&base)?;
        Ok(self.files.lock().remove_directory(base, &path)?)
    }

    fn rename_at(&mut self, old_base: Resource<Descriptor>, old: String, new_base: Resource<Descriptor>, new: String) -> Result<()> {
        let (old_base, new_base) = (self.directory(&old_base)?, self.directory(&new_base)?);
        Ok(self.files.lock().rename((old_base, &old), (new_base, &new))?)
    }

    fn symlink_at(&mut self, base: Resource<Descriptor>, target: String, path: String) -> Result<()> {
        let base = self.directory(&base)?;
        Ok(self.files.lock().make_symlink(base, &path, &target)?)
    }

    fn unlink_file_at(&mut self, base: Resource<Descriptor>, path: String) -> Result<()> {
        let base = self.directory(&base)?;
        Ok(self.files.lock().unlink(base, &path)?)
    }

    fn is_same_object(&mut self, one: Resource<Descriptor>, other: Resource<Descriptor>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&one)?.id() == self.table.get(&other)?.id())
    }

    fn metadata_hash(&mut self, descriptor: Resource<Descriptor>) -> Result<MetadataHashValue> {
        let id = self.table.get(&descriptor)?.id();
        Ok(metadata_hash(self.files.lock().serial(id)))
    }

    fn metadata_hash_at(&mut self, base: Resource<Descriptor>, flags: PathFlags, path: String) -> Result<MetadataHashValue> {
        let base = self.directory(&base)?;
        let tree = self.files.lock();
        let id = tree.find(base, &path, last(flags))?;
        Ok(metadata_hash(tree.serial(id)))
    }

    fn drop(&mut self, descriptor: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.table.delete(descriptor)?;
        Ok(())
    }
}

impl types::HostDirectoryEntryStream for FilesCtx<'_> {
    fn read_directory_entry(&mut self, listing: Resource<Listing>) -> Result<Option<DirectoryEntry>> {
        let next = self.table.get_mut(&listing)?.next()?;
        Ok(next.map(|(name, kind)| DirectoryEntry { type_: descriptor_type(kind), name }))
    }

    fn drop(&mut self, listing: Resource<Listing>) -> wasmtime::Result<()> {
        self.table.delete(listing)?;
        Ok(())
    }
}

impl FilesCtx<'_> {
    fn directory(&self, descriptor: &Resource<Descriptor>) -> Result<NodeId> {
        Ok(self.table.get(descriptor)?.directory()?)
    }

    fn writer(&mut self, descriptor: Resource<Descriptor>, offset: Option<u64>) -> Result<Resource<DynOutputStream>> {
        let id = self.table.get(&descriptor)?.writable()?;
        let tree = self.files.lock();
        // Refused here already if nothing would fit: wasi-libc passes an error of this call on, one of the stream as EIO.
        if tree.room(id, offset.unwrap_or_else(|| tree.size(id))) == 0 {
            return Err(Fault::NoSpace.into());
        }
        drop(tree);
        let stream: DynOutputStream = Box::new(Writer::new(Hold::new(self.files, id, Seat::Stream)?, offset));
        Ok(self.table.push(stream)?)
    }

    fn set_node_times(&mut self, id: NodeId, accessed: NewTimestamp, modified: NewTimestamp) -> Result<()> {
        let mut tree = self.files.lock();
        let now = tree.now();
        let (accessed, modified) = (new_time(accessed, now)?, new_time(modified, now)?);
        Ok(tree.set_times(id, accessed, modified)?)
    }
}
