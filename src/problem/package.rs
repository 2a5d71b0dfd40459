//! The files of a package, by path, from a folder or a .zip. Whoever made the package may mean harm: nothing outside it
//! is read, and everything that can grow has a bound.

use super::archive;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Files and folders of one package.
pub(super) const ENTRIES: usize = 20_000;
/// One file.
pub(super) const FILE_BYTES: u64 = 256 << 20;
/// All files of a package together, unpacked.
pub(super) const PACKAGE_BYTES: u64 = 1 << 30;
/// How deep folders lie in each other.
pub(super) const DEPTH: usize = 16;
/// Bytes of one path.
pub(super) const PATH_BYTES: usize = 512;

/// The parts of a problem package that mean something to us.
const PARTS: [&str; 8] =
    ["problem.yaml", ".timelimit", "domjudge-problem.ini", "data", "output_validators", "output_validator", "submissions", "problem.yml"];

/// What is wrong with a package, and where.
#[derive(Debug, thiserror::Error)]
#[error("`{place}` {what}")]
pub struct PackageFault {
    place: String,
    what: String,
}

impl PackageFault {
    pub fn new(place: impl Display, what: impl Display) -> Self {
        Self { place: place.to_string(), what: what.to_string() }
    }
}

/// The files of a program, by path.
pub type Files = BTreeMap<String, Bytes>;

#[derive(Debug)]
pub struct Package {
    /// What its folder or archive is called.
    pub name: String,
    files: BTreeMap<String, Content>,
}

#[derive(Debug)]
pub(super) enum Content {
    /// Below the package's folder; looked at when it was listed, read when it is needed.
    File(PathBuf),
    Unpacked(Bytes),
}

impl Package {
    pub(super) fn open(path: &Path) -> Result<Self, PackageFault> {
        let fault = |fault: std::io::Error| PackageFault::new(path.display(), format!("can't be read: {fault}"));
        let whole = path.canonicalize().map_err(fault)?;
        let name = whole.file_stem().and_then(|name| name.to_str()).unwrap_or("problem").to_owned();
        let files = if whole.is_dir() {
            let mut walk = Walk { root: &whole, files: BTreeMap::new(), entries: 0, bytes: 0 };
            if has_settings(|part| whole.join(part).is_file()) {
                for part in PARTS.iter().filter(|part| whole.join(part).symlink_metadata().is_ok()) {
                    walk.visit(&whole.join(part), part, 1)?;
                }
            } else {
                walk.below(&whole, "", 1)?;
            }
            walk.files
        } else {
            archive::read(File::open(&whole).map_err(fault)?, &path.display().to_string())?
        };
        Ok(Self { name, files })
    }

    /// A problem package, not a plain folder of cases.
    pub(super) fn is_problem(&self) -> bool {
        has_settings(|part| self.has(part)) || self.below("data").next().is_some()
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Paths below a folder, without the folder's own name, sorted.
    pub(super) fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        self.paths().filter_map(move |path| path.strip_prefix(folder)?.strip_prefix('/'))
    }

    pub fn read(&self, path: &str) -> Result<Bytes, PackageFault> {
        match self.files.get(path) {
            Some(Content::Unpacked(bytes)) => Ok(bytes.clone()),
            Some(Content::File(file)) => {
                let mut bytes = Vec::new();
                let read = File::open(file).and_then(|file| file.take(FILE_BYTES + 1).read_to_end(&mut bytes));
                read.map_err(|fault| PackageFault::new(path, format!("can't be read: {fault}")))?;
                check_size(path, bytes.len() as u64)?;
                Ok(bytes.into())
            }
            None => Err(PackageFault::new(path, "is not there")),
        }
    }

    pub(super) fn text(&self, path: &str) -> Result<Option<String>, PackageFault> {
        if !self.has(path) {
            return Ok(None);
        }
        let bytes = self.read(path)?;
        let text = str::from_utf8(&bytes).map_err(|_| PackageFault::new(path, "is not UTF-8"))?;
        Ok(Some(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()))
    }

    /// A program that lies in the package as one file or as a folder.
    pub fn program(&self, path: &str) -> Result<Files, PackageFault> {
        if self.has(path) {
            let name = path.rsplit('/').next().unwrap_or(path);
            return Ok(Files::from([(name.to_owned(), self.read(path)?)]));
        }
        self.below(path).map(|below| Ok((below.to_owned(), self.read(&format!("{path}/{below}"))?))).collect()
    }
}

impl Package {
    /// A submission from outside the package: a file or a folder, under the same bounds.
    pub fn submission(path: &Path) -> Result<Files, PackageFault> {
        let fault = |fault: std::io::Error| PackageFault::new(path.display(), format!("can't be read: {fault}"));
        let whole = path.canonicalize().map_err(fault)?;
        let mut files = BTreeMap::new();
        if whole.is_dir() {
            let mut walk = Walk { root: &whole, files: BTreeMap::new(), entries: 0, bytes: 0 };
            walk.below(&whole, "", 1)?;
            files = walk.files;
        } else {
            let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| PackageFault::new(path.display(), "is not UTF-8"))?;
            files.insert(name.to_owned(), Content::File(whole));
        }
        let package = Self { name: String::new(), files };
        package.paths().map(|path| Ok((path.to_owned(), package.read(path)?))).collect()
    }
}

pub(super) fn has_settings(has: impl Fn(&str) -> bool) -> bool {
    has("problem.yaml") || has("problem.yml") || has("domjudge-problem.ini")
}

pub(super) fn check_size(path: &str, bytes: u64) -> Result<(), PackageFault> {
    let too_large = || PackageFault::new(path, format!("is larger than {FILE_BYTES} bytes, the most that one file may have"));
    if bytes > FILE_BYTES { Err(too_large()) } else { Ok(()) }
}

pub(super) fn too_many(place: &str) -> PackageFault {
    PackageFault::new(place, format!("has more than {ENTRIES} files and folders"))
}

pub(super) fn too_big(place: &str) -> PackageFault {
    PackageFault::new(place, format!("has more than {PACKAGE_BYTES} bytes of files"))
}

/// Lists a folder. Links are followed where they stay in it: packages link `secret` cases to `sample` ones.
struct Walk<'a> {
    root: &'a Path,
    files: BTreeMap<String, Content>,
    entries: usize,
    bytes: u64,
}

impl Walk<'_> {
    fn below(&mut self, folder: &Path, name: &str, depth: usize) -> Result<(), PackageFault> {
        let fault = |fault: std::io::Error| PackageFault::new(folder.display(), format!("can't be read: {fault}"));
        for entry in std::fs::read_dir(folder).map_err(fault)? {
            let entry = entry.map_err(fault)?;
            let own = entry.file_name();
            let own = own.to_str().ok_or_else(|| PackageFault::new(entry.path().display(), "has a name that is not UTF-8"))?;
            // What version control and desktops leave behind.
            if !own.starts_with('.') {
                let below = if name.is_empty() { own.to_owned() } else { format!("{name}/{own}") };
                self.visit(&entry.path(), &below, depth)?;
            }
        }
        Ok(())
    }

    fn visit(&mut self, path: &Path, name: &str, depth: usize) -> Result<(), PackageFault> {
        self.entries += 1;
        if self.entries > ENTRIES {
            return Err(too_many(&self.root.display().to_string()));
        }
        if depth > DEPTH || name.len() > PATH_BYTES {
            return Err(PackageFault::new(
                path.display(),
                format!("lies too deep: at most {DEPTH} folders in each other, {PATH_BYTES} bytes of path"),
            ));
        }
        let whole = path.canonicalize().map_err(|fault| PackageFault::new(path.display(), format!("can't be read: {fault}")))?;
        if !whole.starts_with(self.root) {
            return Err(PackageFault::new(path.display(), "is a link that leads out of the package"));
        }
        let about = whole.metadata().map_err(|fault| PackageFault::new(path.display(), format!("can't be read: {fault}")))?;
        if about.is_dir() {
            return self.below(&whole, name, depth + 1);
        }
        if !about.is_file() {
            return Err(PackageFault::new(path.display(), "is neither a file nor a folder"));
        }
        check_size(name, about.len())?;
        self.bytes += about.len();
        if self.bytes > PACKAGE_BYTES {
            return Err(too_big(&self.root.display().to_string()));
        }
        self.files.insert(name.to_owned(), Content::File(whole));
        Ok(())
    }
}
