"""The actions of `attach-evidence remote` that change something: rename, delete. They ask before."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from dataclasses import asdict

from ..destinations.remote import Attached
from ..errors import PermanentError
from ..errors import TargetError
from ..naming import keys_in
from ..redact import harmless
from ..report.output import counted
from .remote_reading import attachment_lines
from .remote_targets import Asked
from .remote_targets import Documents
from .remote_targets import chosen_of
from .with_pytest import say


LOST = "the key in its name goes, so that no push can find it any more"


def rename(asked: Asked, chosen: argparse.Namespace, documents: Documents) -> None:
    """Give one attachment another name."""
    remote, target = asked.remote, asked.target
    found = chosen_of(remote, target, chosen.attachment)
    if len(found) != 1:
        ids = ", ".join(one.id for one in found)
        msg = f"{len(found)} attachments are named ({ids}), and one can have the name"
        raise PermanentError(msg, next_step="name it by its id")
    if not remote.offers("rename", target):
        remote.rename(target, found[0], chosen.name)  # says so, in the vendor's words
    lost = set(keys_in(found[0].name)) - set(keys_in(chosen.name))
    if lost:
        _show_beside(harmless(f"{asked}: {LOST}"))
    question = f"Rename {found[0].name} to {chosen.name} at {asked} ({target})?"
    if not agreed(asked, question, chosen):
        return
    now = remote.rename(target, found[0], chosen.name)
    documents.append({"target": str(asked), "was": found[0].name, **asdict(now)})
    if not chosen.json:
        say(f"{asked}: {found[0].id} is called {now.name}")


def delete(asked: Asked, chosen: argparse.Namespace, documents: Documents) -> None:
    """Delete attachments for good, one by one, so that each that is gone is told whatever follows."""
    remote, target = asked.remote, asked.target
    found = chosen_of(remote, target, chosen.attachment)
    if not remote.offers("delete", target):
        remote.delete(target, [])  # says so, in the vendor's words
    if not found:
        say(*([] if chosen.json else [f"{asked}: nothing is there"]))
        return
    if not chosen.yes:
        _show_beside(*attachment_lines(found, terminal=sys.stderr.isatty()))
    if not agreed(asked, f"Delete {_counted(found)} of {asked} ({target}) for good?", chosen):
        return
    for one in found:
        with asked.going_on(f"attachment {one.id} {one.name}"):
            remote.delete(target, [one])
            documents.append({"target": str(asked), "deleted": one.id, "name": one.name})
            if not chosen.json:
                say(f"{asked}: {one.id} {one.name} deleted")


def agreed(asked: Asked, question: str, chosen: argparse.Namespace) -> bool:
    """Tell whether a person says yes, or did so with --yes. Raises TargetError where nobody can.

    What comes then has its whole time, however long the answer took.
    """
    if chosen.yes:
        return True
    if not sys.stdin.isatty():
        msg = "nobody is there to be asked"
        raise TargetError(f"{msg} - say --yes if it is meant")
    sys.stderr.write(f"{harmless(question)} [y/N] ")
    sys.stderr.flush()
    yes = sys.stdin.readline().strip().lower() in ("y", "yes")
    asked.restart()
    if not yes:
        _show_beside(harmless(f"{asked}: nothing was changed"))
    return yes


def _show_beside(*lines: str) -> None:
    """Print lines where the question stands, so that standard output is left to results."""
    with contextlib.suppress(AttributeError, OSError, ValueError):  # nobody listens
        sys.stderr.write("".join(f"{line}\n" for line in lines))


def _counted(found: Sequence[Attached]) -> str:
    return counted(len(found), "attachment")
