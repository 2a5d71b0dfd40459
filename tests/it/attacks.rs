//! Programs that attack what is around them. Each shows one wall of a container; the programs are in `tests/attacks`.

use crate::client::Client;
use crate::containers::{docker, server};
use serde_json::{Value, json};

fn source(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacks").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
}

async fn attack(client: &mut Client, name: &str, limits: Value) -> Value {
    let language = if name.ends_with(".sh") { "bash" } else { "c" };
    let ran = client.run(json!({"language": language, "code": source(name), "limits": limits})).await;
    let execution = ran.execution().clone();
    assert!(execution["status"] != "compile_error" && execution["status"] != "internal", "{name}: {:#}", ran.last());
    // Whatever it did, the next one is well.
    let after = client.run(json!({"language": "bash", "code": "echo well"})).await;
    assert_eq!(after.succeeded().stdout(), "well\n", "after {name}");
    execution
}

/// The status alone tells the wall.
#[tokio::test]
async fn limits_end_what_reaches_them() {
    if !docker() {
        return;
    }
    let server = server(&[]).await;
    let mut client = server.connect().await;
    let short = json!({"time_ms": 400, "wall_ms": 3000});
    let slept = json!({"time_ms": 5000, "wall_ms": 700});
    let small = json!({"memory_mb": 48, "time_ms": 8000});
    let cases = [
        ("busy.c", &short, "timeout", "CPU time"),
        ("busy_children.c", &short, "timeout", "CPU time"),
        ("busy_hidden.c", &short, "timeout", "CPU time"),
        ("ignore_signals.c", &slept, "timeout", "wall time"),
        ("stop_itself.c", &slept, "timeout", "wall time"),
        ("memory.c", &small, "memory_limit", "memory"),
        ("memory_slow.c", &small, "memory_limit", "memory"),
        ("memory_many.c", &small, "memory_limit", "memory"),
        ("flood.c", &json!({"output_kb": 100}), "output_limit", "output"),
        ("flood_both.c", &json!({"output_kb": 100}), "output_limit", "output"),
    ];
    for (name, limits, status, message) in cases {
        let execution = attack(&mut client, name, limits.clone()).await;
        assert_eq!(execution["status"], status, "{name}: {execution:#}");
        assert!(execution["message"].as_str().unwrap().contains(message), "{name}: {execution:#}");
    }
}

#[tokio::test]
async fn limits_are_exact() {
    if !docker() {
        return;
    }
    let server = server(&[]).await;
    let mut client = server.connect().await;
    // Output of exactly the limit is no offence; one byte more is, and exactly the limit comes back.
    let ran = client.run(json!({"language": "bash", "code": "head -c 10240 /dev/zero | tr '\\0' x", "limits": {"output_kb": 10}})).await;
    assert_eq!(ran.succeeded().stdout().len(), 10240);
    let ran = client.run(json!({"language": "bash", "code": "head -c 10241 /dev/zero | tr '\\0' x", "limits": {"output_kb": 10}})).await;
    assert_eq!((ran.status(), ran.stdout().len(), &ran.execution()["out_size"]), ("output_limit", 10240, &json!(10240)));
    // What stays below its memory is not ended, and is measured.
    let ran = client.run(json!({"language": "c", "code": source("touch.c"), "args": ["30"], "limits": {"memory_mb": 48}})).await;
    let used = ran.succeeded().execution()["memory_usage_mb"].as_f64().unwrap();
    assert!((30.0..36.0).contains(&used), "{used}");
    let ran = client.run(json!({"language": "c", "code": source("touch.c"), "args": ["60"], "limits": {"memory_mb": 48}})).await;
    assert_eq!(ran.status(), "memory_limit", "{:#}", ran.last());
    // Beyond what a warm container has: one is made that fits.
    let ran = client.run(json!({"language": "c", "code": source("touch.c"), "args": ["1500"], "limits": {"memory_mb": 1800}})).await;
    ran.succeeded();
    // A child that was denied memory is the parent's business.
    let ran = client.run(json!({"language": "c", "code": source("stack.c"), "limits": {"memory_mb": 64}})).await;
    assert!(
        ["SIGSEGV"].contains(&ran.execution()["signal"].as_str().unwrap_or_default()) || ran.status() == "memory_limit",
        "{:#}",
        ran.last()
    );
}

#[tokio::test]
async fn bombs_are_contained() {
    if !docker() {
        return;
    }
    let server = server(&[]).await;
    let mut client = server.connect().await;
    // The count that each reports stays within the limit.
    let execution = attack(&mut client, "fork_bomb.c", json!({"processes": 20, "wall_ms": 5000})).await;
    let forks: u32 = execution["stdout"].as_str().unwrap().trim().parse().unwrap_or_else(|_| panic!("{execution:#}"));
    assert!((10..20).contains(&forks), "{execution:#}");
    let execution = attack(&mut client, "fork_wild.sh", json!({"wall_ms": 2000, "time_ms": 2000})).await;
    assert_ne!(execution["status"], "internal", "{execution:#}");
    let execution = attack(&mut client, "daemons.c", json!({"wall_ms": 5000})).await;
    assert_eq!(execution["stdout"], "left 20\n", "{execution:#}");
    let execution = attack(&mut client, "fill.c", json!({"files_mb": 16, "wall_ms": 20000, "time_ms": 20000})).await;
    let text = execution["stdout"].as_str().unwrap();
    for line in [
        "/box/work: ENOSPC within 16 MB",
        "/tmp: ENOSPC within 16 MB",
        "/dev/shm: ENOSPC within 1 MB",
        "/: refused",
        "/etc: refused",
        "/usr: refused",
        "/runnel: refused",
        "/box/bin: refused",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    let execution = attack(&mut client, "inodes.c", json!({"wall_ms": 20000, "time_ms": 20000})).await;
    assert_eq!((&execution["status"], &execution["stdout"]), (&json!("success"), &json!("stopped in time\n")), "{execution:#}");
    let execution = attack(&mut client, "wipe_me.sh", json!({})).await;
    assert_eq!(execution["stdout"], "done\n", "{execution:#}");
}

#[tokio::test]
async fn nothing_leads_out() {
    if !docker() {
        return;
    }
    let server = server(&[]).await;
    let mut client = server.connect().await;
    let execution = attack(&mut client, "escape.c", json!({"wall_ms": 20000})).await;
    let text = execution["stdout"].as_str().unwrap();
    assert!(text.lines().count() >= 25 && text.lines().all(|line| line.ends_with(": refused")), "{text}");
    assert_eq!(execution["status"], "success", "{execution:#}");
    let execution = attack(&mut client, "identity.sh", json!({})).await;
    let text = execution["stdout"].as_str().unwrap();
    for line in [
        "CapEff:\t0000000000000000",
        "CapPrm:\t0000000000000000",
        "CapAmb:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
        "interfaces lo",
        "processes 2",
        "environment fine",
        "descriptors 0 1 2",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    let uid: u32 = text.lines().find_map(|line| line.strip_prefix("uid ")).unwrap().parse().unwrap();
    assert!(uid >= 20_000, "{text}");
}

/// What one run leaves in files, shared memory and semaphores, the next must not find.
#[tokio::test]
async fn nothing_is_left_for_others() {
    if !docker() {
        return;
    }
    let server = server(&["--set", "docker.pool=1"]).await;
    let mut client = server.connect().await;
    for round in 0..3 {
        let ran = client.run(json!({"language": "c", "code": source("leftovers.c")})).await;
        assert_eq!(ran.succeeded().stdout(), "found 0\nleft 6\n", "round {round}");
    }
}

/// What a compile step plants for the program, or for the agent that reads what it made.
#[tokio::test]
async fn a_compiler_can_not_plant_anything() {
    if !docker() {
        return;
    }
    let toolchains = crate::containers::Toolchains::new("plant");
    let compile =
        |script: &str| format!("image = 'debian:bookworm-slim'\ncompile = ['bash', '-c', '''{script}''']\nrun = ['bash', '{{src}}']");
    toolchains
        .add("links", &compile("mkdir /box/bin/main; ln -s /etc/passwd /box/bin/main/x; ln -s / /box/bin/main/y; ln -s /proc/1/mem /box/bin/main/z; echo ok > /box/bin/main/f; rm -rf /box/work/*; ln -s /etc /box/work/d; ln -s /etc/passwd main.txt; (setsid sleep 100 &) "), None)
        .add("closed", &compile("echo 1 > /box/bin/main; mkdir -p a/b/c; touch a/b/c/f; chmod 000 a/b a; mkfifo p; chmod 000 /box/work 2>/dev/null; true"), None);
    let server = server(&["--set", &toolchains.setting()]).await;
    let mut client = server.connect().await;
    let code = "id -u; ls -A /box/work; pgrep sleep; ls -A /tmp; cat /box/bin/main/f /box/bin/main 2>/dev/null; touch /box/bin/x 2>/dev/null && echo written";
    for (language, expected) in [("links", "main.txt\nok\n"), ("closed", "main.txt\n1\n")] {
        for round in 0..4 {
            let ran = client.run(json!({"language": language, "files": {"main.txt": code, "d.txt": ""}, "main": "main.txt"})).await;
            let stdout = ran.stdout().split_once('\n').map_or("", |(_, rest)| rest).replace("d.txt\n", "");
            assert_eq!(stdout, expected, "{language} {round}: {:#}", ran.last());
        }
    }
}
