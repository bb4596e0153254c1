"""What the lines of list options may say."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import PurePath


DEEPEST_GLOB = 100
BRIDGES = ("pytest-html", "properties", "allure")
HEARD = ("console", "network", "off")


def run_targets(text: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the destination and target of every line, and what is wrong with lines."""
    found, problems = [], []
    for line in filter(None, text.split("\n")):
        name, equals, target = (part.strip() for part in line.partition("="))
        if name and equals and target:
            found.append((name, target))
        else:
            hint = "write destination=target"
            problems.append(f"evidence_run_targets has the line {line!r} - {hint}")
    return found, problems


def problems(texts: Mapping[str, str]) -> list[str]:
    """Return what is wrong with the globs and the names that options know, a line each."""
    return [
        *_wrong_globs("evidence_reports", texts["evidence_reports"]),
        *_wrong_globs("evidence_files", texts["evidence_files"]),
        *_outside_globs(texts["evidence_files"]),
        *_wrong_names("evidence_bridge", texts["evidence_bridge"], BRIDGES),
        *_wrong_names("evidence_listen", texts["evidence_listen"], HEARD),
    ]


def _wrong_globs(option: str, text: str) -> list[str]:
    """Return what is wrong with globs, a line each: those that no file system can be asked for."""
    hint = "write a path with * and **"
    wrong = [g for g in text.split("\n") if "\0" in g or len(PurePath(g).parts) > DEEPEST_GLOB]
    return [f"{option} has {glob!r:.120}, which is no readable glob - {hint}" for glob in wrong]


def _outside_globs(text: str) -> list[str]:
    """Return what is wrong with globs that have to stay within a folder, a line each."""
    hint = "write a glob that is relative to the folder"
    wrong = [
        g for g in text.split("\n") if g and (PurePath(g).is_absolute() or ".." in g.split("/"))
    ]
    return [f"evidence_files has {glob!r:.120}, which leads elsewhere - {hint}" for glob in wrong]


def _wrong_names(option: str, text: str, known: Sequence[str]) -> list[str]:
    """Return what is wrong with the names of a list, a line each."""
    hint = f"choose from {', '.join(known)}"
    wrong = [name for name in text.split("\n") if name and name not in known]
    return [f"{option} has {name!r} - {hint}" for name in wrong]
