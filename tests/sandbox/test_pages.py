"""The pages show what arrived, safely, live and as files."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from plain_http import UPLOAD
from plain_http import Api

from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.sandbox.pages import readable_size


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415408d763606060000000040001f61738550000000049454e44ae426082"
)


class Links(HTMLParser):
    """Collects what a page links to, loads and runs."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.targets: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one element."""
        self.tags.add(tag)
        self.targets += [value or "" for name, value in attrs if name in ("href", "src")]


@pytest.fixture
def filled(sandbox: Sandbox, squash: Api) -> Sandbox:
    """A sandbox with a picture, a text, and two files whose names and bytes mean harm."""
    files = [
        ("files", ("shot ü.png", PIXEL, "image/png")),
        ("files", ("notes.log", b"<script>1</script>", "text/x-log")),
        ("files", ("<b>bold</b>.html", b"<script>1</script>", "text/html")),
        ("files", ("../../drawing.svg", b"<svg/>", "image/svg+xml")),
        ("files", ("trace.zip", b"PK", "application/zip")),
    ]
    assert squash.post(UPLOAD, files=files).status_code == 201
    return sandbox


@pytest.fixture
def pages(filled: Sandbox, apis: Callable[..., Api]) -> Api:
    """A client of the pages."""
    return apis(filled.page_url)


def test_overview_names_systems_counts_and_addresses(filled: Sandbox, pages: Api) -> None:
    """The overview has every system with its address, and links to its page."""
    page = pages.get("/").text

    for name, system in filled.systems.items():
        assert system.title in page
        assert filled.roots[name] in page
        assert f'href="/{name}"' in page
    assert "attachments on 1\n" in page


@pytest.mark.parametrize("name", ["squash", "workiva", "huawei", "rillsoft"])
def test_every_page_is_quiet(pages: Api, name: str) -> None:
    """No page loads anything foreign, none runs anything, and the policy says so."""
    answer = pages.get(f"/{name}")
    links = Links(answer.text)

    assert answer.status_code == 200
    assert links.tags.isdisjoint({"script", "link", "iframe", "form"})
    assert all(target.startswith("/") for target in links.targets)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_filled_objects_stand_out(filled: Sandbox, pages: Api) -> None:
    """What holds attachments is shown with its parents, all else is folded away."""
    page = pages.get("/squash").text
    shown = re.sub(r"<details.*?</details>", "", page, flags=re.DOTALL)
    file = filled.store.files("squash")[0]

    assert "TC-4 - See the balance" in shown
    assert "Sprint 1" in shown
    assert "Sprint 2" not in shown
    assert "Sprint 2" in page
    assert file.sha256[:12] in shown
    assert f'<img src="/squash/files/{file.id}"' in shown
    assert shown.count("<img") == 1


def test_names_are_escaped(pages: Api) -> None:
    """A name with markup is text on the page."""
    page = pages.get("/squash").text

    assert "<b>bold" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;.html" in page


@pytest.mark.parametrize(
    ("position", "type", "inline"),
    [
        (0, "image/png", True),
        (1, "text/plain; charset=utf-8", True),
        (2, "text/plain; charset=utf-8", True),
        (3, "application/octet-stream", False),
        (4, "application/octet-stream", False),
    ],
)
def test_raw_files(filled: Sandbox, pages: Api, position: int, type: str, inline: bool) -> None:
    """Pictures and text are shown, never as something that runs; all else is to be saved."""
    file = filled.store.files("squash")[position]
    answer = pages.get(f"/squash/files/{file.id}")

    assert answer.content == file.path.read_bytes()
    assert answer.headers["Content-Type"] == type
    assert ("Content-Disposition" not in answer.headers) is inline
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/nothing", "/squash/files/1", "/squash/files/../../x", "/control"]
)
def test_nothing_else(pages: Api, path: str) -> None:
    """Anything else is 404."""
    assert pages.get(path).status_code == 404


def test_written_pages(filled: Sandbox, tmp_path: Path) -> None:
    """The pages as files link only to what lies beside them, and harm nobody who opens them."""
    folder = tmp_path / "pages"
    overview = filled.write_pages(folder)
    filled.end()

    assert overview == folder / "index.html"
    for page in folder.glob("*.html"):
        for target in Links(page.read_text(encoding="utf-8")).targets:
            assert (folder / unquote(target)).resolve().is_relative_to(folder.resolve())
            assert (folder / unquote(target)).is_file()
    names = sorted(path.name for path in (folder / "files" / "squash").iterdir())
    assert names == [
        "001-shot_ü.png",
        "002-notes.log",
        "003-_b_bold_b_.html.txt",
        "004-_.._drawing.svg.txt",
        "005-trace.zip",
    ]
    assert (folder / "files/squash/001-shot_ü.png").read_bytes() == PIXEL


def test_objects_the_system_does_not_list(sandbox: Sandbox, apis: Callable[..., Api]) -> None:
    """A file on an object that is not in the tree is shown all the same."""
    sandbox.store.commit(
        id="x",
        system="rillsoft",
        object="clients/5/attachments/1",
        name="stray.txt",
        media_type="text/plain",
        stream=io.BytesIO(b"stray"),
    )

    assert "stray.txt" in apis(sandbox.page_url).get("/rillsoft").text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_960, "1.0 MB"), (2_500_000_000, "2.5 GB")],
)
def test_readable_size(size: int, text: str) -> None:
    """Sizes are in powers of ten and never show 1000 of a unit."""
    assert readable_size(size) == text
