//! One program, from its start to its end: feeds it, takes its output, stops it at its limits, and counts. Called by
//! `execution`. When it says that a program has ended, nothing of it is left.

use crate::ending::{Signs, end_of};
use crate::execution::Halt;
use crate::fault::Fault;
use crate::input::Input;
use crate::ledger::Ledger;
use crate::meter::Meter;
use crate::order::Program;
use crate::output::{Drawn, Output, Window};
use crate::raw;
use crate::serve::{Kit, Ready};
use crate::spawn;
use crate::user::User;
use crate::watch::Watch;
use runnel_link::{Bounds, End, ExecId, Facts, FromExecutor, Pipe, Signal, Stop};
use rustix::io::Errno;
use rustix::process::Pid;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

/// A program's output: where it comes from and what it is.
struct Source {
    pipe: Pipe,
    /// None when it has ended.
    from: Option<OwnedFd>,
}

impl Source {
    fn descriptor(&self, has_room: bool) -> Option<BorrowedFd<'_>> {
        self.from.as_ref().filter(|_| has_room).map(AsFd::as_fd)
    }
}

pub(crate) struct Running {
    main: Pid,
    user: User,
    bounds: Bounds,
    /// When the server said so, and when the program began.
    started: Instant,
    begin: Instant,
    input: Input,
    output: Output,
    sources: [Source; 2],
    ledger: Ledger,
    meter: Meter,
    watch: Watch,
    stop: Option<Stop>,
    /// When nothing of it lives any more.
    over: Option<Facts>,
}

impl Running {
    pub(crate) fn start(
        exec: ExecId,
        program: &Program,
        bounds: Bounds,
        work: &OwnedFd,
        mut input: Input,
        mut output: Output,
        kit: &mut Kit,
    ) -> Result<Self, Halt> {
        let started = Instant::now();
        let meter = Meter::begin(bounds, &kit.gauges);
        let spawn::Started { main, begin, stdio } = spawn::start(program, &bounds, work, kit.shared)?;
        output.begin(begin);
        kit.outbox.push_along(&FromExecutor::Started { exec });
        let sources = [Source { pipe: Pipe::Stdout, from: Some(stdio.stdout) }, Source { pipe: Pipe::Stderr, from: stdio.stderr }];
        let watch = Watch::new(exec, program.user, begin);
        input.open(stdio.sink).map_err(Fault::system("feed a program"))?;
        let (ledger, user) = (Ledger::default(), program.user);
        Ok(Self { main, user, bounds, started, begin, input, output, sources, ledger, meter, watch, stop: None, over: None })
    }

    pub(crate) fn credit(&mut self, bytes: u32) {
        self.output.credit(bytes);
    }

    pub(crate) fn window(&self) -> Window {
        self.output.window()
    }

    pub(crate) fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    pub(crate) fn feed(&mut self, bytes: &[u8], eof: bool, kit: &mut Kit) -> Result<(), Fault> {
        if self.over.is_none() {
            self.watch.feed(kit, Instant::now());
            self.input.push(bytes, eof).map_err(Fault::system("keep a program's input"))?;
        }
        Ok(())
    }

    /// To the program's process group, as a terminal would; not to the compiler. Its first process leads the group and has not been reaped: no other has its number.
    pub(crate) fn signal(&mut self, signal: Signal, kit: &Kit) -> Result<(), Fault> {
        let is_program = self.user == kit.places.users().run;
        if !is_program || self.over.is_some() || self.ledger.main.is_some() || self.stop.is_some() {
            return Ok(());
        }
        self.watch.stir(Instant::now());
        match raw::signal_group(self.main, signal) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(errno) => Err(Fault::System { what: "signal a program", errno }),
        }
    }

    /// The first reason stands, but nobody waits for the output of what is cancelled.
    pub(crate) fn stop(&mut self, why: Stop) {
        self.stop.get_or_insert(why);
        if let Some(over) = &mut self.over {
            over.end = End::Stopped(why);
        }
        if why == Stop::Cancelled {
            self.sources.iter_mut().for_each(|source| source.from = None);
        }
    }

    /// Descriptors to wait for: its stdin where there is something to write, its output where there is room.
    pub(crate) fn waits_for(&self) -> (Option<BorrowedFd<'_>>, [Option<BorrowedFd<'_>>; 2]) {
        if self.over.is_some() {
            return (None, [None, None]);
        }
        let has_room = self.output.room().is_some();
        let [first, second] = &self.sources;
        (self.input.wants_room(), [first.descriptor(has_room), second.descriptor(has_room)])
    }

    /// When to look at it again, where nothing happens before.
    pub(crate) fn next(&self) -> Option<Instant> {
        if self.over.is_some() {
            return None;
        }
        let wall = self.started.checked_add(self.bounds.wall);
        let look = self.meter.next().min(self.watch.next());
        Some(wall.map_or(look, |wall| wall.min(look)))
    }

    /// Does what there is to do. Gives the facts when it has ended and all its output is on its way.
    pub(crate) fn turn(&mut self, ready: &Ready, kit: &mut Kit) -> Result<Option<Facts>, Fault> {
        if self.over.is_none() {
            if ready.signals {
                self.ledger.collect(self.main)?;
            }
            if self.ledger.main.is_none() && self.stop.is_none() {
                if ready.input {
                    self.input.feed().map_err(Fault::system("feed a program"))?;
                }
                self.draw(ready.output, kit);
                self.look(kit);
            }
            if self.ledger.main.is_some() || self.stop.is_some() {
                self.end(kit)?;
            }
        }
        if self.over.is_some() {
            self.drain(kit);
        }
        let is_done = self.sources.iter().all(|source| source.from.is_none());
        let Some(mut facts) = self.over.take_if(|_| is_done) else { return Ok(None) };
        facts.out_bytes = self.output.passed();
        self.watch.end(kit);
        Ok(Some(facts))
    }

    fn draw(&mut self, ready: [bool; 2], kit: &mut Kit) {
        for (source, is_ready) in self.sources.iter_mut().zip(ready) {
            let Source { pipe, from: Some(from) } = source else { continue };
            if !is_ready {
                continue;
            }
            match self.output.draw(from, *pipe, &mut kit.scratch, &mut kit.outbox) {
                Drawn::Some => self.watch.stir(Instant::now()),
                Drawn::Nothing => {}
                // It has closed this; it goes on.
                Drawn::End => source.from = None,
                Drawn::Beyond => self.stop = Some(Stop::Output),
            }
        }
    }

    fn look(&mut self, kit: &mut Kit) {
        let now = Instant::now();
        if self.stop.is_none() && now - self.started >= self.bounds.wall {
            self.stop = Some(Stop::Wall);
        }
        if self.stop.is_none() && now >= self.meter.next() {
            self.stop = self.meter.check(now, &kit.gauges, &kit.places, self.ledger.cpu, self.input.kept_bytes());
        }
        if self.stop.is_none() && now >= self.watch.next() {
            kit.outbox.hurry();
            let drained = self.input.drained();
            let sources = &self.sources;
            let is_silent = || {
                let left = |from: &OwnedFd| rustix::io::ioctl_fionread(from).unwrap_or(0);
                sources.iter().all(|source| source.from.as_ref().is_none_or(|from| left(from) == 0))
            };
            if self.watch.check(kit, &mut self.meter, self.ledger.cpu, now, (drained, is_silent)) {
                self.input.end();
            }
        }
    }

    /// Ends all that is left of it, and sums up. Only its output may still be on its way.
    fn end(&mut self, kit: &mut Kit) -> Result<(), Fault> {
        let main_ended = self.ledger.main.is_some().then(|| self.begin.elapsed());
        self.ledger.end_all(self.main, &kit.signals)?;
        let wall = self.started.elapsed();
        let sum = self.meter.end(&kit.gauges, self.ledger.cpu, self.ledger.peak);
        let Some(status) = self.ledger.main else { return Err(Fault::Lost("a program is gone that nobody saw ending")) };
        let signs = Signs {
            status,
            stop: self.stop,
            oom_killed: sum.oom_killed,
            over_memory: self.ledger.peak > self.bounds.memory_bytes,
            over_time: sum.cpu > self.bounds.time,
        };
        let (mut end, memory_denied) = end_of(signs);
        if self.user == kit.places.users().compile {
            // A step that has failed has no product to be kept.
            match kit.places.seal_product() {
                Err(why) if end == End::Exit(0) => end = End::Trap(why),
                Ok(()) | Err(_) => {}
            }
        }
        let execution = main_ended.unwrap_or_else(|| self.begin.elapsed());
        self.over = Some(Facts { end, cpu: sum.cpu, execution, wall, memory_peak: sum.peak, memory_denied, fuel: None, out_bytes: 0 });
        Ok(())
    }

    /// What it wrote before its end. Nobody writes any more: what is not there now will not come.
    fn drain(&mut self, kit: &mut Kit) {
        for source in &mut self.sources {
            while let Source { pipe, from: Some(from) } = source {
                if self.output.room().is_none() {
                    return;
                }
                match self.output.draw(from, *pipe, &mut kit.scratch, &mut kit.outbox) {
                    Drawn::Some => {}
                    Drawn::Nothing | Drawn::End => source.from = None,
                    Drawn::Beyond => {
                        source.from = None;
                        if let (None, Some(over)) = (self.stop, &mut self.over) {
                            over.end = End::Stopped(Stop::Output);
                        }
                    }
                }
            }
        }
    }
}
