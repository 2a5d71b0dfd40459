//! Any text as a client's frame: a request or a refusal, never a panic, and within bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use runnel_fuzz::protocol::parse::{Request, Rules, request};
use runnel_fuzz::protocol::render;
use runnel_fuzz::{config, toolchain};
use std::sync::LazyLock;

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let config = config::Config::load(&config::Sources::default()).expect("the default is sound");
    let (toolchains, _) = toolchain::Toolchains::load(&[], &config.limits.usual);
    Rules::new(&config, toolchains)
});

fuzz_target!(|text: &str| match request(text, &RULES) {
    Ok(Request::Run(job)) => {
        assert!(job.files.iter().any(|file| file.path == job.main));
        assert!(job.code_size() <= job.limits.file_bytes);
    }
    Ok(_) => {}
    Err(refused) => assert!(!render::error(refused.id.as_deref(), &refused.refusal).is_empty()),
});
