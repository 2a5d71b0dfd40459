#!/usr/bin/env bash
# Builds the broker that the tests of Kafka's protocol start, once for each machine, into the cache. Not optimised: it has little to do, and is there sooner.
set -euo pipefail

version=0.6.0
root=${XDG_CACHE_HOME:-$HOME/.cache}/runnel-tests/tansu-$version
[ ! -x "$root/bin/tansu" ] || exit 0
echo "building tansu $version, a broker for the tests (RUNNEL_TEST_KAFKA=0: without)"
mkdir -p "$root"
# Elsewhere than in the repository, whose settings for cargo are not meant for it.
cd "$root"
# `libsql` keeps what a test's broker has when it is killed; without `dynostore` it does not build.
CARGO_TARGET_DIR=$root/build CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_DEV_OPT_LEVEL=0 \
    cargo install --quiet --locked --debug --root "$root" --version "=$version" --features dynostore,libsql tansu
rm -rf "$root/build"
