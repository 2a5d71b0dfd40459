//! Prepares wasm toolchains: runs a toolchain's own build, takes a snapshot of the initialised interpreter, wraps it
//! as a component, or makes one module of the many of a component that is one already, compiles it to native code. Each step is cached by the content it was made from. Called by the
//! `toolchains` door and when a server starts; blocks for up to minutes, so never on the executor.

use super::flatten::flatten;
use super::native::{self, Clocking, in_words};
use crate::toolchain::{Kind, Toolchain};
use anyhow::{Context, bail, ensure};
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Changes whenever this file makes something else of the same input.
const PIPELINE: &str = "2";
/// How long an earlier version's files are kept.
const KEEP: Duration = Duration::from_secs(14 * 24 * 3600);
/// Lines of a failed build that are shown.
const TAIL: usize = 20;

/// A guest's native code.
#[derive(Clone, Debug)]
pub struct Native {
    pub epochs: PathBuf,
    pub fuel: PathBuf,
}

/// What is being done, for people who wait; `share` of the whole is done.
pub struct Progress<'a> {
    pub what: &'a str,
    pub share: f32,
}

/// Where prepared guests are kept.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    /// Others that were prepared elsewhere: an image's, which must not be hidden by a volume nor grow old in one.
    prepared: Option<PathBuf>,
}

impl Cache {
    pub fn new(folder: PathBuf, prepared: Option<PathBuf>) -> Self {
        Self { folder, prepared }
    }

    /// The native code of a toolchain, if all of it is there.
    pub fn find(&self, toolchain: &Toolchain) -> Option<Native> {
        if !matches!(toolchain.kind, Kind::Wasm { .. }) {
            return None;
        }
        let natives = self.prepared.iter().chain([&self.folder]).filter_map(|folder| native(folder, toolchain).ok());
        natives.into_iter().find(|native| native.epochs.is_file() && native.fuel.is_file())
    }

    /// The native code of a toolchain, made where it is missing.
    pub fn prepare(&self, toolchain: &Toolchain, mut progress: impl FnMut(Progress<'_>)) -> anyhow::Result<Native> {
        if let Some(native) = self.find(toolchain) {
            return Ok(native);
        }
        fs::create_dir_all(&self.folder).with_context(|| format!("can't make the folder `{}`", self.folder.display()))?;
        // Two servers that start at once prepare once.
        let lock = fs::File::create(self.folder.join(format!("{}.lock", toolchain.name)))?;
        if lock.try_lock().is_err() {
            progress(Progress { what: "another process prepares it", share: 0.0 });
            lock.lock()?;
        }
        let component = self.component(toolchain, &mut progress)?;
        let native = native(&self.folder, toolchain)?;
        let mut share = 0.7;
        for (clocking, path, what) in
            [(Clocking::Epochs, &native.epochs, "compiling to native code"), (Clocking::Fuel, &native.fuel, "compiling with fuel")]
        {
            if !path.is_file() {
                progress(Progress { what, share });
                let bytes = fs::read(&component)?;
                let code = native::compiler(clocking).and_then(|engine| engine.precompile_component(&bytes)).map_err(in_words)?;
                write_whole(path, &code)?;
            }
            share += 0.15;
        }
        self.forget_old(&toolchain.name);
        Ok(native)
    }

    /// Copies all that was made of a toolchain into a folder, for servers that have it as `prepared`.
    pub fn copy(&self, toolchain: &Toolchain, into: &Path, mut progress: impl FnMut(Progress<'_>)) -> anyhow::Result<()> {
        let Native { epochs, fuel } = self.prepare(toolchain, &mut progress)?;
        let component = self.component(toolchain, &mut progress)?;
        fs::create_dir_all(into).with_context(|| format!("can't make the folder `{}`", into.display()))?;
        for file in [component, epochs, fuel] {
            let name = file.file_name().context("a cached file has a name")?;
            fs::copy(&file, into.join(name)).with_context(|| format!("can't copy `{}` to `{}`", file.display(), into.display()))?;
        }
        Ok(())
    }

    /// Removes what earlier versions of a toolchain left, as far as nobody is likely to go back to it.
    fn forget_old(&self, name: &str) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        for entry in entries.flatten() {
            let file = entry.file_name();
            let is_ours = file.to_str().is_some_and(|file| is_made_of(file, name));
            let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|time| time.elapsed().ok());
            if is_ours && age.is_some_and(|age| age > KEEP) {
                // Another server that runs on it has it open.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Removes what builds left that were ended in the middle. Some process of theirs may still write there, so that each
    /// build has a folder of its own.
    fn forget_builds(&self, name: &str) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        for entry in entries.flatten() {
            let file = entry.file_name();
            if file.to_str().is_some_and(|file| file.starts_with(&format!("{name}.")) && file.ends_with(".build")) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    /// The guest as a portable component.
    fn component(&self, toolchain: &Toolchain, progress: &mut impl FnMut(Progress<'_>)) -> anyhow::Result<PathBuf> {
        let file = format!("{}.wasm", stem(toolchain));
        // Portable: where another machine prepared it, only the native code is missing.
        if let Some(component) = self.prepared.iter().map(|folder| folder.join(&file)).find(|component| component.is_file()) {
            return Ok(component);
        }
        let component = self.folder.join(file);
        if component.is_file() {
            return Ok(component);
        }
        self.forget_builds(&toolchain.name);
        let folder = self.folder.join(format!("{}.{}.build", toolchain.name, std::process::id()));
        let mut guest = build(toolchain, &folder, progress)?;
        if is_core_module(&guest) {
            progress(Progress { what: "taking a snapshot", share: 0.6 });
            guest = pre_initialise(&guest)?;
            guest = wrap(&guest, &folder.join("wit"))?;
        } else {
            progress(Progress { what: "making one module of many", share: 0.6 });
            match flatten(&guest) {
                Ok(flat) => guest = flat,
                // It starts slower, and is right.
                Err(unknown) => tracing::warn!(toolchain = toolchain.name, "its modules stay as they are: {unknown}"),
            }
        }
        write_whole(&component, &guest)?;
        fs::remove_dir_all(&folder)?;
        Ok(component)
    }
}

/// Where a toolchain's native code is in a folder, if it is there.
fn native(folder: &Path, toolchain: &Toolchain) -> anyhow::Result<Native> {
    let path = |clocking, suffix| -> anyhow::Result<PathBuf> {
        // Version, settings and processor: what wasmtime itself would refuse is another file here.
        let mut hasher = Stable(Sha256::new());
        native::compiler(clocking).map_err(in_words)?.precompile_compatibility_hash().hash(&mut hasher);
        let hash = hex(&hasher.0.finalize());
        Ok(folder.join(format!("{}-{hash}.{suffix}.cwasm", stem(toolchain))))
    };
    Ok(Native { epochs: path(Clocking::Epochs, "epochs")?, fuel: path(Clocking::Fuel, "fuel")? })
}

/// Name and content of a toolchain, as the beginning of a file's name.
fn stem(toolchain: &Toolchain) -> String {
    let mut hasher = Sha256::new();
    // What people read does not change what is built.
    let built = toolchain.folder.iter().filter(|(path, _)| {
        !path.starts_with("cases/") && !path.starts_with("harness/") && !path.ends_with(".md") && path.as_str() != "toolchain.toml"
    });
    let built = built.map(|(path, content)| (path.as_str(), content.as_slice()));
    for (path, content) in built.chain([("wit/guest.wit", WIT.as_bytes())]) {
        hasher.update((path.len() as u64).to_le_bytes());
        hasher.update(path);
        hasher.update((content.len() as u64).to_le_bytes());
        hasher.update(content);
    }
    hasher.update(PIPELINE);
    format!("{}-{}", toolchain.name, hex(&hasher.finalize()))
}

/// Whether a cached file is a version of this toolchain: its name, a hash, and more.
fn is_made_of(file: &str, name: &str) -> bool {
    let rest = file.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
    let hash = rest.and_then(|rest| rest.split(['-', '.']).next());
    hash.is_some_and(|hash| hash.len() == 16 && hash.chars().all(|c| c.is_ascii_hexdigit()))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Feeds what wasmtime hashes to a hash that is the same in each process.
struct Stable(Sha256);

impl Hasher for Stable {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

const WIT: &str = include_str!("../../../wit/guest.wit");

/// Runs the toolchain's own build in a private copy of its folder and returns what it made.
fn build(toolchain: &Toolchain, folder: &Path, progress: &mut impl FnMut(Progress<'_>)) -> anyhow::Result<Vec<u8>> {
    let Kind::Wasm { build } = &toolchain.kind else { bail!("`{}` is no wasm toolchain", toolchain.name) };
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let (source, out, wit) = (folder.join("source"), folder.join("out"), folder.join("wit"));
    for folder in [&source, &out, &wit] {
        fs::create_dir_all(folder)?;
    }
    for (path, content) in toolchain.folder.iter() {
        let path = source.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, content)?;
    }
    fs::write(wit.join("guest.wit"), WIT)?;
    let mut command = Command::new("bash");
    command.args(["-c", LEASH, build, build]).arg(&out).current_dir(&source).env("RUNNEL_WIT", &wit);
    let tail = watch(command, progress).with_context(|| format!("`{build}` of toolchain `{}` can't be run", toolchain.name))?;
    if let Some(tail) = tail {
        bail!("`{build}` of toolchain `{}` failed; its last lines:\n{tail}", toolchain.name);
    }
    fs::read(out.join("guest.wasm")).with_context(|| format!("`{build}` of toolchain `{}` made no `guest.wasm`", toolchain.name))
}

/// Runs a build in a process group that ends with us, whatever ends us: then the input ends, and with it the group. What a
/// build leaves running ends so too.
const LEASH: &str = r#"(read -r; kill -KILL 0) <&0 >/dev/null 2>&1 & bash "$@" </dev/null & wait $!"#;

/// Runs a command whose lines of the form `step 2/5 what it does` are progress. Its last lines where it failed.
fn watch(mut command: Command, progress: &mut impl FnMut(Progress<'_>)) -> anyhow::Result<Option<String>> {
    let (reading, writing) = std::io::pipe()?;
    command.process_group(0).stdin(Stdio::piped()).stdout(writing.try_clone()?).stderr(writing);
    let mut child = command.spawn()?;
    // Waiting for the child would close it, and end the group before the child has said how it went.
    let leash = child.stdin.take();
    // Or our own copies of the writing end would keep it open.
    drop(command);
    let mut tail = VecDeque::new();
    for line in BufReader::new(reading.take(64 << 20)).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        if let Some((share, what)) = parse_step(&line) {
            progress(Progress { what, share: share * 0.6 });
        }
        if tail.len() == TAIL {
            tail.pop_front();
        }
        tail.push_back(line);
    }
    let failed = !child.wait()?.success();
    drop(leash);
    Ok(failed.then(|| Vec::from(tail).join("\n")))
}

fn parse_step(line: &str) -> Option<(f32, &str)> {
    let (step, what) = line.strip_prefix("step ")?.split_once(' ')?;
    let (number, count) = step.split_once('/')?;
    let (number, count) = (number.parse::<u8>().ok()?, count.parse::<u8>().ok()?);
    (number >= 1 && number <= count).then(|| (f32::from(number - 1) / f32::from(count), what))
}

fn is_core_module(wasm: &[u8]) -> bool {
    wasm.get(4..8) == Some(&[1, 0, 0, 0])
}

/// Runs a core module's `wizer-initialize` and keeps the memory that it leaves.
fn pre_initialise(wasm: &[u8]) -> anyhow::Result<Vec<u8>> {
    use wasmtime_wasi::p1::{WasiP1Ctx, add_to_linker_async};
    let engine = native::compiler_quick().map_err(in_words)?;
    let snapshot = async {
        let mut linker = wasmtime::Linker::<WasiP1Ctx>::new(&engine);
        add_to_linker_async(&mut linker, |state| state)?;
        linker.func_wrap("runnel:guest/host@1.0.0", "exit", |code: i32| -> wasmtime::Result<()> {
            Err(wasmtime::format_err!("the guest ended itself with {code} while it was initialised"))
        })?;
        let context = wasmtime_wasi::WasiCtxBuilder::new().inherit_stderr().build_p1();
        let mut store = wasmtime::Store::new(&engine, context);
        let mut wizer = wasmtime_wizer::Wizer::new();
        wizer.init_func("wizer-initialize");
        wizer.run(&mut store, wasm, async |store, module| linker.instantiate_async(store, module).await).await
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(snapshot).map_err(in_words).context("the guest can't be initialised")
}

/// Wraps a core module that speaks WASI preview 1 as a component of our world.
fn wrap(wasm: &[u8], wit: &Path) -> anyhow::Result<Vec<u8>> {
    use wasi_preview1_component_adapter_provider as adapter;
    let mut module = wasm.to_vec();
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve.push_path(wit)?;
    let world = resolve.select_world(&[package], Some("guest"))?;
    wit_component::embed_component_metadata(&mut module, &resolve, world, wit_component::StringEncoding::UTF8)?;
    wit_component::ComponentEncoder::default()
        .validate(true)
        .module(&module)?
        .adapter(adapter::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)?
        .encode()
        .context("the guest does not fit `wit/guest.wit`")
}

/// Writes a file so that it is there whole or not at all.
fn write_whole(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    ensure!(path.extension().is_some(), "a cached file has an extension");
    let half = path.with_extension("part");
    fs::write(&half, content).with_context(|| format!("can't write `{}`", half.display()))?;
    fs::rename(&half, path).with_context(|| format!("can't write `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps() {
        assert_eq!(parse_step("step 1/4 fetching packages"), Some((0.0, "fetching packages")));
        assert_eq!(parse_step("step 3/4 linking"), Some((0.5, "linking")));
        for line in ["step", "step 5/4 x", "step 0/4 x", "step a/b c", "stepping 1/2 x", "warning: step 1/2 x"] {
            assert_eq!(parse_step(line), None, "{line}");
        }
    }

    #[test]
    fn files_of_a_toolchain() {
        assert!(is_made_of("python-0123456789abcdef.wasm", "python"));
        assert!(is_made_of("python-0123456789abcdef-0123456789abcdef.fuel.cwasm", "python"));
        assert!(!is_made_of("python-static-0123456789abcdef.wasm", "python"));
        assert!(!is_made_of("python.lock", "python") && !is_made_of("python.build", "python"));
    }

    #[test]
    fn a_failing_command_shows_its_tail() {
        let mut command = Command::new("bash");
        command.args(["-c", "for i in $(seq 30); do echo line $i; done; echo step 2/2 half; exit 3"]);
        let mut shares = Vec::new();
        let tail = watch(command, &mut |step: Progress<'_>| shares.push(step.share)).unwrap().unwrap();
        assert_eq!(shares, [0.3]);
        assert!(tail.starts_with("line 12\n") && tail.ends_with("line 30\nstep 2/2 half"), "{tail}");
    }
}
