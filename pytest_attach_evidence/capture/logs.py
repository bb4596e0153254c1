"""What pytest captured of a test: log, output and traceback, each as one text, taken once."""

from __future__ import annotations

import re
from collections.abc import Sequence


ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
FILES = (("log", "log.txt"), ("stdout", "stdout.txt"), ("stderr", "stderr.txt"))
Section = tuple[str, str]


def texts(sections: Sequence[Section], tracebacks: Sequence[Section]) -> list[Section]:
    """Return file names and texts for what there is.

    `sections` are those of the teardown report, which holds the earlier phases too: titles such as
    `Captured log call`. `tracebacks` are pairs of a phase and what went wrong in it.
    """
    found = [(name, _joined(sections, word)) for word, name in FILES]
    failure = "\n".join(f"===== {phase} =====\n{text.rstrip()}\n" for phase, text in tracebacks)
    return [
        (name, text) for name, text in (*found, ("traceback.txt", ANSI.sub("", failure))) if text
    ]


def _joined(sections: Sequence[Section], word: str) -> str:
    """Return the texts of one kind in order, each under its phase."""
    parts = []
    for title, text in sections:
        words = title.split()
        if len(words) > 2 and words[:2] == ["Captured", word] and text:
            parts.append(f"===== {words[2]} =====\n{ANSI.sub('', text).rstrip()}\n")
    return "\n".join(parts)
