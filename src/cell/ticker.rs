//! Advances the epoch while programs live, so that a busy one gives way to the others and meets its limit. A thread of
//! its own, at rest while there is nothing to do. Started by `cell::main`, counted by `cell::run`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::Duration;
use wasmtime::Engine;

/// How often a busy guest gives way to the others; also how exact a CPU time limit is.
const TICK: Duration = Duration::from_millis(1);
/// The same where there is nobody to give way to.
const ALONE: Duration = Duration::from_millis(4);
const STACK: usize = 64 << 10;

pub(super) struct Ticker {
    live: Arc<AtomicUsize>,
    thread: Thread,
}

/// A program that lives: the ticker ticks for as long as there is one.
pub(super) struct Alive(Arc<AtomicUsize>);

impl Ticker {
    /// It needs no stop: the process ends with its link.
    pub(super) fn start(engine: Engine) -> std::io::Result<Self> {
        let live = Arc::new(AtomicUsize::new(0));
        let counted = live.clone();
        let (started, has_started) = std::sync::mpsc::channel();
        let tick = move || {
            let _ = started.send(());
            loop {
                // Wakes for no reason at times, and then looks again.
                while counted.load(Ordering::Acquire) == 0 {
                    std::thread::park();
                }
                std::thread::sleep(if counted.load(Ordering::Relaxed) == 1 { ALONE } else { TICK });
                engine.increment_epoch();
            }
        };
        let thread = std::thread::Builder::new().name("ticker".to_owned()).stack_size(STACK).spawn(tick)?.thread().clone();
        // A thread sets itself up with calls that the filter will refuse.
        let _ = has_started.recv();
        Ok(Self { live, thread })
    }

    pub(super) fn alive(&self) -> Alive {
        if self.live.fetch_add(1, Ordering::Release) == 0 {
            self.thread.unpark();
        }
        Alive(self.live.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
