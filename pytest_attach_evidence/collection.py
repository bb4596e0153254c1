"""Whose evidence it is: the items one process works on, and `attach` for everybody."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from dataclasses import replace

from .content import Source
from .keeper import Keeper
from .model import Evidence
from .model import Filled
from .model import Filter
from .model import Item
from .model import Target
from .model import utc_text
from .recorder import Recorder


@dataclass(slots=True, kw_only=True)
class Collection:
    """The items of one process. `current` is the recorder of the item that runs, `run` the run's."""

    keeper: Keeper
    worker: str = ""
    run: Recorder | None = None
    current: Recorder | None = None
    _items: int = 0

    def begin(
        self,
        nodeid: str,
        *,
        rerun: int = 0,
        found: Sequence[Target] = (),
        when: str = "always",
        rows: Sequence[str] = (),
        require: Sequence[str] = (),
        filters: Sequence[Filter] = (),
        filled: Sequence[Filled] = (),
    ) -> Recorder:
        """Return the recorder of an item that begins now. Nothing is written yet."""
        self._items += 1
        folder = self.keeper.folder
        item = Item(
            id=f"{folder.journal.id}-{self._items}",
            run_id=folder.id,
            nodeid=self.keeper.redactor.text(nodeid),
            rerun=rerun,
            worker=self.worker,
            when=when,
            started_at=utc_text(),
            targets=tuple(found),
            rows=tuple(map(self.keeper.redactor.text, rows)),
            require=tuple(require),
            filters=tuple(filters),
            filled=tuple(replace(f, row=self.keeper.redactor.text(f.row)) for f in filled),
        )
        return Recorder(self.keeper, item)


OFF = Recorder(None, Item(id="", run_id="", nodeid=""))
"""What the fixtures give while collecting is off: it takes nothing and never complains."""

_over: list[Recorder] = []
"""The run's recorder of a session that takes nothing more, until it is completely over: it says so."""

_context: ContextVar[Recorder | None] = ContextVar("pytest_attach_evidence", default=None)
_active: list[Collection] = []


@contextlib.contextmanager
def active(collection: Collection) -> Iterator[None]:
    """Make a collection the one that `attach` uses."""
    _active.append(collection)
    try:
        yield
    finally:
        _active.remove(collection)
        _context.set(None)
        collection.keeper.close()
        _over[:] = [collection.run] if collection.run is not None else []


def forget() -> None:
    """Let a session go: what asks for a recorder from now on is not in one."""
    _over.clear()


def enter(recorder: Recorder | None) -> None:
    """Make a recorder the current one of this process and of what this context starts."""
    if _active:
        _active[-1].current = recorder
    _context.set(recorder)


def current() -> Recorder:
    """Return the recorder that evidence belongs to now.

    The item of this context; in a new thread, the item that the process runs; between items, the run;
    while collecting is off, one that takes nothing.
    """
    recorder = _context.get()
    if recorder is not None and not recorder.ended:
        return recorder
    if not _active:
        return _over[0] if _over else OFF
    return _active[-1].current or _active[-1].run or OFF


def of_the_run() -> Recorder:
    """Return the recorder of the run itself; while collecting is off, one that takes nothing."""
    if not _active:
        return _over[0] if _over else OFF
    return _active[-1].run or OFF


def attach(
    source: Source,
    *,
    name: str | None = None,
    kind: str = "file",
    media_type: str | None = None,
    remark: str = "",
) -> Evidence | None:
    """Attach evidence to the test that runs, from helpers, page objects and threads.

    Does what `evidence.attach` does in the test itself; between tests it attaches to the run.
    """
    return current().attach(source, name=name, kind=kind, media_type=media_type, remark=remark)
