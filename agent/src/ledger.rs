//! Takes in the dead, and sees to it that all of a program are: after `end_all` nothing of it is left to use CPU, to
//! write, or to be found by the next. Called by `running`.

use crate::fault::Fault;
use crate::raw::{self, Dead};
use crate::serve::Signals;
use rustix::io::Errno;
use rustix::process::Pid;
use std::time::{Duration, Instant};

/// Killed processes that are still there after this time will stay: the container is of no more use.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two rounds of killing; the end of a process wakes earlier.
const ROUND: Duration = Duration::from_millis(5);

/// What the reaped processes used.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) cpu: Duration,
    /// Memory of the largest.
    pub(crate) peak: u64,
    /// How the main process ended, as `wait` gives it.
    pub(crate) main: Option<i32>,
}

impl Ledger {
    /// Takes in those that are dead: the main process, and orphans, which else would use up the limit on processes.
    /// False where there are no others left.
    pub(crate) fn collect(&mut self, main: Pid) -> Result<bool, Fault> {
        loop {
            match raw::reap() {
                Ok(Some(dead)) => self.enter(&dead, main),
                Ok(None) => return Ok(true),
                Err(Errno::CHILD) => return Ok(false),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Fault::System { what: "wait for processes", errno }),
            }
        }
    }

    fn enter(&mut self, dead: &Dead, main: Pid) {
        self.cpu += dead.cpu;
        self.peak = self.peak.max(dead.peak);
        if dead.pid == main {
            self.main = Some(dead.status);
        }
    }

    /// Kills and reaps until there is nothing left. A fork that races with the kill is met by the next round.
    pub(crate) fn end_all(&mut self, main: Pid, signals: &Signals) -> Result<(), Fault> {
        let begin = Instant::now();
        loop {
            raw::kill_all();
            if !self.collect(main)? {
                return Ok(());
            }
            if begin.elapsed() > PATIENCE {
                return Err(Fault::Lost("some processes can't be killed"));
            }
            signals.wait(ROUND)?;
        }
    }
}
