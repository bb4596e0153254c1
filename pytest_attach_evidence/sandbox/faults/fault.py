"""What one fault of the sandbox is: which requests it is about, and the values it uses."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from email.utils import format_datetime
from types import UnionType
from typing import Any

from werkzeug.wrappers import Response

from ..body import UploadRequest


FOR_EVER = -1
STATUS_NAME = re.compile(r"status-([1-5][0-9]{2})")
NO_DATE = "none"


@dataclass(slots=True, kw_only=True, eq=False)
class Fault:
    """One fault for the next `times` requests that match (-1: for all), the first `after` left alone.

    `system` and `method` empty match all; `path` is a regular expression searched in path and query.
    A fault of a connection (`reset-at-accept`, `silent-at-accept`) is matched by its system only.
    The other values are used by the faults that name them. `location` and `value` may hold
    `{origin}` and `{url}` of the request and `{elsewhere}`, another origin of the sandbox.

    Attributes:
        seconds: How long it takes, or the time between two bytes.
        body_bytes: How much of the body is read; below 0 it counts from the end.
        status: The status of the answer.
        retry_after: Any text for Retry-After; `date+N` is a date N seconds after the answer's.
        date: Seconds by which the answer's Date is off, or `none`: no such header.
        done: Whether the system does its work before the answer that hides it.
        location: Where a redirect leads.
        name: A key of the JSON answer, or a header.
        value: What it is changed to; from a command line, JSON where it is a list, an object or null.
        size: Bytes of the answer.

    """

    fault: str
    system: str = ""
    method: str = ""
    path: str = ""
    times: int = 1
    after: int = 0
    seconds: float | None = None
    body_bytes: int | None = None
    status: int | None = None
    retry_after: str = ""
    date: str = ""
    done: bool = False
    location: str = ""
    name: str = ""
    value: Any = None
    size: int | None = None

    def matches(self, system: str, request: UploadRequest | None) -> bool:
        """Return whether this fault is about the request, or about a connection (None)."""
        if request is None:
            return self.system in ("", system)
        address = request.full_path.removesuffix("?")
        return (
            self.system in ("", system)
            and self.method.upper() in ("", request.method)
            and re.search(self.path, address) is not None
        )

    def filled(self, text: str, request: UploadRequest) -> str:
        """Return a text with the request's own addresses in it."""
        origin = request.host_url.rstrip("/")
        return text.replace("{origin}", origin).replace("{url}", request.url)

    def head(self, response: Response) -> None:
        """Give an answer the Date and the Retry-After of this fault."""
        told = self.date not in ("", NO_DATE)
        now = datetime.now(UTC) + timedelta(seconds=float(self.date) if told else 0.0)
        dated = self.retry_after.startswith("date+")
        if told or (dated and self.date != NO_DATE):
            response.headers["Date"] = format_datetime(now, usegmt=True)
        elif self.date == NO_DATE:
            response.headers["Date"] = ""
        if dated:
            until = now + timedelta(seconds=float(self.retry_after.removeprefix("date+")))
            response.headers["Retry-After"] = format_datetime(until, usegmt=True)
        elif self.retry_after:
            response.headers["Retry-After"] = self.retry_after.strip() or " "


Proceed = Callable[[], Response]
Wait = Callable[[float], object]
Action = Callable[[Fault, UploadRequest, Proceed, Wait], Response]
Actions = Mapping[str, tuple[str, Action]]

TYPES: Mapping[str, UnionType | type] = {
    "times": int,
    "after": int,
    "seconds": int | float | None,
    "body_bytes": int | None,
    "status": int | None,
    "size": int | None,
    "done": bool,
    "value": object,
}


def checked(known: Sequence[str], fault: object, values: Mapping[str, object]) -> Fault:
    """Return a fault. Raises ValueError with one line for a name or value that does not exist."""
    if not isinstance(fault, str) or (fault not in known and not STATUS_NAME.fullmatch(fault)):
        raise ValueError(f"no fault is named {fault} - known: {', '.join(known)}")
    names = [field.name for field in dataclasses.fields(Fault)]
    if unknown := set(values) - set(names):
        raise ValueError(f"{fault}: unknown: {', '.join(sorted(unknown))} - known: {names[1:]}")
    for name, value in values.items():
        wanted = TYPES.get(name, str)
        if not isinstance(value, wanted) or (isinstance(value, bool) and name in NUMBERS):
            raise ValueError(f"{fault}: {name}: {value!r} is of the wrong type")
    one = Fault(fault=fault, **values)  # type: ignore[arg-type]  # checked above
    if by_number := STATUS_NAME.fullmatch(fault):
        one.status = int(by_number[1])
    _check_texts(one)
    return one


NUMBERS = ("times", "after", "seconds", "body_bytes", "status", "size")


def _check_texts(one: Fault) -> None:
    try:
        re.compile(one.path)
    except re.error as error:
        raise ValueError(f"path {one.path}: {error}") from error
    for name, text in (("date", one.date), ("retry_after", one.retry_after)):
        number = text.removeprefix("date+") if name == "retry_after" else text
        if (name == "date" and text not in ("", NO_DATE)) or number != text:
            try:
                float(number)
            except ValueError:
                raise ValueError(f"{name}: {text!r} is not a number of seconds") from None
    if one.status is not None and not 200 <= one.status <= 599:
        raise ValueError(f"status: {one.status} is not one of 200 to 599")
