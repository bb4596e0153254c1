"""What one large run costs: collecting, `status`, and `push` to the archive and to a Squash TM.

    python benchmarks/ten_thousand.py [--pieces 10000] [--size 10000] [--folder DIR]

The run is made through the recorder, ten pieces an item, in one process. Every row is a process of its
own; the sandbox, where it is needed, is another. `first intent` is the CPU time until the first line
about a send is written. Baselines in the same run: files written and synced one by one (file and
folder), and `shutil.copytree`. x is CPU and wall time relative to the first baseline.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


PER_ITEM = 10
SUITE = """
import os

import pytest

@pytest.mark.parametrize("number", range({items}))
def test_it(evidence, number):
    for piece in range({per_item}):
        evidence.attach(os.urandom({size}), name=f"{{piece}}.png")
"""


@dataclass(frozen=True)
class Cost:
    """What one process used."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    first_intent_s: float | None = None


class Bench:
    """A project in a folder of its own, and the processes that are measured in it."""

    def __init__(self, folder: Path, pieces: int, size: int) -> None:
        self.folder = folder
        self.pieces = pieces
        self.size = size
        self.rows: list[tuple[str, Cost]] = []

    def measure(self, title: str, *words: str, **environment: str) -> None:
        """Run this script's other half, or a module, and keep what it used."""
        told = self.folder / "told"
        told.unlink(missing_ok=True)
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *words],
            cwd=self.folder,
            env={**os.environ, **environment, "BENCH_TOLD": str(told)},
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{title}: ended with {process.returncode}\n{out.decode()}")
        first = float(told.read_text()) if told.exists() else None
        cpu = used.ru_utime + used.ru_stime
        cost = Cost(cpu, wall, used.ru_maxrss / 1024, first)
        self.rows.append((title, cost))
        print(f"{title}: {cost.cpu_s:.2f} s CPU, {cost.wall_s:.2f} s", file=sys.stderr)

    def command(self, title: str, *words: str, **environment: str) -> None:
        """Measure a command of ours."""
        self.measure(title, __file__, "--half", "command", *words, **environment)

    def half(self, title: str, name: str, *more: str) -> None:
        """Measure a half of this script: what makes a run, or a baseline."""
        self.measure(title, __file__, "--half", name, str(self.pieces), str(self.size), *more)

    def configure(self, *lines: str) -> None:
        """Write the project's ini."""
        text = "\n".join(["[pytest]", *lines, ""])
        (self.folder / "pytest.ini").write_text(text, encoding="utf-8")


def collect(pieces: int, size: int, origin: str = "") -> None:
    """Keep pieces in a new run, for the archive or for one execution of a Squash TM."""
    from pytest_attach_evidence.collection import Collection
    from pytest_attach_evidence.destinations.squash_targets import target_of
    from pytest_attach_evidence.keeper import Keeper
    from pytest_attach_evidence.model import Run
    from pytest_attach_evidence.model import Target
    from pytest_attach_evidence.redact import Redactor
    from pytest_attach_evidence.spool import Spool

    archive = Target.of("archive", "", "folder", "")
    target = target_of("executions/1042", origin, "4") if origin else archive
    run = Spool(Path(".evidence")).begin(Run(id="", started_at="2026-01-01T00:00:00.000Z"))
    collected = Collection(keeper=Keeper(folder=run, redactor=Redactor(), max_size=1 << 30))
    for number in range(pieces // PER_ITEM):
        recorder = collected.begin(f"test_it.py::test_it[{number}]", found=[target])
        recorder.begin()
        for piece in range(PER_ITEM):
            assert recorder.attach(os.urandom(size), name=f"{piece}.png") is not None
        recorder.end()
    run.write_finished(0, {"passed": pieces // PER_ITEM})
    run.release()


def plain(pieces: int, size: int) -> None:
    """Write files as safely as one can without a journal: file and folder synced for each."""
    Path("plain").mkdir()
    folder = os.open("plain", os.O_RDONLY)
    for number in range(pieces):
        file = os.open(f"plain/{number}", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        os.write(file, os.urandom(size))
        os.fsync(file)
        os.close(file)
        os.fsync(folder)


def copytree(_pieces: int, _size: int) -> None:
    """Copy them again without syncing anything."""
    import shutil

    shutil.copytree("plain", "copied")


def command(words: Sequence[str]) -> None:
    """Run a command of ours and tell when the first intent was written."""
    from pytest_attach_evidence.cli import main
    from pytest_attach_evidence.spool import DeliveryLog

    write, told = DeliveryLog.intent, Path(os.environ["BENCH_TOLD"])

    def intent(self: DeliveryLog, *facts: object) -> None:
        if not told.exists():
            told.write_text(str(time.process_time()))
        write(self, *facts)  # type: ignore[arg-type]

    DeliveryLog.intent = intent  # type: ignore[method-assign]
    sys.exit(main(words))


@contextmanager
def sandbox() -> Iterator[Mapping[str, Mapping[str, str]]]:
    """Start the look-alikes in a process of their own."""
    words = [sys.executable, "-m", "pytest_attach_evidence", "sandbox", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def run_all(bench: Bench) -> None:
    """Measure everything, in the order of the table."""
    bench.configure()
    bench.half("plain files, each synced", "plain")
    bench.half("shutil.copytree of them", "copytree")
    bench.command("`status`, empty spool", "status")
    bench.half("collect", "collect")
    bench.command("`status`, all open", "status")
    bench.command("`push` to the archive", "push")
    bench.command("`status`, all delivered", "status")
    bench.command("`push`, nothing waits", "push")
    bench.command("`clean`", "clean")
    suite = SUITE.format(items=bench.pieces // PER_ITEM, per_item=PER_ITEM, size=bench.size)
    (bench.folder / "test_it.py").write_text(suite, encoding="utf-8")
    off = ("-p", "no:cacheprovider", "-q", "-o", "asyncio_default_fixture_loop_scope=function")
    words = ("-m", "pytest", *off, "--evidence-keep-runs=1")
    bench.measure("pytest, `--evidence=collect`", *words, "--evidence=collect")
    bench.measure("pytest, `--evidence=upload` (archive)", *words, "--evidence=upload")
    bench.measure("the same with `-n 2`", *words, "--evidence=upload", "-n2")
    with sandbox() as facts:
        options = [f"{name} = {value}" for name, value in facts["options"].items()]
        bench.configure("evidence_destinations = squash", "evidence_dir = .squash", *options)
        bench.folder.joinpath(".evidence").rename(bench.folder / ".first")
        bench.half("collect for one Squash execution", "collect", facts["roots"]["squash"])
        bench.folder.joinpath(".evidence").rename(bench.folder / ".squash")
        bench.command("`push` to one Squash execution", "push", **facts["exports"])
        bench.command("`status`, all delivered there", "status")


def table(bench: Bench) -> str:
    """Return the rows as a table of Markdown."""
    base = bench.rows[0][1]
    lines = [
        "| | CPU s | x | wall s | x | first intent, CPU s | peak MiB |",
        "|---|---|---|---|---|---|---|",
    ]
    for title, cost in bench.rows:
        first = f"{cost.first_intent_s:.2f}" if cost.first_intent_s is not None else ""
        lines.append(
            f"| {title} | {cost.cpu_s:.2f} | {cost.cpu_s / base.cpu_s:.1f} | {cost.wall_s:.1f} "
            f"| {cost.wall_s / base.wall_s:.1f} | {first} | {cost.peak_mb:.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure and print the table, or be one of the measured processes."""
    halves = {"collect": collect, "plain": plain, "copytree": copytree}
    if sys.argv[1:2] == ["--half"]:
        name, *words = sys.argv[2:]
        if name == "command":
            command(words)
        halves[name](int(words[0]), int(words[1]), *words[2:])
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pieces", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument(
        "--folder", type=Path, help="where to make the project (default: temporary)"
    )
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        bench = Bench(Path(folder), chosen.pieces, chosen.size)
        run_all(bench)
    print(f"{time.strftime('%Y-%m-%d')}, {chosen.pieces:,} pieces of {chosen.size:,} bytes\n")
    print(table(bench))


if __name__ == "__main__":
    main()
