//! Two readings -> what is shown, as text or as JSON. Pure.

use super::Reading;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The runs of one language since the server's start.
#[derive(Default)]
struct Language {
    engine: String,
    by_status: BTreeMap<String, f64>,
    /// Of all that ended; None without an earlier reading.
    per_second: Option<f64>,
}

impl Language {
    fn runs(&self) -> f64 {
        total(self.by_status.values().copied())
    }

    fn of(&self, statuses: &[&str]) -> f64 {
        total(statuses.iter().filter_map(|status| self.by_status.get(*status).copied()))
    }
}

impl Reading {
    fn sum(&self, name: &str, label: &str, value: &str) -> f64 {
        let of = self.samples.iter().filter(|sample| sample.name == name && sample.label(label) == value);
        total(of.map(|sample| sample.value))
    }

    fn total(&self, name: &str) -> f64 {
        total(self.samples.iter().filter(|sample| sample.name == name).map(|sample| sample.value))
    }

    /// How much more than before, per second. A server that was started anew counts from 0.
    fn rate(&self, before: Option<&Self>, value: impl Fn(&Self) -> f64) -> Option<f64> {
        let before = before?;
        let (now, then) = (value(self), value(before));
        let seconds = (self.at - before.at).as_secs_f64().max(1e-3);
        Some(if now >= then { now - then } else { now } / seconds)
    }

    fn languages(&self, before: Option<&Self>) -> Vec<(String, Language)> {
        let mut all = BTreeMap::<String, Language>::new();
        for sample in self.samples.iter().filter(|sample| sample.name == "runnel_runs_total") {
            let language = all.entry(sample.label("language").to_owned()).or_default();
            sample.label("engine").clone_into(&mut language.engine);
            language.by_status.insert(sample.label("status").to_owned(), sample.value);
        }
        for (name, language) in &mut all {
            language.per_second = self.rate(before, |reading| reading.sum("runnel_runs_total", "language", name));
        }
        all.into_iter().filter(|(_, language)| language.runs() > 0.0).collect()
    }
}

pub(super) fn json(reading: &Reading, before: Option<&Reading>) -> Value {
    let languages: Map<String, Value> = reading
        .languages(before)
        .into_iter()
        .map(|(name, language)| {
            let of = json!({"engine": language.engine, "runs": language.runs(), "per_second": language.per_second, "by_status": language.by_status});
            (name, of)
        })
        .collect();
    json!({
        "glance": reading.glance,
        "languages": languages,
        "runs_per_second": reading.rate(before, |reading| reading.total("runnel_runs_total")),
        "refusals": reading.total("runnel_refusals_total"),
        "connections": reading.total("runnel_connections"),
        "cell_executions": reading.total("runnel_cell_executions"),
        "cell_restarts": reading.total("runnel_cell_restarts_total"),
        "workspaces": reading.total("runnel_workspaces"),
        "process": {
            "cpu_cores": reading.rate(before, |reading| reading.total("process_cpu_seconds_total")),
            "resident_bytes": reading.total("process_resident_memory_bytes"),
        },
    })
}

pub(super) fn text(server: &str, reading: &Reading, before: Option<&Reading>) -> String {
    let glance = |path: &str| reading.glance.pointer(path).and_then(Value::as_f64).unwrap_or(0.0);
    let rate = |name: &'static str| shown(reading.rate(before, |reading| reading.total(name)));
    let version = reading.samples.iter().find(|sample| sample.name == "runnel_build_info").map_or("", |sample| sample.label("version"));
    let mut lines = format!("runnel {version} at {server}\n\n");
    let mut line = |name: &str, text: String| lines.push_str(&format!("{name:<11}{text}\n"));
    let (live, queued) = (glance("/live"), glance("/queued"));
    let (most_live, most_queued) = (glance("/most/live"), glance("/most/queued"));
    let (ended, refused) = (rate("runnel_runs_total"), rate("runnel_refusals_total"));
    line("runs", format!("{live} of {most_live} live, {queued} of {most_queued} queued; per second: {ended} ended, {refused} refused"));
    let [executions, restarts] = ["runnel_cell_executions", "runnel_cell_restarts_total"].map(|name| reading.total(name));
    line("cells", format!("{}, with {executions} executions; {restarts} restarts", glance("/cells")));
    let containers = |state: &str| reading.sum("runnel_containers", "state", state);
    line("containers", format!("{} ready, {} busy, {} being made", containers("ready"), containers("busy"), containers("creating")));
    let [connections, workspaces] = ["runnel_connections", "runnel_workspaces"].map(|name| reading.total(name));
    line("clients", format!("{connections} connections, {workspaces} workspaces"));
    let cores = |name: &str| glance(&format!("/cpu/{name}_milli")) / 1000.0;
    let gigabytes = |part: &str, name: &str| glance(&format!("/{part}/{name}_mb")) / 1024.0;
    line(
        "machine",
        format!(
            "{:.2} of {:.2} cores, {:.1} of {:.1} GB memory, {:.1} of {:.1} GB storage",
            cores("used"),
            cores("allocatable"),
            gigabytes("memory", "used"),
            gigabytes("memory", "allocatable"),
            gigabytes("storage", "used"),
            gigabytes("storage", "allocatable")
        ),
    );
    let resident = reading.total("process_resident_memory_bytes") / f64::from(1 << 20);
    line("of that", format!("{} cores, {resident:.0} MB resident by the server and its cells", rate("process_cpu_seconds_total")));
    table(&mut lines, reading.languages(before));
    lines
}

fn table(lines: &mut String, languages: Vec<(String, Language)>) {
    let head = ["per second", "runs", "success", "error", "limits", "cancelled", "internal"];
    let row = |name: &str, cells: [String; 7]| {
        let cells = cells.iter().zip(head).fold(String::new(), |line, (cell, head)| format!("{line}  {cell:>0$}", head.len().max(9)));
        format!("{name:<14}{cells}\n")
    };
    lines.push('\n');
    lines.push_str(&row("language", head.map(str::to_owned)));
    for (name, language) in languages {
        let of = |statuses: &[&str]| language.of(statuses).to_string();
        let cells = [
            shown(language.per_second),
            language.runs().to_string(),
            of(&["success"]),
            of(&["error", "compile_error"]),
            of(&["timeout", "memory_limit", "output_limit"]),
            of(&["cancelled"]),
            of(&["internal"]),
        ];
        lines.push_str(&row(&name, cells));
    }
}

fn shown(rate: Option<f64>) -> String {
    rate.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.1}"))
}

/// The sum of nothing is 0 for people, not -0.
fn total(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |sum, value| sum + value)
}

#[cfg(test)]
mod tests {
    use super::super::exposition;
    use super::*;
    use std::time::{Duration, Instant};

    fn reading(at: Instant, runs: u32) -> Reading {
        let metrics = format!(
            "runnel_runs_total{{language=\"python\",engine=\"wasm\",status=\"success\"}} {runs}\n\
             runnel_runs_total{{language=\"python\",engine=\"wasm\",status=\"timeout\"}} 2\n\
             runnel_runs_total{{language=\"c\",engine=\"docker\",status=\"success\"}} 0\n"
        );
        let glance = json!({"live": 3, "queued": 1, "cells": 2, "pool": 0, "most": {"live": 9, "queued": 8}});
        Reading { at, glance, samples: exposition::parse(&metrics) }
    }

    #[test]
    fn rates_come_from_two_readings() {
        let now = Instant::now();
        let (first, second) = (reading(now, 10), reading(now + Duration::from_secs(2), 15));
        assert_eq!(json(&first, None)["languages"]["python"]["per_second"], Value::Null);
        let told = json(&second, Some(&first));
        let expected =
            json!({"python": {"engine": "wasm", "runs": 17.0, "per_second": 2.5, "by_status": {"success": 15.0, "timeout": 2.0}}});
        assert_eq!((&told["languages"], &told["runs_per_second"]), (&expected, &json!(2.5)));
        // Started anew in between.
        assert_eq!(json(&reading(now + Duration::from_secs(1), 1), Some(&first))["runs_per_second"], 3.0);
    }

    #[test]
    fn the_screen_has_load_and_languages() {
        let now = Instant::now();
        let text = text("here:1", &reading(now, 10), None);
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert!(lines.contains(&vec!["python", "-", "12", "10", "0", "2", "0", "0"]), "{text}");
        assert!(text.contains("3 of 9 live, 1 of 8 queued") && !text.contains("\nc "), "{text}");
    }
}
