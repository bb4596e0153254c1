"""An iteration by the names of project, campaign and iteration: their text, and the id they stand for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..errors import PermanentError


if TYPE_CHECKING:
    from ..apis.squash_tm import SquashTm
    from ..apis.squash_tm_shapes import Named


ESCAPED = re.compile("%(2F|2f|25)")
FEWEST = 3
HINT = "correct evidence_squash_iteration, or write the iteration's id (digits)"


def names_in(text: str) -> list[str]:
    """Return the names of `project/campaign/iteration`, [] where the text is no such path.

    Folders of the campaign may stand before it. A slash in a name is written `%2F`, a percent sign
    before such digits `%25`. Blanks around a slash count for nothing.
    """
    names = [part.strip() for part in text.split("/")]
    plain = [ESCAPED.sub(lambda sign: "%" if sign[1] == "25" else "/", name) for name in names]
    return plain if len(plain) >= FEWEST and all(plain) and text.isprintable() else []


def path_of(names: Iterable[str]) -> str:
    """Return the one text of some names, from which `names_in` has them again."""
    return "/".join(_escaped(name) for name in names)


def iteration_named(api: SquashTm, path: str) -> str:
    """Return the id of the iteration that a path names now.

    Raises PermanentError where there is not exactly one, or one of its owners may not be read.
    """
    project_name, *campaign_path, iteration_name = names_in(path)
    project = api.project_named(project_name)
    if project is None:
        known = (one.name for one in api.projects())
        raise _unknown("project", project_name, known)
    campaigns = list(api.campaigns(project.id))
    campaign = _only("campaign", campaign_path[-1], _in_path(campaigns, campaign_path), campaigns)
    iterations = list(api.iterations(campaign.id))
    called = [one for one in iterations if one.name == iteration_name]
    called = called or [one for one in iterations if one.reference == iteration_name]
    return _only("iteration", iteration_name, called, iterations).id


def _escaped(name: str) -> str:
    return ESCAPED.sub(lambda sign: f"%25{sign[1]}", name).replace("/", "%2F")


def _in_path(campaigns: Iterable[Named], wanted: list[str]) -> list[Named]:
    """Return the campaigns of a name, in the folders that are named, too (as far as paths are shown)."""
    called = [one for one in campaigns if one.name == wanted[-1]]
    tails = {f"/{'/'.join(wanted)}", "/" + "/".join(n.replace("/", "\\/") for n in wanted)}
    if len(wanted) == 1:
        return called
    return [one for one in called if any(one.path.endswith(tail) for tail in tails)]


def _only(kind: str, name: str, found: list[Named], every: Iterable[Named]) -> Named:
    if len(found) == 1:
        return found[0]
    if not found:
        raise _unknown(kind, name, (one.name for one in every))
    ids = ", ".join(f"{one.path or one.name} with the id {one.id}" for one in found)
    msg = f"{len(found)} {kind}s are called {name!r}: {ids}"
    raise PermanentError(msg, next_step=HINT)


def _unknown(kind: str, name: str, known: Iterable[str]) -> PermanentError:
    every = list(known)
    near = difflib.get_close_matches(name, every, n=1)
    nearest = f"; nearest of {len(every)} is {near[0]!r}" if near else f", only {len(every)} others"
    return PermanentError(f"no {kind} is called {name!r}{nearest}", next_step=HINT)
