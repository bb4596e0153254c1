"""The switches of the look-alikes as the command line has them: `squash.version=13`."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterable
from typing import Any

from .systems import SYSTEMS


SET_BY_THE_SERVER = ("root", "blob_root")
PLAIN = (bool, int, float, str, tuple, type(None))


MARGINS: Any = {"initial_indent": "  ", "subsequent_indent": "    ", "break_on_hyphens": False}


def switches() -> dict[str, dict[str, Any]]:
    """Return the defaults of every system's switches that can be written as text, by their names."""
    found: dict[str, dict[str, Any]] = {}
    for system, made in SYSTEMS.items():
        found[system] = {
            one.name: one.default
            for one in inspect.signature(made).parameters.values()
            if isinstance(one.default, PLAIN) and one.name not in SET_BY_THE_SERVER
        }
    return found


def listed() -> str:
    """Return the lines of the help: each system's switches with their defaults."""
    lines = []
    for system, known in switches().items():
        shown = (f"{name}={_shown(value)}" for name, value in known.items())
        lines.append(textwrap.fill(f"{system}: {', '.join(shown)}", 96, **MARGINS))
    return "\n".join(lines)


def from_texts(texts: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the switches for a `Sandbox` from texts `SYSTEM.NAME=VALUE`.

    Raises ValueError with one line, which lists what there is where a name is not known.
    """
    chosen: dict[str, dict[str, Any]] = {}
    every = switches()
    for text in texts:
        path, equals, value = text.partition("=")
        system, _, name = path.partition(".")
        if not equals or name not in every.get(system, {}):
            known = ", ".join(sorted(every.get(system, {})))
            hint = f"{system} has {known}" if known else f"systems are {', '.join(every)}"
            raise ValueError(f"{text!r} is no SYSTEM.NAME=VALUE - {hint}")
        chosen.setdefault(system, {})[name] = _value(path, every[system][name], value)
    return chosen


def _value(path: str, default: object, text: str) -> object:
    """Return a value as the type its default has; without a default a number where it is one."""
    if isinstance(default, bool):
        if text not in ("true", "false"):
            raise ValueError(f"{path}: {text!r} is neither true nor false")
        return text == "true"
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if default is None:
        return int(text) if text.isascii() and text.isdigit() else text
    if isinstance(default, str):
        return text
    try:
        return type(default)(text)  # type: ignore[call-arg]  # an int or a float
    except ValueError:
        raise ValueError(f"{path}: {text!r} is not a number") from None


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else ",".join(value) if isinstance(value, tuple) else str(value)
