//! What a container toolchain says: its image, its commands, and what an operator may ask of docker for it. Text
//! in, checked words out; a command becomes an argv here, word by word, so that no shell ever sees a file's name.

use crate::job::{Job, JobPath};
use serde::Deserialize;

/// Where a compile command puts what it makes, a file or a folder.
pub const PRODUCT: &str = "/box/bin/main";

/// Words of their own that stand for several.
const FILES: &str = "{files}";
const COMPILE_ARGS: &str = "{compile_args}";
const LINK_ARGS: &str = "{link_args}";

/// How programs of a toolchain are compiled and started.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    pub image: ImageSource,
    pub compile: Option<Vec<String>>,
    pub compile_memory_mb: u64,
    pub run: Vec<String>,
    /// Warm containers, where the toolchain says it itself.
    pub pool: Option<usize>,
    pub host: HostOptions,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageSource {
    /// From the toolchain's own folder, which has a Dockerfile.
    Folder,
    /// As it is, from this machine or a registry.
    Named(String),
    /// Another toolchain's.
    Of(String),
}

/// What docker knows beyond our own limits; all of it is up to the operator.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HostOptions {
    pub runtime: Option<String>,
    pub cpus: Option<f64>,
    pub cpuset: Option<String>,
    pub cpu_shares: Option<i64>,
    pub blkio_weight: Option<u16>,
    pub device_read_bps: Vec<DeviceRate>,
    pub device_write_bps: Vec<DeviceRate>,
    pub device_read_iops: Vec<DeviceRate>,
    pub device_write_iops: Vec<DeviceRate>,
    pub memory_reservation_mb: Option<i64>,
    pub memory_swappiness: Option<i64>,
    pub capabilities: Vec<String>,
    pub security_options: Vec<String>,
    pub cgroup_parent: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceRate {
    pub path: String,
    pub rate: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecipeText {
    image: Option<String>,
    image_of: Option<String>,
    compile: Option<Vec<String>>,
    #[serde(default = "usual_compile_memory")]
    compile_memory_mb: u64,
    run: Vec<String>,
    pool: Option<usize>,
    #[serde(default)]
    host: HostOptions,
}

fn usual_compile_memory() -> u64 {
    1024
}

/// The most warm containers of one toolchain.
pub const MOST_POOL: usize = 256;

impl RecipeText {
    pub(super) fn check(self, has_dockerfile: bool) -> Result<Recipe, String> {
        let Self { image, image_of, compile, compile_memory_mb, run, pool, host } = self;
        let image = match (image, image_of, has_dockerfile) {
            (Some(name), None, _) => ImageSource::Named(name),
            (None, Some(other), _) => ImageSource::Of(other),
            (None, None, true) => ImageSource::Folder,
            (None, None, false) => return Err("a docker toolchain needs a `Dockerfile`, `docker.image` or `docker.image_of`".to_owned()),
            (Some(_), Some(_), _) => return Err("`docker.image` and `docker.image_of` exclude each other".to_owned()),
        };
        for (name, argv) in [("compile", compile.as_ref()), ("run", Some(&run))] {
            let Some(argv) = argv else { continue };
            if argv.first().is_none_or(String::is_empty) {
                return Err(format!("`docker.{name}` is empty"));
            }
            for several in [FILES, COMPILE_ARGS, LINK_ARGS] {
                if argv.iter().any(|word| word.contains(several) && word != several) {
                    return Err(format!("`docker.{name}`: {several} stands for several words, so it must be one of its own"));
                }
            }
        }
        if let Some(word) = run.iter().find(|word| [COMPILE_ARGS, LINK_ARGS].contains(&word.as_str())) {
            return Err(format!("`docker.run`: {word} is for `docker.compile` only"));
        }
        if compile_memory_mb == 0 {
            return Err("`docker.compile_memory_mb` must be at least 1".to_owned());
        }
        if pool.is_some_and(|pool| pool > MOST_POOL) {
            return Err(format!("`docker.pool`: at most {MOST_POOL}"));
        }
        Ok(Recipe { image, compile, compile_memory_mb, run, pool, host })
    }
}

impl Recipe {
    /// The compile command for a job; None where nothing is to be compiled.
    pub fn compile_argv(&self, job: &Job) -> Option<Vec<String>> {
        match &job.wishes.command {
            Some(_) => None,
            None => self.compile.as_ref().map(|words| fill(words, job)),
        }
    }

    /// Whether the compile command has a place for what this field of a job has.
    pub fn takes(&self, field: &str) -> bool {
        let is_place = |word: &String| word.strip_prefix('{').and_then(|word| word.strip_suffix('}')) == Some(field);
        self.compile.iter().flatten().any(is_place)
    }

    /// What is started, with the job's arguments.
    pub fn run_argv(&self, job: &Job) -> Vec<String> {
        let mut argv = job.wishes.command.clone().unwrap_or_else(|| fill(&self.run, job));
        argv.extend(job.args.iter().cloned());
        argv
    }
}

fn fill(words: &[String], job: &Job) -> Vec<String> {
    let source = as_argument(&job.main);
    let mut argv = Vec::with_capacity(words.len());
    for word in words {
        match word.as_str() {
            FILES => {
                argv.push(source.clone());
                let is_source = |path: &JobPath| path != &job.main && job.toolchain.is_source(path);
                argv.extend(job.files.iter().filter(|file| is_source(&file.path)).map(|file| as_argument(&file.path)));
            }
            COMPILE_ARGS => argv.extend(job.wishes.compile_args.iter().cloned()),
            LINK_ARGS => argv.extend(job.wishes.link_args.iter().cloned()),
            word => argv.push(word.replace("{bin}", PRODUCT).replace("{src}", &source)),
        }
    }
    argv
}

/// A file's name that no compiler takes for an option or a list of options.
fn as_argument(path: &JobPath) -> String {
    let path = path.as_str();
    if path.starts_with(['-', '@', '+']) { format!("./{path}") } else { path.to_owned() }
}
