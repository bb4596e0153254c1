"""A picture of a window or page, and the reason where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest


Fact = tuple[str, str]
"""What a page tells beside its picture: the end of a file's name, `source.html`, and a text."""


class CaptureError(Exception):
    """There is no picture; the message is the reason, one line.

    `final`: this window or page will never show anything again, and is not asked again.
    """

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


class SilentError(CaptureError):
    """There was no answer in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screenshot:
    """One picture, and what the tool said it shows ('' where it did not say)."""

    png: bytes
    tool: str
    url: str = ""
    title: str = ""

    @property
    def remark(self) -> str:
        """What is said of the picture beside it: the tool, the title, the address without its query."""
        shown = " ".join(filter(None, (self.title, self.url.partition("?")[0])))
        return f"{self.tool}: {shown}" if shown else self.tool


def alert_reason(text: object) -> str:
    """Return the reason there is no picture while an alert is open."""
    return f"an alert is open: {' '.join(str(text or '').split())!r}"


def said(ask: Callable[[], object]) -> str:
    """Return what a browser says about its page, '' where it does not say."""
    try:
        return str(ask() or "")
    except pytest.exit.Exception:
        raise
    except Exception:  # noqa: BLE001  a picture without an address is still a picture
        return ""


def address(url: str, title: str = "") -> Fact:
    """Return where a page is or was."""
    return "address.txt", f"url: {url}\ntitle: {title}\n"
