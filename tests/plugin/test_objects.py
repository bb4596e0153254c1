"""Images and frames of other libraries are taken where they are handed over."""

from __future__ import annotations

import csv
import io

from .conftest import RunAndRead
from .looked_at import looked_at


SUITE = """
    import datetime
    import pandas
    import polars
    import pytest
    from PIL import Image

    RED = Image.new("RGB", (30, 20), "#c00000")
    ROWS = {"name": ["Ada", None], "paid": [1.5, 2.25], "due": [datetime.date(2026, 11, 27), None]}

    def test_images(evidence):
        evidence.attach(RED, name="red.png", kind="screenshot", remark="seen by hand")
        evidence.attach(RED, name="red.jpg")
        evidence.attach(RED)
        evidence.attach(Image.new("RGBA", (3, 2)), name="clear.jpg")

    def test_frames(evidence):
        evidence.table(pandas.DataFrame(ROWS), name="pandas.csv")
        evidence.table(pandas.DataFrame(ROWS, index=["a", "b"]), name="index.csv")
        evidence.table(pandas.DataFrame(ROWS).groupby(["name", "paid"], dropna=False).count(), name="levels")
        evidence.table(polars.DataFrame(ROWS), name="polars.csv")
        evidence.table(pandas.DataFrame(), name="nothing.csv")
        evidence.table(polars.LazyFrame(ROWS), name="lazy.csv")
"""
ROWS = [["Ada", "1.5", "2026-11-27"], ["", "2.25", ""]]
HEADER = ["name", "paid", "due"]


def test_images_of_pillow_are_written_as_their_names_say(run_and_read_spool: RunAndRead) -> None:
    """An image becomes a file of the kind that its name ends in, or a reason."""
    run = run_and_read_spool(SUITE, "-k", "images", apart=True)

    assert ["red.png", "red.jpg", "image.png"] == run.names("test_images")
    red = run.piece("test_images", "red.png")
    assert ("image/png", "screenshot", "seen by hand") == (red.media_type, red.kind, red.remark)
    assert ((30, 20), (0xC0, 0, 0)) == looked_at(run.content("test_images", "red.png"))
    assert "image/jpeg" == run.piece("test_images", "red.jpg").media_type
    assert run.content("test_images", "red.jpg").startswith(b"\xff\xd8\xff")
    (reason,) = run.refused
    assert "clear.jpg: cannot be made (cannot be written as JPEG (OSError: " in reason
    assert reason.endswith("- give it another name, or convert the image")


def test_frames_become_csv(run_and_read_spool: RunAndRead) -> None:
    """A frame is its header and rows; an index that says something is a column; missing is empty."""
    run = run_and_read_spool(SUITE, "-k", "frames", apart=True)

    def rows(name: str) -> list[list[str]]:
        text = run.content("test_frames", name).decode()
        return list(csv.reader(io.StringIO(text, newline="")))

    assert [HEADER, *ROWS] == rows("pandas.csv") == rows("polars.csv")
    assert [["index", *HEADER], ["a", *ROWS[0]], ["b", *ROWS[1]]] == rows("index.csv")
    assert ["name", "paid", "due"] == rows("levels.csv")[0]
    assert [[]] == rows("nothing.csv")
    (reason,) = run.refused
    assert "lazy.csv: cannot be made" in reason
