"""A map file in real runs: its rows hold, what is wrong with it stops the run, what is doubtful is said."""

from __future__ import annotations

import pytest

from .conftest import RunAndRead
from .conftest import RunRefused
from .test_marks import INI


CASES = """
    import pytest

    mark = pytest.mark.evidence

    @mark("CTRL-07")
    def test_alias(evidence): evidence.text("a")

    @mark(squash="F-1")
    def test_marked(): pass

    @pytest.mark.parametrize("case", [pytest.param("TC-1", id="one"), "TC-2"])
    def test_parameter(case): pass

    @pytest.mark.parametrize("text", ["x" * 101, b"y" * 101, "short"])
    def test_long(text): pass

    class TestIt:
        def test_method(self): pass
"""
MAP = f"""\
test;squash;huawei;when;require;squash_kinds;huawei_when
test_inner.py::test_parameter;{{case}}-${{RELEASE}};;;;;
test_inner.py::test_parameter[one];TC-9;;;;;
CTRL-07;A-1|executions/4;;failed;screenshot, log;log;
test_inner.py;M-1;956239067176935401;;;;failed
test_inner.py::test_long[text0];L-1;;;;;
test_inner.py::test_long[{"y" * 101}];L-2;;;;;
test_inner.py::TestIt;-;;;;;
<run>;iterations/4;;;;;
"""
HUAWEI = "huawei 956239067176935401"
EXPECTED = {
    "": ["squash 4"],
    "::test_alias": [HUAWEI, "squash 4", "squash A-1"],
    "::test_marked": [HUAWEI, "squash F-1"],
    "::test_parameter[one]": [HUAWEI, "squash TC-9"],
    "::test_parameter[TC-2]": [HUAWEI, "squash TC-2-R1"],
    "::test_long[text0]": [HUAWEI, "squash L-1"],
    "::test_long[text1]": [HUAWEI, "squash L-2"],
    "::test_long[short]": [HUAWEI, "squash M-1"],
    "::test_method": [HUAWEI],
}


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with two vendors that nobody has to reach, since it only collects, and a map."""
    monkeypatch.setenv("RELEASE", "R1")
    pytester.makeini(f"{INI}evidence_map = map.csv\n")
    pytester.path.joinpath("map.csv").write_text(MAP, encoding="utf-8")
    return pytester


def long_names(names: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return the same with the ids that pytest gave before 9.2."""
    if pytest.version_tuple >= (9, 2):
        return names
    long = {"[text0]": f"[{'x' * 101}]", "[text1]": f"[{'y' * 101}]"}
    replaced = {old: new for old in names for end, new in long.items() if old.endswith(end)}
    return {
        old.partition("[")[0] + replaced[old] if old in replaced else old: v
        for old, v in names.items()
    }


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "-n2"])
def test_rows_hold_beside_marks(
    project: pytest.Pytester, run_and_read_spool: RunAndRead, workers: tuple[str, ...]
) -> None:
    """Aliases, patterns, long and short ids, placeholders, the run; what a row says else is recorded."""
    run = run_and_read_spool(CASES, "--strict-markers", *workers, mode="collect")

    expected = long_names(EXPECTED)
    assert expected == {name: run.targets(name) for name in expected}
    item = run.item("::test_alias")
    assert (("CTRL-07", "test_inner.py"), ("screenshot", "log")) == (item.rows, item.require)
    assert "failed" == item.when
    assert [("huawei", "failed", ()), ("squash", "always", ("log",))] == [
        (one.destination, one.when, one.kinds) for one in item.filters
    ]
    assert "map: " not in run.output


def test_everything_wrong_is_said_before_the_first_test(
    project: pytest.Pytester, run_refused: RunRefused
) -> None:
    """Column, cell, formula, ruined id, alias and unclear rows: all at once, with file and line."""
    project.path.joinpath("map.csv").write_text(
        "test,squash,hauwei,huawei\n"
        "test_inner.py,=A1,,\n"
        "test_inn*,,,9.56E+17\n"
        "other.py,,,nothing\n"
        "test_i*r*,A-1,,956239067176935400\n"
        "t*st_in*,A-2,,956239067176935400\n"
    )
    project.path.joinpath("second.toml").write_text('[[evidence]]\ntest = "CTRL-07"\nsquash = ""\n')

    problems = run_refused(
        "import pytest\n@pytest.mark.evidence('CTRL-7')\ndef test_it(): print('it ran')",
        "--evidence-map=map.csv",
        "--evidence-map=second.toml",
        mode="collect",
    )

    assert [
        "map.csv:1: has a column hauwei, which is no destination",
        "map.csv:2: squash: =A1 looks like a formula",
        "map.csv:3: huawei: 9.56E+17 is a number that a spreadsheet has ruined",
        "map.csv:4: huawei: 'nothing' is no work item",
        "test_inner.py::test_it: map.csv:5 and map.csv:6 both tell squash of it and none is more specific",
        "test_inner.py::test_it: the map has no alias 'CTRL-7'",
    ] == [problem.partition(" - ")[0] for problem in problems]


def test_workers_tell_the_controller_what_is_wrong(
    project: pytest.Pytester, run_refused: RunRefused
) -> None:
    """Each line once, however many processes collected."""
    project.path.joinpath("map.csv").write_text("test,sqash\ntest_inner.py,A-1\n")

    problems = run_refused("", "-n2", mode="collect")

    assert ["map.csv:1: has a column sqash, which is no destination"] == [
        problem.partition(" - ")[0] for problem in problems
    ]


DOUBTFUL = """\
test,huawei,squash
test_inner.py,956239067176935000,
old/test_gone.py,,TC-1
"""
ROUNDED = "map.csv:2: huawei: 956239067176935000 ends in 000, and a spreadsheet keeps 15 digits"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), f"{ROUNDED} of a number - …(and 1 more: attach-evidence check)"),
        (("-n2",), f"{ROUNDED} of a number - …(and 1 more: attach-evidence check)"),
        (("-k", "test_a"), ROUNDED),
        (("test_inner.py",), ROUNDED),
        (("--ignore=other.py",), ROUNDED),
        (("-n2", "test_inner.py"), ROUNDED),
    ],
    ids=["all", "-n2", "-k", "path", "ignore", "-n2 path"],
)
def test_what_is_doubtful_is_one_line(
    project: pytest.Pytester,
    run_and_read_spool: RunAndRead,
    words: tuple[str, ...],
    expected: str,
) -> None:
    """A row that matches no test is among it only where all tests were asked for."""
    project.path.joinpath("map.csv").write_text(DOUBTFUL)

    run = run_and_read_spool("def test_a(): pass\ndef test_b(): pass", *words, mode="collect")

    (line,) = [one for one in run.output.splitlines() if one.startswith("map: ")]
    start, _, end = expected.partition("…")
    assert line.startswith(f"map: {start}")
    assert line.endswith(end)
    assert ("more: " in end) == ("more: " in line)


def test_an_alias_that_no_marker_names_may_be_a_folder(
    project: pytest.Pytester, run_and_read_spool: RunAndRead
) -> None:
    """Nobody can tell, so the way to write a folder is named."""
    project.path.joinpath("map.csv").write_text("test,squash\ntests,TC-1\n")

    run = run_and_read_spool("def test_a(): pass", mode="collect")

    (line,) = [one for one in run.output.splitlines() if one.startswith("map: ")]
    start = (
        "map: map.csv:2: tests is an alias that no marker names - correct it, write tests/ for a"
    )
    assert line.startswith(start)


@pytest.mark.parametrize(("words", "told"), [((), 0), (("-n2",), 0), (("--rootdir=.",), 1)])
def test_tests_of_a_subfolder_are_some_of_all(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], told: int
) -> None:
    """Pytest is started in it without a path: rows of the others match no test there."""
    project.path.joinpath("map.csv").write_text("test,squash\nother/test_it.py,TC-1\n")
    below = project.mkdir("below")
    below.joinpath("test_it.py").write_text("def test_a(): pass\n")
    monkeypatch.chdir(below)

    ended = project.runpytest_subprocess("-p", "attach-evidence", "--evidence=collect", *words)

    lines = [line for line in ended.outlines if "matches no test" in line]
    assert (0, told) == (ended.ret, len(lines)), ended.outlines


def test_workers_tell_what_is_doubtful_of_the_tests(
    project: pytest.Pytester, run_and_read_spool: RunAndRead
) -> None:
    """A row that is a test's own and, by its star, a pattern of others: only they know the tests."""
    project.path.joinpath("map.csv").write_text("test,squash\ntest_inner.py::test_a[2*3],A-1\n")

    run = run_and_read_spool(
        "import pytest\n@pytest.mark.parametrize('text', ['2*3', '2**3'])\ndef test_a(text): pass",
        "-n2",
        mode="collect",
    )

    told = [line for line in run.result.outlines if "map:" in line]
    assert [True] == ["is a test, and by its stars a pattern of others" in line for line in told]


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "-n2"])
def test_tests_that_nobody_mapped_are_recorded(
    project: pytest.Pytester, run_and_read_spool: RunAndRead, workers: tuple[str, ...]
) -> None:
    """Those that ran without a target and a row that says anything; not a skipped or a dropped one.

    All of which nothing is expected are recorded with their outcomes and rows.
    """
    project.path.joinpath("map.csv").write_text(
        "test,squash\n**::test_mapped,A-1\n**::test_dropped,-\n**::test_empty,\n"
    )

    run = run_and_read_spool(
        """
        import pytest

        def test_mapped(): pass
        def test_dropped(): pass
        def test_empty(): pass
        def test_bare(evidence): evidence.text("a")
        def test_failing(): assert 0
        @pytest.mark.evidence(squash="A-2")
        def test_marked(): pass
        @pytest.mark.evidence(workiva="f/p")
        def test_marked_for_one_that_is_off(): pass
        @pytest.mark.skip
        def test_skipped(): pass
        """,
        *workers,
        mode="collect",
    )

    names = ("test_bare", "test_empty", "test_failing")
    assert {f"test_inner.py::{name}" for name in names} == run.record.bare
    assert {
        ("test_dropped", "passed", ("**::test_dropped",)),
        ("test_empty", "passed", ("**::test_empty",)),
        ("test_bare", "passed", ()),
        ("test_failing", "failed", ()),
        ("test_marked_for_one_that_is_off", "passed", ()),
        ("test_skipped", "skipped", ()),
    } == {
        (one.nodeid.removeprefix("test_inner.py::"), one.outcome.value, one.rows)
        for one in run.record.unmapped
    }


def test_without_a_map_nothing_of_it_is_recorded(run_and_read_spool: RunAndRead) -> None:
    """Unmapped tests cost nothing then."""
    run = run_and_read_spool("def test_a(): pass")

    assert ([], set()) == (run.record.unmapped, run.record.bare)
