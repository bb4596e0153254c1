"""The log of a test: one text of everything that was captured, harmless to read and bounded."""

from __future__ import annotations

import re
import sys

import pytest

from .. import peak
from .conftest import RunAndRead
from .conftest import Start


WORKERS = pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "-n2"])
LOGS = """
    import logging
    import sys
    import pytest

    log = logging.getLogger("shop")

    @pytest.fixture
    def noisy():
        print("setup out")
        log.warning("setup log")
        yield
        print("teardown out")
        log.warning("teardown log")

    def test_noisy(noisy):
        print("\\x1b[31mcall out\\x1b[0m")
        print("call err", file=sys.stderr)
        log.error("call log")
        raise ValueError("wrong")

    def test_quiet(): assert False

    def test_passes(noisy): pass
"""


@WORKERS
def test_everything_once_in_one_text(
    run_and_read_spool: RunAndRead, workers: tuple[str, ...]
) -> None:
    """A failed test leaves its log, output and traceback: each phase once, without colours."""
    run = run_and_read_spool(LOGS, *workers)
    log = run.content("test_noisy", "log.txt").decode()

    assert ["log.txt"] == run.names("test_noisy")
    assert [
        "log (setup)",
        "log (call)",
        "log (teardown)",
        "stdout (setup)",
        "stdout (call)",
        "stdout (teardown)",
        "stderr (call)",
        "traceback (call)",
    ] == re.findall(r"^===== (.*) =====$", log, re.MULTILINE)
    assert "===== stdout (call) =====\ncall out\n\n" in log
    captured = log.partition("===== traceback")[0]
    assert [1, 1, 1] == [captured.count(f"{phase} log") for phase in ("setup", "call", "teardown")]
    assert log.rstrip().endswith("ValueError")
    assert "traceback (call)" in run.content("test_quiet", "log.txt").decode()
    assert [] == run.names("test_passes")


@pytest.mark.parametrize(("mode", "expected"), [("off", []), ("always", ["log.txt"])])
def test_logs_are_an_option(run_and_read_spool: RunAndRead, mode: str, expected: list[str]) -> None:
    """`evidence_log` takes them never or always."""
    run = run_and_read_spool(LOGS, f"--evidence-log={mode}")

    assert expected == run.names("test_noisy")
    assert expected == run.names("test_passes")


ODD = r"""
    import os
    import sys

    def test_controls():
        print("\x1b[1;31mred\x1b[0m \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\ \x1b(Bset \x1b[2K \x1b[")
        print("10 %\r20 %\r\ndone\x00\x07\x9b31m\u202eevil\u202c \ud800")
        assert False

    def test_binary():
        sys.stdout.flush()
        os.write(1, bytes(range(256)) * 20)
        sys.stdout.buffer.write(b"\xff\xfe\x00 through the buffer")
        assert False
"""


@WORKERS
def test_control_characters(run_and_read_spool: RunAndRead, workers: tuple[str, ...]) -> None:
    """Nothing in a log is obeyed by a terminal or an editor; what it was can still be seen."""
    run = run_and_read_spool(ODD, "--show-capture=no", *workers)
    log = run.content("test_controls", "log.txt").decode()

    assert "\nred link set  \\x1b[\n" in log
    assert "\n10 %\n20 %\ndone\\x00\\x07\\x9b31m\\u202eevil\\u202c " in log
    odd = [c for c in log if not c.isprintable() and c != "\n"]
    assert [] == odd


@WORKERS
def test_binary_on_stdout(run_and_read_spool: RunAndRead, workers: tuple[str, ...]) -> None:
    """Bytes that are no text change nothing but their place in the log."""
    run = run_and_read_spool(ODD, "--show-capture=no", "--capture=fd", *workers)
    log = run.content("test_binary", "log.txt").decode()

    run.result.assert_outcomes(failed=2)
    assert "===== stdout (call) =====\n\\x00\\x01" in log
    assert "ABCDEFGHIJKLMNOPQRSTUVWXYZ" in log
    assert "\\x00 through the buffer" in log
    assert [] == run.refused


LARGE = """
    def test_large(evidence):
        for n in range(20_000):
            print(f"line {n:06}")
        raise ValueError("why")
"""


def test_head_and_tail(run_and_read_spool: RunAndRead) -> None:
    """Above `evidence_log_size` beginning and end are kept, the gap says how much is missing."""
    run = run_and_read_spool(LARGE, "--evidence-log-size=10K", "--show-capture=no")
    log = run.content("test_large", "log.txt").decode()
    (out, whole) = re.search(r"\[([\d,]+) of ([\d,]+) characters are left out here\]", log).groups()
    kept = re.findall(r"^line \d{6}$", log, re.MULTILINE)

    assert "240,000" == whole
    assert 240_000 - 12 * len(kept) == int(out.replace(",", ""))
    assert ("line 000000", "line 019999") == (kept[0], kept[-1])
    assert 9_000 < len(log) < 10 * 1024 + 500
    assert 'raise ValueError("why")' in log


SECRET = "s3cr3t-v4lue-of-the-t0ken"


@pytest.mark.parametrize("shift", range(0, 40, 5))
def test_no_secret_is_cut_in_two(
    monkeypatch: pytest.MonkeyPatch, run_and_read_spool: RunAndRead, shift: int
) -> None:
    """Where a secret stands at the gap no part of it remains, wherever exactly the cut is."""
    monkeypatch.setenv("PYTEST_EVIDENCE_SQUASH_TOKEN", SECRET)
    suite = f"""
        def test_it():
            print("x" * {shift} + {SECRET!r} * 2000)
            assert False
    """

    run = run_and_read_spool(suite, "--evidence-log-size=2K", "--show-capture=no", "--tb=no")
    log = run.content("test_it", "log.txt").decode()

    assert "characters are left out here" in log
    assert "[redacted]" in log
    assert [] == [part for part in ("s3cr3t", "v4lue", "t0ken") if part in log.split("=====")[2]]


HUGE = """
    def test_huge():
        line = "x" * 99_999 + "\\n"
        for _ in range(2000):
            print(line, end="")
        assert False
"""
PEAK = f"""{peak.SOURCE}
import atexit
import pathlib

def tell():
    pathlib.Path("peak.txt").write_text(str(peak_kib()))

atexit.register(tell)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell the peak of memory")
def test_much_output_needs_little_memory(
    pytester: pytest.Pytester, start: Start, run_and_read_spool: RunAndRead
) -> None:
    """200 MB of output cost us no more memory than the log takes, beside what pytest needs for it."""
    pytester.makeconftest(PEAK)
    quiet = ("--show-capture=no", "--tb=no")
    start(HUGE, *quiet, mode="off", apart=True)
    bare = int((pytester.path / "peak.txt").read_text())

    run = run_and_read_spool(HUGE, *quiet, apart=True)
    ours = int((pytester.path / "peak.txt").read_text())
    log = run.content("test_huge", "log.txt")

    assert bare > 200 * 1024
    assert ours - bare < 48 * 1024
    assert 1_000_000 < len(log) < 1_100_000
    assert b" of 200,000,000 characters are left out here]" in log


STEPS = """
    import warnings

    def test_steps(evidence):
        with evidence.step("Log in"):
            with evidence.step("Enter\\nname"):
                evidence.text("a", name="a.txt")
        with evidence.step("Pay"):
            raise ValueError("broke")

    def test_odd_title(evidence):
        class Wordless:
            def __str__(self): raise RuntimeError("no words")
        with evidence.step(Wordless()):
            pass
        assert False
"""


def test_steps_with_their_times(run_and_read_spool: RunAndRead) -> None:
    """The log begins with the steps: when each began, how long it took, how it ended."""
    run = run_and_read_spool(STEPS)
    log = run.content("test_steps", "log.txt").decode()
    lines = re.findall(r"^ +\d+\.\d{3} s +\d+\.\d{3} s  (\w+)  (.*)$", log, re.MULTILINE)

    assert log.startswith("===== steps =====\n")
    assert [("passed", "Log in"), ("passed", "Log in / Enter name"), ("failed", "Pay")] == lines
    assert (
        "a step without a title (RuntimeError)" in run.content("test_odd_title", "log.txt").decode()
    )


SKIPPED = """
    import asyncio
    import pytest

    async def step(evidence, title, *, after, then):
        with evidence.step(title):
            then.set()
            await after.wait()

    def test_skipped(evidence):
        async def two_at_once():
            begun, other = asyncio.Event(), asyncio.Event()
            await asyncio.gather(
                step(evidence, "First", after=other, then=begun),
                step(evidence, "Second", after=begun, then=other),
            )
        asyncio.run(two_at_once())
        with evidence.step("Third"):
            evidence.text("a", name="a.txt")
            pytest.skip("not here")
"""


def test_the_log_and_the_record_tell_the_same_of_steps(run_and_read_spool: RunAndRead) -> None:
    """Steps of tasks that overlap, and one that skips: as many, ended alike, by number and by time."""
    run = run_and_read_spool(SKIPPED, "--evidence-log=always")
    log = run.content("test_skipped", "log.txt").decode()
    lines = re.findall(r"^ +\d+\.\d{3} s +\d+\.\d{3} s  (\w+) +(.*)$", log, re.MULTILINE)

    assert [("passed", "First"), ("passed", "Second"), ("skipped", "Third")] == lines
    assert ("passed", "passed", "skipped") == run.item("test_skipped").steps
    piece = run.piece("test_skipped", "a.txt")
    assert ("Third", 3) == (piece.step, piece.step_number)


WARNINGS = """
    import warnings
    import pytest

    class Wordless(UserWarning):
        def __str__(self): raise RuntimeError("no words")

    def test_fails():
        for _ in range(3):
            warnings.warn("old way", DeprecationWarning)
        warnings.warn("secret", UserWarning)
        assert False

    def test_passes():
        warnings.warn("only here", UserWarning)

    def test_quiet(): assert False
"""


@WORKERS
@pytest.mark.parametrize("mode", ["failed", "always", "off"])
def test_warnings(run_and_read_spool: RunAndRead, workers: tuple[str, ...], mode: str) -> None:
    """What a test was warned of is a piece of its own, each warning once with its number."""
    run = run_and_read_spool(
        WARNINGS, f"--evidence-log={mode}", "-W", "always", "-p", "no:logging", *workers
    )

    expected = [] if mode == "off" else ["log.txt", "warnings.txt"]
    assert expected == run.names("test_fails")
    assert (["warnings.txt"] if mode == "always" else []) == run.names("test_passes")
    assert [] == [n for n in run.names("test_quiet") if n != "log.txt"]
    if mode != "off":
        text = run.content("test_fails", "warnings.txt").decode()
        assert "DeprecationWarning: old way (3 times)\n" in text
        assert "UserWarning: secret\n" in text
        assert "only here" not in text
    if mode == "always":
        assert "passed" == run.item("test_passes").outcome


REPEATED = """
    import warnings
    import pytest

    attempts = {}

    @pytest.fixture(autouse=True)
    def number(request):
        number = attempts[request.node.name] = attempts.get(request.node.name, 0) + 1
        warnings.warn(f"setup {number}")
        yield number
        warnings.warn(f"teardown {number}")

    @pytest.mark.flaky(reruns=2)
    def test_fails(number):
        with warnings.catch_warnings(record=True):
            warnings.warn("caught by the test itself")
        with pytest.warns(UserWarning):
            warnings.warn("expected")
        assert False

    @pytest.mark.flaky(reruns=1)
    def test_second_passes(number):
        assert number == 2

    def test_next(): assert False
"""


@WORKERS
@pytest.mark.parametrize("reruns", ["all", "last"])
def test_warnings_stay_with_their_attempt(
    run_and_read_spool: RunAndRead, workers: tuple[str, ...], reruns: str
) -> None:
    """Each attempt of a repeated test has the warnings of its own, and is as wanted as the attempt is."""
    run = run_and_read_spool(
        REPEATED,
        *("-p", "pytest_rerunfailures", "-W", "always", f"-oevidence_reruns={reruns}"),
        *workers,
    )

    def warned(name: str) -> dict[int, list[str]]:
        found = {}
        for item in run.items(name):
            for piece in run.wanted:
                if piece.item_id == item.id and piece.name == "warnings.txt":
                    with run.folder.open_content(piece) as file:
                        lines = file.read().decode().splitlines()
                    found[item.rerun] = [line.partition("UserWarning: ")[2] for line in lines]
                    assert "" == piece.remark
        return found

    kept = {"all": [0, 1, 2], "last": [2]}[reruns]
    assert {n: [f"setup {n + 1}", f"teardown {n + 1}"] for n in kept} == warned("test_fails")
    passing = {0: ["setup 1", "teardown 1"]} if reruns == "all" else {}
    assert passing == warned("test_second_passes")
    assert {0: ["setup 1", "teardown 1"]} == warned("test_next")


FEATURE = """
Feature: Shop
  Scenario: Pay
    Given a cart with 2 things
    When I pay
    Then nothing is left
"""
BDD = """
    from pytest_bdd import given, scenarios, then, when
    import pytest_attach_evidence

    scenarios("shop.feature")

    @given("a cart with 2 things")
    def cart(): pytest_attach_evidence.attach(b"2", name="cart.txt")

    @when("I pay")
    def pay(): pytest_attach_evidence.attach(b"paid", name="receipt.txt")

    @then("nothing is left")
    def empty(): raise ValueError("something is left")
"""


@WORKERS
def test_steps_of_a_scenario(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, workers: tuple[str, ...]
) -> None:
    """pytest-bdd's steps are steps of the test: in its log, and at what was attached meanwhile."""
    (pytester.path / "shop.feature").write_text(FEATURE)

    run = run_and_read_spool(BDD, "-p", "pytest_bdd.plugin", *workers)
    log = run.content("test_pay", "log.txt").decode()

    steps = ["Given a cart with 2 things", "When I pay", "Then nothing is left"]
    found = re.findall(r" s  (\w+)  (.*)$", log, re.MULTILINE)
    assert [("passed", steps[0]), ("passed", steps[1]), ("failed", steps[2])] == found
    assert steps[:2] == [p.step for p in run.pieces("test_pay") if p.name != "log.txt"]
    assert "" == run.piece("test_pay", "log.txt").step


def test_steps_of_a_scenario_without_a_log(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead
) -> None:
    """What is attached in a step knows it also where no log is wanted."""
    (pytester.path / "shop.feature").write_text(FEATURE)

    run = run_and_read_spool(BDD, "-p", "pytest_bdd.plugin", "--evidence-log=off")

    assert ["Given a cart with 2 things", "When I pay"] == [p.step for p in run.pieces("test_pay")]
