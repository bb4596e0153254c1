"""Squash TM's target texts: which object each stands for. Pure; no I/O."""

from __future__ import annotations

import difflib
import re
from typing import NoReturn

from ..errors import TargetError
from ..model import Target
from .squash_names import names_in
from .squash_names import path_of


# The twelve owners of the vendor's attachment API (chapter Attachments).
OWNERS = (
    "campaigns",
    "campaign-folders",
    "executions",
    "execution-steps",
    "iterations",
    "projects",
    "requirement-folders",
    "requirement-versions",
    "test-cases",
    "test-case-folders",
    "test-steps",
    "test-suites",
)
EXECUTIONS = "executions"
EXECUTION_STEPS = "execution-steps"
TEST_CASES = "test-cases"
REFERENCE = "reference"
TEST_CASE = "test-case-id"
AUTOMATED = "automated-test-reference"
PLANNED = (REFERENCE, TEST_CASE, AUTOMATED)
PREFIXES = {"ref:": REFERENCE, "auto:": AUTOMATED}

ID = re.compile(r"[1-9][0-9]{0,17}")
RUINED = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+|[0-9]+[.,]0+")
FORMS = (
    "1042, executions/1042, TC-12, TC-12[dataset], #8, #8[dataset], ref:<any text> or "
    "auto:<automated test reference>"
)


def target_of(text: str | int, origin: str, iteration: str) -> Target:
    """Return the target a text stands for, in a Squash TM and (for test cases) one iteration's plan.

    A bare number keeps the iteration in its scope, since a test case in its plan may have the same
    reference. Raises TargetError.
    """
    plain = _plain(text)
    for prefix, kind in PREFIXES.items():
        if plain.startswith(prefix):
            text = _reference(plain.removeprefix(prefix), plain, prefix)
            return _planned(origin, iteration, kind, text)
    if plain.isnumeric():
        id = _id(plain, plain)
        return Target.of("squash", origin, EXECUTIONS, id, iteration=iteration)
    if RUINED.fullmatch(plain):
        _refuse(plain, "a number that a spreadsheet changed", f"write it as text, or ref:{plain}")
    if plain.startswith("#"):
        id, dataset = _with_dataset(plain[1:], plain)
        return _planned(origin, iteration, TEST_CASE, _id(id, plain), dataset)
    if "/" in plain:
        owner, id = _owner_and_id(plain)
        return Target.of("squash", origin, owner, id)
    reference, dataset = _with_dataset(plain, plain)
    return _planned(origin, iteration, REFERENCE, _reference(reference, plain), dataset)


def wrong(target: Target) -> str:
    """Return why a target is none that `target_of` makes, '' where it is one."""
    iteration = target.scoped("iteration")
    placed = iteration is None and target.kind not in PLANNED
    placed = placed or is_iteration(iteration or "")
    named = target.kind in (REFERENCE, AUTOMATED) or ID.fullmatch(target.id)
    if placed and named and target.kind in (*OWNERS, *PLANNED):
        return ""
    return f"{target.kind}/{target.id} is no target of Squash TM"


def is_iteration(text: str) -> bool:
    """Tell whether a text is an iteration in the scope of a target: an id, or names in their one text."""
    return bool(ID.fullmatch(text)) or bool(names_in(text) and path_of(names_in(text)) == text)


def _plain(text: object) -> str:
    """Return the text, or refuse what can be none of the forms."""
    if isinstance(text, bool) or not isinstance(text, str | int):
        _refuse(text, f"a {type(text).__name__}", f"write {FORMS}")
    plain = str(text)
    if not plain.strip():
        _refuse(plain, "blank", f"write {FORMS}")
    if plain != plain.strip():
        _refuse(plain, "with blanks at its ends", "take them out")
    if not plain.isprintable():
        _refuse(plain, "with control characters", "take them out")
    if isinstance(text, int) and text <= 0:
        _refuse(plain, "not an id", "ids are whole numbers from 1")
    for prefix in PREFIXES:
        if plain.lower().startswith(prefix) and not plain.startswith(prefix):
            _refuse(plain, "no known form", f"write {prefix} in small letters")
    return plain


def _id(text: str, whole: str) -> str:
    if ID.fullmatch(text):
        return text
    if text.isnumeric() and not text.isascii():
        _refuse(whole, "written in digits other than 0-9", "use the digits 0-9")
    if text.isdecimal():
        hint = "ids are 1 to 18 digits without a leading zero; a reference of digits is ref:<text>"
        _refuse(whole, "not an id", hint)
    return _refuse(whole, "without a whole number as id", f"write {FORMS}")


def _reference(text: str, whole: str, prefix: str = "ref:") -> str:
    if not text.strip():
        _refuse(whole, "without a reference", f"write it after {prefix}")
    if text != text.strip():
        _refuse(whole, "a reference with blanks at its ends", "take them out")
    return text


def _with_dataset(text: str, whole: str) -> tuple[str, str | None]:
    """Split `TC-12[dataset]`; the dataset's name may hold brackets, the part before may not."""
    if "[" not in text and "]" not in text:
        return text, None
    parts = re.fullmatch(r"([^\[\]]+)\[(.+)\]", text)
    if parts is None:
        hint = "write TC-12[dataset], or ref:<text> for a reference that holds brackets"
        _refuse(whole, "without a dataset between two brackets after a test case", hint)
    if parts[1] != parts[1].rstrip() or parts[2] != parts[2].strip():
        _refuse(whole, "with blanks at a bracket", "take them out")
    return parts[1], parts[2]


def _owner_and_id(text: str) -> tuple[str, str]:
    if "://" in text:
        _refuse(text, "an address", "write the object, such as executions/1042")
    owner, _, id = text.partition("/")
    if owner not in OWNERS:
        near = difflib.get_close_matches(owner.lower(), OWNERS, n=1)
        hint = f"write {near[0]}/<id>" if near else f"a reference with a slash is ref:{text}"
        _refuse(text, "of no known kind", f"{hint}; kinds are {', '.join(OWNERS)}")
    if not re.fullmatch(r"\w+", id):
        _refuse(text, "not a kind and an id", f"write {owner}/<id>")
    return owner, _id(id, text)


def _planned(origin: str, iteration: str, kind: str, id: str, dataset: str | None = None) -> Target:
    if not iteration:
        msg = (
            f"{id!r} is a test case, which is looked up in the plan of an iteration, and "
            "evidence_squash_iteration is not set - set it to the iteration's id, or name an "
            "execution (executions/1042)"
        )
        raise TargetError(msg)
    return Target.of("squash", origin, kind, id, iteration=iteration, dataset=dataset)


def _refuse(seen: object, what: str, hint: str) -> NoReturn:
    msg = f"{seen!r:.120} is {what} - {hint}"
    raise TargetError(msg)
