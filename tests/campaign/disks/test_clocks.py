"""Row X14: clocks that jump, and local time that changes, while tests run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path

import pytest

from pytest_attach_evidence.model import seconds_since
from pytest_attach_evidence.model import utc_text
from pytest_attach_evidence.retry import retry_after_s
from pytest_attach_evidence.spool.journal import Journal

from ...commands.project import Project
from ...deliver.scene import Scene
from ...deliver.scene import states
from ...deliver.scripted import FakeBudget


DAY = 86_400
UNIX = pytest.mark.skipif(sys.platform == "win32", reason="the local clock as Unix sets it")
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
    (summary,) = project.spool.glob("*/evidence-summary.json")
    [told] = json.loads(summary.read_text("utf-8"))["notes"]
    assert told in ran.out.splitlines()
    assert f"clock: this machine's jumped {seconds:+.0f} s meanwhile" in told


@UNIX
def test_local_time_that_changes_while_tests_run(project: Project) -> None:
    """Every moment is written in UTC, though the local clock jumps by 25 hours and by 13."""
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


def delivered_after(scene: Scene, noted: str) -> float:
    """Deliver a piece of which only an intent at that moment is known; return how long that waited."""
    scene.attach("a.txt")
    [key] = scene.deliver().plan.deliveries
    for path in (*scene.run.path.glob("delivery-*"), *scene.run.path.glob("deliveries/*")):
        path.unlink()
    scene.one.ledger.clear()
    scene.budget.waited.clear()
    journal = Journal(scene.run.path / "deliveries")
    journal.append({"type": "intent", "keys": [key], "attempt": 1, "at": noted})
    journal.close()

    assert {"a.txt": "delivered"} == states(scene.deliver())
    return sum(scene.budget.waited)


@pytest.mark.parametrize("seconds", [DAY, -DAY, 365 * DAY])
def test_an_intent_of_another_day(scene: Scene, seconds: int) -> None:
    """However wrong the clock was when a piece was sent: no longer wait than the time to settle."""
    waited = delivered_after(scene, utc_text(datetime.now(UTC) + timedelta(seconds=seconds)))

    assert waited <= scene.budget.settle_s
    assert (waited > 0) == (seconds > 0)


def test_a_second_60_is_no_error(scene: Scene) -> None:
    """A moment or a date in a leap second, which Python does not know, costs at most the time to settle."""
    date = "Sat, 31 Dec 2016 23:59:60 GMT"

    waited = delivered_after(scene, "2016-12-31T23:59:60.000Z")

    assert 0 < waited <= scene.budget.settle_s
    assert retry_after_s(date, None) is None
    assert 5.0 == retry_after_s("5", date)
