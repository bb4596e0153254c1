"""`attach-evidence remote` where a part of what is asked fails: the rest is done, and all of it is told."""

from __future__ import annotations

import json
import re
import shutil
import textwrap
from pathlib import Path

import pytest

from pytest_attach_evidence.commands.remote_tables import places_table
from pytest_attach_evidence.destinations.remote import Place
from pytest_attach_evidence.report.table import table

from . import shelf
from .project import Ended
from .project import Project
from .test_remote import on_a_terminal


@pytest.fixture
def boards(project: Project) -> Project:
    """A project whose evidence goes to the destinations of another plugin."""
    shutil.copy(Path(shelf.__file__), project.folder / "shelf.py")
    project.configure("shelf bare archive")
    return project


def remote(project: Project, action: str, *words: str) -> Ended:
    """Run an action."""
    return project.command("remote", "-p", "shelf", action, *words)


def test_one_attachment_that_fails_stops_no_other(boards: Project) -> None:
    """Each has its whole time, the rest is there, one line says what failed and always what to do."""
    ended = remote(boards, "download", "shelf=1", "--to", "files", "--json")

    assert 65 == ended.status
    [line] = ended.errors.splitlines()
    assert line.startswith("ERROR: shelf=1: attachment a2 ")
    assert line.endswith(f" - {shelf.HINT}")
    assert ["a1", "a3"] == [one["attachment"]["id"] for one in json.loads(ended.out)]
    assert {b"a1", b"a3"} == {one.read_bytes() for one in (boards.folder / "files").iterdir()}


def test_nothing_that_comes_is_run(boards: Project) -> None:
    """Files go to a folder of their own, and no run of pytest imports one because of its name."""
    assert 65 == remote(boards, "download", "shelf=1").status

    names = {path.name for path in (boards.folder / "evidence-downloads").iterdir()}
    assert {"conftest.py.txt", "login--0123456789ab.txt"} == names
    boards.write("test_it.py", "def test_it(): pass")
    boards.configure("archive")
    ran = boards.pytest("-q")
    assert 0 == ran.status, ran.out + ran.errors


def test_a_folder_that_cannot_be_written_is_said_once(boards: Project) -> None:
    """What holds for every attachment is no reason to try each."""
    boards.write("files")

    ended = remote(boards, "download", "shelf=1", "--to", "files")

    assert (65, 1) == (ended.status, len(ended.errors.splitlines()))


def test_what_was_deleted_is_recorded_whatever_follows(boards: Project) -> None:
    """A deletion that stops in the middle has told what is gone already."""
    ended = remote(boards, "delete", "shelf=1", "--all", "--yes", "--json")

    assert 65 == ended.status
    assert ["a1", "a3"] == [one["id"] for one in json.loads(ended.out)]
    [line] = ended.errors.splitlines()
    assert "a2 is still there" in line


def test_json_commands_nobody(boards: Project) -> None:
    """Names by others stand there as ASCII that no CI system obeys, and are read as they were."""
    ended = remote(boards, "list", "shelf=9", "shelf=1", "--json")

    assert ended.out.isascii()
    assert not [sign for sign in ("##", "::") if sign in ended.out]
    assert shelf.FILES[1].name == json.loads(ended.out)[1]["attachments"][1]["name"]


@pytest.mark.parametrize("target", ["bare=1", "bare=9"])
def test_nobody_is_asked_about_what_a_vendor_lacks(boards: Project, target: str) -> None:
    """Neither a yes nor an attachment changes that it cannot be done."""
    ended = remote(boards, "delete", target, "--all")

    assert (65, "") == (ended.status, ended.out)
    assert "Bare documents no operation to delete an attachment" in ended.errors


def test_a_no_is_an_answer(boards: Project) -> None:
    """It holds for its target, which is named as the vendor knows it; the next one is asked about."""
    words = ["-p", "shelf", "delete", "shelf=board-1", "shelf=3", "--attachment", "a1", "--json"]

    status, shown = on_a_terminal(boards, words, "n\ny")

    assert 0 == status, shown
    assert (
        "conftest.py" in shown.partition("Delete 1 attachment of shelf=board-1 (shelf board 1)")[0]
    )
    assert "shelf=board-1: nothing was changed" in shown
    done = json.loads(shown[shown.index("[\n") :])
    gone = {"id": "a1", "name": "conftest.py", "outcome": "deleted"}
    assert [{"target": "shelf=3", "object": "shelf board 3", **gone}] == done


def test_a_list_shows_what_can_be_listed(boards: Project) -> None:
    """One board that is locked hides no other; a line in the end names it."""
    ended = remote(boards, "list", "shelf", "--depth", "2")
    [document] = json.loads(remote(boards, "list", "shelf", "--depth", "2", "--json").out)

    assert 65 == ended.status
    assert ["shelf=1", "shelf=11", "shelf=2", "shelf=3", "shelf=31"] == [
        place["text"] for place in document["places"]
    ]
    assert "5 objects" in ended.out
    [line] = ended.errors.splitlines()
    assert f"ERROR: shelf: cannot list 2: board 2 is locked - {shelf.HINT}" == line


def test_four_levels_fit_on_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a row says what its text adds to the one above; elsewhere each can be pasted."""
    monkeypatch.setenv("COLUMNS", "80")
    ids = [f"{number}{'a4c5d6e7' * 4}"[:32] for number in range(4)]
    texts = ["/".join(ids[: number + 1]) for number in range(4)]
    found = [(depth, Place(text=text, kind="sample")) for depth, text in enumerate(texts)]

    lines = table(*places_table("workiva", [*found, found[1]], ""), terminal=True)
    _, below = places_table("workiva", [(0, found[2][1])], texts[1])
    _, whole = places_table("workiva", found, None)

    shown = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines)).splitlines()
    assert max(map(len, shown)) <= 80
    rows = textwrap.dedent("\n".join(line for line in shown if "a4c5" in line)).splitlines()
    assert [f"workiva={ids[0]}", *(f"{'  ' * n}/{ids[n]}" for n in (1, 2, 3, 1))] == [
        row.rstrip().removesuffix("sample").rstrip() for row in rows
    ]
    assert f"/{ids[2]}" == below[0][0]
    assert [f"workiva={text}" for text in texts] == [row[0].strip() for row in whole]


def test_where_nothing_is_named_a_list_stays_at_the_top(boards: Project) -> None:
    """Everything that a vendor has is read by who asks for it alone."""
    [document] = json.loads(remote(boards, "list", "shelf", "--json").out)

    assert ["1", "2", "3"] == [place["text"].removeprefix("shelf=") for place in document["places"]]
