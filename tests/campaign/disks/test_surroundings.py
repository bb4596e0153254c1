"""Rows X14 to X16: clocks that jump, file systems that lack something, rights, and odd surroundings."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence.model import seconds_since
from pytest_attach_evidence.model import utc_text
from pytest_attach_evidence.spool.journal import Journal

from ...commands.project import Project
from ...commands.project import waiting_run
from ...deliver.scene import Scene
from ...deliver.scene import states
from ...deliver.scripted import FakeBudget
from .crafted import is_root
from .small_disk import PYTEST
from .small_disk import can_mount
from .small_disk import environment
from .small_disk import run_on


DAY = 86_400
UNIX = pytest.mark.skipif(sys.platform == "win32", reason="rights and clocks of Unix")
ROOT = Path(__file__).parents[3]
JUMPING = """
import datetime, os, time
import pytest
from pytest_attach_evidence import model

shift = 0
real = time.time

class Shifted(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz) + datetime.timedelta(seconds=shift)

model.datetime = Shifted
time.time = lambda: real() + shift

@pytest.fixture
def jump():
    def to(seconds):
        global shift
        shift = seconds
    return to
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that delivers to its archive."""
    made = Project(folder=tmp_path / "project")
    made.folder.mkdir()
    made.configure("archive")
    return made


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A run, and a destination that answers as it should."""
    made = Scene(folder=tmp_path / ".evidence", budget=FakeBudget(ends_at=0))
    made.add()
    yield made
    made.run.release()


@pytest.mark.parametrize("seconds", [DAY, -DAY])
def test_a_clock_that_jumps_while_tests_run(project: Project, seconds: int) -> None:
    """Durations stay small and positive, the order stays, reports of before and after are attached."""
    project.configure("archive", None, "evidence_reports = *.xml")
    project.write("conftest.py", JUMPING)
    project.write(
        "test_it.py",
        "import os, time",
        "def written(name):",
        "    open(name, 'w').close()",
        "    os.utime(name, (time.time(), time.time()))",
        "def test_it(evidence, jump):",
        "    evidence.text('1', name='1.txt')",
        "    written('before.xml')",
        f"    jump({seconds})",
        "    evidence.text('2', name='2.txt')",
        "    written('after.xml')",
    )

    ran = project.pytest()

    record = project.record()
    names = [piece.name for piece in record.pieces]
    assert 0 == ran.status, ran.out
    assert ["1.txt", "2.txt"] == names[:2]
    assert ["after.xml", "before.xml"] == sorted(names[2:])
    assert all(0 <= (item.duration_s or 0) < 60 for item in record.items.values())


@UNIX
def test_summer_time_begins_while_tests_run(project: Project) -> None:
    """Every moment is written in UTC, whatever the local clock does."""
    project.write(
        "test_it.py",
        "import os, time",
        "def test_it(evidence):",
        "    for zone in ('Pacific/Kiritimati', 'Pacific/Niue', 'Europe/Berlin'):",
        "        os.environ['TZ'] = zone",
        "        time.tzset()",
        "        evidence.text(zone)",
    )

    assert 0 == project.pytest(TZ="Europe/Berlin").status

    moments = [piece.captured_at for piece in project.record().pieces]
    assert sorted(moments) == moments
    assert all(moment.endswith("Z") and seconds_since(moment) < 300 for moment in moments)


@pytest.mark.parametrize("seconds", [DAY, -DAY, 365 * DAY])
def test_an_intent_of_another_day(scene: Scene, seconds: int) -> None:
    """However wrong the clock was when a piece was sent: no longer wait than the time to settle."""
    scene.attach("a.txt")
    [key] = scene.deliver().plan.deliveries
    for path in (scene.run.path / "deliveries").iterdir():
        path.unlink()
    scene.one.ledger.clear()
    scene.budget.waited.clear()
    journal = Journal(scene.run.path / "deliveries")
    noted = utc_text(datetime.now(UTC) + timedelta(seconds=seconds))
    journal.append({"type": "intent", "keys": [key], "attempt": 1, "at": noted})
    journal.close()

    results = scene.deliver()

    assert {"a.txt": "delivered"} == states(results)
    assert sum(scene.budget.waited) <= scene.budget.settle_s
    assert (sum(scene.budget.waited) > 0) == (seconds > 0)


@UNIX
@pytest.mark.parametrize("umask", ["000", "077"])
def test_umask(project: Project, umask: str) -> None:
    """The spool is 0700 and 0600 whatever the session's umask, and everything is delivered."""
    project.write("test_it.py", "def test_it(evidence): evidence.text('a')")

    ran = project.shell(f"umask {umask} && {PYTEST}", project.folder)

    assert 0 == ran.status, ran.out + ran.errors
    own = [
        p for p in project.spool.rglob("*") if "archive" not in p.relative_to(project.spool).parts
    ]
    modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in [project.spool, *own]}
    assert {(True, 0o700), (False, 0o600)} == modes


@UNIX
def test_no_home_and_no_folder_to_stand_in(project: Project) -> None:
    """Without HOME, and in a folder that a test has removed, everything is delivered: 0."""
    project.write(
        "test_it.py",
        "import os",
        "def test_it(evidence, tmp_path):",
        "    (tmp_path / 'gone').mkdir()",
        "    os.chdir(tmp_path / 'gone')",
        "    (tmp_path / 'gone').rmdir()",
        "    assert evidence.attach(b'x', name='kept.bin')",
        "    assert evidence.attach('relative.txt') is None",
    )

    ran = project.pytest(HOME="", USER="", LOGNAME="")

    assert (65, (1, 1)) == (ran.status, ran.numbers("pieces", "delivered")), ran.out
    assert "not taken: test_it.py::test_it: relative.txt: " in ran.out
    assert "bug of" not in ran.out


@UNIX
@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace to make system calls fail")
@pytest.mark.parametrize(
    ("call", "error", "seen"),
    [
        ("flock", "ENOSYS", "cannot be locked"),
        ("flock", "EOPNOTSUPP", "cannot be locked (Operation not supported)"),
        ("flock", "ENOLCK", "cannot be locked (No locks available)"),
        ("fsync", "EINVAL", "cannot be written (Invalid argument)"),
        ("fsync", "EIO", "cannot be written (Input/output error)"),
    ],
)
def test_file_systems_that_lack_something(
    project: Project, call: str, error: str, seen: str
) -> None:
    """Without locks, or without a way to be sure of bytes, a spool is refused before the first test."""
    project.write("test_it.py", "def test_it(): assert False, 'it ran'")
    inject = ["-e", f"trace={call}", "-e", f"inject={call}:error={error}"]
    strace = ["strace", "-f", "-qq", "-o", os.devnull, *inject]
    plain = subprocess.run([*strace, "true"], capture_output=True, check=False)
    if plain.returncode:
        pytest.skip("this machine lets nobody trace a process")

    ran = subprocess.run(
        [*strace, *PYTEST.replace("python", sys.executable, 1).split()],
        cwd=project.folder,
        env=environment(project),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    output = ran.stdout + ran.stderr
    assert (4, False) == (ran.returncode, "it ran" in output), output
    assert "ERROR: evidence_dir: " in output
    assert seen in output
    assert [] == list(project.spool.glob("*/journals"))


@pytest.mark.skipif(not can_mount(), reason="this machine lets nobody mount a file system")
def test_spool_on_an_overlay(project: Project) -> None:
    """In a container the spool lies on an overlay: it is used like any other."""
    project.configure("archive", None, f"evidence_archive_dir = {project.folder.parent / 'kept'}")
    project.write("test_it.py", "def test_it(evidence): evidence.text('a')")
    mount = "mount -t overlay overlay -o lowerdir=l,upperdir=u,workdir=w m"
    spool = "--evidence-dir=.evidence/m/.evidence"

    mounted, ran = run_on(
        project,
        "size=4m",
        f"cd .evidence && mkdir l u w m && {mount}",
        f"{PYTEST} {spool} && ls .evidence/u/.evidence",
    )

    if mounted.status:
        pytest.skip(f"no overlay on a tmpfs here: {mounted.out.strip()}")
    assert (0, (1,)) == (ran.status, ran.numbers("delivered")), ran.out
    assert "README.txt" in ran.out


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own ones are closed to others, again and again."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


AS_NOBODY = """
import json, os, sys
from tests.campaign.disks.push_each import push, status, told
os.chdir(sys.argv[1])
told(push, ["--evidence-dir", sys.argv[2]], 60)  # loads what a user without rights may not load
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
print(json.dumps([told(push, [], 60), told(status, [], 60)]))
"""


@UNIX
@pytest.mark.skipif(not is_root(), reason="only root can take rights away from itself")
def test_what_may_not_be_read_is_named(open_folder: Path) -> None:
    """Without the right to read a part of a spool, that part is named, and all else is delivered."""
    project = Project(folder=open_folder / "project")
    project.folder.mkdir()
    project.configure("archive")
    runs = {name: waiting_run(project.spool, name) for name in ("a", "b", "c", "d", "e", "f", "g")}
    parts = {
        "journal": next((runs["a"].path / "journals").iterdir()),
        "journals": runs["b"].path / "journals",
        "blob": next((runs["c"].path / "blobs").iterdir()),
        "facts": runs["d"].path / "run.json",
        "run": runs["e"].path,
        "lock": runs["f"].path / "lock",
    }
    waiting_run(open_folder / "other", "x")
    for path in [project.folder, *project.folder.rglob("*")]:
        os.chown(path, 65534, 65534)
    for path in parts.values():
        path.chmod(0)

    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(project.folder), str(open_folder / "other")],
        cwd=ROOT,
        env=environment(project),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    pushed, asked = json.loads(done.stdout) if done.stdout else ({"out": done.stderr}, {})
    output = pushed["out"] + pushed["errors"]
    for path in parts.values():
        path.chmod(0o700)
    delivered = [name for name, run in runs.items() if run.read().receipts]
    assert ["d", "g"] == delivered, (pushed, done.stderr)
    assert f"{parts['journal'].name}: cannot be read (Permission denied)" in output
    assert "journals: cannot be read (Permission denied)" in output
    assert "its bytes cannot be read from the spool (Permission denied)" in output
    assert f"run {runs['e'].id} cannot be " in output
    assert f"run {runs['f'].id} cannot be locked (Permission denied)" in output
    assert (74, 0) == (pushed["status"], asked["status"])
    assert "Traceback" not in output


def crafted_version(run: Any, version: int) -> dict[Path, bytes]:
    """Make every journal line of a run one of another version; return the files as they are then."""
    for path in (run.path / "journals").iterdir():
        content = path.read_bytes().replace(b'{"v":1,', b'{"v":%d,' % version)
        path.write_bytes(content)
    return {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}


@pytest.mark.parametrize("version", [0, 2, 99])
def test_a_run_of_another_version_is_left_as_it_is(project: Project, version: int) -> None:
    """A newer spool and an older plugin: nothing of it is changed, which is said, and the rest goes on."""
    newer, ours = waiting_run(project.spool, "newer"), waiting_run(project.spool, "ours")
    before = crafted_version(newer, version)

    pushed = project.command("push")

    assert 65 == pushed.status
    words = f"written by another version of the plugin (format {version}) - deliver it with that version"
    assert words in pushed.out
    assert before == {path: path.read_bytes() for path in newer.path.rglob("*") if path.is_file()}
    assert 1 == len(ours.read().receipts)


def test_a_spool_of_the_first_version_is_delivered(project: Project) -> None:
    """Runs that the first version left, as files of this repository: every later one delivers them."""
    kept = Path(__file__).parent / "first_version"
    shutil.copytree(kept, project.spool)

    pushed = project.command("push")

    assert (0, (3, 3)) == (pushed.status, pushed.numbers("pieces", "delivered")), pushed.out
    contents = {path.read_bytes() for path in project.spool.glob("archive/*/data/*/*")}
    assert {b"first\n", b"second\n", b"\x00third"} == contents
    assert "nothing waits\n" == project.command("push").out
