"""`attach-evidence remote`: what the vendors' APIs offer for attachments beside the upload."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from .. import session
from ..destinations.remote import Offering
from ..destinations.remote import Remote
from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import EvidenceError
from ..errors import NotOfferedError
from ..errors import SettingsError
from ..errors import TargetError
from ..errors import TemporaryError
from ..project import Project
from ..report import output
from ..report.exit_status import ExitStatus
from ..report.exit_status import worst
from . import remote_changes
from . import remote_reading
from . import with_pytest
from .remote_targets import Asked
from .remote_targets import Documents
from .remote_targets import asked_for


DOWNLOADS = "evidence-downloads"
DESCRIPTION = """\
The other operations that the vendors' APIs document for attachments. What a vendor does not offer says
so in one line.

  list [TARGET ...]      what there is, with ids and names; of a named target its attachments too
  info TARGET ...        what the vendor tells of an object, and what is left of its limits
  download TARGET ...    the attachments of an object, into files
  export TARGET ...      what the vendor makes of them (Workiva: attachments as PDF, a test form as XLSX)
  rename TARGET --attachment WHAT --name NAME
  delete TARGET --attachment WHAT ... | --all

TARGET is DESTINATION=PLACE, such as squash=TC-12 or workiva=f1/p1; list also takes a DESTINATION alone.
"""
ACTIONS: Mapping[str, Callable[[Asked, argparse.Namespace, Documents], None]] = {
    "list": remote_reading.list_,
    "info": remote_reading.info,
    "download": remote_reading.download,
    "export": remote_reading.export,
    "rename": remote_changes.rename,
    "delete": remote_changes.delete,
}


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    parser = _parser()
    chosen = parser.parse_intermixed_args(arguments)
    if chosen.action == "rename" and not (chosen.attachment and chosen.name):
        parser.error("rename takes --attachment and --name")
    if chosen.action == "delete" and bool(chosen.attachment) == chosen.all:
        parser.error("delete takes either --attachment, which may stand several times, or --all")
    if chosen.action != "list" and not chosen.targets:
        parser.error(f"{chosen.action} takes a TARGET such as squash=TC-12")
    return with_pytest.run(chosen, lambda config: remote(config, chosen))


def _parser() -> argparse.ArgumentParser:
    parser = with_pytest.bare_parser("remote", DESCRIPTION)
    parser.add_argument("action", choices=list(ACTIONS), metavar="ACTION", help="see above")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="DESTINATION=PLACE")
    parser.add_argument(
        "--attachment",
        action="append",
        default=[],
        metavar="WHAT",
        help="only this one, by its id, its whole name, or the key in it; may stand several times",
    )
    parser.add_argument(
        "--depth",
        type=_depth,
        metavar="N",
        help="list: how far down (default: 2 below a PLACE, 1 where none is named)",
    )
    parser.add_argument(
        "--to",
        type=Path,
        default=Path(DOWNLOADS),
        metavar="FOLDER",
        help=f"where files go, as FILE.py.txt where they are Python (default: {DOWNLOADS})",
    )
    parser.add_argument("--name", metavar="NAME", help="rename: the new name")
    parser.add_argument("--all", action="store_true", help="delete: every attachment")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    return parser


def _depth(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        msg = f"{text!r} is no number from 1 on"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def remote(config: pytest.Config, chosen: argparse.Namespace) -> int:
    """Do one action at each target; go on where one target fails; return the worst status."""
    named = {text.partition("=")[0] for text in chosen.targets}
    project = session.load_project(config, delivering=True, needed=named or None)
    every = asked_for(project, chosen.targets)
    documents: Documents = []
    statuses = []
    try:
        for asked in every:
            statuses.append(_one(asked, chosen, documents))
            if statuses[-1] in (ExitStatus.INTERRUPTED, ExitStatus.USAGE):
                break
    finally:
        if chosen.json:
            output.write(output.json_text(documents))
    return int(worst(statuses))


def _one(asked: Asked, chosen: argparse.Namespace, documents: Documents) -> ExitStatus:
    asked.restart()
    try:
        with asked.opened(partial(_remote_of, asked.project)):
            ACTIONS[chosen.action](asked, chosen, documents)
    except EvidenceError as error:
        asked.tell(error)
    return worst(map(_status, asked.failures))


def _status(error: EvidenceError) -> ExitStatus:
    if isinstance(error, DestinationClosedError):
        return {
            "authentication": ExitStatus.AUTHENTICATION,
            "configuration": ExitStatus.CONFIGURATION,
            "stopped": ExitStatus.INTERRUPTED,
        }[error.why]
    if isinstance(error, TargetError):
        return ExitStatus.USAGE
    if isinstance(error, SettingsError):
        return ExitStatus.CONFIGURATION
    if isinstance(error, TemporaryError):
        return ExitStatus.WAITING
    assert isinstance(error, DeliveryError | NotOfferedError)
    return ExitStatus.PERSON_MUST_ACT


def _remote_of(project: Project, name: str) -> Remote:
    """Return the operations of a destination. Raises SettingsError or NotOfferedError where it has none."""
    destination = project.destinations.get(name)
    if destination is None:
        known = ", ".join(sorted(project.destinations))
        msg = f"{name} is not among evidence_destinations ({known}) - add it, or write {known}"
        raise SettingsError(msg)
    if not isinstance(destination, Offering):
        msg = f"{name} has no operations of its own"
        where = f"; its files are in {project.settings.archive_dir}" if name == "archive" else ""
        raise NotOfferedError(msg + where)
    return destination.remote()
