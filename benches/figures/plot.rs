//! Plots as SVG, readable on light and dark pages. Pure: numbers to text. Called by `report`.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const COLOURS: [&str; 6] = ["#2f81f7", "#d1762b", "#3fa45b", "#b35ad0", "#d64d5b", "#8a8f98"];
/// Follows the page: an image is told the reader's colour scheme.
const STYLE: &str = "<style>text{font:12px system-ui,sans-serif;fill:#24292f}.title{font-weight:600;font-size:14px}.small{font-size:11px}\
    .axis{fill:none;stroke:#8a8f98;stroke-width:1}.grid{fill:none;stroke:#8a8f98;stroke-opacity:.25;stroke-width:1}\
    @media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>";

pub(crate) enum Plot {
    /// Values over something that grows.
    Lines { x: Axis, y: Axis, series: Vec<Series> },
    /// One value each, the smallest on top.
    Bars { unit: &'static str, scale: Scale, bars: Vec<Bar> },
    /// What wholes are made of.
    Stacks { unit: &'static str, stacks: Vec<Stack> },
}

pub(crate) struct Axis {
    pub(crate) label: &'static str,
    pub(crate) scale: Scale,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Scale {
    Linear,
    Log,
}

pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) value: f64,
    /// Told in another colour.
    pub(crate) is_ours: bool,
}

pub(crate) struct Stack {
    pub(crate) name: String,
    pub(crate) parts: Vec<(String, f64)>,
}

impl Plot {
    pub(crate) fn svg(&self, title: &str) -> String {
        match self {
            Self::Lines { x, y, series } => lines(title, x, y, series),
            Self::Bars { unit, scale, bars } => self::bars(title, unit, *scale, bars),
            Self::Stacks { unit, stacks } => self::stacks(title, unit, stacks),
        }
    }
}

/// Where a value lies between two others.
struct Range {
    scale: Scale,
    low: f64,
    high: f64,
}

impl Range {
    /// Wide enough for all, with round ends.
    fn around(values: impl Iterator<Item = f64>, scale: Scale) -> Self {
        let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
        match scale {
            Scale::Linear => Self { scale, low: 0.0, high: step(high) * (high / step(high)).ceil() },
            Scale::Log => {
                let round = |value: f64, up: bool| {
                    let ten = 10f64.powf(value.log10().floor());
                    let fits = |factor: &&f64| if up { ten * **factor >= value } else { ten * **factor <= value };
                    let factors = [1.0, 2.0, 5.0, 10.0];
                    ten * if up { *factors.iter().find(fits).unwrap_or(&10.0) } else { *factors.iter().rev().find(fits).unwrap_or(&1.0) }
                };
                Self { scale, low: round(low, false), high: round(high, true) }
            }
        }
    }

    fn share(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low).max(f64::MIN_POSITIVE),
            Scale::Log => (value / self.low).ln() / (self.high / self.low).ln().max(f64::MIN_POSITIVE),
        }
    }

    fn marks(&self) -> Vec<f64> {
        match self.scale {
            Scale::Linear => {
                let step = step(self.high);
                (0..).map(|number| f64::from(number) * step).take_while(|mark| *mark <= self.high * 1.001).collect()
            }
            Scale::Log => {
                let mut marks = Vec::new();
                let mut ten = 10f64.powf(self.low.log10().floor());
                // Over many decades only the tens are told apart.
                let factors: &[f64] = if self.high / self.low > 2000.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
                while ten <= self.high * 1.001 {
                    marks.extend(
                        factors.iter().map(|factor| ten * factor).filter(|mark| (self.low * 0.999..=self.high * 1.001).contains(mark)),
                    );
                    ten *= 10.0;
                }
                marks
            }
        }
    }
}

/// Between two marks, so that there are about five.
fn step(high: f64) -> f64 {
    let rough = (high / 5.0).max(f64::MIN_POSITIVE);
    let ten = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * ten).find(|step| *step >= rough).unwrap_or(ten)
}

fn begin(title: &str, height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\
        <title>{0}</title>{STYLE}<text class=\"title\" x=\"12\" y=\"20\">{0}</text>\n",
        escape(title)
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Three digits and no more.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if size >= 100_000.0 => format!("{:.0}k", value / 1000.0),
        _ if size >= 100.0 || size == 0.0 => format!("{value:.0}"),
        _ if size >= 10.0 => format!("{value:.1}"),
        _ if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// A mark of an axis, without noughts that say nothing.
fn mark_text(value: f64) -> String {
    let text = number(value);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn lines(title: &str, x: &Axis, y: &Axis, series: &[Series]) -> String {
    const HEIGHT: f64 = 340.0;
    let (left, right, top, bottom) = (64.0, WIDTH - 170.0, 40.0, HEIGHT - 48.0);
    let points = || series.iter().flat_map(|series| series.points.iter());
    let across = Range::around(points().map(|point| point.0), x.scale);
    let up = Range::around(points().map(|point| point.1), y.scale);
    let at = |point: &(f64, f64)| (left + across.share(point.0) * (right - left), bottom - up.share(point.1) * (bottom - top));
    let mut svg = begin(title, HEIGHT);
    for mark in up.marks() {
        let height = at(&(across.low, mark)).1;
        let _ = writeln!(
            svg,
            "<path class=\"grid\" d=\"M{left} {height:.1}H{right}\"/><text class=\"small\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            left - 6.0,
            height + 4.0,
            mark_text(mark)
        );
    }
    for mark in across.marks() {
        let place = at(&(mark, up.low)).0;
        let _ = writeln!(
            svg,
            "<path class=\"axis\" d=\"M{place:.1} {bottom}v4\"/><text class=\"small\" text-anchor=\"middle\" x=\"{place:.1}\" y=\"{:.1}\">{}</text>",
            bottom + 17.0,
            mark_text(mark)
        );
    }
    let _ = writeln!(
        svg,
        "<path class=\"axis\" d=\"M{left} {top}V{bottom}H{right}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text><text x=\"{left}\" y=\"{:.1}\" class=\"small\">{}</text>",
        f64::midpoint(left, right),
        HEIGHT - 10.0,
        escape(x.label),
        top - 6.0,
        escape(y.label)
    );
    for (index, one) in series.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let path: Vec<String> = one.points.iter().map(|point| format!("{:.1} {:.1}", at(point).0, at(point).1)).collect();
        let _ = writeln!(svg, "<path fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" d=\"M{}\"/>", path.join("L"));
        for point in &one.points {
            let _ = write!(svg, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>", at(point).0, at(point).1);
        }
        let place = top + 8.0 + 20.0 * index as f64;
        let _ = writeln!(
            svg,
            "<path stroke=\"{colour}\" stroke-width=\"3\" d=\"M{:.1} {place:.1}h16\"/><text class=\"small\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            right + 12.0,
            right + 34.0,
            place + 4.0,
            escape(&one.name)
        );
    }
    svg + "</svg>\n"
}

fn bars(title: &str, unit: &str, scale: Scale, bars: &[Bar]) -> String {
    let height = 56.0 + 22.0 * bars.len() as f64;
    let (left, right) = (250.0, WIDTH - 80.0);
    let range = Range::around(bars.iter().map(|bar| bar.value), scale);
    // The smallest is a bar too, where the scale has no nought.
    let least = if scale == Scale::Log { 0.02 } else { 0.0 };
    let mut svg = begin(title, height);
    let mut sorted: Vec<&Bar> = bars.iter().collect();
    sorted.sort_by(|one, other| one.value.total_cmp(&other.value));
    for (index, bar) in sorted.into_iter().enumerate() {
        let y = 36.0 + 22.0 * index as f64;
        let width = range.share(bar.value).max(least) * (right - left);
        let colour = if bar.is_ours { COLOURS[0] } else { COLOURS[5] };
        let _ = writeln!(
            svg,
            "<text text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text><rect x=\"{left}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"15\" rx=\"2\" fill=\"{colour}\"/><text class=\"small\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            left - 8.0,
            y + 12.0,
            escape(&bar.name),
            left + width + 6.0,
            y + 12.0,
            number(bar.value)
        );
    }
    let note = if scale == Scale::Log { format!("{unit}, logarithmic") } else { unit.to_owned() };
    let _ = writeln!(svg, "<text class=\"small\" x=\"{left}\" y=\"{:.1}\">{}</text>", height - 8.0, escape(&note));
    svg + "</svg>\n"
}

fn stacks(title: &str, unit: &str, stacks: &[Stack]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in stacks.iter().flat_map(|stack| &stack.parts) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let legend = names.len().div_ceil(3) as f64 * 18.0;
    let height = 66.0 + 34.0 * stacks.len() as f64 + legend;
    let (left, right) = (110.0, WIDTH - 70.0);
    let sum = |stack: &Stack| stack.parts.iter().map(|part| part.1).sum::<f64>();
    let most = stacks.iter().map(sum).fold(0.0, f64::max);
    let colour = |name: &str| {
        let index = names.iter().position(|known| *known == name).unwrap_or(0);
        (COLOURS[index % COLOURS.len()], if index < COLOURS.len() { 1.0 } else { 0.5 })
    };
    let mut svg = begin(title, height);
    for (index, stack) in stacks.iter().enumerate() {
        let y = 40.0 + 34.0 * index as f64;
        let _ = writeln!(svg, "<text text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>", left - 8.0, y + 16.0, escape(&stack.name));
        let mut x = left;
        for (name, value) in &stack.parts {
            let width = value / most * (right - left);
            let (fill, opacity) = colour(name);
            let _ = writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"24\" fill=\"{fill}\" fill-opacity=\"{opacity}\"/>"
            );
            x += width;
        }
        let _ = writeln!(
            svg,
            "<text class=\"small\" x=\"{:.1}\" y=\"{:.1}\">{} {}</text>",
            x + 6.0,
            y + 16.0,
            number(sum(stack)),
            escape(unit)
        );
    }
    for (index, name) in names.iter().enumerate() {
        let (x, y) = (left + 200.0 * (index % 3) as f64, height - legend + 18.0 * (index / 3) as f64);
        let (fill, opacity) = colour(name);
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"11\" height=\"11\" fill=\"{fill}\" fill-opacity=\"{opacity}\"/><text class=\"small\" x=\"{:.1}\" y=\"{y:.1}\">{}</text>",
            y - 10.0,
            x + 16.0,
            escape(name)
        );
    }
    svg + "</svg>\n"
}
