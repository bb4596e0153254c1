"""Tables of every sort of rows, for programs and for people."""

from __future__ import annotations

import sys

import pytest

from .conftest import RunAndRead


TABLES = """
    def test_page(evidence):
        rows = [{"name": "<b>Ünal</b>", "balance": 12.5, "ok": True}, {"balance": None, "more": "x"}]
        evidence.table(rows, name="balances.html")
        evidence.table([(1, 2), ["a", "b"]], name="plain.htm")
        evidence.table([], name="empty.html")

    def test_refused(evidence):
        evidence.table("text", name="text.csv")
        evidence.table(["abc"], name="words.html")
"""


def test_a_readable_page(run_and_read_spool: RunAndRead) -> None:
    """A name that ends in `.html` makes a page in which every cell is text."""
    run = run_and_read_spool(TABLES)
    page = run.content("test_page", "balances.html").decode()

    assert "<p>balances: 2 rows</p>" in page
    assert "<tr><th>name</th><th>balance</th><th>ok</th><th>more</th></tr>" in page
    assert (
        "<tr><td>&lt;b&gt;Ünal&lt;/b&gt;</td><td class=number>12.5</td><td>True</td><td></td></tr>"
        in page
    )
    plain = run.content("test_page", "plain.htm").decode()
    assert "<tr><td class=number>1</td><td class=number>2</td></tr>" in plain
    assert "<thead>" not in plain
    assert "0 rows" in run.content("test_page", "empty.html").decode()
    assert [("table", "text/html")] * 3 == [
        (piece.kind, piece.media_type) for piece in run.pieces("test_page")
    ]


def test_what_is_no_table(run_and_read_spool: RunAndRead) -> None:
    """Text is no row of cells, and the refusal says what is one."""
    run = run_and_read_spool(TABLES)

    assert [
        f"test_inner.py::test_refused: {name}: cannot be made (a row is text) - give each row as a "
        "dictionary or a list of cells"
        for name in ("text.csv", "words.html")
    ] == run.refused


FRAMES = """
    import pandas
    import polars

    def test_pandas(evidence):
        frame = pandas.DataFrame({"a": [1, 2], "b": ["x,y", None]})
        evidence.table(frame, name="plain")
        evidence.table(frame.set_index("b"), name="indexed.csv")
        evidence.table(pandas.DataFrame({"a": [1]}, index=["x"]), name="nameless.csv")
        evidence.table(frame["a"], name="series.csv")
        summed = frame.groupby(["a", "b"], dropna=False).agg({"a": ["sum", "max"]})
        evidence.table(summed, name="levels.csv")
        evidence.table(frame, name="page.html")

    def test_polars(evidence):
        frame = polars.DataFrame({"a": [1, 2], "b": ["x,y", None]})
        evidence.table(frame, name="frame.csv")
        evidence.table(frame["a"], name="series.csv")
"""


def test_frames(run_and_read_spool: RunAndRead) -> None:
    """Frames and series of pandas and polars become the table they show, a named index included."""
    run = run_and_read_spool(FRAMES, apart=True)

    assert b'a,b\r\n1,"x,y"\r\n2,\r\n' == run.content("test_pandas", "plain.csv")
    assert b'b,a\r\n"x,y",1\r\nnan,2\r\n' == run.content("test_pandas", "indexed.csv")
    assert b"index,a\r\nx,1\r\n" == run.content("test_pandas", "nameless.csv")
    assert b"a\r\n1\r\n2\r\n" == run.content("test_pandas", "series.csv")
    levels = b'a,b,a / sum,a / max\r\n1,"x,y",1,1\r\n2,nan,2,2\r\n'
    assert levels == run.content("test_pandas", "levels.csv")
    assert b"<td>x,y</td>" in run.content("test_pandas", "page.html")
    assert b'a,b\r\n1,"x,y"\r\n2,\r\n' == run.content("test_polars", "frame.csv")
    assert b"a\r\n1\r\n2\r\n" == run.content("test_polars", "series.csv")
    assert [] == run.refused


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_nothing_is_imported_for_a_table(run_and_read_spool: RunAndRead, library: str) -> None:
    """Whoever does not use a library of frames does not load it."""
    suite = f"""
        import sys
        def test_it(evidence):
            evidence.table([[1]])
            assert "{library}" not in sys.modules
    """
    assert library not in sys.modules

    run = run_and_read_spool(suite, apart=True)

    run.result.assert_outcomes(passed=1)
