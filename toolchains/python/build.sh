#!/bin/sh
# Builds the Python guest: OUT_DIR/guest.wasm, a component on the world `guest` in the folder RUNNEL_WIT.
# The working directory is a private copy of this folder; everything on the way is made inside it.
set -eu

out=${1:?usage: build.sh OUT_DIR}
: "${RUNNEL_WIT:?RUNNEL_WIT must name the folder of the WIT world}"
python=${PYTHON:-python3}

echo "step 1/3 fetching packages"
"$python" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
    --only-binary :all: --require-hashes --requirement requirements.txt

echo "step 2/3 collecting the library"
mkdir -p packages empty/lib/python3/site-packages
cp -R shims/. packages/
cp -R "$(venv/bin/python -c 'import os, tzdata; print(os.path.dirname(tzdata.__file__))')" packages/tzdata
find packages -name __pycache__ -prune -exec rm -rf {} +

echo "step 3/3 running the interpreter up to the snapshot"
mkdir -p "$out"
# VIRTUAL_ENV: without it componentize-py offers the packages of whatever Python is first in PATH.
VIRTUAL_ENV="$PWD/empty" venv/bin/componentize-py --wit-path "$RUNNEL_WIT" --world guest \
    componentize --python-path guest --python-path packages app --output "$out/guest.wasm.part"
"$python" immortal.py "$out/guest.wasm.part"
mv "$out/guest.wasm.part" "$out/guest.wasm"
echo "built guest.wasm, $(wc -c < "$out/guest.wasm") bytes"
