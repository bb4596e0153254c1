"""Looks at the pictures of a finished run."""

from __future__ import annotations

import io

from PIL import Image

from .reading import Run


Pixel = tuple[int, int, int]


def shots(run: Run, test: str) -> list[str]:
    """Return the names of a test's pictures."""
    return [piece.name for piece in run.pieces(test) if piece.kind == "screenshot"]


def looked_at(png: bytes) -> tuple[tuple[int, int], Pixel]:
    """Return the size of a picture, and the colour that all its corners have."""
    with Image.open(io.BytesIO(png)) as picture:
        (width, height), pixels = picture.size, picture.convert("RGB")
        corners = {pixels.getpixel((x, y)) for x in (2, width - 3) for y in (2, height - 3)}
    (corner,) = corners
    assert isinstance(corner, tuple)
    return (width, height), (corner[0], corner[1], corner[2])
