#!/usr/bin/env bash
# Checks what lies here, for real: the image, run with just the options of compose.yaml, first without Docker's socket and
# then with it; and that the other files can be read by whom they are for. What it makes it removes, by its ids.
#
# Needs a Docker daemon and `make dist`; `make test` does both.
set -euo pipefail
cd "$(dirname "$0")/.."

base=debian:bookworm-slim
scratch=$(mktemp -d)
image=runnel-check:$$
containers=() volumes=() layers=()

say() { echo "deploy: $*"; }

fail() {
    echo "deploy: FAILED: $*" >&2
    if [ -n "${container:-}" ]; then docker logs --tail 20 "$container" >&2 || true; fi
    exit 1
}

cleanup() {
    set +e
    for id in "${containers[@]}"; do docker rm --force --volumes "$id"; done
    for id in "${volumes[@]}"; do docker volume rm --force "$id"; done
    docker rmi "$image"
    # Of the first stage, from its end to its beginning; those of the base and of others are in use and stay.
    for id in "${layers[@]}"; do docker rmi "$id"; done
    rm -rf "$scratch"
} >/dev/null 2>&1
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# One HTTP request: METHOD PATH [BODY]; prints the answer's body, fails where it is not 200.
ask() {
    python3 - "http://$address$2" "$1" "${3:-}" <<'END'
import sys, urllib.request
url, method, body = sys.argv[1:]
request = urllib.request.Request(url, body.encode() or None, {"Content-Type": "application/json"}, method=method)
with urllib.request.urlopen(request, timeout=60) as answer:
    print(answer.read().decode())
END
}

# Runs a program and compares what it prints: LANGUAGE CODE EXPECTED.
program() {
    local body answer
    body=$(python3 -c 'import json, sys; print(json.dumps({"language": sys.argv[1], "code": sys.argv[2]}))' "$1" "$2")
    answer=$(ask POST /v1/run "$body") || fail "$1 was refused"
    python3 -c 'import json, sys; execution = json.loads(sys.argv[1])["execution"]; sys.exit(execution["stdout"] != sys.argv[2] + "\n" or execution["status"] != "success")' \
        "$answer" "$3" || fail "$1 said $answer"
    say "$1 ran: $3"
}

# Waits up to SECONDS for a command to succeed: WHAT SECONDS COMMAND…
until_so() {
    local what=$1 tries=$(($2 * 5))
    shift 2
    for ((; tries > 0; tries--)); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.2
    done
    fail "$what"
}

# Starts a service of compose.yaml: its options become those of `docker run`. Volumes are this check's own, the port is a
# free one, and it is not started again when it ends.
start() {
    local service=$1 arguments
    mapfile -d '' -t arguments < <(python3 - "$service" "$$" <<'END'
import os, re, sys, yaml
service, run = sys.argv[1:]
paper = yaml.safe_load(open("deploy/compose.yaml"))
options = paper["services"][service]
def value(text):
    return re.sub(r"\$\{(\w+):-(\w*)\}", lambda found: os.environ.get(found[1], found[2]), str(text))
def volume(text):
    name, _, rest = text.partition(":")
    return f"runnel-check-{run}-{name}:{rest}" if name in paper["volumes"] else text
words = []
for key, given in options.items():
    each = lambda option, change=value: [word for one in given for word in (option, change(one))]
    match key:
        case "image" | "restart" | "profiles": pass
        case "ports": words += ["--publish", "127.0.0.1::8080"]
        case "environment": words += [word for name, text in given.items() for word in ("--env", f"{name}={text}")]
        case "read_only": words += ["--read-only"]
        case "tmpfs": words += each("--tmpfs")
        case "volumes": words += each("--volume", volume)
        case "cap_drop": words += each("--cap-drop")
        case "security_opt": words += each("--security-opt")
        case "group_add": words += each("--group-add")
        case "mem_limit": words += ["--memory", given]
        case "memswap_limit": words += ["--memory-swap", given]
        case "cpus": words += ["--cpus", str(min(given, os.cpu_count()))]
        case "pids_limit": words += ["--pids-limit", str(given)]
        case "ulimits": words += [word for name, most in given.items() for word in ("--ulimit", f"{name}={most}")]
        case "stop_grace_period": words += ["--stop-timeout", given.removesuffix("s")]
        case "logging": words += ["--log-driver", given["driver"]] + [word for name, text in given["options"].items() for word in ("--log-opt", f"{name}={text}")]
        case _: sys.exit(f"this check does not know `{key}`")
print(*words, sep="\0", end="\0")
END
    )
    [ ${#arguments[@]} -gt 20 ] || fail "compose.yaml can't be read"
    volumes+=("runnel-check-$$-state" "runnel-check-$$-cache")
    container=$(docker create "${arguments[@]}" "${@:2}" "$image") || fail "$service can't be made"
    containers+=("$container")
    docker start "$container" >/dev/null || fail "$service does not start"
    address=$(docker port "$container" 8080/tcp | head -n 1)
    # Of the image's own HEALTHCHECK.
    until_so "$service does not get healthy" 60 sh -c "docker inspect --format '{{.State.Health.Status}}' $container | grep -qx healthy"
}

papers() {
    python3 - <<'END' || fail "kubernetes.yaml is not whole"
import sys, yaml
kinds = {paper["kind"]: paper for paper in yaml.safe_load_all(open("deploy/kubernetes.yaml"))}
assert set(kinds) == {"Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"}, kinds.keys()
pod = kinds["Deployment"]["spec"]["template"]
# What all of them mean by their labels are the same pods.
labels = pod["metadata"]["labels"]
chosen = [kinds["Deployment"]["spec"]["selector"]["matchLabels"], kinds["Service"]["spec"]["selector"],
          kinds["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"], kinds["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]]
assert all(one == labels for one in chosen), chosen
(container,) = pod["spec"]["containers"]
assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["spec"]["volumes"]}
END
    python3 - <<'END' || fail "the papers of a cluster are not whole"
import sys, yaml
papers = list(yaml.safe_load_all(open("deploy/kubernetes-cluster.yaml")))
pods = {paper["metadata"]["name"]: paper["spec"] for paper in papers if paper["kind"] == "Deployment"}
assert set(pods) == {"runnel-gateway", "runnel-worker"}, pods.keys()
for spec in pods.values():
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
    (container,) = spec["template"]["spec"]["containers"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in spec["template"]["spec"]["volumes"]}
labels = [spec["selector"]["matchLabels"] for spec in pods.values()]
for paper in papers:
    match paper["kind"]:
        case "Service": assert paper["spec"]["selector"] in labels
        case "PodDisruptionBudget": assert paper["spec"]["selector"]["matchLabels"] in labels
        case "NetworkPolicy": assert paper["spec"]["podSelector"]["matchLabels"] in labels
        case "ScaledObject":
            assert paper["spec"]["scaleTargetRef"]["name"] in pods
            # The queues are called as a server calls them that nobody has told otherwise.
            import tomllib
            usual = tomllib.load(open("src/config/default.toml", "rb"))
            queues = [trigger["metadata"]["queueName"] for trigger in paper["spec"]["triggers"]]
            assert queues == [usual["backend"]["queue"], usual["queue"]["jobs"]], queues
services = yaml.safe_load(open("deploy/compose-cluster.yaml"))["services"]
assert set(services) == {"broker", "gateway", "worker"} and services["worker"]["deploy"]["replicas"] == 2
END
    if command -v kubectl >/dev/null; then
        # It reads a deployment without a cluster, and leaves out what it does not know.
        sed '/^---$/,$d' deploy/kubernetes.yaml | kubectl set env --local --filename - CHECKED=yes --output json >"$scratch/known" ||
            fail "kubectl can't read kubernetes.yaml"
        python3 - "$scratch/known" <<'END' || fail "kubernetes.yaml has what kubectl does not know"
import json, sys, yaml
def same(given, known, path):
    if isinstance(given, dict):
        for key, value in given.items():
            assert key in known, f"{path}.{key}"
            same(value, known[key], f"{path}.{key}")
    elif isinstance(given, list):
        for place, value in enumerate(given):
            same(value, known[place], f"{path}[{place}]")
same(next(yaml.safe_load_all(open("deploy/kubernetes.yaml"))), json.load(open(sys.argv[1])), "Deployment")
END
    else
        say "no kubectl here: kubernetes.yaml is checked for what it says of itself"
    fi
    if docker compose version >/dev/null 2>&1; then
        docker compose --file deploy/compose.yaml --profile docker config --quiet || fail "compose.yaml"
        RABBITMQ_PASSWORD=x docker compose --file deploy/compose-cluster.yaml config --quiet || fail "compose-cluster.yaml"
    else
        say "no \`docker compose\` here: compose.yaml is checked by what is made of it"
    fi
    if command -v systemd-analyze >/dev/null; then
        # It looks for the program, which is not installed where this runs.
        sed "s|/usr/local/bin/runnel|$PWD/target/dist/usr/bin/runnel|" deploy/runnel.service >"$scratch/runnel.service"
        systemd-analyze verify --man=no "$scratch/runnel.service" >"$scratch/verify" 2>&1 || true
        # About our unit only: other units of this machine are not our business.
        if grep -F "runnel.service" "$scratch/verify"; then fail "systemd-analyze finds fault with runnel.service"; fi
        say "runnel.service: $(systemd-analyze security --offline=yes "$scratch/runnel.service" 2>/dev/null | tail -n 1 | sed 's/^[^A-Za-z]*//')"
    else
        say "no systemd here: runnel.service is not checked"
    fi
}

build() {
    local known
    known=$(docker images --all --quiet --no-trunc)
    tar -c Dockerfile -C target dist | docker build --build-arg "BUILDER=$base" --tag "$image" - >"$scratch/build" 2>&1 ||
        { tail -n 20 "$scratch/build" >&2; fail "the image can't be built"; }
    for id in $(sed -n 's/^ ---> \([0-9a-f]\{12\}\)$/\1/p' "$scratch/build" | tac); do
        grep -q "^sha256:$id" <<<"$known" || layers+=("$id")
    done
    say "the image has $(($(docker image inspect --format '{{.Size}}' "$image") >> 20)) MiB"
}

# Prints how many processes of the container are ended and not waited for.
zombies() { docker exec "$container" sh -c 'cat /proc/[0-9]*/stat 2>/dev/null | grep -c ") Z " || true'; }

lives() { ask GET /readyz | grep -q '"live":1'; }

cells_are_back() { [ "$(ask GET /readyz | grep -o '"cells":[0-9]*')" = "$cells" ]; }

without_docker() {
    local answer
    start runnel
    [ "$(docker exec "$container" id -u)" = 10001 ] || fail "it runs as $(docker exec "$container" id)"
    ! docker exec "$container" touch /usr/here 2>/dev/null || fail "its root can be written to"
    ask GET /readyz >"$scratch/ready" || fail "it is not ready"
    grep -q '"whole":true' "$scratch/ready" || fail "the second wall is not whole: $(cat "$scratch/ready")"
    docker exec "$container" runnel check >"$scratch/wall" 2>&1 || fail "the second wall: $(cat "$scratch/wall")"
    say "ready, not root, read-only, the second wall is whole"
    program python 'print(sum(range(10)))' 45
    program javascript 'console.log([1, 2].length)' 2
    # Nothing was prepared at the start: the image brought it.
    [ -z "$(docker exec "$container" ls /var/cache/runnel)" ] || fail "guests were made again: $(docker exec "$container" ls /var/cache/runnel)"

    cells=$(grep -o '"cells":[0-9]*' "$scratch/ready")
    docker exec "$container" sh -c 'for one in /proc/[0-9]*; do if tr "\0" " " <$one/cmdline | grep -q "^/proc/self/exe cell "; then kill -9 ${one#/proc/}; fi; done'
    until_so "killed cells do not come back" 20 cells_are_back
    [ "$(zombies)" = 0 ] || fail "$(zombies) processes are ended and not waited for"
    program python 'print("again")' again

    # Asked to end in the middle of a run, it lets that end.
    ask POST /v1/run '{"language": "python", "code": "import time\ntime.sleep(2)\nprint(\"whole\")"}' >"$scratch/last" &
    until_so "the last run does not begin" 20 lives
    local begun=$SECONDS
    docker stop "$container" >/dev/null
    wait $! || fail "the last run was not answered"
    grep -q 'whole' "$scratch/last" || fail "the last run was cut off: $(cat "$scratch/last")"
    [ "$(docker inspect --format '{{.State.ExitCode}}' "$container")" = 0 ] || fail "it ends with $(docker inspect --format '{{.State.ExitCode}}' "$container")"
    # The grace time, although the run takes no more than 2 s: this machine may be busy.
    [ $((SECONDS - begun)) -le 10 ] || fail "it took $((SECONDS - begun)) s to end"
    say "SIGTERM: its last run was answered, exit code 0"
}

# Containers that a server in a container has made: there each is process 1. Arguments are more of `docker ps`.
made_inside() {
    local id
    for id in $(docker ps --all --quiet --filter label=runnel.owner "$@"); do
        case $(docker inspect --format '{{index .Config.Labels "runnel.owner"}}' "$id" 2>/dev/null) in "1 "*) echo "$id" ;; esac
    done
}

new_ones() { comm -13 "$scratch/before" <(made_inside "$@" | sort); }

none_runs() { [ -z "$(new_ones --filter status=running)" ]; }

with_docker() {
    if [ ! -S /var/run/docker.sock ]; then
        say "no /var/run/docker.sock here: the service with it is not checked"
        return
    fi
    made_inside | sort >"$scratch/before"
    DOCKER_GID=$(stat -c %g /var/run/docker.sock) start runnel-docker --env RUNNEL_DOCKER_POOL=1
    program c '#include <stdio.h>
int main(void) { printf("%d\n", 6 * 7); }' 42
    program python 'print("beside it")' 'beside it'

    # Killed in the middle of a run it leaves nothing that runs: its containers hear that their link has ended.
    ask POST /v1/run '{"language": "bash", "code": "sleep 30"}' >/dev/null 2>&1 &
    until_so "the last run does not begin" 20 lives
    ! none_runs || fail "it has no containers"
    docker kill --signal KILL "$container" >/dev/null
    wait $! || true
    until_so "a killed server leaves containers behind: $(docker ps --all)" 20 none_runs
    # One that was just being made is the next server's to remove, in some minutes.
    mapfile -t -O "${#containers[@]}" containers < <(new_ones)
    say "killed: no container of its runs"
}

[ -x target/dist/usr/bin/runnel ] || fail "nothing to make an image of: make dist"
# Another Python may stand first in the path than the one that setup.sh gives a library to.
python3 -c 'import yaml' 2>/dev/null || python3() { /usr/bin/python3 "$@"; }
python3 -c 'import yaml' 2>/dev/null || fail "Python's yaml is missing: ./setup.sh"
papers
build
without_docker
with_docker
say "all is well"
