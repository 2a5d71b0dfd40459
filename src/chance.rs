//! Names that nobody can guess. Called for tokens and for workspaces whose name is made up.

use std::io::Read;
use std::path::Path;

/// Where the kernel gives out chance.
pub(crate) const SOURCE: &str = "/dev/urandom";

/// So many bytes of it, in words.
pub(crate) fn hex<const BYTES: usize>() -> std::io::Result<String> {
    let mut chance = [0; BYTES];
    std::fs::File::open(Path::new(SOURCE))?.read_exact(&mut chance)?;
    Ok(in_hex(&chance))
}

pub(crate) fn in_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
