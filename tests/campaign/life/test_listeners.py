"""Nobody listens any more, or cannot read it: no traceback, no lost work, pytest's own status."""

from __future__ import annotations

import pytest

from ...commands.project import commits
from .scene import WORKERS
from .scene import Life


SUITE = """
import pytest

@pytest.mark.evidence(squash="TC-1", huawei="956239067176935400")
@pytest.mark.parametrize("number", range(3))
def test_it(evidence, number):
    print("noise of the test")
    keep(evidence, f"{number}.txt")
"""
PYTEST = "{python} -m pytest -p attach-evidence -p no:cacheprovider"
COMMAND = "{python} -m pytest_attach_evidence"
GONE = {
    "head": "({words}; echo status=$? >&2) | head -n 0",
    "reader that left": "({words}; echo status=$? >&2) | true",
    "closed": "{words} >&-; echo status=$? >&2",
    "closed errors": "{words} 2>&-; echo status=$?",
    "full disk": "{words} >/dev/full; echo status=$? >&2",
}


@pytest.mark.parametrize("how", GONE)
@pytest.mark.parametrize("command", ["status", "push", "clean", "--help"])
def test_a_command_that_nobody_listens_to(life: Life, command: str, how: str) -> None:
    """It does its work, ends with the status of its work, and complains to nobody."""
    life.suite(SUITE)
    life.session("-q", mode="collect")
    words = GONE[how].replace("{words}", f"{COMMAND} {command}")

    done = life.project.in_shell(words)
    delivered = len(life.record().receipts)

    assert "status=0" in done.out + done.errors, done
    assert "Traceback" not in done.out + done.errors
    assert "Exception ignored" not in done.out + done.errors
    assert (9 if command == "push" else 0) == delivered


@pytest.mark.parametrize("command", ["push nowhere", "status nowhere", "fly", "push --fly"])
def test_an_error_that_nobody_listens_to(life: Life, command: str) -> None:
    """A closed standard error changes neither the status nor what is printed elsewhere."""
    heard = life.project.in_shell(f"{COMMAND} {command}; echo status=$?")
    unheard = life.project.in_shell(f"{COMMAND} {command} 2>&-; echo status=$?")

    assert heard.out.splitlines()[-1] == unheard.out.splitlines()[-1] != "status=0"
    assert "" == unheard.errors


@WORKERS
@pytest.mark.parametrize("how", [how for how in GONE if how != "closed"])
def test_a_session_that_nobody_listens_to(life: Life, how: str, workers: tuple[str, ...]) -> None:
    """Pytest ends as it does without evidence; what was attached is delivered or waits."""
    life.suite(SUITE)
    words = GONE[how].replace("{words}", f"{PYTEST} {' '.join(workers)} --evidence={{mode}}")

    plain = life.project.in_shell(words.replace("{mode}", "off"))
    done = life.project.in_shell(words.replace("{mode}", "upload"))
    life.settle()

    assert _status(plain.out + plain.errors) == _status(done.out + done.errors)
    assert "evidence" not in done.errors.replace("attach-evidence", "")
    assert {1} >= set(commits(life.sandbox, "huawei").values())


def _status(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("status="))


@WORKERS
@pytest.mark.parametrize("flags", ["-q -q -q", "--capture=no", "--capture=tee-sys"])
def test_quiet_and_loud_sessions(life: Life, flags: str, workers: tuple[str, ...]) -> None:
    """One last line whatever is captured, and nothing of ours among the tests' own output."""
    life.suite(SUITE)

    session = life.session(*flags.split(), *workers)

    assert 0 == session.status
    assert 1 == session.out.count("evidence: pieces=3 ")
    assert (9, 9) == session.numbers("deliveries", "delivered")
    assert "" == session.errors
    assert all(piece.name.endswith(".txt") for piece in life.record().pieces)


@WORKERS
def test_a_locale_without_utf_8(life: Life, workers: tuple[str, ...]) -> None:
    """Names that the terminal cannot show are kept as they are and shown as far as it can."""
    life.suite("""
import pytest

@pytest.mark.evidence(squash="TC-1")
@pytest.mark.parametrize("value", ["é", "日本"])
def test_it(evidence, value):
    keep(evidence, "prüfung-日本.txt")
    assert value == "é", "fällt durch"
""")
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    plain = life.session(*workers, mode="off", **locale)

    session = life.session(*workers, **locale)
    told = life.project.command("status", **locale)
    life.settle()

    assert (1, "") == (session.status, session.errors)
    assert plain.status == session.status
    assert (0, "") == (told.status, told.errors)
    assert 2 == [piece.name for piece in life.record().pieces].count("prüfung-日本.txt")


LAST_FAILED = """
import os
import pytest

@pytest.mark.evidence(squash="TC-1")
def test_fails(evidence):
    keep(evidence, "fails.txt")
    assert os.environ.get("MENDED")

@pytest.mark.evidence(squash="TC-2")
def test_passes(evidence):
    keep(evidence, "passes.txt")
"""


@WORKERS
def test_last_failed(life: Life, workers: tuple[str, ...]) -> None:
    """`--lf` is a run of its own: it attaches what its tests attach, and says nothing of others."""
    life.suite(LAST_FAILED)
    cache = ("-p", "cacheprovider", *workers)

    first = life.session(*cache)
    second = life.session(*cache, "--lf", MENDED="1")
    life.settle()

    assert (1, 0) == (first.status, second.status), second
    assert (2, 1) == (first.counts["pieces"], second.counts["pieces"])
    assert {"FAILURE", "SUCCESS"} == set(life.statuses().values())
    assert 3 == len(commits(life.sandbox, "squash"))


@WORKERS
@pytest.mark.parametrize("flag", ["--collect-only", "--setup-plan", "-p no:attach-evidence"])
def test_sessions_that_attach_nothing(life: Life, flag: str, workers: tuple[str, ...]) -> None:
    """No spool, no request, and pytest's own status."""
    life.suite("def test_it(): pass")
    mode = "" if flag.startswith("-p") else "--evidence=upload"
    words = f"{{python}} -m pytest -p no:cacheprovider {mode} {flag} {' '.join(workers)}"
    loaded = "-p attach-evidence" if mode else ""

    done = life.project.in_shell(f"{words} {loaded}")

    assert (0, "") == (done.status, done.errors)
    assert not life.project.spool.exists()
    assert [] == life.sandbox.requests()
