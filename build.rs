//! Builds `runnel-agent` into the output folder, for the server to carry: static, because it runs in images that
//! know nothing of us, and so with flags of its own and by a cargo of its own. Sees to it that the web page is there to be carried too.

use std::path::{Path, PathBuf};
use std::process::Command;

const PAGE: &str = "web-demo/dist";

fn main() {
    page();
    agent();
}

/// The page is built by npm, which the server's build does not need: without it, `/` says how to get it.
fn page() {
    println!("cargo::rerun-if-changed={PAGE}");
    if !Path::new(PAGE).join("index.html").exists() {
        println!("cargo::warning=the web page is not built and will not be in the binary; `make build` builds both");
        // A folder that is missing would count as changed each time.
        std::fs::create_dir_all(PAGE).expect("the source folder can be written to");
    }
}

fn agent() {
    for path in ["agent/src", "agent/Cargo.toml", "link/src", "link/Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={path}");
    }
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"));
    let (out, target) = (PathBuf::from(variable("OUT_DIR")), variable("TARGET"));
    let folder = out.join("agent");
    let mut cargo = Command::new(variable("CARGO"));
    cargo.args(["build", "--release", "--locked", "--package", "runnel-agent", "--target", &target, "--target-dir"]).arg(&folder);
    cargo.current_dir(variable("CARGO_MANIFEST_DIR"));
    // The flags of the server's own build are not the agent's.
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_RUSTFLAGS"] {
        cargo.env_remove(name);
    }
    let flags = ["-Ctarget-feature=+crt-static", "-Cpanic=abort", "-Copt-level=s", "-Cstrip=symbols"];
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    let status = cargo.status().expect("cargo can be run");
    assert!(status.success(), "the agent can't be built");
    std::fs::copy(folder.join(target).join("release/runnel-agent"), out.join("runnel-agent")).expect("the agent was built");
}
