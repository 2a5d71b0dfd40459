//! The agent's binary, and the volume through which it reaches images that know nothing of it. Filled once for each
//! version of the agent; mounted read-only. Called by `engine::docker` before its first container.

use bollard::Docker as Api;
use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, HostConfig, VolumeCreateRequest};
use bollard::query_parameters::{ContainerArchiveInfoOptionsBuilder, RemoveContainerOptionsBuilder, UploadToContainerOptionsBuilder};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// Where containers find it.
pub(super) const FOLDER: &str = "/runnel";
pub(super) const PATH: &str = "/runnel/agent";
/// Written last: a volume without it was not filled to the end.
const MARK: &str = "whole";

static BINARY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/runnel-agent"));

/// The volume's name: another agent is another volume.
pub(super) fn volume() -> String {
    let hash: String = Sha256::digest(BINARY).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("runnel-agent-{hash}")
}

/// Makes sure that the volume is there and whole. `image` is any image: a container of it is made, never started.
pub(super) async fn provide(api: &Api, image: &str, labels: HashMap<String, String>) -> Result<(), Error> {
    api.create_volume(VolumeCreateRequest { name: Some(volume()), ..VolumeCreateRequest::default() }).await?;
    let host = HostConfig { binds: Some(vec![format!("{}:{FOLDER}", volume())]), ..HostConfig::default() };
    let body = ContainerCreateBody {
        image: Some(image.to_owned()),
        entrypoint: Some(vec![PATH.to_owned()]),
        labels: Some(labels),
        host_config: Some(host),
        network_disabled: Some(true),
        ..ContainerCreateBody::default()
    };
    let container = api.create_container(None, body).await?.id;
    let filled = fill(api, &container).await;
    let removed = api.remove_container(&container, Some(RemoveContainerOptionsBuilder::new().force(true).build())).await;
    filled.and(removed)
}

async fn fill(api: &Api, container: &str) -> Result<(), Error> {
    let mark = ContainerArchiveInfoOptionsBuilder::new().path(&format!("{FOLDER}/{MARK}")).build();
    match api.get_container_archive_info(container, Some(mark)).await {
        Ok(_) => return Ok(()),
        Err(Error::DockerResponseServerError { status_code: 404, .. }) => {}
        Err(fault) => return Err(fault),
    }
    for (name, content) in [("agent", BINARY), (MARK, b"")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        let mut tar = tar::Builder::new(Vec::new());
        tar.append_data(&mut header, name, content)?;
        let options = UploadToContainerOptionsBuilder::new().path(FOLDER).build();
        api.upload_to_container(container, Some(options), bollard::body_full(tar.into_inner()?.into())).await?;
    }
    Ok(())
}
