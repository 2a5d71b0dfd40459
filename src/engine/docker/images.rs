//! Makes images: pulls those that a toolchain or a job names, builds those that a toolchain's folder describes.
//! Called by `engine::docker`; says how far it is, and on failure the end of the log.

use super::Settings;
use crate::toolchain::recipe::ImageSource;
use crate::toolchain::{Kind, Toolchain};
use bollard::Docker as Api;
use bollard::auth::DockerCredentials;
use bollard::models::{BuildInfo, CreateImageInfo};
use bollard::query_parameters::{BuildImageOptionsBuilder, CreateImageOptionsBuilder};
use futures_util::{Stream, StreamExt};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// Lines of a failed build that are shown.
const TAIL: usize = 12;
/// The longest line of a build's log that is kept.
const LINE: usize = 500;
/// A build or a pull that says nothing for this long has failed.
const SILENCE: Duration = Duration::from_secs(600);
/// The label of images that were built here.
const LABEL: &str = "runnel.toolchain";

/// What is known of an image that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Image {
    pub id: String,
    pub env: Vec<(String, String)>,
}

/// What is being done, and how much of it is.
pub(super) type Tell<'a> = &'a (dyn Fn(&str, f32) + Send + Sync);

/// The tag of the image that a toolchain's folder makes: another content is another image.
pub(super) fn tag(toolchain: &Toolchain) -> String {
    let mut hasher = Sha256::new();
    for (path, content) in context(toolchain) {
        hasher.update((path.len() as u64).to_le_bytes());
        hasher.update(path);
        hasher.update((content.len() as u64).to_le_bytes());
        hasher.update(content);
    }
    let hash: String = hasher.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("runnel-{}:{hash}", toolchain.name)
}

/// Whether a toolchain's image is made from its folder.
pub(super) fn is_built(toolchain: &Toolchain) -> bool {
    matches!(&toolchain.kind, Kind::Docker(recipe) if recipe.image == ImageSource::Folder)
}

/// The image of a toolchain that has one of its own.
pub(super) fn tag_or_name(toolchain: &Toolchain) -> String {
    match &toolchain.kind {
        Kind::Docker(recipe) => match &recipe.image {
            ImageSource::Named(name) => name.clone(),
            ImageSource::Folder | ImageSource::Of(_) => tag(toolchain),
        },
        Kind::Wasm { .. } => String::new(),
    }
}

/// What a build sees: how programs are started, and what people read, does not change the image.
fn context(toolchain: &Toolchain) -> impl Iterator<Item = (&String, &Vec<u8>)> {
    let is_built = |path: &str| !path.starts_with("cases/") && !path.ends_with(".md") && path != "toolchain.toml";
    toolchain.folder.iter().filter(move |(path, _)| is_built(path))
}

/// None where it is not on this machine.
pub(super) async fn find(api: &Api, reference: &str) -> Result<Option<Image>, bollard::errors::Error> {
    match api.inspect_image(reference).await {
        Ok(image) => {
            let env = image.config.and_then(|config| config.env).unwrap_or_default();
            let pair = |line: String| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
            Ok(Some(Image { id: image.id.unwrap_or_default(), env: env.into_iter().filter_map(pair).collect() }))
        }
        Err(bollard::errors::Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Gets an image from its registry.
pub(super) async fn pull(api: &Api, settings: &Settings, reference: &str, tell: Tell<'_>) -> Result<(), String> {
    tell(&format!("pulling the image `{reference}`"), 0.0);
    let options = CreateImageOptionsBuilder::new().from_image(&with_tag(reference)).build();
    let mut news = Box::pin(api.create_image(Some(options), None, credentials(settings, reference)));
    let mut layers = Layers::default();
    let failed = |why: &dyn std::fmt::Display| {
        format!("the image `{reference}` can't be pulled: {why}\nhint: `docker pull {reference}` on the server shows more")
    };
    while let Some(info) = next(&mut news).await.map_err(|fault| failed(&fault))? {
        let CreateImageInfo { id, error_detail, status, progress_detail } = info;
        if let Some(message) = error_detail.and_then(|detail| detail.message) {
            return Err(failed(&message));
        }
        let progress = progress_detail.and_then(|detail| Some((detail.current?, detail.total?)));
        if let Some(share) = layers.note(id, status.as_deref().unwrap_or_default(), progress) {
            tell(&format!("pulling the image `{reference}`"), share);
        }
    }
    Ok(())
}

/// Builds a toolchain's image from its folder.
pub(super) async fn build(api: &Api, settings: &Settings, toolchain: &Toolchain, tell: Tell<'_>) -> Result<(), String> {
    let tag = tag(toolchain);
    tell("building its image", 0.0);
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in context(toolchain) {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        // Whatever the folder's files are for, a Dockerfile can start them.
        header.set_mode(0o755);
        tar.append_data(&mut header, path, &content[..]).map_err(|fault| fault.to_string())?;
    }
    let tar = tar.into_inner().map_err(|fault| fault.to_string())?;
    let labels = HashMap::from([(LABEL, toolchain.name.as_str())]);
    let options = BuildImageOptionsBuilder::new().t(&tag).rm(true).forcerm(true).labels(&labels).build();
    let credentials = settings.registries.iter().map(|registry| (registry.host.clone(), known(registry))).collect();
    let mut news = Box::pin(api.build_image(options, Some(credentials), Some(bollard::body_full(tar.into()))));
    let mut log = Log::default();
    let failed = |log: &Log, why: &dyn std::fmt::Display| {
        let hint = "hint: on a machine without an image registry `make images` makes the base image";
        format!("the image of `{}` can't be built: {why}\n{}{hint}", toolchain.name, log.tail())
    };
    loop {
        let info = match next(&mut news).await {
            Ok(Some(info)) => info,
            Ok(None) => return Ok(()),
            Err(fault) => return Err(failed(&log, &fault)),
        };
        let BuildInfo { stream, error_detail, .. } = info;
        if let Some(message) = error_detail.and_then(|detail| detail.message) {
            return Err(failed(&log, &message));
        }
        for line in stream.iter().flat_map(|text| text.lines()) {
            if let Some((share, what)) = log.note(line) {
                tell(&format!("building its image: {what}"), share);
            }
        }
    }
}

async fn next<Info>(news: &mut (impl Stream<Item = Result<Info, bollard::errors::Error>> + Unpin)) -> Result<Option<Info>, String> {
    match tokio::time::timeout(SILENCE, news.next()).await {
        Ok(info) => info.transpose().map_err(|fault| super::in_words(&fault)),
        Err(_) => Err(format!("nothing happened for {} s", SILENCE.as_secs())),
    }
}

/// Docker takes a name without a tag for all of them.
fn with_tag(reference: &str) -> String {
    let last = reference.rsplit('/').next().unwrap_or_default();
    if last.contains([':', '@']) { reference.to_owned() } else { format!("{reference}:latest") }
}

/// Who we are for the registry of an image.
fn credentials(settings: &Settings, reference: &str) -> Option<DockerCredentials> {
    let host = registry(reference);
    settings.registries.iter().find(|registry| registry.host == host).map(known)
}

fn known(registry: &crate::config::Registry) -> DockerCredentials {
    DockerCredentials {
        username: Some(registry.username.clone()),
        password: Some(registry.password.clone()),
        serveraddress: Some(registry.host.clone()),
        ..DockerCredentials::default()
    }
}

/// The registry that a reference names, in docker's way: a first part with a dot or a port, or `localhost`.
fn registry(reference: &str) -> &str {
    match reference.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        Some(_) | None => "docker.io",
    }
}

/// How far the layers of a pull are.
#[derive(Default)]
struct Layers(HashMap<String, (i64, i64)>);

impl Layers {
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    fn note(&mut self, id: Option<String>, status: &str, progress: Option<(i64, i64)>) -> Option<f32> {
        let id = id?;
        match (status, progress) {
            ("Downloading", Some((current, total))) if total > 0 => drop(self.0.insert(id, (current, total))),
            ("Download complete" | "Pull complete", _) => {
                let layer = self.0.entry(id).or_insert((1, 1));
                layer.0 = layer.1;
            }
            _ => return None,
        }
        let (done, all) = self.0.values().fold((0, 0), |(done, all), (current, total)| (done + current, all + total));
        Some(done as f32 / all.max(1) as f32)
    }
}

/// The end of a build's log, and its steps.
#[derive(Default)]
struct Log(VecDeque<String>);

impl Log {
    fn note<'a>(&mut self, line: &'a str) -> Option<(f32, &'a str)> {
        let line = line.trim_end();
        if line.is_empty() {
            return None;
        }
        if self.0.len() == TAIL {
            self.0.pop_front();
        }
        self.0.push_back(line[..line.floor_char_boundary(LINE)].to_owned());
        let (step, what) = line.strip_prefix("Step ")?.split_once(" : ")?;
        let (number, count) = step.split_once('/')?;
        let (number, count) = (number.parse::<u16>().ok()?, count.parse::<u16>().ok()?);
        (number >= 1 && number <= count).then(|| (f32::from(number - 1) / f32::from(count), &what[..what.floor_char_boundary(80)]))
    }

    fn tail(&self) -> String {
        self.0.iter().fold(String::new(), |tail, line| tail + "  " + line + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_and_tags() {
        let cases = [
            ("debian", "docker.io", "debian:latest"),
            ("library/debian:12", "docker.io", "library/debian:12"),
            ("ghcr.io/a/b", "ghcr.io", "ghcr.io/a/b:latest"),
            ("localhost/a", "localhost", "localhost/a:latest"),
            ("host:5000/a:1", "host:5000", "host:5000/a:1"),
            ("a@sha256:00", "docker.io", "a@sha256:00"),
        ];
        for (reference, host, tagged) in cases {
            assert_eq!((registry(reference), with_tag(reference).as_str()), (host, tagged));
        }
    }

    #[test]
    fn steps_of_a_build() {
        let mut log = Log::default();
        assert_eq!(log.note("Step 1/4 : FROM debian\n"), Some((0.0, "FROM debian")));
        assert_eq!(log.note("Step 3/4 : RUN x"), Some((0.5, "RUN x")));
        for line in ["", " ---> abc", "Step", "Step 9/4 : x", "Step a/b : x"] {
            assert_eq!(log.note(line), None, "{line}");
        }
        for line in 0..100 {
            log.note(&format!("line {line}"));
        }
        assert!(log.tail().starts_with("  line 88\n") && log.tail().ends_with("  line 99\n"), "{}", log.tail());
    }

    #[test]
    fn shares_of_a_pull() {
        let mut layers = Layers::default();
        assert_eq!(layers.note(Some("a".into()), "Downloading", Some((50, 100))), Some(0.5));
        assert_eq!(layers.note(Some("b".into()), "Downloading", Some((0, 100))), Some(0.25));
        assert_eq!(layers.note(Some("b".into()), "Extracting", Some((7, 9))), None);
        assert_eq!(layers.note(Some("a".into()), "Download complete", None), Some(0.5));
        assert_eq!(layers.note(None, "Status: done", None), None);
    }
}
