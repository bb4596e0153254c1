"""What a map costs: a suite is collected with and without one, as CPU time.

    python benchmarks/mapping.py [--tests 10000] [--rows 5000] [--rounds 5]

Every round collects the same suite once in each way, in a process of its own, and counts the CPU time of
the whole process. `collect` is pytest with the plugin and no map. The maps have a row for every second
test, patterns for folders and files, and aliases; `stars` has nothing but patterns that begin with stars,
`pieces` nothing but such as hold no whole word that tells them apart; in `wide` five rows cover all tests;
`plain.toml` is the first one as TOML.
The table shows medians: CPU seconds, what is above `collect`, and that as a ratio to it. A second one divides
what is above, in one process: reading the file, its lint with every target, and the matching of all tests.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from pytest_attach_evidence.destinations import squash_targets
from pytest_attach_evidence.destinations import workiva_targets
from pytest_attach_evidence.mapfile import read
from pytest_attach_evidence.mapping import Rules


FILES = 100
COLUMNS = ("test", "squash", "workiva", "when")
MEASURED = """
import json, os, sys, resource
import pytest
before = resource.getrusage(resource.RUSAGE_SELF)
status = pytest.main(sys.argv[1:])
after = resource.getrusage(resource.RUSAGE_SELF)
seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
with open("measured.json", "w") as file:
    json.dump([seconds, after.ru_maxrss / 1024, int(status)], file)
"""
WIDE = ("part*/**", "**/*.py", "**/test_*.py", "part*/*.py::test_*", "**::test_*")
INI = """\
[pytest]
evidence_destinations = squash workiva
evidence_squash_url = http://127.0.0.1:9/squash
evidence_squash_iteration = 4
evidence_workiva_url = http://127.0.0.1:9
"""


def place(number: int, tests: int) -> tuple[str, str]:
    """Return the file and the name of a test."""
    file = number * FILES // tests
    return f"part{file % 10}/test_file{file}.py", f"test_{number}"


def write_suite(folder: Path, tests: int) -> None:
    """Write trivial tests into a hundred files of ten folders."""
    texts: dict[str, list[str]] = {}
    for number in range(tests):
        file, name = place(number, tests)
        texts.setdefault(file, []).append(f"def {name}():\n    pass\n")
    for file, functions in texts.items():
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n\n".join(functions))
    (folder / "pytest.ini").write_text(INI)


def write_maps(folder: Path, tests: int, rows: int) -> None:
    """Write the maps."""
    lines = [f"part{number}/,TC-P{number},," for number in range(10)]
    lines += [f"part{n % 10}/test_file{n}.py,,form/phase{n}," for n in range(FILES)]
    lines += [f"part*/**/test_file{n}.py::test_*7,TC-S{n},," for n in range(FILES)]
    every = max(1, tests // max(1, rows - len(lines)))
    for number in range(0, tests, every):
        file, name = place(number, tests)
        lines.append(f"{file}::{name},TC-{number}|TC-B{number},,always")
    plain = lines[:rows]
    stars = [f"**::{place(number, tests)[1]},TC-{number},," for number in range(0, tests, 2)][:rows]
    pieces = [f"part*/**/test_file{n}*.py,,form/phase{n}," for n in range(rows // 3)]
    pieces += [f"part*/**::test_{n}*,TC-{n},," for n in range(0, tests, max(1, 3 * tests // rows))]
    pieces += [f"part0/test_file0.py::test_p[*case{n}-*],TC-{n},," for n in range(rows // 3)]
    wide = [*plain[: rows - len(WIDE)], *(f"{test},,form/wide," for test in WIDE)]
    maps = {"plain": plain, "stars": stars, "pieces": pieces[:rows], "wide": wide}
    for name, found in maps.items():
        text = "\n".join([",".join(COLUMNS), *found])
        (folder / f"{name}.csv").write_text(text + "\n")
    tables = [dict(zip(COLUMNS, line.split(","), strict=True)) for line in plain]
    values = ([f"{n} = {json.dumps(v)}" for n, v in table.items() if v] for table in tables)
    text = "\n".join("\n".join(["[[evidence]]", *lines]) for lines in values)
    (folder / "plain.toml").write_text(text + "\n")


def measure(folder: Path, words: Sequence[str]) -> tuple[float, float]:
    """Collect the suite once; return CPU seconds and mebibytes."""
    always = ["-q", "-p", "no:cacheprovider", "--collect-only", "--evidence=collect"]
    command = [sys.executable, "-c", MEASURED, *always, *words]
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True)
    seconds, mebibytes, status = json.loads((folder / "measured.json").read_text())
    if status:
        sys.exit(f"pytest ended with {status}: {' '.join(words)}")
    return seconds, mebibytes


def parts(path: Path, tests: int) -> tuple[float, float, float]:
    """Return the CPU seconds of reading a map, of its lint, and of matching all tests."""
    parsers = {
        "squash": lambda text: squash_targets.target_of(text, "http://127.0.0.1:9/squash", "4"),
        "workiva": lambda text: workiva_targets.parse(text, "http://127.0.0.1:9"),
    }
    ids = ["::".join(place(number, tests)) for number in range(tests)]
    bare = Rules()
    moments = [time.process_time()]
    file = read(path)
    moments.append(time.process_time())
    rules = Rules([file], known=parsers, parsers=parsers)
    moments.append(time.process_time())
    for one in ids:
        rules.unclear(rules.of([[]], [one], {}))
    moments.append(time.process_time())
    for one in ids:
        bare.of([[]], [one], {})
    moments.append(time.process_time())
    reading, lint, matching, without = (b - a for a, b in pairwise(moments))
    return reading, lint, matching - without


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tests", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    ways = {
        "collect": (),
        "a map": ("--evidence-map=plain.csv",),
        "a map of stars": ("--evidence-map=stars.csv",),
        "a map of pieces": ("--evidence-map=pieces.csv",),
        "a map with wide rows": ("--evidence-map=wide.csv",),
        "a map in TOML": ("--evidence-map=plain.toml",),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_suite(folder, chosen.tests)
        write_maps(folder, chosen.tests, chosen.rows)
        measure(folder, ())  # compiles the suite
        rounds = [
            {w: measure(folder, words) for w, words in ways.items()} for _ in range(chosen.rounds)
        ]
        maps = {way: folder / words[0].partition("=")[2] for way, words in ways.items() if words}
        divided = {
            way: [parts(path, chosen.tests) for _ in range(chosen.rounds)]
            for way, path in maps.items()
        }
    facts = f"{chosen.tests} tests, {chosen.rows} rows, medians of {chosen.rounds} rounds"
    print(f"{time.strftime('%Y-%m-%d')}, {facts}\n")
    print("| | CPU s | above | x collect | MiB |\n|---|---|---|---|---|")
    for way in ways:
        seconds = statistics.median(r[way][0] for r in rounds)
        above = statistics.median(r[way][0] - r["collect"][0] for r in rounds)
        ratio = statistics.median(r[way][0] / r["collect"][0] for r in rounds)
        memory = statistics.median(r[way][1] for r in rounds)
        print(f"| {way} | {seconds:.2f} | {above:.2f} | {ratio:.2f} | {memory:.0f} |")
    print("\n| | reading | lint | matching |\n|---|---|---|---|")
    for way, found in divided.items():
        middle = " | ".join(f"{statistics.median(one):.2f}" for one in zip(*found, strict=True))
        print(f"| {way} | {middle} |")


if __name__ == "__main__":
    main()
