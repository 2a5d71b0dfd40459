//! Between the words of the tree and those of `wasi:filesystem`. Called by the host functions. Must never decide anything.

use std::time::Duration;

use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;

use super::types::{DescriptorStat, DescriptorType, ErrorCode, MetadataHashValue, NewTimestamp, PathFlags};
use crate::files::tree::{Fault, Kind, Last, Stat};

pub(super) fn new_time(time: NewTimestamp, now: Duration) -> Result<Option<Duration>, Fault> {
    match time {
        NewTimestamp::NoChange => Ok(None),
        NewTimestamp::Now => Ok(Some(now)),
        NewTimestamp::Timestamp(Datetime { seconds, nanoseconds }) if nanoseconds < 1_000_000_000 => {
            Ok(Some(Duration::new(seconds, nanoseconds)))
        }
        NewTimestamp::Timestamp(_) => Err(Fault::Invalid),
    }
}

pub(super) fn last(flags: PathFlags) -> Last {
    if flags.contains(PathFlags::SYMLINK_FOLLOW) { Last::Follow } else { Last::Stay }
}

pub(super) fn descriptor_type(kind: Kind) -> DescriptorType {
    match kind {
        Kind::File => DescriptorType::RegularFile,
        Kind::Directory => DescriptorType::Directory,
        Kind::Symlink => DescriptorType::SymbolicLink,
    }
}

pub(super) fn descriptor_stat(stat: Stat) -> DescriptorStat {
    let Stat { kind, links, size, times } = stat;
    let time = |time: Duration| Some(Datetime { seconds: time.as_secs(), nanoseconds: time.subsec_nanos() });
    DescriptorStat {
        type_: descriptor_type(kind),
        link_count: u64::from(links),
        size,
        data_access_timestamp: time(times.accessed),
        data_modification_timestamp: time(times.modified),
        status_change_timestamp: time(times.changed),
    }
}

/// Libraries make the inode number of it, and programs compare those: so it is the node's alone and not that of its content,
/// and small, for numbers in JavaScript are exact only to 53 bits.
pub(super) fn metadata_hash(serial: u64) -> MetadataHashValue {
    MetadataHashValue { lower: serial, upper: 0 }
}

pub(super) fn error_code(fault: Fault) -> ErrorCode {
    match fault {
        Fault::BadDescriptor => ErrorCode::BadDescriptor,
        Fault::Busy => ErrorCode::Busy,
        Fault::Exists => ErrorCode::Exist,
        Fault::FileTooLarge => ErrorCode::FileTooLarge,
        Fault::Invalid => ErrorCode::Invalid,
        Fault::IsDirectory => ErrorCode::IsDirectory,
        Fault::Loop => ErrorCode::Loop,
        Fault::NameTooLong => ErrorCode::NameTooLong,
        Fault::NoEntry => ErrorCode::NoEntry,
        Fault::NoSpace => ErrorCode::InsufficientSpace,
        Fault::NotDirectory => ErrorCode::NotDirectory,
        Fault::NotEmpty => ErrorCode::NotEmpty,
        Fault::NotPermitted => ErrorCode::NotPermitted,
        Fault::ReadOnly => ErrorCode::ReadOnly,
        // WASI has no EMFILE.
        Fault::TooManyOpen => ErrorCode::InsufficientMemory,
    }
}
