"""`attach-evidence demo` and `attach-evidence sandbox`, started as people start them."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_attach_evidence.deliveries import states
from pytest_attach_evidence.spool import Spool

from .project import Ended
from .project import Project


SYSTEMS = ("squash", "workiva", "huawei", "rillsoft")


@pytest.fixture
def outside(tmp_path: Path) -> Project:
    """A folder without any project."""
    return Project(folder=tmp_path)


def demo(outside: Project, **more: str) -> Ended:
    """Run the demo into a folder named `shown`."""
    return outside.command("demo", "--folder", "shown", **more)


def delivered(outside: Project) -> dict[str, int]:
    """Return how many deliveries of the demo's run are in which state."""
    (run,) = Spool(outside.folder / "shown" / "project" / ".evidence").runs()
    return {state.value: number for state, number in states(run.read()).items()}


def test_the_demo_shows_real_pictures_under_the_objects_of_all_systems(outside: Project) -> None:
    """A real browser, everything delivered, pages that can be opened without a server."""
    assert shutil.which("chromium") or shutil.which("chromium-browser"), "install chromium"
    done = demo(outside)

    shown = outside.folder / "shown"
    assert 0 == done.status, done.out + done.errors
    assert {"delivered"} == set(delivered(outside))
    assert " skipped" not in done.out
    assert (shown / "pages" / "index.html").as_uri() in done.out
    for system in SYSTEMS:
        page = next(path for path in (shown / "pages").rglob("*.html") if path.stem == system)
        shots = re.findall(r'<img[^>]*src="([^"]*\.png)"', page.read_text(encoding="utf-8"))
        assert shots, system
        for shot in shots:
            assert (page.parent / shot).read_bytes().startswith(b"\x89PNG\r\n"), shot


def test_without_a_browser_the_other_tests_are_shown(outside: Project) -> None:
    """It says so in one line and delivers what the tests without a browser attached."""
    empty = outside.folder / "empty"
    empty.mkdir()
    hidden = {"PATH": str(empty), "CHROME_BIN": "", "PLAYWRIGHT_BROWSERS_PATH": str(empty)}

    done = demo(outside, **hidden)

    said = [line for line in done.out.splitlines() if "no chromium found - install it" in line]
    assert (0, 1) == (done.status, len(said)), done.out
    assert {"delivered"} == set(delivered(outside))
    assert 0 < delivered(outside)["delivered"]


@pytest.mark.parametrize("kind", ["folder", "empty folder", "file"])
def test_the_demo_never_removes_what_is_not_its_own(outside: Project, kind: str) -> None:
    """A folder of that name which no demo made stays, with one line and 78."""
    shown = outside.folder / "shown"
    if kind == "file":
        shown.write_text("mine")
    else:
        shown.mkdir()
    if kind == "folder":
        (shown / "thesis.txt").write_text("mine")

    done = demo(outside)

    assert (78, "") == (done.status, done.out)
    assert [f"ERROR: {shown} exists"] == re.findall(f"^ERROR: {shown} exists", done.errors)
    assert 1 == len(done.errors.splitlines())
    assert {"shown"} == {path.name for path in outside.folder.iterdir()}


def test_the_exports_of_the_sandbox_are_for_a_shell(project: Project) -> None:
    """What it prints can be evaluated and put into a pytest.ini; then everything arrives."""
    process = project.start_command("sandbox")
    printed = project.folder / "printed.txt"
    assert process.stdout is not None
    lines = [process.stdout.readline()]
    while "Ctrl-C ends it." not in lines[-1]:
        lines.append(process.stdout.readline())
    printed.write_text("".join(lines))
    ini = "".join(lines[lines.index("[pytest]\n") : -1])
    project.write("pytest.ini", ini)
    project.suite(*SYSTEMS)
    script = f"""
        eval "$(grep '^export ' {printed})"
        exec {sys.executable} -m pytest -q -p attach-evidence -p no:cacheprovider
    """

    done = project.shell(script, cwd=project.folder)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)

    assert (0, 0, "") == (done.status, process.returncode, errors), done.out
    assert (4, 4) == done.numbers("deliveries", "delivered")


def test_the_demo_can_keep_its_servers(outside: Project) -> None:
    """`--serve` names their page and ends with Ctrl-C, with the status of the delivery."""
    words = ["demo", "--folder", "shown", "--serve", "--", "-k", "test_ledger"]
    process = outside.start_command(*words)
    assert process.stdout is not None
    lines = [process.stdout.readline()]
    while "until Ctrl-C" not in lines[-1]:
        lines.append(process.stdout.readline())
        assert lines[-1], lines
    url = lines[-1].split()[-1]
    page = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).status)"
    words = [sys.executable, "-c", page, url]
    seen = subprocess.run(words, capture_output=True, text=True, check=False)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)

    assert ("200\n", 0) == (seen.stdout, process.returncode)
