//! `runnel token`: a new token, and the line of the configuration that lets it in.

use crate::chance;
use clap::Args;
use sha2::{Digest, Sha256};
use std::process::ExitCode;

/// Bytes of chance in a token.
const CHANCE: usize = 24;

#[derive(Debug, Args)]
#[command(after_help = "The token is shown once; the configuration holds its digest only.")]
pub(super) struct TokenArguments {
    /// What the token is called in the configuration, in logs and in metrics
    name: String,
}

pub(super) fn token(arguments: &TokenArguments) -> anyhow::Result<ExitCode> {
    let token = format!("rnl_{}", chance::hex::<CHANCE>()?);
    println!("{token}");
    let digest = chance::in_hex(&Sha256::digest(&token));
    let name = toml::Value::String(arguments.name.clone());
    eprintln!("hint: in the configuration, under [access]: tokens = [{{ name = {name}, sha256 = \"{digest}\" }}]");
    Ok(ExitCode::SUCCESS)
}
