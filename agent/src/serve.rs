//! The loop: waits for the link, for signals and for the program, and lets each have its turn. Called by `main`. It
//! never waits for anything else, and it ends with the link.

use crate::execution::{Execution, Halt, Stage};
use crate::fault::Fault;
use crate::meter::Gauges;
use crate::output::CHUNK;
use crate::places::Places;
use crate::raw::{self, Shared};
use crate::user::Users;
use crate::wire::{self, Incoming, Outbox};
use runnel_link::{ExecId, Facts, FromExecutor, ToExecutor, Wall};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

pub(crate) struct Agent {
    kit: Kit,
    execution: Option<Execution>,
}

/// What every execution works with.
pub(crate) struct Kit {
    pub(crate) places: Places,
    pub(crate) gauges: Gauges,
    pub(crate) outbox: Outbox,
    pub(crate) signals: Signals,
    pub(crate) shared: Shared,
    /// For bytes on their way from one descriptor to another.
    pub(crate) scratch: Box<[u8]>,
}

/// What has happened since the last turn.
#[derive(Default)]
pub(crate) struct Ready {
    link: bool,
    pub(crate) signals: bool,
    pub(crate) input: bool,
    pub(crate) output: [bool; 2],
}

/// What a descriptor that is waited for means.
#[derive(Clone, Copy)]
enum Source {
    Link,
    Signals,
    Room,
    Input,
    Output(usize),
}

impl Agent {
    pub(crate) fn new(users: Users) -> Result<Self, Fault> {
        let signals = Signals::open()?;
        wire::prepare()?;
        let places = Places::new(users)?;
        let gauges = Gauges::new(&places)?;
        let shared = Shared::new().map_err(Fault::system("get memory"))?;
        // One more than a chunk: to see whether there is more than the limit.
        let scratch = vec![0; CHUNK + 1].into_boxed_slice();
        Ok(Self { kit: Kit { places, gauges, outbox: Outbox::default(), signals, shared, scratch }, execution: None })
    }

    /// Until the server closes the link: the end of this process is the end of all others.
    pub(crate) fn serve(mut self, wall: Wall) -> Result<(), Fault> {
        let mut incoming = Incoming::default();
        self.kit.outbox.push(&FromExecutor::Ready { wall });
        loop {
            self.kit.outbox.flush()?;
            let ready = self.wait()?;
            if ready.signals {
                self.kit.signals.take();
            }
            if ready.link {
                if !incoming.read()? {
                    return Ok(());
                }
                incoming.each(|body| self.obey(runnel_link::decode(body)?))?;
            }
            if let Some(execution) = &mut self.execution
                && let Some(facts) = execution.turn(&ready, &mut self.kit)?
            {
                let id = execution.id;
                self.end(id, facts)?;
            }
        }
    }

    fn wait(&mut self) -> Result<Ready, Fault> {
        let mut sources =
            vec![(Source::Link, rustix::stdio::stdin(), PollFlags::IN), (Source::Signals, self.kit.signals.descriptor(), PollFlags::IN)];
        if self.kit.outbox.is_waiting() {
            sources.push((Source::Room, rustix::stdio::stdout(), PollFlags::OUT));
        }
        let mut next = None;
        if let Some(Execution { stage: Stage::Harvesting(harvesting), .. }) = &self.execution {
            next = harvesting.next();
        }
        if let Some(Execution { stage: Stage::Running(running), .. }) = &self.execution {
            let (input, output) = running.waits_for();
            sources.extend(input.map(|input| (Source::Input, input, PollFlags::OUT)));
            let output = output.into_iter().enumerate();
            sources.extend(output.filter_map(|(number, from)| Some((Source::Output(number), from?, PollFlags::IN))));
            next = running.next();
        }
        let mut polled: Vec<PollFd<'_>> =
            sources.iter().map(|&(_, descriptor, flags)| PollFd::from_borrowed_fd(descriptor, flags)).collect();
        poll(&mut polled, next.map(|next| next.saturating_duration_since(Instant::now())))?;
        let mut ready = Ready::default();
        for ((source, ..), polled) in sources.iter().zip(&polled) {
            let has_happened = !polled.revents().is_empty();
            match source {
                Source::Link => ready.link = has_happened,
                Source::Signals => ready.signals = has_happened,
                Source::Room => {}
                Source::Input => ready.input = has_happened,
                Source::Output(number) => ready.output[*number] = has_happened,
            }
        }
        Ok(ready)
    }

    fn obey(&mut self, frame: ToExecutor<'_>) -> Result<(), Fault> {
        let kit = &mut self.kit;
        let id = id_of(&frame);
        if let ToExecutor::Open { order, .. } = &frame {
            if self.execution.is_some() {
                return Err(Fault::Rules("opened an execution while another lives"));
            }
            return match Execution::open(id, order, kit) {
                Ok(execution) => {
                    self.execution = Some(execution);
                    Ok(())
                }
                Err(halt) => self.halt(id, halt),
            };
        }
        // What comes for an execution that is over is late, not wrong.
        let Some(mut execution) = self.execution.take_if(|execution| execution.id == id) else { return Ok(()) };
        let obeyed = match frame {
            // A container runs one program at a time, and once.
            ToExecutor::Open { .. } | ToExecutor::Cross { .. } | ToExecutor::Remove { .. } | ToExecutor::Forget { .. } => Ok(()),
            ToExecutor::File { path, about, bytes, .. } => execution.file(path, about, bytes),
            ToExecutor::Place { path, what, .. } => execution.place(path, what),
            ToExecutor::Product { bytes, .. } => execution.product(bytes, kit),
            ToExecutor::Stdin { bytes, eof, .. } => execution.stdin(bytes, eof, kit),
            ToExecutor::Credit { bytes, .. } => {
                execution.credit(bytes);
                Ok(())
            }
            ToExecutor::Kill { .. } => execution.kill(),
            ToExecutor::Signal { signal, .. } => execution.signal(signal, kit),
            ToExecutor::Start { .. } => {
                return match execution.start(kit) {
                    Ok(execution) => {
                        self.execution = Some(execution);
                        Ok(())
                    }
                    Err(halt) => self.halt(id, halt),
                };
            }
        };
        match obeyed {
            Ok(()) => {
                self.execution = Some(execution);
                Ok(())
            }
            Err(halt) => self.halt(id, halt),
        }
    }

    fn halt(&mut self, id: ExecId, halt: Halt) -> Result<(), Fault> {
        match halt {
            Halt::End(end) => self.end(id, Facts::unmeasured(end)),
            Halt::Fault(fault) => Err(fault),
        }
    }

    fn end(&mut self, exec: ExecId, facts: Facts) -> Result<(), Fault> {
        self.execution = None;
        self.kit.outbox.push(&FromExecutor::Ended { exec, facts });
        self.kit.outbox.flush()?;
        self.kit.gauges.rest(&self.kit.places);
        Ok(())
    }
}

fn id_of(frame: &ToExecutor<'_>) -> ExecId {
    match frame {
        ToExecutor::Open { exec, .. }
        | ToExecutor::File { exec, .. }
        | ToExecutor::Place { exec, .. }
        | ToExecutor::Remove { exec, .. }
        | ToExecutor::Product { exec, .. }
        | ToExecutor::Stdin { exec, .. }
        | ToExecutor::Cross { exec, .. }
        | ToExecutor::Start { exec }
        | ToExecutor::Credit { exec, .. }
        | ToExecutor::Kill { exec }
        | ToExecutor::Signal { exec, .. } => *exec,
        // Of no execution: none has this number.
        ToExecutor::Forget { .. } => 0,
    }
}

fn poll(polled: &mut [PollFd<'_>], time: Option<Duration>) -> Result<(), Fault> {
    let time = time.and_then(|time| Timespec::try_from(time).ok());
    match rustix::event::poll(polled, time.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(errno) => Err(Fault::System { what: "wait", errno }),
    }
}

/// The ends of processes, and the wish that this one ends.
pub(crate) struct Signals(OwnedFd);

impl Signals {
    fn open() -> Result<Self, Fault> {
        // Without this the first process of a container is deaf to all but the strongest.
        raw::signal_descriptor(&[libc::SIGCHLD, libc::SIGTERM, libc::SIGINT, libc::SIGHUP])
            .map(Self)
            .map_err(Fault::system("listen to signals"))
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        use std::os::fd::AsFd;
        self.0.as_fd()
    }

    /// Takes what has come. Does not return where the agent is to end: the kernel ends all others with it.
    fn take(&self) {
        let mut event = [0; 128];
        while let Ok(length) = rustix::io::read(&self.0, &mut event) {
            let number = event[..length].first_chunk::<4>().map(|number| u32::from_ne_bytes(*number));
            if number != Some(libc::SIGCHLD as u32) {
                std::process::exit(0);
            }
        }
    }

    /// Until a process has ended, at most for this time.
    pub(crate) fn wait(&self, time: Duration) -> Result<(), Fault> {
        poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(time))?;
        self.take();
        Ok(())
    }
}
