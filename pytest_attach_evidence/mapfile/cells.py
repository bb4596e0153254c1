"""What a cell of a map may say, and how a spreadsheet ruins it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence


KIND = re.compile(r"[\w.-]+")
SEPARATOR = "|"
BETWEEN = re.compile(r"(?<!\\)\|")
DROP = "-"
AS_TEXT = "format the column as text and enter it again"
AS_REFERENCE = "a reference that is written like this is ref:…"
# None of these has to be looked at more closely, but for what a spreadsheet makes of it: most cells.
PLAIN = re.compile(r"[A-Za-z][\w #\[\].:/-]*|[1-9][0-9]*", re.ASCII)
RUINED = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
ROUNDED = re.compile(r"(.*/)?[0-9]{15,16}000")
# #REF!, #NAME?, #BEZUG!, #N/A, #NV, and what is too wide for its column.
SPREADSHEET_ERROR = re.compile(r"#([A-ZÄÖÜÉ0-9/]+[!?]|N/A|NV|#+)")
FORMULA = ("=", "+", "@", "-")
DASHES = re.compile(r"[-\u2010-\u2015\u2212\ufe58\ufe63\uff0d]+")
BOOLEAN = re.compile(r"TRUE|FALSE|WAHR|FALSCH|VRAI|FAUX")
MONTH = (
    r"(?:Jan|Feb|Mar|Mrz|Mär|Apr|May|Mai|Jun|Jul|Aug|Sep|Oct|Okt|Nov|Dec|Dez"
    r"|janv|févr|mars|avr|mai|juin|juil|août|sept|oct|nov|déc)"
)
# What spreadsheets show where somebody wrote 3-4, Sep-12 or 1.2.2026.
DATE = re.compile(
    rf"\d\d?(?:\. ?|[- ]){MONTH}\.?(?:[- ]\d{{2,4}})?|{MONTH}\.?[- ]\d\d(?:\d\d)?"
    r"|\d\d?\.\d\d?\.\d{2,4}|\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d)?)?"
)
GROUPED = re.compile(r"\d{1,3}(?:[.,'\u2019 \u00a0\u202f]\d{3})+|\d+[.,]0+")
BRACKETS = re.compile(r"\[[^\]]*\]")


def split(text: str) -> list[str]:
    r"""Return the targets of a cell, which `|` separates; `\|` is that sign itself."""
    return [one.strip().replace(r"\|", SEPARATOR) for one in BETWEEN.split(text)]


def joined(texts: Sequence[str]) -> str:
    r"""Return targets as one cell, of which `split` gives the same."""
    whole = (one.replace(SEPARATOR, rf"\{SEPARATOR}") for one in texts)
    # What ends in the sign that is before a `|` itself would be taken for one of those.
    return SEPARATOR.join(f"{one} " if one.endswith("\\") else one for one in whole)


def wrong(text: str) -> tuple[str, str] | None:
    """Return what is wrong with the text of a target, and what to do; None where nothing is.

    Only what no destination could mean: what else it may be is for the destination to say.
    """
    if made := _made_of_it(text):
        return made
    if PLAIN.fullmatch(text):
        return None
    if not text:
        return "has an empty target", "write one between two |, or none"
    if "\n" in text or "\r" in text:
        return "holds a line break", "separate targets by |"
    if not text.isprintable():
        return f"{text!r:.80} holds control characters", "take them out"
    if RUINED.fullmatch(text):
        return f"{text} is a number that a spreadsheet has ruined", AS_TEXT
    if SPREADSHEET_ERROR.fullmatch(text):
        return f"{text} is an error of a spreadsheet", "enter the id itself"
    if text.startswith("'"):
        return f"{text:.80} begins with a spreadsheet's mark for text", "take the apostrophe out"
    if text.startswith(FORMULA):
        return f"{text:.80} looks like a formula", "enter the value itself, formatted as text"
    return None


def _made_of_it(text: str) -> tuple[str, str] | None:
    """Return what a spreadsheet or an editor has made of a text, and what to do; None where it has not."""
    if DASHES.fullmatch(text):
        return (
            f"{text:.80} is a dash",
            f"write {DROP} alone in its cell to drop targets, or nothing",
        )
    shapes = {
        BOOLEAN: "true or false",
        DATE: "a date",
        GROUPED: "a number as a spreadsheet shows it",
    }
    for shape, what in shapes.items():
        if shape.fullmatch(text):
            return f"{text:.80} is {what}, and no target", f"{AS_TEXT}; {AS_REFERENCE}"
    return None


def several(text: str) -> tuple[str, str] | None:
    """Return what is wrong with a cell that seems to hold several targets; None where it does not."""
    words = re.split("[,;]", BRACKETS.sub("[]", text))
    if text.startswith("ref:") or len(words) == 1 or any(len(word.split()) > 1 for word in words):
        return None
    return f"{text:.80} has , or ; between targets", f"separate them by {SEPARATOR}; {AS_REFERENCE}"


def doubtful(text: str) -> tuple[str, str] | None:
    """Return what may be wrong with the text of a target, and what to do; None where nothing is."""
    if text.endswith("000") and ROUNDED.fullmatch(text):
        hint = f"compare it with the system; if it was rounded, {AS_TEXT}"
        return f"{text} ends in 000, and a spreadsheet keeps 15 digits of a number", hint
    return None


def kinds(text: str) -> tuple[list[str], tuple[str, str] | None]:
    """Return the kinds of evidence that a cell lists, and what is wrong with it."""
    found = [kind for kind in re.split(r"[,|\s]+", text.strip()) if kind]
    bad = [kind for kind in found if not KIND.fullmatch(kind)]
    if bad:
        return [], (f"{bad[0]!r:.80} is no kind of evidence", "write words such as screenshot, log")
    return list(dict.fromkeys(found)), None


def test(text: str) -> tuple[str, str] | None:
    """Return what is wrong with a `test` cell, and what to do; None where nothing is."""
    if not text.isprintable():
        return f"the test {text!r:.80} holds control characters", "take them out"
    if text.startswith(("=", "+", "@", "'")) or SPREADSHEET_ERROR.fullmatch(text):
        return f"the test {text:.80} looks like a formula", "write a node id, a pattern or an alias"
    if "\\" in text.partition("::")[0] and "/" not in text:
        return f"the test {text:.80} has backslashes", "write / between folders, as pytest does"
    if text.startswith(("/", "./", "../")):
        hint = "write it as pytest --collect-only -q prints it"
        return f"the test {text:.80} is no node id", hint
    path, colons, names = text.partition("::")
    if "***" in path + colons + names.partition("[")[0]:
        return (
            f"the test {text:.80} has three stars",
            "write * within a name, ** for any number of them",
        )
    return None
