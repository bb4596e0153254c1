"""What marks and map say together: the table of docs/mapping.md row by row, and what is unclear in a map."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence.errors import TargetError
from pytest_attach_evidence.mapfile import read
from pytest_attach_evidence.mapping import Held
from pytest_attach_evidence.mapping import Rules
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.targets import Mark
from pytest_attach_evidence.targets import merge
from pytest_attach_evidence.targets import parse


PAGE = Path(__file__).parents[2] / "docs" / "mapping.md"
TEST = "tests/test_it.py::TestIt::test_it[1]"
KNOWN = ("squash", "workiva", "huawei", "archive")
CODE = re.compile(r"`([^`]+)`")


def target(name: str) -> Any:
    """Return what reads targets of a destination: capital letters."""

    def read_text(text: str | int) -> Target:
        if not re.fullmatch(r"[A-Z][A-Z0-9-]*", str(text)):
            msg = f"{text!r} is no letter - write one"
            raise TargetError(msg)
        return Target.of(name, "https://vendor.example", "object", str(text))

    return read_text


PARSERS = {"squash": target("squash"), "workiva": target("workiva")}


def table() -> list[list[str]]:
    """Return the rows of the documented table, cell by cell."""
    text = PAGE.read_text(encoding="utf-8")
    (found,) = re.findall(r"<!-- precedence -->\n(.*?)<!-- end -->", text, re.DOTALL)
    lines = found.strip().split("\n")[2:]
    return [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def said(text: str) -> dict[str, str]:
    """Return what `squash=A, when=failed` says."""
    return dict(pair.strip().split("=", 1) for pair in text.replace("\\|", "|").split(", "))


def marks(cell: str) -> list[Mark]:
    """Return the marks that a cell of the table stands for."""
    found = []
    for code in CODE.findall(cell):
        given = said(code) if "=" in code else {}
        kwargs = {name: None if value == "-" else value for name, value in given.items()}
        found.append(Mark(() if given else (code,), kwargs))
    return found


def rules(folder: Path, rows: Mapping[str, Any] | list[dict[str, str]], **facts: Any) -> Rules:
    """Return the rules of a map file with these rows."""
    listed = rows if isinstance(rows, list) else [{"test": t, **r} for t, r in rows.items()]
    columns = list(dict.fromkeys(["test", *(name for row in listed for name in row)]))
    lines = [columns, *([row.get(name, "") for name in columns] for row in listed)]
    text = "".join(";".join(line) + "\n" for line in lines)
    (folder / "map.csv").write_text(text, encoding="utf-8")
    given = {"known": KNOWN, "parsers": PARSERS, **facts}
    return Rules([read(folder / "map.csv", folder)], **given)


def outcome(held: Held) -> str:
    """Return where evidence goes and how, as the table says it."""
    wanted = merge(held.levels, KNOWN)
    found, problems = parse(wanted, PARSERS)
    assert [] == [*held.problems, *problems]
    words = sorted(f"{one.destination} {one.id}" for one in found)
    words += [f"when {wanted.when}"] if wanted.when else []
    words += [f"require {kind}" for kind in held.require]
    words += [f"{f.destination} takes {f.when} {' '.join(f.kinds)}" for f in held.filters(())]
    return ", ".join(words)


@pytest.mark.parametrize(
    "row", table(), ids=lambda row: re.sub(r"[` ]+", " ", " ".join(row)).strip()
)
def test_the_documented_precedence_holds(tmp_path: Path, row: list[str]) -> None:
    """Each row of the table in the documentation is what happens."""
    *levels, rows, expected = row
    given = [
        {"test": test, **said(texts)}
        for test, texts in (code.rsplit(": ", 1) for code in CODE.findall(rows))
    ]

    asked = rules(tmp_path, given)
    held = asked.of([marks(cell) for cell in levels], [TEST])

    assert [] == [str(problem) for problem in asked.problems]
    refused = [*held.problems, *asked.unclear(held)]
    assert (expected == "refused") == bool(refused)
    assert expected == ("refused" if refused else outcome(held))


def test_the_table_has_all_levels() -> None:
    """Each place is there as the nearer and as the farther one."""
    cells = list(zip(*table(), strict=True))

    assert 8 == len(cells)
    assert all(any(column) for column in cells)


@pytest.mark.parametrize(
    ("near", "far", "about"),
    [
        ({"squash": "A"}, {"squash": "B"}, "squash"),
        ({"squash": "A"}, {"squash": "-"}, "squash"),
        ({"when": "failed"}, {"when": "passed"}, "when"),
        ({"squash_when": "failed"}, {"squash_when": "passed"}, "squash_when"),
        ({"squash_kinds": "log"}, {"squash_kinds": "log, table"}, "squash_kinds"),
        ({"require": "log", "squash": "A"}, {"require": "table", "squash": "B"}, "require, squash"),
        ({"require": "log"}, {"require": "log"}, ""),
        ({"squash": "A"}, {"squash": "A"}, ""),
        ({"squash": "A"}, {"workiva": "B"}, ""),
    ],
)
def test_of_two_rows_that_cross_nobody_can_choose(
    tmp_path: Path, near: dict[str, str], far: dict[str, str], about: str
) -> None:
    """Neither is more specific: that is an error where they disagree, told once for all tests."""
    asked = rules(tmp_path, {"tests/test_lo*": near, "tests/*_smoke.py": far})

    tests = ["tests/test_log_smoke.py::test_a", "tests/test_lo_smoke.py::test_b"]
    told = [line for test in tests for line in asked.unclear(asked.of([], [test]))]

    assert [f"map.csv:2 and map.csv:3 both tell {about} of it"] * bool(about) == [
        line.partition(" and none")[0] for line in told
    ]


def test_aliases_at_one_place_do_not_contradict_each_other(tmp_path: Path) -> None:
    """Nobody can choose between them, however they are ordered; at different places the nearer one holds."""
    rows = {
        "A": {"squash": "A", "workiva": "W", "squash_when": "failed"},
        "B": {"squash": "-", "workiva": "X", "squash_when": "passed"},
    }
    asked = rules(tmp_path, rows)

    both = [
        asked.of([level], ["a.py::t"]).problems
        for level in (
            [Mark(("A", "B"))],
            [Mark(("A",)), Mark(("B",))],
            [Mark(("A",)), Mark(("A",))],
        )
    ]
    nearer = asked.of([[Mark(("A",))], [Mark(("B",))]], ["a.py::t"])

    about = "both aliases at the same place - keep one of them"
    told = [
        f"map.csv:3: squash_when is passed, and failed in map.csv:2, {about}",
        f"map.csv:3: squash is -, and targets in map.csv:2, {about}",
    ]
    assert [told, told, []] == both
    assert "squash A, workiva W, squash takes failed " == outcome(nearer)


def test_what_a_nearer_place_tells_is_clear(tmp_path: Path) -> None:
    """Of a test with a marker two rows that cross may tell what they like, but for what it leaves to them."""
    rows = {
        "tests/test_lo*": {"squash": "A", "when": "failed"},
        "tests/*_smoke.py": {"squash": "B", "when": "passed"},
    }
    asked = rules(tmp_path, rows)

    told = [
        asked.unclear(asked.of([[Mark((), said)]], ["tests/test_lo_smoke.py::t"]))
        for said in ({"squash": "C", "when": "always"}, {"squash": None})
    ]

    assert [] == told[0]
    assert ["map.csv:2 and map.csv:3 both tell when of it"] == [
        line.partition(" and none")[0] for line in told[1]
    ]


def test_a_row_that_is_a_test_and_a_pattern_is_told(tmp_path: Path) -> None:
    """It is that test's before all others, which is no error; the others of its stars may be meant or not."""
    rows = {"a.py::t[2*3]": {"squash": "A"}, "a.py::t[2[*]3]": {"squash": "B"}}
    asked = rules(tmp_path, rows)

    found = [outcome(asked.of([], [f"a.py::t[{test}]"])) for test in ("2*3", "2*3", "2**3")]

    assert ["squash A", "squash A", "squash A"] == found
    assert ["map.csv:2: a.py::t[2*3] is a test, and by its stars a pattern of others"] == [
        str(problem).partition(" - ")[0] for problem in asked.warnings
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([{"test": "a/", "sqash": "A"}], "map.csv:1: has a column sqash, which is no destination"),
        ([{"test": "a/", "sqash_when": "failed"}], "map.csv:1: has a column sqash_when, which is"),
        ([{"test": "a/", "squash": "A|b c"}], "map.csv:2: squash: 'b c' is no letter - write one"),
        (
            [{"test": "a/", "squash": "${NO}"}],
            "map.csv:2: squash: ${NO} is not set - set the envir",
        ),
        ([{"test": "a/", "squash": "${DASH}"}], "map.csv:2: squash: - is a dash - write - alone"),
        (
            [{"test": "a/", "squash": "${TWO}"}],
            "map.csv:2: squash: ${TWO} holds |, which separates t",
        ),
        ([{"test": "a/", "squash": "A{"}], "map.csv:2: squash: A{ has braces without a name"),
        ([{"test": "a/", "squash": "{a b}"}], "map.csv:2: squash: {a b} has braces without a name"),
        ([{"test": "a/", "squash": "${KEY}"}], "map.csv:2: squash: holds a secret (not shown)"),
        (
            [{"test": "<run>", "squash": "{n}"}],
            "map.csv:2: squash: {n} has a parameter - write the",
        ),
        (
            [{"test": "a/", "when": "failed"}, {"test": "a/", "when": "passed"}],
            "map.csv:3: when is passed, and failed in map.csv:2 for the same test - keep one",
        ),
        (
            [{"test": "a/", "squash": "A"}, {"test": "a/", "squash": "-"}],
            "map.csv:3: squash is -, and targets in map.csv:2 for the same test - keep one",
        ),
        (
            [{"test": "a/", "squash_when": "failed"}, {"test": "a/", "squash_when": "passed"}],
            "map.csv:3: squash_when is passed, and failed in map.csv:2 for the same test",
        ),
        (
            [{"test": "a/b", "squash": "A"}, {"test": "a/b/", "squash": "B"}],
            "map.csv:3: a/b/ is a/b of map.csv:2 - write both alike",
        ),
        (
            [{"test": "a/", "squash_kinds_when": "failed"}],
            "map.csv:1: has a column squash_kinds_when, which is no destination - write squash_",
        ),
        (
            [{"test": "a/", "squash_when_kinds": "log"}],
            "map.csv:1: has a column squash_when_kinds, which is no destination - write squash_",
        ),
        (
            [{"test": "a/", "require": "screenshots"}],
            "map.csv:2: require: no evidence of ours is a",
        ),
    ],
)
def test_what_is_wrong_in_a_map_is_known_without_any_test(
    tmp_path: Path, rows: list[dict[str, str]], expected: str
) -> None:
    """Each is told once, with its line, however many tests it concerns."""
    environment = {"KEY": "top-secret", "DASH": "-", "TWO": "A|B"}
    asked = rules(tmp_path, rows, environment=environment, is_secret="top-secret".__eq__)
    asked.of([], ["a/test_a.py::test_a"])

    (problem,) = asked.problems
    assert str(problem).startswith(expected)
    assert "top-secret" not in str(problem)


def test_targets_of_a_destination_that_is_off_are_not_read(tmp_path: Path) -> None:
    """Nobody knows how they look: they are left out, which the summary says."""
    asked = rules(tmp_path, {"a/": {"huawei": "whatever it is"}})

    held = asked.of([], ["a/test_a.py::test_a"])

    assert [] == asked.problems
    assert ("whatever it is",) == merge(held.levels, KNOWN).texts["huawei"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A-{n}", "squash A-7"),
        ("A{n}{word}", "squash A7B"),
        ("${RELEASE}-{n}", "squash R-7"),
        ("{empty}", "map.csv:2: squash: the parameter empty is '' - only text and whole numbers"),
        ("{list}", "map.csv:2: squash: the parameter list is [1] - only text and whole numbers"),
        ("{flag}", "map.csv:2: squash: the parameter flag is True - only text and whole numbers"),
        ("{other}", "map.csv:2: squash: there is no parameter other - it has n, word, empty, list"),
        ("{low}", "map.csv:2: squash: 'b' is no letter - write one"),
        ("{{{n}}}", "map.csv:2: squash: '{7}' is no letter - write one"),
        ("{dash}", "map.csv:2: squash: - is a dash - write - alone"),
        ("A{dash}{n}", "squash A-7"),
        ("{two}", "map.csv:2: squash: the parameter two holds |, which separates targets - give"),
        ("{ruined}", "map.csv:2: squash: 9.56E+17 is a number that a spreadsheet has ruined"),
    ],
)
def test_placeholders_are_filled_for_each_test(tmp_path: Path, text: str, expected: str) -> None:
    """From its parameters and the environment; what cannot be filled or read names row and value."""
    asked = rules(tmp_path, {"a/": {"squash": text}}, environment={"RELEASE": "R"})
    given = {"n": 7, "word": "B", "empty": "", "list": [1], "flag": True, "low": "b"}
    given |= {"dash": "-", "two": "A|B", "ruined": "9.56E+17"}

    held = asked.of([], ["a/test_a.py::test_a[1]"], given)

    assert [] == asked.problems
    seen = held.problems or [outcome(held)]
    assert [expected] == [line[: len(expected)] for line in seen]


def test_what_placeholders_gave_is_known(tmp_path: Path) -> None:
    """Of the nearest place alone: not where a marker or a nearer row gives the targets."""
    rows = {"a.py": {"squash": "A-{n}", "workiva": "W{n}|X"}, "a.py::near": {"squash": "N"}}
    asked = rules(tmp_path, rows)

    found = [
        asked.of([[mark]], [test], {"n": 7}).given
        for mark, test in (
            (Mark(), "a.py::t"),
            (Mark(), "a.py::near"),
            (Mark((), {"workiva": "M", "squash": None}), "a.py::t"),
        )
    ]

    gave = [("a.py", "workiva", text) for text in ("W7", "X")]
    assert [[("a.py", "squash", "A-7"), *gave], gave, []] == found


def test_an_alias_that_nobody_knows_is_answered_with_the_nearest(tmp_path: Path) -> None:
    """And so is one that stands in the map as a pattern."""
    asked = rules(tmp_path, {"CTRL-07": {"squash": "A"}, "a/": {"squash": "B"}})

    for test in ("b.py::t", "b.py::u", "b.py::t"):
        asked.of([[Mark(("CTRL-7",))]], [test])
    held = asked.of([[Mark(("a/",))]], ["b.py::v"])

    assert [] == held.problems
    assert [
        "b.py::t and 1 more: the map has no alias 'CTRL-7' - did you mean 'CTRL-07'?",
        "b.py::v: the map has no alias 'a/' - known are CTRL-07",
    ] == asked.strangers()


@pytest.mark.parametrize("value", [["C-1"], ("7",), {}, None, True, 1.5])
def test_what_is_no_alias_is_refused(tmp_path: Path, value: object) -> None:
    """A list, say, which nobody can look up: of this test alone, with a map and without."""
    mark = Mark((value,))

    mapped = rules(tmp_path, {"C-1": {"squash": "A"}}).of([[mark]], ["a.py::t"]).problems
    bare = list(merge([[mark]], KNOWN).problems)

    hint = "write text, one alias after the other, or destination=target"
    assert [f"the evidence marker has {value!r}, which is no alias - {hint}"] == mapped == bare


def test_a_whole_number_is_an_alias(tmp_path: Path) -> None:
    """As a sheet has it."""
    held = rules(tmp_path, {"7": {"squash": "A"}}).of([[Mark((7,))]], ["a.py::t"])

    assert "squash A" == outcome(held)


def test_rows_that_hold_for_no_test_are_known(tmp_path: Path) -> None:
    """Patterns and aliases alike; the run's own row always holds."""
    rows = {"a/": {}, "b/": {"squash": "A"}, "CTRL-07": {"squash": "A"}, "CTRL-08": {}, "<run>": {}}
    asked = rules(tmp_path, rows)

    asked.of([[Mark(("CTRL-07",))]], ["a/test_a.py::test_a"])

    assert ["b/", "CTRL-08"] == [row.test for row in asked.unheld()]


def test_an_item_is_found_by_any_of_its_names(tmp_path: Path) -> None:
    """Rows for either name hold, the order is that of one list."""
    asked = rules(tmp_path, {"a.py::t[text0]": {"squash": "A"}, "a.py": {"workiva": "B"}})

    held = asked.of([], ["a.py::t[long]", "a.py::t[text0]"])

    assert "squash A, workiva B" == outcome(held)
    assert ("a.py::t[text0]", "a.py") == held.tests


def test_the_run_has_its_own_row(tmp_path: Path) -> None:
    """`<run>` is farther than `evidence_run_targets`, and no pattern holds for the run."""
    asked = rules(tmp_path, {"<run>": {"squash": "A", "workiva": "B"}, "**": {"workiva": "C"}})

    assert "squash C, workiva B" == outcome(asked.of_the_run([[Mark((), {"squash": "C"})]]))
