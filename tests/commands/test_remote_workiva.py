"""`attach-evidence remote` against Workiva's look-alike: from nothing known to files on the disk."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_attach_evidence.commands.remote import DOWNLOADS
from pytest_attach_evidence.report.exit_status import ExitStatus
from pytest_attach_evidence.sandbox import Sandbox

from .project import Project


VERSIONS = ["2026-01-01", "2022-01-01"]
SUITE = """
import pytest

@pytest.mark.evidence(workiva={text!r})
def test_it(evidence):
    evidence.attach(bytes(range(256)) * 1000, name="login.png")
"""


@pytest.fixture(params=VERSIONS)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Project, Sandbox]]:
    """Give a project that leads to a look-alike in each version."""
    (tmp_path / "project").mkdir()
    with Sandbox(tmp_path / "servers", switches={"workiva": {"settle_s": 0.0}}) as sandbox:
        project = Project(folder=tmp_path / "project")
        project.lead_to(sandbox, "workiva", f"evidence_workiva_version = {request.param}")
        yield project, sandbox
        assert [] == sandbox.crashes


def test_a_sample_is_found_and_its_evidence_exported_as_pdf(
    scene: tuple[Project, Sandbox],
) -> None:
    """List without knowing an id; attach to the row that is found; list it; export it; read the PDF."""
    project, _ = scene

    walked = project.command("remote", "list", "workiva", "--depth", "4", "--json")
    [document] = json.loads(walked.out)
    [text] = [place["text"] for place in document["places"] if place["name"] == "PO-23911, 72.00"]
    project.write("test_it.py", SUITE.format(text=text.removeprefix("workiva=")))
    ran = project.pytest()
    listed = project.command("remote", "list", text)
    exported = project.command("remote", "export", text, "--to", "pdf")

    assert (0, 0, 0, 0) == (walked.status, ran.status, listed.status, exported.status)
    assert "workiva=f1/p1/m1/s2" == text
    assert "login--" in listed.out
    [file] = (project.folder / "pdf").iterdir()
    assert file.name.startswith("login--")
    assert ".pdf" == file.suffix
    found = file.read_bytes()
    assert found.startswith(b"%PDF-")
    assert b"login--" in found
    assert f"sha256:{hashlib.sha256(found).hexdigest()}" in exported.out


def test_the_bytes_come_back(scene: tuple[Project, Sandbox]) -> None:
    """A download by the key in the name is what the test attached."""
    project, sandbox = scene
    project.write("test_it.py", SUITE.format(text="f1/p1"))
    project.pytest()
    [stored] = sandbox.store.files("workiva")
    key = stored.name.removeprefix("login--").removesuffix(".png")

    done = project.command("remote", "download", "workiva=f1/p1", "--attachment", key)

    assert (0, "") == (done.status, done.errors)
    assert bytes(range(256)) * 1000 == (project.folder / DOWNLOADS / stored.name).read_bytes()


def test_the_summary_tells_what_other_runs_left(scene: tuple[Project, Sandbox]) -> None:
    """A second run at the same target says how much evidence of others is there, the first nothing."""
    project, _ = scene
    project.write("test_it.py", SUITE.format(text="f1/p1"))

    first, second = project.pytest(), project.pytest()

    assert (0, 0) == (first.status, second.status)
    assert "of other runs" not in first.out
    assert "(holds 1 of other runs)" in second.out


def test_a_form_is_exported_as_a_workbook(scene: tuple[Project, Sandbox]) -> None:
    """The whole form, called after it."""
    project, _ = scene

    done = project.command("remote", "export", "workiva=f1")

    assert 0 == done.status
    with zipfile.ZipFile(project.folder / DOWNLOADS / "Access management.xlsx") as archive:
        assert "xl/workbook.xml" in archive.namelist()


def test_what_is_known_of_a_row(scene: tuple[Project, Sandbox]) -> None:
    """A sample is shown with the names of its columns."""
    project, _ = scene

    done = project.command("remote", "info", "workiva=f1/p1/m1/s1")

    assert 0 == done.status
    assert "PO number: PO-23897, Amount: 385.30" in done.out
    assert "Approved: PASS" in done.out


@pytest.mark.parametrize(
    "words", [["delete", "--all", "--yes"], ["rename", "--attachment", "login", "--name", "x.png"]]
)
def test_what_workiva_lacks_is_one_line(scene: tuple[Project, Sandbox], words: list[str]) -> None:
    """Neither delete nor rename is documented; nothing is changed, and a person is asked to act."""
    project, sandbox = scene
    project.write("test_it.py", SUITE.format(text="f1/p1"))
    project.pytest()
    [stored] = sandbox.store.files("workiva")
    action, *more = [word.replace("login", stored.id) for word in words]

    done = project.command("remote", action, "workiva=f1/p1", *more, "--yes")

    assert int(ExitStatus.PERSON_MUST_ACT) == done.status
    assert f"Workiva documents no operation to {action} an attachment" in done.errors
    assert [stored] == sandbox.store.files("workiva")
    assert {"GET", "POST", "PUT"} == {seen.method for seen in sandbox.requests("workiva")}


def test_a_wrong_id_is_one_line_with_what_to_check(scene: tuple[Project, Sandbox]) -> None:
    """An unknown form names version and region, and shows no secret."""
    project, sandbox = scene

    done = project.command("remote", "list", "workiva=f7")

    assert int(ExitStatus.PERSON_MUST_ACT) == done.status
    assert "404" in done.errors
    assert "evidence_workiva_version" in done.errors
    assert not [one for one in sandbox.exports().values() if one in done.errors]
