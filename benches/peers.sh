#!/usr/bin/env bash
# Gets ready what the figures compare with, into target/peers, and says in target/peers/list what there is: a name, `ok` or `none`, and a
# version or the reason, with tabs between. What is there already stays; what can't be had never stops the bench.
#
# usage: benches/peers.sh
set -uo pipefail
cd "$(dirname "$0")/.."
peers=$PWD/target/peers
mkdir -p "$peers/node"
list=$(mktemp)
trap 'rm -f "$list"' EXIT
here=$PWD/benches/peers

have() { printf '%s\tok\t%s\n' "$1" "$2" >>"$list"; }
lacks() { printf '%s\tnone\t%s\n' "$1" "$2" >>"$list"; echo "peers: no $1: $2" >&2; }

# A package of Debian's with its program, or why not.
debian() { # program, package
    command -v "$1" >/dev/null && return
    command -v apt-get >/dev/null || { reason="\`$1\` is not installed, and there is no apt-get"; return 1; }
    [ "$(id -u)" -eq 0 ] || { reason="\`$1\` is not installed: sudo apt-get install $2"; return 1; }
    apt-cache show "$2" >/dev/null 2>&1 || apt-get update -qq >/dev/null 2>&1
    apt-cache show "$2" >/dev/null 2>&1 || { reason="this Debian has no package \`$2\`"; return 1; }
    echo "peers: installing $2" >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$2" >/dev/null 2>&1 || { reason="\`apt-get install $2\` failed"; return 1; }
    command -v "$1" >/dev/null || { reason="package \`$2\` has no \`$1\`"; return 1; }
}

# Packages of npm's at these versions; one folder for all.
npm_has() { # name=version ...
    local wanted missing=()
    for wanted in "$@"; do
        grep -qs "\"version\": \"${wanted##*=}\"" "$peers/node/node_modules/${wanted%=*}/package.json" || missing+=("${wanted%=*}@${wanted##*=}")
    done
    [ ${#missing[@]} -eq 0 ] && return
    command -v npm >/dev/null || { reason="npm is not installed"; return 1; }
    echo "peers: installing ${missing[*]}" >&2
    npm install --silent --no-audit --no-fund --prefix "$peers/node" "${missing[@]}" >/dev/null 2>&1 || { reason="npm could not install ${missing[*]}"; return 1; }
}

# CPython 3.11 where there is one: the goal is a ratio to it. The interpreter itself, not a script in the path that looks for it.
for python in python3.11 python3; do
    executable=$("$python" -c 'import sys; print(sys.executable)' 2>/dev/null) && break
done
if [ -n "${executable:-}" ]; then
    ln -sf "$executable" "$peers/python3"
    have python3 "$("$executable" -c 'import platform; print(f"CPython {platform.python_version()}, {platform.python_compiler()}")')"
else
    lacks python3 "python3 is not installed"
fi

if command -v node >/dev/null; then have node "Node $(node --version)"; else lacks node "node is not installed"; fi

if debian bwrap bubblewrap; then
    if bwrap --ro-bind / / --unshare-all true 2>/dev/null; then have bwrap "$(bwrap --version)"; else lacks bwrap "it may make no namespaces here"; fi
else
    lacks bwrap "$reason"
fi

if debian isolate isolate; then have isolate "$(isolate --version 2>&1 | head -1)"; else lacks isolate "$reason"; fi

# The shell of the engine, out of the very source that the JavaScript guest is made of, before the guest's own changes to it.
engine_folder() {
    cargo metadata --locked --format-version 1 --manifest-path toolchains/javascript/Cargo.toml 2>/dev/null | python3 -c '
import json, os, sys
for package in json.load(sys.stdin)["packages"]:
    if package["name"] == "libquickjs-ng-sys":
        print(os.path.join(os.path.dirname(package["manifest_path"]), "embed", "quickjs"))
'
}
if engine=$(engine_folder) && [ -f "$engine/qjs.c" ]; then
    if [ ! -x "$peers/qjs" ] || [ "$engine/quickjs.c" -nt "$peers/qjs" ]; then
        echo "peers: building qjs" >&2
        (cd "$engine" && cc -O3 -DNDEBUG -D_GNU_SOURCE -DQUICKJS_NG_BUILD -w -I. -o "$peers/qjs" \
            quickjs.c libregexp.c libunicode.c dtoa.c quickjs-libc.c qjs.c gen/repl.c gen/standalone.c -lm -lpthread -ldl) >"$peers/qjs.log" 2>&1 || rm -f "$peers/qjs"
    fi
    if [ -x "$peers/qjs" ]; then
        have qjs "QuickJS-ng $("$peers/qjs" -e 'console.log(navigator.userAgent.split("/")[1])' 2>/dev/null), cc -O3 ($(cc --version | head -1))"
    else
        lacks qjs "its build failed: $(grep -m1 error "$peers/qjs.log")"
    fi
else
    lacks qjs "the engine's source could not be fetched"
fi

cp "$here"/*.mjs "$peers/node/"

if npm_has pyodide=314.0.7; then have pyodide "Pyodide 314.0.7 in Node"; else lacks pyodide "$reason"; fi

if npm_has quickjs-emscripten=0.32.0; then have quickjs-emscripten "quickjs-emscripten 0.32.0 in Node"; else lacks quickjs-emscripten "$reason"; fi

starling() {
    # The last is what the first wants without saying so.
    npm_has @bytecodealliance/componentize-js=0.23.0 @bytecodealliance/jco=1.35.0 @bytecodealliance/preview2-shim=0.26.1 || return 1
    [ -f "$peers/node/starling/starling.js" ] && return
    echo "peers: building StarlingMonkey's component" >&2
    (cd "$peers/node" && node starling-build.mjs && npx --no-install jco transpile --quiet starling.wasm -o starling --name starling) >"$peers/starling.log" 2>&1 ||
        { reason="its component could not be built"; return 1; }
}
if starling; then have starlingmonkey "StarlingMonkey of componentize-js 0.23.0, through jco 1.35.0 in Node"; else lacks starlingmonkey "$reason"; fi

if command -v docker >/dev/null && docker version --format '{{.Server.Version}}' >"$peers/docker.version" 2>/dev/null; then
    have docker "Docker $(cat "$peers/docker.version")"
    # An image that has the interpreter and nothing that is measured here by accident.
    if ! docker image inspect runnel-peer-python >/dev/null 2>&1; then
        docker/base.sh >/dev/null 2>&1
        printf 'FROM debian:bookworm-slim\nRUN apt-get update -qq && apt-get install -qq -y --no-install-recommends python3-minimal && rm -rf /var/lib/apt/lists/*\n' |
            docker build --quiet --tag runnel-peer-python - >/dev/null 2>"$peers/image.log"
    fi
    if docker image inspect runnel-peer-python >/dev/null 2>&1; then
        have docker-python "Debian's python3 in debian:bookworm-slim"
    else
        lacks docker-python "an image with python3 could not be built"
    fi
else
    lacks docker "no daemon answers"
    lacks docker-python "no daemon answers"
fi

mv "$list" "$peers/list"
trap - EXIT
chmod 644 "$peers/list"
