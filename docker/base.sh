#!/usr/bin/env bash
# Sees to it that there is an image debian:bookworm-slim, from which the toolchains' images start: pulled where a
# registry can be reached, else made of Debian's packages. Where it is there already, nothing is done.
set -euo pipefail

image=debian:bookworm-slim
suite=bookworm
pull_seconds=60
scratch=

fail() { # reason, hint
    echo "base: $1" >&2
    echo "hint: $2" >&2
    exit 1
}

cleanup() {
    [ -n "$scratch" ] || return 0
    # A debootstrap that was interrupted may leave these mounted, and rm must not walk into them.
    umount -l "$scratch/root/proc" "$scratch/root/sys" 2>/dev/null || true
    rm -rf --one-file-system "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# What debootstrap leaves is a system to boot; an image wants less, and the updates.
slim() {
    local root=$1 mirror
    # The one that debootstrap used; what comes later lies beside it.
    mirror=$(awk '$1 == "deb" { print $2; exit }' "$root/etc/apt/sources.list")
    mirror=${mirror%/}
    cat >"$root/etc/apt/sources.list" <<END
deb $mirror $suite main
deb $mirror $suite-updates main
deb $mirror-security $suite-security main
END
    cat >"$root/etc/apt/apt.conf.d/image" <<END
APT::Keep-Downloaded-Packages "false";
Acquire::Languages "none";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
END
    cat >"$root/etc/dpkg/dpkg.cfg.d/image" <<END
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
END
    find "$root/usr/share/doc" -type f ! -name copyright -delete
    find "$root/usr/share/doc" -type l -delete
    find "$root/usr/share/doc" -type d -empty -delete
    rm -rf "$root"/usr/share/{info,locale,man}/* "$root"/var/lib/apt/lists/* "$root"/var/log/* "$root"/var/cache/{apt,debconf}/*
    rm -f "$root/etc/hostname" "$root/etc/resolv.conf"
}

timeout 20 docker version >/dev/null 2>&1 || fail "no Docker daemon answers" "docker/daemon.sh start"
if docker image inspect "$image" >/dev/null 2>&1; then
    echo "$image is there"
    exit 0
fi

echo "step 1/4 pulling $image"
if said=$(timeout "$pull_seconds" docker pull --quiet "$image" 2>&1); then
    echo "$image was pulled"
    exit 0
fi
echo "it can't be pulled (${said:-no answer within $pull_seconds s}); making it of Debian's packages"

[ "$(id -u)" -eq 0 ] || fail "only root can make a Debian system in a folder" "sudo $0"
if ! command -v debootstrap >/dev/null; then
    command -v apt-get >/dev/null || fail "debootstrap is missing" "install debootstrap, or get $image by docker load"
    echo "installing debootstrap"
    apt-get update -qq || true
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends debootstrap debian-archive-keyring >/dev/null ||
        fail "debootstrap could not be installed" "see apt-get's words above"
fi

echo "step 2/4 installing a minimal Debian $suite in a folder"
scratch=$(mktemp -d)
if ! debootstrap --variant=minbase "$suite" "$scratch/root" >"$scratch/log" 2>&1; then
    tail -n 20 "$scratch/log" >&2
    fail "debootstrap failed, the end of what it said is above" "it needs a way to Debian's mirror, and a TMPDIR that allows devices and programs"
fi

echo "step 3/4 taking away what an image does not need"
slim "$scratch/root"

echo "step 4/4 importing it as $image"
tar --numeric-owner --one-file-system -C "$scratch/root" -c . | docker import --message "debootstrap minbase $suite" \
    --change 'CMD ["bash"]' --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    - "$image" >/dev/null
echo "$image was made"
