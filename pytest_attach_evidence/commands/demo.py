"""`attach-evidence demo`: a real browser suite, look-alike servers, and pages that show what arrived."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from ..deliveries import states
from ..report.exit_status import ExitStatus
from ..spool import Spool
from .sandbox import INSTALL
from .with_pytest import complain
from .with_pytest import say


if TYPE_CHECKING:
    from ..sandbox import Sandbox

MARKER = ".attach-evidence-demo"
FOLDER = "evidence-demo"
DESCRIPTION = """\
Run a small suite with a real browser against look-alikes of Squash TM, Workiva, CodeArts Req and Rillsoft,
and write pages that show every object with what arrived at it. Some of the tests fail, as tests do.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command; 0 if all evidence was delivered, whatever the tests' outcome."""
    parser = argparse.ArgumentParser(prog="attach-evidence demo", description=DESCRIPTION)
    parser.add_argument("--folder", type=Path, default=Path(FOLDER), help=f"(default: ./{FOLDER})")
    parser.add_argument("--serve", action="store_true", help="keep the servers until Ctrl-C")
    parser.add_argument("pytest_arguments", nargs="*", help="for pytest, after --")
    chosen = parser.parse_args(arguments)
    try:
        from ..sandbox import Sandbox  # noqa: PLC0415  # needs the extra
    except ImportError:
        return complain(INSTALL, ExitStatus.CONFIGURATION)
    folder = chosen.folder.absolute()
    if folder.exists() and not (folder / MARKER).exists():
        msg = f"{folder} exists and is not an earlier demo - name another with --folder"
        return complain(msg, ExitStatus.CONFIGURATION)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "servers").mkdir(parents=True)
    (folder / MARKER).touch()
    with Sandbox(folder / "servers") as sandbox:
        return _run(sandbox, folder, chosen)


def _run(sandbox: Sandbox, folder: Path, chosen: argparse.Namespace) -> int:
    project = folder / "project"
    _write_project(project, sandbox.options())
    words = ["--evidence=upload", "--junitxml=junit.xml", *chosen.pytest_arguments]
    say(f"$ cd {project}", f"$ pytest {' '.join(words)}", "")
    subprocess.run(  # noqa: S603  # our own interpreter and words
        [sys.executable, "-m", "pytest", *words],
        cwd=project,
        env={**_environment(), **sandbox.exports()},
        check=False,
    )
    pages = sandbox.write_pages(folder / "pages")
    open_ones = _open_deliveries(project)
    say(
        "",
        "Some tests failed on purpose: their evidence is what this is about. Where to look:",
        f"  what the four systems hold   {pages.as_uri()}",
        f"  the archive                  {(project / '.evidence' / 'archive').as_uri()}",
        f"  the tests and their markers  {project}",
    )
    if chosen.serve:
        say(f"  the servers, until Ctrl-C    {sandbox.page_url}")
        _wait()
    if open_ones is None:
        return complain("the suite kept no evidence; see pytest's output above", ExitStatus.BUG)
    if open_ones:
        return complain(
            f"{open_ones} deliveries are open; see the summary above", ExitStatus.WAITING
        )
    return int(ExitStatus.OK)


def _write_project(project: Path, options: Mapping[str, str]) -> None:
    """Copy the suite and write the pytest.ini that leads its evidence to the servers."""
    with resources.as_file(resources.files("pytest_attach_evidence") / "demo_project") as source:
        shutil.copytree(source, project, ignore=shutil.ignore_patterns("__pycache__"))
    lines = [
        "[pytest]",
        "log_level = INFO",
        "evidence_destinations = squash workiva huawei rillsoft archive",
        "evidence_reports = junit.xml",
        "evidence_run_targets = squash=iterations/4",
        *(f"{name} = {value}" for name, value in options.items()),
    ]
    (project / "pytest.ini").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _environment() -> dict[str, str]:
    """Return this environment without what would change the suite's configuration."""
    hidden = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return {name: value for name, value in kept.items() if not name.startswith("PYTEST_EVIDENCE_")}


def _open_deliveries(project: Path) -> int | None:
    """Return how many deliveries are not settled, None where no evidence was kept at all."""
    records = [run.read() for run in Spool(project / ".evidence").runs()]
    if not any(record.pieces for record in records):
        return None
    counts = [states(record) for record in records]
    return sum(n for count in counts for state, n in count.items() if not state.settled)


def _wait() -> None:
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
