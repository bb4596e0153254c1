"""The targets of Huawei CodeArts Req: which work item a text stands for."""

from __future__ import annotations

import re

from ..errors import TargetError
from ..model import Target


WORK_ITEM = "work-item"
WORK_ITEM_NUMBER = "work-item-number"
SCRUM_ITEM = "scrum-item"

# Places that lead to items, and items by words of their titles: for commands, never for evidence.
IPD_PROJECT = "ipd-project"
SCRUM_PROJECT = "scrum-project"
WORK_ITEM_TITLE = "work-item-title"
SCRUM_TITLE = "scrum-item-title"

# The documentation says 32 letters and digits, and shows an example with 33.
PROJECT = re.compile(r"[A-Za-z0-9]{30,40}")
PROJECT_LENGTH = 32
ID = re.compile(r"[0-9]{18,19}")
# Shorter than a project's id, so that no text can be taken for both.
NUMBER = re.compile(r"(?=.{2,29}\Z)[A-Za-z]{1,16}[0-9]{1,20}")
SCRUM_ID = re.compile(r"[1-9][0-9]{0,9}")
ROUNDED = re.compile(r"[0-9][0-9.,]*[eE][+-]?[0-9]+|[0-9]+[.,][0-9]+")

TITLE_MARK = "~"
EXPECTED = (
    "an id of 18 or 19 digits, a number such as US20261105123456, either after <project>/, "
    "or scrum/<project>/<id>"
)


def parse_target(text: str | int, *, origin: str, default_project: str) -> Target:
    """Return the target of a text; `default_project` is used where the text names none.

    Raises TargetError with what was seen and what is expected.
    """
    if isinstance(text, bool) or not isinstance(text, str | int):
        msg = f"{text!r} is no work item - expected is {EXPECTED}"
        raise TargetError(msg)
    parts = str(text).split("/")
    if len(parts) == 3 and parts[0] == "scrum":
        return _target(SCRUM_ITEM, origin, _project(parts[1], text), _scrum_id(parts[2], text))
    if len(parts) > 2:
        msg = f"{text!r} has {len(parts) - 1} slashes - expected is {EXPECTED}"
        raise TargetError(msg)
    kind = _kind(parts[-1], text)
    if len(parts) == 2:
        return _target(kind, origin, _project(parts[0], text), parts[-1])
    if not default_project:
        msg = (
            f"{text!r} names no project, and evidence_huawei_project is not set - "
            f"write <project>/{text}, or set the option"
        )
        raise TargetError(msg)
    return _target(kind, origin, _project(default_project, "evidence_huawei_project"), parts[-1])


def parse_place(text: str, *, origin: str, default_project: str) -> Target:
    """Return the target or place of a text: what `parse_target` takes, and what leads there.

    `<project>` is an IPD project, `scrum/<project>` one of Scrum or Kanban, and `~<words>` after either
    (`~<words>` alone: in the default project) the one item with these words in its title. Raises
    TargetError.
    """
    where, mark, words = text.partition(TITLE_MARK)
    scrum = where == "scrum" or where.startswith("scrum/")
    project = where.removeprefix("scrum").strip("/") if scrum else where.removesuffix("/")
    if mark and (words := " ".join(words.split())):
        if not project and not scrum:
            project = default_project
        kind = SCRUM_TITLE if scrum else WORK_ITEM_TITLE
        return _target(kind, origin, _project(project, text), words)
    if scrum and text.count("/") == 1:
        return _target(SCRUM_PROJECT, origin, "", _project(project, text))
    if PROJECT.fullmatch(text):
        return _target(IPD_PROJECT, origin, "", text)
    return parse_target(text, origin=origin, default_project=default_project)


def wrong(target: Target) -> str:
    """Return why a target is none that `parse_target` makes, '' where it is one."""
    patterns = {WORK_ITEM: ID, WORK_ITEM_NUMBER: NUMBER, SCRUM_ITEM: SCRUM_ID}
    pattern, project = patterns.get(target.kind), target.scoped("project") or ""
    if pattern is not None and pattern.fullmatch(target.id) and PROJECT.fullmatch(project):
        return ""
    return f"{target.kind} {target.id} is no target of CodeArts Req"


def _target(kind: str, origin: str, project: str, id: str) -> Target:
    return Target.of("huawei", origin, kind, id, project=project)


def _kind(id: str, text: str | int) -> str:
    if ID.fullmatch(id):
        return WORK_ITEM
    if NUMBER.fullmatch(id):
        return WORK_ITEM_NUMBER
    if ROUNDED.fullmatch(id):
        msg = (
            f"{text!r} is a number that a spreadsheet has rounded - "
            "format the column as text and enter the id of 18 or 19 digits again"
        )
        raise TargetError(msg)
    if re.fullmatch(r"[0-9]+", id):
        msg = f"{text!r} has {len(id)} digits - expected is {EXPECTED}"
        raise TargetError(msg)
    msg = f"{text!r} is no work item - expected is {EXPECTED}"
    raise TargetError(msg)


def _scrum_id(id: str, text: str | int) -> str:
    if SCRUM_ID.fullmatch(id):
        return id
    msg = f"{text!r}: {id!r} is no id of a Scrum item - expected are 1 to 10 digits"
    raise TargetError(msg)


def _project(project: str, text: str | int) -> str:
    if PROJECT.fullmatch(project):
        return project
    msg = f"{text!r}: {project!r} is no id of a project - expected are 32 letters and digits"
    raise TargetError(msg)
