"""Standard output, for as long as somebody listens: what nobody reads any more ends no work."""

from __future__ import annotations

import contextlib
import json
import os
import sys


def write(*lines: str) -> None:
    """Write lines, in what the terminal can show. Never raises because nobody listens any more."""
    try:
        encoding = sys.stdout.encoding or "utf-8"
        text = "".join(f"{line}\n" for line in lines)
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
    except (AttributeError, OSError, ValueError):  # there is none, its reader left, it is closed
        let_go()


def json_text(document: object) -> str:
    """Return JSON in which foreign text commands neither a terminal nor a CI system (`##vso[`, `::`)."""
    text = json.dumps(document, indent=2)
    return text.replace("##", r"\u0023\u0023").replace("::", r"\u003a\u003a")


def let_go() -> None:
    """Let what could not be written go, so that the interpreter does not complain about it at its end."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, sys.stdout.fileno())
        finally:
            os.close(nowhere)


def is_watched() -> bool:
    """Tell whether standard error, where progress is shown, is a terminal."""
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # there is none, or it is closed
        return False
