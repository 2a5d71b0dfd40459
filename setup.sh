#!/usr/bin/env bash
# Checks for what the build needs, and with `browser` for what the tests of the web page need beside it; installs Debian's packages where
# something is missing and it may.
set -euo pipefail

missing=()
command -v cc >/dev/null || missing+=(build-essential)
command -v python3 >/dev/null || missing+=(python3)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
# For tests: of deploy/, and of TLS. Debian's own Python has what Debian installs, whatever stands first in the path.
python3 -c 'import yaml' 2>/dev/null || /usr/bin/python3 -c 'import yaml' 2>/dev/null || missing+=(python3-yaml)
command -v openssl >/dev/null || missing+=(openssl)
command -v curl >/dev/null || missing+=(curl)
# Kafka's client and its OpenSSL are C, and are built here.
command -v c++ >/dev/null && command -v make >/dev/null || missing+=(build-essential)
perl -MIPC::Cmd -MFindBin -e 1 2>/dev/null || missing+=(perl)
# The tests of the broker's door start one of their own, out of this package.
[ "${RUNNEL_TEST_QUEUE:-}" = 0 ] || [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || missing+=(rabbitmq-server)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
# The tests of the web page need a browser; serving it does not.
[ "${1:-}" != browser ] || command -v chromium >/dev/null || missing+=(chromium)

if ! command -v cargo >/dev/null; then
    echo "Rust is missing: install it with rustup (https://rustup.rs), version 1.95 or later" >&2
    exit 1
fi

if [ ${#missing[@]} -eq 0 ]; then
    :
elif [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "installing ${missing[*]}"
    apt-get update -qq
    # Without the services that come with packages, where nothing like systemd starts them anyway.
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "${missing[@]}"
else
    echo "missing: ${missing[*]}; install them, on Debian with: sudo apt-get install ${missing[*]}" >&2
    exit 1
fi

if ! node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)'; then
    echo "Node $(node --version) is too old to build the web page, 20.19 or later is needed: https://nodejs.org/en/download" >&2
    exit 1
fi
