"""What tests hand over of other libraries: images of Pillow.

Told by their types, where their user imported the library; nothing is imported here.
"""

from __future__ import annotations

import io
import sys
from pathlib import PurePath
from typing import Any
from typing import Protocol

from .errors import AttachError


DEFAULT_FORMAT = "PNG"


class Image(Protocol):
    """An image of Pillow, as far as it is needed here."""

    def save(self, fp: Any, format: Any = None) -> None:
        """Write it."""


def is_image(subject: object) -> bool:
    """Tell whether it is an image of Pillow."""
    return is_of(subject, "PIL.Image", "Image")


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


def is_of(subject: object, module: str, name: str) -> bool:
    """Tell whether an object is of a type of a module, which is not imported to find out."""
    known = getattr(sys.modules.get(module), name, None)
    return isinstance(known, type) and issubclass(type(subject), known)
