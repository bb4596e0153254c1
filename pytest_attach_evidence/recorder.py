"""What tests attach with: the object behind the `evidence` fixture."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from typing import ParamSpec

import pytest

from . import naming
from . import objects
from . import tables
from .content import Source
from .content import json_bytes
from .content import name_of_file
from .errors import AttachError
from .errors import SpoolError
from .item_log import Facts
from .item_log import ItemLog
from .model import Evidence
from .model import Outcome
from .zipped import is_folder


Given = ParamSpec("Given")


def _never_raising(attach: Callable[Given, Evidence | None]) -> Callable[Given, Evidence | None]:
    """Refuse what cannot even be named: nothing that a test hands over may change its outcome."""

    @functools.wraps(attach)
    def call(*args: Given.args, **options: Given.kwargs) -> Evidence | None:
        try:
            return attach(*args, **options)
        except pytest.exit.Exception:  # of a handler of a signal
            raise
        except Exception as error:  # noqa: BLE001  # anything may come out of the user's objects
            recorder: Any = args[0]
            recorder.refuse(
                "a piece", f"cannot be taken ({type(error).__name__} of its name or kind)"
            )
            return None

    return call


class Recorder(ItemLog):
    """Attaches evidence to one item: a test in one rerun, or the run itself.

    Every method returns the kept piece, or None where it was refused (which the summary says, with the
    reason) or where collecting is off. None of them raises because of the evidence. May be used from
    several threads.
    """

    @_never_raising
    def attach(
        self,
        source: Source,
        *,
        name: str | None = None,
        kind: str = "file",
        media_type: str | None = None,
        remark: str = "",
    ) -> Evidence | None:
        """Attach a file: a path, bytes, or an open file, which is read from where it stands to its end.

        Or an image of Pillow, written in the format that the name ends in. A folder becomes `<its
        name>.zip`. The bytes are copied now: what happens to the file later does not matter. `name` is
        needed for bytes; the media type follows from the name. Secrets are masked in text (see
        `evidence_redact`), also within a folder.
        """
        if isinstance(source, str | os.PathLike):
            if not source:  # which `Path` takes for the folder one is in
                self.refuse(str(name or "a piece"), "its path is empty - name a file or a folder")
                return None
            path = Path(source)
            name = name or path.name or str(path)
            if is_folder(path):
                name = name if naming.extension_of(str(name)) == "zip" else f"{name}.zip"
            return self._attach(path, name, kind, media_type, remark)
        if objects.is_image(source):
            title = name or "image"
            made = functools.partial(objects.image_bytes, source, title)
            return self._made(title, kind, "png", made, remarks=[remark], media_type=media_type)
        name = name or name_of_file(source)
        return self._attach(source, name, kind, media_type, remark)

    def take(
        self, name: str, source: Source, facts: Mapping[str, str] | None = None
    ) -> Evidence | None:
        """Attach what a hook hands over: text itself, where `attach` would take it for a path.

        `facts` are further arguments of `attach`.
        """
        if not isinstance(source, str):
            return self.attach(source, name=name, **dict(facts or {}))
        text = source.encode("utf-8", "backslashreplace")
        name = str(name) if naming.extension_of(str(name)) else f"{name}.txt"
        return self.attach(text, name=name, **{"kind": "text", **dict(facts or {})})

    @_never_raising
    def attach_found(self, path: Path, until_rest: Callable[[Path], str]) -> Evidence | None:
        """Attach a file that nobody handed over: it was found, and somebody may still write to it.

        Where it changed while it was copied, it is copied again after `until_rest(path)`, which returns a
        remark. One that is gone meanwhile is no lost evidence.
        """
        return self._attach(path, path.name, "file", until_rest=until_rest)

    def text(self, text: str, *, name: str = "text.txt") -> Evidence | None:
        """Attach text, in UTF-8. A name without an extension gets the usual one, here and below."""
        return self._made(
            name, "text", "txt", lambda: str(text).encode("utf-8", "backslashreplace")
        )

    def json(self, document: Any, *, name: str = "document.json") -> Evidence | None:
        """Attach a document as indented JSON; what JSON does not know is written as its `str`."""
        return self._made(name, "json", "json", lambda: json_bytes(document))

    @_never_raising
    def table(self, rows: Any, *, name: str = "table.csv") -> Evidence | None:
        """Attach rows as CSV (RFC 4180), or as a readable page where the name ends in `.html`.

        Takes dictionaries, whose keys become the header, sequences, and frames of pandas and polars.
        """
        if naming.extension_of(str(name)) not in ("html", "htm"):
            return self._made(name, "table", "csv", lambda: tables.csv_bytes(tables.table_of(rows)))
        title = naming.clean_name(str(name)).rpartition(".")[0]
        return self._made(
            name, "table", "html", lambda: tables.html_bytes(tables.table_of(rows), title)
        )

    def screenshot(self, subject: object, *, name: str = "screenshot") -> Evidence | None:
        """Attach a picture of what is shown now.

        Of a Selenium or Appium driver, a Playwright page, a window of Qt or a figure of matplotlib. In
        an async test Playwright's pages cannot be waited for: write `await evidence.screenshot_async(page)`.
        """
        if self._keeper is None or self._keeper.camera is None:
            return None
        camera = self._keeper.camera
        return self._photographed(name, lambda: camera.picture(subject))

    async def screenshot_async(
        self, subject: object, *, name: str = "screenshot"
    ) -> Evidence | None:
        """Attach a picture as `screenshot` does, from a coroutine; meanwhile the loop goes on."""
        if self._keeper is None or self._keeper.camera is None:
            return None
        try:
            picture = await self._keeper.camera.picture_async(subject)
        except Exception as error:  # noqa: BLE001  # said where the piece is made
            failure = error

            def fail() -> tuple[bytes, str]:
                raise failure

            return self._photographed(name, fail)
        return self._photographed(name, lambda: picture)

    def _photographed(self, name: str, picture: Callable[[], tuple[bytes, str]]) -> Evidence | None:
        name = name if naming.extension_of(name) == "png" else f"{name}.png"
        remarks: list[str] = []

        def content() -> bytes:
            png, remark = picture()
            remarks.append(remark)
            return png

        return self._made(name, "screenshot", "png", content, remarks=remarks)

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Say to which step the evidence attached meanwhile belongs; steps may be nested.

        The outermost steps are counted, and how each ended is recorded: a destination whose objects have
        steps, too, takes them for those of the same number. A step is that of the code in it and of the
        asyncio tasks started there, until it ends; a thread started there is in none, unless it runs in
        a copy of the context (`contextvars.copy_context`). The log of the test lists steps with their times.
        """
        if self._keeper is None:
            yield
            return
        step = self.step_log.begin(_words(title))
        outcome = Outcome.FAILED
        try:
            yield
            outcome = Outcome.PASSED
        except (pytest.skip.Exception, pytest.xfail.Exception):
            outcome = Outcome.SKIPPED
            raise
        finally:
            self.step_log.end(step, outcome)

    @_never_raising
    def _made(
        self,
        name: str,
        kind: str,
        extension: str,
        content: Callable[[], bytes],
        *,
        remarks: list[str] | None = None,
        media_type: str | None = None,
    ) -> Evidence | None:
        """Attach bytes that have to be made first; making them may fail."""
        if self._keeper is None:
            return None
        try:
            made = content()
        except pytest.exit.Exception:  # of a handler of a signal
            raise
        except Exception as error:  # noqa: BLE001  # anything may come out of the user's objects
            seen, dash, next_step = (str(error) or type(error).__name__).partition(" - ")
            reason = f"cannot be made ({seen}){dash}{next_step}"
            self.refuse(name, reason, warning=kind == "screenshot" and self.failed)
            return None
        usual = naming.media_type_of(f"x.{extension}")
        name = str(name) if naming.extension_of(str(name)) else f"{name}.{extension}"
        told = naming.media_type_of(name)
        fitting = told if naming.is_text(told) == naming.is_text(usual) else usual
        return self._attach(made, name, kind, media_type or fitting, "; ".join(remarks or ()))

    def _attach(
        self,
        source: Any,
        name: str,
        kind: str,
        media_type: str | None = None,
        remark: str = "",
        *,
        until_rest: Callable[[Path], str] | None = None,
    ) -> Evidence | None:
        keeper = self._keeper
        if keeper is None:
            return None
        shown = naming.clean_name(keeper.redactor.text(str(name)))
        facts = Facts(
            name=shown,
            kind=keeper.redactor.line(str(kind)),
            media_type=keeper.redactor.line(str(media_type or naming.media_type_of(shown))),
            remark=str(remark),
            until_rest=until_rest,
        )
        try:
            with self._lock:
                return self._keep(keeper, facts, source)
        except AttachError as error:
            gone = until_rest is not None and not os.path.lexists(source)
            self.refuse(shown, str(error), warning=gone)
        except SpoolError as error:
            self.refuse(shown, f"cannot be kept ({error})")
        except pytest.exit.Exception:  # of a handler of a signal
            raise
        except Exception as error:  # noqa: BLE001  # never change a test's outcome
            self.refuse(shown, f"cannot be taken ({type(error).__name__}: {error})")
        return None


def _words(title: object) -> str:
    """Return a title as text, whatever it is."""
    try:
        return str(title)
    except Exception as error:  # noqa: BLE001  # never change a test's outcome
        return f"a step without a title ({type(error).__name__})"
