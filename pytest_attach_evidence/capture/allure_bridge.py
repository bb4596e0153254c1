"""What tests attach with `allure.attach`, taken when they attach it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pluggy import HookimplMarker

from .. import collection
from .. import naming


hookimpl = HookimplMarker("allure")


class AllureListener:
    """A plugin of Allure: its hooks are called in the process and the thread of the test. Never raises."""

    @hookimpl
    def attach_data(self, body: Any, name: Any, attachment_type: Any, extension: Any) -> None:
        """Take text or bytes."""
        with suppress(Exception):  # Allure passes errors on to the test
            data = body.encode("utf-8", "backslashreplace") if isinstance(body, str) else body
            _attach(data, name, attachment_type, extension)

    @hookimpl
    def attach_file(self, source: Any, name: Any, attachment_type: Any, extension: Any) -> None:
        """Take a file."""
        with suppress(Exception):  # Allure passes errors on to the test
            path = Path(source)
            _attach(path, name or path.name, attachment_type, extension)


def listen() -> Callable[[], object]:
    """Take what is attached from now on, where Allure is installed; return what ends it."""
    if importlib.util.find_spec("allure_commons") is None:
        return lambda: None
    import allure_commons  # noqa: PLC0415  # only where the user asked for it

    listener = AllureListener()
    allure_commons.plugin_manager.register(listener)
    return lambda: allure_commons.plugin_manager.unregister(listener)


def _attach(source: Any, name: Any, attachment_type: Any, extension: Any) -> None:
    """Attach under Allure's name, with the extension and the media type that it gives."""
    told = getattr(attachment_type, "mime_type", attachment_type)
    extension = str(getattr(attachment_type, "extension", None) or extension or "").lstrip(".")
    shown = str(name or "attachment")
    if extension and naming.extension_of(shown) != extension:
        shown = f"{shown}.{extension}"
    media_type = str(told) if told and "/" in str(told) else None
    recorder = collection.current()
    recorder.attach(source, name=shown, media_type=media_type, remark="allure.attach")
