//! Any bytes on the link, from either side: frames or a fault, never a panic; what was read can be written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use runnel_fuzz::link::{self, FromExecutor, ToExecutor};

fn written(frame: &impl serde::Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    link::encode(frame, &mut bytes);
    bytes
}

fn check(body: &[u8]) {
    if let Ok(frame) = link::decode::<ToExecutor>(body) {
        let bytes = written(&frame);
        let (again, rest) = link::split(&bytes).expect("our own frame").expect("a whole one");
        assert!(rest.is_empty() && link::decode::<ToExecutor>(again).expect("our own body") == frame);
    }
    if let Ok(frame) = link::decode::<FromExecutor>(body) {
        let bytes = written(&frame);
        let (again, rest) = link::split(&bytes).expect("our own frame").expect("a whole one");
        assert!(rest.is_empty() && link::decode::<FromExecutor>(again).expect("our own body") == frame);
    }
}

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    let mut rest = bytes;
    while let Ok(Some((body, more))) = link::split(rest) {
        check(body);
        rest = more;
    }
});
