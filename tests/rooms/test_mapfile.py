"""Map files: what a spreadsheet exports is read as it is meant, and what is wrong is said with its line."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_attach_evidence.mapfile import DROPPED
from pytest_attach_evidence.mapfile import Cell
from pytest_attach_evidence.mapfile import MapFile
from pytest_attach_evidence.mapfile import cells
from pytest_attach_evidence.mapfile import files
from pytest_attach_evidence.mapfile import read


def read_csv(folder: Path, text: str | bytes, name: str = "map.csv") -> MapFile:
    """Return a map file of this content."""
    content = text.encode() if isinstance(text, str) else text
    (folder / name).write_bytes(content)
    return read(folder / name, folder)


def told(found: MapFile) -> list[str]:
    """Return what is wrong with a file, a line each."""
    return [f"{problem.severity[0]} {problem}" for problem in found.problems]


@pytest.mark.parametrize(
    "content",
    [
        "test,squash,workiva\na.py::t,TC-1|TC-2,f/p\nb/,-,\n",
        "test;squash;workiva\r\na.py::t;TC-1|TC-2;f/p\r\nb/;-;\r\n",
        "\ufefftest;squash;workiva\r\na.py::t;TC-1|TC-2;f/p\r\nb/;-;\r\n",
        "sep=;\r\ntest;squash;workiva\r\na.py::t;TC-1|TC-2;f/p\r\nb/;-;\r\n",
        '"test","squash","workiva"\n"a.py::t"," TC-1 | TC-2 ","f/p"\n"b/","-",""',
        " Test , SQUASH,Workiva,,\na.py::t,TC-1|TC-2,f/p,,\n,,,,\n# a word,TC-3,,,\nb/,-\n\n",
        "squash,test,workiva\nTC-1|TC-2,a.py::t,f/p\n-,b/,\n",
    ],
    ids=["comma", "semicolon", "bom", "sep", "quoted", "blanks", "order"],
)
def test_what_spreadsheets_export_is_read_alike(tmp_path: Path, content: str) -> None:
    """Comma or semicolon, with or without a mark of the encoding, quoted or not, rows of any length."""
    found = read_csv(tmp_path, content)

    assert [] == told(found)
    assert ["a.py::t", "b/"] == [row.test for row in found.rows]
    cells = {"squash": Cell(("TC-1", "TC-2")), "workiva": Cell(("f/p",))}
    assert [cells, {"squash": DROPPED}] == [row.cells for row in found.rows]


def test_a_row_knows_its_first_line(tmp_path: Path) -> None:
    """Also behind cells with line breaks, which only columns of the owner may have."""
    found = read_csv(tmp_path, 'test,#note,squash\na.py::t,"two\nlines",TC-1\nb.py::t,,TC-2\n')

    assert ["map.csv:2", "map.csv:4"] == [row.place for row in found.rows]
    assert ["test", "#note", "squash"] == list(found.columns)
    assert "two\nlines" == found.rows[0].raw["#note"]


def test_all_that_a_row_can_say(tmp_path: Path) -> None:
    """Outcomes and kinds for the test and for single destinations, and what it has to have."""
    header = "test,squash,when,require,huawei_when,workiva_kinds,status,detail,run"
    found = read_csv(
        tmp_path, f"{header}\na.py,TC-1,failed,screenshot log|table,passed,report,x,y,z\n"
    )

    (row,) = found.rows
    assert [] == told(found)
    assert ("failed", ("screenshot", "log", "table")) == (row.when, row.require)
    assert ({"huawei": "passed"}, {"workiva": ("report",)}) == (row.whens, row.kinds)
    assert {"squash": Cell(("TC-1",))} == row.cells


TOML = """
[[evidence]]
test = "a.py::t"
squash = ["TC-1", 1042, "ref:a|b"]
huawei = 956239067176935401
when = "failed"
require = ["screenshot", "log"]

[[ "evidence" ]]
test = "CTRL-07"
workiva = "f/p|f/q"
squash = "-"
"""


def test_toml_says_the_same_with_lists_and_numbers(tmp_path: Path) -> None:
    """A text in a list is one target, whatever it holds; other texts are as in a CSV cell."""
    found = read_csv(tmp_path, TOML, "map.toml")

    first, second = found.rows
    assert [] == told(found)
    assert ("map.toml:2", "map.toml:9") == (first.place, second.place)
    assert Cell(("TC-1", "1042", "ref:a|b")) == first.cells["squash"]
    assert Cell(("956239067176935401",)) == first.cells["huawei"]
    assert ("failed", ("screenshot", "log")) == (first.when, first.require)
    assert {"workiva": Cell(("f/p", "f/q")), "squash": DROPPED} == second.cells
    assert ["test", "squash", "huawei", "when", "require", "workiva"] == list(found.columns)


@settings(deadline=None)
@given(texts=st.lists(st.text("a:|\\ ", min_size=1).filter(lambda t: t == t.strip()), min_size=1))
def test_targets_in_one_cell_are_the_same_targets_again(texts: list[str]) -> None:
    """Whatever they hold, a | or the sign before it included."""
    assert texts == cells.split(cells.joined(texts))


def test_a_sheet_can_have_a_target_with_its_separator(tmp_path: Path) -> None:
    """Written behind a backslash, which is nothing else anywhere."""
    found = read_csv(tmp_path, "test,squash\na.py::t,TC-1|ref:a\\|b|ref:c\\d\n")

    assert [] == told(found)
    assert Cell(("TC-1", "ref:a|b", r"ref:c\d")) == found.rows[0].cells["squash"]
    assert r"TC-1|ref:a\|b|ref:c\d" == found.rows[0].raw["squash"]


def test_parameters_of_any_sort_are_read(tmp_path: Path) -> None:
    """A node id is taken as pytest prints it."""
    found = read_csv(tmp_path, "test,squash\na.py::t[***],TC-1\na.py::t[=|+'],TC-2\n")

    assert ([], ["a.py::t[***]", "a.py::t[=|+']"]) == (told(found), [r.test for r in found.rows])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "e map.csv:1: names the columns not at all, none is test - begin with a line such as"),
        ("a,b\nc,d\n", "e map.csv:1: names the columns a, b, none is test"),
        ("test,squash,Squash\na.py,1,2\n", "e map.csv:1: has the column squash twice - join"),
        ("test,squash\na.py,1,2\n", "e map.csv:2: has '2' in column 3, which has no name"),
        ("test,squash\n,TC-1\n", "e map.csv:2: has no test - write a node id"),
        ('test,squash\na.py,"TC-1\n', "e map.csv:2: is no row of a CSV file (unexpected end"),
        ('test,squash\na.py,"TC"-1\n', "e map.csv:2: is no row of a CSV file ('"),
        (
            b"test,squash\na.py,TC-1\nb.py,T\xe4\n",
            "e map.csv:3: is not UTF-8 (byte 0xe4) - save it",
        ),
        ("test\na.py\n".encode("utf-16"), "e map.csv:1: is UTF-16 - save it as CSV UTF-8"),
        (b"test,squash\na.py,T\0\n", "e map.csv:2: holds a NUL character"),
        ("test,huawei\na.py,9.56239E+17\n", "e map.csv:2: huawei: 9.56239E+17 is a number that a"),
        (
            'test,huawei\na.py,"9,56E+17"\n',
            "e map.csv:2: huawei: 9,56E+17 is a number that a spread",
        ),
        (
            "test,huawei\na.py,956239067176935000\n",
            "w map.csv:2: huawei: 956239067176935000 ends in",
        ),
        ("test,huawei\na.py,p/1956239067176935000\n", "w map.csv:2: huawei: p/1956239067176935000"),
        (
            "test,squash\na.py,=A1\n",
            "e map.csv:2: squash: =A1 looks like a formula - enter the value",
        ),
        ("test,squash\na.py,@SUM(1)\n", "e map.csv:2: squash: @SUM(1) looks like a formula"),
        ("test,squash\na.py,-5\n", "e map.csv:2: squash: -5 looks like a formula"),
        ("test,squash\na.py,#REF!\n", "e map.csv:2: squash: #REF! is an error of a spreadsheet"),
        ("test,squash\na.py,#NV\n", "e map.csv:2: squash: #NV is an error of a spreadsheet"),
        (
            "test,squash\na.py,'1042\n",
            "e map.csv:2: squash: '1042 begins with a spreadsheet's mark",
        ),
        ('test,squash\na.py,"TC-1\nTC-2"\n', "e map.csv:2: squash: holds a line break - separate"),
        ("test,squash\na.py,TC\x07\n", "e map.csv:2: squash: 'TC\\x07' holds control characters"),
        ("test,squash\na.py,TC-1||TC-2\n", "e map.csv:2: squash: has an empty target"),
        ("test,squash\na.py,TC-1|-\n", "e map.csv:2: squash: - stands beside targets"),
        ("test,squash\na.py,–\n", "e map.csv:2: squash: – is a dash - write - alone in its cell"),
        ("test,squash\na.py,TC-1|—\n", "e map.csv:2: squash: — is a dash - write - alone"),
        ("test,squash\na.py,3. Apr\n", "e map.csv:2: squash: 3. Apr is a date, and no target - "),
        ("test,squash\na.py,Sep-12\n", "e map.csv:2: squash: Sep-12 is a date, and no target"),
        ("test,squash\na.py,04. Mrz\n", "e map.csv:2: squash: 04. Mrz is a date"),
        ("test,squash\na.py,03.04.2026\n", "e map.csv:2: squash: 03.04.2026 is a date"),
        ("test,squash\na.py,2026-04-03\n", "e map.csv:2: squash: 2026-04-03 is a date"),
        ("test,squash\na.py,TRUE\n", "e map.csv:2: squash: TRUE is true or false, and no target"),
        ("test,squash\na.py,WAHR\n", "e map.csv:2: squash: WAHR is true or false"),
        ("test,squash\na.py,1.042\n", "e map.csv:2: squash: 1.042 is a number as a spreadsheet"),
        ("test;squash\na.py;1042,00\n", "e map.csv:2: squash: 1042,00 is a number as a spread"),
        (
            "test,huawei\na.py,956.239.067.176.935.400\n",
            "e map.csv:2: huawei: 956.239.067.176.935.400 is a number as a spreadsheet shows it",
        ),
        (
            'test,squash\na.py,"TC-1, TC-2"\n',
            "e map.csv:2: squash: TC-1, TC-2 has , or ; between targets - separate them by |; a ref",
        ),
        ("test,squash\na.py,TC-1;TC-2\n", "e map.csv:2: squash: TC-1;TC-2 has , or ; between"),
        ("test,squash\na.py,TC-1;TC-2;\n", "e map.csv:2: squash: TC-1;TC-2; has , or ; between"),
        (
            'test,squash\na.py,"TC-1, TC-2,"\n',
            "e map.csv:2: squash: TC-1, TC-2, has , or ; between",
        ),
        ('test,squash\na.py,"TC-1,,TC-2"\n', "e map.csv:2: squash: TC-1,,TC-2 has , or ; between"),
        ("test,squash\na.py,TC-1;\n", "e map.csv:2: squash: TC-1; has , or ; between"),
        ("test,when\na.py,never\n", "e map.csv:2: when: 'never' is unknown - choose one of always"),
        ("test,squash_when\na.py,on\n", "e map.csv:2: squash_when: 'on' is unknown"),
        ("test,require\na.py,log/1\n", "e map.csv:2: require: 'log/1' is no kind of evidence"),
        ("test,require\n<run>,log\n", "e map.csv:2: require: cannot stand beside <run>"),
        (
            "test,squash\n<all>,1\n",
            "e map.csv:2: the test <all> is unknown - the run's own evidence",
        ),
        ("test,squash\ntests\\a.py,1\n", "e map.csv:2: the test tests\\a.py has backslashes"),
        (
            "test,squash\n./a.py,1\n",
            "e map.csv:2: the test ./a.py is no node id - write it as pytest",
        ),
        ("test,squash\n../a.py,1\n", "e map.csv:2: the test ../a.py is no node id - write it as"),
        ("test,squash\na/***,1\n", "e map.csv:2: the test a/*** has three stars"),
        ("test,squash\na.py::T***::t[1],1\n", "e map.csv:2: the test a.py::T***::t[1] has three"),
        ("test,squash\n=A1,1\n", "e map.csv:2: the test =A1 looks like a formula"),
        ("test,squash\na\tb,1\n", "e map.csv:2: the test 'a\\tb' holds control characters"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, content: str | bytes, expected: str
) -> None:
    """One line: where, what was seen, what to do; nothing is guessed."""
    (line,) = told(read_csv(tmp_path, content))

    assert line.startswith(expected)
    assert " - " in line


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[[evidence]]\ntest = 1\ntest = 2\n", "e map.toml:3: is no TOML ("),
        ("a = 1\n", "e map.toml:1: holds something else than [[evidence]] tables"),
        ("evidence = 1\n", "e map.toml:1: holds something else than [[evidence]] tables"),
        ('evidence = [{test = "a"}]\n', "e map.toml:1: holds something else than [[evidence]]"),
        ('[[evidence]]\ntest = "a"\nhuawei = 9.5e17\n', "e map.toml:1: huawei: 9.5e+17 is a float"),
        ('[[evidence]]\ntest = "a"\nsquash = true\n', "e map.toml:1: squash: True is a bool"),
        ('[[evidence]]\ntest = "a"\nsquash = ["x", {}]\n', "e map.toml:1: squash: {} is a dict"),
        ('\n[[evidence]]\nsquash = "x"\n', "e map.toml:2: has no test"),
        ('[[evidence]]\ntest = ["a"]\nsquash = "x"\n', "e map.toml:1: has no test"),
        (
            '[[evidence]]\ntest = "a"\nwhen = ["failed"]\n',
            "e map.toml:1: when: ['failed'] is unknown",
        ),
        ("a = " + "[" * 9999, "e map.toml: is no TOML ("),
    ],
)
def test_what_is_wrong_with_toml_is_said_with_its_line(
    tmp_path: Path, content: str, expected: str
) -> None:
    """The line is that of the row's [[evidence]], or the one where TOML ends."""
    (line,) = told(read_csv(tmp_path, content, "map.toml"))

    assert line.startswith(expected)


def test_toml_columns_for_people_hold_anything(tmp_path: Path) -> None:
    """As in a sheet; and so do those of an exported one."""
    columns = (
        '"#prio" = 1.5\n"#done" = true\n"#on" = 2026-04-03\n"#who" = ["a", {}]\nstatus = 1.5\n'
    )
    found = read_csv(tmp_path, f'[[evidence]]\ntest = "a.py"\n{columns}', "map.toml")

    assert [] == told(found)
    (row,) = found.rows
    people = {"#prio": "1.5", "#done": "true", "#on": '"2026-04-03"', "#who": '["a", {}]'}
    assert {**people, "status": "1.5"} == row.raw


def test_lines_of_toml_are_counted_once(tmp_path: Path) -> None:
    """A file of ten times as many rows takes some ten times as long, and not a hundred times."""

    def seconds(number: int) -> float:
        content = "".join(f'[[evidence]]\ntest = "t{n}"\n' for n in range(number))
        begun = time.process_time()
        assert number == len(read_csv(tmp_path, content, "map.toml").rows)
        return time.process_time() - begun

    assert seconds(20_000) < 40 * max(seconds(2000), 0.01)


@pytest.mark.parametrize(
    "text",
    ["ref:3. Apr", "ref:TRUE", "ref:1.042", "ref:a, b", "ref:–", "TC-1[a, b]", "SEP-12", "1042"],
)
def test_a_reference_may_be_any_text(tmp_path: Path, text: str) -> None:
    """Behind `ref:`; and what only resembles a date, or lists in brackets, is as it was."""
    found = read_csv(tmp_path, f'test;squash\na.py;"{text}"\n')
    toml = read_csv(tmp_path, f'[[evidence]]\ntest = "a.py"\nsquash = ["{text}"]\n', "map.toml")

    assert [] == told(found) + told(toml)
    assert [Cell((text,))] * 2 == [one.rows[0].cells["squash"] for one in (found, toml)]


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    """A wrong cell spoils neither the other cells of its row nor the other rows."""
    found = read_csv(tmp_path, "test,squash,when\na.py,=1|TC-1,x\nb.py,#REF!,failed\n")

    assert ["2", "2", "3"] == [one.subject.partition(":")[2] for one in found.problems]
    assert [("TC-1",), None] == [
        c.texts if c else None for c in (r.cells.get("squash") for r in found.rows)
    ]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """One that is not there, is a folder, or is none of the two kinds is named with what to do."""
    (tmp_path / "dir.csv").mkdir()
    found = [told(read(tmp_path / name, tmp_path)) for name in ("no.csv", "dir.csv", "map.xlsx")]

    assert [
        ["e no.csv: cannot be read (No such file or directory) - mend evidence_map"],
        ["e dir.csv: cannot be read (Is a directory) - mend evidence_map"],
        ["e map.xlsx: is neither .csv nor .toml - export the sheet as CSV UTF-8"],
    ] == found


def test_a_file_with_far_too_many_rows_is_refused_at_that_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first rows are read, nothing behind them is; a file of far too many bytes is not read at all."""
    monkeypatch.setattr(files, "MOST_ROWS", 3)
    rows = "".join(f"a.py::t{n},TC-1\n" for n in range(5))
    found = read_csv(tmp_path, f"test,squash\n{rows}")
    tables = "".join(f'[[evidence]]\ntest = "t{n}"\n' for n in range(5))
    toml = read_csv(tmp_path, tables, "map.toml")
    behind = read_csv(tmp_path, f"{tables}no TOML at all", "map.toml")
    monkeypatch.setattr(files, "MOST_BYTES", 10)
    large = read_csv(tmp_path, "test,squash\n")

    assert ["e map.csv:5: is row 4, a map file may have 3 - use patterns such as tests/api/**"] == [
        line.partition(", or")[0] for line in told(found)
    ]
    assert (3, 3) == (len(found.rows), len(toml.rows))
    assert ["map.toml:7"] * 2 == [one.subject for one in (*toml.problems, *behind.problems)]
    assert ["e map.csv: has more than 10 bytes - use patterns, or several files"] == told(large)


def test_a_file_of_nothing_but_mistakes_is_given_up(tmp_path: Path) -> None:
    """What is read and held of it is bounded."""
    found = read_csv(tmp_path, "test,squash\n" + "a.py,=1\n" * 5000)

    tables = '[[evidence]]\ntest = "a.py"\nsquash = "=1"\n' * 5000
    for one in (found, read_csv(tmp_path, tables, "map.toml")):
        assert files.MOST_PROBLEMS + 2 == len(one.problems)
        assert "too much is wrong" in one.problems[-1].seen
