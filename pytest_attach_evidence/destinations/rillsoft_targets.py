"""The targets of Rillsoft: which attachment record a text stands for."""

from __future__ import annotations

import re

from ..errors import TargetError
from ..model import Target


ID = re.compile(r"[0-9]{1,19}")
SCOPE = ("client", "project", "portfolio")
EXPECTED = "<attachment> or <client>/<attachment>, both whole numbers, such as 4711 or 7/4711"


def parse_target(
    text: str | int, *, origin: str, client: str, project: str, portfolio: str
) -> Target:
    """Return the target of a text; `client` is used where the text names none.

    Raises TargetError with what was seen and what is expected.
    """
    parts = [] if isinstance(text, bool) else str(text).split("/")
    if not 1 <= len(parts) <= 2 or not all(ID.fullmatch(part) for part in parts):
        msg = f"{text!r} is no attachment of Rillsoft - expected is {EXPECTED}"
        raise TargetError(msg)
    owner = parts[0] if len(parts) == 2 else client
    if not owner:
        msg = (
            f"{text!r} names no client, and evidence_rillsoft_client is not set - "
            f"write <client>/{text}, or set the option"
        )
        raise TargetError(msg)
    return Target.of(
        "rillsoft",
        origin,
        "attachment",
        plain_id(parts[-1]),
        client=plain_id(owner),
        project=plain_id(project),
        portfolio=plain_id(portfolio),
    )


def wrong(target: Target) -> str:
    """Return why a target is none that `parse_target` makes, '' where it is one."""
    ids = [target.id, target.scoped("client") or "", *(id for _, id in target.scope)]
    if target.kind == "attachment" and all(map(ID.fullmatch, ids)):
        return ""
    return f"{target.kind} {target.id} is no target of Rillsoft"


def plain_id(id: str) -> str:
    """Return an id without leading zeros."""
    return id.lstrip("0") or id[:1]
