//! What one sandbox holds: its WASI context, files, clock, and the account of its memory. Called by `cell::run`.

use super::clock::Clock;
use super::pipes::Pipes;
use crate::files::{Budget, Files, FilesCtx, FilesView};
use std::sync::Arc;
use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

pub(super) struct State {
    pub(super) wasi: WasiCtx,
    pub(super) table: ResourceTable,
    pub(super) files: Files,
    pub(super) clock: Clock,
    pub(super) pipes: Arc<Pipes>,
    pub(super) memory: Memory,
}

/// Linear memory of one sandbox. A denied growth is what a memory verdict comes from.
pub(super) struct Memory {
    limit: u64,
    used: u64,
    pub(super) peak: u64,
    pub(super) denied: bool,
    /// What this sandbox has taken of the memory that all sandboxes of the cell share.
    charged: u64,
    budget: Arc<Budget>,
    /// The cell's memory was used up: not the program's fault.
    pub(super) starved: bool,
}

impl Memory {
    pub(super) fn new(limit: u64, budget: Arc<Budget>) -> Self {
        Self { limit, used: 0, peak: 0, denied: false, charged: 0, budget, starved: false }
    }

    /// Of the program that gets the sandbox; what is in it already was seen to fit.
    pub(super) fn set_limit(&mut self, limit: u64) {
        self.limit = limit;
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.budget.give(self.charged);
    }
}

/// Table elements that one sandbox may hold; the interpreters need some ten thousand.
const TABLE_ELEMENTS: usize = 200_000;

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let growth = (desired as u64).saturating_sub(current as u64);
        let used = self.used.saturating_add(growth);
        if used > self.limit || maximum.is_some_and(|maximum| desired > maximum) {
            self.denied = true;
            return Ok(false);
        }
        // A fresh instance's memory is its interpreter's snapshot, which all sandboxes share.
        if current > 0 {
            if !self.budget.take(growth) {
                self.starved = true;
                wasmtime::bail!("the cell has no memory left");
            }
            self.charged += growth;
        }
        self.used = used;
        self.peak = self.peak.max(used);
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl FilesView for State {
    fn files(&mut self) -> FilesCtx<'_> {
        FilesCtx { files: &self.files, table: &mut self.table }
    }
}

/// The guest's world, as the host sees it.
pub(super) mod guest {
    wasmtime::component::bindgen!({
        path: "wit/guest.wit",
        world: "guest",
        imports: { default: trappable },
        exports: { default: async },
    });
}

/// Unwinds a guest that ended itself.
#[derive(Debug, thiserror::Error)]
#[error("exit with code {0}")]
pub(super) struct Exit(pub(super) u8);

impl guest::runnel::guest::host::Host for State {
    fn exit(&mut self, code: u8) -> wasmtime::Result<()> {
        Err(Exit(code).into())
    }
}
