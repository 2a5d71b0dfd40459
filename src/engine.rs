//! What executes programs. An engine gives a room for a run and executions in it, each on a link; it knows no JSON,
//! no verdicts and no doors. Called by the runner.

pub mod docker;
pub mod wasm;

use crate::gateway::Gateway;
use crate::job::Job;
use crate::link::{Execution, OnParked, Order};
use crate::metrics::Metrics;
use crate::toolchain::{Kind, Toolchain};
use std::sync::Arc;
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

/// Told whenever the readiness of a toolchain may have changed, by all engines of a server.
#[derive(Clone, Debug)]
pub struct Changes(watch::Sender<u64>);

impl Changes {
    pub fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    pub(crate) fn tell(&self) {
        self.0.send_modify(|version| *version += 1);
    }

    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}

impl Default for Changes {
    fn default() -> Self {
        Self::new()
    }
}

/// All engines of a server.
pub struct Engines {
    pub wasm: wasm::Wasm,
    pub docker: docker::Docker,
    /// Where programs run elsewhere: then nothing runs here.
    pub gateway: Option<Arc<Gateway>>,
    pub changes: Changes,
    pub metrics: Arc<Metrics>,
}

/// Where the executions of one run happen. Dropping it gives it up.
pub enum Room {
    /// Any cell, a new sandbox for each execution.
    Cells,
    /// One container, for this run alone.
    Container(docker::Container),
}

impl Engines {
    /// A place for a job's executions. Waits for one where a container has to be started. Cancel safe.
    pub async fn room(&self, job: &Job) -> Result<Room, Fault> {
        match &job.toolchain.kind {
            Kind::Wasm { .. } => Ok(Room::Cells),
            Kind::Docker(recipe) => self.docker.container(job, recipe).await.map(Room::Container),
        }
    }

    pub async fn execute(&self, room: &Room, order: &Order, parked: OnParked) -> Result<Execution, Fault> {
        match room {
            Room::Cells => self.wasm.execute(order, parked).await,
            Room::Container(container) => container.execute(order, parked).await,
        }
    }

    /// Two programs, each with the other's stdout as its stdin; false where the caller has to carry it.
    pub async fn execute_crossed(
        &self,
        rooms: (&Room, &Room),
        one: (&Order, OnParked),
        other: (&Order, OnParked),
    ) -> Result<(Execution, Execution, bool), Fault> {
        if let (Room::Cells, Room::Cells) = rooms {
            let (one, other) = self.wasm.execute_crossed(one, other).await?;
            return Ok((one, other, true));
        }
        let one = self.execute(rooms.0, one.0, one.1).await?;
        let other = self.execute(rooms.1, other.0, other.1).await?;
        Ok((one, other, false))
    }

    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub fn readiness(&self, toolchain: &Toolchain) -> Readiness {
        if let Some(gateway) = &self.gateway {
            return gateway.readiness(&toolchain.name);
        }
        match &toolchain.kind {
            Kind::Wasm { .. } => self.wasm.readiness(&toolchain.name),
            Kind::Docker(recipe) => self.docker.readiness(&self.docker.reference(toolchain, recipe)),
        }
    }

    /// Whether a job can run now: its toolchain, with the image that it asks for.
    pub fn readiness_for(&self, job: &Job) -> Readiness {
        if let Some(gateway) = &self.gateway {
            // What is made at the first use is made by the worker that has the job.
            return match gateway.readiness(&job.toolchain.name) {
                Readiness::Ready | Readiness::Preparing { .. } => Readiness::Ready,
                unavailable @ Readiness::Unavailable(_) => unavailable,
            };
        }
        match &job.wishes.image {
            Some(image) => self.docker.readiness(image),
            None => self.readiness(&job.toolchain),
        }
    }

    /// Somebody waits for a job's toolchain: what is made at the first use only is made now.
    pub fn want(&self, job: &Job) {
        if let Kind::Docker(recipe) = &job.toolchain.kind {
            let reference = job.wishes.image.clone().unwrap_or_else(|| self.docker.reference(&job.toolchain, recipe));
            self.docker.want(&reference);
        }
    }

    /// Ends everything that executes, and waits for it.
    pub async fn shut_down(&self) {
        tokio::join!(self.wasm.shut_down(), self.docker.shut_down());
    }
}
