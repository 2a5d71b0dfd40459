//! The configuration: a commented default in the binary, a file, the environment, flags, in rising order. Text in,
//! checked words out; finds all mistakes at once, before anything is started.

pub mod access;
pub mod backend;
pub mod doors;
pub mod queue;

use crate::limits::Figures;
use crate::toolchain::recipe::MOST_POOL;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::{Table, Value};

/// What `runnel config` prints.
pub const DEFAULT: &str = include_str!("config/default.toml");
/// Variables of ours that are no settings.
const OTHER_VARIABLES: &[&str] = &["RUNNEL_CONFIG", "RUNNEL_LOG", "RUNNEL_TOKEN", "RUNNEL_WIT"];
const TEST_VARIABLES: &str = "RUNNEL_TEST_";

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub listen: String,
    pub metrics: Metrics,
    pub log: Log,
    pub telemetry: Telemetry,
    cache: String,
    prepared: String,
    pub toolchains: Vec<PathBuf>,
    pub cells: Cells,
    pub docker: Docker,
    pub desk: Desk,
    workspaces: Workspaces,
    pub access: access::AccessConfig,
    pub connection: Connection,
    pub doors: doors::Doors,
    pub queue: queue::Queue,
    pub backend: backend::Backend,
    pub limits: LimitsConfig,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Empty: where the server listens.
    pub listen: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub format: crate::log::Format,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// Of a collector; empty: there are no traces.
    pub endpoint: String,
    /// The share of runs that is traced.
    pub sample: f64,
    /// Runs are spans of their callers' traces.
    pub join: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cells {
    count: u64,
    pub slots: u32,
    budget_mb: u64,
    pub require_hardening: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Docker {
    pub enabled: bool,
    pub host: String,
    pub runtime: String,
    pub pool: usize,
    busy: usize,
    pub containers: usize,
    cpus: f64,
    pub images: Vec<String>,
    pub compiled_mb: u64,
    pub registries: Vec<Registry>,
}

/// Who we are for a registry.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    pub host: String,
    pub username: String,
    pub password: String,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("host", &self.host).finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Desk {
    pub live: usize,
    pub busy_per_cell: usize,
    pub queue: usize,
    pub held_mb: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Workspaces {
    folder: String,
    count: usize,
    total: usize,
    mb: u64,
    owner_mb: u64,
    ttl_s: u64,
    most_ttl_s: u64,
    kept_mb: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    pub total: usize,
    pub max_frame_kb: usize,
    pub runs: usize,
    ping_s: u64,
    pong_s: u64,
    grace_ms: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    #[serde(with = "FiguresText")]
    pub usual: Figures,
    #[serde(with = "FiguresText")]
    pub most: Figures,
    pub job: JobLimits,
}

#[derive(Deserialize)]
#[serde(remote = "Figures", deny_unknown_fields)]
struct FiguresText {
    time_ms: u64,
    wall_ms: u64,
    compile_ms: u64,
    memory_mb: u64,
    output_kb: u64,
    files_mb: u64,
    processes: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobLimits {
    pub files: usize,
    pub file_count: u32,
    pub stdin_kb: u64,
    pub capture_kb: usize,
    pub tests: usize,
    pub tests_mb: u64,
    pub args_kb: usize,
    pub collect_files: usize,
    pub collect_kb: u64,
}

/// Where settings come from.
#[derive(Debug, Default)]
pub struct Sources {
    pub file: Option<PathBuf>,
    pub environment: Vec<(String, String)>,
    /// `key.in.dots`, value, and what the user typed, for messages.
    pub flags: Vec<(String, String)>,
}

/// All that is wrong, each with its place.
#[derive(Debug)]
pub struct Mistakes(pub Vec<String>);

impl std::fmt::Display for Mistakes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the configuration has {} mistake{}:", self.0.len(), if self.0.len() == 1 { "" } else { "s" })?;
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

impl std::error::Error for Mistakes {}

impl Config {
    pub fn load(sources: &Sources) -> Result<Self, Mistakes> {
        let mut mistakes = Vec::new();
        let shape = default_table();
        let mut table = shape.clone();
        if let Some(path) = &sources.file {
            match read(path) {
                Ok(file) => merge(&mut table, file, &shape, &path.display().to_string(), "", &mut mistakes),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        for (name, text) in &sources.environment {
            let known = OTHER_VARIABLES.contains(&name.as_str()) || name.starts_with(TEST_VARIABLES);
            if name.starts_with("RUNNEL_") && !known {
                match key_of_variable(&shape, name) {
                    Some(key) => set(&mut table, &key, text, name, &mut mistakes),
                    None => mistakes.push(format!("environment: `{name}` is not a setting")),
                }
            }
        }
        for (key, text) in &sources.flags {
            set(&mut table, key, text, &format!("--set {key}"), &mut mistakes);
        }
        if !mistakes.is_empty() {
            return Err(Mistakes(mistakes));
        }
        let config: Self = serde_path_to_error::deserialize(Value::Table(table))
            .map_err(|fault| Mistakes(vec![format!("`{}`: {}", fault.path(), fault.inner().message())]))?;
        config.check(&mut mistakes);
        if mistakes.is_empty() { Ok(config) } else { Err(Mistakes(mistakes)) }
    }

    /// What the types don't say.
    fn check(&self, mistakes: &mut Vec<String>) {
        let mut must = |holds: bool, mistake: &str| {
            if !holds {
                mistakes.push(mistake.to_owned());
            }
        };
        must(self.listen.parse::<SocketAddr>().is_ok(), "`listen`: not an address with a port, such as 127.0.0.1:8080");
        let metrics = &self.metrics.listen;
        must(
            metrics.is_empty() || metrics.parse::<SocketAddr>().is_ok(),
            "`metrics.listen`: empty, or an address with a port, such as 127.0.0.1:9090",
        );
        let telemetry = &self.telemetry;
        must(
            telemetry.endpoint.is_empty() || ["http://", "https://"].iter().any(|scheme| telemetry.endpoint.starts_with(scheme)),
            "`telemetry.endpoint`: empty, or a URL such as http://localhost:4318",
        );
        must((0.0..=1.0).contains(&telemetry.sample), "`telemetry.sample`: from 0 to 1");
        must(self.cells.count <= 256, "`cells.count`: at most 256");
        must((1..=2048).contains(&self.cells.slots), "`cells.slots`: from 1 to 2048");
        must(self.desk.busy_per_cell >= 1, "`desk.busy_per_cell`: at least 1");
        must(self.desk.held_mb >= 1, "`desk.held_mb`: at least 1");
        let room = self.cells() * self.cells.slots as usize;
        must(self.desk.live <= room, &format!("`desk.live`: the cells have room for {room} (`cells.count` times `cells.slots`)"));
        self.access.check(&mut must);
        let workspaces = &self.workspaces;
        must(
            workspaces.mb <= self.limits.most.files_mb,
            "`workspaces.mb`: not above `limits.most.files_mb`, or no program could see it all",
        );
        must(workspaces.mb <= 1 << 20 && workspaces.owner_mb <= 1 << 30, "`workspaces.mb`, `owner_mb`: too high");
        must((1..=workspaces.most_ttl_s).contains(&workspaces.ttl_s), "`workspaces.ttl_s`: from 1 to `workspaces.most_ttl_s`");
        must(workspaces.most_ttl_s <= 1 << 32, "`workspaces.most_ttl_s`: at most 4294967296");
        let docker = &self.docker;
        must(docker.pool <= MOST_POOL, &format!("`docker.pool`: at most {MOST_POOL}"));
        must((1..=4096).contains(&docker.containers), "`docker.containers`: from 1 to 4096");
        must((0.0..=1024.0).contains(&docker.cpus), "`docker.cpus`: from 0 to 1024");
        must(docker.compiled_mb <= 1 << 20, "`docker.compiled_mb`: at most 1048576");
        must((1..=1 << 20).contains(&self.connection.max_frame_kb), "`connection.max_frame_kb`: from 1 to 1048576");
        must((1..=1 << 20).contains(&self.connection.total), "`connection.total`: from 1 to 1048576");
        must(self.connection.runs >= 1, "`connection.runs`: at least 1");
        must(self.connection.ping_s >= 1, "`connection.ping_s`: at least 1");
        must(self.connection.pong_s > self.connection.ping_s, "`connection.pong_s`: more than `connection.ping_s`");
        self.queue.check(&mut must);
        self.backend.check(&mut must);
        self.doors.check(&mut must);
        let LimitsConfig { usual, most, job } = &self.limits;
        for (name, usual, most) in [
            ("time_ms", usual.time_ms, most.time_ms),
            ("wall_ms", usual.wall_ms, most.wall_ms),
            ("compile_ms", usual.compile_ms, most.compile_ms),
            ("memory_mb", usual.memory_mb, most.memory_mb),
            ("output_kb", usual.output_kb, most.output_kb),
            ("files_mb", usual.files_mb, most.files_mb),
            ("processes", usual.processes, most.processes),
        ] {
            must(usual >= 1, &format!("`limits.usual.{name}`: at least 1"));
            must(usual <= most, &format!("`limits.usual.{name}`: {usual} is more than `limits.most.{name}`, {most}"));
        }
        must(job.files >= 1, "`limits.job.files`: at least 1");
        must((1..=512).contains(&job.args_kb), "`limits.job.args_kb`: from 1 to 512, they go to a worker in one piece");
        must(job.file_count as usize >= job.files, "`limits.job.file_count`: not less than `limits.job.files`");
    }

    /// For servers alone, since nobody else listens for clients: they don't listen to the world by mistake.
    pub fn check_to_serve(&self) -> Result<(), Mistakes> {
        let is_loopback = self.listen.parse::<SocketAddr>().is_ok_and(|address| address.ip().is_loopback());
        if is_loopback || !self.access.is_open() {
            return Ok(());
        }
        let mistake = "`listen`: everybody could run programs here, for there are no tokens\nhint: `runnel token NAME` makes one; `access.public = true` says that it is meant so";
        Err(Mistakes(vec![mistake.to_owned()]))
    }

    /// Jobs of gateways' that may be under way at once.
    pub fn jobs_at_once(&self) -> u16 {
        let containers = if self.docker.enabled { self.docker.busy() } else { 0 };
        let all = self.desk.busy_per_cell * self.cells() + containers;
        let jobs = if self.queue.most == 0 { all } else { usize::from(self.queue.most) };
        u16::try_from(jobs).unwrap_or(u16::MAX)
    }

    /// Jobs out of a queue that may be ours at once. One whose answer the broker is writing is ours still, and computes nothing: there may be as many of
    /// them as of those that do, or small jobs would wait for the broker's disk.
    pub fn jobs_held(&self) -> u16 {
        if self.queue.most == 0 { self.jobs_at_once().saturating_mul(2) } else { self.queue.most }
    }

    /// Runs that may live at once.
    pub fn live(&self) -> usize {
        match self.desk.live {
            0 => (self.cells() * self.cells.slots as usize * 4 / 5).max(1),
            live => live,
        }
    }

    pub fn cells(&self) -> usize {
        match self.cells.count {
            0 => cores(),
            count => usize::try_from(count).unwrap_or(usize::MAX),
        }
    }

    /// Memory for the programs of one cell.
    pub fn budget_mb(&self) -> u64 {
        match self.cells.budget_mb {
            0 => memory_mb() * 4 / 5 / self.cells() as u64,
            budget => budget,
        }
    }

    /// Where and how large workspaces may be.
    pub fn workspaces(&self) -> crate::listing::Bounds {
        let Workspaces { folder, count, total, mb, owner_mb, ttl_s, most_ttl_s, kept_mb } = &self.workspaces;
        crate::listing::Bounds {
            folder: if folder.is_empty() { state().join("workspaces") } else { PathBuf::from(folder) },
            count: *count,
            total: *total,
            bytes: mb << 20,
            owner_bytes: owner_mb << 20,
            entries: self.limits.job.file_count as usize,
            ttl: Duration::from_secs(*ttl_s),
            most_ttl: Duration::from_secs(*most_ttl_s),
            kept_bytes: kept_mb << 20,
        }
    }

    /// Those of the shell, which servers leave alone.
    pub fn shell_workspaces(&self) -> crate::listing::Bounds {
        let bounds = self.workspaces();
        let mut folder = bounds.folder.into_os_string();
        folder.push("-shell");
        crate::listing::Bounds { folder: folder.into(), ..bounds }
    }

    pub fn cache(&self) -> PathBuf {
        if !self.cache.is_empty() {
            return PathBuf::from(&self.cache);
        }
        let home = || std::env::var_os("HOME").map_or_else(std::env::temp_dir, |home| PathBuf::from(home).join(".cache"));
        std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map_or_else(home, PathBuf::from).join("runnel")
    }

    /// Guests that came with us.
    pub fn prepared(&self) -> Option<PathBuf> {
        (!self.prepared.is_empty()).then(|| PathBuf::from(&self.prepared))
    }
}

/// What has to outlive us.
fn state() -> PathBuf {
    let home = || std::env::var_os("HOME").map_or_else(std::env::temp_dir, |home| PathBuf::from(home).join(".local/state"));
    std::env::var_os("XDG_STATE_HOME").filter(|path| !path.is_empty()).map_or_else(home, PathBuf::from).join("runnel")
}

impl Docker {
    /// Runs that are busy at once in containers.
    pub fn busy(&self) -> usize {
        match self.busy {
            0 => 2 * cores(),
            busy => busy,
        }
    }

    /// Cores that one container may use.
    #[expect(clippy::cast_precision_loss, reason = "a number of cores")]
    pub fn cpus(&self) -> f64 {
        let all = cores() as f64;
        if self.cpus == 0.0 { all.min(2.0) } else { self.cpus.min(all) }
    }
}

pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

impl Connection {
    pub fn max_frame_bytes(&self) -> usize {
        self.max_frame_kb << 10
    }

    pub fn ping(&self) -> Duration {
        Duration::from_secs(self.ping_s)
    }

    pub fn pong(&self) -> Duration {
        Duration::from_secs(self.pong_s)
    }

    pub fn grace(&self) -> Duration {
        Duration::from_millis(self.grace_ms)
    }
}

/// What this process may use: a container's share of a large machine is not the machine.
fn memory_mb() -> u64 {
    match crate::machine::memory() >> 20 {
        0 => 4096,
        megabytes => megabytes,
    }
}

fn default_table() -> Table {
    // Read by a test as well: the shipped text is sound.
    DEFAULT.parse().unwrap_or_default()
}

fn read(path: &Path) -> Result<Table, String> {
    let text = std::fs::read_to_string(path).map_err(|fault| format!("{}: can't be read: {fault}", path.display()))?;
    text.parse::<Table>().map_err(|fault| {
        let line = fault.span().map_or(0, |span| text[..span.start.min(text.len())].lines().count().max(1));
        format!("{}:{line}: {}", path.display(), fault.message())
    })
}

/// Lays `over` onto `table`; whatever the default does not have, or has in another type, is a mistake.
fn merge(table: &mut Table, over: Table, shape: &Table, place: &str, prefix: &str, mistakes: &mut Vec<String>) {
    for (key, value) in over {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match (shape.get(&key), value) {
            (None, _) => mistakes.push(format!("{place}: `{path}` is not a setting")),
            (Some(Value::Table(shape)), Value::Table(over)) => {
                if let Some(Value::Table(table)) = table.get_mut(&key) {
                    merge(table, over, shape, place, &path, mistakes);
                }
            }
            (Some(usual), value) if usual.same_type(&value) => {
                table.insert(key, value);
            }
            (Some(usual), value) => {
                mistakes.push(format!("{place}: `{path}` must be {}, not {}", kind(usual), kind(&value)));
            }
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}

/// Sets one value given as text, in the type that the default has.
fn set(table: &mut Table, key: &str, text: &str, place: &str, mistakes: &mut Vec<String>) {
    let mut parts = key.split('.');
    let last = parts.next_back().unwrap_or_default();
    let folder = parts.try_fold(table, |table, part| table.get_mut(part).and_then(Value::as_table_mut));
    let Some(slot) = folder.and_then(|table| table.get_mut(last)).filter(|slot| !slot.is_table()) else {
        mistakes.push(format!("{place}: `{key}` is not a setting"));
        return;
    };
    let value = match slot {
        Value::String(_) => Some(Value::String(text.to_owned())),
        Value::Integer(_) => text.parse().ok().map(Value::Integer),
        Value::Boolean(_) => text.parse().ok().map(Value::Boolean),
        // As in a file, for what has colons of its own; else as in PATH.
        Value::Array(_) if text.trim_start().starts_with('[') => {
            let paper = format!("list = {text}").parse::<Table>().ok();
            paper.and_then(|mut paper| paper.remove("list")).filter(Value::is_array)
        }
        Value::Array(_) => Some(Value::Array(text.split(':').filter(|part| !part.is_empty()).map(|part| part.to_owned().into()).collect())),
        Value::Float(_) => text.parse().ok().map(Value::Float),
        Value::Datetime(_) | Value::Table(_) => None,
    };
    match value {
        Some(value) => *slot = value,
        None => mistakes.push(format!("{place}: `{text}` is not {}", kind(slot))),
    }
}

/// The setting that a variable names: RUNNEL_DESK_QUEUE is `desk.queue`.
fn key_of_variable(shape: &Table, name: &str) -> Option<String> {
    fn walk(table: &Table, prefix: &str, name: &str) -> Option<String> {
        table.iter().find_map(|(key, value)| {
            let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            match value {
                Value::Table(table) => walk(table, &path, name),
                Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) => {
                    (path.replace('.', "_").to_uppercase() == name).then_some(path)
                }
            }
        })
    }
    walk(shape, "", name.strip_prefix("RUNNEL_")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Config, Mistakes> {
        let own = |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        Config::load(&Sources { file: None, environment: own(environment), flags: own(flags) })
    }

    #[test]
    fn the_default_is_sound_and_complete() {
        let config = load(&[], &[]).unwrap();
        assert_eq!(config.listen, "127.0.0.1:8080");
        assert!(config.cells() >= 1 && config.budget_mb() > 0);
    }

    #[test]
    fn flags_overrule_the_environment() {
        let config = load(&[("RUNNEL_DESK_QUEUE", "7"), ("RUNNEL_LIMITS_USUAL_TIME_MS", "9"), ("HOME", "x")], &[("desk.queue", "8")]);
        let config = config.unwrap();
        assert_eq!((config.desk.queue, config.limits.usual.time_ms), (8, 9));
    }

    #[test]
    fn all_mistakes_are_named_at_once() {
        let file = std::env::temp_dir().join(format!("runnel-config-{}.toml", std::process::id()));
        std::fs::write(&file, "listen = 5\nlistn = 'x'\n[desk]\nqueue = 'many'\nspeed = 1\n").unwrap();
        let sources = Sources {
            file: Some(file.clone()),
            environment: vec![("RUNNEL_LISTN".into(), "x".into())],
            flags: vec![("cells.slots".into(), "few".into()), ("cells".into(), "1".into())],
        };
        let mistakes = Config::load(&sources).unwrap_err().0;
        std::fs::remove_file(file).unwrap();
        let all = mistakes.join("\n");
        let places = ["`listen` must be a string", "`listn` is not", "`desk.queue` must be a whole", "`desk.speed` is not"];
        for place in places.iter().chain(&["`RUNNEL_LISTN` is not", "`few` is not a whole number", "`cells` is not a setting"]) {
            assert!(all.contains(place), "{place} in {all}");
        }
        assert_eq!(mistakes.len(), 7, "{all}");
    }

    #[test]
    fn lists_are_given_as_in_a_file_or_as_in_path() {
        let origins = |text: &str| load(&[], &[("access.origins", text)]).map(|config| config.access.origins);
        assert_eq!(origins("a:b").unwrap(), ["a", "b"]);
        assert_eq!(origins("[\"https://a:1\", \"*\"]").unwrap(), ["https://a:1", "*"]);
        assert!(origins("[\"a\"").is_err());
    }

    #[test]
    fn figures_fit_each_other() {
        let mistakes = load(&[], &[("limits.usual.memory_mb", "4096"), ("listen", "here"), ("desk.live", "100000")]).unwrap_err().0;
        assert_eq!(mistakes.len(), 3, "{mistakes:?}");
    }
}
