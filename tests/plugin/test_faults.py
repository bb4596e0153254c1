"""Errors of ours, in every hook: the tests and pytest's output stay, the last line and 70 say it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from functools import reduce

import pytest

from pytest_attach_evidence.commands import push
from pytest_attach_evidence.deliveries import is_settled

from .conftest import RunAndRead
from .conftest import Start
from .reading import LINE
from .reading import everything_printed
from .reading import read_back


SUITE = """
    def test_one(evidence): evidence.text("one")
    def test_two(evidence, evidence_session): evidence_session.text("two")
"""
FAULTY = """
    import importlib
    import os
    from functools import reduce

    def boom(*args, **options):
        raise RuntimeError("a fault of ours")

    module, _, path = os.environ["FAULT"].partition(":")
    *outer, name = path.split(".")
    owner = importlib.import_module(f"pytest_attach_evidence.{module}")
    setattr(reduce(getattr, outer, owner), name, boom)
"""
BEFORE_THE_RUN = ("project:load", "session:begin_run", "session:load_project")
WHILE_TESTS_RUN = (
    "session:Collecting.start",
    "session:decide",
    "project:Project.decide",
    "marks:levels_of",
    "capture.items:Items.begin",
    "capture.items:Items.phase",
    "capture.items:Items.report",
    "capture.items:Items.end",
    "recorder:Recorder.end",
    "collection:Collection.begin",
    "session:Outcomes.add",
)
AT_THE_END = (
    "session:attach_reports",
    "session:Collecting.stop",
    "spool:RunFolder.write_finished",
    "delivering:deliver_runs",
    "delivering:deliver_runs delivering:nothing_sent",
    "delivering:tidy",
    "delivering:undelivered",
    "deliver:plan",
    "report.summary:Summary.lines",
    "report.summary:Summary.counts",
    "ending:Summary",
    "report.document:document",
    "report.document:write",
    "again:next_options delivering:deliver_runs",
)
AFTER_THE_SUMMARY = (
    "ending:Ending._finish",
    "ending:Ending._status",
    "voice:Voice.say",
    "spool:RunFolder.release",
    "collection:forget",
)


Faulty = Callable[..., pytest.RunResult]


def replaced(fault: str, patch: pytest.MonkeyPatch) -> None:
    """Let functions of ours, named as `module:path module:path`, raise."""
    for one in fault.split():
        module, _, path = one.partition(":")
        *outer, name = path.split(".")
        owner = importlib.import_module(f"pytest_attach_evidence.{module}")
        patch.setattr(reduce(getattr, outer, owner), name, boom)


def boom(*args: object, **options: object) -> None:
    """Raise, whatever is asked."""
    raise RuntimeError("a fault of ours")


@pytest.fixture
def run_faulty(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, start: Start) -> Faulty:
    """Run a suite in this process while functions of ours raise."""

    def run(fault: str, *args: str, suite: str = SUITE, mode: str = "upload") -> pytest.RunResult:
        with monkeypatch.context() as patch:
            replaced(fault, patch)
            return start(suite, *args, mode=mode)

    return run


@pytest.fixture
def faulty_workers(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> list[str]:
    """Options for two workers, in which functions of ours raise, as they do in the controller."""
    monkeypatch.setenv("FAULT", request.param)
    pytester.makepyfile(faulty=FAULTY)
    pytester.syspathinsert()
    return ["-p", "faulty", "-n2"]


def others_output(result: pytest.RunResult) -> list[str]:
    """Return what pytest printed beside our header and section, without times."""
    text = re.sub(r"=+ evidence =+\n(.*\n)*?(?==+ )", "", everything_printed(result))
    lines = (re.sub(r"\d+\.\d+s", "", line) for line in text.splitlines())
    lines = (line.strip(" =") for line in lines if not line.startswith(("evidence:", "rootdir:")))
    return [line for line in lines if line]


@pytest.mark.parametrize("fault", [*WHILE_TESTS_RUN, *AT_THE_END])
def test_fault(pytester: pytest.Pytester, start: Start, run_faulty: Faulty, fault: str) -> None:
    """Tests pass, pytest's output is what it is without us, the last line stands, the status is 70."""
    plain = start(SUITE, mode="off")

    run = read_back(run_faulty(fault), pytester.path / ".evidence")

    run.result.assert_outcomes(passed=2)
    assert others_output(plain) == others_output(run.result)
    assert "bug of pytest-attach-evidence: " in run.output
    assert "RuntimeError: a fault of ours" in run.output
    assert "Traceback" not in run.output
    assert 70 == run.result.ret


@pytest.mark.parametrize("fault", AFTER_THE_SUMMARY)
def test_fault_after_the_summary(
    pytester: pytest.Pytester, start: Start, run_faulty: Faulty, fault: str
) -> None:
    """What fails when pytest has said everything is said after it, with the last line if that was not."""
    plain = others_output(start(SUITE, mode="off"))

    run = read_back(run_faulty(fault), pytester.path / ".evidence")

    assert plain == others_output(run.result)[: len(plain)]
    assert "bug of pytest-attach-evidence: " in run.output
    assert "Traceback" not in run.output
    assert 70 == run.result.ret


@pytest.mark.parametrize("fault", BEFORE_THE_RUN)
def test_fault_before_the_run(run_faulty: Faulty, fault: str) -> None:
    """Without a run the tests are run all the same, and the last line says that nothing is kept."""
    _check_without_a_run(run_faulty(fault))


def _check_without_a_run(result: pytest.RunResult) -> None:
    (line,) = LINE.findall(everything_printed(result))
    result.assert_outcomes(passed=2)
    assert 'missing=0 run= next=""' in line
    result.stdout.fnmatch_lines(["bug of pytest-attach-evidence: *RuntimeError: a fault of ours"])
    assert 70 == result.ret


@pytest.mark.parametrize("faulty_workers", ["project:load"], indirect=True)
def test_fault_before_the_run_in_workers(start: Start, faulty_workers: list[str]) -> None:
    """The same with workers, which tell nothing of their own."""
    _check_without_a_run(start(SUITE, *faulty_workers, apart=True))


@pytest.mark.parametrize(
    "faulty_workers",
    [
        "session:Collecting.start",
        "session:decide",
        "capture.items:Items.report",
        "session:Collecting.stop",
    ],
    indirect=True,
)
def test_fault_in_workers(run_and_read_spool: RunAndRead, faulty_workers: list[str]) -> None:
    """An error of ours in a worker is told by the controller, once for both workers."""
    run = run_and_read_spool(SUITE, *faulty_workers, apart=True)
    bugs = re.findall("^bug of pytest-attach-evidence: .*$", run.output, re.MULTILINE)

    run.result.assert_outcomes(passed=2)
    assert sorted(set(bugs)) == sorted(bugs) != []
    assert 70 == run.result.ret


@pytest.mark.parametrize("fault", AT_THE_END)
def test_run_stays_pushable(pytester: pytest.Pytester, run_faulty: Faulty, fault: str) -> None:
    """Whatever fails at the end of a session, `push` delivers afterwards what it left."""
    run = read_back(run_faulty(fault), pytester.path / ".evidence")

    pushed = push.main([])

    assert 0 == pushed
    assert is_settled(run.folder.read())
    assert 2 == len(run.folder.read().receipts)


@pytest.mark.parametrize(
    ("args", "body", "expected"),
    [
        (["--evidence=upload"], "assert False", 1),
        (["--evidence=upload", "-o", "evidence_on_undelivered=warn"], "pass", 0),
        (["--evidence=collect"], "pass", 0),
    ],
)
@pytest.mark.parametrize("fault", ["delivering:deliver_runs delivering:nothing_sent"])
def test_pytests_own_status_wins(
    run_faulty: Faulty, fault: str, args: list[str], body: str, expected: int
) -> None:
    """70 takes the place of 0 only where evidence that is not delivered fails the run."""
    result = run_faulty(fault, *args, suite=f"def test_it(evidence): {body}", mode="")

    assert expected == result.ret
    assert "bug of pytest-attach-evidence: " in everything_printed(result)
