"""Which of the patterns that cover a test is more specific. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from dataclasses import field
from functools import lru_cache
from itertools import combinations
from itertools import product

from .patterns import FRESH
from .patterns import Pattern
from .patterns import Place
from .patterns import filled


@dataclass(frozen=True, slots=True)
class Covering:
    """The patterns that cover a test, the most specific first.

    `own` of them are written like the test, and before all others; `rivals` are by one of them the others of
    which nobody can tell whether they are more specific.
    """

    patterns: tuple[Pattern, ...] = ()
    own: tuple[Pattern, ...] = ()
    rivals: Mapping[Pattern, AbstractSet[Pattern]] = field(default_factory=dict)


def arranged(whole: Mapping[Pattern, bool], with_parameters: bool) -> Covering:
    """Return patterns with stars in their order, but each one behind all that are narrower.

    `whole` tells of each whether it names all but the parameters of the test (see `Pattern.whole_at`),
    `with_parameters` whether that has any.
    """
    ordered = sorted(whole, key=Pattern.by_order)
    narrower: dict[Pattern, set[Pattern]] = {one: set() for one in ordered}
    rivals: dict[Pattern, set[Pattern]] = {}
    for near, far in combinations(ordered, 2):
        is_wider = covers(near, far, with_parameters, whole[far])
        if is_wider == covers(far, near, with_parameters, whole[near]):
            rivals.setdefault(near, set()).add(far)
            rivals.setdefault(far, set()).add(near)
        elif is_wider:
            narrower[near].add(far)
    found: dict[Pattern, None] = {}
    while len(found) < len(ordered):
        rest = [one for one in ordered if one not in found]
        found[next((one for one in rest if narrower[one] <= found.keys()), rest[0])] = None
    return Covering(tuple(found), rivals=rivals)


def among(
    starred: Sequence[Pattern], plain: Mapping[Pattern, bool], with_parameters: bool
) -> list[Pattern]:
    """Return patterns with stars, and between them those without: before what is wider, or behind in order.

    Of two with the same tests that is the one without. `plain` tells of each what `whole` does above.
    """
    found = list(starred)
    at = 0
    for one in sorted(plain, key=Pattern.by_order):
        while at < len(found) and not (
            one.order < found[at].order or covers(found[at], one, with_parameters, plain[one])
        ):
            at += 1
        found.insert(at, one)
        at += 1
    return found


@lru_cache(maxsize=100_000)
def covers(wide: Pattern, narrow: Pattern, with_parameters: bool, whole: bool) -> bool:
    """Tell whether every test of a pattern is one of a wider pattern's too, of tests that are named alike.

    Both cover such a test, which has parameters or has not, and of which the narrow one names all but these
    or has not. Files of tests end in `.py`.
    """
    if any(word not in narrow.text for word in wide.words):
        return False
    return all(
        wide.whole_at(Place(path, head, parameters)) is not None
        for path, head in _examples(narrow, whole, same_path=wide.path == narrow.path)
        for parameters in _parameters(narrow, with_parameters)
    )


def _examples(pattern: Pattern, whole: bool, *, same_path: bool) -> Iterator[tuple[str, str]]:
    """Yield paths of tests that a pattern matches, each with the names behind it; of paths alike one."""
    below = [FRESH, "::".join([FRESH] * 3)]
    many = [FRESH, "", "/".join([FRESH] * 3)]
    ends_in_star = pattern.path[-1] == "" and len(pattern.path) > 1
    for several in many if "**" in pattern.path[1::2] and not same_path else many[:1]:
        path = filled(pattern.path, several)
        named = [path if path.endswith(".py") else f"{path}.py"]
        if not pattern.names and not path.endswith(".py"):
            deeper = [f"{path}/{FRESH}.py".lstrip("/"), f"{path}/{many[2]}.py".lstrip("/")]
            named = [*named, *deeper] if ends_in_star else deeper
        names = below
        if pattern.names:
            kept = ["", *below] if "**" in pattern.names[1::2] else [FRESH]
            names = [filled(pattern.names, one) for one in kept]
            if not whole:
                names = [f"{name}::{more}" for name, more in product(names, below)]
            if pattern.is_open and several:
                names += [f"{FRESH}::{name}" for name in names]
        yield from ((path, f"{path}::{name}") for path, name in product(named, names))


def _parameters(pattern: Pattern, with_parameters: bool) -> list[str]:
    """Return the parameters of tests that a pattern matches."""
    if pattern.parameters:
        return [filled(pattern.parameters, FRESH)]
    return [f"[{FRESH}]" if with_parameters else ""]
