//! What a program leaves: the files that are not as they were, packed and sent within the window, and the layer that
//! the cell keeps for the next program. Called by `cell` when a program has ended.

use super::pipes::Pipes;
use crate::files::{Budget, Change, Files, Layer};
use crate::link::packed::{self, Entry};
use crate::link::{self, LayerId};
use crate::lock::lock;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Files are gathered up to this much before they become a frame.
const GATHER: usize = 32 << 10;

/// What is asked of an execution's files.
pub(super) struct Wish {
    /// None: nothing comes back.
    harvest: Option<Selection>,
    keep: Option<LayerId>,
}

enum Selection {
    All,
    Named(Vec<String>),
}

impl Wish {
    pub(super) fn new(harvest: Option<&link::Harvest<'_>>, keep: Option<LayerId>) -> Option<Self> {
        let harvest = harvest.map(|harvest| match harvest {
            link::Harvest::All => Selection::All,
            link::Harvest::Named(paths) => Selection::Named(paths.iter().map(|&path| path.to_owned()).collect()),
        });
        (harvest.is_some() || keep.is_some()).then_some(Self { harvest, keep })
    }

    /// Sends what has changed since `before`, and keeps what is there now.
    pub(super) async fn fulfil(&self, files: &Files, before: Layer, pipes: &Pipes, layers: &Layers) {
        let now = files.new_layer();
        if let (Some(selection), Some(now)) = (&self.harvest, &now) {
            send(now, &before, selection, pipes).await;
        }
        if let Some(name) = self.keep {
            layers.keep(name, now.unwrap_or(before));
        }
    }
}

impl Selection {
    fn has(&self, path: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.iter().any(|name| link::is_within(path, name)),
        }
    }
}

async fn send(now: &Layer, before: &Layer, selection: &Selection, pipes: &Pipes) {
    let mut changes = Vec::new();
    now.changes(before, |path, change| {
        if selection.has(path) {
            changes.push((path, change));
        }
    });
    let mut pending = Vec::new();
    for (path, change) in &changes {
        let content: &[u8] = match change {
            Change::File { content, .. } => content,
            Change::Gone | Change::Touched { .. } | Change::Folder | Change::Link { .. } => &[],
        };
        packed::begin(entry(path, change), &mut pending);
        let mut rest = content;
        loop {
            let (piece, more) = rest.split_at(rest.len().min(GATHER));
            pending.extend_from_slice(piece);
            rest = more;
            if pending.len() >= GATHER {
                if !pipes.leave(&pending).await {
                    return;
                }
                pending.clear();
            }
            if rest.is_empty() {
                break;
            }
        }
    }
    if !pending.is_empty() {
        pipes.leave(&pending).await;
    }
}

fn entry<'a>(path: &'a str, change: &Change<'a>) -> Entry<'a> {
    match *change {
        Change::Gone => Entry::Gone { path },
        // No program in a cell is started by its mode.
        Change::File { content, modified } => Entry::File { path, executable: false, modified, size: content.len() as u64 },
        Change::Touched { modified } => Entry::Touched { path, executable: false, modified },
        Change::Folder => Entry::Folder { path },
        Change::Link { target } => Entry::Link { path, target },
    }
}

/// Files that are kept for programs to come, within the memory of the cell. Which are worth it is the server's decision.
pub(super) struct Layers {
    kept: Mutex<HashMap<LayerId, Arc<Layer>>>,
    budget: Arc<Budget>,
}

impl Layers {
    pub(super) fn new(budget: Arc<Budget>) -> Self {
        Self { kept: Mutex::default(), budget }
    }

    pub(super) fn find(&self, name: LayerId) -> Option<Arc<Layer>> {
        lock(&self.kept).get(&name).cloned()
    }

    /// Not kept where there is no memory for it: the server is told when it asks for it.
    fn keep(&self, name: LayerId, layer: Layer) {
        if self.budget.take(layer.bytes()) {
            self.forget(name);
            lock(&self.kept).insert(name, Arc::new(layer));
        }
    }

    pub(super) fn forget(&self, name: LayerId) {
        if let Some(layer) = lock(&self.kept).remove(&name) {
            self.budget.give(layer.bytes());
        }
    }
}
