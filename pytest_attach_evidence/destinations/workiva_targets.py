"""What names an object of Workiva's: the ids that lead to it from its test form."""

from __future__ import annotations

import re
from collections.abc import Container
from collections.abc import Iterable
from urllib.parse import quote
from urllib.parse import unquote

from ..errors import TargetError
from ..model import Target


KINDS = {1: "test-form", 2: "test-phase", 3: "matrix", 4: "sample"}
EVIDENCE = range(2, 5)
"""How many ids lead to what takes evidence: a test form itself takes none."""
EXPECTED = "'<form>/<phase>', '<form>/<phase>/<matrix>' or '<form>/<phase>/<matrix>/<sample>'"
RUINED_NUMBER = re.compile(r"[0-9]+([.,][0-9]+)?[eE][+-][0-9]+")
BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def parse(text: str | int, origin: str, numbers: Container[int] = EVIDENCE) -> Target:
    """Return the object that a path of ids leads to; `numbers` says how many there may be.

    An id with a slash has it percent-encoded. Raises TargetError.
    """
    expected = EXPECTED if numbers is EVIDENCE else f"'<form>', {EXPECTED}"
    if not isinstance(text, str):
        raise TargetError(f"{text!r} is not a path of ids - write {expected}")
    ids = text.split("/")
    if len(ids) not in numbers:
        first = 2 if numbers is EVIDENCE else 1
        raise TargetError(f"{text!r} is not a path of {first} to 4 ids - write {expected}")
    for why in filter(None, map(_wrong, ids)):
        raise TargetError(f"{text!r}: {why} - write {expected}")
    return Target.of("workiva", origin, KINDS[len(ids)], text_of(map(unquote, ids)))


def wrong(target: Target) -> str:
    """Return why a target is no path of ids to what takes evidence."""
    ids = target.id.split("/")
    known = len(ids) in EVIDENCE and KINDS[len(ids)] == target.kind
    if known and not any(map(_wrong, ids)):
        return ""
    return f"{target.kind} {target.id} is no target of Workiva"


def ids_of(target: Target) -> list[str]:
    """Return the plain ids from test form to the object of a target."""
    return [unquote(id) for id in target.id.split("/")]


def text_of(ids: Iterable[str]) -> str:
    """Return the path of ids as a target has it: each percent-encoded, joined by slashes."""
    return "/".join(quote(id, safe="") for id in ids)


def _wrong(id: str) -> str | None:
    """Return why a part of a target text cannot be an id."""
    plain = unquote(id)
    if not plain.strip() or plain in (".", ".."):
        return "a part is empty" if not plain.strip() else f"a part is {plain!r}"
    if BROKEN_PERCENT.search(id):
        return f"the percent sign in {id!r} has to be %25"
    if "\ufffd" in plain or any(c.isspace() or not c.isprintable() for c in plain):
        return f"{plain!r} has blanks or characters that no id has"
    if any(c.isnumeric() and not c.isascii() for c in plain):
        return f"{plain!r} has digits other than 0 to 9"
    if RUINED_NUMBER.fullmatch(plain):
        return f"{plain!r} is a number that a spreadsheet has ruined"
    return None
