"""Whatever a piece is called and however long it is, each vendor gives back what our clients sent."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import Phase
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_attach_evidence.destinations import factory
from pytest_attach_evidence.model import Receipt
from pytest_attach_evidence.naming import clean_name
from pytest_attach_evidence.naming import keys_in
from pytest_attach_evidence.naming import remote_name
from pytest_attach_evidence.sandbox import Sandbox

from ..acceptance import vendors
from ..acceptance.vendors import Files
from ..destinations.scene import Scene
from ..destinations.scene import scene_of


WORKIVA = {
    "f1/p1": "/testForms/f1/testPhases/p1",
    "f1/p1/m1": "/testForms/f1/testPhases/p1/matrices/m1",
    "f1/p1/m1/s1": "/testForms/f1/testPhases/p1/matrices/m1/samples/s1",
}
READ: dict[str, Callable[[Sandbox, str], Files]] = {
    "squash": vendors.squash_owner,
    "workiva": lambda sandbox, text: vendors.workiva(sandbox, WORKIVA[text]),
    "huawei": vendors.huawei,
    "rillsoft": lambda sandbox, text: vendors.rillsoft(sandbox, str(int(text.rpartition("/")[2]))),
}
# What is attached to, by the spellings of marks.
TARGETS = {
    "squash": ("executions/1042", "iterations/4", "campaigns/3", "projects/14"),
    "workiva": tuple(WORKIVA),
    "huawei": ("956239067176935400", "956239067176935401", "956239067176935402"),
    "rillsoft": ("4711", "7/4712", "007/004713"),
}
NAMES = st.text(st.characters(codec="utf-8"), max_size=150)
EXTENSIONS = st.sampled_from(["", ".png", ".txt", ".PDF", ".tar.gz", ".größe", "."])
SIZES = st.sampled_from([0, 1, 2, 255, 65_535, 65_536, 65_537, 262_145]) | st.integers(0, 100_000)
PIECES = st.lists(st.tuples(NAMES, EXTENSIONS, SIZES, st.integers(0, 255)), min_size=1, max_size=3)


@dataclass(frozen=True, repr=False)
class Place:
    """One vendor, and numbers for items that no example had before."""

    vendor: str
    scene: Scene
    numbers: Iterator[int]


@pytest.fixture(scope="module", params=sorted(TARGETS))
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """A vendor's look-alike, which all examples share."""
    vendor = request.param
    folder: Path = tmp_path_factory.mktemp(vendor)
    switches: dict[str, Any] = {"settle_s": 0.0} if vendor == "workiva" else {}
    text, upload = TARGETS[vendor][0], ("", "")
    with scene_of(factory(vendor), vendor, folder, text=text, upload=upload, **switches) as scene:
        yield Place(vendor, scene, count(1))


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # each example leaves files behind, so that none is made smaller
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(chosen=st.integers(0, 11), drawn=PIECES)
def test_what_is_sent_comes_back(
    place: Place, chosen: int, drawn: list[tuple[str, str, int, int]]
) -> None:
    """Every piece is there once, under the name of its receipt, with the bytes that were attached."""
    text = TARGETS[place.vendor][chosen % len(TARGETS[place.vendor])]
    contents = [
        (
            clean_name(name + extension),
            (bytes(range(256)) * (size // 256 + 2))[start : start + size],
        )
        for name, extension, size, start in drawn
    ]
    pieces = place.scene.pieces(*contents, text=text, item=f"j{next(place.numbers)}-1")

    results = place.scene.deliver(pieces)

    names = [
        remote_name(one.evidence.name, one.key, place.scene.destination.limits.max_name)
        for one in pieces
    ]
    sent = {name: content for name, (_, content) in zip(names, contents, strict=True)}
    own = {piece.key for piece in pieces}
    found = [
        one for one in READ[place.vendor](place.scene.sandbox, text) if own & set(keys_in(one[0]))
    ]
    assert sorted(sent) == sorted(name for name, _ in found)
    assert sent == dict(found)
    assert all(isinstance(result, Receipt) for result in results.values())
