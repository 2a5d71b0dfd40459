#!/usr/bin/env python3
"""Runs the cases of function-level tests: plays the server's part between the two sandboxes, and compares the reports.

    run.py [--native] [--runnel BINARY] [--verbose] [NAME...]

Each case is a folder with `harness/`, `solution/` and `expected.json`. With --native the host's python3 and node take the
place of the sandboxes: faster, and no protection.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NATIVE = {"py": [sys.executable], "js": ["node"]}
FOLDER = {"py": "python", "js": "javascript"}
USUAL_SECONDS = 60


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--native", action="store_true")
    parser.add_argument("--runnel", default=os.environ.get("RUNNEL", str(ROOT / "target/release/runnel")))
    parser.add_argument("--verbose", "-v", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    cases = sorted(
        path.parent for path in HERE.glob("*/expected.json") if not (options.native and is_for_sandboxes(path))
    )
    if options.names:
        cases = [case for case in cases if any(name in case.name for name in options.names)]
    with ThreadPoolExecutor(options.jobs) as pool:
        failed = [name for name, mistakes in pool.map(lambda case: check(case, options), cases) if mistakes]
    print(f"{len(cases) - len(failed)} of {len(cases)} cases passed" + (f"; not: {' '.join(failed)}" if failed else ""))
    sys.exit(1 if failed or not cases else 0)


def is_for_sandboxes(expected):
    """Whether a case needs their limits, or what only the guest can do."""
    return json.loads(expected.read_text()).get("native") is False


def check(case, options):
    expected = json.loads((case / "expected.json").read_text())
    start = time.monotonic()
    lines, code, errors = run(case, expected, options)
    mistakes = list(compare(expected, lines, code))
    print(f"{'FAIL' if mistakes else 'ok  '} {case.name} ({time.monotonic() - start:.2f} s)", flush=True)
    for mistake in mistakes:
        print(f"     {mistake}")
    if options.verbose or mistakes:
        print(
            "\n".join([*(f"     # {json.dumps(line)}" for line in lines), f"     exit {code}", errors.strip()[-3000:]])
        )
    return case.name, mistakes


def compare(expected, lines, code):
    """What is not as expected."""
    tests = [line for line in lines if "test" in line]
    if expected.get("any_order"):
        tests.sort(key=lambda test: test["test"])
        expected["tests"].sort(key=lambda test: test["test"])
    done = next((line["done"] for line in lines if "done" in line), None)
    if done != expected["done"]:
        yield f"done: {done}, expected {expected['done']}"
    if code != expected["exit"]:
        yield f"exit: {code}, expected {expected['exit']}"
    if [t["test"] for t in tests] != [t["test"] for t in expected["tests"]]:
        yield f"tests: {[t['test'] for t in tests]}"
    for test, wanted in zip(tests, expected["tests"]):
        if test["status"] != wanted["status"]:
            yield f"{wanted['test']}: {test['status']}, expected {wanted['status']}"
        if wanted.get("message_contains", "") not in test.get("message", ""):
            yield f"{wanted['test']}: {test.get('message')!r} does not contain {wanted['message_contains']!r}"


def run(case, expected, options):
    """(report lines, exit code of the harness or None if it was killed, what both wrote to standard error)"""
    harness, solution = files_of(case / "harness"), files_of(case / "solution")
    tests = expected.get("main") or next(
        name for name in sorted(harness) if name.split(".")[0].startswith(("test", "harness"))
    )
    suffix = "py" if tests.endswith("py") else "js"
    driver = ROOT / "toolchains" / FOLDER[suffix] / "harness"
    ours = {path.name: path for path in driver.iterdir() if path.is_file()}
    names = sorted(solution)
    with tempfile.TemporaryDirectory() as folder:
        sandbox = Sandbox(options, suffix, Path(folder))
        s = sandbox.start(f"solution_host.{suffix}", ours, solution, names, stdin=subprocess.PIPE)
        h = sandbox.start(f"harness_host.{suffix}", ours, harness, [tests, *names], stdin=s.stdout)
        s.stdout.close()
        killed = threading.Event()
        timer = threading.Timer(expected.get("wall_s", USUAL_SECONDS), lambda: (killed.set(), h.kill(), s.kill()))
        timer.start()
        lines = list(cross(h, s))
        code = h.wait()
        timer.cancel()
        try:
            s.wait(5)
        except subprocess.TimeoutExpired:
            s.kill()
            s.wait()
        return lines, None if killed.is_set() else code, sandbox.errors()


def cross(h, s):
    """Passes on what the harness's sandbox sends to the solution's, and gives the lines of the report."""
    for line in h.stdout:
        if line.startswith(b"#"):
            yield json.loads(line[1:])
        elif line.startswith(b">"):
            try:
                s.stdin.write(line[1:])
                s.stdin.flush()
            except OSError:
                pass  # it has ended; the harness learns that from its input
        else:
            yield {"test": "(no line of a report)", "status": line.decode(errors="replace")}
    try:
        s.stdin.close()
    except OSError:
        pass


def files_of(folder):
    if not folder.is_dir():
        return {}
    return {
        str(path.relative_to(folder)): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


class Sandbox:
    """Starts the two programs of a case, in sandboxes or as they are."""

    def __init__(self, options, suffix, folder):
        self._options, self._suffix, self._folder = options, suffix, folder

    def start(self, main, ours, theirs, arguments, stdin):
        files = {**theirs, **ours}
        with open(self._folder / f"{main}.err", "wb") as errors:
            return subprocess.Popen(
                self._command(main, files, arguments),
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=self._folder / main.split(".")[0] if self._options.native else None,
            )

    def _command(self, main, files, arguments):
        if not self._options.native:
            extra = [part for name, path in files.items() if name != main for part in ("--file", f"{path}={name}")]
            limits = ["--wall", "60s", "--time", "30s", "--output", "64mb"]
            return [self._options.runnel, "run", str(files[main]), *extra, *limits, "--", *arguments]
        folder = self._folder / main.split(".")[0]
        for name, path in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / name)
        return [*NATIVE[self._suffix], main, *arguments]

    def errors(self):
        return "".join(
            f"     | {path.name}: {line}\n"
            for path in sorted(self._folder.glob("*.err"))
            for line in path.read_text(errors="replace").splitlines()
        )


if __name__ == "__main__":
    main()
