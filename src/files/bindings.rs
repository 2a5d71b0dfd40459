//! The host side of `wasi:filesystem`, generated from its WIT. Streams, errors and clocks are those of wasmtime-wasi, so that
//! a guest can mix them freely with its own standard streams.

wasmtime::component::bindgen!({
    path: "wit/wasi",
    world: "files",
    imports: { default: trappable },
    trappable_error_type: {
        "wasi:filesystem/types.error-code" => super::host::Failure,
    },
    with: {
        "wasi:io": wasmtime_wasi::p2::bindings::io,
        "wasi:clocks": wasmtime_wasi::p2::bindings::clocks,
        "wasi:filesystem/types.descriptor": super::handle::Descriptor,
        "wasi:filesystem/types.directory-entry-stream": super::handle::Listing,
    },
    require_store_data_send: true,
});
