//! The folder of all workspaces: a journal for each, under a made-up name. Called by `workspace`; blocks.

use super::index::Entry;
use super::journal::{self, Draft, Head, State};
use crate::job::{JobPath, Placing};
use bytes::Bytes;
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const LOCK: &str = "lock";
/// A journal that is being rewritten.
const NEW: &str = ".new";

pub(super) struct Store {
    root: PathBuf,
    /// Held as long as this lives.
    _lock: File,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    #[error("`{}` is in use by another server", .0.display())]
    InUse(PathBuf),
    #[error("`{}`: {fault}", path.display())]
    Io { path: PathBuf, fault: std::io::Error },
    #[error("`{}` can't be read", .0.display())]
    Malformed(PathBuf),
}

fn at<T>(path: &Path, result: std::io::Result<T>) -> Result<T, StoreFault> {
    result.map_err(|fault| StoreFault::Io { path: path.to_owned(), fault })
}

/// One that was found at the start.
pub(super) struct Found {
    pub(super) id: String,
    pub(super) head: Head,
    pub(super) used: SystemTime,
    /// On disk.
    pub(super) bytes: u64,
}

impl Store {
    /// One process at a time; `waits` for its turn where somebody has it.
    pub(super) fn open(root: PathBuf, waits: bool) -> Result<Self, StoreFault> {
        at(&root, std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&root))?;
        let path = root.join(LOCK);
        let lock = at(&path, File::options().create(true).truncate(false).write(true).open(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if waits => at(&path, lock.lock())?,
            Err(TryLockError::WouldBlock) => return Err(StoreFault::InUse(root)),
            Err(TryLockError::Error(fault)) => return Err(StoreFault::Io { path, fault }),
        }
        Ok(Self { root, _lock: lock })
    }

    /// All of them. What can't be read is left behind by a crash, and removed.
    pub(super) fn all(&self) -> Result<Vec<Found>, StoreFault> {
        let mut all = Vec::new();
        for file in at(&self.root, std::fs::read_dir(&self.root))? {
            let Ok(id) = at(&self.root, file)?.file_name().into_string() else { continue };
            if id == LOCK {
                continue;
            }
            match self.found(&id) {
                Ok(found) if !id.ends_with(NEW) => all.push(found),
                Ok(_) => self.remove(&id)?,
                Err(fault) => {
                    tracing::warn!("a workspace is given up: {fault}");
                    self.remove(&id)?;
                }
            }
        }
        Ok(all)
    }

    fn found(&self, id: &str) -> Result<Found, StoreFault> {
        let path = self.path(id);
        let file = at(&path, File::open(&path))?;
        let data = at(&path, file.metadata())?;
        let head = journal::head(&path, &file)?;
        Ok(Found { id: id.to_owned(), head, used: at(&path, data.modified())?, bytes: data.len() })
    }

    pub(super) fn create(&self, id: &str, draft: Draft) -> Result<State, StoreFault> {
        let path = self.path(id);
        let file = at(&path, File::options().create_new(true).write(true).mode(0o600).open(&path))?;
        draft.append(&path, &file)
    }

    pub(super) fn state(&self, id: &str) -> Result<State, StoreFault> {
        let path = self.path(id);
        journal::state(&path, &at(&path, File::open(&path))?)
    }

    pub(super) fn append(&self, id: &str, draft: Draft) -> Result<State, StoreFault> {
        let path = self.path(id);
        let file = at(&path, File::options().write(true).open(&path))?;
        let state = draft.append(&path, &file)?;
        if state.is_wasteful() { self.rewrite(id, &state) } else { Ok(state) }
    }

    /// Only what counts, in a new file that takes the place of the old one at once.
    fn rewrite(&self, id: &str, state: &State) -> Result<State, StoreFault> {
        let path = self.path(id);
        let file = at(&path, File::open(&path))?;
        let mut draft = Draft::new(&journal::head(&path, &file)?);
        let contents = journal::contents(&path, &file, state.length)?;
        for (name, entry) in state.index.entries() {
            let name = JobPath::parse(name).map_err(|_| StoreFault::Malformed(path.clone()))?;
            match entry {
                Entry::File { at, size, about } => draft.file(&name, &content(&path, &contents, *at, *size)?, *about),
                Entry::Folder => draft.folder(&name),
                Entry::Link(target) => draft.link(&name, target),
            }
        }
        let new = format!("{id}{NEW}");
        let _ = self.remove(&new);
        let state = self.create(&new, draft)?;
        at(&path, std::fs::rename(self.path(&new), &path))?;
        Ok(state)
    }

    /// Everything that there is, read at once.
    pub(super) fn everything(&self, id: &str, state: &State) -> Result<Vec<(JobPath, Whole)>, StoreFault> {
        let path = self.path(id);
        let file = at(&path, File::open(&path))?;
        let contents = journal::contents(&path, &file, state.length)?;
        let mut all = Vec::with_capacity(state.index.len());
        for (name, entry) in state.index.entries() {
            let name = JobPath::parse(name).map_err(|_| StoreFault::Malformed(path.clone()))?;
            let whole = match entry {
                Entry::File { at, size, about } => Whole::File(content(&path, &contents, *at, *size)?, *about),
                Entry::Folder => Whole::Place(Placing::Folder),
                Entry::Link(target) => Whole::Place(Placing::Link(target.to_string())),
            };
            all.push((name, whole));
        }
        Ok(all)
    }

    /// A file's first bytes, and its size; from one state of the journal, whoever appends or rewrites meanwhile.
    pub(super) fn read(&self, id: &str, name: &str, most: u64) -> Result<(State, Option<Vec<u8>>), StoreFault> {
        let path = self.path(id);
        let file = at(&path, File::open(&path))?;
        let state = journal::state(&path, &file)?;
        let bytes = match state.index.find(name) {
            Some(Entry::File { at, size, .. }) => Some(journal::part(&path, &file, *at, (*size).min(most))?),
            Some(Entry::Folder | Entry::Link(_)) | None => None,
        };
        Ok((state, bytes))
    }

    /// It is used now.
    pub(super) fn touch(&self, id: &str) -> Result<(), StoreFault> {
        let path = self.path(id);
        at(&path, File::options().write(true).open(&path).and_then(|file| file.set_modified(SystemTime::now())))
    }

    pub(super) fn remove(&self, id: &str) -> Result<(), StoreFault> {
        let path = self.path(id);
        match std::fs::remove_file(&path) {
            Err(fault) if fault.kind() == ErrorKind::NotFound => Ok(()),
            done => at(&path, done),
        }
    }

    fn path(&self, id: &str) -> PathBuf {
        self.root.join(id)
    }
}

/// An entry with all that it is.
pub(super) enum Whole {
    File(Bytes, crate::job::About),
    Place(Placing),
}

fn content(path: &Path, contents: &Bytes, at: u64, size: u64) -> Result<Bytes, StoreFault> {
    let range = usize::try_from(at).ok().zip(usize::try_from(at + size).ok()).filter(|(_, end)| *end <= contents.len());
    range.map(|(at, end)| contents.slice(at..end)).ok_or_else(|| StoreFault::Malformed(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::About;
    use std::time::Duration;

    struct Scratch(PathBuf);

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn store(name: &str) -> (Scratch, Store) {
        let root = std::env::temp_dir().join(format!("runnel-store-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        (Scratch(root.clone()), Store::open(root, false).unwrap())
    }

    fn path(text: &str) -> JobPath {
        JobPath::parse(text).unwrap()
    }

    const ABOUT: About = About { modified: Duration::from_nanos(123_456_789), executable: true };

    fn begun(store: &Store) -> State {
        let mut draft = Draft::new(&Head::new("me".to_owned(), "mine".to_owned(), Duration::from_secs(9)));
        draft.file(&path("d/a"), b"one", ABOUT);
        draft.folder(&path("e"));
        draft.link(&path("l"), "d/a");
        store.create("x", draft).unwrap()
    }

    fn texts(store: &Store, state: &State) -> Vec<String> {
        let all = store.everything("x", state).unwrap().into_iter().map(|(path, whole)| match whole {
            Whole::File(content, _) => format!("{}={}", path.as_str(), String::from_utf8(content.to_vec()).unwrap()),
            Whole::Place(placing) => format!("{} {placing:?}", path.as_str()),
        });
        all.collect()
    }

    #[test]
    fn what_is_appended_is_read_again() {
        let (_scratch, store) = store("append");
        let state = begun(&store);
        let mut draft = Draft::of(&state);
        draft.file(&path("d/b"), b"two", ABOUT);
        draft.file(&path("d/a"), b"three", ABOUT);
        assert!(draft.remove(&path("e")) && !draft.remove(&path("e")));
        draft.touch(&path("d/b"), About { executable: false, ..ABOUT });
        assert_eq!(draft.gone, ["d/a", "e"]);
        let state = store.append("x", draft).unwrap();
        let again = store.state("x").unwrap();
        assert_eq!((&again.index, again.length), (&state.index, state.length));
        assert_eq!(texts(&store, &again), ["d/a=three", "d/b=two", "l Link(\"d/a\")"]);
        assert_eq!(store.read("x", "d/a", 2).unwrap().1, Some(b"th".to_vec()));
        let found = store.all().unwrap();
        assert_eq!((found.len(), found[0].head.name.as_str()), (1, "mine"));
    }

    #[test]
    fn what_is_cut_off_never_was() {
        let (scratch, store) = store("cut");
        let before = begun(&store);
        let mut draft = Draft::of(&before);
        draft.file(&path("new"), b"content", ABOUT);
        let after = store.append("x", draft).unwrap();
        let whole = std::fs::read(scratch.0.join("x")).unwrap();
        for length in before.length..after.length {
            std::fs::write(scratch.0.join("x"), &whole[..usize::try_from(length).unwrap()]).unwrap();
            let state = store.state("x").unwrap();
            assert_eq!((&state.index, state.length), (&before.index, before.length), "{length}");
            // What comes next takes its place.
            let mut draft = Draft::of(&state);
            draft.file(&path("new"), b"c", ABOUT);
            store.append("x", draft).unwrap();
            assert_eq!(store.read("x", "new", 9).unwrap().1, Some(b"c".to_vec()));
        }
    }

    #[test]
    fn waste_is_given_back() {
        let (scratch, store) = store("waste");
        let mut state = begun(&store);
        for turn in 0..50 {
            let mut draft = Draft::of(&state);
            draft.file(&path("big"), &vec![turn; 100_000], ABOUT);
            state = store.append("x", draft).unwrap();
            assert!(std::fs::metadata(scratch.0.join("x")).unwrap().len() < 1_500_000);
        }
        assert_eq!(store.read("x", "big", 3).unwrap().1, Some(vec![49; 3]));
        assert_eq!(store.state("x").unwrap().index, state.index);
        assert_eq!(texts(&store, &state)[1..], ["d/a=one", "e Folder", "l Link(\"d/a\")"]);
    }

    #[test]
    fn one_process_at_a_time_and_nothing_broken_stays() {
        let (scratch, store) = store("lock");
        assert!(matches!(Store::open(scratch.0.clone(), false), Err(StoreFault::InUse(_))));
        begun(&store);
        std::fs::write(scratch.0.join("broken"), b"no journal").unwrap();
        std::fs::copy(scratch.0.join("x"), scratch.0.join("x.new")).unwrap();
        assert_eq!(store.all().unwrap().len(), 1);
        assert_eq!(std::fs::read_dir(&scratch.0).unwrap().count(), 2);
    }
}
