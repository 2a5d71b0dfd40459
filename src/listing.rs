//! What a workspace may hold, and what is told of it. Words: made by `workspace`, rendered by the doors.

use std::path::PathBuf;
use std::time::Duration;

/// The longest name.
pub const MAX_NAME: usize = 200;
#[derive(Clone, Debug)]
pub struct Bounds {
    pub folder: PathBuf,
    /// Of one owner.
    pub count: usize,
    pub owner_bytes: u64,
    /// Of all owners.
    pub total: usize,
    /// Of one workspace.
    pub bytes: u64,
    pub entries: usize,
    /// Where nobody says anything, and at most.
    pub ttl: Duration,
    pub most_ttl: Duration,
    /// Of all that cells keep for the next runs.
    pub kept_bytes: u64,
}

/// One entry of a folder.
#[derive(Debug)]
pub struct Listed {
    pub name: String,
    pub kind: Listing,
    pub size: u64,
    /// Since the epoch; folders have none.
    pub modified: Option<Duration>,
    pub executable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    File,
    Folder,
    Link,
}

/// What is known of one without looking into it.
#[derive(Debug)]
pub struct Summary {
    pub name: String,
    pub bytes: u64,
    pub entries: usize,
    pub ttl: Duration,
}

/// The beginning of a file, or all of it.
#[derive(Debug)]
pub struct Content {
    pub bytes: Vec<u8>,
    pub size: u64,
}
