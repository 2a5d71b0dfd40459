//! CPU time of programs that compute, against the native interpreters. Each file of `benches/programs` is one.

use crate::client::{Client, Server};
use crate::peers::{self, Peers, in_node, path, words};
use crate::plot::{Bar, Plot, Scale};
use crate::report::{Bound, Report, geomean, milliseconds, told};
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

/// A peer that is run by turns with ours; the first is what the ratios are to.
struct Native {
    name: &'static str,
    words: Vec<String>,
}

/// A peer in Node, whose start is not the program's.
struct Hosted {
    name: &'static str,
    script: &'static str,
    /// Only each so-many-th program, where all would take minutes.
    each: usize,
}

pub(crate) async fn programs(report: &mut Report, peers: &Peers) {
    report.section("CPU time of programs");
    report.say(
        "CPU time of whole processes, the interpreter's start included, and `cpu_time_ms` of our runs with their CPU limit active; by turns, the least of each. \
        What runs in Node says what the program alone took, once; StarlingMonkey, the slowest, with each third. All print the same, or they are not counted.",
    );
    let natives = vec![Native { name: "python3", words: vec![peers::python()] }];
    let hosted = if peers.has("pyodide") { vec![Hosted { name: "Pyodide", script: "pyodide", each: 1 }] } else { Vec::new() };
    compare(report, "python", "py", natives, hosted, Bound::AtMost(2.0)).await;
    let mut natives = vec![Native { name: "node", words: words(&["node"]) }];
    if peers.has("qjs") {
        natives.insert(0, Native { name: "qjs", words: vec![path("qjs")] });
    }
    let mut hosted = Vec::new();
    for (name, script, each) in [("quickjs-emscripten", "quickjs-emscripten", 1), ("StarlingMonkey", "starlingmonkey", 3)] {
        if peers.has(script) {
            hosted.push(Hosted { name, script, each });
        }
    }
    compare(report, "javascript", "js", natives, hosted, Bound::AtMost(1.6)).await;
}

async fn compare(report: &mut Report, language: &str, ending: &str, natives: Vec<Native>, mut hosted: Vec<Hosted>, bound: Bound) {
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    if report.is_quick {
        hosted.clear();
    }
    let rounds = report.rounds(2, 1);
    let (mut rows, mut bars) = (Vec::new(), Vec::new());
    let mut ratios = vec![Vec::new(); natives.len() + hosted.len()];
    for (place, file) in files(language, ending).into_iter().enumerate() {
        let (name, code) = (file.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&file).unwrap());
        let file = file.display().to_string();
        let mut ours = Duration::MAX;
        let mut theirs = vec![Duration::MAX; natives.len()];
        let mut printed = None;
        for _ in 0..rounds {
            match ran(&mut client, language, &code).await {
                Ok((cpu, stdout)) => {
                    ours = ours.min(cpu);
                    printed = Some(stdout);
                }
                Err(why) => {
                    report.not_measured(&format!("{language} program `{name}`"), &why);
                    break;
                }
            }
            for (index, native) in natives.iter().enumerate() {
                let used = peers::cpu(&[native.words.clone(), vec![file.clone()]].concat());
                theirs[index] = theirs[index].min(used.cpu);
                if printed.as_ref() != Some(&used.stdout) {
                    report.not_measured(&format!("{language} program `{name}`"), &format!("`{}` prints something else", native.name));
                    printed = None;
                }
            }
        }
        let Some(printed) = printed else { continue };
        let mut row = vec![name.clone(), told(ours)];
        for (index, time) in theirs.iter().enumerate() {
            let ratio = ours.as_secs_f64() / time.as_secs_f64().max(0.001);
            ratios[index].push(ratio);
            row.extend([told(*time), format!("{ratio:.2}")]);
        }
        for (index, peer) in hosted.iter().enumerate() {
            if !place.is_multiple_of(peer.each) {
                row.push(String::new());
                continue;
            }
            match peers::cpu_said(&in_node(peer.script, &file)) {
                Ok(used) if used.stdout == printed => {
                    ratios[natives.len() + index].push(ours.as_secs_f64() / used.cpu.as_secs_f64().max(0.001));
                    row.push(told(used.cpu));
                }
                Ok(_) => row.push("prints something else".to_owned()),
                Err(why) => row.push(why.chars().take(60).collect()),
            }
        }
        bars.push(Bar { name, value: milliseconds(ours) / milliseconds(theirs[0]), is_ours: true });
        rows.push(row);
    }
    let mut head = vec![language, "ours"];
    let titles: Vec<String> = natives.iter().map(|native| format!("ratio to {}", native.name)).collect();
    for (native, title) in natives.iter().zip(&titles) {
        head.extend([native.name, title]);
    }
    head.extend(hosted.iter().map(|peer| peer.name));
    report.table(&head, rows);
    let names = natives.iter().map(|native| native.name).chain(hosted.iter().map(|peer| peer.name));
    for (name, ratios) in names.zip(&ratios).filter(|(_, ratios)| !ratios.is_empty()) {
        report.say(format!(
            "{language}: {:.2} times the CPU time of {name}, geometric mean of {} programs.",
            geomean(ratios),
            ratios.len()
        ));
    }
    let title = format!("CPU time of {language} programs, of {}'s", natives[0].name);
    report.plot(&format!("programs-{language}"), &title, &Plot::Bars { unit: "times native", scale: Scale::Linear, bars });
    if !ratios[0].is_empty() {
        report.goal(&format!("CPU time of {language} programs to {}, geometric mean", natives[0].name), geomean(&ratios[0]), "", bound);
    }
}

fn files(language: &str, ending: &str) -> Vec<PathBuf> {
    let folder = peers::root().join("benches/programs").join(language);
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|own| own == ending)).collect();
    files.sort();
    files
}

async fn ran(client: &mut Client, language: &str, code: &str) -> Result<(Duration, String), String> {
    let limits = json!({"time_ms": 60_000, "memory_mb": 1024});
    let ran = client.run(json!({"language": language, "code": code, "limits": limits})).await;
    if ran.status() != "success" {
        return Err(format!("`{}` {} {}", ran.status(), ran.execution()["message"], ran.stderr().lines().last().unwrap_or_default()));
    }
    let cpu = ran.execution()["cpu_time_ms"].as_f64().unwrap();
    Ok((Duration::from_secs_f64(cpu / 1000.0), ran.stdout().to_owned()))
}
