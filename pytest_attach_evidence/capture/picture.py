"""A picture of a browser, and the reason where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


class CaptureError(Exception):
    """There is no picture; the message is the reason, one line.

    `final`: this browser will never show anything again, and is not asked again.
    """

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


class SilentError(CaptureError):
    """The browser did not answer in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screenshot:
    """One picture, and what the browser said it shows ('' where it did not say)."""

    png: bytes
    url: str
    title: str
    tool: str


def alert_reason(text: object) -> str:
    """Return the reason there is no picture while an alert is open."""
    return f"an alert is open: {' '.join(str(text or '').split())[:200]!r}"


def said(ask: Callable[[], object]) -> str:
    """Return what a browser says about its page, '' where it does not say."""
    try:
        return str(ask() or "")
    except Exception:  # noqa: BLE001  a picture without an address is still a picture
        return ""
