"""Names: what a piece is called here, in a destination, and in a folder that people read."""

from __future__ import annotations

import mimetypes
import re
import unicodedata
from pathlib import PurePath

from .model import KEY_DIGITS


KEY = re.compile(rf"--([0-9a-f]{{{KEY_DIGITS}}})(?![0-9a-f])", re.IGNORECASE)
MAX_EXTENSION = 10
MAX_NAME = 120
LONGEST = 255
CONTROLS = ("Cc", "Cs", "Zl", "Zp")

# What the standard library's table lacks or answers differently from system to system.
MEDIA_TYPES = {
    "csv": "text/csv",
    "har": "application/json",
    "jsonl": "application/json",
    "log": "text/plain",
    "md": "text/markdown",
    "txt": "text/plain",
    "webm": "video/webm",
    "webp": "image/webp",
    "xml": "application/xml",
    "zip": "application/zip",
}
# What is packed already: packing it again takes time and saves nothing.
COMPRESSED = (
    "audio/",
    "video/",
    "image/",
    "application/zip",
    "application/gzip",
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.",
    "application/x-7z-compressed",
    "application/x-bzip2",
    "application/x-xz",
)
COMPRESSIBLE = ("image/svg+xml", "image/bmp", "audio/wav", "audio/x-wav")
TEXT_TYPES = ("application/json", "application/xml", "application/javascript")


def clean_name(name: str) -> str:
    """Return a piece's name without folders and control characters, at most 255 bytes long in UTF-8.

    Never empty: a name of which nothing remains becomes `evidence`. The extension stays.
    """
    base = PurePath(name.replace("\\", "/")).name
    shown = "".join(c for c in base if c.isprintable()).strip()
    shown = shortened(unicodedata.normalize("NFC", shown))
    return shown if shown.strip(".") else "evidence"


def unfit_name(name: str) -> str:
    """Return why no system should be given a name for a file, '' where it may be."""
    if not name.strip() or name.strip() in (".", ".."):
        return "is no name of a file - write one such as report.pdf"
    if "/" in name or "\\" in name:
        return "holds a slash - write the name alone, without folders"
    if any(unicodedata.category(sign) in CONTROLS for sign in name):
        return "holds control characters - take them out"
    if len(name) > LONGEST:
        return f"has {len(name)} characters - {LONGEST} are the most"
    return ""


def shortened(name: str, mark: str = "") -> str:
    """Return a name with a mark before its extension, at most 255 bytes long in UTF-8.

    File systems count bytes. What is cut is the end of the stem; what is too long for an extension
    belongs to the stem.
    """
    tail = PurePath(name).suffix
    tail = tail if len(tail) <= MAX_EXTENSION + 1 else ""
    stem = name.removesuffix(tail)
    room = LONGEST - len(f"{mark}{tail}".encode())
    if len(stem.encode()) > room:
        stem = stem.encode()[:room].decode(errors="ignore").rstrip()
    return f"{stem}{mark}{tail}"


def media_type_of(name: str) -> str:
    """Return the media type a name stands for, `application/octet-stream` where none is known."""
    extension = extension_of(name)
    known = MEDIA_TYPES.get(extension) or mimetypes.guess_type(f"x.{extension}", strict=False)[0]
    return known or "application/octet-stream"


def is_text(media_type: str) -> bool:
    """Tell whether bytes of this media type are text in which secrets can be masked."""
    plain = media_type.partition(";")[0].strip().lower()
    return plain.startswith("text/") or plain in TEXT_TYPES or plain.endswith(("+json", "+xml"))


def is_binary(media_type: str) -> bool:
    """Tell whether bytes of this media type are surely no text: pictures, films, sounds, packed files."""
    plain = media_type.partition(";")[0].strip().lower()
    if plain.endswith("+xml"):
        return False
    packed = ("application/zip", "application/gzip", "application/pdf")
    return plain.startswith(("image/", "video/", "audio/", "font/")) or plain in packed


def is_compressed(media_type: str) -> bool:
    """Tell whether bytes of this media type are packed already."""
    plain = media_type.partition(";")[0].strip().lower()
    return plain.startswith(COMPRESSED) and plain not in COMPRESSIBLE


def extension_of(name: str) -> str:
    """Return the extension in lower case without its dot, or nothing."""
    return PurePath(name).suffix.removeprefix(".").lower()


def slug(text: str, limit: int) -> str:
    """Return the ASCII letters, digits and inner `-_.` of a text, at most `limit` characters.

    Never begins with a dot or a dash, never ends with a dot, so that every file system takes it.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", plain)
    return re.sub(r"-{2,}", "-", safe).strip("-._")[:limit].rstrip("-._")


def remote_name(name: str, key: str, max_name: int = MAX_NAME) -> str:
    """Return the name a piece gets in a destination: ASCII slug, `--`, key, extension.

    The key lets a lost answer be resolved by listing. There is always an extension of 1 to 10
    characters (`bin` where the name has none that fits), and the whole is at most `max_name`
    characters (never below what key and extension need).
    """
    extension = slug(extension_of(name), MAX_EXTENSION + 1)
    if not re.fullmatch(r"[a-z0-9]{1,10}", extension):
        stem, extension = name, "bin"
    else:
        stem = name[: -len(PurePath(name).suffix)]
    tail = f"--{key}.{extension}"
    room = max(1, min(max_name, MAX_NAME) - len(tail))
    return (slug(stem, room) or "evidence"[:room]) + tail


def archived_name(name: str, key: str, seq: int) -> str:
    """Return the name a piece gets in the archive, where the pieces of a test sort as they came."""
    return f"{seq:02d}-{remote_name(name, key)}"


def keys_in(name: str) -> list[str]:
    """Return every key that a remote name carries, whatever a server did to the rest of the name."""
    return [key.lower() for key in KEY.findall(name)]


def is_cut(name: str, whole: str) -> bool:
    """Tell whether a name may be what a server that cuts names has left of one of ours.

    Our own mark, the two dashes before the key, has to be left.
    """
    stem, own = PurePath(name).stem, PurePath(whole).stem
    return own.rpartition("--")[0] + "--" in stem and stem != own and own.startswith(stem)
