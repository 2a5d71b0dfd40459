//! A toolchain is a folder: `toolchain.toml`, and what its engine needs beside it. Those of the project lie in the
//! binary; an operator's folders come on top. Text in, checked words out; runs nothing.

pub mod recipe;

use crate::job::JobPath;
use crate::judge::colour::Rules;
use crate::limits::Figures;
use crate::protocol::rules::RulesText;
use recipe::{ImageSource, Recipe, RecipeText};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

#[derive(Debug)]
pub struct Toolchain {
    pub name: String,
    pub aliases: Vec<String>,
    /// What people see: `CPython 3.14.0`.
    pub version: String,
    pub kind: Kind,
    /// What `code` is called, and what is started where nothing else is said.
    pub main: JobPath,
    /// File name endings that mean this language, without the dot.
    pub extensions: Vec<String>,
    pub example: String,
    /// What every program finds in its environment; the job's own variables come on top.
    pub env: Vec<(String, String)>,
    pub limits: Figures,
    /// What gives a run its colour where the job has no rules of its own.
    pub rules: Option<Arc<Rules>>,
    /// The hosts of function-level tests; empty where the language has none.
    harness: Vec<crate::job::JobFile>,
    /// Everything in the folder, by path.
    pub folder: BTreeMap<String, Vec<u8>>,
}

/// What runs it, with what only that engine needs.
#[derive(Debug)]
pub enum Kind {
    Wasm {
        /// The script that makes `guest.wasm`.
        build: String,
    },
    Docker(Box<Recipe>),
}

impl Kind {
    pub fn engine(&self) -> &'static str {
        match self {
            Self::Wasm { .. } => "wasm",
            Self::Docker(_) => "docker",
        }
    }
}

impl Toolchain {
    /// By its name or an alias, in whatever case.
    pub fn is_called(&self, name: &str) -> bool {
        let is = |other: &String| other.eq_ignore_ascii_case(name);
        is(&self.name) || self.aliases.iter().any(is)
    }

    /// What its function-level tests are run by: both hosts, and what they need, as files beside them.
    pub fn harness_files(&self) -> &[crate::job::JobFile] {
        &self.harness
    }

    /// Whether its compile step has a place for what this field of a job has.
    pub fn takes(&self, field: &str) -> bool {
        matches!(&self.kind, Kind::Docker(recipe) if recipe.takes(field))
    }

    /// Whether it has a compile step.
    pub fn compiles(&self) -> bool {
        matches!(&self.kind, Kind::Docker(recipe) if recipe.compile.is_some())
    }

    /// Whether a file's ending says that it is written in this language.
    pub fn is_source(&self, path: &JobPath) -> bool {
        let ending = path.as_str().rsplit_once('.').map(|(_, ending)| ending);
        ending.is_some_and(|ending| self.extensions.iter().any(|other| other == ending))
    }
}

/// All toolchains of a server, by name and alias.
#[derive(Clone, Debug, Default)]
pub struct Toolchains {
    all: Vec<Arc<Toolchain>>,
}

#[derive(Debug, thiserror::Error)]
#[error("toolchain `{folder}`: {what}")]
pub struct Mistake {
    pub folder: String,
    pub what: String,
}

#[derive(rust_embed::Embed)]
#[folder = "toolchains"]
#[exclude = "*/cases/*"]
#[exclude = "*/node_modules/*"]
struct Shipped;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    version: String,
    engine: EngineName,
    main: String,
    extensions: Vec<String>,
    example: String,
    #[serde(default)]
    env: BTreeMap<String, String>,
    guest: Option<GuestText>,
    docker: Option<RecipeText>,
    #[serde(default)]
    limits: LimitsText,
    rules: Option<RulesText>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum EngineName {
    Wasm,
    Docker,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GuestText {
    build: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsText {
    time_ms: Option<u64>,
    wall_ms: Option<u64>,
    compile_ms: Option<u64>,
    memory_mb: Option<u64>,
    output_kb: Option<u64>,
    files_mb: Option<u64>,
    processes: Option<u64>,
}

impl Toolchains {
    /// The project's own and those below each of `folders`; a later one replaces an earlier one of its name. `usual`
    /// are the limits of toolchains that say none.
    pub fn load(folders: &[std::path::PathBuf], usual: &Figures) -> (Self, Vec<Mistake>) {
        let mut found = Self::default();
        let mut mistakes = Vec::new();
        let mut add = |folder: &str, files| match parse(files, usual) {
            Ok(toolchain) => mistakes.extend(found.add(folder, toolchain).err()),
            Err(what) => mistakes.push(Mistake { folder: folder.to_owned(), what }),
        };
        for (folder, files) in shipped() {
            add(&folder, files);
        }
        for parent in folders {
            match below(parent) {
                Ok(toolchains) => toolchains.into_iter().for_each(|(folder, files)| add(&folder, files)),
                Err(fault) => add(&parent.display().to_string(), Err(fault)),
            }
        }
        mistakes.extend(found.all.iter().filter_map(|toolchain| found.check_image(toolchain)));
        (found, mistakes)
    }

    fn add(&mut self, folder: &str, toolchain: Toolchain) -> Result<(), Mistake> {
        self.all.retain(|other| other.name != toolchain.name);
        let mut names = std::iter::once(&toolchain.name).chain(&toolchain.aliases);
        if let Some(taken) = names.find(|name| self.find(name).is_some()) {
            return Err(Mistake { folder: folder.to_owned(), what: format!("the name `{taken}` is another toolchain's") });
        }
        self.all.push(Arc::new(toolchain));
        Ok(())
    }

    /// `image_of` must lead to a toolchain that has an image itself.
    fn check_image(&self, toolchain: &Toolchain) -> Option<Mistake> {
        let Kind::Docker(recipe) = &toolchain.kind else { return None };
        let ImageSource::Of(other) = &recipe.image else { return None };
        let has_image = |other: &Arc<Toolchain>| match &other.kind {
            Kind::Docker(recipe) => !matches!(recipe.image, ImageSource::Of(_)),
            Kind::Wasm { .. } => false,
        };
        let found = self.all.iter().any(|candidate| candidate.name == *other && has_image(candidate));
        let what = || format!("`docker.image_of` names `{other}`, which is no toolchain with an image of its own");
        (!found).then(|| Mistake { folder: toolchain.name.clone(), what: what() })
    }

    /// By name or alias, in whatever case.
    pub fn find(&self, name: &str) -> Option<&Arc<Toolchain>> {
        self.all.iter().find(|toolchain| toolchain.is_called(name))
    }

    /// By the ending of a file's name.
    pub fn of_file(&self, path: &Path) -> Option<&Arc<Toolchain>> {
        let ending = path.extension()?.to_str()?;
        self.all.iter().find(|toolchain| toolchain.extensions.iter().any(|other| other.eq_ignore_ascii_case(ending)))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<Toolchain>> {
        self.all.iter()
    }

    pub fn names(&self) -> String {
        self.all.iter().map(|toolchain| toolchain.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

type Folder = BTreeMap<String, Vec<u8>>;

/// What lies in the binary, by toolchain.
fn shipped() -> BTreeMap<String, Result<Folder, String>> {
    let mut toolchains = BTreeMap::new();
    for path in Shipped::iter() {
        if let (Some((toolchain, below)), Some(file)) = (path.split_once('/'), Shipped::get(&path)) {
            let folder = toolchains.entry(toolchain.to_owned()).or_insert_with(|| Ok(Folder::new()));
            if let Ok(folder) = folder {
                folder.insert(below.to_owned(), file.data.into_owned());
            }
        }
    }
    toolchains
}

/// The toolchain folders in an operator's folder.
fn below(parent: &Path) -> Result<BTreeMap<String, Result<Folder, String>>, String> {
    let in_words = |fault: std::io::Error| format!("can't be read: {fault}");
    let mut toolchains = BTreeMap::new();
    for entry in std::fs::read_dir(parent).map_err(in_words)? {
        let path = entry.map_err(in_words)?.path();
        if path.join("toolchain.toml").is_file() {
            let mut folder = Folder::new();
            let read = read_folder(&path, &path, &mut folder).map_err(in_words);
            toolchains.insert(path.display().to_string(), read.map(|()| folder));
        }
    }
    Ok(toolchains)
}

fn read_folder(top: &Path, folder: &Path, files: &mut Folder) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_folder(top, &path, files)?;
        } else if let Some(name) = path.strip_prefix(top).ok().and_then(Path::to_str) {
            files.insert(name.to_owned(), std::fs::read(&path)?);
        }
    }
    Ok(())
}

fn parse(files: Result<Folder, String>, usual: &Figures) -> Result<Toolchain, String> {
    let files = files?;
    let text = files.get("toolchain.toml").ok_or("has no `toolchain.toml`")?;
    let text = str::from_utf8(text).map_err(|_| "`toolchain.toml` is not UTF-8")?;
    let text: Text = toml::from_str(text).map_err(|fault| format!("`toolchain.toml`: {}", fault.message()))?;
    let Text { name, aliases, version, engine, main, extensions, example, env, guest, docker, limits, rules } = text;
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c)) {
        return Err(format!("the name `{name}` is not made of a-z, 0-9, `-` and `_`"));
    }
    let kind = match (engine, guest, docker) {
        (EngineName::Wasm, Some(GuestText { build }), None) if files.contains_key(&build) => Kind::Wasm { build },
        (EngineName::Wasm, Some(GuestText { build }), None) => {
            return Err(format!("`guest.build` names `{build}`, which is not in the folder"));
        }
        (EngineName::Wasm, _, _) => return Err("a wasm toolchain needs `[guest]` with `build`, and no `[docker]`".to_owned()),
        (EngineName::Docker, None, Some(docker)) => Kind::Docker(Box::new(docker.check(files.contains_key("Dockerfile"))?)),
        (EngineName::Docker, _, _) => return Err("a docker toolchain needs `[docker]` with `run`, and no `[guest]`".to_owned()),
    };
    let main = JobPath::parse(&main).map_err(|fault| format!("`main` {fault}"))?;
    let limits = limits.over(usual);
    let env = env.into_iter().collect();
    let rules = rules.map(RulesText::check).transpose().map_err(|mistake| format!("`rules.{}`: {}", mistake.field, mistake.what))?;
    let rules = rules.map(Arc::new);
    let harness = files.iter().filter_map(|(path, content)| {
        let path = JobPath::parse(path.strip_prefix("harness/")?).ok()?;
        Some(crate::job::JobFile { path, content: content.clone().into(), about: None })
    });
    let harness = harness.collect();
    Ok(Toolchain { name, aliases, version, kind, main, extensions, example, env, limits, rules, harness, folder: files })
}

impl LimitsText {
    fn over(self, usual: &Figures) -> Figures {
        let Self { time_ms, wall_ms, compile_ms, memory_mb, output_kb, files_mb, processes } = self;
        Figures {
            time_ms: time_ms.unwrap_or(usual.time_ms),
            wall_ms: wall_ms.unwrap_or(usual.wall_ms),
            compile_ms: compile_ms.unwrap_or(usual.compile_ms),
            memory_mb: memory_mb.unwrap_or(usual.memory_mb),
            output_kb: output_kb.unwrap_or(usual.output_kb),
            files_mb: files_mb.unwrap_or(usual.files_mb),
            processes: processes.unwrap_or(usual.processes),
        }
    }
}
