"""What the rows of disks and files start from."""

from __future__ import annotations

from ...commands.conftest import sandbox


__all__ = ["sandbox"]
