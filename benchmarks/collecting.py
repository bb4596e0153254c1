"""What collecting costs: a suite of trivial tests, the same suite with evidence, beside other ways.

    python benchmarks/collecting.py [--tests 1000] [--rounds 5]

Every round runs all variants once, in turn, each in a process of its own. The table shows medians of wall
time as a ratio to bare pytest in the same round, milliseconds per test above it, and peak memory above it.
Variants of
plugins that are not installed (allure-pytest, pytest-html) are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


MEASURED = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
done = subprocess.run([sys.executable, "-m", "pytest", "-q", *sys.argv[1:]], stdout=subprocess.DEVNULL)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([time.perf_counter() - start, usage.ru_maxrss / 1024, done.returncode]))
"""
NOTHING = "def test_{n}():\n    assert True\n"
ATTACHING = (
    "def test_{n}(evidence):\n"
    "    evidence.text(TEXT + str({n}), name='log.txt')\n"
    "    evidence.attach(BYTES + str({n}).encode(), name='shot.png')\n"
)
WRITING = (
    "def test_{n}(tmp_path):\n"
    "    (tmp_path / 'log.txt').write_text(TEXT + str({n}))\n"
    "    (tmp_path / 'shot.png').write_bytes(BYTES + str({n}).encode())\n"
)
ALLURE = (
    "def test_{n}():\n"
    "    allure.attach(TEXT + str({n}), 'log', allure.attachment_type.TEXT)\n"
    "    allure.attach(BYTES + str({n}).encode(), 'shot', allure.attachment_type.PNG)\n"
)
HTML = (
    "def test_{n}(extras):\n"
    "    extras.append(html.text(TEXT + str({n})))\n"
    "    extras.append(html.png(base64.b64encode(BYTES + str({n}).encode()).decode()))\n"
)
HEAD = "import base64, os\n{extra}\nTEXT = 'a line of a log\\n' * 1280\nBYTES = os.urandom(150 * 1024)\n\n"
OFF = ("-p", "no:attach-evidence")


@dataclass(frozen=True)
class Variant:
    """One way to run the suite."""

    name: str
    test: str
    words: tuple[str, ...]
    extra: str = ""


VARIANTS = [
    Variant("bare pytest", NOTHING, OFF),
    Variant("installed, off", NOTHING, ()),
    Variant("collect, nothing attached", NOTHING, ("--evidence=collect",)),
    Variant("plain files, not synced, by tmp_path", WRITING, OFF),
    Variant("collect, 20 KiB text + 150 KiB bytes a test", ATTACHING, ("--evidence=collect",)),
    Variant("the same, uploaded to the archive", ATTACHING, ("--evidence=upload",)),
]
if importlib.util.find_spec("allure"):
    words = (*OFF, "--alluredir=allure")
    VARIANTS.append(Variant("allure-pytest, the same pieces", ALLURE, words, "import allure"))
if importlib.util.find_spec("pytest_html"):
    words = (*OFF, "--html=report.html")
    VARIANTS.append(
        Variant(
            "pytest-html, the same pieces", HTML, words, "from pytest_html import extras as html"
        )
    )


def measure(variant: Variant, tests: int) -> tuple[float, float]:
    """Run one variant in a new folder; return seconds and mebibytes."""
    with tempfile.TemporaryDirectory() as folder:
        suite = HEAD.format(extra=variant.extra) + "\n\n".join(
            variant.test.format(n=n) for n in range(tests)
        )
        (Path(folder) / "test_suite.py").write_text(suite)
        (Path(folder) / "pytest.ini").write_text(
            "[pytest]\nasyncio_default_fixture_loop_scope = function\n"
        )
        others = ("-p", "no:cacheprovider", f"--basetemp={folder}/temp")
        words = [sys.executable, "-c", MEASURED, *others, *variant.words]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True)
    seconds, mebibytes, status = json.loads(done.stdout)
    if status:
        sys.exit(f"{variant.name}: pytest ended with {status}")
    return seconds, mebibytes


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tests", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    rounds = [
        {variant.name: measure(variant, chosen.tests) for variant in VARIANTS}
        for _ in range(chosen.rounds)
    ]
    print(f"{time.strftime('%Y-%m-%d')}, {chosen.tests} tests, medians of {chosen.rounds} rounds\n")
    print("| | x bare | ms a test | MiB above bare |\n|---|---|---|---|")
    bare = VARIANTS[0].name
    for variant in VARIANTS:
        ratio = statistics.median(r[variant.name][0] / r[bare][0] for r in rounds)
        above = statistics.median(
            (r[variant.name][0] - r[bare][0]) * 1000 / chosen.tests for r in rounds
        )
        memory = statistics.median(r[variant.name][1] - r[bare][1] for r in rounds)
        print(f"| {variant.name} | {ratio:.2f} | {above:.2f} | {memory:.0f} |")


if __name__ == "__main__":
    main()
