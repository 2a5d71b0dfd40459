//! What came of a batch so far: counts by language and label, a bar while it goes on, a table in the end. All of it
//! is for people, on stderr.

use super::results::Label;
use crate::lock::lock;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How often progress is told, on a terminal and elsewhere.
const TICK: Duration = Duration::from_millis(200);
const LINE: Duration = Duration::from_secs(5);
/// So many languages are told apart, by so much of their names; lines of others, or of none, are counted together.
const MOST_LANGUAGES: usize = 100;
const LONGEST_NAME: usize = 24;
const OTHER: &str = "(other)";

type Counts = [u64; Label::COUNT];

pub(super) struct Tally {
    start: Instant,
    bar: Option<ProgressBar>,
    /// Of the jobs file in bytes, where that is known.
    size: Option<u64>,
    counts: Mutex<All>,
}

#[derive(Default)]
struct All {
    /// Names and aliases, in small letters.
    names: BTreeMap<String, String>,
    /// As the lines say it: results from before are counted when no server has told the names yet.
    languages: BTreeMap<String, Counts>,
    /// Ended in this process, and before.
    ended: u64,
    earlier: u64,
    bytes: u64,
}

impl All {
    fn sum(&self) -> Counts {
        let mut sum = [0; Label::COUNT];
        self.languages.values().for_each(|counts| add(&mut sum, counts));
        sum
    }

    /// `py` and `python` as one, as far as their names are known.
    fn by_name(&self) -> BTreeMap<&str, Counts> {
        let mut by_name = BTreeMap::new();
        for (language, counts) in &self.languages {
            let name = self.names.get(language).unwrap_or(language);
            add(by_name.entry(name.as_str()).or_insert([0; Label::COUNT]), counts);
        }
        by_name
    }
}

fn add(sum: &mut Counts, counts: &Counts) {
    sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
}

/// All lines, and those whose programs did what was wanted of them.
#[derive(Clone, Copy)]
struct Share {
    all: u64,
    good: u64,
}

impl Share {
    fn of(counts: &Counts) -> Self {
        let good = Label::all().filter(|(label, _)| label.is_good()).map(|(label, _)| counts[label.index()]).sum();
        Self { all: counts.iter().sum(), good }
    }

    #[expect(clippy::cast_precision_loss, reason = "a share of at most some billions")]
    fn share(self) -> f64 {
        if self.all == 0 { 1.0 } else { self.good as f64 / self.all as f64 }
    }
}

impl Tally {
    pub(super) fn new(size: Option<u64>) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let template = if size.is_some() { "{bar:24} {percent:>3} %  {msg}, {eta} left" } else { "{spinner} {elapsed}  {msg}" };
            let style = ProgressStyle::with_template(template);
            let bar = size.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { start: Instant::now(), bar, size, counts: Mutex::default() }
    }

    /// How languages are called.
    pub(super) fn name_languages(&self, languages: impl Iterator<Item = (String, Vec<String>)>) {
        let mut all = lock(&self.counts);
        for (name, aliases) in languages {
            for alias in aliases.into_iter().chain([name.clone()]) {
                all.names.insert(alias.to_lowercase(), name.clone());
            }
        }
    }

    pub(super) fn count(&self, language: Option<&str>, label: Label, size: u64, is_earlier: bool) {
        let mut all = lock(&self.counts);
        let mut name =
            language.map_or_else(|| OTHER.to_owned(), |language| language[..language.floor_char_boundary(LONGEST_NAME)].to_lowercase());
        if all.languages.len() >= MOST_LANGUAGES && !all.languages.contains_key(&name) {
            OTHER.clone_into(&mut name);
        }
        all.languages.entry(name).or_insert([0; Label::COUNT])[label.index()] += 1;
        all.bytes += size;
        if is_earlier {
            all.earlier += 1;
        } else {
            all.ended += 1;
        }
    }

    /// A line for people, above the bar where there is one.
    pub(super) fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => eprintln!("{text}"),
        }
    }

    /// Tells how far it is, until dropped.
    pub(super) async fn show(&self) {
        let mut ticks = tokio::time::interval(if self.bar.is_some() { TICK } else { LINE });
        ticks.tick().await;
        loop {
            ticks.tick().await;
            let (text, bytes) = {
                let all = lock(&self.counts);
                (self.progress(&all), all.bytes)
            };
            match &self.bar {
                Some(bar) => {
                    bar.set_message(text);
                    bar.set_position(bytes);
                }
                None => eprintln!("{text}{}", self.time_left(bytes)),
            }
        }
    }

    fn progress(&self, all: &All) -> String {
        let share = Share::of(&all.sum());
        format!("{} done, {} without success, {:.1}/s", share.all, share.all - share.good, self.rate(all.ended))
    }

    fn time_left(&self, bytes: u64) -> String {
        let (Some(size), true) = (self.size, bytes > 0) else { return String::new() };
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let share = bytes as f64 / size as f64;
        format!(", about {:.0} s left", (self.start.elapsed().as_secs_f64() * (1.0 / share - 1.0)).max(0.0))
    }

    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    fn rate(&self, ended: u64) -> f64 {
        ended as f64 / self.start.elapsed().as_secs_f64().max(1e-9)
    }

    /// The table in the end; returns the share of good results.
    pub(super) fn finish(&self) -> f64 {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let all = lock(&self.counts);
        let sum = all.sum();
        eprint!("{}", table(&all.by_name(), &sum));
        let share = Share::of(&sum);
        let earlier = if all.earlier > 0 { format!(" ({} of them before)", all.earlier) } else { String::new() };
        eprintln!(
            "{} jobs{earlier}, {} with success ({:.1} %), in {:.1} s, {:.1} jobs/s",
            share.all,
            share.good,
            share.share() * 100.0,
            self.start.elapsed().as_secs_f64(),
            self.rate(all.ended)
        );
        share.share()
    }
}

/// One line for each language, one column for each label that occurs.
fn table(languages: &BTreeMap<&str, Counts>, sum: &Counts) -> String {
    let columns: Vec<_> = Label::all().filter(|(label, _)| sum[label.index()] > 0).collect();
    let mut text = String::new();
    let mut line = |name: &str, cells: Vec<String>| {
        let _ = write!(text, "{name:14}");
        for (cell, width) in cells.iter().zip(columns.iter().map(|(_, word)| word.len()).chain([5])) {
            let _ = write!(text, "  {cell:>width$}", width = width.max(7));
        }
        text.push('\n');
    };
    line("", columns.iter().map(|(_, word)| (*word).to_owned()).chain(["total".to_owned()]).collect());
    let cells = |counts: &Counts| {
        let of_columns = columns.iter().map(|(label, _)| counts[label.index()].to_string());
        of_columns.chain([counts.iter().sum::<u64>().to_string()]).collect()
    };
    for (name, counts) in languages {
        line(name, cells(counts));
    }
    if languages.len() > 1 {
        line("total", cells(sum));
    }
    text
}
