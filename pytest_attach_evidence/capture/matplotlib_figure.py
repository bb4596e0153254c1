"""Figures of matplotlib: those a fixture gave, and those of pyplot that were opened during the item.

A figure is drawn by itself, not through its own canvas, and stays open. Drawing happens in the test's
thread; between two of the figure's parts it stops at the limit.
"""

from __future__ import annotations

import importlib
import io
import sys
import time
from typing import Any

from .picture import CaptureError
from .picture import Screenshot


CLASSES: tuple[tuple[str, str], ...] = (("matplotlib.figure", "Figure"),)
ON_SCREEN: bool = False
MOST_PIXELS = 50_000_000


def recognise(subject: Any) -> list[object]:
    """Return the figure."""
    return [subject]


def open_now() -> list[object]:
    """Return the figures of pyplot, without making another one the current one."""
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    managers = helpers.Gcf.figs if helpers else {}  # in the order in which they were current
    return [managers[number].canvas.figure for number in sorted(managers)]


def picture(figure: Any, deadline: float) -> Screenshot:
    """Draw a figure in its own size and resolution, until the deadline on the monotonic clock.

    Raises CaptureError, or what matplotlib raises.
    """
    width, height = (round(side * figure.dpi) for side in figure.get_size_inches())
    if not 0 < width * height <= MOST_PIXELS:
        reason = f"the figure has {width} x {height} pixels"
        raise CaptureError(reason)
    used, stale = figure.canvas, figure.stale
    try:
        with io.BytesIO() as file:
            _canvas(figure, deadline).print_png(file)
            png = file.getvalue()
    finally:
        figure.set_canvas(used)
        figure.stale = stale
    return Screenshot(png=png, title=str(figure.get_label()), tool="matplotlib")


def _canvas(figure: Any, deadline: float) -> Any:
    """Return a canvas without a window, whose drawing raises TimeoutError at the deadline."""
    agg = importlib.import_module("matplotlib.backends.backend_agg")  # its user has the package
    canvas, renderer = agg.FigureCanvasAgg(figure), agg.RendererAgg(*figure.bbox.size, figure.dpi)

    def open_group(name: str, gid: str | None = None) -> None:
        """Begin to draw one part of the figure; what else this does matters to SVG only."""
        if time.monotonic() > deadline:
            raise TimeoutError

    renderer.open_group = open_group
    canvas.get_renderer = lambda: renderer
    return canvas
