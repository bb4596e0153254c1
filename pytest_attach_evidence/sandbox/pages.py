"""The pages of the sandbox: what each system holds, live and as files that outlast the process."""

from __future__ import annotations

import mimetypes
import re
import shutil
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment
from jinja2 import PackageLoader

from .store import StoredFile
from .system import PageObject
from .system import System


PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
TEXT = ("application/json", "application/xml", "application/x-ndjson")
ACTIVE = (".html", ".htm", ".xhtml", ".svg", ".xml", ".js", ".mjs")
Link = Callable[[StoredFile], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One attachment on a page."""

    file: StoredFile
    href: str
    size: str
    time: str
    picture: bool
    suffix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One object on a page with its attachments."""

    object: PageObject
    cards: Sequence[Card]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Neighbouring rows that are all shown or all folded away."""

    folded: bool
    rows: Sequence[Row]


def inline_type(file: StoredFile) -> str | None:
    """Return the type under which a browser may show a file, or None if it should save it."""
    type = file.media_type
    if type in ("", "application/octet-stream"):
        type = mimetypes.guess_type(file.name)[0] or ""
    if type in PICTURES:
        return type
    return "text/plain" if type.startswith("text/") or type in TEXT else None


def overview_page(systems: Iterable[System], link: Callable[[str], str]) -> str:
    """Return the page of all systems with counts and addresses."""
    lines = []
    for system in systems:
        files = system.store.files(system.name)
        lines.append(
            {
                "system": system,
                "href": link(system.name),
                "files": len(files),
                "objects": len({file.object for file in files}),
                "size": readable_size(sum(file.size for file in files)),
                "latest": max((_time(file) for file in files), default=""),
            }
        )
    return _environment().get_template("overview.html").render(lines=lines)


def system_page(system: System, link: Link, home: str) -> str:
    """Return the page of one system: the tree of its objects with their attachments.

    `link` gives the address of a file's bytes, `home` that of the overview.
    """
    files = system.store.files(system.name)
    rows = [
        Row(object=one, cards=[_card(file, link) for file in files if file.object == one.object])
        for one in _with_strangers(system.objects(), files)
    ]
    return (
        _environment()
        .get_template("system.html")
        .render(
            system=system,
            home=home,
            stretches=_stretches(rows),
            files=len(files),
            objects=len({file.object for file in files}),
            size=readable_size(sum(file.size for file in files)),
        )
    )


def write_pages(systems: Iterable[System], folder: Path) -> Path:
    """Write all pages with the attachments beside them; return the overview's path.

    The links are relative, so that the folder may be moved, zipped and opened without a server.
    Files that a browser would run (HTML, SVG) get `.txt` appended.
    """
    systems = list(systems)
    folder.mkdir(parents=True, exist_ok=True)
    for system in systems:
        page = system_page(system, _beside(_copy_files(system, folder)), "index.html")
        (folder / f"{system.name}.html").write_text(page, encoding="utf-8")
    overview = folder / "index.html"
    page = overview_page(systems, lambda name: f"{name}.html")
    overview.write_text(page, encoding="utf-8")
    return overview


def readable_size(size: int) -> str:
    """Return a size as people read it."""
    if size < 1000:
        return f"{size} B"
    number, units = size / 1000, ["kB", "MB", "GB"]
    while number > 999.94 and len(units) > 1:  # it would be shown as 1000.0
        number, units = number / 1000, units[1:]
    return f"{number:.1f} {units[0]}"


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader(__package__ or "", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _copy_files(system: System, folder: Path) -> dict[str, str]:
    """Copy a system's files into the folder; return their relative names by id."""
    names = {}
    for number, file in enumerate(system.store.files(system.name), start=1):
        name = f"files/{system.name}/{number:03d}-{_safe_name(file.name)}"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.path, folder / name)
        names[file.id] = name
    return names


def _beside(names: Mapping[str, str]) -> Link:
    return lambda file: quote(names[file.id])


def _safe_name(name: str) -> str:
    plain = re.sub(r"[^\w.-]+", "_", name)[-80:].lstrip(".") or "file"
    return f"{plain}.txt" if Path(plain).suffix.lower() in ACTIVE else plain


def _card(file: StoredFile, link: Link) -> Card:
    return Card(
        file=file,
        href=link(file),
        size=readable_size(file.size),
        time=_time(file),
        picture=inline_type(file) in PICTURES,
        suffix=file.name.rpartition(".")[2][:6] if "." in file.name else "file",
    )


def _time(file: StoredFile) -> str:
    return file.stored_at.strftime("%Y-%m-%d %H:%M:%S UTC")


def _with_strangers(
    objects: Sequence[PageObject], files: Sequence[StoredFile]
) -> Sequence[PageObject]:
    """Add the objects that hold files although their system does not list them."""
    known = {one.object for one in objects}
    strangers = dict.fromkeys(file.object for file in files if file.object not in known)
    return [*objects, *(PageObject(object=one, title=one, facts={}) for one in strangers)]


def _stretches(rows: Sequence[Row]) -> list[Stretch]:
    """Fold what holds nothing, neither itself nor below it."""
    shown = _shown(rows)
    marked = groupby(zip(shown, rows, strict=True), key=lambda pair: pair[0])
    return [Stretch(folded=not one, rows=[row for _, row in pairs]) for one, pairs in marked]


def _shown(rows: Sequence[Row]) -> list[bool]:
    """Return for every row whether it, or anything below it, holds an attachment."""
    shown, wanted = [], -1
    for row in reversed(rows):
        depth = row.object.depth
        show = bool(row.cards) or depth < wanted
        if show:
            wanted = depth
        shown.append(show)
    return shown[::-1]
