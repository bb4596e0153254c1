"""What the tests ask of pictures: what they are, and why there are none."""

from __future__ import annotations

import time

import pytest

from pytest_attach_evidence.capture.camera import screenshot
from pytest_attach_evidence.capture.picture import CaptureError


def refused(subject: object, limit_s: float = 5.0) -> tuple[str, float]:
    """Return why there is no picture, and after how many seconds that was known."""
    begun = time.monotonic()
    with pytest.raises(CaptureError) as caught:
        screenshot(subject, limit_s=limit_s)
    return str(caught.value), time.monotonic() - begun


def kind(picture: bytes) -> str:
    """Return `png` for a PNG with a beginning and an end."""
    whole = picture.startswith(b"\x89PNG\r\n\x1a\n") and picture.endswith(b"IEND\xaeB`\x82")
    return "png" if whole else repr(picture[:8])
