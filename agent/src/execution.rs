//! One execution: gathers what the server sends for it, runs it, and tells how it ended. Called by `serve`; what a
//! frame means for it is decided here, what a program does in `running`.

use crate::baseline::Baseline;
use crate::beneath::Writer;
use crate::fault::{Fault, words};
use crate::harvest::Harvesting;
use crate::input::Input;
use crate::order::{Order, Program, Work};
use crate::output::Output;
use crate::pack::{Packing, below_bin};
use crate::running::Running;
use crate::serve::{Kit, Ready};
use runnel_link::packed::{Entry, Piece, UnpackFault, Unpacker};
use runnel_link::{About, Bounds, End, ExecId, Facts, FromExecutor, OpenOrder, Placed, Signal, Stop};
use rustix::io::Errno;
use std::os::fd::OwnedFd;

pub(crate) struct Execution {
    pub(crate) id: ExecId,
    pub(crate) stage: Stage,
    /// What its program was given, where what it leaves is to come back.
    baseline: Option<Baseline>,
}

pub(crate) enum Stage {
    /// Until its `Start`.
    Gathering(Box<Gathering>),
    Running(Box<Running>),
    Packing(Box<Packing>),
    /// Its program has ended.
    Harvesting(Box<Harvesting>),
}

/// What a program is given before its start.
pub(crate) struct Gathering {
    bounds: Bounds,
    /// None for packing.
    program: Option<(Program, OwnedFd, Writer)>,
    product: Option<(Unpacker, Writer)>,
    input: Input,
    output: Output,
}

/// Why an execution goes no further.
pub(crate) enum Halt {
    /// This is its end.
    End(End),
    /// The agent's own.
    Fault(Fault),
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<End> for Halt {
    fn from(end: End) -> Self {
        Self::End(end)
    }
}

impl Execution {
    pub(crate) fn open(id: ExecId, order: &OpenOrder<'_>, kit: &mut Kit) -> Result<Self, Halt> {
        let Order { work, bounds, harvest } = Order::parse(order, kit.places.users())?.map_err(End::Trap)?;
        let mut baseline = None;
        let program = match work {
            Work::Pack => None,
            Work::Run(program) => {
                let work = kit.places.fresh_work(program.user).map_err(End::Broken)?;
                let again = || rustix::io::fcntl_dupfd_cloexec(&work, 3).map_err(Fault::system("open /box/work"));
                let writer = Writer::new(again()?, program.user);
                if let Some(wanted) = harvest {
                    baseline = Some(Baseline::new(again()?, program.user, wanted));
                }
                Some((program, work, writer))
            }
        };
        let output = Output::new(id, bounds.output_bytes);
        let gathering = Gathering { bounds, program, product: None, input: Input::default(), output };
        Ok(Self { id, stage: Stage::Gathering(Box::new(gathering)), baseline })
    }

    pub(crate) fn file(&mut self, path: &str, about: Option<About>, bytes: &[u8]) -> Result<(), Halt> {
        self.write(path, |writer| writer.put(path, about, bytes))
    }

    pub(crate) fn place(&mut self, path: &str, what: Placed<'_>) -> Result<(), Halt> {
        self.write(path, |writer| writer.place(path, what))?;
        if let (Stage::Gathering(_), Some(baseline), Placed::Folder) = (&self.stage, &mut self.baseline, what) {
            baseline.folder(path);
        }
        Ok(())
    }

    fn write(&mut self, path: &str, write: impl FnOnce(&mut Writer) -> Result<(), Errno>) -> Result<(), Halt> {
        let Stage::Gathering(gathering) = &mut self.stage else { return Ok(()) };
        let Some((_, _, writer)) = &mut gathering.program else { return Ok(()) };
        write(writer).map_err(|errno| End::Trap(format!("`{path}` can't be written: {}", words(errno))).into())
    }

    pub(crate) fn product(&mut self, bytes: &[u8], kit: &Kit) -> Result<(), Halt> {
        let Stage::Gathering(gathering) = &mut self.stage else { return Ok(()) };
        gathering.unpack(bytes, kit).map_err(|end| end.into())
    }

    pub(crate) fn stdin(&mut self, bytes: &[u8], eof: bool, kit: &mut Kit) -> Result<(), Halt> {
        match &mut self.stage {
            Stage::Gathering(gathering) => gathering.input.push(bytes, eof).map_err(Fault::system("keep a program's input"))?,
            Stage::Running(running) => running.feed(bytes, eof, kit)?,
            Stage::Packing(_) | Stage::Harvesting(_) => {}
        }
        Ok(())
    }

    pub(crate) fn credit(&mut self, bytes: u32) {
        match &mut self.stage {
            Stage::Gathering(_) => {}
            Stage::Running(running) => running.credit(bytes),
            Stage::Packing(packing) => packing.output.credit(bytes),
            Stage::Harvesting(harvesting) => harvesting.credit(bytes),
        }
    }

    pub(crate) fn kill(&mut self) -> Result<(), Halt> {
        match &mut self.stage {
            Stage::Gathering(_) => return Err(End::Stopped(Stop::Cancelled).into()),
            Stage::Running(running) => running.stop(Stop::Cancelled),
            Stage::Packing(packing) => packing.stop(Stop::Cancelled),
            Stage::Harvesting(harvesting) => harvesting.cancel(),
        }
        Ok(())
    }

    /// What is not a program that runs hears of none.
    pub(crate) fn signal(&mut self, signal: Signal, kit: &mut Kit) -> Result<(), Halt> {
        match &mut self.stage {
            Stage::Running(running) => running.signal(signal, kit)?,
            Stage::Gathering(_) | Stage::Packing(_) | Stage::Harvesting(_) => {}
        }
        Ok(())
    }

    pub(crate) fn start(self, kit: &mut Kit) -> Result<Self, Halt> {
        let Self { id, stage, mut baseline } = self;
        let Stage::Gathering(gathering) = stage else { return Err(Fault::Rules("started an execution twice").into()) };
        let Gathering { bounds, program, product, input, output } = *gathering;
        if product.is_some_and(|(unpacker, _)| !unpacker.is_whole()) {
            return Err(End::Broken("the product is cut short".to_owned()).into());
        }
        let stage = match program {
            Some((program, work, mut writer)) => {
                let told = |errno| End::Broken(format!("the program's files can't be prepared: {}", words(errno)));
                writer.finish().map_err(told)?;
                if let Some(baseline) = &mut baseline {
                    baseline.take(&mut kit.scratch).map_err(told)?;
                }
                Stage::Running(Box::new(Running::start(id, &program, bounds, &work, input, output, kit)?))
            }
            None => {
                let bin = kit.places.bin().map_err(Fault::system("open /box/bin"))?;
                let packing = Packing::begin(id, &bounds, bin, kit.places.users().compile)?;
                kit.outbox.push_along(&FromExecutor::Started { exec: id });
                Stage::Packing(Box::new(packing))
            }
        };
        Ok(Self { id, stage, baseline })
    }

    /// Does what there is to do; the facts are the end.
    pub(crate) fn turn(&mut self, ready: &Ready, kit: &mut Kit) -> Result<Option<Facts>, Fault> {
        match &mut self.stage {
            Stage::Gathering(_) => Ok(None),
            Stage::Running(running) => {
                let Some(facts) = running.turn(ready, kit)? else { return Ok(None) };
                // Nobody waits for what a cancelled program left.
                let baseline = self.baseline.take().filter(|_| facts.end != End::Stopped(Stop::Cancelled));
                let Some(baseline) = baseline else { return Ok(Some(facts)) };
                let mut harvesting = Harvesting::new(self.id, baseline, running.bounds(), running.window(), facts);
                let facts = harvesting.turn(kit);
                self.stage = Stage::Harvesting(Box::new(harvesting));
                Ok(facts)
            }
            Stage::Packing(packing) => Ok(packing.turn(kit)),
            Stage::Harvesting(harvesting) => Ok(harvesting.turn(kit)),
        }
    }
}

impl Gathering {
    fn unpack(&mut self, bytes: &[u8], kit: &Kit) -> Result<(), End> {
        let refused = |errno| End::Trap(format!("the product can't be unpacked: {}", words(errno)));
        let (unpacker, writer) = match &mut self.product {
            Some(product) => product,
            None => {
                let bin = kit.places.fresh_bin().map_err(refused)?;
                self.product.insert((Unpacker::default(), Writer::new(bin, kit.places.users().compile)))
            }
        };
        let unpacked = unpacker.feed(bytes, |piece| -> Result<(), Said> {
            match piece {
                Piece::Begin(Entry::File { path, executable, .. }) => writer.begin(&below_bin(path), executable),
                // A product is made of files.
                Piece::Begin(
                    Entry::Folder { .. } | Entry::Link { .. } | Entry::Gone { .. } | Entry::Touched { .. } | Entry::More { .. },
                ) => Err(Errno::INVAL),
                Piece::Bytes(bytes) => writer.append(bytes),
            }
            .map_err(Said)
        });
        unpacked.map_err(|fault| match fault {
            UnpackFault::Malformed(fault) => End::Broken(format!("the product is {fault}")),
            UnpackFault::Sink(Said(errno)) => refused(errno),
        })
    }
}

/// An error on its way through the unpacker.
struct Said(Errno);
