//! A package as a .zip, unpacked into memory. What its headers claim is not believed: names are checked, bytes counted as
//! they come.

use super::package::{Content, DEPTH, ENTRIES, FILE_BYTES, PACKAGE_BYTES, PATH_BYTES, PackageFault, check_size};
use super::package::{too_big, too_many};
use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use zip::ZipArchive;

/// How much larger than packed a file above `SMALL` may be: test data that a person made stays far below.
const RATIO: u64 = 500;
const SMALL: u64 = 16 << 20;
/// A record of the archive's directory: its first bytes, and how long it is before its name.
const RECORD: [u8; 4] = [b'P', b'K', 1, 2];
const RECORD_BYTES: usize = 46;

pub(super) fn read(mut file: File, place: &str) -> Result<BTreeMap<String, Content>, PackageFault> {
    let no_archive = |fault: &dyn std::fmt::Display| PackageFault::new(place, format!("is neither a folder nor a readable .zip: {fault}"));
    let clone = file.try_clone().map_err(|fault| no_archive(&fault))?;
    let mut archive = ZipArchive::new(BufReader::new(clone)).map_err(|fault| no_archive(&fault))?;
    if archive.len() > ENTRIES {
        return Err(too_many(place));
    }
    check_names(&mut file, archive.central_directory_start(), place)?;
    let mut unpacked = BTreeMap::new();
    let mut total = 0;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|fault| no_archive(&fault))?;
        let name = entry.name().map_err(|fault| no_archive(&fault))?.into_owned();
        // Again: a record may give its name a second time, in other words.
        check_name(&name)?;
        if entry.is_symlink() {
            return Err(PackageFault::new(name, "is a link; an archive's links are not followed"));
        }
        if entry.is_dir() || is_left_behind(&name) {
            continue;
        }
        let most = FILE_BYTES.min(entry.compressed_size().saturating_mul(RATIO).max(SMALL)).min(PACKAGE_BYTES - total);
        let mut bytes = Vec::new();
        entry.take(most + 1).read_to_end(&mut bytes).map_err(|fault| PackageFault::new(&name, format!("can't be unpacked: {fault}")))?;
        let size = bytes.len() as u64;
        check_size(&name, size)?;
        total += size;
        if total > PACKAGE_BYTES {
            return Err(too_big(place));
        }
        if size > most {
            return Err(PackageFault::new(name, format!("is more than {RATIO} times as large as it is packed")));
        }
        if unpacked.insert(name.clone(), Content::Unpacked(bytes.into())).is_some() {
            return Err(PackageFault::new(name, "is there twice"));
        }
    }
    Ok(without_outer_folder(unpacked))
}

/// Every name of the directory as it stands there: reading by name would let the last of two win.
fn check_names(file: &mut File, start: u64, place: &str) -> Result<(), PackageFault> {
    let broken = |fault: std::io::Error| PackageFault::new(place, format!("has a broken directory: {fault}"));
    file.seek(SeekFrom::Start(start)).map_err(broken)?;
    let mut directory = BufReader::new(file);
    let mut seen = HashSet::new();
    let mut record = [0; RECORD_BYTES];
    while directory.read_exact(&mut record).is_ok() && record.starts_with(&RECORD) {
        let length = |at: usize| usize::from(u16::from_le_bytes([record[at], record[at + 1]]));
        let mut name = vec![0; length(28)];
        directory.read_exact(&mut name).map_err(broken)?;
        directory.seek_relative(i64::try_from(length(30) + length(32)).unwrap_or(i64::MAX)).map_err(broken)?;
        let name = String::from_utf8(name).map_err(|_| PackageFault::new(place, "holds a name that is not UTF-8"))?;
        check_name(&name)?;
        if seen.len() > ENTRIES {
            return Err(too_many(place));
        }
        if let Some(name) = seen.replace(name.trim_end_matches('/').to_owned()) {
            return Err(PackageFault::new(name, "is there twice"));
        }
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), PackageFault> {
    let path = name.strip_suffix('/').unwrap_or(name);
    let bad = path.is_empty()
        || path.len() > PATH_BYTES
        || path.contains(['\\', '\0'])
        || path.split('/').count() > DEPTH
        || path.split('/').any(|part| matches!(part, "" | "." | ".."))
        || path.split('/').next().is_some_and(|first| first.ends_with(':'));
    let what = format!("is no path within a package: relative, without `..` and `\\`, at most {DEPTH} parts and {PATH_BYTES} bytes");
    if bad { Err(PackageFault::new(name.escape_debug(), what)) } else { Ok(()) }
}

/// What desktops put into archives.
fn is_left_behind(name: &str) -> bool {
    name.split('/').any(|part| part == "__MACOSX" || (part.starts_with('.') && part != ".timelimit"))
}

/// An archive of `problem/…` is as good as one of what is in it.
fn without_outer_folder(files: BTreeMap<String, Content>) -> BTreeMap<String, Content> {
    let outer = files.keys().next().and_then(|name| name.split_once('/')).map(|(folder, _)| format!("{folder}/"));
    let is_outer = |outer: &String| outer != "data/" && files.keys().all(|name| name.starts_with(outer));
    let Some(outer) = outer.filter(is_outer) else { return files };
    files.into_iter().map(|(name, content)| (name[outer.len()..].to_owned(), content)).collect()
}
