//! `[access]`: who may come in. Part of the configuration, and what is read again on SIGHUP.

use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessConfig {
    pub tokens: Vec<TokenConfig>,
    /// What each client has where its token does not say otherwise.
    pub each: EachConfig,
    pub public: bool,
    pub origins: Vec<String>,
    pub proxies: Vec<IpAddr>,
    pub connections: usize,
    pub tls_cert: String,
    pub tls_key: String,
}

/// 0: as much as there is.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EachConfig {
    pub live: usize,
    pub queue: usize,
    pub runs_per_minute: u32,
    pub mb_per_minute: u32,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenConfig {
    pub name: String,
    pub sha256: String,
    pub languages: Option<Vec<String>>,
    pub live: Option<usize>,
    pub queue: Option<usize>,
    pub runs_per_minute: Option<u32>,
    pub mb_per_minute: Option<u32>,
    pub most: MostConfig,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MostConfig {
    pub time_ms: Option<u64>,
    pub wall_ms: Option<u64>,
    pub memory_mb: Option<u64>,
    pub output_kb: Option<u64>,
}

impl TokenConfig {
    pub fn digest(&self) -> Option<[u8; 32]> {
        crate::job::from_hex(&self.sha256)
    }

    /// With what each client has where this says nothing.
    pub fn over(&self, each: EachConfig) -> Self {
        let EachConfig { live, queue, runs_per_minute, mb_per_minute } = each;
        Self {
            live: self.live.or((live > 0).then_some(live)),
            queue: self.queue.or((queue > 0).then_some(queue)),
            runs_per_minute: self.runs_per_minute.or((runs_per_minute > 0).then_some(runs_per_minute)),
            mb_per_minute: self.mb_per_minute.or((mb_per_minute > 0).then_some(mb_per_minute)),
            ..self.clone()
        }
    }
}

impl AccessConfig {
    /// Certificate and key, where both are named.
    pub fn tls(&self) -> Option<(PathBuf, PathBuf)> {
        (!self.tls_cert.is_empty()).then(|| (PathBuf::from(&self.tls_cert), PathBuf::from(&self.tls_key)))
    }

    /// Whether whoever reaches the server may run programs, and nobody said that it is meant so.
    pub(super) fn is_open(&self) -> bool {
        self.tokens.is_empty() && !self.public
    }

    pub(super) fn check(&self, mut must: impl FnMut(bool, &str)) {
        for (place, token) in self.tokens.iter().enumerate() {
            let at = format!("`access.tokens[{place}]`");
            must(!token.name.is_empty() && token.name.len() <= 64, &format!("{at}: `name` must have 1 to 64 bytes"));
            must(token.digest().is_some(), &format!("{at}: `sha256` must be 64 hexadecimal digits; `runnel token NAME` makes one"));
            let others = &self.tokens[..place];
            must(others.iter().all(|other| other.name != token.name), &format!("{at}: the name `{}` is there twice", token.name));
        }
        must(self.tls_cert.is_empty() == self.tls_key.is_empty(), "`access.tls_cert` and `access.tls_key` go together");
    }
}
