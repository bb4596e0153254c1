"""Lists of the Rillsoft Integration Server: their shapes are in no page that could be read."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any


# Where a list may lie in an object: where a success of this server has its details, or where others do.
WRAPPERS = ("details", "data", "items", "results")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A project, a portfolio or a DMS document, as far as a list tells; '' for what it does not tell.

    `facts` are all its texts, numbers and truth values by the server's own names.
    """

    id: str
    name: str
    facts: Mapping[str, str] = field(default_factory=dict)


def rows_in(document: Any, kind: str) -> list[Row] | None:
    """Return the rows of a list of one kind (`project`); None where the document holds none that we see.

    The list is the document itself, or lies in it under the kind's plural or a customary name, at most two
    steps down.
    """
    found = _list_in(document, (f"{kind}s", *WRAPPERS), 2)
    if found is None or not all(isinstance(one, dict) for one in found):
        return None
    return [_row(one, kind) for one in found]


def _list_in(document: Any, names: Iterable[str], steps: int) -> list[Any] | None:
    if isinstance(document, list):
        return document
    if isinstance(document, dict) and steps:
        for name in names:
            if (found := _list_in(document.get(name), names, steps - 1)) is not None:
                return found
    return None


def _row(one: Mapping[str, Any], kind: str) -> Row:
    facts = {str(name): _text(value) for name, value in one.items()}
    return Row(
        id=_first(facts, "id", f"{kind}Id", f"{kind}_id"),
        name=_first(facts, "name", "title", f"{kind}Name", f"{kind}_name", "fileName"),
        facts={name: text for name, text in facts.items() if text},
    )


def _first(facts: Mapping[str, str], *names: str) -> str:
    return next((facts[name] for name in names if facts.get(name)), "")


def _text(value: Any) -> str:
    """Return a plain value as text, '' for what holds others."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""
