"""The actions of `attach-evidence remote` that change nothing: list, info, download, export."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from typing import BinaryIO

from ..destinations.remote import Attached
from ..destinations.remote import Place
from ..destinations.remote import Remote
from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import EvidenceError
from ..errors import NotOfferedError
from ..errors import TargetError
from ..model import Target
from ..report import output
from ..spool import readable_size
from .remote_tables import attachment_lines
from .remote_tables import lines_of
from .remote_tables import place_document
from .remote_tables import places_table
from .remote_tables import size_of
from .remote_targets import Asked
from .remote_targets import Documents
from .remote_targets import chosen_of
from .saving import Saved
from .saving import save
from .with_pytest import say


DOWNLOADS = "evidence-downloads"
DEPTH = 2
"""How far `list` goes below an object that is named; where none is, everything would be below."""
Refused = list[tuple[str, EvidenceError]]


def list_(asked: Asked, chosen: argparse.Namespace, documents: Documents) -> None:
    """Show what lies below an object, and the attachments of one that is named."""
    place = asked.place
    refused: Refused = []
    found = list(
        walk(asked.remote, place, chosen.depth or (1 if place is None else DEPTH), refused)
    )
    if refused and not found:
        raise refused[0][1]
    files = None if place is None else _attachments(asked.remote, place, bool(found))
    documents.append(
        {
            "target": str(asked),
            "places": [place_document(asked.destination, p, depth) for depth, p in found],
            "attachments": None if files is None else [asdict(one) for one in files],
        }
    )
    if not chosen.json:
        _show_list(asked, found, files)
    for below, error in refused:
        asked.tell(error, f"cannot list {below or 'the rest'}")


def _show_list(
    asked: Asked, found: Sequence[tuple[int, Place]], files: Sequence[Attached] | None
) -> None:
    terminal = sys.stdout.isatty()
    if found:
        columns = places_table(asked.destination, found, asked.text or "" if terminal else None)
        output.write(*lines_of(*columns, terminal=terminal))
    if files:
        output.write(*attachment_lines(files, terminal=terminal))
    if not found and not files:
        say(f"{asked}: nothing is there")
    else:
        counted = [output.counted(len(found), "object")] if found or files is None else []
        counted += [output.counted(len(files), "attachment")] if files is not None else []
        say(f"{asked}: {', '.join(counted)}")


def walk(
    remote: Remote, start: Target | None, depth: int, refused: Refused, text: str = ""
) -> Iterator[tuple[int, Place]]:
    """Yield what lies below an object, each before what lies below it, with how deep it is from 0 on.

    What cannot be listed is noted in `refused` by its text, '' for the object itself, and the rest goes
    on; nothing more is asked of a system that is closed.
    """
    try:
        for place in remote.inside(start):
            yield 0, place
            if depth > 1 and place.text and place.leads:
                below = remote.place(place.text)
                inner = walk(remote, below, depth - 1, refused, place.text)
                yield from ((further + 1, each) for further, each in inner)
            if _closed(refused):
                return
    except (DeliveryError, NotOfferedError) as error:
        refused.append((text, error))


def _closed(refused: Refused) -> bool:
    return any(isinstance(error, DestinationClosedError) for _, error in refused)


def info(asked: Asked, chosen: argparse.Namespace, documents: Documents) -> None:
    """Show what the vendor tells of an object, or of some of its attachments."""
    target = asked.target
    if not chosen.attachment:
        asked.remote.expect("about", target)
    if chosen.attachment:
        files = chosen_of(asked.remote, target, chosen.attachment)
        documents += [{"target": str(asked), **asdict(one)} for one in files]
        shown: Iterable[Mapping[str, str]] = map(_facts_of, files)
    else:
        place = asked.remote.about(target)
        documents.append(place_document(asked.destination, place, 0))
        shown = [{"target": str(asked), "kind": place.kind, "name": place.name, **place.facts}]
    if not chosen.json:
        for facts in shown:
            width = max(map(len, facts))
            say(*(f"{name.ljust(width)}  {words}" for name, words in facts.items() if words), "")


def download(asked: Asked, chosen: argparse.Namespace, documents: Documents) -> None:
    """Write attachments of an object into files; one that fails stops no other."""
    remote, target = asked.remote, asked.target
    remote.expect("download", target)
    found = chosen_of(remote, target, chosen.attachment)
    tell_nothing(asked, chosen, found)
    for one in found:
        _save(asked, chosen, documents, one, _downloading(remote, target, one))


def _downloading(remote: Remote, target: Target, one: Attached) -> Callable[[BinaryIO], str]:
    def fetch(into: BinaryIO) -> str:
        remote.download(target, one, into)
        return one.name

    return fetch


def export(asked: Asked, chosen: argparse.Namespace, documents: Documents) -> None:
    """Write what the vendor makes of attachments, or of the object where it has none of its own."""
    remote, target = asked.remote, asked.target
    remote.expect("export", target)
    what: Sequence[Attached | None] = [None]
    if remote.exports_attachments(target):
        what = chosen_of(remote, target, chosen.attachment)
        tell_nothing(asked, chosen, what)
    elif chosen.attachment:
        msg = "it is exported as a whole - leave out --attachment"
        raise TargetError(msg)
    for one in what:

        def fetch(into: BinaryIO, one: Attached | None = one) -> str:
            return remote.export(target, one, into)

        _save(asked, chosen, documents, one, fetch)


def tell_nothing(asked: Asked, chosen: argparse.Namespace, found: Sequence[object]) -> None:
    """Say so where an object has no attachments."""
    if not found and not chosen.json:
        say(f"{asked}: nothing is there")


def _save(
    asked: Asked,
    chosen: argparse.Namespace,
    documents: Documents,
    one: Attached | None,
    fetch: Callable[[BinaryIO], str],
) -> None:
    with asked.going_on("" if one is None else f"attachment {one.id} {one.name}"):
        saved = save(chosen.to or Path(DOWNLOADS), fetch)
        documents.append(_saved_document(asked, one, saved))
        if not chosen.json:
            say(f"{saved.path}  {readable_size(saved.size)}  {saved.digest}")


def _saved_document(asked: Asked, one: Attached | None, saved: Saved) -> dict[str, Any]:
    of = None if one is None else {"id": one.id, "name": one.name}
    file = {"path": str(saved.path), "size": saved.size, "digest": saved.digest}
    return {"target": str(asked), "attachment": of, **file}


def _attachments(remote: Remote, place: Target, leads: bool) -> list[Attached] | None:
    """Return an object's attachments; None where it only leads to others, or the vendor lists none."""
    try:
        return remote.attachments(place)
    except NotOfferedError:
        if leads:
            return None
        raise


def _facts_of(one: Attached) -> Mapping[str, str]:
    return {"attachment": one.id, "name": one.name, "size": size_of(one), **one.facts}
