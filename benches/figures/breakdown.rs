//! Where the time of a hello goes: the same program through the socket, and in a cell without a server, by turns. A
//! cell's own facts and the times of its outputs part what lies between.

use crate::cell::{Cell, faults};
use crate::client::Server;
use crate::plot::{Plot, Stack};
use crate::report::{Report, Times, milliseconds, told};
use serde_json::json;
use std::time::{Duration, Instant};

/// Each tells on stderr when its own code begins and ends; in between is the hello.
const PROGRAMS: [(&str, &str, &str, &str); 2] = [
    ("python", "main.py", "print(\"hello\")", "import os\nos.write(2, b'a')\nprint(\"hello\", flush=True)\nos.write(2, b'b')\n"),
    (
        "javascript",
        "main.js",
        "console.log(\"hello\")",
        "process.stderr.write('a');\nconsole.log(\"hello\");\nprocess.stderr.write('b');\n",
    ),
];

pub(crate) async fn breakdown(report: &mut Report) {
    report.section("Where the time of a hello goes");
    report.say(
        "Medians of runs by turns, through the socket and in a cell that is spoken to without a server. `frame`: what a `clock` frame takes to the server and back. \
        `desk`: what a run takes beyond that and the link: parsing, permit, order, the run's task, rendering. `link`: from the order to the cell's first work, and from its \
        end to the reader. Then what the cell measures: until the guest is called, until the program's first statement, until its last, until the guest has returned. \
        Tearing down comes after the result and is in nobody's latency; it is how much longer a cell takes to answer just after a run.",
    );
    let (mut rows, mut stacks) = (Vec::new(), Vec::new());
    for (language, main, hello, marked) in PROGRAMS {
        let server = Server::start(&["--set", "cells.count=1", "--set", "desk.live=64"]);
        let mut client = server.connect().await;
        let mut cell = Cell::start();
        let mut parts: [Times; 7] = Default::default();
        let (mut sockets, mut teardowns, mut idles) = (Times::default(), Times::default(), Times::default());
        for round in 0..report.rounds(500, 150) + 20 {
            let start = Instant::now();
            client.send(json!({"type": "clock", "time_ms": 0})).await;
            client.next_of("clock").await;
            let clock = start.elapsed();
            let start = Instant::now();
            client.run(json!({"language": language, "code": hello})).await.succeeded();
            let socket = start.elapsed();
            let plain = cell.run(language, main, hello.as_bytes(), None);
            let busy = cell.ping();
            let marks = cell.run(language, main, marked.as_bytes(), None);
            std::thread::sleep(Duration::from_millis(3));
            let idle = cell.ping();
            if round < 20 {
                continue;
            }
            let (facts, first, last) = (&marks.facts, marks.errors[0], marks.errors[1]);
            let called = facts.wall.saturating_sub(facts.execution);
            sockets.push(socket);
            teardowns.push(busy.saturating_sub(idle));
            idles.push(idle);
            let times = [
                clock,
                socket.saturating_sub(plain.whole).saturating_sub(clock),
                plain.whole.saturating_sub(plain.facts.wall),
                plain.facts.wall.saturating_sub(plain.facts.execution),
                first.saturating_sub(called),
                last.saturating_sub(first),
                facts.wall.saturating_sub(last),
            ];
            for (part, time) in parts.iter_mut().zip(times) {
                part.push(time);
            }
        }
        let names = ["frame", "desk", "link", "instantiate", "guest start", "user code", "guest end"];
        let mut row = vec![language.to_owned(), told(sockets.p50())];
        row.extend(parts.iter().map(|part| told(part.p50())));
        row.push(told(teardowns.p50()));
        rows.push(row);
        let parts = names.iter().zip(&parts).map(|(name, part)| ((*name).to_owned(), milliseconds(part.p50()))).collect();
        stacks.push(Stack { name: language.to_owned(), parts });
    }
    let head = [
        "language",
        "through the socket",
        "frame",
        "desk",
        "link",
        "instantiate",
        "guest start",
        "user code",
        "guest end",
        "tearing down, afterwards",
    ];
    report.table(&head, rows);
    report.plot("breakdown", "Where the time of a hello goes: medians", &Plot::Stacks { unit: "ms", stacks });
    costs(report).await;
}

/// What a run costs the machine: page faults and CPU time of server and cell.
async fn costs(report: &mut Report) {
    let count = report.rounds(1000, 300);
    let mut rows = Vec::new();
    for (language, _, hello, _) in PROGRAMS {
        let server = Server::start(&["--set", "cells.count=1", "--set", "desk.live=64"]);
        let mut client = server.connect().await;
        for _ in 0..20 {
            client.run(json!({"language": language, "code": hello})).await.succeeded();
        }
        let (cell, own) = (server.cells()[0], server.process.id());
        let before = (faults(cell), faults(own), ticks(cell), ticks(own));
        for _ in 0..count {
            client.run(json!({"language": language, "code": hello})).await.succeeded();
        }
        let each = |now: u64, before: u64| (now - before) as f64 / count as f64;
        // A tick is 10 ms.
        let cpu = |now: [u64; 2], before: [u64; 2]| [0, 1].map(|index| format!("{:.2} ms", each(now[index], before[index]) * 10.0));
        let [user, system] = cpu(ticks(cell), before.2);
        let [server_user, server_system] = cpu(ticks(own), before.3);
        rows.push(vec![
            language.to_owned(),
            format!("{:.0}", each(faults(cell), before.0)),
            format!("{:.1}", each(faults(own), before.1)),
            user,
            system,
            server_user,
            server_system,
            count.to_string(),
        ]);
    }
    let head = [
        "for each hello",
        "page faults of the cell",
        "of the server",
        "CPU of the cell, user",
        "system",
        "CPU of the server, user",
        "system",
        "runs",
    ];
    report.table(&head, rows);
}

/// User and system time of a process, in ticks.
fn ticks(process: u32) -> [u64; 2] {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<u64> =
        stat.rsplit_once(')').unwrap().1.split_whitespace().skip(11).take(2).map(|field| field.parse().unwrap()).collect();
    [fields[0], fields[1]]
}
