//! What was measured, told twice: on the terminal as it comes, and as `benches/report.md` with its plots. The figures
//! fill it and know nothing of either form.

use crate::plot::{Plot, number};
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

pub(crate) struct Report {
    /// Fewer rounds, and only what the ratios need.
    pub(crate) is_quick: bool,
    sections: Vec<Section>,
    goals: Vec<Goal>,
    lacking: Vec<(String, String)>,
}

struct Section {
    title: String,
    items: Vec<Item>,
}

enum Item {
    Text(String),
    Table { head: Vec<String>, rows: Vec<Vec<String>> },
    Plot { file: String, title: String, svg: String },
}

struct Goal {
    what: String,
    measured: f64,
    bound: Bound,
    unit: &'static str,
}

#[derive(Clone, Copy)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    fn is_met_by(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }
}

impl Report {
    pub(crate) fn new(is_quick: bool) -> Self {
        Self { is_quick, sections: Vec::new(), goals: Vec::new(), lacking: Vec::new() }
    }

    /// How many rounds: `full`, or `quick` in the short form.
    pub(crate) fn rounds(&self, full: usize, quick: usize) -> usize {
        if self.is_quick { quick } else { full }
    }

    /// What follows stands under this title.
    pub(crate) fn section(&mut self, title: &str) {
        println!("\n== {title}");
        self.sections.push(Section { title: title.to_owned(), items: Vec::new() });
    }

    pub(crate) fn say(&mut self, text: impl Into<String>) {
        let text = text.into();
        println!("{text}");
        self.push(Item::Text(text));
    }

    pub(crate) fn table(&mut self, head: &[&str], rows: Vec<Vec<String>>) {
        let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
        let widths: Vec<usize> = (0..head.len())
            .map(|column| rows.iter().chain([&head]).map(|row| row.get(column).map_or(0, |cell| cell.chars().count())).max().unwrap_or(0))
            .collect();
        for row in [&head].into_iter().chain(&rows) {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            println!("  {}", cells.join("  ").trim_end());
        }
        self.push(Item::Table { head, rows });
    }

    pub(crate) fn plot(&mut self, file: &str, title: &str, plot: &Plot) {
        self.push(Item::Plot { file: format!("{file}.svg"), title: title.to_owned(), svg: plot.svg(title) });
    }

    pub(crate) fn goal(&mut self, what: &str, measured: f64, unit: &'static str, bound: Bound) {
        let goal = Goal { what: what.to_owned(), measured, bound, unit };
        println!("{}", goal.line().join("  "));
        self.goals.push(goal);
    }

    pub(crate) fn not_measured(&mut self, what: &str, why: &str) {
        println!("not measured: {what}: {why}");
        self.lacking.push((what.to_owned(), why.to_owned()));
    }

    fn push(&mut self, item: Item) {
        if let Some(section) = self.sections.last_mut() {
            section.items.push(item);
        }
    }

    /// All goals in one place, at the end of a run.
    pub(crate) fn tell_goals(&self) {
        println!("\n== Goals");
        for goal in &self.goals {
            println!("  {}", goal.line().join("  "));
        }
    }

    /// The report and its plots; what an earlier run left of plots goes.
    pub(crate) fn write(&self, folder: &Path, intro: &str) {
        let plots = folder.join("report");
        let _ = std::fs::remove_dir_all(&plots);
        std::fs::create_dir_all(&plots).unwrap();
        let mut text = format!("# Report\n\n{intro}\n");
        table_to(
            &mut text,
            &["goal", "asked for", "measured", ""].map(str::to_owned),
            &self.goals.iter().map(|goal| goal.row().to_vec()).collect::<Vec<_>>(),
        );
        if !self.lacking.is_empty() {
            text.push_str("\nNot measured:\n\n");
            for (what, why) in &self.lacking {
                let _ = writeln!(text, "- {what}: {why}");
            }
        }
        for Section { title, items } in &self.sections {
            let _ = writeln!(text, "\n## {title}\n");
            for item in items {
                match item {
                    Item::Text(line) => {
                        let _ = writeln!(text, "{line}\n");
                    }
                    Item::Table { head, rows } => {
                        table_to(&mut text, head, rows);
                        text.push('\n');
                    }
                    Item::Plot { file, title, svg } => {
                        std::fs::write(plots.join(file), svg).unwrap();
                        let _ = writeln!(text, "![{title}](report/{file})\n");
                    }
                }
            }
        }
        std::fs::write(folder.join("report.md"), format!("{}\n", text.trim_end())).unwrap();
    }
}

impl Goal {
    fn row(&self) -> [String; 4] {
        let (word, bound) = match self.bound {
            Bound::AtMost(most) => ("at most", most),
            Bound::AtLeast(least) => ("at least", least),
        };
        let quantity = |value: f64| match self.unit {
            "1/n" => format!("1/{}", number(1.0 / value)),
            "" => number(value),
            unit => format!("{} {unit}", number(value)),
        };
        let verdict = if self.bound.is_met_by(self.measured) { "met" } else { "**missed**" };
        [self.what.clone(), format!("{word} {}", quantity(bound)), quantity(self.measured), verdict.to_owned()]
    }

    fn line(&self) -> Vec<String> {
        let [what, bound, measured, verdict] = self.row();
        vec![verdict.trim_matches('*').to_owned(), format!("{what}: {measured} ({bound})")]
    }
}

fn table_to(text: &mut String, head: &[String], rows: &[Vec<String>]) {
    let line = |cells: &[String]| format!("| {} |\n", cells.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>().join(" | "));
    text.push_str(&line(head));
    text.push_str(&line(&vec!["---".to_owned(); head.len()]));
    for row in rows {
        text.push_str(&line(row));
    }
}

/// Many measurements of one thing.
#[derive(Clone, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    fn at(&self, share: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort();
        sorted[((sorted.len() as f64 * share) as usize).min(sorted.len() - 1)]
    }

    pub(crate) fn p50(&self) -> Duration {
        self.at(0.5)
    }

    pub(crate) fn p99(&self) -> Duration {
        self.at(0.99)
    }

    /// The median in milliseconds.
    pub(crate) fn ms(&self) -> f64 {
        milliseconds(self.p50())
    }

    /// Cells of a table: p50, p99, count.
    pub(crate) fn cells(&self) -> [String; 3] {
        // Of few the hundredth part is just the slowest.
        let p99 = if self.count() >= 20 { told(self.p99()) } else { format!("{} (slowest)", told(self.p99())) };
        [told(self.p50()), p99, self.count().to_string()]
    }
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

pub(crate) fn told(time: Duration) -> String {
    match milliseconds(time) {
        ms if ms < 0.1 => format!("{} µs", number(ms * 1000.0)),
        ms if ms < 1000.0 => format!("{} ms", number(ms)),
        ms => format!("{} s", number(ms / 1000.0)),
    }
}

/// The middle one of several rates.
pub(crate) fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

pub(crate) fn geomean(values: &[f64]) -> f64 {
    (values.iter().map(|value| value.ln()).sum::<f64>() / values.len() as f64).exp()
}
