"""Rows X10 and X11: empty files and every sort of name, at every destination."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from werkzeug.formparser import parse_form_data

from pytest_attach_evidence.naming import clean_name
from pytest_attach_evidence.naming import keys_in
from pytest_attach_evidence.naming import remote_name
from pytest_attach_evidence.rest.body import BytesBody
from pytest_attach_evidence.rest.body import MultipartBody
from pytest_attach_evidence.rest.body import Part
from pytest_attach_evidence.sandbox import Sandbox

from ...bundles import pieces_in
from ...commands.project import TARGETS
from ...commands.project import Project
from ...spool.runs import begin
from ...spool.runs import recorder
from .small_disk import check_left


EXAMPLES = 20_000 if os.environ.get("EVIDENCE_CAMPAIGN") == "full" else 2000
ALL = "squash workiva huawei rillsoft archive"
MARK = "@pytest.mark.evidence({})".format(", ".join(f"{n}={t!r}" for n, t in TARGETS.items()))
NAMES = [
    "n" * 251 + ".txt",
    "m" * 300 + ".txt",
    "smile-\U0001f600.txt",
    "evil\u202egnp.exe",
    "line\r\nbreak.txt",
    "quo\"te's.txt",
    "nul\0.txt",
    "../../etc/passwd",
    "..",
    "CON.txt",
    "-rf",
    "trailing.",
    "cafe\u0301.txt",
    "caf\u00e9.txt",
    "semi;colon=%41&.txt",
    "back\\slash.txt",
]


@pytest.fixture
def project(tmp_path: Path, sandbox: Sandbox) -> Iterator[Project]:
    """A project that delivers to all five destinations."""
    made = Project(folder=tmp_path / "project")
    made.folder.mkdir()
    made.lead_to(sandbox, ALL, stall_s=5)
    yield made
    check_left(made, sandbox)


def arrived(project: Project, sandbox: Sandbox) -> dict[str, list[tuple[str, bytes]]]:
    """Return names and bytes of everything that was ever stored, by system; the zip's members one by one."""
    found: dict[str, list[tuple[str, bytes]]] = {name: [] for name in ALL.split()}
    for file in sandbox.store.ledger():
        content = file.path.read_bytes()
        bundled = file.system == "rillsoft"
        found[file.system] += (
            pieces_in(file.name, content) if bundled else {file.name: content}
        ).items()
    for path in project.spool.glob("archive/*/data/*/*"):
        found["archive"].append((path.name, path.read_bytes()))
    return found


def test_an_empty_file_is_delivered_or_rejected_and_never_lost(
    project: Project, sandbox: Sandbox
) -> None:
    """Each of the four systems and the archive gets it, with no byte."""
    project.write(
        "test_it.py",
        "import pytest",
        MARK,
        "def test_it(evidence, tmp_path):",
        "    (tmp_path / 'empty.bin').touch()",
        "    assert evidence.attach(tmp_path / 'empty.bin').size == 0",
    )

    ran = project.pytest()

    assert (0, (1, 5, 5)) == (ran.status, ran.numbers("pieces", "deliveries", "delivered")), ran.out
    there = arrived(project, sandbox)
    assert [(1, b"")] * 5 == [(len(files), files[0][1]) for files in there.values()]


def test_every_sort_of_name_arrives_everywhere(project: Project, sandbox: Sandbox) -> None:
    """Fifty equal names and those that file systems and servers dislike: each piece once, by its key."""
    project.write(
        "test_it.py",
        "import pytest",
        f"NAMES = {NAMES!a}",
        MARK,
        "def test_it(evidence):",
        "    for number in range(50):",
        "        evidence.attach(b'equal %d' % number, name='login failure.png')",
        "    for number, name in enumerate(NAMES):",
        "        evidence.attach(b'name %d' % number, name=name)",
    )

    ran = project.pytest("-o", "evidence_deadline=120")

    count = 50 + len(NAMES)
    contents = {b"equal %d" % number for number in range(50)}
    contents |= {b"name %d" % number for number in range(len(NAMES))}
    assert (0, (count, 5 * count)) == (ran.status, ran.numbers("pieces", "delivered")), ran.out
    for system, files in arrived(project, sandbox).items():
        names = [name for name, _ in files]
        assert count == len(files) == len(set(names)), system
        assert contents == {content for _, content in files}, system
        assert count == len({key for name in names for key in keys_in(name)}), system
        assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,125}", name) for name in names)
    originals = [piece.name for piece in project.record().pieces[50:]]
    assert [clean_name(name) for name in NAMES] == originals


ANY_NAME = st.text(st.characters(exclude_categories=()), max_size=300)


@settings(max_examples=EXAMPLES, deadline=None)
@given(name=ANY_NAME, digits=st.text("0123456789abcdef", min_size=12, max_size=12))
def test_any_name_survives_the_way_to_a_server(name: str, digits: str) -> None:
    """What a server reads out of an upload is the remote name, to the letter, and one file."""
    safe = remote_name(clean_name(name), digits)
    body = MultipartBody([Part(field="file", filename=safe, content=BytesBody(b"x", "a/b"))])

    content = b"".join(body)
    environ = {
        "wsgi.input": io.BytesIO(content),
        "CONTENT_LENGTH": str(len(content)),
        "CONTENT_TYPE": body.media_type,
        "REQUEST_METHOD": "POST",
    }
    _, form, files = parse_form_data(environ)

    found = [(field, file.filename) for field, file in files.items()]
    for file in files.values():
        file.close()
    assert len(content) == body.length
    assert ([], [("file", safe)]) == (list(form), found)


@settings(max_examples=EXAMPLES, deadline=None)
@given(media_type=ANY_NAME)
def test_a_media_type_is_one_header(media_type: str) -> None:
    """Whatever a spool from elsewhere calls it, no second header and no second part comes of it."""
    one = Part(field="file", filename="a.bin", content=BytesBody(b"x", media_type))
    head = b"".join(MultipartBody([one])).partition(b"\r\n\r\n")[0]

    assert 3 == len(head.split(b"\r\n"))
    assert head.isascii()
    assert len(head) < 500


def test_equal_bytes_under_one_name_are_one_blob_and_many_pieces(tmp_path: Path) -> None:
    """Fifty equal files cost the disk one, and are fifty deliveries with keys of their own."""
    run = begin(tmp_path)
    one = recorder(run)

    kept = [one.attach(b"the same", name="same.txt") for _ in range(50)]

    assert 50 == len({piece.id for piece in kept if piece is not None})
    assert [hashlib.sha256(b"the same").hexdigest()] == [
        path.name for path in run.blobs.folder.iterdir()
    ]
    run.release()
