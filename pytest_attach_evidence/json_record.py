"""Dataclasses that travel as JSON: what a field may hold, and unknown keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from types import NoneType
from typing import Any
from typing import Self
from typing import cast


# What a field of a record may hold when it is read from JSON, by the beginning of its annotation.
JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "str | None": (str, NoneType),
    "int | None": (int, NoneType),
    "float | None": (float, int, NoneType),
    "Literal": (str,),
    "Mapping": (dict,),
}


class Record:
    """A dataclass that travels as JSON. Unknown keys are ignored when it is read."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain JSON data."""
        return {name: _plain(getattr(self, name)) for name in _json_types(cast(Any, type(self)))}

    @classmethod
    def from_json(cls, source: Mapping[str, Any]) -> Self:
        """Build the record from JSON data.

        Raises KeyError, TypeError or ValueError where the data do not fit.
        """
        known = _json_types(cast(Any, cls))
        values = cls._converted({n: v for n, v in dict(source).items() if n in known})
        for name, value in values.items():
            # What JSON gives is of exactly one of these types; a bool is no int here.
            if known[name] and type(value) not in known[name]:
                msg = f"{name} is of the type {type(value).__name__}"
                raise TypeError(msg)
        return cls(**values)

    @staticmethod
    def _converted(values: dict[str, Any]) -> dict[str, Any]:
        """Turn the plain values of single fields into ours."""
        return values


@cache
def _json_types(record: type[Record]) -> Mapping[str, tuple[type, ...]]:
    """Return the fields of a record with the types each may have in JSON; () where others decide."""
    kinds = {f.name: str(f.type).partition("[")[0] for f in fields(cast(Any, record))}
    return {name: JSON_TYPES.get(kind, ()) for name, kind in kinds.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_json()
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return dict(value) if isinstance(value, Mapping) else value
