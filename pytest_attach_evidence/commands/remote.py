"""`attach-evidence remote`: what the vendors' APIs offer for attachments beside the upload."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

import pytest

from .. import session
from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import EvidenceError
from ..errors import NotOfferedError
from ..errors import SettingsError
from ..errors import TargetError
from ..errors import TemporaryError
from ..naming import LONGEST
from ..naming import unfit_name
from ..report import output
from ..report.exit_status import ExitStatus
from ..report.exit_status import worst
from . import remote_changes
from . import remote_reading
from . import with_pytest
from .remote_reading import DOWNLOADS
from .remote_targets import Asked
from .remote_targets import Documents
from .remote_targets import Remotes
from .remote_targets import asked_for
from .remote_targets import misspelt
from .with_pytest import complain


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


MEANT_FOR: Mapping[str, Sequence[str]] = {
    "attachment": ("info", "download", "export", "rename", "delete"),
    "depth": ("list",),
    "to": ("download", "export"),
    "name": ("rename",),
    "all": ("delete",),
    "yes": ("rename", "delete"),
}
"""The actions that each option means something for."""


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    parser = _parser()
    chosen = parser.parse_intermixed_args(arguments)
    if wrong := _wrong(chosen):
        parser.error(wrong)
    return with_pytest.run(chosen, lambda config: remote(config, chosen))


def _wrong(chosen: argparse.Namespace) -> str:
    """Return what is wrong with the arguments, '' where nothing is."""
    for name, actions in MEANT_FOR.items():
        if getattr(chosen, name) not in (None, False, []) and chosen.action not in actions:
            return f"--{name} means nothing for {chosen.action}, only for {', '.join(actions)}"
    if chosen.action != "list" and not chosen.targets:
        return f"{chosen.action} takes a TARGET such as squash=TC-12"
    if chosen.action == "delete" and bool(chosen.attachment) == chosen.all:
        return "delete takes either --attachment, which may stand several times, or --all"
    if chosen.action != "rename":
        return ""
    if not chosen.attachment or chosen.name is None:
        return "rename takes --attachment and --name"
    unfit = unfit_name(chosen.name)
    return f"--name {chosen.name[:LONGEST]!r} {unfit}" if unfit else ""


def _parser() -> argparse.ArgumentParser:
    parser = with_pytest.bare_parser("remote", DESCRIPTION)
    parser.add_argument("action", choices=list(ACTIONS), metavar="ACTION", help="see above")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="DESTINATION=PLACE")
    parser.add_argument(
        "--attachment",
        action="append",
        default=[],
        metavar="WHAT",
        help="only this one, by its id, its whole name, or the key in it; may stand several times. A "
        "name or key of several means them all; rename and delete want an id then",
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
    if wrong := misspelt(project, chosen.targets):
        return complain(wrong, ExitStatus.USAGE)
    remotes = Remotes(project)
    every = asked_for(project, remotes, chosen.targets)
    if not every:
        msg = "no system is among evidence_destinations - add one, such as squash"
        return complain(msg, ExitStatus.CONFIGURATION)
    documents: Documents = []
    statuses = []
    try:
        for asked in every:
            if remotes.skips(asked.destination):
                continue
            statuses.append(_one(asked, chosen, documents))
            if statuses[-1] in (ExitStatus.INTERRUPTED, ExitStatus.USAGE):
                break
    finally:
        remotes.close()
        if chosen.json:
            output.write(output.json_text(documents))
    return int(worst(statuses))


def _one(asked: Asked, chosen: argparse.Namespace, documents: Documents) -> ExitStatus:
    asked.restart()
    try:
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
