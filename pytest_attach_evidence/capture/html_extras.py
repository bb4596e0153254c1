"""What users and pytest-selenium attach to reports of pytest-html, as evidence."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Generator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from .. import collection
from ..recorder import Recorder
from . import other_tools
from .timers import RAISED
from .timers import aside


EXTENSIONS = {"html": "html", "json": "json", "text": "txt"}
# No picture has fewer bytes than a GIF without a pixel: what decodes to less is the path of no file.
SMALLEST = 26


class HtmlExtras:
    """A pytest plugin that takes extras; each is taken once, wherever it turns up again.

    `all_of_them`: also those of the `extras` fixture and of other hooks (`evidence_bridge`); what is
    added after the report of the call or before a setup that fails, which pytest-html loses, included.
    Without it only the debug information of pytest-selenium is taken, but for its picture (`pictures`),
    since there is one already. `roots` are what paths may be relative to. Never raises.
    """

    def __init__(self, *, all_of_them: bool, pictures: bool, roots: Sequence[Path]) -> None:
        self._all = all_of_them
        self._pictures = pictures
        self._roots = roots
        self._taken: list[object] = []  # not their ids, which are used again

    @property
    def needed(self) -> bool:
        """Whether there can be anything to take in this session."""
        return self._all or "pytest_selenium" in sys.modules

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        """Remember the list that pytest-html's fixture gives."""
        result = yield
        with suppress(Exception):  # a fixture's result is never changed by us
            if self._all and fixturedef.argname in ("extras", "extra") and isinstance(result, list):
                fixturedef.addfinalizer(partial(self._end_of_extras, result))
        return result

    @pytest.hookimpl(optionalhook=True, trylast=True)
    def pytest_selenium_capture_debug(self, extra: list[Any]) -> None:
        """Take what pytest-selenium and its hooks found out about a failure."""
        with suppress(Exception):
            self.take(collection.current(), [one for one in extra if self._is_debug(one)])

    def begin(self) -> None:
        """Forget what was taken of an earlier test."""
        self._taken.clear()

    def report(self, recorder: Recorder, report: pytest.TestReport) -> None:
        """Take what hangs on the report of a phase."""
        if self._all:
            self.take(recorder, getattr(report, "extras", None))

    def take(self, recorder: Recorder, extras: object) -> None:
        """Attach the extras that were not taken yet; a wrong one is named, the others are taken."""
        for extra in extras if isinstance(extras, list) else ():
            if isinstance(extra, Mapping) and not any(extra is known for known in self._taken):
                self._taken.append(extra)
                try:
                    self._attach(recorder, extra)
                except pytest.exit.Exception:
                    raise
                except RAISED as error:  # an odd one costs only itself
                    seen = f"cannot be taken ({type(error).__name__}: {error})"
                    recorder.refuse("a pytest-html extra", seen)

    def _end_of_extras(self, extras: list[Any]) -> None:
        with aside():  # an error here would be the test's
            self.take(collection.current(), list(extras))

    def _is_debug(self, extra: Mapping[str, Any]) -> bool:
        return extra.get("format_type") != "url" and (
            self._pictures or extra.get("format_type") != "image"
        )

    def _attach(self, recorder: Recorder, extra: Mapping[str, Any]) -> None:
        sort, content = str(extra.get("format_type")), extra.get("content")
        title = str(extra.get("name") or sort)
        source = self._media(content) if sort in ("image", "video") else None
        extension = extra.get("extension") if source else EXTENSIONS.get(sort, "url.txt")
        if source is None:
            text = content if isinstance(content, str) else json.dumps(content, default=str)
            source = text.encode("utf-8", "backslashreplace")
        recorder.attach(
            source,
            name=f"{title}.{extension or 'bin'}",
            kind={"image": "screenshot"}.get(sort, sort),
            remark="pytest-html extra",
        )

    def _media(self, content: Any) -> bytes | Path | None:
        """Return a picture or film, which pytest-html takes as a path or in base64; None for an address."""
        if isinstance(content, bytes):
            return content
        text = str(content)
        head, comma, encoded = text.partition(",")
        if comma and head.startswith("data:"):
            plain = unquote_to_bytes(encoded)
            return base64.b64decode(plain) if head.endswith(";base64") else plain
        for root in self._roots:  # a path without an extension may be base64 as well
            if path := other_tools.file_of(text, root):
                return path
        with suppress(ValueError):
            decoded = base64.b64decode("".join(text.splitlines()), validate=True)
            if len(decoded) >= SMALLEST:
                return decoded
        if "://" in text[:20]:
            return None
        if len(text) > other_tools.LONGEST_PATH:
            reason = "neither base64 nor the path of a file"
            raise ValueError(reason)
        return Path(text)
