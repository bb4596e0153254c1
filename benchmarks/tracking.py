"""What it costs that windows and pages are known: many fixtures, with and without the tracker.

    python benchmarks/tracking.py [--tests 5000] [--fixtures 10] [--scope class] [--rounds 5]
        [--instructions]

A suite of trivial tests, each with fixtures of its own, of the scope of the function or a class of one test.
Every round runs all variants once, in turn, each in a process of its own; evidence is collected in all of
them, so that the tracker is the only difference. The table shows CPU time, user and system, as medians of
the ratio to the variant without a tracker in the same round. Where the machine is not quiet, the ratio
differs by more than what is measured from run to run; then `--instructions` counts what the processor is
told to do (needs valgrind), which hardly differs: of a test, as the difference of two suites, so that start
and collection do not count.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


MEASURED = """
import json, resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "pytest", "-q", *sys.argv[1:]], stdout=subprocess.DEVNULL)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([usage.ru_utime + usage.ru_stime, done.returncode]))
"""
IMPORTED = "import selenium.webdriver.remote.webdriver\nimport playwright.sync_api\n"
FIXTURE = "@pytest.fixture(scope='{scope}')\ndef given_{n}(): return {value}\n"
VALUES = ("{n}", "'text {n}'", "[{n}, None]", "dict(a={n})", "Plain({n})")
PLAIN = "class Plain:\n    def __init__(self, number):\n        self.number, self.name = number, 'plain'\n"
COUNTED = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
NONE = ("--evidence-screenshot=off",)


@dataclass(frozen=True)
class Variant:
    """One way to run the suite."""

    name: str
    head: str
    words: tuple[str, ...]


VARIANTS = [
    Variant("no browser imported, no tracker", "", NONE),
    Variant("no browser imported, tracker", "", ()),
    Variant("browsers imported, no tracker", IMPORTED, NONE),
    Variant("browsers imported, tracker", IMPORTED, ()),
]
PAIRS = ((0, 1), (2, 3))


def seconds_of(command: list[str], cwd: Path) -> float:
    """Run pytest; return seconds of CPU time."""
    done = run([sys.executable, "-c", MEASURED, *command], cwd)
    seconds, status = json.loads(done.stdout)
    if status:
        sys.exit(f"pytest ended with {status}: {' '.join(command)}")
    return float(seconds)


def instructions_of(command: list[str], cwd: Path) -> float:
    """Run pytest in valgrind; return the number of instructions."""
    done = run([*COUNTED, sys.executable, "-m", "pytest", "-q", *command], cwd)
    return float(re.findall(r"I\s+refs:\s+([\d,]+)", done.stderr)[0].replace(",", ""))


def run(command: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command without the plugins of this machine, and with the same order of sets each time."""
    environment = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONHASHSEED": "0"}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=True
    )


def suite_of(variant: Variant, tests: int, fixtures: int, scope: str) -> str:
    """Return the text of a suite, with its fixtures made anew for each test."""
    names = ", ".join(f"given_{n}" for n in range(fixtures))
    made = [
        FIXTURE.format(n=n, scope=scope, value=VALUES[n % len(VALUES)].format(n=n))
        for n in range(fixtures)
    ]
    one = (
        f"@pytest.mark.parametrize('number', range({tests}))\ndef test_it(number, {names}): pass\n"
    )
    if scope == "class":
        alone = f"class Test{{n}}:\n    def test_it(self, {names}): pass\n"
        one = "\n".join(alone.format(n=n) for n in range(tests))
    return "\n\n".join(("import pytest\n" + variant.head, PLAIN, *made, one))


def measure(
    variant: Variant, tests: int, chosen: argparse.Namespace, cost: Callable[..., float]
) -> float:
    """Run one variant in a new folder; return what it costs."""
    with suite_folder(VARIANTS.index(variant), tests) as folder:
        suite = suite_of(variant, tests, chosen.fixtures, chosen.scope)
        (folder / "test_suite.py").write_text(suite)
        (folder / "pytest.ini").write_text("[pytest]\n")
        words = ["-p", "no:cacheprovider", "-p", "pytest_attach_evidence.plugin"]
        return cost([*words, "--evidence=collect", *variant.words], folder)


@contextmanager
def suite_folder(number: int, tests: int) -> Iterator[Path]:
    """Give an empty folder, of the same name each time: the hash of a path costs more or less."""
    folder = Path(tempfile.gettempdir()) / f"attach-evidence-tracking-{number // 2}-{tests:06}"
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def count(chosen: argparse.Namespace) -> None:
    """Count instructions, as many runs at once as there are processors, and print the table."""
    few, many = chosen.tests // 5, chosen.tests

    def both(pair: tuple[int, int], tests: int) -> list[float]:
        variants = (VARIANTS[index] for index in pair)  # in one folder, so one after the other
        return [measure(one, tests, chosen, instructions_of) for one in variants]

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        counted = {
            (pair, tests): threads.submit(both, pair, tests)
            for tests in (many, few)
            for pair in PAIRS
        }
    print("| | instructions of a test | x |\n|---|---|---|")
    for pair in PAIRS:
        whole = zip(counted[pair, many].result(), counted[pair, few].result(), strict=True)
        of_a_test = [(above - below) / (many - few) for above, below in whole]
        for index, each in zip(pair, of_a_test, strict=True):
            print(f"| {VARIANTS[index].name} | {each:,.0f} | {each / of_a_test[0]:.3f} |")


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tests", type=int, default=5000)
    parser.add_argument("--fixtures", type=int, default=10)
    parser.add_argument("--scope", choices=("function", "class"), default="function")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--instructions", action="store_true")
    chosen = parser.parse_args()
    if chosen.instructions:
        if not shutil.which("valgrind"):
            sys.exit("--instructions needs valgrind on the PATH")
        count(chosen)
        return
    rounds = [
        [measure(variant, chosen.tests, chosen, seconds_of) for variant in VARIANTS]
        for _ in range(chosen.rounds)
    ]
    scale = f"{chosen.tests} tests with {chosen.fixtures} fixtures"
    print(f"{time.strftime('%Y-%m-%d')}, {scale}, medians of {chosen.rounds} rounds\n")
    print("| | CPU s | x | us a fixture |\n|---|---|---|---|")
    for without, tracked in PAIRS:
        for index in (without, tracked):
            seconds = statistics.median(times[index] for times in rounds)
            ratio = statistics.median(times[index] / times[without] for times in rounds)
            above = statistics.median(times[index] - times[without] for times in rounds)
            micro = above * 1e6 / chosen.tests / chosen.fixtures
            print(f"| {VARIANTS[index].name} | {seconds:.2f} | {ratio:.3f} | {micro:.2f} |")


if __name__ == "__main__":
    main()
