"""However a session ends: pytest's status and output are kept, evidence is delivered, the line is there."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from pytest_attach_evidence import delivering
from pytest_attach_evidence import session
from pytest_attach_evidence.deliveries import is_settled
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.run_record import Move
from pytest_attach_evidence.spool import DeliveryLog
from pytest_attach_evidence.spool import RunFolder

from .conftest import RunAndRead
from .conftest import Start
from .reading import LINE
from .reading import everything_printed
from .reading import read_back


ATTACHING = "def test_a(evidence): evidence.text('a')\n"
FAILING = "def test_b(evidence): evidence.text('b'); assert False, 'what failed'\n"


@pytest.mark.parametrize(
    ("suite", "args"),
    [
        (ATTACHING, ["--strict-markers"]),
        (ATTACHING, ["-k", "nothing"]),
        *((ATTACHING + FAILING, ["-x", *workers]) for workers in ([], ["-n2"])),
        *(("x = 1", workers) for workers in ([], ["-n2"])),
        *(("import nowhere", workers) for workers in ([], ["-n2"])),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_usual_ends(
    start: Start, run_and_read_spool: RunAndRead, suite: str, args: list[str]
) -> None:
    """The status is what it is without us, and the last line is printed once."""
    plain = start(suite, *args, mode="off")

    run = run_and_read_spool(suite, *args)

    assert plain.ret == run.result.ret
    assert run.line["pieces"] == run.line["delivered"]
    assert run.record.finished


def test_continue_on_collection_errors(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead
) -> None:
    """Tests that run beside a module that cannot be imported keep their evidence."""
    pytester.makepyfile(test_wrong="import nowhere")

    run = run_and_read_spool(ATTACHING, "--continue-on-collection-errors")

    assert ("1", "1") == (run.line["pieces"], run.line["delivered"])
    assert 1 == run.result.ret


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ("pytest.exit('enough', returncode=9)", 9),
        ("pytest.exit('enough')", 2),
        ("raise KeyboardInterrupt", 2),
        ("os.kill(os.getpid(), signal.SIGINT)", 2),
    ],
)
def test_interrupted_test(run_and_read_spool: RunAndRead, end: str, expected: int) -> None:
    """A test that ends the session keeps pytest's status and output; its evidence is delivered."""
    suite = (
        f"import os, signal, pytest\n{FAILING}\ndef test_c(evidence): evidence.text('c'); {end}\n"
    )

    run = run_and_read_spool(suite, apart=True)

    assert expected == run.result.ret
    assert ["text.txt", "log.txt"] == run.names("test_b")
    assert ("unknown", ["text.txt"]) == (run.item("test_c").outcome, run.names("test_c"))
    assert run.line["pieces"] == run.line["delivered"]
    if expected == 2:
        run.result.stdout.fnmatch_lines(["*= FAILURES =*", "*what failed*"])


def test_interrupt_with_workers(run_and_read_spool: RunAndRead) -> None:
    """Ctrl-C while workers run keeps status 2 and delivers what they attached."""
    suite = f"""
        import os, signal
        {FAILING.strip()}
        def test_c(evidence):
            evidence.text('c')
            os.kill(os.getppid(), signal.SIGINT)
    """

    run = run_and_read_spool(suite, "-n2", "--dist=loadfile", apart=True)

    assert 2 == run.result.ret
    assert ["text.txt"] == run.names("test_c")
    assert run.line["pieces"] == run.line["delivered"]


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        ("def pytest_runtest_logreport(report): raise ValueError('broken plugin')", 3),
        ("def pytest_runtest_protocol(item): raise ValueError('broken plugin')", 3),
        ("def pytest_runtest_makereport(item, call): raise ValueError('broken plugin')", 3),
        ("def pytest_sessionfinish(session): raise ValueError('broken plugin')", 1),
        ("def pytest_terminal_summary(): raise ValueError('broken plugin')", 1),
        ("def pytest_unconfigure(): raise ValueError('broken plugin')", 1),
        ("def pytest_collection_finish(session): raise ValueError('broken plugin')", 3),
        ("def pytest_sessionstart(session): raise ValueError('broken plugin')", 3),
    ],
)
def test_error_in_another_plugin(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, hook: str, expected: int
) -> None:
    """An internal error of somebody else's keeps its status, and our line is printed all the same."""
    pytester.makeconftest(hook)

    run = run_and_read_spool(ATTACHING, apart=True)

    assert expected == run.result.ret
    assert "broken plugin" in run.output
    assert run.line["pieces"] == run.line["delivered"]


def test_error_in_another_plugin_of_a_worker(
    pytester: pytest.Pytester, start: Start, run_and_read_spool: RunAndRead
) -> None:
    """The same in workers: what was attached before is delivered."""
    pytester.makeconftest("""
        def pytest_runtest_makereport(item, call):
            if item.name == "test_b" and call.when == "call":
                raise ValueError("broken plugin")
    """)

    plain = start(ATTACHING + FAILING, "-n1", mode="off", apart=True)

    run = run_and_read_spool("", "-n1", apart=True)

    assert plain.ret == run.result.ret
    assert ["text.txt"] == run.names("test_a") == run.names("test_b")
    assert run.line["pieces"] == run.line["delivered"]


def test_argument_that_is_no_file(start: Start) -> None:
    """An argument pytest does not find stays its usage error, with our line once."""
    result = start(ATTACHING, "nowhere.py")

    assert 4 == result.ret
    assert 1 == len(LINE.findall(everything_printed(result)))
    result.stderr.fnmatch_lines(["ERROR: file or directory not found: nowhere.py"])


INTERRUPTED = """
    import os
    import signal
    import pytest
    from pytest_attach_evidence.destinations.archive import Archive

    class Slow(Archive):
        def __init__(self, settings, secrets, budget):
            super().__init__(settings, secrets, budget)
            self.budget = budget

        def deliver(self, target, deliveries, open_content, notes):
            os.kill(os.getpid(), signal.SIGINT)
            self.budget.stop.wait(30)
            return {}

    def pytest_evidence_destinations():
        return {"archive": Slow}
"""


def test_interrupted_delivery(pytester: pytest.Pytester, run_and_read_spool: RunAndRead) -> None:
    """Ctrl-C while evidence is sent ends the sending; what is open is said, and pytest's 2 with it."""
    pytester.makepyfile(plugged=INTERRUPTED)

    run = run_and_read_spool(ATTACHING, "-p", "plugged", apart=True)

    assert 2 == run.result.ret
    assert ("1", "0") == (run.line["deliveries"], run.line["delivered"])
    assert run.line["next"].startswith("attach-evidence push ")
    run.result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("place", "delivered"),
    [
        ((session, "attach_reports"), "0"),
        ((delivering, "deliver_runs"), "0"),
        ((delivering, "tidy"), "1"),
        ((delivering, "undelivered"), "1"),
    ],
)
def test_interrupted_anywhere(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    start: Start,
    place: tuple[ModuleType, str],
    delivered: str,
) -> None:
    """Ctrl-C at any point of our session end sends nothing more and still prints the last line."""

    def interrupt(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(*place, interrupt)
        result = start(ATTACHING)
    run = read_back(result, pytester.path / ".evidence")

    assert 2 == run.result.ret
    assert ("1", delivered) == (run.line["pieces"], run.line["delivered"])


def test_runs_that_are_delivered_are_tidied(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead
) -> None:
    """Only the newest delivered runs stay, with what waits; pieces nobody wants lose their bytes."""
    suite = """
        import pytest

        @pytest.mark.evidence(when="failed")
        def test_a(evidence): evidence.text("dropped")
        def test_b(evidence): evidence.text("kept")
    """
    waiting = run_and_read_spool(ATTACHING, mode="collect")
    settled = [run_and_read_spool(suite, "-o", "evidence_keep_runs=2") for _ in range(4)]
    there = [path.parent.name for path in pytester.path.glob(".evidence/*/journals")]

    assert 3 == len(there)
    assert {waiting.folder.id, settled[-1].folder.id} < set(there)
    assert 1 == len(list((settled[-1].folder.path / "blobs").iterdir()))
    assert 4 == len(list(pytester.path.glob(".evidence/archive/*")))


def test_a_run_that_is_opened_again_while_runs_are_tidied_stays(
    monkeypatch: pytest.MonkeyPatch, run_and_read_spool: RunAndRead
) -> None:
    """What a push has found out since the run was looked at counts, not what was seen then."""
    run = run_and_read_spool(ATTACHING)
    (item,) = run.items("test_a")
    (piece,) = run.wanted
    lock = RunFolder.lock

    def opened_again(self: RunFolder, **more: Any) -> None:
        if self.id == run.folder.id:
            targets = (Target.of("archive", "", "folder", "other"),)
            log = DeliveryLog([self])
            moved = Move(item=item, targets=targets, pieces={piece.id: targets}, withdrawn={})
            log.remapped(self.id, [moved])
            log.close()
        lock(self, **more)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "lock", opened_again)
        run_and_read_spool(ATTACHING, "-o", "evidence_keep_runs=1")

    assert not is_settled(run.folder.read())
