"""`attach-evidence push --remap`: what is open follows the marks, nothing is doubled or lost on the way."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from pytest_attach_evidence.deliveries import states
from pytest_attach_evidence.sandbox import Sandbox

from .project import Project
from .project import commits
from .project import wait_until


GOOD, OTHER, NOWHERE = "956239067176935400", "956239067176935401", "956239067176930000"
NO_LISTING = {"system": "huawei", "method": "GET", "path": "/attachments", "times": 99}


def one_test(name: str, *marks: str, piece: str = "a.txt") -> str:
    """Return a test that attaches one piece."""
    lines = [f"@pytest.mark.evidence({mark})\n" for mark in marks]
    return f"{''.join(lines)}def {name}(evidence): evidence.text('{name}', name='{piece}')\n"


def suite(project: Project, *tests: str) -> None:
    """Write the only file with tests."""
    project.write("test_it.py", "import pytest", "", *tests)


def journals(project: Project) -> dict[Path, bytes]:
    """Return everything the spool remembers."""
    return {path: path.read_bytes() for path in project.spool.glob("*/*/*.jsonl")}


def at(sandbox: Sandbox, system: str) -> list[str]:
    """Return the objects of a system at which something was ever stored."""
    return [file.object for file in sandbox.store.ledger() if file.system == system]


def test_a_wrong_reference_is_corrected(project: Project, sandbox: Sandbox) -> None:
    """Rejected, the mark is mended, the new target gets it once; what was delivered stays as it is."""
    project.lead_to(sandbox, "squash archive")
    suite(project, one_test("test_a", "squash='TC-999'"), one_test("test_b", "squash='TC-13'"))
    ended = project.pytest("-q")
    assert (65, 3, 1) == (ended.status, *ended.numbers("delivered", "rejected"))
    suite(project, one_test("test_a", "squash='TC-12'"), one_test("test_b", "squash='TC-13'"))

    plain = project.command("push")
    pushed = project.command("push", "--remap")
    again = project.command("push", "--remap")

    assert (65, 0) == (plain.status, plain.counts["waiting"])
    assert (0, "") == (pushed.status, pushed.errors), pushed.out
    assert "remapped: 1 deliveries new, 1 given up\n" in pushed.out
    assert (2, 4, 4) == pushed.numbers("pieces", "deliveries", "delivered")
    assert (0, "nothing waits\n") == (again.status, again.out)
    assert [1, 1] == list(commits(sandbox, "squash").values())
    assert {"delivered": 4} == {s.value: n for s, n in states(project.record()).items()}
    told = project.command("status").out.splitlines()
    assert (1, True) == (len(told), told[0].endswith("4 delivered")), told
    assert "1 run removed, 0 stay\n" == project.command("clean").out


def test_what_has_the_same_targets_stays_rejected(project: Project, sandbox: Sandbox) -> None:
    """Collecting anew is no reason to send again what a person has not mended."""
    project.lead_to(sandbox, "huawei")
    suite(project, one_test("test_a", f"huawei='{NOWHERE}'"))
    assert 65 == project.pytest("-q").status
    before = journals(project)
    seen = len(sandbox.requests("huawei"))

    pushed = project.command("push", "--remap")

    assert (65, 1) == (pushed.status, *pushed.numbers("rejected"))
    assert "remapped: nothing; what is open has the targets that the tests have now" in pushed.out
    assert (before, seen) == (journals(project), len(sandbox.requests("huawei")))


def test_what_waits_follows_and_later_pushes_know(project: Project, sandbox: Sandbox) -> None:
    """Where the new target cannot be reached a plain push goes on later, with conftest away by then."""
    project.lead_to(sandbox, "huawei workiva")
    project.write(
        "conftest.py",
        "import pytest",
        "@pytest.hookimpl(optionalhook=True)",
        "def pytest_evidence_targets(item):",
        f"    return {{'huawei': '{GOOD}', 'workiva': 'f1/p1'}}",
    )
    suite(project, one_test("test_a"), one_test("test_b", piece="b.txt"))
    assert 0 == project.pytest("-q", mode="collect").status
    hook = (project.folder / "conftest.py").read_text()
    (project.folder / "conftest.py").write_text(hook.replace(GOOD, OTHER))
    sandbox.faults.add("status-503", system="huawei", times=99, retry_after="3600")

    first = project.command("push", "--remap")
    (project.folder / "conftest.py").unlink()
    sandbox.faults.clear()
    second = project.command("push")

    assert (75, 2, 2) == (first.status, *first.numbers("delivered", "waiting"))
    assert "remapped: 2 deliveries new, 2 given up\n" in first.out
    assert (0, 4) == (second.status, *second.numbers("delivered"))
    assert 2 == len(at(sandbox, "huawei"))
    assert all(OTHER in object for object in at(sandbox, "huawei"))


def test_only_open_pieces_move(project: Project, sandbox: Sandbox) -> None:
    """A piece that is delivered stays where it is; one of the same test that waits goes elsewhere."""
    project.lead_to(sandbox, "huawei", "evidence_parallel = 1")
    two = f"@pytest.mark.evidence(huawei='{GOOD}')\ndef test_a(evidence):\n"
    two += "    evidence.text('1', name='1.txt')\n    evidence.text('2', name='2.txt')\n"
    suite(project, two)
    sandbox.faults.add("status-413", system="huawei", method="POST", path="upload", after=1)
    assert 65 == project.pytest("-q").status
    suite(project, two.replace(GOOD, OTHER))

    pushed = project.command("push", "--remap")

    assert (0, 2, 2) == (pushed.status, *pushed.numbers("deliveries", "delivered"))
    assert [1, 1] == list(commits(sandbox, "huawei").values())
    assert [True, False] == [GOOD in object for object in at(sandbox, "huawei")]


@pytest.mark.parametrize("stored", [True, False])
def test_what_may_have_arrived_is_looked_for_first(
    project: Project, sandbox: Sandbox, stored: bool
) -> None:
    """Found at the old target it gets its receipt; else it stays uncertain until it surely is not."""
    project.lead_to(sandbox, "huawei", "evidence_deadline = 8")
    suite(project, one_test("test_a", f"huawei='{GOOD}'"))
    lost = "answer-lost" if stored else "reset-before-answer"
    sandbox.faults.add(lost, system="huawei", method="POST", path="upload")
    sandbox.faults.add("status-503", **NO_LISTING, retry_after="3600", after=1)
    ended = project.pytest("-q")
    assert (75, 1) == (ended.status, *ended.numbers("uncertain")), ended.out
    sandbox.faults.clear()
    suite(project, one_test("test_a", f"huawei='{OTHER}'"))
    if not stored:  # what happens when the time is over is shown with the engine alone
        sandbox.faults.add("status-503", **{**NO_LISTING, "path": GOOD}, retry_after="3600")

    pushed = project.command("push", "--remap")

    assert (
        "remapped: 1 deliveries new, 0 given up, 1 to be looked for at the old target first"
        in pushed.out
    )
    assert (2, 1) == pushed.numbers("deliveries", "delivered")
    assert {1} == set(commits(sandbox, "huawei").values())
    assert (1 if stored else 0) == sum(GOOD in object for object in at(sandbox, "huawei"))
    assert (
        (0, 1, 0)
        if stored
        else (75, 0, 1)
        == (
            pushed.status,
            *pushed.numbers("found", "uncertain"),
        )
    )


def test_a_test_that_is_gone_keeps_its_targets(project: Project, sandbox: Sandbox) -> None:
    """Said in one line; the others are delivered to their new ones."""
    project.lead_to(sandbox, "huawei")
    wrong = f"huawei='{NOWHERE}'"
    project.write("test_gone.py", "import pytest", one_test("test_x", wrong, piece="x.txt"))
    suite(project, one_test("test_a", wrong), one_test("test_b", wrong), one_test("test_c", wrong))
    assert 65 == project.pytest("-q").status
    (project.folder / "test_gone.py").unlink()
    suite(project, one_test("test_a", f"huawei='{GOOD}'"), one_test("test_renamed", wrong))

    pushed = project.command("push", "--remap")

    assert (65, 1, 3) == (pushed.status, *pushed.numbers("delivered", "rejected"))
    kept = (
        "kept: 3 tests are not collected any more, targets as before (first: test_gone.py::test_x)"
    )
    assert kept in pushed.out
    assert "remapped: 1 deliveries new, 1 given up\n" in pushed.out


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("import nowhere_at_all", "No module named 'nowhere_at_all'"),
        (
            "@pytest.mark.evidence(huawei='no-id')\ndef test_a(): pass",
            "test_it.py::test_a: huawei=",
        ),
        ("@pytest.mark.evidence(huwei='1')\ndef test_a(): pass", "did you mean 'huawei'?"),
    ],
)
def test_nothing_changes_where_the_tests_cannot_be_collected(
    project: Project, sandbox: Sandbox, broken: str, reason: str
) -> None:
    """78 with pytest's reason, no request, no line in any journal."""
    project.lead_to(sandbox, "huawei")
    suite(project, one_test("test_a", f"huawei='{NOWHERE}'"))
    assert 65 == project.pytest("-q").status
    before, seen = journals(project), len(sandbox.requests())
    suite(project, broken)

    pushed = project.command("push", "--remap")

    assert (78, "") == (pushed.status, pushed.out)
    assert "the tests cannot be collected, nothing was changed or sent" in pushed.errors
    assert reason in pushed.errors
    assert "Traceback" not in pushed.errors
    assert (before, seen) == (journals(project), len(sandbox.requests()))


def test_ctrl_c_while_the_tests_are_collected(project: Project, sandbox: Sandbox) -> None:
    """130, and nothing has changed."""
    project.lead_to(sandbox, "huawei")
    suite(project, one_test("test_a", f"huawei='{NOWHERE}'"))
    assert 65 == project.pytest("-q").status
    before = journals(project)
    project.write(
        "conftest.py", "import pathlib, time", "pathlib.Path('begun').touch()", "time.sleep(600)"
    )

    process = project.start_command("push", "--remap")
    wait_until((project.folder / "begun").exists)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)

    assert 130 == process.returncode
    assert before == journals(project)


def test_a_piece_without_any_target_is_named(project: Project, sandbox: Sandbox) -> None:
    """It leaves the counts of deliveries, not the spool; a mark that comes back brings it back."""
    project.lead_to(sandbox, "huawei")
    suite(project, one_test("test_a", f"huawei='{NOWHERE}'", piece="lost.txt"))
    assert 65 == project.pytest("-q").status
    run = project.record().run.id
    suite(project, one_test("test_a", "huawei=None"))

    bare = project.command("push", "--remap")
    suite(project, one_test("test_a", f"huawei='{GOOD}'"))
    mapped = project.command("push", "--remap", run)

    assert (0, 1, 0) == (bare.status, *bare.numbers("pieces", "deliveries"))
    assert "no target any more: lost.txt of test_it.py::test_a\n" in bare.out
    assert (0, 1) == (mapped.status, *mapped.numbers("delivered"))
    assert 1 == len(at(sandbox, "huawei"))


def test_the_runs_own_targets_follow_the_ini(project: Project, sandbox: Sandbox) -> None:
    """`evidence_run_targets` is the map of the run's own evidence."""
    project.lead_to(sandbox, "squash", "evidence_run_targets = squash=iterations/999")
    project.write("test_it.py", "def test_a(evidence_session): evidence_session.text('a')")
    assert 65 == project.pytest("-q").status
    ini = project.folder / "pytest.ini"
    ini.write_text(ini.read_text().replace("iterations/999", "iterations/4"))

    pushed = project.command("push", "--remap")

    assert (0, 1) == (pushed.status, *pushed.numbers("delivered"))
    assert 1 == len(commits(sandbox, "squash"))


def test_destinations_that_are_not_enabled_keep_theirs(project: Project, sandbox: Sandbox) -> None:
    """Remapping for one system is no reason to forget what waits for another."""
    project.lead_to(sandbox, "huawei workiva")
    suite(project, one_test("test_a", f"huawei='{NOWHERE}', workiva='f1/p1'"))
    assert 0 == project.pytest("-q", mode="collect").status
    suite(project, one_test("test_a", f"huawei='{GOOD}', workiva='f1/p1'"))

    first = project.command("push", "--remap", "-o", "evidence_destinations=huawei")
    second = project.command("push")

    assert (75, 1, 1) == (first.status, *first.numbers("delivered", "waiting"))
    assert (0, 2) == (second.status, *second.numbers("delivered"))


def test_collecting_runs_nothing_and_reports_to_nobody(project: Project, sandbox: Sandbox) -> None:
    """Fixtures and tests stay untouched, no report is written, conftest files and `-p` plugins act."""
    project.lead_to(sandbox, "huawei", "addopts = --junitxml=junit.xml -k nothing")
    project.write("plug.py", "def pytest_configure(config): open('plugged', 'a').close()")
    project.write("conftest.py", "import pathlib", "pathlib.Path('conf').touch()")
    ran = "import pathlib; pathlib.Path('ran').touch()\n"
    body = one_test("test_a", f"huawei='{NOWHERE}'")
    suite(project, body.replace("evidence.text", f"{ran.strip()}; evidence.text"))
    assert 65 == project.pytest("-q", "-o", "addopts=").status
    for name in ("ran", "conf"):
        (project.folder / name).unlink()
    suite(
        project,
        body.replace(NOWHERE, GOOD).replace("evidence.text", f"{ran.strip()}; evidence.text"),
    )

    pushed = project.command("push", "--remap", "-p", "plug")

    assert (0, 1) == (pushed.status, *pushed.numbers("delivered")), pushed.errors
    there = {path.name for path in project.folder.iterdir()}
    assert {"conf", "plugged"} <= there
    assert not {"ran", "junit.xml"} & there


NEEDING = """
def pytest_addoption(parser):
    parser.addoption("--place", required=True)

def pytest_generate_tests(metafunc):
    metafunc.parametrize("place", [metafunc.config.getoption("place")])
"""


def test_words_that_pytest_needs_stand_behind_dashes(project: Project, sandbox: Sandbox) -> None:
    """Without them a conftest file ends the collection, and nothing is changed; they are for it alone."""
    project.lead_to(sandbox, "huawei", "addopts = --import-mode=importlib")
    project.write("conftest.py", NEEDING)
    body = one_test("test_a", f"huawei='{NOWHERE}'").replace("(evidence)", "(evidence, place)")
    suite(project, body)
    assert 65 == project.pytest("-q", "--place=here").status
    suite(project, body.replace(NOWHERE, GOOD))

    lacking = project.command("push", "--remap")
    wrong = project.command("push", "--", "--place=here")
    pushed = project.command("push", "--remap", "--", "--place=here")

    assert (78, 4, 0) == (lacking.status, wrong.status, pushed.status), pushed.errors
    assert "the following arguments are required: --place" in lacking.errors
    assert "words behind -- are for the collection of --remap" in wrong.errors
    assert (1,) == pushed.numbers("delivered")


IMPATIENT = """
from pytest_attach_evidence.commands import collecting
collecting.SOON_S, collecting.LONGEST_S = 0.5, 3.0
"""


def test_a_collection_that_hangs_is_ended(project: Project, sandbox: Sandbox) -> None:
    """It is said that it is waited for, and for how long; then nothing was changed or sent: 78."""
    project.lead_to(sandbox, "huawei")
    suite(project, one_test("test_a", f"huawei='{NOWHERE}'"))
    assert 65 == project.pytest("-q").status
    project.write("impatient.py", IMPATIENT)
    lines = ("pathlib.Path('hangs').write_text(str(os.getpid()))", "while True: time.sleep(1)")
    project.write("conftest.py", "import os, pathlib, time", *lines)
    before = journals(project)

    pushed = project.command("push", "--remap", "-p", "impatient")

    assert 78 == pushed.status
    assert "" == pushed.out
    waits = "the tests are still being collected, for 3 s at most; Ctrl-C stops it\n"
    assert pushed.errors.startswith(waits)
    assert "nothing was changed or sent, it took more than 3 s" in pushed.errors
    assert before == journals(project)
    for started in project.folder.glob("hangs"):  # a slow machine may not have come so far
        with pytest.raises(ProcessLookupError):
            os.kill(int(started.read_text()), 0)
