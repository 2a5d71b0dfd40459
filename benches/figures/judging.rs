//! Figures of judging: many tests against a shell loop over the bare programs, and two programs that talk to each other.

use crate::client::{Client, Server};
use crate::median;
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const TESTS: usize = 100;
const TURNS: usize = 10_000;
const ASK: &str = "import sys\nfor line in sys.stdin:\n  sys.stdout.write(line)\n  sys.stdout.flush()\n";
const ASK_C: &str = "#include <stdio.h>\nint main(void) { char line[100]; while (fgets(line, sizeof line, stdin)) { fputs(line, stdout); fflush(stdout); } }\n";
const ANSWER: &str = "import sys\nfor turn in range(10000):\n  sys.stdout.write(f'{turn}\\n')\n  sys.stdout.flush()\n  if sys.stdin.readline() != f'{turn}\\n': sys.exit(43)\nsys.exit(42)\n";

pub(crate) async fn judging() {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    // The interpreter itself: what stands first in the path may be a script that looks for it.
    let python = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
    let python = String::from_utf8(python.stdout).unwrap();
    many(&mut client, "python", "print(int(input()) * 2)", &format!("{} -c 'print(int(input()) * 2)'", python.trim())).await;
    let javascript = "console.log(require('fs').readFileSync(0, 'utf8') * 2)";
    many(&mut client, "javascript", javascript, &format!("node -e \"{javascript}\"")).await;
    talk(&mut client, "python", ASK, "two wasm sandboxes").await;
    drop(server);
    let built = crate::client::runnel().args(["toolchains", "build", "--engine", "docker"]).status().unwrap();
    assert!(built.success(), "the rest of these figures needs Docker");
    let server = Server::spawn(&["--set", "docker.pool=1"]);
    tokio::time::sleep(Duration::from_secs(8)).await;
    let mut client = server.connect().await;
    let code = "#include <cstdio>\nint main() { int n; scanf(\"%d\", &n); printf(\"%d\\n\", n * 2); }\n";
    let folder = std::env::temp_dir().join(format!("runnel-judging-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("x.cpp"), code).unwrap();
    let bare = folder.join("x");
    assert!(Command::new("g++").arg("-O2").arg("-o").arg(&bare).arg(folder.join("x.cpp")).status().unwrap().success());
    many(&mut client, "cpp", code, &bare.display().to_string()).await;
    talk(&mut client, "c", ASK_C, "a container and a wasm sandbox").await;
    std::fs::remove_dir_all(folder).unwrap();
}

/// All tests of one run, without its compile step, against a shell loop over the program itself.
async fn many(client: &mut Client, language: &str, code: &str, bare: &str) {
    let tests: Vec<Value> =
        (0..TESTS).map(|n| json!({"id": n.to_string(), "input": n.to_string(), "expected_output": (2 * n).to_string()})).collect();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..7 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let judged = judged(client, json!({"language": language, "code": code, "tests": {"visible": tests}})).await;
        if round > 0 {
            ours.push(judged);
        }
        let start = Instant::now();
        let script = format!("for n in $(seq {TESTS}); do echo $n | {bare} > /dev/null; done");
        assert!(Command::new("bash").args(["-c", &script]).stdout(Stdio::null()).status().unwrap().success());
        theirs.push(start.elapsed());
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    println!(
        "{TESTS} tests of a small {language} program: {ours:.2?}; a shell loop over the bare one {theirs:.2?}; ratio {ratio:.3} (1/{:.1})",
        1.0 / ratio
    );
}

/// One accepted run, from when its program was ready.
async fn judged(client: &mut Client, fields: Value) -> Duration {
    client.begin("r", fields).await;
    let mut start = Instant::now();
    loop {
        let frame = client.next().await;
        match frame["type"].as_str().unwrap() {
            "started" | "compiled" => start = Instant::now(),
            "result" => {
                assert_eq!(frame["summary"]["verdict"], "AC", "{frame:#}");
                return start.elapsed();
            }
            _ => {}
        }
    }
}

/// An interactive problem with many turns.
async fn talk(client: &mut Client, language: &str, code: &str, between: &str) {
    let mut times = Vec::new();
    for _ in 0..5 {
        let compare = json!({"interactor": {"language": "python", "code": ANSWER, "limits": {"time_ms": 30_000}}});
        let fields = json!({"language": language, "code": code, "tests": {"hidden": [{"id": "t"}]}, "compare": compare, "limits": {"time_ms": 30_000}});
        times.push(judged(client, fields).await);
    }
    println!("{TURNS} round trips between {between}: {:.2?}", median(times));
}
