//! Cells: the second wall, and what happens when one dies.

use crate::client::{Server, runnel};
use serde_json::{Value, json};

#[test]
fn nothing_gets_past_the_second_wall() {
    let output = runnel().args(["check", "--json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{report:#}");
    let attempts = report["attempts"].as_array().unwrap();
    for what in [
        "read /etc/passwd",
        "write into /tmp",
        "connect over TCP",
        "become another program",
        "start a process",
        "trace its parent",
        "make code",
    ] {
        let attempt = attempts.iter().find(|attempt| attempt["what"] == what).unwrap_or_else(|| panic!("{what} was not tried"));
        assert_eq!(attempt["stopped"], true, "{attempt}");
    }
    assert!(attempts.iter().all(|attempt| attempt["stopped"] == true), "{report:#}");
}

#[tokio::test]
async fn a_cell_has_nothing_but_its_link() {
    let server = Server::start(&[]);
    server.connect().await.python("print(1)").await.succeeded();
    let cells = server.cells();
    assert!(!cells.is_empty());
    for cell in cells {
        let status = when_shut_in(cell).await;
        let field = |name: &str| {
            status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {status}")).trim().to_owned()
        };
        assert_eq!((field("Seccomp:").as_str(), field("NoNewPrivs:").as_str()), ("2", "1"));
        assert_eq!(field("CapEff:"), "0000000000000000");
        assert_ne!(field("Uid:").split_whitespace().next(), Some("0"), "never root");
        // Readable by root only, and root is who may run this test; others see that it is shut.
        if let Ok(folder) = std::fs::read_dir(format!("/proc/{cell}/fd")) {
            for entry in folder.flatten() {
                let target = std::fs::read_link(entry.path()).unwrap();
                let target = target.to_str().unwrap();
                let own = ["socket:", "pipe:", "anon_inode:", "/dev/null"].iter().any(|kind| target.starts_with(kind));
                // The guests' code, mapped and read-only, and the list of pages that it touched.
                let own = own || target.ends_with(".cwasm") || target.ends_with("/pagemap");
                assert!(own, "an open {target}");
            }
            assert_eq!(std::fs::read(format!("/proc/{cell}/environ")).unwrap(), b"");
        }
    }
}

/// A process's status as soon as it says that it is filtered: cells that took no order yet may still be loading.
async fn when_shut_in(cell: u32) -> String {
    for _ in 0..3000 {
        let status = std::fs::read_to_string(format!("/proc/{cell}/status")).unwrap();
        if status.contains("Seccomp:\t2") {
            return status;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("cell {cell} did not shut itself in");
}

#[tokio::test]
async fn a_killed_cell_is_replaced_and_its_run_repeated() {
    let server = Server::start(&["--set", "cells.count=1", "--set", "desk.live=100"]);
    let mut client = server.connect().await;
    // Nothing was seen of it yet: it runs once more.
    client.send(json!({"type": "run", "id": "r", "language": "python", "code": "import time\ntime.sleep(0.5)\nprint('done')"})).await;
    client.next_of("started").await;
    kill(&server);
    let ran = client.rest("r").await;
    assert_eq!((ran.status(), ran.stdout()), ("success", "done\n"));
    // Something was seen: repeating it would tell it twice.
    client
        .send(json!({"type": "run", "id": "s", "language": "python", "code": "print('before', flush=True)\nimport time\ntime.sleep(20)"}))
        .await;
    client.next_of("stdout").await;
    kill(&server);
    let ran = client.rest("s").await;
    assert_eq!((ran.status(), ran.stdout()), ("internal", "before\n"));
    client.python("print('alive')").await.succeeded();
}

/// The kernel ends a cell with the thread that started it, and a thread of the runtime that a large frame has held up ends 10 s later.
#[tokio::test]
async fn cells_outlive_the_threads_of_the_runtime() {
    let server = Server::start(&[]);
    let cells = server.cells();
    let mut client = server.connect().await;
    let code = format!("//{}\nconsole.log(1)", "x".repeat(400 << 10));
    for _ in 0..20 {
        client.javascript(&code).await.succeeded();
    }
    tokio::time::sleep(std::time::Duration::from_secs(13)).await;
    assert_eq!(server.cells(), cells);
}

#[tokio::test]
async fn a_run_that_loses_two_cells_is_told_so() {
    let server = Server::start(&["--set", "cells.count=1", "--set", "desk.live=100"]);
    let mut client = server.connect().await;
    client
        .send(json!({"type": "run", "id": "r", "language": "python", "code": "import time\ntime.sleep(20)", "limits": {"wall_ms": 30000}}))
        .await;
    client.next_of("started").await;
    // Its second life is not told: cells are killed until the run is over, and the second that it loses ends it.
    let ran = {
        let mut rest = std::pin::pin!(client.rest("r"));
        loop {
            kill(&server);
            if let Ok(ran) = tokio::time::timeout(std::time::Duration::from_secs(1), &mut rest).await {
                break ran;
            }
        }
    };
    assert_eq!(ran.status(), "internal");
    assert!(ran.execution()["message"].as_str().unwrap().contains("lost"));
}

#[tokio::test]
async fn cells_end_with_their_server() {
    let mut server = Server::start(&[]);
    let mut client = server.connect().await;
    client.send(json!({"type": "run", "id": "r", "language": "python", "code": "while True: pass", "limits": {"time_ms": 60000}})).await;
    client.next_of("started").await;
    let cells = server.cells();
    server.signal("-KILL");
    server.process.wait().unwrap();
    for _ in 0..100 {
        if cells.iter().all(|cell| !std::path::Path::new(&format!("/proc/{cell}/exe")).exists()) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("cells are left behind");
}

fn kill(server: &Server) {
    for cell in server.cells() {
        assert!(std::process::Command::new("kill").args(["-KILL", &cell.to_string()]).status().unwrap().success());
    }
}

/// Runs `start` in a thread, and so starts processes, for which this kernel seems to have no Landlock.
fn without_landlock<T: Send>(start: impl FnOnce() -> T + Send) -> T {
    use seccompiler::{SeccompAction, SeccompFilter};
    const LANDLOCK_CREATE_RULESET: i64 = 444;
    const ENOSYS: u32 = 38;
    let start = move || {
        let rules = [(LANDLOCK_CREATE_RULESET, vec![])].into();
        let filter =
            SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::Errno(ENOSYS), std::env::consts::ARCH.try_into().unwrap())
                .unwrap();
        let program: seccompiler::BpfProgram = filter.try_into().unwrap();
        seccompiler::apply_filter(&program).unwrap();
        start()
    };
    std::thread::scope(|scope| scope.spawn(start).join().unwrap())
}

#[tokio::test]
async fn a_wall_with_a_hole_is_told_and_can_be_refused() {
    let server = without_landlock(|| Server::start(&[]));
    let ready: Value = serde_json::from_str(&server.get("/readyz").1).unwrap();
    assert_eq!(
        (&ready["hardening"]["whole"], &ready["hardening"]["landlock"], &ready["hardening"]["seccomp"]),
        (&json!(false), &json!(false), &json!(true))
    );
    server.connect().await.python("print(1)").await.succeeded();
    let refused = without_landlock(|| runnel().args(["serve", "--listen", "127.0.0.1:0", "--require-hardening"]).output().unwrap());
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && refused.stdout.is_empty() && text.contains("second wall is not whole"), "{text}");
    let checked = without_landlock(|| runnel().arg("check").output().unwrap());
    assert_eq!(checked.status.code(), Some(1));
    assert!(String::from_utf8(checked.stdout).unwrap().contains("MISSING"));
}

#[tokio::test]
async fn want_of_our_own_memory_is_not_the_programs_fault() {
    let server = Server::start(&["--set", "cells.count=1", "--set", "desk.live=100", "--set", "cells.budget_mb=64"]);
    let mut client = server.connect().await;
    for (language, code) in [("python", "x = bytearray(100 << 20)"), ("python", "open('big', 'wb').write(b'x')\nx = bytearray(100 << 20)")]
    {
        let ran = client.run(json!({"language": language, "code": code})).await;
        assert_eq!(ran.status(), "internal", "{:#}", ran.last());
        assert!(ran.execution()["message"].as_str().unwrap().contains("no memory left"), "{:#}", ran.last());
    }
    // What was taken is given back.
    for _ in 0..5 {
        client.python("x = bytearray(40 << 20)\nopen('f', 'wb').write(b'x' * 1_000_000)\nprint(len(x))").await.succeeded();
    }
}
