"""The actions of `attach-evidence remote` that change something: rename, delete. They ask before."""

from __future__ import annotations

import argparse
import contextlib
import sys
from dataclasses import asdict
from pathlib import PurePath

from ..destinations.remote import Attached
from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import NotOfferedError
from ..errors import PermanentError
from ..errors import TargetError
from ..errors import TemporaryError
from ..errors import UncertainError
from ..naming import keys_in
from ..redact import harmless
from ..report.output import counted
from .remote_reading import tell_nothing
from .remote_tables import attachment_lines
from .remote_targets import Asked
from .remote_targets import Documents
from .remote_targets import chosen_of
from .with_pytest import say


UNKNOWN = "not known"
LOST = "the key in its name goes, so that no push can find it any more"


def rename(asked: Asked, chosen: argparse.Namespace, documents: Documents) -> None:
    """Give one attachment another name."""
    remote, target = asked.remote, asked.target
    found = _found(asked, chosen, "rename")
    if len(found) != 1:
        ids = ", ".join(one.id for one in found)
        msg = f"{len(found)} attachments are named ({ids}), and one can have the name"
        raise PermanentError(msg, next_step="name it by its id")
    [one] = found
    holder = remote.holder(target, one)
    lost = set(keys_in(one.name)) - set(keys_in(chosen.name))
    if lost:
        _show_beside(harmless(f"{asked}: {LOST}"))
    question = f"Rename {one.name} to {chosen.name} at {asked} ({holder})?"
    if not agreed(asked, question, chosen):
        return
    outcome, now, failure = _renamed(asked, one, chosen.name)
    facts = {"target": str(asked), "object": holder, "was": one.name, "outcome": outcome}
    documents.append({**facts, **asdict(now)})
    if failure is not None:
        raise failure
    if not chosen.json:
        say(f"{asked}: {one.id} is called {now.name}")


def delete(asked: Asked, chosen: argparse.Namespace, documents: Documents) -> None:
    """Delete attachments for good, one by one, so that each that is gone is told whatever follows."""
    remote, target = asked.remote, asked.target
    found = _found(asked, chosen, "delete")
    tell_nothing(asked, chosen, found)
    if not found:
        return
    if not chosen.yes:
        _show_beside(*attachment_lines(found, terminal=sys.stderr.isatty()))
    holders = ", ".join(dict.fromkeys(remote.holder(target, one) for one in found))
    many = counted(len(found), "attachment")
    if not agreed(asked, f"Delete {many} of {asked} ({holders}) for good?", chosen):
        return
    for one in found:
        with asked.going_on(f"attachment {one.id} {one.name}"):
            outcome, failure = _deleted(asked, one)
            facts = {"target": str(asked), "object": remote.holder(target, one)}
            documents.append({**facts, "id": one.id, "name": one.name, "outcome": outcome})
            if failure is not None:
                raise failure
            if not chosen.json:
                say(f"{asked}: {one.id} {one.name} deleted")


def _found(asked: Asked, chosen: argparse.Namespace, action: str) -> list[Attached]:
    """Return what shall be changed, each by a word that means it alone, at an object that is sure."""
    remote, target = asked.remote, asked.target
    remote.expect(action, target)
    remote.expect_exact(target)
    return chosen_of(remote, target, chosen.attachment, one_each=True)


def _deleted(asked: Asked, one: Attached) -> tuple[str, DeliveryError | None]:
    """Delete an attachment; return what became of it, and what failed. Where the answer is lost, look."""
    try:
        asked.remote.delete(asked.target, [one])
    except (TemporaryError, UncertainError) as error:
        now, failure = _looked(asked, one, error)
        if failure is not None:
            return UNKNOWN, failure
        if now is not None:
            return "still there", TemporaryError(f"{error}; it is still there - try again")
    return "deleted", None


def _renamed(asked: Asked, one: Attached, name: str) -> tuple[str, Attached, DeliveryError | None]:
    """Rename an attachment; return what became of it, how it is now, and what failed."""
    try:
        return "renamed", asked.remote.rename(asked.target, one, name), None
    except (TemporaryError, UncertainError) as error:
        now, failure = _looked(asked, one, error)
        if failure is not None:
            return UNKNOWN, one, failure
        if now is None:
            return "gone", one, PermanentError(f"{error}; it is not there any more")
        if name in (now.name, PurePath(now.name).stem):
            return "renamed", now, None
        return (
            "still there",
            now,
            TemporaryError(f"{error}; it is still called {now.name} - try again"),
        )


def _looked(
    asked: Asked, one: Attached, lost: DeliveryError
) -> tuple[Attached | None, DeliveryError | None]:
    """Return an attachment as it is after an answer was lost, None where it is gone, or why nobody knows."""
    try:
        return asked.remote.look(asked.target, one), None
    except (DestinationClosedError, TemporaryError) as away:
        return None, away
    except (DeliveryError, NotOfferedError):
        return None, lost


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
