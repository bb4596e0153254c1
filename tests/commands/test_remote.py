"""`attach-evidence remote`: its arguments, its questions and its exit status, whatever the vendor."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_attach_evidence.naming import keys_in
from pytest_attach_evidence.sandbox import Sandbox

from .project import Project


EXECUTION = "squash=executions/1042"
RENAME = ["rename", EXECUTION, "--attachment", "1", "--yes", "--name"]


@pytest.fixture
def squash(project: Project, sandbox: Sandbox) -> Iterator[Project]:
    """A project with two pieces at one execution of the look-alike, and Workiva beside it."""
    project.lead_to(sandbox, "squash workiva archive")
    project.write(
        "test_it.py",
        "import pytest",
        "@pytest.mark.evidence(squash='executions/1042')",
        "def test_it(evidence):",
        "    evidence.attach(b'one', name='one.txt')",
        "    evidence.attach(b'two', name='two.txt')",
    )
    assert 0 == project.pytest("-q").status
    return project


def listed(project: Project) -> list[dict[str, str]]:
    """Return the attachments of the execution."""
    [found] = json.loads(project.command("remote", "list", EXECUTION, "--json").out)
    return list(found["attachments"])


def on_a_terminal(project: Project, words: list[str], answer: str) -> tuple[int, str]:
    """Run the command with a terminal at which somebody answers; return status and what was shown."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest_attach_evidence", "remote", *words],
        cwd=project.folder,
        env={**os.environ, **project.variables},
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    os.write(leader, f"{answer}\n".encode())
    shown, _ = process.communicate(timeout=60)
    os.close(leader)
    os.close(follower)
    return process.returncode, shown


@pytest.mark.parametrize(
    ("words", "status", "seen"),
    [
        (["frobnicate"], 4, "invalid choice"),
        (["download"], 4, "takes a TARGET"),
        (["rename", EXECUTION], 4, "--attachment and --name"),
        (["delete", EXECUTION], 4, "--all"),
        (["list", "squash", "--depth", "0"], 4, "no number from 1 on"),
        (["info", "squash=no such thing/at all"], 4, "no such thing"),
        (["info", "squash"], 4, "names no object - write squash=PLACE"),
        (["list", "nowhere=1"], 78, "nowhere is not among evidence_destinations"),
        (["list", "rillsoft=1"], 78, "rillsoft is not among evidence_destinations"),
        (["list", "archive=1"], 65, "archive has no operations of its own; its files are in"),
        (["list", "TC-1"], 4, "'TC-1' names no destination - write squash=TC-1"),
        (["list", "squash:TC-1"], 4, "'squash:TC-1' names no destination - write squash=TC-1"),
        (["info", "f1/p1"], 4, "write workiva=f1/p1"),
        (["delete", "no such thing/", "--all"], 4, "write DESTINATION=no such thing/"),
        (["export", "workiva=f1", "--attachment", "1"], 4, "exported as a whole - leave out"),
        (["download", EXECUTION, "--attachment", "x"], 65, "none of its 2 attachments has the id"),
        (["download", "squash=executions/999"], 65, "executions/999"),
        (["export", EXECUTION], 65, "documents no operation to export"),
    ],
)
def test_what_is_wrong_is_one_line(
    squash: Project, words: list[str], status: int, seen: str
) -> None:
    """A script learns of it by the exit status, a person by one line; nothing is printed as a traceback."""
    ended = squash.command("remote", *words)

    assert (status, ended.out if status != 4 else "") == (ended.status, "")
    assert seen in ended.errors.splitlines()[-1]
    assert "Traceback" not in ended.errors


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        (["list", EXECUTION, "--attachment", "1"], "--attachment means nothing for list"),
        (["info", EXECUTION, "--depth", "2"], "--depth means nothing for info, only for list"),
        (["list", "--to", "files"], "only for download, export"),
        (["download", EXECUTION, "--name", "a"], "only for rename"),
        (["rename", EXECUTION, "--all"], "only for delete"),
        (["download", EXECUTION, "--yes"], "only for rename, delete"),
        ([*RENAME, ""], "no name of a file"),
        ([*RENAME, ".."], "no name of a file"),
        ([*RENAME, "../a.txt"], "holds a slash"),
        ([*RENAME, "a\\b"], "holds a slash"),
        ([*RENAME, "a\x1bb"], "holds control characters"),
        ([*RENAME, "a" * 256], "has 256 characters - 255 are the most"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(
    project: Project, words: list[str], seen: str
) -> None:
    """Before anything is read or asked."""
    project.configure("squash")
    ended = project.command("remote", *words)

    assert (4, "") == (ended.status, ended.out)
    assert seen in ended.errors.splitlines()[-1]


def test_other_destinations_may_be_wrong(squash: Project) -> None:
    """Who asks one system needs the credentials of that one only; without a name all are asked."""
    squash.variables["PYTEST_EVIDENCE_WORKIVA_CLIENT_SECRET"] = ""

    assert 0 == squash.command("remote", "list", EXECUTION).status
    alone = squash.command("remote", "list", "workiva")
    every = squash.command("remote", "list")

    assert (78, 78) == (alone.status, every.status)
    assert "PYTEST_EVIDENCE_WORKIVA_CLIENT_SECRET" in alone.errors


def test_everything_is_listed_where_nothing_is_named(squash: Project) -> None:
    """Every system but the archive, each with texts that can be pasted."""
    every = json.loads(squash.command("remote", "list", "--depth", "1", "--json").out)

    assert ["squash", "workiva"] == [one["target"] for one in every]
    for one in every:
        place = next(place["text"] for place in one["places"] if place["leads"])
        assert 0 == squash.command("remote", "list", place, "--depth", "1").status


def test_one_target_that_fails_stops_no_other(squash: Project) -> None:
    """The rest is done, and the exit status tells of the worst."""
    ended = squash.command(
        "remote", "download", "squash=executions/999", EXECUTION, "--to", "files"
    )

    assert 65 == ended.status
    assert 2 == len(list((squash.folder / "files").iterdir()))
    [line] = ended.errors.splitlines()
    assert line.startswith("ERROR: squash=executions/999: ")


def test_pieces_come_back_as_they_were_attached(squash: Project) -> None:
    """By id, by the key in the name and by the whole name; a second file of one name gets a number."""
    one, two = sorted(listed(squash), key=lambda found: found["name"])
    [key] = keys_in(two["name"])
    words = ["--attachment", one["id"], "--attachment", key, "--to", "files"]
    assert 0 == squash.command("remote", "download", EXECUTION, *words).status
    [found] = json.loads(
        squash.command(
            *("remote", "download", EXECUTION, "--attachment", one["name"]),
            *("--to", "files", "--json"),
        ).out
    )

    kept = {path.read_bytes() for path in (squash.folder / "files").iterdir()}
    assert ({b"one", b"two"}, 3) == (kept, len(list((squash.folder / "files").iterdir())))
    assert found["path"].endswith("-2.txt")
    assert (3, "sha256:7692c3ad") == (found["size"], found["digest"][:15])


@pytest.mark.parametrize(("answer", "left"), [("y", 1), ("yes", 1), ("n", 2), ("", 2)])
def test_a_deletion_asks(squash: Project, answer: str, left: int) -> None:
    """What goes is shown before; only a yes is one."""
    name = min(found["name"] for found in listed(squash))

    status, shown = on_a_terminal(squash, ["delete", EXECUTION, "--attachment", name], answer)

    question = f"Delete 1 attachment of {EXECUTION} (executions/1042) for good? [y/N]"
    assert question in shown
    assert name in shown.partition(question)[0]
    assert (0, left == 2) == (status, "nothing was changed" in shown), shown
    assert left == len(listed(squash))


def test_nobody_is_asked_where_nobody_is(squash: Project) -> None:
    """A job of CI has to say that it means it."""
    refused = squash.command("remote", "delete", EXECUTION, "--all")
    assert (4, 2) == (refused.status, len(listed(squash)))
    assert "--yes" in refused.errors

    assert 0 == squash.command("remote", "delete", EXECUTION, "--all", "--yes").status
    assert [] == listed(squash)


def test_a_name_without_its_key_is_warned_of(squash: Project) -> None:
    """Whoever takes the key out of a name learns what that means before it is done."""
    id = listed(squash)[0]["id"]
    words = ["rename", EXECUTION, "--attachment", id, "--name", "better"]

    status, shown = on_a_terminal(squash, words, "n")

    warning = "the key in its name goes, so that no push can find it any more"
    assert 0 == status
    assert warning in shown
    done = squash.command("remote", *words, "--yes")
    assert (0, True) == (done.status, warning in done.errors)
    assert "better" in {Path(found["name"]).stem for found in listed(squash)}


def test_a_server_that_is_away_is_75(squash: Project, sandbox: Sandbox) -> None:
    """Trying again later may help."""
    sandbox.faults.add("status-503", system="squash", times=-1)

    ended = squash.command("remote", "list", EXECUTION)

    assert 75 == ended.status
    assert "503" in ended.errors


def test_nothing_to_ask_is_said(project: Project) -> None:
    """An archive has no operations: whoever asks for everything learns that nothing is configured."""
    ended = project.command("remote", "list")

    assert (78, "") == (ended.status, ended.out)
    assert "no system is among evidence_destinations" in ended.errors


def test_a_number_that_may_be_a_test_case_changes_nothing(squash: Project) -> None:
    """As the delivery says it, with both spellings; nothing is asked for, shown or changed."""
    second = ["-o", "evidence_squash_iteration=5", "--yes"]
    for action in (["delete", "--all"], ["rename", "--attachment", "1", "--name", "a"]):
        ended = squash.command("remote", action[0], "squash=1042", *action[1:], *second)

        assert 65 == ended.status
        assert "write executions/1042 or ref:1042" in ended.errors
    assert 2 == len(listed(squash))


def test_a_name_of_several_changes_none_of_them(squash: Project) -> None:
    """Their ids are shown; whoever reads gets them all."""
    one, two = (found["id"] for found in listed(squash))
    for id in (one, two):
        words = ["rename", EXECUTION, "--attachment", id, "--name", "same", "--yes"]
        assert 0 == squash.command("remote", *words).status

    deleted = squash.command("remote", "delete", EXECUTION, "--attachment", "same.txt", "--yes")
    renamed = squash.command(
        *("remote", "rename", EXECUTION, "--attachment", "same.txt", "--name", "other", "--yes")
    )
    saved = squash.command("remote", "download", EXECUTION, "--attachment", "same.txt")

    for refused in (deleted, renamed):
        assert 65 == refused.status
        assert f"2 of its attachments are called 'same.txt' ({one}, {two})" in refused.errors
    assert 2 == len(listed(squash))
    assert (0, 2) == (saved.status, len(list((squash.folder / "evidence-downloads").iterdir())))


def test_what_holds_an_attachment_is_named(squash: Project, sandbox: Sandbox) -> None:
    """A test case stands for its latest execution, which is what changes: the question tells, and JSON."""
    squash.write(
        "test_it.py",
        "import pytest",
        "@pytest.mark.evidence(squash='TC-12')",
        "def test_it(evidence):",
        "    with evidence.step('first'):",
        "        evidence.attach(b'three', name='three.txt')",
    )
    assert 0 == squash.pytest("-q").status
    stored = sandbox.store.files("squash")[-1]

    _, shown = on_a_terminal(squash, ["delete", "squash=TC-12", "--all"], "n")
    words = ["--attachment", stored.id, "--name", "new", "--yes", "--json"]
    [renamed] = json.loads(squash.command("remote", "rename", "squash=TC-12", *words).out)
    [gone] = json.loads(
        squash.command("remote", "delete", "squash=TC-12", "--all", "--yes", "--json").out
    )

    assert stored.object.startswith("execution-steps/")
    assert f"of squash=TC-12 ({stored.object}) for good?" in shown
    assert (stored.object, "renamed") == (renamed["object"], renamed["outcome"])
    assert {
        "target": "squash=TC-12",
        "object": stored.object,
        "id": stored.id,
    }.items() <= gone.items()
    assert "deleted" == gone["outcome"]


def test_where_nothing_is_there_that_is_said(squash: Project) -> None:
    """A download of nothing is no silence."""
    ended = squash.command("remote", "download", "squash=executions/1043")

    assert (0, "squash=executions/1043: nothing is there\n") == (ended.status, ended.out)


class TestLostAnswers:
    """A change whose answer did not come is looked at."""

    @pytest.mark.parametrize("fault", ["answer-lost", "status-503"])
    def test_what_was_deleted_is_told(self, squash: Project, sandbox: Sandbox, fault: str) -> None:
        """Gone is gone, however the server answered; what is still there can be tried again."""
        sandbox.faults.add(fault, system="squash", method="DELETE")

        ended = squash.command("remote", "delete", EXECUTION, "--all", "--yes", "--json")

        done = fault == "answer-lost"
        outcomes = [one["outcome"] for one in json.loads(ended.out)]
        assert ["deleted" if done else "still there", "deleted"] == outcomes
        assert (0 if done else 75, 0 if done else 1) == (ended.status, len(listed(squash)))
        assert done or "it is still there" in ended.errors

    @pytest.mark.parametrize("fault", ["answer-lost", "status-503"])
    def test_what_was_renamed_is_told(self, squash: Project, sandbox: Sandbox, fault: str) -> None:
        """By the name that it has now."""
        sandbox.faults.add(fault, system="squash", method="PATCH")
        id = listed(squash)[0]["id"]

        words = ["--attachment", id, "--name", "better", "--yes", "--json"]
        ended = squash.command("remote", "rename", EXECUTION, *words)

        done = fault == "answer-lost"
        [told] = json.loads(ended.out)
        assert (0 if done else 75, "renamed" if done else "still there") == (
            ended.status,
            told["outcome"],
        )
        assert done is ("better.txt" in {found["name"] for found in listed(squash)})
        assert done is ("better.txt" == told["name"])

    def test_a_server_that_went_away_is_75(self, squash: Project, sandbox: Sandbox) -> None:
        """Nobody knows what became of it, until it answers again."""
        sandbox.faults.add("answer-lost", system="squash", method="DELETE")
        sandbox.faults.add("status-503", system="squash", after=4, times=-1)

        ended = squash.command("remote", "delete", EXECUTION, "--all", "--yes", "--json")

        assert 75 == ended.status
        assert "not known" in [one["outcome"] for one in json.loads(ended.out)]
