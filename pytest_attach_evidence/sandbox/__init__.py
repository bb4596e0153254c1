"""Look-alikes of Squash TM, Workiva, Huawei CodeArts Req and Rillsoft in one process on loopback."""

from __future__ import annotations

from .server import Sandbox


__all__ = ["Sandbox"]
