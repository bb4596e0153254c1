"""The look-alike systems by name."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping

from .codearts import CodeArtsSystem
from .rillsoft import RillsoftSystem
from .squash import SquashSystem
from .system import System
from .workiva import WorkivaSystem


SYSTEMS: Mapping[str, Callable[..., System]] = {
    "squash": SquashSystem,
    "workiva": WorkivaSystem,
    "huawei": CodeArtsSystem,
    "rillsoft": RillsoftSystem,
}
