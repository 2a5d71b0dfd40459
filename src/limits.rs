//! How much a program may use. Plain quantities with their checks; the toolchain gives the defaults, the
//! operator's configuration the ceilings, a job asks for something in between. Knows no engine.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What one execution may use. Every field is enforced by whatever runs the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The program's own CPU time.
    pub time: Duration,
    /// From start to end; waiting counts, waiting for a free core does not.
    pub wall: Duration,
    pub compile: Duration,
    pub memory_bytes: u64,
    /// stdout and stderr together.
    pub output_bytes: u64,
    pub file_bytes: u64,
    pub processes: u32,
    /// Executed instructions; only counted in deterministic runs.
    pub fuel: Option<u64>,
}

/// What a job asks for, as it was sent; what is absent is the toolchain's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    pub time_ms: Option<u64>,
    pub wall_ms: Option<u64>,
    pub compile_ms: Option<u64>,
    pub memory_mb: Option<u64>,
    pub output_kb: Option<u64>,
    pub files_mb: Option<u64>,
    pub processes: Option<u64>,
    pub fuel: Option<u64>,
}

/// Numbers as people write them: in the protocol, in configuration, on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    pub time_ms: u64,
    pub wall_ms: u64,
    pub compile_ms: u64,
    pub memory_mb: u64,
    pub output_kb: u64,
    pub files_mb: u64,
    pub processes: u64,
}

/// A limit that can't be granted. Never lowered silently: the caller would measure the wrong thing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("`limits.{field}` is {given}, the most allowed is {limit}")]
    TooHigh { field: &'static str, limit: u64, given: u64 },
    #[error("`limits.{field}` must be at least 1")]
    Zero { field: &'static str },
}

/// Fuel that stands for one millisecond of CPU time: an instruction costs about one unit and about a
/// nanosecond, so the virtual clock of a deterministic run advances by one nanosecond a unit.
pub const FUEL_PER_MS: u64 = 1_000_000;

impl Asked {
    /// The limits of a run: what was asked within the operator's ceiling, the toolchain's defaults for the rest.
    pub fn within(&self, default: &Figures, most: &Figures) -> Result<Limits, Refusal> {
        let Self { time_ms, wall_ms, compile_ms, memory_mb, output_kb, files_mb, processes, fuel } = self;
        let time = pick("time_ms", *time_ms, default.time_ms, most.time_ms)?;
        // Who asks for more CPU time than usual means to use it: an absent wall limit follows.
        let usual_wall = default.wall_ms.max(time.saturating_mul(3)).min(most.wall_ms.max(default.wall_ms));
        let most_fuel = most.time_ms.saturating_mul(FUEL_PER_MS);
        let fuel = match fuel {
            None => None,
            Some(asked) => Some(pick("fuel", Some(*asked), 0, most_fuel)?),
        };
        Ok(Limits {
            time: Duration::from_millis(time),
            wall: Duration::from_millis(pick("wall_ms", *wall_ms, usual_wall, most.wall_ms)?),
            compile: Duration::from_millis(pick("compile_ms", *compile_ms, default.compile_ms, most.compile_ms)?),
            memory_bytes: pick("memory_mb", *memory_mb, default.memory_mb, most.memory_mb)? << 20,
            output_bytes: pick("output_kb", *output_kb, default.output_kb, most.output_kb)? << 10,
            file_bytes: pick("files_mb", *files_mb, default.files_mb, most.files_mb)? << 20,
            processes: u32::try_from(pick("processes", *processes, default.processes, most.processes)?).unwrap_or(u32::MAX),
            fuel,
        })
    }
}

fn pick(field: &'static str, asked: Option<u64>, default: u64, most: u64) -> Result<u64, Refusal> {
    match asked {
        None => Ok(default),
        Some(0) => Err(Refusal::Zero { field }),
        Some(given) if given > most => Err(Refusal::TooHigh { field, limit: most, given }),
        Some(given) => Ok(given),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: Figures =
        Figures { time_ms: 5000, wall_ms: 15000, compile_ms: 30000, memory_mb: 256, output_kb: 1024, files_mb: 64, processes: 64 };
    const MOST: Figures =
        Figures { time_ms: 60000, wall_ms: 120000, compile_ms: 60000, memory_mb: 1024, output_kb: 4096, files_mb: 256, processes: 256 };

    #[test]
    fn absent_limits_are_the_defaults() {
        let limits = Asked::default().within(&DEFAULT, &MOST).unwrap();
        assert_eq!((limits.time.as_millis(), limits.wall.as_millis(), limits.memory_bytes), (5000, 15000, 256 << 20));
        assert_eq!(limits.fuel, None);
    }

    #[test]
    fn the_wall_follows_a_longer_time() {
        let asked = Asked { time_ms: Some(20000), ..Asked::default() };
        assert_eq!(asked.within(&DEFAULT, &MOST).unwrap().wall.as_millis(), 60000);
        let asked = Asked { time_ms: Some(60000), ..Asked::default() };
        assert_eq!(asked.within(&DEFAULT, &MOST).unwrap().wall.as_millis(), 120000);
    }

    #[test]
    fn too_high_and_zero_are_refused_by_name() {
        let asked = Asked { memory_mb: Some(2048), ..Asked::default() };
        assert_eq!(asked.within(&DEFAULT, &MOST), Err(Refusal::TooHigh { field: "memory_mb", limit: 1024, given: 2048 }));
        let asked = Asked { output_kb: Some(0), ..Asked::default() };
        assert_eq!(asked.within(&DEFAULT, &MOST), Err(Refusal::Zero { field: "output_kb" }));
        let asked = Asked { output_kb: Some(4096), ..Asked::default() };
        assert!(asked.within(&DEFAULT, &MOST).is_ok(), "the ceiling itself is allowed");
    }
}
