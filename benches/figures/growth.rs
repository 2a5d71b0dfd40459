//! How the latency of a run grows with its source, with its files, and with connections that are open beside it.

use crate::client::{Client, Server};
use crate::peers;
use crate::plot::{Axis, Plot, Scale, Series};
use crate::report::{Report, Times, told};
use serde_json::{Value, json};
use std::time::Instant;

pub(crate) async fn growth(report: &mut Report) {
    report.section("How latency grows");
    let server = Server::start(&[]);
    let mut client = server.connect().await;
    sources(report, &mut client).await;
    files(report, &mut client).await;
    connections(report, &server, &mut client).await;
}

async fn timed(client: &mut Client, job: &Value, count: usize) -> Times {
    let mut times = Times::default();
    for round in 0..count + 3 {
        let start = Instant::now();
        client.run(job.clone()).await.succeeded();
        if round >= 3 {
            times.push(start.elapsed());
        }
    }
    times
}

/// Lines of code up to so many bytes: each is compiled, few are run.
fn source(language: &str, bytes: usize) -> String {
    let mut code = String::new();
    let mut number = 0;
    while code.len() < bytes {
        code += &match language {
            "python" => format!("def function_{number}(value):\n    return value * {number} + len(str(value))\n"),
            _ => format!("function function_{number}(value) {{\n  return value * {number} + String(value).length;\n}}\n"),
        };
        number += 1;
    }
    code
}

async fn sources(report: &mut Report, client: &mut Client) {
    const SIZES: [usize; 6] = [1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20];
    report.say("Source of small functions that are defined and not called; beside it the same size as one comment, which is what carrying it costs; natively the file is run.");
    let scratch = crate::client::Folder::new();
    std::fs::create_dir_all(&scratch.0).unwrap();
    let (mut rows, mut series) = (Vec::new(), Vec::new());
    for language in ["python", "javascript"] {
        let (mut functions, mut comments, mut natives) = (Vec::new(), Vec::new(), Vec::new());
        for size in SIZES {
            let count = if size > 64 << 10 { 12 } else { 40 };
            let code = source(language, size);
            let comment = format!("{}{}", if language == "python" { "# " } else { "// " }, "x".repeat(size));
            let ours = timed(client, &json!({"language": language, "code": code}), count).await;
            let carried = timed(client, &json!({"language": language, "code": comment}), count).await;
            let file = scratch.0.join(format!("source.{language}"));
            std::fs::write(&file, &code).unwrap();
            let native = if language == "python" { peers::python() } else { peers::path("qjs") };
            let mut theirs = Times::default();
            for _ in 0..count / 4 {
                if std::path::Path::new(&native).exists() {
                    theirs.push(peers::timed(&[native.clone(), file.display().to_string()]));
                }
            }
            let kilobytes = (size >> 10) as f64;
            functions.push((kilobytes, ours.ms()));
            comments.push((kilobytes, carried.ms()));
            let beside = if theirs.count() > 0 { told(theirs.p50()) } else { "not measured".to_owned() };
            if theirs.count() > 0 {
                natives.push((kilobytes, theirs.ms()));
            }
            rows.push(vec![
                language.to_owned(),
                format!("{kilobytes} KB"),
                told(ours.p50()),
                told(ours.p99()),
                told(carried.p50()),
                beside,
                count.to_string(),
            ]);
        }
        series.push(Series { name: format!("{language}, functions"), points: functions });
        series.push(Series { name: format!("{language}, a comment"), points: comments });
        series.push(Series { name: if language == "python" { "python3" } else { "qjs" }.to_owned(), points: natives });
    }
    series.retain(|series| !series.points.is_empty());
    report.table(&["language", "source", "p50", "p99", "as a comment, p50", "native, p50", "runs"], rows);
    let (x, y) = (Axis { label: "source in KB", scale: Scale::Log }, Axis { label: "p50 in ms", scale: Scale::Log });
    report.plot("growth-source", "Latency against the size of the source", &Plot::Lines { x, y, series });
}

async fn files(report: &mut Report, client: &mut Client) {
    const COUNTS: [usize; 6] = [1, 10, 50, 100, 500, 999];
    report.say("Files of 1 KB each in the frame, which the program does not read.");
    let (mut rows, mut series) = (Vec::new(), Vec::new());
    for (language, main, code) in [("python", "main.py", "print(1)"), ("javascript", "main.js", "console.log(1)")] {
        let mut points = Vec::new();
        for count in COUNTS {
            let mut files = json!({main: code});
            for number in 1..count {
                files[format!("folder{}/file{number}", number % 10)] = "x".repeat(1024).into();
            }
            let times = timed(client, &json!({"language": language, "files": files, "main": main}), 40).await;
            points.push((count as f64, times.ms()));
            rows.push([vec![language.to_owned(), count.to_string()], times.cells().to_vec()].concat());
        }
        series.push(Series { name: language.to_owned(), points });
    }
    report.table(&["language", "files", "p50", "p99", "runs"], rows);
    let (x, y) = (Axis { label: "files of 1 KB", scale: Scale::Log }, Axis { label: "p50 in ms", scale: Scale::Linear });
    report.plot("growth-files", "Latency against the number of files", &Plot::Lines { x, y, series });
}

async fn connections(report: &mut Report, server: &Server, client: &mut Client) {
    const COUNTS: [usize; 4] = [1, 10, 100, 1000];
    report.say("Connections that are open beside the one that is measured; each has said and heard its hello.");
    let (mut rows, mut series) = (Vec::new(), vec![Vec::new(); 2]);
    let mut open = Vec::new();
    for count in COUNTS {
        while open.len() + 1 < count {
            open.push(server.connect().await);
        }
        for (index, (language, code)) in [("python", "print(1)"), ("javascript", "console.log(1)")].into_iter().enumerate() {
            let times = timed(client, &json!({"language": language, "code": code}), 200).await;
            series[index].push((count as f64, times.ms()));
            rows.push([vec![language.to_owned(), count.to_string()], times.cells().to_vec()].concat());
        }
    }
    report.table(&["language", "connections", "p50", "p99", "runs"], rows);
    let series = ["python", "javascript"].iter().zip(series).map(|(name, points)| Series { name: (*name).to_owned(), points }).collect();
    let (x, y) = (Axis { label: "open connections", scale: Scale::Log }, Axis { label: "p50 in ms", scale: Scale::Linear });
    report.plot("growth-connections", "Latency against open connections", &Plot::Lines { x, y, series });
}
