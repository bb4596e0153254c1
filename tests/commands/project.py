"""A project outside the repository, and pytest and the commands as processes of their own in it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from pytest_attach_evidence.model import Evidence
from pytest_attach_evidence.model import Item
from pytest_attach_evidence.model import Outcome
from pytest_attach_evidence.model import Run
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.naming import keys_in
from pytest_attach_evidence.run_record import RunRecord
from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.spool import RunFolder
from pytest_attach_evidence.spool import Spool


LAST_LINE = re.compile(r'^evidence: (pieces=\d+ .*) run=(\S*) next="(.*)"$', re.MULTILINE)
TARGETS = {
    "squash": "TC-1",
    "workiva": "f1/p1",
    "huawei": "956239067176935400",
    "rillsoft": "4711",
}
ONE_TEST = """
import pytest

@pytest.mark.evidence({marks})
def test_it(evidence):
    for number in range({pieces}):
        evidence.attach(b"%d" % number * {size}, name=f"{{number}}.bin")
    assert {passes}
"""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A process that is over."""

    status: int
    out: str
    errors: str

    @property
    def counts(self) -> dict[str, int]:
        """The numbers of the only last line."""
        ((numbers, _, _),) = LAST_LINE.findall(self.out)
        return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", numbers)}

    @property
    def next(self) -> str:
        """The command that the last line names."""
        ((_, _, command),) = LAST_LINE.findall(self.out)
        return str(command)

    def numbers(self, *names: str) -> tuple[int, ...]:
        """Return some of the numbers of the last line."""
        return tuple(self.counts[name] for name in names)


@dataclass(kw_only=True)
class Project:
    """A folder with tests. `variables` are those of every process that is started in it."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def spool(self) -> Path:
        """The folder of the spool, where nothing else is configured."""
        return self.folder / ".evidence"

    def write(self, name: str, *lines: str) -> Path:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    def configure(
        self, destinations: str, options: Mapping[str, str] | None = None, *lines: str
    ) -> None:
        """Write a pytest.ini."""
        given = [f"{name} = {value}" for name, value in (options or {}).items()]
        first = f"evidence_destinations = {destinations}"
        self.write("pytest.ini", "[pytest]", first, "evidence_log = off", *given, *lines)

    def lead_to(self, sandbox: Sandbox, destinations: str, *lines: str, stall_s: int = 1) -> None:
        """Write a pytest.ini that leads to a sandbox, and set the secrets."""
        self.variables.update(sandbox.exports())
        self.configure(destinations, sandbox.options(), f"evidence_stall = {stall_s}", *lines)

    def suite(
        self, *destinations: str, pieces: int = 1, size: int = 1, passes: bool = True
    ) -> None:
        """Write one test that attaches some pieces to one target of each destination."""
        marks = ", ".join(f"{name}={TARGETS[name]!r}" for name in destinations)
        text = ONE_TEST.format(marks=marks, pieces=pieces, size=size, passes=passes)
        self.write("test_it.py", text)

    def pytest(self, *words: str, mode: str = "upload", **more: str) -> Ended:
        """Run pytest in the folder."""
        return _ended(self.start(*words, mode=mode, **more))

    def start(self, *words: str, mode: str = "upload", **more: str) -> subprocess.Popen[str]:
        """Start pytest in the folder, in a process group of its own."""
        always = ["-p", "attach-evidence", "-p", "no:cacheprovider", f"--evidence={mode}"]
        return self._process(["-m", "pytest", *always, *words], self.folder, more)

    def start_shell(self, script: str, *words: str) -> subprocess.Popen[str]:
        """Start a shell whose script runs `{pytest}` with these words, as a step of CI does."""
        always = ["-p", "attach-evidence", "-p", "no:cacheprovider", "--evidence=upload"]
        pytest = shlex.join([sys.executable, "-m", "pytest", *always, *words])
        words = ["bash", "-c", script.format(pytest=pytest)]
        return _popen(words, self.folder, self._environment({}))

    def in_shell(self, script: str, **more: str) -> Ended:
        """Run a script in which `{python}` is ours, as a person types it, in the folder."""
        words = ["bash", "-c", script.replace("{python}", shlex.quote(sys.executable))]
        return _ended(_popen(words, self.folder, self._environment(more)))

    def command(self, *words: str, cwd: Path | None = None, **more: str) -> Ended:
        """Run `attach-evidence`."""
        return _ended(self.start_command(*words, cwd=cwd, **more))

    def start_command(
        self, *words: str, cwd: Path | None = None, **more: str
    ) -> subprocess.Popen[str]:
        """Start `attach-evidence`."""
        return self._process(["-m", "pytest_attach_evidence", *words], cwd or self.folder, more)

    def shell(self, text: str, cwd: Path) -> Ended:
        """Let a shell read a line, as a person pastes it."""
        return _ended(_popen(["sh", "-c", text], cwd, self._environment({})))

    def record(self) -> RunRecord:
        """Read the only run of the spool."""
        (run,) = Spool(self.spool).runs()
        return run.read()

    def _process(
        self, words: list[str], cwd: Path, more: Mapping[str, str]
    ) -> subprocess.Popen[str]:
        return _popen([sys.executable, *words], cwd, self._environment(more))

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return an environment in which only the plugins that are named are loaded."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}
        scripts = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        own = {"PATH": scripts, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **self.variables, **more}
        return {name: value for name, value in {**inherited, **own}.items() if value}


def _popen(words: list[str], cwd: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        words,
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _ended(process: subprocess.Popen[str], seconds: float = 180) -> Ended:
    out, errors = process.communicate(timeout=seconds)
    return Ended(status=process.returncode, out=out, errors=errors)


def waiting_run(spool: Path, *contents: str, target: Target | None = None) -> RunFolder:
    """Leave a run in a spool whose pieces wait for the archive or for another target."""
    run = Spool(spool).begin(Run(id="", started_at="2026-11-06T10:00:00Z"))
    to = target or Target.of("archive", "", "folder", "")
    item = Item(
        id=f"{run.journal.id}-1", run_id=run.id, nodeid="test_it.py::test_it", targets=(to,)
    )
    pieces = []
    for seq, content in enumerate(contents, start=1):
        blob = run.put([content.encode()])
        pieces.append(
            Evidence(
                id=f"{item.id}-{seq}",
                item_id=item.id,
                seq=seq,
                kind="file",
                name=f"{seq}.txt",
                media_type="text/plain",
                digest=blob.digest,
                size=blob.size,
            )
        )
    run.write_begun(item, *pieces)
    run.write_ended(Item(**{**_facts(item), "outcome": Outcome.PASSED, "duration_s": 0.1}), [])
    run.write_finished(0, {"passed": 1})
    run.release()
    return run


def _facts(item: Item) -> dict[str, object]:
    return {name: getattr(item, name) for name in item.__dataclass_fields__}


def commits(sandbox: Sandbox, system: str) -> dict[str, int]:
    """Return how often each key was ever stored by a system."""
    keys = [k for f in sandbox.store.ledger() if f.system == system for k in keys_in(f.name)]
    return {key: keys.count(key) for key in keys}


def wait_until(happened: Callable[[], object], seconds: float = 60) -> None:
    """Wait for what another process does; fail where it never happens."""
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.01)


def words_of(command: str) -> list[str]:
    """Return a command as a shell splits it."""
    return shlex.split(command)
