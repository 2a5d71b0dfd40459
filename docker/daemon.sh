#!/usr/bin/env bash
# A Docker daemon where none runs: on a bare machine, in CI. Where one answers, nothing is touched.
#
#     docker/daemon.sh start     one that answers, started (and installed) only if need be
#     docker/daemon.sh stop      ends the one that `start` started, never another
#     docker/daemon.sh status    what answers, and whose it is
set -euo pipefail

folder=${TMPDIR:-/tmp}/runnel-docker
log=$folder/dockerd.log
record=$folder/dockerd.pid # pid and start time, so that a pid that was given out anew is not taken for ours
wait_start=60
wait_stop=40

say() { echo "docker: $*"; }

fail() { # reason, hint
    echo "docker: $1" >&2
    echo "hint: $2" >&2
    exit 1
}

answers() { timeout 10 docker version --format '{{.Server.Version}}' 2>/dev/null; }

started_at() { awk '{ print $22 }' "/proc/$1/stat" 2>/dev/null; }

# Prints the pid of our daemon if it still runs.
ours() {
    local pid at
    [ -f "$record" ] && read -r pid at <"$record" || return 1
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ] && [ "$(started_at "$pid")" = "$at" ] && echo "$pid"
}

# The log and the record are root's: nobody else may have put this folder, or links in it, where we write.
own_folder() {
    mkdir -m 700 "$folder" 2>/dev/null || true
    if [ -L "$folder" ] || [ ! -d "$folder" ] || [ ! -O "$folder" ]; then
        fail "\`$folder\` is no folder of ours" "remove it, or set TMPDIR to a folder that exists"
    fi
}

may_start() {
    local socket=/var/run/docker.sock
    case ${DOCKER_HOST:-unix://$socket} in
    unix:///var/run/docker.sock | unix:///run/docker.sock) ;;
    *) fail "no daemon answers at DOCKER_HOST=$DOCKER_HOST" "start that one, or unset DOCKER_HOST" ;;
    esac
    if [ "$(id -u)" -ne 0 ]; then
        if [ -S $socket ] && [ ! -w $socket ]; then
            fail "no permission for $socket" "join the group with: sudo usermod -aG docker $(id -un), and log in again"
        fi
        fail "no daemon answers, and only root can start one" "sudo $0 start, or install Docker as https://docs.docker.com/engine/install says"
    fi
    if [ ! -e /sys/fs/cgroup/cgroup.controllers ] && [ ! -d /sys/fs/cgroup/memory ]; then
        fail "no control groups at /sys/fs/cgroup" "mount -t cgroup2 cgroup2 /sys/fs/cgroup"
    fi
}

install_docker() {
    command -v docker >/dev/null && command -v dockerd >/dev/null && command -v iptables >/dev/null && return
    command -v apt-get >/dev/null || fail "dockerd is not installed" "install Docker as https://docs.docker.com/engine/install says"
    say "installing docker.io and iptables"
    apt-get update -qq || say "apt-get update failed; trying with the lists that are there"
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends docker.io iptables >/dev/null ||
        fail "docker.io could not be installed" "see apt-get's words above"
}

# Starts dockerd with these arguments and waits until it answers; fails as soon as it has ended.
launch() {
    local pid waited
    # Without its own session it would end with the terminal; without 9>&- it would hold our lock.
    setsid dockerd "$@" >>"$log" 2>&1 </dev/null 9>&- &
    pid=$!
    for ((waited = 0; waited < wait_start * 5; waited++)); do
        kill -0 "$pid" 2>/dev/null || return 1
        if version=$(answers); then
            echo "$pid $(started_at "$pid")" >"$record"
            return 0
        fi
        sleep 0.2
    done
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    return 1
}

start() {
    local version
    if version=$(answers); then
        say "$version answers, nothing to do"
        return
    fi
    may_start
    own_folder
    exec 9>"$folder/lock"
    flock -w 120 9 || fail "another start is under way for two minutes" "look at $log"
    install_docker
    # The package's own service, or another `start`, may have been quicker.
    if version=$(answers); then
        say "$version answers, nothing to do"
        return
    fi
    : >"$log"
    say "starting dockerd, log in $log"
    if ! launch; then
        if ! grep -qiE 'iptables|nftables|bridge|network controller' "$log"; then
            tail -n 20 "$log" >&2
            fail "dockerd does not start" "the end of its log is above, all of it in $log"
        fi
        say "NO BRIDGE: this system lets dockerd set up no network (iptables or bridge); starting without"
        if ! launch --bridge=none --iptables=false --ip6tables=false; then
            tail -n 20 "$log" >&2
            fail "dockerd does not start, with or without a network" "the end of its log is above, all of it in $log"
        fi
        say "programs run as always (they have no network); builds need: docker build --network=host"
    fi
    say "$version started (pid $(ours)); \`$0 stop\` ends it"
}

stop() {
    local pid waited
    if ! pid=$(ours); then
        rm -f "$record"
        say "none that was started here is running, nothing to do"
        return
    fi
    [ "$(id -u)" -eq 0 ] || fail "dockerd (pid $pid) is root's" "sudo $0 stop"
    kill "$pid"
    for ((waited = 0; waited < wait_stop * 5; waited++)); do
        if ! ours >/dev/null; then
            rm -f "$record"
            say "stopped (pid $pid)"
            return
        fi
        sleep 0.2
    done
    fail "dockerd (pid $pid) still runs $wait_stop s after the request to end" "see $log; \`kill -9 $pid\` is the last resort"
}

status() {
    local version pid
    version=$(answers) || {
        say "none answers"
        exit 1
    }
    if pid=$(ours); then
        say "$version answers, started here (pid $pid), log in $log"
    else
        say "$version answers, not started here"
    fi
}

case ${1:-} in
start | stop | status) "$1" ;;
*)
    echo "usage: $0 start|stop|status" >&2
    exit 2
    ;;
esac
