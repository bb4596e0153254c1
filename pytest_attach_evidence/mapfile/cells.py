"""What a cell of a map may say, and how a spreadsheet ruins it. Pure."""

from __future__ import annotations

import re


KIND = re.compile(r"[\w.-]+")
SEPARATOR = "|"
AS_TEXT = "format the column as text and enter it again"
# None of these has to be looked at more closely: most cells.
PLAIN = re.compile(r"[A-Za-z][\w #\[\].:/-]*|[1-9][0-9]*", re.ASCII)
RUINED = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
ROUNDED = re.compile(r"(.*/)?[0-9]{15,16}000")
# #REF!, #NAME?, #BEZUG!, #N/A, #NV, and what is too wide for its column.
SPREADSHEET_ERROR = re.compile(r"#([A-ZÄÖÜÉ0-9/]+[!?]|N/A|NV|#+)")
FORMULA = ("=", "+", "@", "-")


def wrong(text: str) -> tuple[str, str] | None:
    """Return what is wrong with the text of a target, and what to do; None where nothing is.

    Only what no destination could mean: what else it may be is for the destination to say.
    """
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
        hint = "write it as pytest prints it, from the root folder on"
        return f"the test {text:.80} is no node id", hint
    if "***" in text:
        return (
            f"the test {text:.80} has three stars",
            "write * within a name, ** for any number of them",
        )
    return None
