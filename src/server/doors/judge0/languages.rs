//! The ids that Judge0 1.13.1 and 1.14 have for our languages. Several ids mean one toolchain here: theirs differ in versions that we don't have. Pure.

use crate::toolchain::Toolchain;

/// What it is called there, and its ids.
struct Known {
    toolchain: &'static str,
    name: &'static str,
    ids: &'static [u64],
}

/// What has no source but its files.
const PROJECT: &str = "multi";

const KNOWN: &[Known] = &[
    Known { toolchain: "bash", name: "Bash", ids: &[46] },
    Known { toolchain: "c", name: "C", ids: &[48, 49, 50, 103] },
    Known { toolchain: "cpp", name: "C++", ids: &[52, 53, 54, 105] },
    Known { toolchain: "csharp", name: "C#", ids: &[51] },
    Known { toolchain: "go", name: "Go", ids: &[60, 95, 106, 107] },
    Known { toolchain: PROJECT, name: "Multi-file program", ids: &[89] },
    Known { toolchain: "javascript", name: "JavaScript", ids: &[63, 93, 97, 102] },
    Known { toolchain: "python", name: "Python", ids: &[71, 92, 100, 109, 113] },
];

pub(super) fn ids(toolchain: &Toolchain) -> &'static [u64] {
    KNOWN.iter().find(|known| known.toolchain == toolchain.name).map_or(&[], |known| known.ids)
}

pub(super) fn is_project(toolchain: &Toolchain) -> bool {
    toolchain.name == PROJECT
}

/// `Python (3.14.0)`, with what our toolchain says of itself.
pub(super) fn name(toolchain: &Toolchain) -> String {
    let name = KNOWN.iter().find(|known| known.toolchain == toolchain.name).map_or(toolchain.name.as_str(), |known| known.name);
    if is_project(toolchain) { name.to_owned() } else { format!("{name} ({})", toolchain.version) }
}
