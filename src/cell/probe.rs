//! Proof of the second wall: tries, in native code inside a process that was shut in like every cell, what code
//! past the wasm engine would try. Started by `runnel check` and by the tests as `runnel cell --probe`.

use crate::link::Wall;
use serde::{Deserialize, Serialize};

/// One attempt and how it ended.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) what: String,
    pub(crate) stopped: bool,
    pub(crate) how: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) no_new_privs: bool,
    pub(crate) seccomp: bool,
    pub(crate) landlock: bool,
    pub(crate) attempts: Vec<Attempt>,
}

/// Tries everything and says how it went, as JSON.
pub(super) fn report(wall: Wall) -> String {
    use std::net::{TcpStream, UdpSocket};
    use std::os::unix::net::UnixStream;
    let parent = rustix::process::getppid().map_or(1, |parent| parent.as_raw_nonzero().get());
    let attempts = vec![
        of_io("read /etc/passwd", std::fs::read("/etc/passwd")),
        of_io("list /", std::fs::read_dir("/")),
        of_io("read its own program", std::fs::File::open("/proc/self/exe")),
        of_io("write into /tmp", std::fs::write("/tmp/runnel-probe", "x")),
        of_io("make a folder", std::fs::create_dir("/tmp/runnel-probe.d")),
        of_io("connect over TCP", TcpStream::connect("127.0.0.1:22")),
        of_io("open a UDP socket", UdpSocket::bind("127.0.0.1:0")),
        of_io("connect to a Unix socket", UnixStream::connect("/var/run/docker.sock")),
        of_number("open a raw socket", crate::raw::try_plain(libc::SYS_socket, 17, 3, 0)),
        of_number("start a process", crate::raw::try_fork()),
        of_number("become another program", crate::raw::try_exec()),
        of_number("trace its parent", crate::raw::try_ptrace(parent)),
        of_number("signal its parent", crate::raw::try_plain(libc::SYS_kill, parent.into(), 0, 0)),
        of_number("make a namespace", crate::raw::try_plain(libc::SYS_unshare, libc::CLONE_NEWUSER.into(), 0, 0)),
        of_number("become root", crate::raw::try_plain(libc::SYS_setuid, 0, 0, 0)),
        of_number("make code", crate::raw::try_map_executable()),
    ];
    let Wall { no_new_privs, seccomp, landlock } = wall;
    serde_json::to_string(&Report { no_new_privs, seccomp, landlock, attempts }).unwrap_or_default()
}

fn of_io<T>(what: &str, result: std::io::Result<T>) -> Attempt {
    match result {
        Ok(_) => of_number(what, 0),
        // A refused connection or a missing file would say that the attempt got through.
        Err(error) => of_number(what, error.raw_os_error().unwrap_or(-1)),
    }
}

fn of_number(what: &str, error: i32) -> Attempt {
    let stopped = error == libc::EPERM || error == libc::EACCES;
    let how = if error == 0 { "it worked".to_owned() } else { std::io::Error::from_raw_os_error(error).to_string() };
    Attempt { what: what.to_owned(), stopped, how }
}
