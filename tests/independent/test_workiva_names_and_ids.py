"""Names, sizes and ids travel to Workiva and back unchanged, whatever they are."""

from __future__ import annotations

import io
from pathlib import Path

from hypothesis import HealthCheck
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_attach_evidence.destinations.workiva_targets import ids_of
from pytest_attach_evidence.destinations.workiva_targets import parse
from pytest_attach_evidence.destinations.workiva_targets import text_of
from pytest_attach_evidence.errors import TargetError
from pytest_attach_evidence.sandbox.workiva_forms import Node
from pytest_attach_evidence.sandbox.workiva_forms import path_of

from ..apis.workiva_region import SAMPLE
from ..apis.workiva_region import Region
from ..apis.workiva_region import region


EDGES = (0, 1, 65_535, 65_536, 65_537, 262_143, 262_144, 262_145)
SLOW = [HealthCheck.too_slow]
anything = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=80)
signs = st.characters(exclude_categories=("C", "Z", "N")) | st.sampled_from("0123456789")
ids_like = st.text(signs, min_size=1, max_size=80)
few = settings(max_examples=25, deadline=None, suppress_health_check=SLOW)


def is_id(text: str) -> bool:
    """Tell whether a text can be an id, which is what marks accept."""
    try:
        return bool(parse(text_of([text, "p"]), "https://api.app.wdesk.com"))
    except TargetError:
        return False


def fetched(workiva: Region, ids: list[str], id: str) -> bytes:
    """Return an attachment's bytes."""
    operation = workiva.ended(workiva.api.files.begin_download(ids, id))
    assert operation.resource is not None
    into = io.BytesIO()
    workiva.api.files.read(operation.resource, into)
    return into.getvalue()


def test_names_and_bytes(tmp_path: Path) -> None:
    """A file's name in every script and with every sign, and its bytes of every length."""
    with region(tmp_path) as workiva:

        @few
        @given(name=anything, size=st.one_of(st.sampled_from(EDGES), st.integers(0, 300_000)))
        @example(name='../..\\"\r\n\x00%2F?#.png', size=7)
        @example(name="x" * 5000 + ".png", size=0)
        def travel(name: str, size: int) -> None:
            content = bytes(place * 7 % 251 for place in range(size))

            id = workiva.attach(SAMPLE, name, content)

            assert name == workiva.api.files.attachment(SAMPLE, id).name
            assert [name] == [one.name for one in workiva.api.attachments(SAMPLE) if one.id == id]
            assert content == fetched(workiva, SAMPLE, id)
            workiva.sandbox.store.remove("workiva", id)

        travel()


def test_ids(tmp_path: Path) -> None:
    """What a mark accepts as an id leads to the object of that id and to no other."""
    forms: list[Node] = []
    with region(tmp_path, forms=forms) as workiva:

        @few
        @given(ids=st.lists(ids_like.filter(is_id), min_size=2, max_size=4))
        @example(ids=["a/b", "a%2Fb", "?#&", "%25"])
        @example(ids=["...", "~", "ü", ";,:@!$'()*+="])
        def travel(ids: list[str]) -> None:
            node = Node(id=ids[-1])
            for id in reversed(ids[:-1]):
                node = Node(id=id, children=(node,))
            forms[:] = [node]
            target = parse(text_of(ids), "https://api.app.wdesk.com")
            assert ids == ids_of(target)

            id = workiva.attach(ids_of(target), "a.txt", b"content")

            found: list[str] = []
            while len(found) < len(ids):
                [part] = workiva.api.forms.inside(found)
                found.append(part.id)
            assert ids == found
            assert path_of(tuple(ids)) == workiva.sandbox.store.files("workiva")[-1].object
            assert b"content" == fetched(workiva, ids, id)

        travel()
