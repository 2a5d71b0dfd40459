//! What executes programs. An engine takes an order and gives an execution on a link; it knows no JSON, no verdicts
//! and no doors. Called by the runner.

pub mod wasm;

use crate::link::session::{Execution, OnParked, Order};
use crate::toolchain::{Kind, Toolchain};
use tokio::sync::watch;

/// Why an execution could not be started. Nothing of the program has run.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The toolchain can't run now; the reason is for people.
    #[error("{0}")]
    Unavailable(String),
    /// An executor was lost before it took the order; another may take it.
    #[error("the executor was lost: {0}")]
    Lost(String),
}

/// Whether a toolchain can run programs now.
#[derive(Clone, Debug, PartialEq)]
pub enum Readiness {
    Ready,
    /// Not yet; what is being done, and how much of the whole is.
    Preparing {
        what: String,
        share: f32,
    },
    Unavailable(String),
}

impl Readiness {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Preparing { .. } => "preparing",
            Self::Unavailable(_) => "unavailable",
        }
    }
}

/// All engines of a server.
pub struct Engines {
    pub wasm: wasm::Wasm,
}

impl Engines {
    pub async fn execute(&self, toolchain: &Toolchain, order: &Order, parked: OnParked) -> Result<Execution, Fault> {
        match toolchain.kind {
            Kind::Wasm { .. } => self.wasm.execute(order, parked).await,
        }
    }

    /// Told whenever the readiness of a toolchain may have changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.wasm.changes()
    }

    pub fn readiness(&self, toolchain: &Toolchain) -> Readiness {
        match toolchain.kind {
            Kind::Wasm { .. } => self.wasm.readiness(&toolchain.name),
        }
    }
}
