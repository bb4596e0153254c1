"""The sandbox as a whole: every system on its own loopback port, and the page and control address."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any
from typing import Self

from werkzeug.wrappers import Request
from werkzeug.wrappers import Response

from .body import UploadRequest
from .control import Control
from .origin import Origin
from .pages import write_pages
from .state import State


ELSEWHERE = "/elsewhere"
PORTS = ("squash", "workiva", "huawei", "rillsoft", "pages")


class Sandbox(State):
    """The look-alike servers in this process; a context manager.

    `folder` receives the uploaded files. `ports` chooses ports by name (`squash`, `workiva`,
    `huawei`, `rillsoft`, `pages`; else free ones), `switches` the keyword arguments of each system's
    class. `roots` has every system's address, `page_url` that of the pages and the control API.
    """

    def __init__(
        self,
        folder: Path,
        *,
        ports: Mapping[str, int] | None = None,
        switches: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        super().__init__(folder, switches or {})
        self._ports = ports or {}
        self._control = Control(self)
        self._origins: list[Origin] = []

    def __enter__(self) -> Self:
        """Start everything; it answers when this returns."""
        try:
            for name in self.systems:
                self._start_system(name)
            self.page_url = self._open("pages", "pages", self._answer_page)
        except BaseException:
            self.end()
            raise
        self.faults.elsewhere = self.page_url + ELSEWHERE
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End everything."""
        self.end()

    def end(self) -> None:
        """Close all ports and connections at once; what was uploaded stays in the folder."""
        origins, self._origins = self._origins, []
        with ThreadPoolExecutor() as together:
            for ending in [together.submit(origin.end) for origin in origins]:
                ending.result()

    def write_pages(self, folder: Path) -> Path:
        """Write all pages and attachments as files into a folder; return the overview's path."""
        return write_pages(self.systems.values(), folder)

    def _start_system(self, name: str) -> None:
        system = self.systems[name]

        def answer(request: UploadRequest) -> Response:
            return self.systems[name].handle(request)  # asked anew: a reset changes the systems

        url = self._open(name, name, answer)
        system.root = url + getattr(system, "context", "")
        self.roots[name] = system.root
        if hasattr(system, "blob_root"):
            system.blob_root = self._open(
                name, "", lambda request: self._answer_blob(name, request)
            )

    def _open(self, name: str, port: str, answer: Callable[[UploadRequest], Response]) -> str:
        """Open one port with the door of a system behind it; return its URL."""
        origin: Origin

        def wait(seconds: float) -> None:
            origin.ended.wait(seconds)

        door = answer if name == "pages" else self.door(name, answer, wait)
        greet = self.greeting(name, wait)
        origin = Origin(self._ports.get(port, 0), door, self.store.folder, greet)
        self._origins.append(origin)
        origin.start()
        return origin.url

    def _answer_blob(self, name: str, request: Request) -> Response:
        response: Response = self.systems[name].handle_blob(request)  # type: ignore[attr-defined]
        return response

    def _answer_page(self, request: UploadRequest) -> Response:
        """Answer the sandbox's own address; what a redirect led here is recorded like a system."""
        if request.path.startswith(ELSEWHERE):
            answer = self.door("elsewhere", self._control.handle, lambda _seconds: None)
            return answer(request)
        return self._control.handle(request)
