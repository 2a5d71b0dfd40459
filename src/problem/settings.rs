//! `problem.yaml` and the files that stand in for parts of it. Legacy and draft keys mean the same words here.

use super::package::{Package, PackageFault};
use super::yaml::{self, Yaml};

/// How the time limit follows from the slowest accepted submission, where none is written down.
const USUAL_MULTIPLIER: f64 = 5.0;

#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub name: Option<String>,
    /// None: not written down; it then follows from the accepted submissions.
    pub time_ms: Option<u64>,
    pub time_multiplier: f64,
    pub memory_mb: Option<u64>,
    pub output_kb: Option<u64>,
    /// Of a submission's sources.
    pub code_bytes: Option<u64>,
    pub compile_ms: Option<u64>,
    pub kind: Kind,
    /// Of the output validator, for all cases.
    pub flags: Vec<String>,
    pub validation_time_ms: Option<u64>,
    pub validation_memory_mb: Option<u64>,
    pub validation_output_kb: Option<u64>,
    /// The package itself says that a submission's first failure ends it.
    pub stops: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Default,
    Custom,
    Interactive,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: None,
            time_ms: None,
            time_multiplier: USUAL_MULTIPLIER,
            memory_mb: None,
            output_kb: None,
            code_bytes: None,
            compile_ms: None,
            kind: Kind::Default,
            flags: Vec::new(),
            validation_time_ms: None,
            validation_memory_mb: None,
            validation_output_kb: None,
            stops: false,
        }
    }
}

pub(super) fn read(package: &Package, notes: &mut Vec<String>) -> Result<Settings, PackageFault> {
    let path = if package.has("problem.yml") { "problem.yml" } else { "problem.yaml" };
    let text = package.text(path)?.unwrap_or_default();
    let yaml = yaml::parse(&text).map_err(|what| PackageFault::new(path, what))?;
    let mut settings = of_yaml(&yaml, path, notes)?;
    let has_validator = ["output_validator", "output_validators"].iter().any(|folder| package.below(folder).next().is_some());
    // The draft has no `validation`: a validator that is there is used.
    if yaml.find("validation").is_none() && settings.kind == Kind::Default && has_validator {
        settings.kind = Kind::Custom;
    }
    if let Some(text) = package.text("domjudge-problem.ini")? {
        for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
            let value = value.trim().trim_matches(['\'', '"']);
            match key.trim() {
                "timelimit" => settings.time_ms = Some(seconds("domjudge-problem.ini", "timelimit", value)?),
                "name" if settings.name.is_none() => settings.name = Some(value.to_owned()),
                _ => {}
            }
        }
    }
    if let Some(text) = package.text(".timelimit")? {
        settings.time_ms = Some(seconds(".timelimit", "the limit", text.trim())?);
    }
    if let Some(text) = package.text("data/testdata.yaml")? {
        let yaml = yaml::parse(&text).map_err(|what| PackageFault::new("data/testdata.yaml", what))?;
        settings.stops = yaml.text("on_reject") == Some("break");
    }
    Ok(settings)
}

fn of_yaml(yaml: &Yaml, path: &str, notes: &mut Vec<String>) -> Result<Settings, PackageFault> {
    let number = |key: &str| yaml.text(key).map(|text| number(path, key, text)).transpose();
    let scaled = |key: &str, scale: f64| Ok::<_, PackageFault>(number(key)?.map(|value| whole(value * scale)));
    let types = yaml.words("type").unwrap_or_default();
    let validation = yaml.words("validation").unwrap_or_default();
    let says = |word: &str| validation.iter().chain(&types).any(|other| other == word);
    for word in ["multi-pass", "submit-answer"] {
        if says(word) {
            return Err(PackageFault::new(path, format!("asks for `{word}`, which is not supported")));
        }
    }
    if says("score") || says("scoring") || yaml.find("grading").is_some() {
        notes.push("scores are not computed: each case is passed or not".to_owned());
    }
    let kind = match validation.first().map(String::as_str) {
        _ if says("interactive") => Kind::Interactive,
        Some("custom") => Kind::Custom,
        None | Some("default") => Kind::Default,
        Some(other) => {
            return Err(PackageFault::new(
                path,
                format!("has `validation: {other}`\nhint: `default`, `custom` and `custom interactive` are known"),
            ));
        }
    };
    let name = yaml.text("name").or_else(|| yaml.text("name.en")).or_else(|| match yaml.find("name")? {
        Yaml::Map(pairs) => pairs.iter().find_map(|(_, value)| if let Yaml::Scalar(text) = value { Some(text.as_str()) } else { None }),
        Yaml::Scalar(_) | Yaml::List(_) => None,
    });
    let multiplier = match number("limits.time_multiplier")? {
        None => number("limits.time_multipliers.ac_to_time_limit")?,
        given => given,
    };
    Ok(Settings {
        name: name.map(str::to_owned),
        time_ms: scaled("limits.time_limit", 1000.0)?,
        time_multiplier: multiplier.unwrap_or(USUAL_MULTIPLIER),
        memory_mb: scaled("limits.memory", 1.0)?,
        output_kb: scaled("limits.output", 1024.0)?,
        code_bytes: scaled("limits.code", 1024.0)?,
        compile_ms: scaled("limits.compilation_time", 1000.0)?,
        kind,
        flags: yaml.words("validator_flags").unwrap_or_default(),
        validation_time_ms: scaled("limits.validation_time", 1000.0)?,
        validation_memory_mb: scaled("limits.validation_memory", 1.0)?,
        validation_output_kb: scaled("limits.validation_output", 1024.0)?,
        stops: false,
    })
}

fn seconds(place: &str, key: &str, text: &str) -> Result<u64, PackageFault> {
    number(place, key, text).map(|seconds| whole(seconds * 1000.0))
}

/// Above zero, and no more than a whole number of anything holds.
fn number(place: &str, key: &str, text: &str) -> Result<f64, PackageFault> {
    let value = text.parse::<f64>().ok().filter(|value| *value > 0.0 && *value <= 1e9);
    value.ok_or_else(|| PackageFault::new(place, format!("has `{key}` as `{}`, which is not a number above 0", text.escape_debug())))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be a positive number of bounded size")]
fn whole(value: f64) -> u64 {
    value.ceil() as u64
}
