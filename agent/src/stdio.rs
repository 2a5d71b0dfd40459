//! What a program gets as stdin, stdout and stderr, and the agent's ends of it: pipes, or a terminal of its own.
//! Called by `spawn` before a start; `input` and `output` move the bytes.

use crate::awaiting::InputId;
use crate::user::User;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pipe::PipeFlags;
use rustix::pty::OpenptFlags;
use rustix::termios::{LocalModes, SpecialCodeIndex, Winsize};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// What terminals have when nobody says otherwise.
const WINDOW: Winsize = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };

/// Both sides of a program's stdin, stdout and stderr.
pub(crate) struct Stdio {
    pub(crate) theirs: [OwnedFd; 3],
    /// None where the program sees no input.
    pub(crate) sink: Option<Sink>,
    pub(crate) stdout: OwnedFd,
    /// None where all output comes as stdout.
    pub(crate) stderr: Option<OwnedFd>,
}

/// The agent's end of a program's stdin.
pub(crate) enum Sink {
    Pipe(OwnedFd),
    Terminal {
        master: OwnedFd,
        /// Held open: the terminal stays while the program has closed its own ends for a moment.
        slave: OwnedFd,
        /// What was written last did not end a line.
        in_line: bool,
    },
}

/// What became of an attempt to end the input.
pub(crate) enum End {
    /// There is nothing to be said any more.
    Closed,
    /// Said for now; the program may read on and wait.
    Said,
    /// No room; to be tried again.
    Full,
}

impl Stdio {
    /// Nothing to read, two pipes to write to.
    pub(crate) fn without_input(user: User) -> Result<Self, Errno> {
        let null = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        Self::with_stdin(user, null, None)
    }

    /// Three pipes.
    pub(crate) fn pipes(user: User) -> Result<Self, Errno> {
        let (theirs, ours) = pipe(user)?;
        rustix::io::ioctl_fionbio(&ours, true)?;
        Self::with_stdin(user, theirs, Some(Sink::Pipe(ours)))
    }

    fn with_stdin(user: User, stdin: OwnedFd, sink: Option<Sink>) -> Result<Self, Errno> {
        let (stdout, their_stdout) = pipe(user)?;
        let (stderr, their_stderr) = pipe(user)?;
        // Only the agent's ends: a program expects its own to wait.
        rustix::io::ioctl_fionbio(&stdout, true)?;
        rustix::io::ioctl_fionbio(&stderr, true)?;
        Ok(Self { theirs: [stdin, their_stdout, their_stderr], sink, stdout, stderr: Some(stderr) })
    }

    pub(crate) fn terminal(user: User) -> Result<Self, Errno> {
        // The slave belongs to whoever opens the master.
        let acting = user.act()?;
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = rustix::pty::openpt(flags)?;
        rustix::pty::unlockpt(&master)?;
        let slave = rustix::pty::ioctl_tiocgptpeer(&master, flags).or_else(|_| {
            // An older way, for kernels that have only that.
            let path = rustix::pty::ptsname(&master, Vec::new())?;
            rustix::fs::open(path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())
        })?;
        drop(acting);
        rustix::termios::tcsetwinsize(&slave, WINDOW)?;
        rustix::io::ioctl_fionbio(&master, true)?;
        let theirs = [slave.as_fd(), slave.as_fd(), slave.as_fd()].map(copy);
        let [first, second, third] = theirs;
        let sink = Sink::Terminal { master: copy(master.as_fd())?, slave, in_line: false };
        Ok(Self { theirs: [first?, second?, third?], sink: Some(sink), stdout: master, stderr: None })
    }
}

/// A reader and a writer. They belong to the user, so that a program can open `/dev/stdout` and its like.
fn pipe(user: User) -> Result<(OwnedFd, OwnedFd), Errno> {
    let _acting = user.act()?;
    rustix::pipe::pipe_with(PipeFlags::CLOEXEC)
}

fn copy(descriptor: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    rustix::io::fcntl_dupfd_cloexec(descriptor, 3)
}

impl Sink {
    /// As much as there is room for.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<usize, Errno> {
        let written = rustix::io::write(self.as_fd(), bytes)?;
        if let (Self::Terminal { in_line, .. }, Some(last)) = (self, bytes[..written].last()) {
            *in_line = *last != b'\n';
        }
        Ok(written)
    }

    pub(crate) fn end(&mut self) -> End {
        let Self::Terminal { master, slave, in_line } = self else { return End::Closed };
        let Ok(mode) = rustix::termios::tcgetattr(&*slave) else { return End::Closed };
        let sign = [mode.special_codes[SpecialCodeIndex::VEOF]; 2];
        // Within a line the first sign gives the program what there is of the line, and only the next is an end.
        let is_by_lines = mode.local_modes.contains(LocalModes::ICANON);
        let count = if *in_line && is_by_lines { 2 } else { 1 };
        match rustix::io::write(&*master, &sign[..count]) {
            Ok(written) => {
                *in_line = false;
                // By bytes the sign is a byte like any other: said once.
                if written == count && is_by_lines { End::Said } else { End::Closed }
            }
            Err(Errno::AGAIN) => End::Full,
            Err(_) => End::Closed,
        }
    }

    /// Whether the program has taken all that was written. On a terminal a line that is not ended counts as taken.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Pipe(pipe) => rustix::io::ioctl_fionread(pipe),
            Self::Terminal { slave, .. } => rustix::io::ioctl_fionread(slave),
        }
        .is_ok_and(|bytes| bytes == 0)
    }

    pub(crate) fn id(&self) -> InputId {
        let (descriptor, terminal) = match self {
            Self::Pipe(pipe) => (pipe, false),
            Self::Terminal { slave, .. } => (slave, true),
        };
        // A descriptor of our own always has a state.
        rustix::fs::fstat(descriptor).map_or(InputId { device: 0, number: 0, terminal }, |stat| InputId {
            device: stat.st_dev,
            number: stat.st_ino,
            terminal,
        })
    }
}

impl AsFd for Sink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Pipe(pipe) => pipe.as_fd(),
            Self::Terminal { master, .. } => master.as_fd(),
        }
    }
}
