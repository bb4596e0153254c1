"""What it costs that windows and pages are known: many fixtures, with and without the tracker.

    python benchmarks/tracking.py [--tests 5000] [--fixtures 10] [--rounds 5]

A suite of trivial tests, each with fixtures of its own. Every round runs all variants once, in turn, each in
a process of its own; evidence is collected in all of them, so that the tracker is the only difference. The
table shows CPU time, user and system, as medians of the ratio to the variant without a tracker in the same
round.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


MEASURED = """
import json, resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "pytest", "-q", *sys.argv[1:]], stdout=subprocess.DEVNULL)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([usage.ru_utime + usage.ru_stime, done.returncode]))
"""
IMPORTED = "import selenium.webdriver.remote.webdriver\nimport playwright.sync_api\n"
FIXTURE = "@pytest.fixture\ndef given_{n}(): return {value}\n"
VALUES = ("{n}", "'text {n}'", "[{n}, None]", "dict(a={n})", "Plain({n})")
PLAIN = "class Plain:\n    def __init__(self, number):\n        self.number, self.name = number, 'plain'\n"
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


def measure(variant: Variant, tests: int, fixtures: int) -> float:
    """Run one variant in a new folder; return seconds of CPU time."""
    names = ", ".join(f"given_{n}" for n in range(fixtures))
    made = [FIXTURE.format(n=n, value=VALUES[n % len(VALUES)].format(n=n)) for n in range(fixtures)]
    one = (
        f"@pytest.mark.parametrize('number', range({tests}))\ndef test_it(number, {names}): pass\n"
    )
    suite = "\n\n".join(("import pytest\n" + variant.head, PLAIN, *made, one))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_suite.py").write_text(suite)
        (Path(folder) / "pytest.ini").write_text("[pytest]\n")
        words = ["-p", "no:cacheprovider", "-p", "pytest_attach_evidence.plugin"]
        command = [sys.executable, "-c", MEASURED, *words, "--evidence=collect", *variant.words]
        done = subprocess.run(
            command,
            cwd=folder,
            env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            check=True,
        )
    seconds, status = json.loads(done.stdout)
    if status:
        sys.exit(f"{variant.name}: pytest ended with {status}")
    return float(seconds)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tests", type=int, default=5000)
    parser.add_argument("--fixtures", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    rounds = [
        [measure(variant, chosen.tests, chosen.fixtures) for variant in VARIANTS]
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
