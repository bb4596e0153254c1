"""What Workiva's API hands out, as plain data, and the one refusal that is about an object."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from ..errors import PermanentError
from ..secrets import Secret


KINDS = ("testForms", "testPhases", "matrices", "samples")
WORDS = ("test form", "test phase", "matrix", "sample")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """An attachment as it is listed. The API tells no size, hash or time of it."""

    id: str | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A test form, or what is in one: a test phase, a matrix, a sample (a row of a matrix).

    `kind` is the vendor's word. `id` is '' where the answer does not say it. `attachments` and `inside`
    are None where the answer did not bring them along. `columns` are names by id (of a matrix), `data`
    and `results` the values of a sample's columns by the column's id, in the order of the answer.
    """

    kind: str
    id: str
    name: str = ""
    attachments: tuple[Attachment, ...] | None = None
    inside: tuple[Part, ...] | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    results: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An upload that was begun: nothing is attached before bytes were sent to `url`.

    `operation` is the address of the operation that tells its end, without the origin where that is
    the API's. `url` carries a signature: it is for one immediate PUT, never for a file or a message.
    """

    operation: str
    url: Secret
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A download or an export that was started; `operation` as in `Upload`."""

    operation: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A long-running operation as a poll shows it.

    `status` is acknowledged, queued, started, completed, cancelled or failed; anything else has not
    ended. `reasons` are its details as one line, `request` is the id that Workiva's support asks for.
    `resource` is where the result of a completed one is; it may carry a signature.
    """

    status: str
    reasons: str = ""
    request: str = ""
    retry_after_s: float | None = field(default=None, compare=False)
    resource: Secret | None = field(default=None, compare=False)


class RefusedObjectError(PermanentError):
    """The object a request names was refused, and so will be whatever else is asked of it.

    `status` is 403 (not allowed) or 404 (not there, or not visible).
    """

    def __init__(self, message: str, *, status: int, next_step: str) -> None:
        super().__init__(message, next_step=next_step)
        self.status = status


def part_in(entry: Any, depth: int) -> Part | None:
    """Read an object of a level (test forms are 0), None for what is none. Nothing in it is required."""
    if not isinstance(entry, dict):
        return None
    return Part(
        kind=WORDS[depth],
        id=text_in(entry, "id"),
        name=text_in(entry, "name"),
        attachments=_attachments(entry),
        inside=_inside(entry, depth + 1),
        columns=_pairs(
            [*_list(entry, "dataColumns"), *_list(entry, "resultColumns")], "id", "name"
        ),
        data=_pairs(_list(entry, "dataValues"), "column", "value"),
        results=_pairs(_list(entry, "resultValues"), "column", "value"),
    )


def attachments_in(entries: Iterable[Any]) -> list[Attachment]:
    """Read the attachments in a list; what has no name is none."""
    return [
        Attachment(id=text_in(entry, "id") or None, name=entry["fileName"])
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("fileName"), str)
    ]


def text_in(entry: Any, name: str) -> str:
    """Return a text of a document, '' where it is none."""
    text = entry.get(name) if isinstance(entry, dict) else None
    return text if isinstance(text, str) else ""


def _attachments(entry: Mapping[str, Any]) -> tuple[Attachment, ...] | None:
    found = entry.get("attachments")
    return tuple(attachments_in(found)) if isinstance(found, list) else None


def _inside(entry: Mapping[str, Any], depth: int) -> tuple[Part, ...] | None:
    found = entry.get(KINDS[depth]) if depth < len(KINDS) else None
    return tuple(_parts(found, depth)) if isinstance(found, list) else None


def _parts(entries: Iterable[Any], depth: int) -> Iterator[Part]:
    for entry in entries:
        if (part := part_in(entry, depth)) is not None:
            yield part


def _list(entry: Mapping[str, Any], name: str) -> list[Any]:
    found = entry.get(name)
    return found if isinstance(found, list) else []


def _pairs(entries: Iterable[Any], key: str, value: str) -> dict[str, str]:
    return {text_in(entry, key): text_in(entry, value) for entry in entries if text_in(entry, key)}
