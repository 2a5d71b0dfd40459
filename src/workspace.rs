//! Workspaces: named folders that live between runs and connections. Knows who owns which, lets their runs in one after
//! the other, closes, reaps and bounds them. Called by the doors for what clients ask, and by the runner for runs
//! in one. Nobody learns of another owner's: a name that is not one's own is unknown.

mod index;
mod journal;
mod keeping;
mod store;
mod turn;

use crate::chance;
use crate::job::{About, JobFile, JobPath, Owner};
use crate::listing::{Bounds, Content, Listed, Listing, Summary};
use crate::lock::lock;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use index::Entry;
use journal::{Draft, Head, State};
use keeping::Keeping;
use std::collections::{HashMap, hash_map};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use store::Store;
pub use store::StoreFault;
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;
pub use turn::{Begun, Left, Turn};

/// How long a closing one waits for its run to be gone.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of chance in a name that is made up.
const CHANCE: usize = 16;

/// By owner and name.
type Table = HashMap<String, HashMap<String, Arc<Workspace>>>;

pub struct Workspaces {
    bounds: Bounds,
    /// None, and why, where there is no place for them.
    store: Result<Store, String>,
    table: Mutex<Table>,
    keeping: Keeping,
}

pub(crate) struct Workspace {
    id: String,
    owner: String,
    name: String,
    ttl: Duration,
    used: Mutex<SystemTime>,
    /// On disk.
    bytes: AtomicU64,
    /// One run at a time has it, in the order in which they came.
    inside: Arc<tokio::sync::Mutex<Inside>>,
    /// Runs that have it or wait for it.
    runs: Mutex<Runs>,
}

#[derive(Default)]
struct Runs {
    live: HashMap<u64, CancellationToken>,
    next: u64,
    /// Nobody may come in any more.
    closed: bool,
}

/// What only the one who has the turn may touch.
#[derive(Default)]
struct Inside {
    /// What is on disk; None where nobody has needed it lately.
    state: Option<State>,
}

#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("there is no workspace `{0}`")]
    Unknown(String),
    #[error("there is a workspace `{0}` already")]
    Exists(String),
    #[error("`{0}` is not in the workspace")]
    NoFile(String),
    #[error("`{path}` is {what}, not a file")]
    NotAFile { path: String, what: &'static str },
    #[error("{what}: {given} are asked for, the most allowed is {limit}")]
    TooMuch { what: &'static str, limit: u64, given: u64 },
    #[error("there is no place for workspaces: {0}")]
    NoPlace(String),
    #[error(transparent)]
    Store(#[from] StoreFault),
}

impl Fault {
    /// Not the client's.
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::NoPlace(_) | Self::Store(_))
    }
}

impl Workspaces {
    /// With those that are left from before. `waits` where another process may have the place for a moment.
    pub fn new(bounds: Bounds, waits: bool) -> Arc<Self> {
        let store = Store::open(bounds.folder.clone(), waits);
        if let Err(fault) = &store {
            tracing::warn!("no workspaces: {fault}; `workspaces.folder` names another place");
        }
        let keeping = Keeping::new(bounds.kept_bytes);
        let all = Self { bounds, store: store.map_err(|fault| fault.to_string()), table: Mutex::default(), keeping };
        if let Err(fault) = all.recover() {
            tracing::warn!("workspaces: {fault}");
        }
        Arc::new(all)
    }

    /// None at all, where nobody can ask for one.
    pub fn absent(bounds: Bounds) -> Arc<Self> {
        let keeping = Keeping::new(0);
        Arc::new(Self { bounds, store: Err("this door has none".to_owned()), table: Mutex::default(), keeping })
    }

    fn recover(&self) -> Result<(), StoreFault> {
        let Ok(store) = &self.store else { return Ok(()) };
        for found in store.all()? {
            let is_over = found.used.elapsed().is_ok_and(|idle| idle > found.head.ttl);
            // A connection's end with it, and no connection outlives its server.
            if is_over || Owner::is_passing(&found.head.owner) {
                store.remove(&found.id)?;
                continue;
            }
            let workspace = Arc::new(Workspace::new(found.id, &found.head, found.used, found.bytes));
            lock(&self.table).entry(found.head.owner).or_default().insert(found.head.name, workspace);
        }
        Ok(())
    }

    fn store(&self) -> Result<&Store, Fault> {
        self.store.as_ref().map_err(|why| Fault::NoPlace(why.clone()))
    }

    /// A new one. Blocks.
    pub fn open(&self, owner: &Owner, name: Option<String>, files: &[JobFile], ttl: Option<Duration>) -> Result<Summary, Fault> {
        let store = self.store()?;
        let ttl = ttl.unwrap_or(self.bounds.ttl);
        let is_made_up = name.is_none();
        let name = match name {
            Some(name) => name,
            None => made_up()?,
        };
        // Whoever knows a name that nobody can guess may use it: how a client without a token finds it again.
        let owner = if is_made_up && owner.is_known_by_name_only() { Owner::Bearer } else { owner.clone() };
        let key = owner.key();
        let head = Head::new(key.clone(), name.clone(), ttl);
        let mut draft = Draft::new(&head);
        let about = About { modified: now(), executable: false };
        files.iter().for_each(|file| draft.file(&file.path, &file.content, about));
        self.check_size(&draft.state)?;
        let size = draft.len() as u64;
        let workspace = Arc::new(Workspace::new(made_up()?, &head, SystemTime::now(), size));
        // Nobody comes in before it is written.
        let turn = workspace.inside.clone().try_lock_owned();
        {
            let mut table = lock(&self.table);
            let own = table.get(&key);
            if own.is_some_and(|own| own.contains_key(&name)) {
                return Err(Fault::Exists(name));
            }
            within("workspaces of all owners", self.bounds.total as u64, count(&table) as u64 + 1)?;
            // Bearers are many, known by nothing but their workspace: what bounds each bounds them.
            if owner != Owner::Bearer {
                within("workspaces of one owner", self.bounds.count as u64, own.map_or(0, HashMap::len) as u64 + 1)?;
                self.check_bytes(own, size)?;
            }
            table.entry(key).or_default().insert(name.clone(), workspace.clone());
        }
        let written = store.create(&workspace.id, draft);
        drop(turn);
        match written {
            Ok(state) => Ok(Summary { name, bytes: state.index.bytes(), entries: state.index.len(), ttl }),
            Err(fault) => {
                self.take(&workspace);
                let _ = store.remove(&workspace.id);
                Err(fault.into())
            }
        }
    }

    /// All of an owner's, by name. Those of bearers are not told: nobody is their only owner.
    pub fn all(&self, owner: &Owner) -> Vec<String> {
        let key = owner.key();
        let mut names: Vec<String> = lock(&self.table).get(&key).into_iter().flat_map(HashMap::keys).cloned().collect();
        names.sort_unstable();
        names
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        count(&lock(&self.table))
    }

    fn find(&self, owner: &Owner, name: &str) -> Result<Arc<Workspace>, Fault> {
        let table = lock(&self.table);
        let find = |owner: &Owner| table.get(&owner.key())?.get(name).cloned();
        find(owner).or_else(|| find(&Owner::Bearer)).ok_or_else(|| Fault::Unknown(name.to_owned()))
    }

    /// What a folder holds, by name. Sees the state after the last run. Blocks.
    pub fn list(&self, owner: &Owner, name: &str, folder: &str) -> Result<Vec<Listed>, Fault> {
        let (store, workspace) = (self.store()?, self.find(owner, name)?);
        let index = store.state(&workspace.id)?.index;
        match index.find(folder) {
            Some(Entry::File { .. }) => return Err(Fault::NotAFile { path: folder.to_owned(), what: "a file and not a folder" }),
            Some(Entry::Link(_)) => return Err(Fault::NotAFile { path: folder.to_owned(), what: "a link, which is not followed" }),
            Some(Entry::Folder) | None if !index.is_folder(folder) => return Err(Fault::NoFile(folder.to_owned())),
            Some(Entry::Folder) | None => {}
        }
        let mut all: Vec<Listed> = Vec::new();
        for (path, entry) in index.below(folder) {
            let listed = match path.split_once('/') {
                Some((inner, _)) => Listed { name: inner.to_owned(), kind: Listing::Folder, size: 0, modified: None, executable: true },
                None => listed(path, entry),
            };
            if all.last().is_none_or(|last| last.name != listed.name) {
                all.push(listed);
            }
        }
        Ok(all)
    }

    /// The first bytes of a file. Links are not followed. Blocks.
    pub fn read(&self, owner: &Owner, name: &str, path: &JobPath, most: u64) -> Result<Content, Fault> {
        let (store, workspace) = (self.store()?, self.find(owner, name)?);
        let (state, bytes) = store.read(&workspace.id, path.as_str(), most)?;
        let text = path.as_str();
        let not_a_file = |what| Err(Fault::NotAFile { path: text.to_owned(), what });
        match (state.index.find(text), bytes) {
            (Some(Entry::File { size, .. }), Some(bytes)) => Ok(Content { bytes, size: *size }),
            (Some(Entry::Link(_)), _) => not_a_file("a link, which is not followed"),
            (Some(Entry::Folder), _) => not_a_file("a folder"),
            (None, _) if state.index.is_folder(text) => not_a_file("a folder"),
            (Some(Entry::File { .. }) | None, _) => Err(Fault::NoFile(text.to_owned())),
        }
    }

    /// Ends the runs in it, waits until they are gone, and removes it.
    pub async fn close(&self, owner: &Owner, name: &str) -> Result<(), Fault> {
        let workspace = self.find(owner, name)?;
        self.take(&workspace);
        self.end(workspace).await
    }

    /// Nobody finds it any more.
    fn take(&self, workspace: &Workspace) {
        if let hash_map::Entry::Occupied(mut own) = lock(&self.table).entry(workspace.owner.clone()) {
            own.get_mut().remove(&workspace.name);
            if own.get().is_empty() {
                own.remove();
            }
        }
    }

    /// The end of a connection: nobody can come back to what it owned.
    pub async fn close_all(&self, owner: &Owner) {
        let own = lock(&self.table).remove(&owner.key()).unwrap_or_default();
        self.end_all(own.into_values()).await;
    }

    async fn end_all(&self, all: impl IntoIterator<Item = Arc<Workspace>>) {
        for workspace in all {
            if let Err(fault) = self.end(workspace).await {
                tracing::warn!("a workspace was not removed: {fault}");
            }
        }
    }

    /// One that nobody finds any more.
    async fn end(&self, workspace: Arc<Workspace>) -> Result<(), Fault> {
        {
            let mut runs = lock(&workspace.runs);
            runs.closed = true;
            runs.live.values().for_each(CancellationToken::cancel);
        }
        let _gone = tokio::time::timeout(PATIENCE, workspace.inside.lock()).await;
        self.keeping.forget(&workspace.id);
        tokio::task::block_in_place(|| self.store()?.remove(&workspace.id).map_err(Fault::from))
    }

    /// Removes what nobody has used for its time, and lets cells forget what they keep for nobody.
    pub async fn reap(&self) {
        self.keeping.sweep();
        let mut over = Vec::new();
        lock(&self.table).retain(|_, own| {
            over.extend(own.extract_if(|_, workspace| workspace.is_over()).map(|(_, workspace)| workspace));
            !own.is_empty()
        });
        self.end_all(over).await;
    }

    /// For a run: its place in line. The run is cancelled when the workspace is closed.
    pub fn enter(self: &Arc<Self>, owner: &Owner, name: &str, cancel: &CancellationToken) -> Result<Entrance, Fault> {
        self.store()?;
        let workspace = self.find(owner, name)?;
        let number = {
            let mut runs = lock(&workspace.runs);
            if runs.closed {
                return Err(Fault::Unknown(name.to_owned()));
            }
            let number = runs.next;
            runs.next += 1;
            runs.live.insert(number, cancel.clone());
            number
        };
        // In line from now on, not from when somebody looks: runs take their turns in the order in which they came.
        let mut inside = workspace.inside.clone().lock_owned().boxed();
        if let Some(guard) = (&mut inside).now_or_never() {
            inside = std::future::ready(guard).boxed();
        }
        Ok(Entrance { all: self.clone(), used: Use { workspace, number }, inside })
    }

    fn check_size(&self, state: &State) -> Result<(), Fault> {
        within("bytes in one workspace", self.bounds.bytes, state.index.bytes())?;
        within("files and folders in one workspace", self.bounds.entries as u64, state.index.len() as u64)
    }

    /// With all that is there, and so much more.
    fn check_owner(&self, workspace: &Workspace, more: u64) -> Result<(), Fault> {
        if workspace.owner == Owner::Bearer.key() {
            return Ok(());
        }
        self.check_bytes(lock(&self.table).get(&workspace.owner), more)
    }

    fn check_bytes(&self, own: Option<&HashMap<String, Arc<Workspace>>>, more: u64) -> Result<(), Fault> {
        let all: u64 = own.into_iter().flat_map(HashMap::values).map(|workspace| workspace.bytes.load(Ordering::Relaxed)).sum();
        within("bytes in all workspaces of one owner", self.bounds.owner_bytes, all + more)
    }
}

impl Workspace {
    /// Whether nobody has used it for its time. What nobody has used for a while lets go of what is in memory.
    fn is_over(&self) -> bool {
        let idle = lock(&self.used).elapsed().unwrap_or_default();
        let stays = !lock(&self.runs).live.is_empty() || idle <= self.ttl;
        if stays
            && idle > keeping::IDLE
            && let Ok(mut inside) = self.inside.try_lock()
        {
            inside.state = None;
        }
        !stays
    }

    fn new(id: String, head: &Head, used: SystemTime, bytes: u64) -> Self {
        Self {
            id,
            owner: head.owner.clone(),
            name: head.name.clone(),
            ttl: head.ttl,
            used: Mutex::new(used),
            bytes: AtomicU64::new(bytes),
            inside: Arc::default(),
            runs: Mutex::default(),
        }
    }
}

/// A run's place in the line before a workspace.
pub struct Entrance {
    all: Arc<Workspaces>,
    used: Use,
    inside: BoxFuture<'static, Guard>,
}

/// A run that has something to do with a workspace.
struct Use {
    workspace: Arc<Workspace>,
    number: u64,
}

impl Drop for Use {
    fn drop(&mut self) {
        *lock(&self.workspace.used) = SystemTime::now();
        lock(&self.workspace.runs).live.remove(&self.number);
    }
}

impl Entrance {
    /// Waits until nobody else has it.
    pub async fn turn(self) -> Turn {
        let Self { all, used, inside } = self;
        Turn::new(all, used, inside.await)
    }
}

type Guard = OwnedMutexGuard<Inside>;

fn listed(name: &str, entry: &Entry) -> Listed {
    let (kind, modified, executable) = match entry {
        Entry::File { about, .. } => (Listing::File, Some(about.modified), about.executable),
        Entry::Folder => (Listing::Folder, None, true),
        Entry::Link(_) => (Listing::Link, None, false),
    };
    Listed { name: name.to_owned(), kind, size: entry.size(), modified, executable }
}

fn count(table: &Table) -> usize {
    table.values().map(HashMap::len).sum()
}

fn within(what: &'static str, limit: u64, given: u64) -> Result<(), Fault> {
    if given > limit { Err(Fault::TooMuch { what, limit, given }) } else { Ok(()) }
}

fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// A name that nobody can guess.
fn made_up() -> Result<String, StoreFault> {
    chance::hex::<CHANCE>().map_err(|fault| StoreFault::Io { path: chance::SOURCE.into(), fault })
}
