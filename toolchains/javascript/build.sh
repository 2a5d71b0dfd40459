#!/usr/bin/env bash
# Builds OUT_DIR/guest.wasm: the engine, the native functions and the bundled prelude in one WebAssembly module that is
# ready to be pre-initialised. Runs in a private, writable copy of this folder.
#
# usage: build.sh OUT_DIR

set -euo pipefail

out_dir=$(mkdir -p "$1" && cd "$1" && pwd)
build_dir=$PWD/build
mkdir -p "$build_dir/objects" "$build_dir/engine"

# The compiler's cache stays in the build folder, so that builds neither share nor leave anything.
export ZIG_GLOBAL_CACHE_DIR=$build_dir/zig-cache
export ZIG_LOCAL_CACHE_DIR=$build_dir/zig-cache

step() { echo "step $1/5 $2"; }

fetch_compiler() {
    python3 -m venv "$build_dir/venv"
    "$build_dir/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
}

# The folder of the engine's C source: the crate is only downloaded and unpacked.
find_engine() {
    cargo metadata --locked --format-version 1 | python3 -c '
import json, os, sys
for package in json.load(sys.stdin)["packages"]:
    if package["name"] == "libquickjs-ng-sys":
        print(os.path.join(os.path.dirname(package["manifest_path"]), "embed", "quickjs"))
'
}

step 1 "fetching packages"
fetch_compiler &
compiler_job=$!
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >"$build_dir/npm.log" 2>&1 || { cat "$build_dir/npm.log"; exit 1; }
engine_dir=$(find_engine)
[ -f "$engine_dir/quickjs.c" ] || { echo "the engine's source is not in its crate" >&2; exit 1; }
wait "$compiler_job"

step 2 "bundling the prelude"
node bundle.mjs "$build_dir/prelude.js"

step 3 "preparing the engine"
python3 -B patch_engine.py "$engine_dir" "$build_dir/engine"
cp "$engine_dir/libunicode.c" "$engine_dir/dtoa.c" "$build_dir/engine/"

step 4 "compiling"
shadow_stack_bytes=4194304
compiler=("$build_dir/venv/bin/python" -m ziglang cc -target wasm32-wasi)
flags=(-O3 -g0 -DNDEBUG -D_GNU_SOURCE -D_WASI_EMULATED_PROCESS_CLOCKS -D_WASI_EMULATED_SIGNAL
    "-DSHADOW_STACK_BYTES=$shadow_stack_bytes" "-I$engine_dir" -Inative "--embed-dir=$build_dir"
    # No machine's paths in the module.
    "-ffile-prefix-map=$PWD=." "-ffile-prefix-map=$engine_dir=engine")

compile() {
    local source=$1 warnings=$2
    "${compiler[@]}" "${flags[@]}" $warnings -c "$source" -o "$build_dir/objects/$(basename "$source" .c).o"
}

link() {
    "${compiler[@]}" -O2 -s -mexec-model=reactor -o "$1" "${@:2}" \
        -lm -lwasi-emulated-process-clocks -lwasi-emulated-signal "-Wl,-z,stack-size=$shadow_stack_bytes"
}

# Two things take nearly all of the time: the engine's main file, and libc, which the compiler builds for the first link.
# So one job is the former, and the other starts with a link of nothing.
compile "$build_dir/engine/quickjs.c" -w &
engine_job=$!
echo 'void nothing(void) {}' >"$build_dir/nothing.c"
link "$build_dir/nothing.wasm" "$build_dir/nothing.c"
for source in "$build_dir"/engine/{libregexp,libunicode,dtoa}.c; do
    compile "$source" -w
done
for source in native/*.c; do
    compile "$source" "-Wall -Wno-c23-extensions"
done
wait "$engine_job"

step 5 "linking"
link "$build_dir/guest.wasm" "$build_dir"/objects/*.o
mv "$build_dir/guest.wasm" "$out_dir/guest.wasm"
echo "built guest.wasm: $(stat -c %s "$out_dir/guest.wasm") bytes"
