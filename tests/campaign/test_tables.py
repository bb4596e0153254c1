"""The tables of the campaign are complete, and a tick in them means that every test of the row ran."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from . import __main__ as campaign
from . import table
from .crashes.trials import Tally
from .rows import TESTS
from .rows import AllShown
from .rows import Shown
from .rows import named_but_not_there
from .rows import names_in
from .rows import shown
from .tables import EVERY_ROW
from .tables import NOT_SHOWN


PAGE = TESTS.parent / "docs" / "campaign.md"
ROWS = {
    "F1 one": ("a/test_a.py::test_one",),
    "F2 two": ("a/test_a.py::test_two", "b/test_b.py::test_b"),
}
PASSING = "def test_one(): pass\ndef test_two(): pass\n"
B = "def test_b(): pass\n"
SKIPPED = "import pytest\n@pytest.mark.skip\ndef test_b(): pass\n"


def test_every_row_has_its_tests() -> None:
    """A row is shown by tests that exist."""
    assert [] == named_but_not_there(EVERY_ROW)
    assert all(EVERY_ROW.values())


def test_every_promised_row_is_there() -> None:
    """F1 to F20, X1 to X16 and P1 to P16 begin a title each, or are named as not shown."""
    promised = [
        f"{letter}{n}"
        for letter, most in (("F", 20), ("X", 16), ("P", 16))
        for n in range(1, most + 1)
    ]
    there = [title.partition(" ")[0] for title in (*EVERY_ROW, *NOT_SHOWN)]

    assert [] == [id for id in promised if id not in there]


def test_the_page_names_what_is_not_shown() -> None:
    """With the reason, word for word and in the same order."""
    page = PAGE.read_text(encoding="utf-8")

    assert "\n".join(["", *table.not_shown_list(NOT_SHOWN), ""]) in page


@pytest.mark.parametrize("folder", ["life", "disks", "statuses"])
def test_every_test_shows_a_row(folder: str) -> None:
    """No test of the campaign stands beside the table."""
    place = f"campaign/{folder}"
    files = sorted((TESTS / place).glob("test_*.py"))
    there = {
        f"{place}/{file.name}::{test}"
        for file in files
        for test in names_in(f"{place}/{file.name}")
        if "test_" in test
    }
    named = {test.partition("[")[0] for tests in EVERY_ROW.values() for test in tests}

    assert files
    assert set() == there - named


SUITES: dict[str, tuple[str, str, list[bool], str]] = {
    "sound": (PASSING, B, [True, True], "ok     F2 two: 2 cases, 0 skipped"),
    "gone": (PASSING, "", [True, False], "no case ran: b/test_b.py::test_b"),
    "skipped": (PASSING, SKIPPED, [True, False], "no case ran: b/test_b.py::test_b"),
    "failed": (PASSING.replace("two(): pass", "two(): assert 0"), B, [True, False], "::test_two"),
    "beside": (PASSING + "def test_c(): assert 0", B, [True, True], "the rows: a.test_a::test_c"),
    "collection": (PASSING, "import nothing_like_it", [False, False], "pytest ended with 2"),
    "no report": (
        PASSING + "import os; os._exit(0)",
        B,
        [False, False],
        "no case ran: a/test_a.py",
    ),
}


@pytest.mark.parametrize("name", SUITES)
def test_a_tick_means_that_every_test_of_the_row_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Else the row is open, or the whole is not as it must be, and the reason is told."""
    a, b, ticks, told = SUITES[name]
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p xdist")
    (tmp_path / "pytest.ini").write_text("[pytest]")
    for folder, text in (("a", a), ("b", b)):
        (tmp_path / "tests" / folder).mkdir(parents=True)
        (tmp_path / "tests" / folder / f"test_{folder}.py").write_text(text)

    found = shown(ROWS, processes=0, tests=tmp_path / "tests")

    assert ticks == [row.as_it_must for row in found.rows], found.lines()
    assert (name == "sound") == found.as_it_must
    assert told in "\n".join(found.lines())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--docs {page}", "--docs takes --full"),
        ("--docs {page} --full --rows", "--docs takes --full"),
        ("--docs {page} --full --block C1", "--docs takes --full"),
        ("--full --rounds 0 --docs {page}", "--rounds is at least 1"),
        ("--block C99", "no block C99"),
    ],
)
def test_docs_are_of_everything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str, said: str
) -> None:
    """A part of the campaign never overwrites the tables of the docs."""
    page = tmp_path / "page.md"
    page.write_text("as it was")

    with pytest.raises(SystemExit) as ended:
        campaign.main(words.replace("{page}", str(page)).split())

    assert 2 == ended.value.code
    assert said in capsys.readouterr().err
    assert "as it was" == page.read_text()


def rows_of(*tallies: Tally, must_be_red: str = "") -> list[table.Row]:
    """Return a block's rows, one for each round."""
    return [
        table.Row(
            id="C1 x", title="t", round=n, seed=n, tally=one, seconds=n, must_be_red=must_be_red
        )
        for n, one in enumerate(tallies, start=1)
    ]


def test_the_table_of_the_blocks_has_every_number(tmp_path: Path) -> None:
    """Of each round: trials, struck, violations, seconds; with seeds, commit and versions."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n{table.BLOCKS_BEGIN}\nold\n{table.BLOCKS_END}\nafter")
    rows = rows_of(Tally(trials=2000, struck=1999), Tally(trials=7, struck=6, red=["x"]))

    table.write_blocks(rows, page, table.surroundings())

    lines = page.read_text().splitlines()
    assert ["before", table.BLOCKS_BEGIN] == lines[:2]
    assert [table.BLOCKS_END, "after"] == lines[-2:]
    assert "| ☐ C1 | t | 2,000 / 7 | 1,999 / 6 | 0 / 1 | 1 / 2 |" == lines[-3]
    assert "2 rounds in a row, seeds 1, 2" in lines[3]
    for word in (
        "commit ",
        "pytest ",
        "requests ",
        "xdist ",
        f"Python {sys.version.split()[0]}",
        "cores",
    ):
        assert word in lines[2]


@pytest.mark.parametrize(
    ("tally", "must_be_red", "expected"),
    [
        (Tally(trials=1, struck=1), "", True),
        (Tally(trials=1, struck=1, red=["a doubled key"]), "", False),
        (Tally(trials=1, struck=1), "doubled", False),
        (Tally(trials=1, struck=1, red=["a doubled key"]), "doubled", True),
        (Tally(trials=1, struck=1, red=["a broken harness"]), "doubled", False),
        (Tally(trials=9), "", False),
        (Tally(), "", False),
    ],
)
def test_a_block_is_ticked_where_something_struck(
    tally: Tally, must_be_red: str, expected: bool
) -> None:
    """And where it is green; a mutant is red for what it must cause, in every round."""
    [row] = rows_of(tally, must_be_red=must_be_red)

    assert expected == row.as_it_must == ("☑" in table.blocks_table([row])[-1])


def test_what_failed_beside_the_rows_is_said_in_the_page() -> None:
    """A table whose run was not sound says so above its ticks."""
    sound = Shown(title="F1 one", cases=3, skipped=1)
    found = AllShown(
        rows=(sound,), cases=3, skipped=1, beside=("x",), trouble="pytest ended with 3"
    )

    text = "\n".join(table.shown_table(found))

    assert "| ☑ | F1 one | 3 | 0 | 1 |" in text
    assert "**1 cases beside the rows failed.**" in text
    assert "**pytest did not end with 0.**" in text
