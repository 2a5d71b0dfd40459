#!/usr/bin/env bash
# Checks for what the build needs; installs Debian's packages where something is missing and it may.
set -euo pipefail

missing=()
command -v cc >/dev/null || missing+=(build-essential)
command -v python3 >/dev/null || missing+=(python3)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
python3 -c 'import yaml' 2>/dev/null || missing+=(python3-yaml)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)

if ! command -v cargo >/dev/null; then
    echo "Rust is missing: install it with rustup (https://rustup.rs), version 1.95 or later" >&2
    exit 1
fi
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "${missing[@]}"
else
    echo "missing: ${missing[*]}; install them, on Debian with: sudo apt-get install ${missing[*]}" >&2
    exit 1
fi
