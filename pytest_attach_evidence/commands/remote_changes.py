"""The actions of `attach-evidence remote` that change something: rename, delete. They ask before."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict

from ..destinations.remote import Attached
from ..errors import PermanentError
from ..errors import TargetError
from ..naming import keys_in
from ..redact import harmless
from .remote_reading import show_attachments
from .remote_targets import Asked
from .remote_targets import Documents
from .remote_targets import chosen_of
from .with_pytest import say


def rename(asked: Asked, chosen: argparse.Namespace, documents: Documents) -> None:
    """Give one attachment another name."""
    remote, target = asked.remote, asked.target
    found = chosen_of(remote, target, chosen.attachment)
    if len(found) != 1:
        ids = ", ".join(one.id for one in found)
        msg = f"{len(found)} attachments are named ({ids}), and one can have the name"
        raise PermanentError(msg, next_step="name it by its id")
    lost = set(keys_in(found[0].name)) - set(keys_in(chosen.name))
    warning = "; the key in its name goes, so that no push can find it any more" if lost else ""
    agree(f"Rename {found[0].name} to {chosen.name} at {asked}{warning}?", chosen)
    now = remote.rename(target, found[0], chosen.name)
    documents.append({"target": str(asked), "was": found[0].name, **asdict(now)})
    if not chosen.json:
        say(f"{asked}: {found[0].id} is called {now.name}")


def delete(asked: Asked, chosen: argparse.Namespace, documents: Documents) -> None:
    """Delete attachments for good, one by one, so that each that is gone is told whatever follows."""
    remote, target = asked.remote, asked.target
    found = chosen_of(remote, target, chosen.attachment)
    if not found:
        say(*([] if chosen.json else [f"{asked}: nothing is there"]))
        return
    _show(found, chosen)
    agree(f"Delete {_counted(found)} of {asked} for good?", chosen)
    for one in found:
        with asked.going_on(f"attachment {one.id} {one.name}"):
            remote.delete(target, [one])
            documents.append({"target": str(asked), "deleted": one.id, "name": one.name})
            if not chosen.json:
                say(f"{asked}: {one.id} {one.name} deleted")


def agree(question: str, chosen: argparse.Namespace) -> None:
    """Return if a person says yes, or did so with --yes. Raises TargetError otherwise."""
    if chosen.yes:
        return
    if not sys.stdin.isatty():
        msg = "nobody is there to be asked"
        raise TargetError(f"{msg} - say --yes if it is meant")
    sys.stderr.write(f"{harmless(question)} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        msg = "nothing was changed"
        raise TargetError(msg)


def _show(found: Sequence[Attached], chosen: argparse.Namespace) -> None:
    if not (chosen.json or chosen.yes):
        show_attachments(found)


def _counted(found: Sequence[Attached]) -> str:
    return f"{len(found)} attachment{'s' if len(found) > 1 else ''}"
