"""The plugin of a pytest process that collects for a command: writes down where its tests lead.

Whatever a project's `addopts` ask for, such a process reports to nobody but the command.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Generator
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from ..capture.items import MAPPED
from ..session import SESSION_PLUGIN
from ..session import is_narrowed


# What options of pytest, and of plugins where they are there, are set to: one error hides no other and is
# told in full, nobody is waited for, no report or log of a run is replaced, no coverage measured.
HERE = {
    "maxfail": 0,
    "tbstyle": "auto",
    "usepdb": False,
    "log_file": None,
    "xmlpath": None,
    "htmlpath": None,
    "report_log": None,
    "json_report": False,
    "no_cov": True,
}
FAILED = pytest.StashKey[list[str]]()


def into(path: Path) -> list[str]:
    """Return the words of a pytest command with which its tests are written into a file, in JSON.

    That has no remembered results, and leaves those of the project alone.
    """
    cache = path.with_name("cache")
    return [f"--evidence-write-targets={path}", "-o", f"cache_dir={cache}"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare where the targets are to be written."""
    parser.addoption("--evidence-write-targets", metavar="FILE", help=argparse.SUPPRESS)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    """Let no plugin act that begins before anything is configured."""
    _only_collect(early_config.known_args_namespace)
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let no other plugin act."""
    config.pluginmanager.register(_Failures(config.stash.setdefault(FAILED, [])))
    _only_collect(config.option)


class _Failures:
    """Notes why something cannot be collected, each in a line."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take what pytest shows of an error: what it marks as such, else all of it."""
        if report.failed:
            shown = [line.strip() for line in report.longreprtext.splitlines() if line.strip()]
            marked = [line.removeprefix("E ").strip() for line in shown if line.startswith("E  ")]
            self._lines.append(f"{report.nodeid}: {' '.join(marked or shown)}")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> Generator[None, object, object]:
    """Write every item's targets as they were decided meanwhile, and what was wrong with them."""
    problems: Sequence[str] = ()
    try:
        return (yield)
    except pytest.UsageError as error:
        problems = list(map(str, error.args))
        raise
    finally:
        items = [(i.nodeid, i.stash[MAPPED].targets) for i in session.items if MAPPED in i.stash]
        tests = [(name, [target.to_json() for target in targets]) for name, targets in items]
        told = {"tests": tests, "problems": problems, "failed": session.config.stash[FAILED]}
        path = Path(session.config.getoption("evidence_write_targets"))
        path.write_text(json.dumps(told | _noted(session.config)), encoding="utf-8")


def _only_collect(option: argparse.Namespace) -> None:
    for name, value in HERE.items():
        if hasattr(option, name):
            setattr(option, name, value)


def _noted(config: pytest.Config) -> dict[str, object]:
    """Return what the session's own plugin noted beside the targets; nothing where it is broken."""
    session: Any = config.pluginmanager.get_plugin(SESSION_PLUGIN)
    project = getattr(session, "project", None)
    rules = getattr(project, "rules", None)
    return {
        "left_out": sorted(getattr(session, "left_out", ())),
        "warnings": [] if rules is None else [asdict(one) for one in rules.warnings],
        "unheld": [] if rules is None else [(row.place, row.test) for row in rules.unheld()],
        "narrowed": getattr(session, "narrowed", True) or is_narrowed(config),
    }
