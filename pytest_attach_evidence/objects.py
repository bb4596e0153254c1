"""What tests hand over of other libraries: images of Pillow, frames of pandas and polars.

Told by their types, where their user imported the library; nothing is imported here.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from typing import Protocol

from .errors import AttachError


DEFAULT_FORMAT = "PNG"


class Image(Protocol):
    """An image of Pillow, as far as it is needed here."""

    def save(self, fp: Any, format: Any = None) -> None:
        """Write it."""


class Frame(Protocol):
    """A frame of pandas or polars, as far as it is needed here."""

    @property
    def columns(self) -> Any:
        """The names of the columns."""


def is_image(subject: object) -> bool:
    """Tell whether it is an image of Pillow."""
    return _is(subject, "PIL.Image", "Image")


def image_bytes(image: Any, name: str) -> bytes:
    """Return an image in the format that the file's name asks for, PNG where it asks for none.

    Raises AttachError where Pillow cannot write it.
    """
    formats = sys.modules["PIL.Image"].registered_extensions()
    kind = formats.get(PurePath(name).suffix.lower(), DEFAULT_FORMAT)
    try:
        with io.BytesIO() as file:
            image.save(file, format=kind)
            return file.getvalue()
    except Exception as error:
        seen = f"cannot be written as {kind} ({type(error).__name__}: {error})"
        msg = f"{seen} - give it another name, or convert the image"
        raise AttachError(msg) from error


def rows_of(table: Any) -> Iterable[Any]:
    """Return the rows of a frame, its column names first; anything else as it is.

    Of pandas the index comes first unless it only counts the rows; what is missing is None.
    """
    if _is(table, "polars", "DataFrame"):
        return [table.columns, *table.iter_rows()]
    if _is(table, "pandas", "DataFrame"):
        return _rows_of_pandas(table)
    own: Iterable[Any] = table
    return own


def _rows_of_pandas(frame: Any) -> list[Sequence[Any]]:
    counted = _is(frame.index, "pandas", "RangeIndex")
    frame = frame if counted else frame.reset_index(names=_names_of(frame.index))
    known = frame.astype(object).where(frame.notna(), None)
    return [[str(name) for name in frame.columns], *known.itertuples(index=False, name=None)]


def _names_of(index: Any) -> list[str]:
    """Return a header for every level of an index."""
    return [
        str(name) if name is not None else f"index {number}" if number else "index"
        for number, name in enumerate(index.names)
    ]


def _is(subject: object, module: str, name: str) -> bool:
    known = getattr(sys.modules.get(module), name, None)
    return isinstance(known, type) and issubclass(type(subject), known)
