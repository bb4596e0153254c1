"""Test suites that other people wrote, as their source archives have them."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path


LIMIT_S = 600
INSTALLED = "installed"
STAND_INS = Path(__file__).with_name("stand_ins")
INNER = "inner_options"
# `pytester` takes the options of the outer run away; the tests' own pytest is to have some again.
INNER_PLUGIN = """
import os
import pytest

@pytest.fixture(autouse=True)
def inner_options(request, monkeypatch):
    if "pytester" in request.fixturenames and os.environ["INNER_OPTIONS"]:
        request.getfixturevalue("pytester")
        monkeypatch.setenv("PYTEST_ADDOPTS", os.environ["INNER_OPTIONS"])
"""
Outcomes = dict[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A suite: its distribution, its tests, and how many of them pass at least.

    `plugins` are those it needs, `needs` further distributions. `parallel`: xdist may run it. `inner`: it
    runs pytest itself, and evidence is collected there as well. `stand_in`: a module of `stand_ins` that it
    finds in the place of what cannot be had. `pictures`: how many tests show something that can be
    photographed, at least.
    """

    distribution: str
    version: str
    tests: tuple[str, ...]
    least: int
    plugins: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    parallel: bool = False
    inner: bool = False
    stand_in: str = ""
    pictures: int = 0

    @property
    def requirement(self) -> str:
        """What the index is asked for."""
        return f"{self.distribution}=={self.version}"


SUITES = (
    Suite(
        distribution="pytest-mock",
        version="3.15.1",
        tests=("tests",),
        least=60,
        plugins=("pytest_mock",),
    ),
    Suite(
        distribution="pytest-rerunfailures",
        version="16.7",
        tests=("tests",),
        least=60,
        plugins=("pytest_rerunfailures",),
    ),
    Suite(distribution="click", version="8.5.1", tests=("tests",), least=500),
    Suite(
        distribution="mplcursors",
        version="0.7.1",
        # The examples are processes of their own.
        tests=("tests", "--deselect=tests/test_mplcursors.py::test_example"),
        least=60,
        pictures=60,
    ),
    Suite(
        distribution="pytest-html",
        version="4.2.0",
        tests=("testing/test_unit.py",),  # the others need a grid of browsers
        least=7,
        plugins=("pytest_metadata.plugin", "pytest_html.plugin", "pytest_html.fixtures"),
        needs=("assertpy==1.1",),
        parallel=True,
        inner=True,
    ),
    Suite(
        distribution="widgetastic.core",
        version="1.0.2",  # the last with a source archive
        # Windows, prompts and frames; the widgets take minutes. Its ini asks for coverage.
        tests=(
            "testing/test_browser.py",
            "testing/test_ouia.py",
            "testing/test_view.py::test_iframe_view",
            "-oaddopts=",
        ),
        least=50,
        plugins=("podman",),
        needs=(
            "anytree==2.8.0",
            "cached_property==2.0.1",
            "selenium-smart-locator==0.3.0",
            "wait_for==1.2.0",
            "parsedatetime==2.6",
        ),
        stand_in="podman",  # the suite has it start a grid of browsers
        pictures=50,
    ),
)


class Unreachable(Exception):  # noqa: N818  # a reason to skip, not an error
    """The package index does not answer or does not have the archive."""


def unpacked(suite: Suite, folder: Path) -> Path:
    """Return the folder of a suite's source archive; the package itself is installed beside it.

    Raises Unreachable.
    """
    _pip("download", "--no-deps", "--no-binary", ":all:", "-d", str(folder), suite.requirement)
    installed = str(folder / INSTALLED)
    _pip("install", "--no-deps", "--target", installed, suite.requirement, *suite.needs)
    archives = list(folder.glob("*.tar.gz"))
    if not archives:
        raise Unreachable("there is no source archive")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter=harmless)
    (found,) = (path for path in folder.iterdir() if path.is_dir() and path.name != INSTALLED)
    return found


def harmless(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    """Leave out what points elsewhere: archives hold the environments of those who packed them, too."""
    try:
        return tarfile.data_filter(member, folder)
    except tarfile.FilterError:
        return None


def _pip(command: str, *words: str) -> None:
    """Ask the package index for something. Raises Unreachable."""
    whole = [sys.executable, "-m", "pip", command, "-q", "--timeout=20", "--retries=0", *words]
    try:
        done = subprocess.run(whole, capture_output=True, text=True, check=False, timeout=LIMIT_S)
    except subprocess.TimeoutExpired as error:
        raise Unreachable(f"no answer in {LIMIT_S} s") from error
    if done.returncode:
        raise Unreachable((done.stderr.strip().splitlines() or ["pip failed"])[-1])


def outcomes(suite: Suite, project: Path, *arguments: str) -> Outcomes:
    """Run a suite in a process of its own; return the outcomes of every test, phase by phase.

    The arguments are those of the pytest that its tests run, too, where it has such.
    """
    report = project.parent / "report.xml"
    report.unlink(missing_ok=True)
    environment = {
        **os.environ,
        "PYTHONPATH": str(project.parent / INSTALLED),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_PLUGINS": ",".join((*suite.plugins, INNER)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "agg",
        "BROWSER": "chrome",
        "INNER_OPTIONS": shlex.join(arguments) if suite.inner else "",
    }
    (project.parent / INSTALLED / f"{INNER}.py").write_text(INNER_PLUGIN)
    if suite.stand_in:
        shutil.copy(STAND_INS / f"{suite.stand_in}.py", project.parent / INSTALLED)
    xdist = ("-p", "xdist.plugin", "-p", "xdist.looponfail", "-n2") if suite.parallel else ()
    words = ("-q", "-p", "no:cacheprovider", f"--junitxml={report}", *arguments, *xdist)
    subprocess.run(
        [sys.executable, "-m", "pytest", *words, *suite.tests],
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=LIMIT_S,
    )
    found: Outcomes = {}
    for case in ET.fromstring(report.read_bytes()).iter("testcase"):
        said = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        name = f"{case.attrib['classname']}::{case.attrib['name']}"
        found[name] = sorted([*found.get(name, []), *(said or ["passed"])])
    return found
