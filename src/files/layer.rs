//! What a tree holds below `/box`, at rest: to begin another tree with, and to tell what a program has changed. Contents are
//! shared with the trees that have them, and copied by whoever writes. Called by `cell`; pure but for the trees' locks.

use super::tree::{BOX, Fault, Tree};
use super::{Files, PutError};
use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

/// A tree without its clock and limits: files, links and folders that are empty, in the order of a walk.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    leaves: Vec<(Box<str>, Leaf)>,
    bytes: u64,
}

#[derive(Clone, Debug)]
pub(super) enum Leaf {
    File { content: Arc<Vec<u8>>, modified: Duration },
    Folder,
    Link(Box<str>),
}

/// How a leaf differs from what an earlier layer has at its path.
#[derive(Debug, PartialEq, Eq)]
pub enum Change<'a> {
    Gone,
    File {
        content: &'a [u8],
        modified: Duration,
    },
    /// The same content, written anew.
    Touched {
        modified: Duration,
    },
    Folder,
    Link {
        target: &'a str,
    },
}

impl Layer {
    /// What it takes of memory, its names included.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn push(&mut self, path: &str, leaf: Leaf) {
        let size = match &leaf {
            Leaf::File { content, .. } => content.len(),
            Leaf::Folder => 0,
            Leaf::Link(target) => target.len(),
        };
        self.bytes += (size + path.len()) as u64 + size_of::<(Box<str>, Leaf)>() as u64;
        self.leaves.push((path.into(), leaf));
    }

    /// Tells each path at which this is not as `before`: first what is gone, then what is there.
    pub fn changes<'a>(&'a self, before: &'a Self, mut tell: impl FnMut(&'a str, Change<'a>)) {
        let pairs = || Pairs { old: &before.leaves, new: &self.leaves };
        for (path, old, new) in pairs() {
            if old.is_some() && new.is_none() {
                tell(path, Change::Gone);
            }
        }
        for (path, old, new) in pairs() {
            if let Some(change) = new.and_then(|new| change(old, new)) {
                tell(path, change);
            }
        }
    }
}

fn change<'a>(old: Option<&Leaf>, new: &'a Leaf) -> Option<Change<'a>> {
    match (old, new) {
        (Some(Leaf::File { content: old, modified: before }), Leaf::File { content, modified }) => {
            // Nobody has written where both are the same memory.
            match Arc::ptr_eq(old, content) || old == content {
                true => (before != modified).then_some(Change::Touched { modified: *modified }),
                false => Some(Change::File { content, modified: *modified }),
            }
        }
        (_, Leaf::File { content, modified }) => Some(Change::File { content, modified: *modified }),
        (Some(Leaf::Folder), Leaf::Folder) => None,
        (_, Leaf::Folder) => Some(Change::Folder),
        (Some(Leaf::Link(old)), Leaf::Link(target)) if old == target => None,
        (_, Leaf::Link(target)) => Some(Change::Link { target }),
    }
}

type Leaves<'a> = &'a [(Box<str>, Leaf)];

/// The leaves of two layers, side by side.
struct Pairs<'a> {
    old: Leaves<'a>,
    new: Leaves<'a>,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, Option<&'a Leaf>, Option<&'a Leaf>);

    fn next(&mut self) -> Option<Self::Item> {
        let order = match (self.old.first(), self.new.first()) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((old, _)), Some((new, _))) => by_walk(old, new),
        };
        let mut take = |from: fn(&mut Self) -> &mut Leaves<'a>| {
            let rest = from(self);
            let ((path, leaf), more) = rest.split_first()?;
            *rest = more;
            Some((&**path, leaf))
        };
        let old = if order == Ordering::Greater { None } else { take(|pairs| &mut pairs.old) };
        let new = if order == Ordering::Less { None } else { take(|pairs| &mut pairs.new) };
        let path = old.or(new)?.0;
        Some((path, old.map(|(_, leaf)| leaf), new.map(|(_, leaf)| leaf)))
    }
}

/// The order in which a walk comes by: folder by folder, each by name.
fn by_walk(one: &str, other: &str) -> Ordering {
    one.split('/').cmp(other.split('/'))
}

impl Files {
    /// What is there now.
    pub fn layer(&self) -> Layer {
        let mut layer = Layer::default();
        let mut tree = self.lock();
        tree.take_changed();
        tree.leaves(BOX, &mut String::new(), &mut layer);
        layer
    }

    /// What is there now; None where nothing has changed since the last layer was made.
    pub fn new_layer(&self) -> Option<Layer> {
        let is_changed = self.lock().take_changed();
        is_changed.then(|| self.layer())
    }

    /// Begins an empty tree with what an earlier one had.
    pub fn lay(&self, layer: &Layer) -> Result<(), PutError> {
        let mut tree = self.lock();
        layer.leaves.iter().try_for_each(|(path, leaf)| lay_leaf(&mut tree, path, leaf))
    }

    pub fn put_folder(&self, path: &str) -> Result<(), PutError> {
        lay_leaf(&mut self.lock(), path, &Leaf::Folder)
    }

    pub fn put_link(&self, path: &str, target: &str) -> Result<(), PutError> {
        match lay_leaf(&mut self.lock(), path, &Leaf::Link(target.into())) {
            // It leads to what only a container has: there is nothing that it could mean here.
            Err(PutError::Outside) => Ok(()),
            done => done,
        }
    }

    /// Takes a leaf away; a folder that becomes empty by that goes too, as nobody has asked for it.
    pub fn remove(&self, path: &str) -> Result<(), PutError> {
        let mut tree = self.lock();
        match tree.unlink(BOX, path) {
            Err(Fault::IsDirectory) => tree.remove_directory(BOX, path)?,
            done => done?,
        }
        let mut path = path;
        while let Some((folder, _)) = path.rsplit_once('/') {
            match tree.remove_directory(BOX, folder) {
                Err(Fault::NotEmpty) => break,
                done => done?,
            }
            path = folder;
        }
        Ok(())
    }
}

fn lay_leaf(tree: &mut Tree, path: &str, leaf: &Leaf) -> Result<(), PutError> {
    let (at, name) = super::enter(tree, path)?;
    match leaf {
        Leaf::File { content, modified } => tree.put_shared(at, name, content.clone(), *modified)?,
        Leaf::Folder => drop(super::enter_directory(tree, at, name)?),
        Leaf::Link(target) => tree.make_symlink(at, name, target)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Budget, FileLimits};
    use super::*;

    fn files() -> Files {
        Files::new(FileLimits { bytes: 10_000, count: 100 }, None, Arc::new(Budget::new(1 << 20)))
    }

    fn told(now: &Files, before: &Layer) -> Vec<String> {
        let (mut all, now) = (Vec::new(), now.layer());
        now.changes(before, |path, change| {
            all.push(match change {
                Change::Gone => format!("-{path}"),
                Change::File { content, .. } => format!("+{path}={}", String::from_utf8_lossy(content)),
                Change::Touched { .. } => format!("~{path}"),
                Change::Folder => format!("+{path}/"),
                Change::Link { target } => format!("+{path}->{target}"),
            });
        });
        all
    }

    #[test]
    fn what_is_changed_and_nothing_else() {
        let files = files();
        for path in ["a", "a.b", "a-b/x", "d/e/f", "d/g"] {
            files.put(path, path.as_bytes(), false, None).unwrap();
        }
        files.put_folder("empty").unwrap();
        files.put_link("link", "a").unwrap();
        let before = files.layer();
        assert_eq!(told(&files, &before), Vec::<String>::new());
        let copy = self::files();
        copy.lay(&before).unwrap();
        assert_eq!(told(&copy, &before), Vec::<String>::new());
        assert_eq!(copy.used(), files.used());
        assert_eq!((copy.read("/box/a"), copy.new_layer().is_none()), (Some(b"a".to_vec()), true));
        copy.put_folder("later").unwrap();
        assert!(copy.new_layer().is_some());
        copy.remove("later").unwrap();
        copy.put("a", b"a", false, None).unwrap();
        copy.put("d/g", b"other", false, None).unwrap();
        copy.put("empty/now", b"", false, None).unwrap();
        copy.remove("d/e/f").unwrap();
        copy.remove("link").unwrap();
        copy.put_folder("d/new").unwrap();
        assert_eq!(told(&copy, &before), ["-d/e/f", "-empty", "-link", "~a", "+d/g=other", "+d/new/", "+empty/now="]);
        // Nobody else sees what one tree writes.
        assert_eq!(files.read("/box/d/g"), Some(b"d/g".to_vec()));
        assert_eq!(told(&files, &before), Vec::<String>::new());
    }

    #[test]
    fn a_file_in_place_of_a_folder() {
        let files = files();
        files.put("x/y", b"1", false, None).unwrap();
        let before = files.layer();
        files.remove("x/y").unwrap();
        files.put("x", b"2", false, None).unwrap();
        assert_eq!(told(&files, &before), ["-x/y", "+x=2"]);
        let before = files.layer();
        files.remove("x").unwrap();
        files.put("x/y", b"3", false, None).unwrap();
        assert_eq!(told(&files, &before), ["-x", "+x/y=3"]);
    }

    #[test]
    fn times_come_along() {
        let files = files();
        let time = Some(Duration::from_nanos(1_234_567_891));
        files.put("f", b"1", false, time).unwrap();
        files.put("f", b"2", true, time).unwrap();
        let before = files.layer();
        let copy = self::files();
        copy.lay(&before).unwrap();
        assert_eq!(told(&copy, &before), Vec::<String>::new());
        assert_eq!(copy.read("/box/f"), Some(b"12".to_vec()));
    }
}
