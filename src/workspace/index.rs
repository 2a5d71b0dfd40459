//! What a workspace holds, as a list of paths: files with the number of their blob, links, and folders with nothing in
//! them. Pure; called by `workspace` with what clients send and what programs leave.

use crate::job::{About, JobPath};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Index {
    entries: BTreeMap<String, Entry>,
    next_blob: u64,
    /// Of all files and links.
    bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Entry {
    File { blob: u64, size: u64, about: About },
    Folder,
    Link(String),
}

impl Entry {
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::File { size, .. } => *size,
            Self::Folder => 0,
            Self::Link(target) => target.len() as u64,
        }
    }
}

/// What a change has taken away: blobs that nobody needs when the index is written, and the paths that had them, or
/// links or empty folders.
#[derive(Debug, Default)]
pub(super) struct Dropped {
    pub(super) blobs: Vec<u64>,
    pub(super) paths: Vec<String>,
}

impl Index {
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(path, entry)| (path.as_str(), entry))
    }

    pub(super) fn find(&self, path: &str) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// Whether there is something below this path, or an empty folder at it.
    pub(super) fn is_folder(&self, path: &str) -> bool {
        path.is_empty() || matches!(self.find(path), Some(Entry::Folder)) || self.below(path).next().is_some()
    }

    /// Everything below a folder, with the path from there.
    pub(super) fn below<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, &'a Entry)> + use<'a> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let inside = self.entries.range(prefix.clone()..);
        inside.map_while(move |(path, entry)| path.strip_prefix(prefix.as_str()).map(|rest| (rest, entry)))
    }

    /// A file, in place of whatever was there; gives the number of the blob that is to hold it.
    pub(super) fn put_file(&mut self, path: &JobPath, size: u64, about: About, dropped: &mut Dropped) -> u64 {
        let blob = self.next_blob;
        self.next_blob += 1;
        self.put(path, Entry::File { blob, size, about }, dropped);
        blob
    }

    pub(super) fn put(&mut self, path: &JobPath, entry: Entry, dropped: &mut Dropped) {
        let path = path.as_str();
        // A file in the way of a folder goes, and so does the note of an empty folder that is not empty any more.
        let mut folder = path;
        while let Some((parent, _)) = folder.rsplit_once('/') {
            self.take(parent, dropped);
            folder = parent;
        }
        let is_in_use = entry == Entry::Folder && self.below(path).next().is_some();
        if is_in_use {
            return;
        }
        self.remove_path(path, dropped);
        self.bytes += entry.size();
        self.entries.insert(path.to_owned(), entry);
    }

    /// Takes away what is at a path and below it; whether there was anything.
    pub(super) fn remove(&mut self, path: &JobPath, dropped: &mut Dropped) -> bool {
        self.remove_path(path.as_str(), dropped)
    }

    /// Takes away what is at a path, and nothing below it.
    pub(super) fn forget(&mut self, path: &JobPath, dropped: &mut Dropped) {
        self.take(path.as_str(), dropped);
    }

    pub(super) fn is_executable(&self, path: &JobPath) -> bool {
        matches!(self.find(path.as_str()), Some(Entry::File { about, .. }) if about.executable)
    }

    fn remove_path(&mut self, path: &str, dropped: &mut Dropped) -> bool {
        let below = self.below(path).map(|(rest, _)| format!("{path}/{rest}"));
        let paths: Vec<String> = self.find(path).map(|_| path.to_owned()).into_iter().chain(below).collect();
        paths.iter().for_each(|path| self.take(path, dropped));
        !paths.is_empty()
    }

    fn take(&mut self, path: &str, dropped: &mut Dropped) {
        let Some((path, entry)) = self.entries.remove_entry(path) else { return };
        self.bytes -= entry.size();
        if let Entry::File { blob, .. } = entry {
            dropped.blobs.push(blob);
        }
        dropped.paths.push(path);
    }

    /// The same content, written anew.
    pub(super) fn touch(&mut self, path: &str, now: About) {
        if let Some(Entry::File { about, .. }) = self.entries.get_mut(path) {
            *about = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const ABOUT: About = About { modified: Duration::ZERO, executable: false };

    fn path(text: &str) -> JobPath {
        JobPath::parse(text).unwrap()
    }

    fn paths(index: &Index) -> Vec<&str> {
        index.entries().map(|(path, _)| path).collect()
    }

    #[test]
    fn what_is_new_replaces_what_is_in_its_way() {
        let (mut index, mut dropped) = (Index::default(), Dropped::default());
        for name in ["a", "a.b", "d/e/f", "d/g", "d0"] {
            index.put_file(&path(name), 10, ABOUT, &mut dropped);
        }
        assert_eq!((index.bytes(), dropped.paths.len()), (50, 0));
        assert!(index.is_folder("d") && index.is_folder("d/e") && !index.is_folder("a"));
        index.put_file(&path("a/x"), 1, ABOUT, &mut dropped);
        assert_eq!((paths(&index), dropped.blobs.as_slice()), (vec!["a.b", "a/x", "d/e/f", "d/g", "d0"], &[0][..]));
        index.put_file(&path("d"), 2, ABOUT, &mut dropped);
        assert_eq!((paths(&index), index.bytes()), (vec!["a.b", "a/x", "d", "d0"], 23));
        assert_eq!(dropped.blobs, [0, 2, 3]);
        assert_eq!(dropped.paths, ["a", "d/e/f", "d/g"]);
    }

    #[test]
    fn empty_folders_are_kept_until_they_hold_something() {
        let (mut index, mut dropped) = (Index::default(), Dropped::default());
        index.put(&path("d/e"), Entry::Folder, &mut dropped);
        assert!(index.is_folder("d") && index.is_folder("d/e"));
        index.put_file(&path("d/e/f"), 1, ABOUT, &mut dropped);
        index.put(&path("d/e"), Entry::Folder, &mut dropped);
        assert_eq!(paths(&index), ["d/e/f"]);
        assert!(index.remove(&path("d"), &mut dropped) && !index.remove(&path("d"), &mut dropped));
        assert_eq!((index.len(), index.bytes()), (0, 0));
    }

    #[test]
    fn below_is_below() {
        let (mut index, mut dropped) = (Index::default(), Dropped::default());
        for name in ["d/a", "d/b/c", "d-", "d0"] {
            index.put_file(&path(name), 1, ABOUT, &mut dropped);
        }
        assert_eq!(index.below("d").map(|(rest, _)| rest).collect::<Vec<_>>(), ["a", "b/c"]);
        assert_eq!(index.below("").count(), 4);
        dropped.paths.clear();
        index.remove(&path("d"), &mut dropped);
        assert_eq!(dropped.paths, ["d/a", "d/b/c"]);
    }
}
