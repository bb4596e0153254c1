"""What is in a file that Rillsoft holds, read without our own code."""

from __future__ import annotations

import io
import zipfile


MANIFEST = "manifest-sha256.txt"


def pieces_in(name: str, content: bytes) -> dict[str, bytes]:
    """Return the pieces of a file by name: a zip's members without its list of hashes, or itself."""
    if not name.endswith(".zip"):
        return {name: content}
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        return {one: bundle.read(one) for one in bundle.namelist() if one != MANIFEST}
