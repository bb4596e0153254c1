"""Destinations of another plugin whose vendors refuse some of what is asked: `shelf` and `bare`."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any
from typing import BinaryIO

import pytest

from pytest_attach_evidence.destinations.remote import Attached
from pytest_attach_evidence.destinations.remote import Place
from pytest_attach_evidence.destinations.remote import Remote
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.retry import Budget


COSTS_S = 600.0
HINT = "ask the keeper"
FILES = [
    Attached(id="a1", name="conftest.py", size=2),
    Attached(id="a2", name="##vso[task.complete]::error::café.txt"),
    Attached(id="a3", name="login--0123456789ab.txt", size=2),
]


class Bare(Remote):
    """Boards with files on them, of which one cannot be had; board 2 cannot be looked into."""

    vendor = "Bare"

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def place(self, text: str) -> Target:
        """Return a board."""
        return Target.of("shelf", "", "board", text.removeprefix("board-"))

    def inside(self, target: Target | None) -> Iterator[Place]:
        """Yield three boards, each with one below it."""
        if target is None:
            yield from (Place(text=id, kind="board", leads=True) for id in "123")
        elif target.id == "2":
            msg = "board 2 is locked"
            raise PermanentError(msg, next_step=HINT)
        elif len(target.id) == 1:
            yield Place(text=f"{target.id}1", kind="board")

    def attachments(self, target: Target) -> list[Attached]:
        """Return three files; nothing of board 9."""
        return [] if target.id == "9" else FILES

    def download(self, target: Target, attached: Attached, into: BinaryIO) -> None:
        """Take ten minutes for a file."""
        if self._budget.remaining_s() < COSTS_S:
            msg = "no time is left"
            raise TemporaryError(msg)
        self._budget.ends_at -= COSTS_S
        if attached.id == "a2":
            msg = "it is lost " + "x" * 400
            raise PermanentError(msg, next_step=HINT)
        into.write(attached.id.encode())


class Shelf(Bare):
    """Boards whose files can be deleted and renamed."""

    vendor = "Shelf"

    def rename(self, target: Target, attached: Attached, name: str) -> Attached:
        """Rename it."""
        return Attached(id=attached.id, name=name)

    def delete(self, target: Target, attached: Sequence[Attached]) -> None:
        """Delete the first and the third file."""
        for one in attached:
            if one.id == "a2":
                msg = f"{one.id} is still there"
                raise PermanentError(msg)


def _made(remote: type[Remote], budget: Budget) -> Any:
    return SimpleNamespace(
        problems=lambda uploading: [],
        parse=lambda text: None,
        remote=lambda: remote(budget),
        close=lambda: None,
    )


@pytest.hookimpl
def pytest_evidence_destinations() -> Mapping[str, Any]:
    """Return both."""
    return {
        "shelf": lambda settings, secrets, budget: _made(Shelf, budget),
        "bare": lambda settings, secrets, budget: _made(Bare, budget),
    }
