//! Limits and their verdicts, each by a program that goes against it. No timing is asserted: a limit that does not
//! hold shows as a test that does not end.

use crate::client::{Client, Ran, Server};
use serde_json::{Value, json};

async fn run(client: &mut Client, language: &str, code: &str, limits: Value) -> Ran {
    client.run(json!({"language": language, "code": code, "limits": limits})).await
}

#[tokio::test]
async fn cpu_time_ends_whatever_computes() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let cases = [
        ("python", "print('before')\nwhile True: pass"),
        ("python", "print('before')\nimport re\nre.match(r'(a+)+$', 'a' * 60 + 'b')"),
        ("python", "print('before')\nx = 3 ** 10_000_000"),
        (
            "python",
            "print('before')\ntry:\n    while True: pass\nexcept BaseException:\n    print('caught')\nfinally:\n    print('finally')",
        ),
        ("javascript", "console.log('before'); while (true);"),
        ("javascript", "console.log('before'); /(a+)+$/.test('a'.repeat(60) + 'b')"),
        ("javascript", "console.log('before'); (function f() { Promise.resolve().then(f) })()"),
    ];
    for (language, code) in cases {
        let ran = run(&mut client, language, code, json!({"time_ms": 300})).await;
        assert_eq!((ran.status(), ran.stdout()), ("timeout", "before\n"), "{code}: {:#}", ran.last());
        let cpu = ran.execution()["cpu_time_ms"].as_f64().unwrap();
        assert!(cpu >= 300.0, "{code}: {cpu}");
        assert!(ran.execution()["message"].as_str().unwrap().contains("CPU time"));
    }
}

#[tokio::test]
async fn waiting_costs_no_cpu_time_but_wall_time() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    for (language, code) in [
        ("python", "import time\nprint('before', flush=True)\ntime.sleep(60)"),
        ("javascript", "console.log('before'); setTimeout(() => {}, 60000)"),
        ("javascript", "import fs from 'fs'; console.log('before'); await new Promise(r => setTimeout(r, 60000))"),
    ] {
        let ran = run(&mut client, language, code, json!({"time_ms": 1000, "wall_ms": 1200})).await;
        assert_eq!((ran.status(), ran.stdout()), ("timeout", "before\n"), "{:#}", ran.last());
        assert!(ran.execution()["message"].as_str().unwrap().contains("wall time"));
        assert!(ran.execution()["cpu_time_ms"].as_f64().unwrap() < 1000.0);
    }
    client
        .send(json!({"type": "run", "id": "w", "language": "python", "code": "input()", "interactive": true, "limits": {"time_ms": 1000, "wall_ms": 1200}}))
        .await;
    assert_eq!(client.rest("w").await.status(), "timeout");
}

#[tokio::test]
async fn memory_verdicts_come_from_the_host() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let limits = json!({"memory_mb": 96});
    let ran = run(&mut client, "python", "print('before')\nx = []\nwhile True: x.append(bytearray(1 << 20))", limits.clone()).await;
    assert_eq!((ran.status(), ran.stdout()), ("memory_limit", "before\n"), "{:#}", ran.last());
    let peak = ran.execution()["memory_usage_mb"].as_f64().unwrap();
    assert!((60.0..=96.0).contains(&peak), "{peak}");
    // Caught, then failed: still the memory's fault.
    let code = "try:\n    x = bytearray(200 << 20)\nexcept MemoryError:\n    raise SystemExit(4)";
    let ran = run(&mut client, "python", code, limits.clone()).await;
    assert_eq!((ran.status(), &ran.execution()["exit_code"]), ("memory_limit", &json!(4)));
    // Caught, and ended well: no failure at all.
    let code = "try:\n    x = bytearray(200 << 20)\nexcept MemoryError:\n    print('small then')";
    let ran = run(&mut client, "python", code, limits.clone()).await;
    assert_eq!((ran.status(), ran.stdout()), ("success", "small then\n"));
    // Words alone don't make a verdict.
    let ran =
        run(&mut client, "python", "import sys\nprint('MemoryError: out of memory', file=sys.stderr)\nsys.exit(1)", limits.clone()).await;
    assert_eq!(ran.status(), "error");
    for code in [
        "const x = []; while (true) x.push(new Uint8Array(1 << 20).fill(1))",
        "let s = 'x'; const a = []; for (;;) { a.push(s.repeat(1 << 20)) }",
    ] {
        let ran = run(&mut client, "javascript", code, json!({"memory_mb": 32})).await;
        assert_eq!(ran.status(), "memory_limit", "{code}: {:#}", ran.last());
    }
    // Less than the interpreter itself needs.
    let ran = run(&mut client, "python", "print(1)", json!({"memory_mb": 1})).await;
    assert_eq!(ran.status(), "memory_limit", "{:#}", ran.last());
}

#[tokio::test]
async fn output_is_cut_exactly() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let ran = run(&mut client, "python", "import sys\nsys.stdout.write('x' * 2048)", json!({"output_kb": 2})).await;
    assert_eq!((ran.status(), ran.stdout().len()), ("success", 2048), "exactly the limit is within it");
    let ran = run(&mut client, "python", "import sys\nsys.stdout.write('x' * 2049)", json!({"output_kb": 2})).await;
    assert_eq!((ran.status(), ran.stdout().len(), ran.streamed("stdout").len()), ("output_limit", 2048, 2048));
    let ran = run(&mut client, "javascript", "while (true) console.log('x'.repeat(99))", json!({"output_kb": 10})).await;
    assert_eq!((ran.status(), &ran.execution()["out_size"]), ("output_limit", &json!(10240)));
    let code = "import sys\nwhile True:\n    print('o')\n    print('e', file=sys.stderr)";
    let ran = run(&mut client, "python", code, json!({"output_kb": 4})).await;
    assert_eq!((ran.status(), ran.stdout().len() + ran.stderr().len()), ("output_limit", 4096), "both pipes count together");
}

#[tokio::test]
async fn the_result_keeps_the_beginning() {
    let server = Server::start(&["--set", "limits.job.capture_kb=4"]);
    let mut client = server.connect().await;
    let ran = client.python("import sys\nsys.stdout.write('é' * 4000)").await;
    assert_eq!((ran.status(), ran.streamed("stdout").len(), ran.stdout().len()), ("success", 8000, 4096));
    assert_eq!((&ran.execution()["stdout_truncated"], &ran.execution()["stderr_truncated"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn files_are_bounded_in_bytes_and_count() {
    let server = Server::start(&["--set", "limits.job.file_count=20", "--set", "limits.job.files=10"]);
    let mut client = server.connect().await;
    // The program itself counts.
    let code = "import os\nsize = os.path.getsize(__file__)\nleft = (1 << 20) - size\nfd = os.open('/tmp/f', os.O_WRONLY | os.O_CREAT)\nn = 0\nwhile n < left: n += os.write(fd, b'x' * min(65536, left - n))\nprint(os.path.getsize('/tmp/f') == left)\ntry:\n    os.pwrite(fd, b'y', n)\nexcept OSError as e:\n    print(e.strerror)\nos.close(fd); os.remove('/tmp/f')\nopen('/tmp/g', 'w').write('x' * 1000)\nprint(os.path.getsize('/tmp/g'))";
    let ran = run(&mut client, "python", code, json!({"files_mb": 1})).await;
    assert_eq!(ran.succeeded().stdout(), "True\nNo space left on device\n1000\n", "{:#}", ran.last());
    let code = "import errno\ntry:\n    f = open('big', 'wb')\n    for i in range(100): f.write(b'x' * 65536)\nexcept OSError as e:\n    print(errno.errorcode[e.errno])";
    let ran = run(&mut client, "python", code, json!({"files_mb": 1})).await;
    assert_eq!(ran.succeeded().stdout(), "ENOSPC\n", "{:#}", ran.last());
    let code = "import errno\ntry:\n    for i in range(100): open(f'f{i}', 'w').close()\nexcept OSError as e:\n    print(i, errno.errorcode[e.errno])";
    let ran = client.python(code).await;
    assert_eq!(ran.succeeded().stdout(), "19 ENOSPC\n", "the program and 19 more");
    let code = "const fs = require('fs'); try { for (let i = 0; ; i++) fs.appendFileSync('f', 'x'.repeat(65536)) } catch (e) { console.log(e.code) }";
    let ran = run(&mut client, "javascript", code, json!({"files_mb": 1})).await;
    assert_eq!(ran.succeeded().stdout(), "ENOSPC\n", "{:#}", ran.last());
}

#[tokio::test]
async fn input_is_bounded() {
    let server = Server::start(&["--set", "limits.job.stdin_kb=64"]);
    let mut client = server.connect().await;
    client.send(json!({"type": "run", "id": "r", "language": "python", "code": "print(len(input()))", "interactive": true})).await;
    client.next_of("waiting").await;
    client.send(json!({"type": "stdin", "id": "r", "data": "x".repeat(60 << 10)})).await;
    client.send(json!({"type": "stdin", "id": "r", "data": "x".repeat(8 << 10)})).await;
    let refused = loop {
        let frame = client.next().await;
        if frame["type"] == "error" {
            break frame;
        }
    };
    assert_eq!((&refused["code"], &refused["details"]["limit"]), (&json!("too_large"), &json!(65536)));
    client.send(json!({"type": "stdin", "id": "r", "data": "\n"})).await;
    assert_eq!(client.next_of("result").await["execution"]["stdout"], "61440\n");
}

#[tokio::test]
async fn a_deep_stack_is_the_programs_error() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    let ran = client.python("def f(): f()\nf()").await;
    assert_eq!(ran.status(), "error");
    assert!(ran.stderr().contains("RecursionError"), "{}", ran.stderr());
    let ran = client.javascript("function f() { f() } try { f() } catch (e) { console.log(e instanceof RangeError) }").await;
    assert_eq!(ran.succeeded().stdout(), "true\n");
    // Past the interpreter's own guards, whatever they are: an error of the program with a text, never ours.
    for (language, code) in [
        ("python", "x = []\nfor i in range(3000000): x = [x]\ndel x"),
        ("python", "import sys\nsys.setrecursionlimit(10**7)\ndef f(n): return f(n + 1) + 1\nf(0)"),
        ("javascript", "JSON.parse('['.repeat(1e6))"),
    ] {
        let ran = run(&mut client, language, code, json!({"time_ms": 20000, "memory_mb": 1024})).await;
        assert!(["success", "error", "memory_limit"].contains(&ran.status()), "{code}: {:#}", ran.last());
    }
}

#[tokio::test]
async fn deterministic_runs_are_equal() {
    let server = Server::start(&[]);
    let programs = [
        (
            "python",
            "import random, time, uuid, os\nprint(random.random(), time.time(), time.monotonic(), uuid.uuid4(), os.urandom(4).hex(), hash('abc'))\ntime.sleep(3)\nprint(time.time(), set('abcdef'))\nopen('f', 'w').close()\nprint(os.stat('f').st_mtime)",
        ),
        (
            "javascript",
            "console.log(Math.random(), Date.now(), performance.now(), crypto.randomUUID()); setTimeout(() => console.log(new Date().toISOString(), performance.now()), 2500)",
        ),
    ];
    for (language, code) in programs {
        let job = json!({"language": language, "code": code, "deterministic": {"seed": 7, "now": "2026-01-01T00:00:00Z"}});
        let alone = server.connect().await.run(job.clone()).await;
        assert_eq!(alone.status(), "success", "{:#}", alone.last());
        assert!(alone.stdout().contains("2026-01-01") || alone.stdout().contains("17672256"), "{}", alone.stdout());
        // Under load too.
        let mut busy = server.connect().await;
        for id in 0..4 {
            busy.send(json!({"type": "run", "id": id.to_string(), "language": "python", "code": "while True: pass", "limits": {"time_ms": 60000}})).await;
        }
        let loaded = server.connect().await.run(job.clone()).await;
        assert_eq!((loaded.stdout(), &loaded.execution()["fuel"]), (alone.stdout(), &alone.execution()["fuel"]));
        assert!(loaded.execution()["fuel"].as_u64().unwrap() > 1000);
        let mut other = job.clone();
        other["deterministic"]["seed"] = json!(8);
        assert_ne!(server.connect().await.run(other).await.stdout(), alone.stdout());
    }
}

#[tokio::test]
async fn fuel_is_the_time_limit_of_deterministic_runs() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    for (language, code) in [("python", "print('before')\nwhile True: pass"), ("javascript", "console.log('before'); for (;;);")] {
        let job = json!({"language": language, "code": code, "deterministic": {"seed": 1}, "limits": {"fuel": 200_000_000}});
        let ran = client.run(job).await;
        assert_eq!(
            (ran.status(), ran.stdout(), &ran.execution()["fuel"]),
            ("timeout", "before\n", &json!(200_000_000)),
            "{:#}",
            ran.last()
        );
    }
    // Sleeping is time that passes, on the virtual clock.
    let job = json!({"language": "python", "code": "import time\ntime.sleep(3600)", "deterministic": {"seed": 1}});
    let ran = client.run(job).await;
    assert_eq!((ran.status(), ran.execution()["message"].as_str().unwrap().contains("wall")), ("timeout", true));
}
