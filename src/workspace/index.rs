//! What a workspace holds, as a list of paths: files with the place of their content, links, and folders with nothing in
//! them. Pure; called by `journal` with what clients send and what programs leave. Copies share their texts: a turn
//! works on a copy, which counts when it is on disk.

use crate::job::{About, JobPath};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    entries: BTreeMap<Arc<str>, Entry>,
    /// Of all files and links.
    bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// `at` is where its content begins in the journal.
    File {
        at: u64,
        size: u64,
        about: About,
    },
    Folder,
    Link(Arc<str>),
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

/// Paths that had something which is not there any more.
pub(super) type Gone = Vec<String>;

impl Index {
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(path, entry)| (&**path, entry))
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
        let inside = self.entries.range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded));
        inside.map_while(move |(path, entry)| path.strip_prefix(prefix.as_str()).map(|rest| (rest, entry)))
    }

    /// In place of whatever was there.
    pub(super) fn put(&mut self, path: &JobPath, entry: Entry, gone: &mut Gone) {
        let path = path.as_str();
        // A file in the way of a folder goes, and so does the note of an empty folder that is not empty any more.
        let mut folder = path;
        while let Some((parent, _)) = folder.rsplit_once('/') {
            self.take(parent, gone);
            folder = parent;
        }
        let is_in_use = entry == Entry::Folder && self.below(path).next().is_some();
        if is_in_use {
            return;
        }
        self.remove_path(path, gone);
        self.bytes += entry.size();
        self.entries.insert(path.into(), entry);
    }

    /// Takes away what is at a path and below it; whether there was anything.
    pub(super) fn remove(&mut self, path: &JobPath, gone: &mut Gone) -> bool {
        self.remove_path(path.as_str(), gone)
    }

    /// Takes away what is at a path, and nothing below it.
    pub(super) fn forget(&mut self, path: &JobPath, gone: &mut Gone) {
        self.take(path.as_str(), gone);
    }

    /// Whether there is a file or a link.
    pub(super) fn has_leaf(&self, path: &str) -> bool {
        matches!(self.find(path), Some(Entry::File { .. } | Entry::Link(_)))
    }

    pub(super) fn is_executable(&self, path: &JobPath) -> bool {
        matches!(self.find(path.as_str()), Some(Entry::File { about, .. }) if about.executable)
    }

    fn remove_path(&mut self, path: &str, gone: &mut Gone) -> bool {
        let below = self.below(path).map(|(rest, _)| format!("{path}/{rest}"));
        let paths: Vec<String> = self.find(path).map(|_| path.to_owned()).into_iter().chain(below).collect();
        paths.iter().for_each(|path| self.take(path, gone));
        !paths.is_empty()
    }

    fn take(&mut self, path: &str, gone: &mut Gone) {
        let Some((path, entry)) = self.entries.remove_entry(path) else { return };
        self.bytes -= entry.size();
        gone.push(path.to_string());
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

    fn file(size: u64) -> Entry {
        Entry::File { at: 0, size, about: About { modified: Duration::ZERO, executable: false } }
    }

    fn path(text: &str) -> JobPath {
        JobPath::parse(text).unwrap()
    }

    fn paths(index: &Index) -> Vec<&str> {
        index.entries().map(|(path, _)| path).collect()
    }

    #[test]
    fn what_is_new_replaces_what_is_in_its_way() {
        let (mut index, mut gone) = (Index::default(), Vec::new());
        for name in ["a", "a.b", "d/e/f", "d/g", "d0"] {
            index.put(&path(name), file(10), &mut gone);
        }
        assert_eq!((index.bytes(), gone.len()), (50, 0));
        assert!(index.is_folder("d") && index.is_folder("d/e") && !index.is_folder("a"));
        index.put(&path("a/x"), file(1), &mut gone);
        assert_eq!((paths(&index), gone.as_slice()), (vec!["a.b", "a/x", "d/e/f", "d/g", "d0"], &["a".to_owned()][..]));
        index.put(&path("d"), file(2), &mut gone);
        assert_eq!((paths(&index), index.bytes()), (vec!["a.b", "a/x", "d", "d0"], 23));
        assert_eq!(gone, ["a", "d/e/f", "d/g"]);
    }

    #[test]
    fn empty_folders_are_kept_until_they_hold_something() {
        let (mut index, mut gone) = (Index::default(), Vec::new());
        index.put(&path("d/e"), Entry::Folder, &mut gone);
        assert!(index.is_folder("d") && index.is_folder("d/e"));
        index.put(&path("d/e/f"), file(1), &mut gone);
        index.put(&path("d/e"), Entry::Folder, &mut gone);
        assert_eq!(paths(&index), ["d/e/f"]);
        assert!(index.remove(&path("d"), &mut gone) && !index.remove(&path("d"), &mut gone));
        assert_eq!((index.len(), index.bytes()), (0, 0));
    }

    #[test]
    fn below_is_below() {
        let (mut index, mut gone) = (Index::default(), Vec::new());
        for name in ["d/a", "d/b/c", "d-", "d0"] {
            index.put(&path(name), file(1), &mut gone);
        }
        assert_eq!(index.below("d").map(|(rest, _)| rest).collect::<Vec<_>>(), ["a", "b/c"]);
        assert_eq!(index.below("").count(), 4);
        gone.clear();
        index.remove(&path("d"), &mut gone);
        assert_eq!(gone, ["d/a", "d/b/c"]);
    }
}
