"""`attach-evidence check` as people and CI run it: a table, a document, an exit status."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from pytest_attach_evidence.commands.seen_tests import problems_of
from pytest_attach_evidence.sandbox import Sandbox

from .project import Ended
from .project import Project


DEADLINE_S = 15


def marked(**targets: str) -> str:
    """Return a test with a mark."""
    marks = ", ".join(f"{name}={text!r}" for name, text in targets.items())
    name = "_".join(targets)
    return f"@pytest.mark.evidence({marks})\ndef test_{name}(evidence):\n    raise AssertionError\n"


def problems(ended: Ended) -> list[str]:
    """Return the problems and warnings that were printed."""
    return [line for line in ended.out.split("\n") if line.startswith(("problem: ", "warning: "))]


def document(ended: Ended) -> Any:
    """Return the document that was printed, and nothing beside it."""
    return json.loads(ended.out)


def test_what_is_fine_ends_with_0(project: Project, sandbox: Sandbox) -> None:
    """Every fact has its line; no test is run, and nothing is changed."""
    project.lead_to(sandbox, "squash archive")
    project.write("test_it.py", "import pytest", marked(squash="TC-12"), "def test_bare(): pass")

    ended = project.command("check")

    assert 0 == ended.status
    assert "2 collected, 1 mapped to an object" in ended.out
    assert "check: destinations=2 objects=2 problems=0 warnings=0" in ended.out
    assert "line 312 of the plan" in ended.out
    assert [] == sandbox.store.ledger()
    assert not project.spool.exists()


def test_each_problem_has_its_line(project: Project, sandbox: Sandbox) -> None:
    """It names the object, what was seen, and what to do; the table names the test."""
    project.lead_to(sandbox, "squash")
    project.write("test_it.py", "import pytest", marked(squash="TC-99"))

    ended = project.command("check")

    [problem] = problems(ended)
    assert "squash reference TC-99" in problem
    assert "nearest is TC-9" in problem
    assert "test_it.py::test_squash" in ended.out
    assert 65 == ended.status


def test_settings_tell_where_they_come_from(project: Project, sandbox: Sandbox) -> None:
    """Flag, `-o`, ini file, environment or default; a secret is set or not, and never shown."""
    project.lead_to(sandbox, "squash")
    project.write("test_it.py", "import pytest", marked(squash="TC-12"))
    words = ("--evidence-squash-iteration=4", "-o", "evidence_squash_comment=on")

    ended = project.command("check", "--json", *words)

    found = document(ended)["settings"]["squash"]
    origins = {fact["what"]: fact["origin"] for fact in found}
    seen = {fact["what"]: fact["seen"] for fact in found}
    assert "pytest.ini" == origins["evidence_squash_url"]
    assert "flag" == origins["evidence_squash_iteration"]
    assert "-o" == origins["evidence_squash_comment"]
    assert "default" == origins["evidence_squash_execution"]
    token = "PYTEST_EVIDENCE_SQUASH_TOKEN"
    assert ("environment", "set") == (origins[token], seen[token])
    assert "not set" == seen["PYTEST_EVIDENCE_SQUASH_PASSWORD"]
    assert sandbox.exports()[token] not in ended.out


def test_only_named_tests_are_collected(project: Project, sandbox: Sandbox) -> None:
    """Node ids are those of pytest, relative to where one stands."""
    project.lead_to(sandbox, "squash")
    project.write("below/test_one.py", "import pytest", marked(squash="TC-12"))
    project.write("below/test_two.py", "import pytest", marked(squash="TC-99"))

    ended = project.command(
        "check", "-c", "../pytest.ini", "test_one.py::test_squash", cwd=project.folder / "below"
    )

    assert (0, []) == (ended.status, problems(ended))


@pytest.mark.parametrize(
    ("lines", "status", "told"),
    [
        (["raise RuntimeError('no such server')"], 78, "no such server"),
        (["import pytest", marked(squash="9.56E+17")], 78, "a number that a spreadsheet changed"),
    ],
)
def test_tests_that_cannot_be_used_are_named(
    project: Project, sandbox: Sandbox, lines: list[str], status: int, told: str
) -> None:
    """A module that cannot be imported, and a target that nobody can read."""
    project.lead_to(sandbox, "squash")
    project.write("test_it.py", *lines)

    ended = project.command("check")

    [problem] = problems(ended)
    assert told in problem
    assert status == ended.status


def test_one_destination_does_not_hide_another(project: Project, sandbox: Sandbox) -> None:
    """What is wrong with the settings of one is told with what was seen of the others."""
    project.lead_to(sandbox, "squash rillsoft", "evidence_rillsoft_project = twelve")
    project.write("test_it.py", "import pytest", marked(squash="TC-99", rillsoft="4711"))

    ended = project.command("check")

    first, second = problems(ended)
    assert "evidence_rillsoft_project is 'twelve'" in first
    assert "TC-99" in second
    assert 78 == ended.status


@pytest.mark.parametrize("how", ["ini", "flag"])
def test_what_a_map_leads_to_is_looked_at_too(project: Project, sandbox: Sandbox, how: str) -> None:
    """Rows count as marks do, that of the run included, wherever the map was named."""
    lines = ["evidence_map = map.csv"] if how == "ini" else []
    project.lead_to(sandbox, "squash workiva", *lines)
    project.write(
        "map.csv", "test,squash,workiva", "test_it.py,TC-99,f1/p1", "<run>,iterations/99,"
    )
    project.write("test_it.py", "def test_bare(): pass")

    ended = project.command("check", *(["--evidence-map=map.csv"] if how == "flag" else []))

    assert 65 == ended.status
    assert ["reference TC-99", "iterations/99"] == [
        next(word for word in ("reference TC-99", "iterations/99") if word in line)
        for line in sorted(problems(ended), reverse=True)
    ]
    assert re.search(
        rf"evidence_map +\S*map\.csv +{'pytest.ini' if how == 'ini' else 'flag'}", ended.out
    )
    assert re.search(r"workiva +test-phase f1/p1 +ok .*test_it.py::test_bare", ended.out)


def test_a_mistake_in_the_map_is_told_with_its_line(project: Project, sandbox: Sandbox) -> None:
    """As at collection, before anything is asked of a system."""
    project.lead_to(sandbox, "squash", "evidence_map = map.csv")
    project.write("map.csv", "test,squash", "test_it.py,9.56E+17")
    project.write("test_it.py", "def test_bare(): pass")

    ended = project.command("check")

    [problem] = problems(ended)
    assert "map.csv:2" in problem
    assert "9.56E+17" in problem
    assert 78 == ended.status


def test_the_spool_is_looked_at_as_the_archive_is(project: Project, sandbox: Sandbox) -> None:
    """A file where the folder belongs would end the session before its first test."""
    project.lead_to(sandbox, "squash")
    project.write("test_it.py", "import pytest", marked(squash="TC-12"))
    project.write("taken", "no folder")

    ended = project.command("check", "--evidence-dir=taken")

    [problem] = problems(ended)
    assert "evidence_dir: the spool" in problem
    assert "cannot be written" in problem
    assert 78 == ended.status


def test_the_deadline_begins_when_the_tests_are_collected(
    project: Project, sandbox: Sandbox
) -> None:
    """A suite that takes longer than that to collect leaves all of it for the systems."""
    project.lead_to(sandbox, "squash")
    project.write("conftest.py", "import time", f"time.sleep({DEADLINE_S + 1})")
    project.write("test_it.py", "import pytest", marked(squash="TC-12"))

    ended = project.command("check", f"--evidence-deadline={DEADLINE_S}")

    assert (0, []) == (ended.status, problems(ended))
    assert "line 312 of the plan" in ended.out


def test_the_end_of_the_time_is_one_problem(project: Project, sandbox: Sandbox) -> None:
    """A server that is slow is no server that is away, and each destination has the time for itself."""
    project.lead_to(sandbox, "squash huawei", stall_s=5)
    sandbox.faults.add("slow", system="squash", times=-1, seconds=1)
    tests = [f"@pytest.mark.evidence(squash='TC-{n}')\ndef test_{n}(): pass" for n in range(1, 40)]
    project.write("test_it.py", "import pytest", *tests, marked(huawei="956239067176935400"))

    ended = project.command("check", "--evidence-deadline=8")

    told = [line for line in problems(ended) if "TC-" not in line]
    [problem] = told
    assert re.search(r"squash: the time is over after \d+ of \d+ objects - raise", problem)
    assert re.search(r"956239067176935400 .* ok ", ended.out)
    assert "no connection" not in ended.out
    assert ended.status in (65, 75)


def test_what_may_be_wrong_in_the_map_is_a_warning(project: Project, sandbox: Sandbox) -> None:
    """Its odd cells, and rows that match no test: these only where all tests were asked for."""
    project.lead_to(sandbox, "squash", "evidence_map = map.csv")
    rows = ("test_it.py,TC-12,screenshoot", "test_other.py,TC-12,")
    project.write("map.csv", "test,squash,require", *rows)
    project.write("test_it.py", "def test_bare(): pass")

    every, named = project.command("check", "--strict"), project.command("check", "test_it.py")

    odd, unheld = problems(every)
    assert "did you mean screenshot?" in odd
    assert unheld.startswith("warning: map.csv:3 test_other.py: matches no test - ")
    assert 65 == every.status
    assert [odd] == problems(named)
    assert 0 == named.status


@pytest.mark.parametrize(
    ("line", "told"),
    [("", "none was collected"), ("def test_bare(): pass", "none of 1 leads to an object")],
)
def test_nothing_to_deliver_is_a_warning(
    project: Project, sandbox: Sandbox, line: str, told: str
) -> None:
    """No test at all, or none with a target: forty minutes would be for nothing."""
    project.lead_to(sandbox, "squash")
    project.write("test_it.py", line)

    ended = project.command("check")

    [warning] = problems(ended)
    assert warning.startswith(f"warning: tests: {told}")
    assert 0 == ended.status


def test_targets_that_are_not_enabled_are_told(project: Project, sandbox: Sandbox) -> None:
    """A destination whose settings are wrong is enabled: it has its own problem."""
    project.lead_to(sandbox, "squash rillsoft", "evidence_rillsoft_project = twelve")
    marks = marked(squash="TC-12", rillsoft="4711", workiva="f1/p1")
    project.write("test_it.py", "import pytest", marks)

    ended = project.command("check")

    assert re.search(r"left out +targets of workiva, not in evidence_destinations", ended.out)
    assert 1 == len(problems(ended))


def test_a_module_that_cannot_be_imported_hides_no_other(
    project: Project, sandbox: Sandbox
) -> None:
    """What the other tests lead to is looked at all the same; whether rows match is not known."""
    project.lead_to(sandbox, "squash", "evidence_map = map.csv")
    project.write("map.csv", "test,squash", "test_broken.py,TC-12")
    project.write("test_broken.py", "raise RuntimeError('no such server')")
    project.write("test_it.py", "import pytest", marked(squash="TC-99"))

    ended = project.command("check")

    first, second = problems(ended)
    assert "not all tests can be collected: " in first
    assert "no such server" in first
    assert "squash reference TC-99" in second
    assert 78 == ended.status


SIDE_PRODUCTS = {"junit.xml", "log.txt", ".coverage", ".pytest_cache"}


def test_what_an_override_says_is_nearer_than_addopts(project: Project, sandbox: Sandbox) -> None:
    """For the settings that are shown, and for the targets that tests get."""
    project.lead_to(sandbox, "squash", "addopts = --evidence-squash-iteration=77")
    project.write("test_it.py", "import pytest", marked(squash="TC-99"))

    ended = project.command("check", "-o", "evidence_squash_iteration=4")

    [problem] = problems(ended)
    assert "squash reference TC-99 iteration=4" in problem
    assert re.search(r"evidence_squash_iteration +4 +-o", ended.out)


@pytest.mark.parametrize("how", ["ini", "variable", "-o"])
def test_options_of_ours_in_addopts_hold(project: Project, sandbox: Sandbox, how: str) -> None:
    """As in the run that is to come, wherever they stand; what is given to the command is nearer."""
    addopts = "-q --evidence=upload --evidence-map=map.csv --evidence-squash-iteration=77"
    project.lead_to(sandbox, "squash", *([f"addopts = {addopts}"] if how == "ini" else []))
    project.write("map.csv", "test,squash", "test_it.py,TC-99")
    project.write("test_it.py", "def test_bare(): pass")
    words = ["-o", f"addopts={addopts}"] if how == "-o" else []
    variable = addopts if how == "variable" else ""

    ended = project.command(
        "check", *words, "--evidence-squash-iteration=4", PYTEST_ADDOPTS=variable
    )

    [problem] = problems(ended)
    assert "squash reference TC-99 iteration=4" in problem
    assert re.search(r"evidence_map +\S*map\.csv +addopts", ended.out)
    assert re.search(r"evidence_squash_iteration +4 +flag", ended.out)


def test_tests_are_collected_as_addopts_say(project: Project, sandbox: Sandbox) -> None:
    """Two files of one name, and what is selected; nothing of a run is replaced or measured."""
    side = "--junitxml=junit.xml --log-file=log.txt --cov=. --reruns=2"
    addopts = f"addopts = --import-mode=importlib -n 4 -x --tb=no -m smoke {side}"
    strict = ("strict_config = true", "cache_dir = kept", "markers = smoke: first")
    project.lead_to(sandbox, "squash", addopts, *strict)
    lines = ("import pytest", "pytestmark = pytest.mark.smoke")
    project.write("a/test_it.py", *lines, marked(squash="TC-12"))
    project.write("b/test_it.py", *lines, marked(squash="TC-99"))
    project.write("c/test_it.py", "import pytest", marked(squash="TC-98"))
    project.write("junit.xml", "of the last run")

    ended = project.command("check", PYTEST_DISABLE_PLUGIN_AUTOLOAD="")

    [problem] = problems(ended)
    assert "squash reference TC-99" in problem
    assert "2 collected, 2 mapped to an object" in ended.out
    there = {path.name for path in project.folder.iterdir()}
    assert {"junit.xml"} == there & SIDE_PRODUCTS
    assert "kept" not in there
    assert "of the last run\n" == (project.folder / "junit.xml").read_text()


NEEDING = """
def pytest_addoption(parser):
    parser.addoption("--env", required=True)

def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", [metafunc.config.getoption("env")])
"""
OF_ENV = "evidence_map = map.csv"


@pytest.mark.parametrize(
    "words",
    [
        ("--", "--env=qa", "-m", "smoke", "--evidence=upload"),
        ("--", "test_it.py", "--env", "qa", "-k", "smoke", "-o", "evidence_log=off"),
        ("-o", "addopts=--env=qa -m smoke"),
    ],
)
def test_words_for_pytest_hold_too(
    project: Project, sandbox: Sandbox, words: tuple[str, ...]
) -> None:
    """An option of a conftest file that decides how tests are called, and what is selected."""
    project.lead_to(sandbox, "squash", OF_ENV, "markers = smoke: first")
    project.write("conftest.py", NEEDING)
    project.write("map.csv", "test,squash", "test_it.py::test_smoke[qa],TC-99", "test_it.py,TC-12")
    tests = ("@pytest.mark.smoke", "def test_smoke(case): pass", "def test_other(case): pass")
    project.write("test_it.py", "import pytest", *tests)

    ended = project.command("check", *words)

    [problem] = problems(ended)
    assert "squash reference TC-99" in problem
    assert "1 collected, 1 mapped to an object" in ended.out


def test_options_of_ours_behind_the_dashes_hold_for_everything(
    project: Project, sandbox: Sandbox
) -> None:
    """So that the words of the pytest command can be repeated as they are."""
    project.lead_to(sandbox, "squash")
    project.write("test_it.py", "import pytest", marked(squash="TC-12"))

    ended = project.command("check", "--", "--evidence-squash-iteration=4", "--evidence-dir=spool")

    assert re.search(r"evidence_squash_iteration +4 +flag", ended.out)
    assert "iteration=4" in ended.out
    assert str(project.folder / "spool") in ended.out


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"conftest.py": NEEDING}, "the following arguments are required: --env"),
        ({"pytest.ini": "[pytest]\naddopts = --none"}, "unrecognized arguments: --none"),
        (
            {"a/test_it.py": "", "b/test_it.py": ""},
            "b/test_it.py: import file mismatch: imported module 'test_it' has this __file__",
        ),
    ],
)
def test_why_tests_cannot_be_collected_is_told(
    project: Project, files: dict[str, str], told: str
) -> None:
    """With its cause, and where words that pytest needs are to stand."""
    project.configure("archive")
    for name, text in files.items():
        project.write(name, text)

    ended = project.command("check")

    [problem] = problems(ended)
    assert told in problem
    assert problem.endswith("words that pytest needs for it stand behind --")
    assert 78 == ended.status


@pytest.mark.parametrize(
    ("seen", "hint"),
    [
        ("the map has no alias 'A - 7'", "did you mean 'A - 8'?"),
        ("the map has no alias 'A - 7'", "known are A - 8, B - 9"),
        ("test_it.py::test_it[a - b]: squash: 'TC - 1' is nothing", "write TC-1"),
        ("this machine's clock (10:00 - 11:00) and its tests' are two", "set it - soon"),
        ("something happened", ""),
    ],
)
def test_what_to_do_is_all_of_the_sentence(seen: str, hint: str) -> None:
    """Whatever dashes names of the project have."""
    [problem] = problems_of("tests", [f"{seen} - {hint}" if hint else seen])

    assert (seen, hint) == (problem.seen, problem.next_step)


def test_a_row_that_is_written_like_a_test_is_a_warning(project: Project, sandbox: Sandbox) -> None:
    """It shows only where the tests are known."""
    project.lead_to(sandbox, "squash", "evidence_map = map.csv")
    project.write("map.csv", "test,squash", "test_it.py::test_it[2*3],TC-12")
    once = "@pytest.mark.parametrize('text', ['2*3'])\ndef test_it(text): pass"
    project.write("test_it.py", "import pytest", once)

    ended = project.command("check")

    [warning] = problems(ended)
    assert warning.startswith("warning: map.csv:2: test_it.py::test_it[2*3] is a test, and by its")
    assert 0 == ended.status
