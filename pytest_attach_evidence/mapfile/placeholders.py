"""Targets with `{parameter}` and `${VARIABLE}` in them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import cells


FOUND = re.compile(r"\{\{|\}\}|\$\{([^{}]*)\}|\{([^{}]*)\}|[{}]")
HINT = "write {parameter}, ${VARIABLE}, or {{ and }} for plain braces"


class PlaceholderError(Exception):
    """A placeholder cannot be filled: what was seen, and what to do."""

    def __init__(self, seen: str, next_step: str) -> None:
        super().__init__(f"{seen} - {next_step}")
        self.seen = seen
        self.next_step = next_step


@dataclass(frozen=True, slots=True)
class Template:
    """A text in parts: plain ones, and the names of parameters at the odd places."""

    parts: tuple[str, ...]

    @classmethod
    def of(cls, text: str, environment: Mapping[str, str]) -> Template:
        """Read a text, its variables filled in. Raises PlaceholderError."""
        if "{" not in text and "}" not in text:
            return cls((text,))
        parts, end = [""], 0
        for found in FOUND.finditer(text):
            parts[-1] += text[end : found.start()]
            end = found.end()
            variable, parameter = found[1], found[2]
            if found[0] in ("{{", "}}"):
                parts[-1] += found[0][0]
            elif parameter is not None and parameter.isidentifier():
                parts += [parameter, ""]
            elif variable is not None and variable.isidentifier():
                if not environment.get(variable):
                    seen = f"${{{variable}}} is not set"
                    raise PlaceholderError(seen, "set the environment variable")
                parts[-1] += _single(f"${{{variable}}}", environment[variable])
            else:
                raise PlaceholderError(f"{text:.80} has braces without a name", HINT)
        parts[-1] += text[end:]
        return cls((_sound(parts[0]),) if len(parts) == 1 else tuple(parts))

    @property
    def is_plain(self) -> bool:
        """Whether the text is the same for every test."""
        return len(self.parts) == 1

    def fill(self, parameters: Mapping[str, Any]) -> str:
        """Return the text for the parameters of a test. Raises PlaceholderError."""
        filled = [_value(p, parameters) if n % 2 else p for n, p in enumerate(self.parts)]
        return filled[0] if self.is_plain else _sound("".join(filled))


def _value(name: str, parameters: Mapping[str, Any]) -> str:
    if name not in parameters:
        known = f"it has {', '.join(parameters)}" if parameters else "it has none"
        raise PlaceholderError(
            f"there is no parameter {name}", f"{known}; name another, or fewer tests"
        )
    value = parameters[name]
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        seen = f"the parameter {name} is {value!r:.80}"
        raise PlaceholderError(seen, "only text and whole numbers can be in a target")
    return _single(f"the parameter {name}", str(value))


def _single(name: str, value: str) -> str:
    """Return a value that is no more than one target, or a part of one. Raises PlaceholderError."""
    if cells.SEPARATOR in value:
        # Not what it is: the environment has secrets.
        seen = f"{name} holds {cells.SEPARATOR}, which separates targets"
        raise PlaceholderError(seen, "give each target a value of its own")
    return value


def _sound(text: str) -> str:
    """Return a text that was filled, if a cell may hold it. Raises PlaceholderError."""
    if wrong := cells.wrong(text):
        raise PlaceholderError(*wrong)
    return text
