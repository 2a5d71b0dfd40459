//! Figures of judging: many tests against a shell loop over the bare programs, and two programs that talk to each other.

use crate::client::{Client, Server};
use crate::median;
use crate::peers;
use crate::plot::{Axis, Plot, Scale, Series, number};
use crate::report::{Report, Times, milliseconds, told};
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const TESTS: usize = 100;
/// A shell's loop is timed in rounds of so many, by turns with ours: starts of interpreters are what takes longest here.
const LOOPED: u32 = 25;
const TURNS: usize = 10_000;
const ASK: &str = "import sys\nfor line in sys.stdin:\n  sys.stdout.write(line)\n  sys.stdout.flush()\n";
const ASK_C: &str = "#include <stdio.h>\nint main(void) { char line[100]; while (fgets(line, sizeof line, stdin)) { fputs(line, stdout); fflush(stdout); } }\n";
const ANSWER: &str = "import sys\nfor turn in range(10000):\n  sys.stdout.write(f'{turn}\\n')\n  sys.stdout.flush()\n  if sys.stdin.readline() != f'{turn}\\n': sys.exit(43)\nsys.exit(42)\n";

const DOUBLE: [(&str, &str); 2] =
    [("python", "print(int(input()) * 2)"), ("javascript", "console.log(require('fs').readFileSync(0, 'utf8') * 2)")];

pub(crate) async fn judging(report: &mut Report) {
    report.section("Judging");
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    more_and_more(report, &mut client).await;
    let [(python, double), (javascript, doubled)] = DOUBLE;
    report.say(many(&mut client, python, double, &format!("{} -c '{double}'", peers::python())).await);
    report.say(many(&mut client, javascript, doubled, &format!("node -e \"{doubled}\"")).await);
    report.say(talk(&mut client, "python", ASK, "two wasm sandboxes").await);
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
    report.say(many(&mut client, "cpp", code, &bare.display().to_string()).await);
    report.say(talk(&mut client, "c", ASK_C, "a container and a wasm sandbox").await);
    std::fs::remove_dir_all(folder).unwrap();
}

fn tests(count: usize) -> Vec<Value> {
    (0..count).map(|n| json!({"id": n.to_string(), "input": n.to_string(), "expected_output": (2 * n).to_string()})).collect()
}

/// One run with more and more tests: what one more costs.
async fn more_and_more(report: &mut Report, client: &mut Client) {
    const COUNTS: [usize; 5] = [1, 10, 100, 1000, 10_000];
    let (mut rows, mut series) = (Vec::new(), Vec::new());
    for (language, code) in DOUBLE {
        let (mut points, mut before) = (Vec::new(), None);
        for count in COUNTS {
            let mut times = Times::default();
            for _ in 0..if count > 1000 { 2 } else { 7 } {
                times.push(judged(client, json!({"language": language, "code": code, "tests": {"hidden": tests(count)}})).await);
            }
            let more = before.map_or_else(String::new, |(fewer, time): (usize, f64)| {
                format!("{} ms", number((times.ms() - time) / (count - fewer) as f64))
            });
            let rate = count as f64 / milliseconds(times.p50()) * 1000.0;
            rows.push(vec![
                language.to_owned(),
                count.to_string(),
                told(times.p50()),
                more,
                format!("{rate:.0}"),
                times.count().to_string(),
            ]);
            points.push((count as f64, rate));
            before = Some((count, times.ms()));
        }
        series.push(Series { name: language.to_owned(), points });
    }
    report.table(&["language", "tests", "started to result, p50", "one more test", "tests/s", "runs"], rows);
    let (x, y) = (Axis { label: "tests of one run", scale: Scale::Log }, Axis { label: "tests/s", scale: Scale::Linear });
    report.plot("judging", "Tests per second against the tests of a run", &Plot::Lines { x, y, series });
}

/// All tests of one run, without its compile step, against a shell loop over the program itself.
async fn many(client: &mut Client, language: &str, code: &str, bare: &str) -> String {
    let tests = tests(TESTS);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..4 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let judged = judged(client, json!({"language": language, "code": code, "tests": {"visible": tests}})).await;
        if round > 0 {
            ours.push(judged);
        }
        let start = Instant::now();
        let script = format!("for n in $(seq {LOOPED}); do echo $n | {bare} > /dev/null; done");
        assert!(Command::new("bash").args(["-c", &script]).stdout(Stdio::null()).status().unwrap().success());
        theirs.push(start.elapsed() * (TESTS as u32 / LOOPED));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    format!(
        "{TESTS} tests of a small {language} program: {ours:.2?}; a shell loop over the bare one {theirs:.2?}; ratio {ratio:.3} (1/{:.1}).",
        1.0 / ratio
    )
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
async fn talk(client: &mut Client, language: &str, code: &str, between: &str) -> String {
    let mut times = Vec::new();
    for _ in 0..5 {
        let compare = json!({"interactor": {"language": "python", "code": ANSWER, "limits": {"time_ms": 30_000}}});
        let fields = json!({"language": language, "code": code, "tests": {"hidden": [{"id": "t"}]}, "compare": compare, "limits": {"time_ms": 30_000}});
        times.push(judged(client, fields).await);
    }
    format!("{TURNS} round trips between {between}: {:.2?}.", median(times))
}
