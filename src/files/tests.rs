//! The host functions and streams as a guest meets them, without the guest: by the handles it would hold.

use wasmtime::component::Resource;
use wasmtime_wasi::p2::StreamError;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;

use super::bindings::wasi::filesystem::preopens::Host as _;
use super::bindings::wasi::filesystem::types::{
    DescriptorFlags, ErrorCode, Host as _, HostDescriptor, HostDirectoryEntryStream, NewTimestamp, OpenFlags, PathFlags,
};
use super::handle::Descriptor;
use super::host::Failure;
use super::*;

struct Guest {
    files: Files,
    table: ResourceTable,
}

impl Guest {
    fn new(bytes: u64, count: u32) -> Guest {
        let files = Files::new(FileLimits { bytes, count }, None, Arc::new(Budget::new(1 << 30)));
        Guest { files, table: ResourceTable::new() }
    }

    fn ctx(&mut self) -> FilesCtx<'_> {
        FilesCtx { files: &self.files, table: &mut self.table }
    }

    fn root(&mut self) -> Resource<Descriptor> {
        self.ctx().get_directories().unwrap().remove(0).0
    }

    fn open(&mut self, path: &str, open: OpenFlags, flags: DescriptorFlags) -> Result<Resource<Descriptor>, ErrorCode> {
        let root = self.root();
        let opened = self.ctx().open_at(borrow(&root), PathFlags::SYMLINK_FOLLOW, path.to_owned(), open, flags);
        HostDescriptor::drop(&mut self.ctx(), root).unwrap();
        opened.map_err(code)
    }
}

fn borrow<T: 'static>(resource: &Resource<T>) -> Resource<T> {
    Resource::new_borrow(resource.rep())
}

fn code(failure: Failure) -> ErrorCode {
    match failure {
        Failure::Code(code) => code,
        Failure::Trap(error) => panic!("{error:?}"),
    }
}

#[test]
fn puts_reads_and_walks() {
    let files = Guest::new(20, 5).files;
    files.put("main.py", b"print", false, None).unwrap();
    files.put("lib/b.py", b"b", false, None).unwrap();
    files.put("lib/a.py", b"a", false, None).unwrap();
    files.put("main.py", b"()", true, None).unwrap();
    files.put("lib/b.py", b"B", false, None).unwrap();
    assert_eq!(files.read("/box/main.py").unwrap(), b"print()");
    assert_eq!(files.read("/box/lib"), None);
    assert_eq!(files.read("box/main.py"), None);
    let mut seen = Vec::new();
    files.walk(|path, bytes| seen.push(format!("{path}={}", String::from_utf8_lossy(bytes))));
    assert_eq!(seen, ["lib/a.py=a", "lib/b.py=B", "main.py=print()"]);
    assert_eq!(files.used(), (9, 4));
    assert_eq!(files.put("big", &[0; 12], false, None), Err(PutError::NoSpace));
    assert_eq!(files.put("more", b"", false, None), Err(PutError::NoSpace));
    assert_eq!(files.put("main.py/x", b"", false, None), Err(PutError::NotADirectory));
    for path in ["", "/x", "../x", "a/../x", "./x", "lib//x", "lib/", "lib", "x\0y"] {
        let refused = files.put(path, b"", false, None);
        assert!(matches!(refused, Err(PutError::BadPath | PutError::Outside)), "{path:?} {refused:?}");
    }
}

#[test]
fn streams_read_and_write() {
    let mut guest = Guest::new(100, 5);
    let both = DescriptorFlags::READ | DescriptorFlags::WRITE;
    let file = guest.open("box/f", OpenFlags::CREATE, both).unwrap();
    let output = guest.ctx().write_via_stream(borrow(&file), 2).unwrap();
    let append = guest.ctx().append_via_stream(borrow(&file)).unwrap();
    let input = guest.ctx().read_via_stream(borrow(&file), 0).unwrap();
    // An open file is enough for a stream to live on.
    HostDescriptor::drop(&mut guest.ctx(), file).unwrap();
    let root = guest.root();
    guest.ctx().unlink_file_at(root, "box/f".to_owned()).unwrap();

    guest.table.get_mut(&output).unwrap().write("ab".into()).unwrap();
    guest.table.get_mut(&append).unwrap().write("cd".into()).unwrap();
    guest.table.get_mut(&output).unwrap().write("CDE".into()).unwrap();
    let input = guest.table.get_mut(&input).unwrap();
    assert_eq!(input.read(3).unwrap(), "\0\0a");
    assert_eq!(input.skip(1).unwrap(), 1);
    assert_eq!(input.read(usize::MAX).unwrap(), "CDE");
    assert!(matches!(input.read(1), Err(StreamError::Closed)));
    assert!(matches!(input.skip(1), Err(StreamError::Closed)));
    guest.table.get_mut(&append).unwrap().write("f".into()).unwrap();
}

#[test]
fn a_full_tree_says_so() {
    let mut guest = Guest::new(100, 5);
    let file = guest.open("box/f", OpenFlags::CREATE, DescriptorFlags::WRITE).unwrap();
    let stream = guest.ctx().write_via_stream(borrow(&file), 0).unwrap();
    let writer = guest.table.get_mut(&stream).unwrap();
    assert_eq!(writer.check_write().unwrap(), 100);
    writer.write(vec![1; 90].into()).unwrap();
    assert_eq!(writer.check_write().unwrap(), 10);
    let Err(StreamError::LastOperationFailed(error)) = writer.write(vec![2; 20].into()) else { panic!("no error") };
    assert_eq!(writer.check_write().unwrap(), 1);
    assert!(matches!(writer.write("x".into()), Err(StreamError::LastOperationFailed(_))));
    assert_eq!(guest.files.used(), (100, 1));
    let error = guest.table.push(error).unwrap();
    assert_eq!(guest.ctx().filesystem_error_code(error).unwrap(), Some(ErrorCode::InsufficientSpace));
    assert_eq!(guest.ctx().write(borrow(&file), vec![3; 2], 99).unwrap(), 1);
    assert_eq!(guest.ctx().write(borrow(&file), vec![3; 2], 100).map_err(code), Err(ErrorCode::InsufficientSpace));
    assert!(matches!(guest.ctx().append_via_stream(borrow(&file)), Err(Failure::Code(ErrorCode::InsufficientSpace))));
    // With room again the same stream goes on where it was.
    guest.ctx().set_size(borrow(&file), 50).unwrap();
    guest.files.put("g", &[0; 45], false, None).unwrap();
    guest.ctx().set_size(borrow(&file), 0).unwrap();
    assert!(guest.table.get_mut(&stream).unwrap().write("x".into()).is_err());
    guest.ctx().set_size(borrow(&file), 55).unwrap();
    assert_eq!(guest.files.used(), (100, 2));
}

#[test]
fn keeps_access_modes_apart() {
    let mut guest = Guest::new(100, 5);
    guest.files.put("f", b"text", false, None).unwrap();
    let reader = guest.open("box/f", OpenFlags::empty(), DescriptorFlags::READ).unwrap();
    let writer = guest.open("box/f", OpenFlags::empty(), DescriptorFlags::WRITE).unwrap();
    let directory = guest.open("box", OpenFlags::DIRECTORY, DescriptorFlags::READ).unwrap();
    let mut ctx = guest.ctx();
    assert_eq!(ctx.read(borrow(&reader), u64::MAX, 1).unwrap(), (b"ext".to_vec(), true));
    assert_eq!(ctx.read(borrow(&reader), 1, 1).unwrap(), (b"e".to_vec(), false));
    assert_eq!(ctx.read(borrow(&reader), 1, u64::MAX).unwrap(), (vec![], true));
    assert_eq!(ctx.write(borrow(&reader), vec![0], 0).map_err(code), Err(ErrorCode::BadDescriptor));
    assert_eq!(ctx.set_size(borrow(&reader), 0).map_err(code), Err(ErrorCode::BadDescriptor));
    assert_eq!(ctx.read(borrow(&writer), 1, 0).map_err(code), Err(ErrorCode::BadDescriptor));
    assert_eq!(ctx.read(borrow(&directory), 1, 0).map_err(code), Err(ErrorCode::IsDirectory));
    assert_eq!(ctx.write(borrow(&directory), vec![0], 0).map_err(code), Err(ErrorCode::BadDescriptor));
    assert_eq!(ctx.create_directory_at(borrow(&reader), "d".to_owned()).map_err(code), Err(ErrorCode::NotDirectory));
    assert!(ctx.get_flags(borrow(&directory)).unwrap().contains(DescriptorFlags::MUTATE_DIRECTORY));
    assert_eq!(ctx.get_flags(borrow(&writer)).unwrap(), DescriptorFlags::WRITE);
    assert!(ctx.is_same_object(borrow(&reader), borrow(&writer)).unwrap());
    assert!(!ctx.is_same_object(borrow(&reader), borrow(&directory)).unwrap());
}

#[test]
fn lists_in_order_and_tells_the_time() {
    let start = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(77);
    let mut guest = Guest::new(100, 5);
    guest.files = Files::new(FileLimits { bytes: 100, count: 5 }, Some(start), Arc::new(Budget::new(1 << 20)));
    for name in ["b", "a/x", "c"] {
        guest.files.put(name, b"1", false, None).unwrap();
    }
    let directory = guest.open("box", OpenFlags::DIRECTORY, DescriptorFlags::READ).unwrap();
    let mut ctx = guest.ctx();
    let listing = ctx.read_directory(borrow(&directory)).unwrap();
    let mut names = Vec::new();
    while let Some(entry) = ctx.read_directory_entry(borrow(&listing)).unwrap() {
        names.push(entry.name);
    }
    assert_eq!(names, ["a", "b", "c"]);
    let stat = ctx.stat_at(borrow(&directory), PathFlags::empty(), "b".to_owned()).unwrap();
    assert_eq!((stat.size, stat.data_modification_timestamp.unwrap().seconds), (1, 77));
    let hash = ctx.metadata_hash_at(borrow(&directory), PathFlags::empty(), "b".to_owned()).unwrap();
    ctx.rename_at(borrow(&directory), "b".to_owned(), borrow(&directory), "d".to_owned()).unwrap();
    let time = Datetime { seconds: 5, nanoseconds: 6 };
    ctx.set_times_at(borrow(&directory), PathFlags::empty(), "d".to_owned(), NewTimestamp::NoChange, NewTimestamp::Timestamp(time))
        .unwrap();
    let stat = ctx.stat_at(borrow(&directory), PathFlags::empty(), "d".to_owned()).unwrap();
    assert_eq!((stat.data_access_timestamp.unwrap().seconds, stat.data_modification_timestamp.unwrap().nanoseconds), (77, 6));
    let moved = ctx.metadata_hash_at(borrow(&directory), PathFlags::empty(), "d".to_owned()).unwrap();
    assert_eq!(hash.lower, moved.lower);
}

#[test]
fn opens_so_many_and_no_more() {
    let mut guest = Guest::new(100, 5);
    let root = guest.root();
    let mut open = vec![root];
    let error = loop {
        match guest.ctx().open_at(
            borrow(&open[0]),
            PathFlags::empty(),
            "box/f".to_owned(),
            OpenFlags::CREATE,
            DescriptorFlags::READ | DescriptorFlags::WRITE,
        ) {
            Ok(descriptor) => open.push(descriptor),
            Err(failure) => break code(failure),
        }
    };
    assert_eq!((error, open.len()), (ErrorCode::InsufficientMemory, 1024));
    HostDescriptor::drop(&mut guest.ctx(), open.pop().unwrap()).unwrap();
    let mut streams = 0;
    while guest.ctx().read_via_stream(borrow(&open[1]), 0).is_ok() {
        streams += 1;
    }
    assert_eq!(streams, 4096);
    drop(guest.table);
    assert_eq!(guest.files.used(), (0, 1));
}
