"""A finished run of an inner suite, read back from the spool, and what holds for every one of them."""

from __future__ import annotations

import json
import re
import shlex
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_attach_evidence.deliveries import missing
from pytest_attach_evidence.deliveries import states
from pytest_attach_evidence.model import Evidence
from pytest_attach_evidence.model import Item
from pytest_attach_evidence.run_record import RunRecord
from pytest_attach_evidence.spool import RunFolder
from pytest_attach_evidence.spool import Spool


LINE = re.compile(r"^evidence: (pieces=\d+ .*)$", re.MULTILINE)
STATES = ("delivered", "found", "waiting", "uncertain", "rejected", "damaged")


@dataclass(frozen=True, kw_only=True)
class Run:
    """What pytest said, and what the spool holds of the run. `line` is the greppable line, parsed."""

    result: pytest.RunResult
    folder: RunFolder
    record: RunRecord
    line: dict[str, str]

    @property
    def output(self) -> str:
        """Everything that was printed."""
        return everything_printed(self.result)

    @property
    def refused(self) -> list[str]:
        """The pieces that could not be taken, a line each."""
        return [str(problem) for problem in self.record.refused]

    @property
    def wanted(self) -> list[Evidence]:
        """The pieces that are kept."""
        unwanted = self.record.unwanted
        return [piece for piece in self.record.pieces if piece.id not in unwanted]

    def items(self, name: str) -> list[Item]:
        """Return the attempts of a test (by the end of its node id; '' is the run itself)."""
        found = self.record.items.values()
        return [
            one for one in found if one.nodeid.endswith(name) and bool(one.nodeid) == bool(name)
        ]

    def item(self, name: str) -> Item:
        """Return the only attempt of a test."""
        (item,) = self.items(name)
        return item

    def pieces(self, name: str) -> list[Evidence]:
        """Return the kept pieces of a test, in order, over all its attempts."""
        return [p for item in self.items(name) for p in self.wanted if p.item_id == item.id]

    def piece(self, name: str, piece: str) -> Evidence:
        """Return the only piece of a test that has a name."""
        (found,) = (one for one in self.pieces(name) if one.name == piece)
        return found

    def names(self, name: str) -> list[str]:
        """Return the names of a test's kept pieces."""
        return [piece.name for piece in self.pieces(name)]

    def content(self, name: str, piece: str) -> bytes:
        """Return the bytes that are kept of a piece."""
        with self.folder.open_content(self.piece(name, piece)) as file:
            return file.read()

    def targets(self, name: str) -> list[str]:
        """Return a test's targets as destination and id, the archive left out."""
        found = self.items(name)[-1].targets
        return sorted(f"{t.destination} {t.id}" for t in found if t.destination != "archive")


def everything_printed(result: pytest.RunResult) -> str:
    """Return standard output and standard error of an inner pytest."""
    return f"{result.stdout.str()}\n{result.stderr.str()}"


def errors(result: pytest.RunResult) -> list[str]:
    """Return the lines in which pytest reports a wrong configuration."""
    lines = everything_printed(result).splitlines()
    return [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]


def read_back(result: pytest.RunResult, spool: Path) -> Run:
    """Return the run that the last line names, after checking what every run promises."""
    (text,) = LINE.findall(everything_printed(result)) or ["no line"]
    line = dict(word.split("=", 1) for word in shlex.split(text))
    folder = next(run for run in Spool(spool).runs() if run.id == line["run"])
    run = Run(result=result, folder=folder, record=folder.read(), line=line)
    _check_line(run)
    _check_file(run)
    _check_blobs(run)
    _check_modes(spool)
    _check_archive(run, spool / "archive" / folder.id)
    assert [] == run.record.problems
    return run


def _check_line(run: Run) -> None:
    """The line's numbers add up and are those of the record."""
    counts = {name: int(run.line[name]) for name in (*STATES, "pieces", "deliveries", "missing")}
    known = {state.value: number for state, number in states(run.record).items()}
    assert counts["deliveries"] == sum(counts[state] for state in STATES)
    assert {state: known.get(state, 0) for state in STATES} == {s: counts[s] for s in STATES}
    assert counts["pieces"] == len(run.wanted)
    assert counts["missing"] == len(missing([run.record]))
    assert run.line["run"] == run.folder.id
    open_ones = counts["deliveries"] - counts["delivered"] - counts["found"]
    assert bool(run.line["next"]) == bool(open_ones)


def _check_file(run: Run) -> None:
    """The summary for programs tells what was printed; only an error or Ctrl-C may cost it."""
    path = run.folder.path / "evidence-summary.json"
    if not path.exists():
        bug = "bug of pytest-attach-evidence: " in run.output
        assert bug or "broken plugin" in run.output or run.result.ret == 2
        return
    found = json.loads(path.read_text(encoding="utf-8"))
    assert {n: int(run.line[n]) for n in found["counts"]} == found["counts"]
    assert (run.line["run"], run.line["next"]) == (found["run"], found["next"])
    # What is raised afterwards, by another plugin or by us, nobody could know.
    late = "broken plugin" in run.output or "bug of pytest-attach-evidence: " in run.output
    assert int(run.result.ret) == found["exit_status"] or late


def _check_blobs(run: Run) -> None:
    for piece in run.wanted:
        run.folder.blobs.verify(piece.digest, piece.size)


def _check_modes(spool: Path) -> None:
    """Nothing in the spool can be read or changed by anybody else."""
    for path in _everything_in(spool):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert (0o700 if path.is_dir() else 0o600) == mode, path


def _everything_in(spool: Path) -> Iterator[Path]:
    yield spool
    yield from (
        path for path in spool.rglob("*") if (spool / "archive") not in (path, *path.parents)
    )


def _check_archive(run: Run, folder: Path) -> None:
    """`sha256sum` accepts the list, which names every delivered piece."""
    receipts = run.record.receipts.values()
    archived = [one for one in receipts if (one.remote_url or "").startswith(folder.as_uri())]
    manifest = folder / "manifest-sha256.txt"
    lines = manifest.read_text(encoding="utf-8").splitlines() if manifest.exists() else []
    assert len(archived) == len(lines)
    if lines:
        command = ["sha256sum", "--check", "--strict", "--quiet", manifest.name]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
