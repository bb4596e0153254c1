"""The words of the project as frozen data: what every room passes to the next. No I/O."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import UTC
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import IO
from typing import Any
from typing import Literal
from typing import Protocol

from .json_record import Record


KEY_DIGITS = 12


class Outcome(StrEnum):
    """How an item ended. `unknown`: it began and never ended; counts as failed."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"

    @property
    def failed(self) -> bool:
        """Whether the item counts as failed."""
        return self in (Outcome.FAILED, Outcome.UNKNOWN)


class State(StrEnum):
    """The state of a delivery. The first two are settled."""

    DELIVERED = "delivered"
    FOUND = "found"
    WAITING = "waiting"
    UNCERTAIN = "uncertain"
    REJECTED = "rejected"
    DAMAGED = "damaged"

    @property
    def settled(self) -> bool:
        """Whether nothing remains to be done."""
        return self in (State.DELIVERED, State.FOUND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target(Record):
    """The object in a destination that gets an attachment, complete and normalised.

    `origin` is the base URL the target belongs to (empty for the archive), `kind` the destination's
    own word for the sort of object, `id` always text, `scope` what the id is relative to (iteration,
    project, client, dataset …) as sorted pairs.
    """

    destination: str
    origin: str
    kind: str
    id: str
    scope: tuple[tuple[str, str], ...] = ()

    def scoped(self, name: str) -> str | None:
        """Return one value of the scope, or None."""
        return dict(self.scope).get(name)

    @classmethod
    def of(cls, destination: str, origin: str, kind: str, id: str, **scope: str | None) -> Target:
        """Build a target; scope values that are None or empty are left out."""
        pairs = sorted((name, value) for name, value in scope.items() if value)
        return cls(destination=destination, origin=origin, kind=kind, id=id, scope=tuple(pairs))

    @staticmethod
    def _converted(values: dict[str, Any]) -> dict[str, Any]:
        scope = tuple(sorted((str(a), str(b)) for a, b in values.get("scope", ())))
        return {**values, "scope": scope}

    def __str__(self) -> str:
        """Name the target for a person: destination, kind, id and what they are relative to."""
        scope = "".join(f" {name}={value}" for name, value in self.scope)
        return f"{self.destination} {self.kind} {self.id}{scope}".rstrip()


def keeps(when: str, *, failed: bool) -> bool:
    """Tell whether `when` (always, failed, passed) keeps evidence of what ended like this."""
    return when == "always" or (when == "failed") == failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter(Record):
    """What one destination takes of an item: for which outcome, and pieces of which kinds (none: of all)."""

    destination: str
    when: str = "always"
    kinds: tuple[str, ...] = ()

    @staticmethod
    def _converted(values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "kinds": tuple(map(str, values.get("kinds", ())))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled(Record):
    """A target that a row of the map with placeholders gave to an item; `row` is its `test` cell."""

    row: str
    target: Target

    @staticmethod
    def _converted(values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "target": Target.from_json(values["target"])}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(Record):
    """One pytest test in one rerun. The run itself is an item too, with node id ''.

    `rerun` counts from 0; `when` says for which outcome evidence is kept (always, failed, passed), and
    `filters` what single destinations take of it; `duration_s` is None until the item ended. `steps` tells
    how its outermost steps ended, in the order in which they began; it is known once the item ended.
    `rows` are the `test` cells of the map's rows that hold for it, `require` the kinds of evidence that it
    has to have, `filled` what rows with placeholders gave of the targets.
    """

    id: str
    run_id: str
    nodeid: str
    rerun: int = 0
    worker: str = ""
    when: str = "always"
    outcome: Outcome = Outcome.UNKNOWN
    started_at: str = ""
    duration_s: float | None = None
    targets: tuple[Target, ...] = ()
    steps: tuple[Outcome, ...] = ()
    rows: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    filled: tuple[Filled, ...] = ()

    @staticmethod
    def _converted(values: dict[str, Any]) -> dict[str, Any]:
        return {
            **values,
            "targets": tuple(Target.from_json(target) for target in values.get("targets", ())),
            "outcome": Outcome(values.get("outcome", Outcome.UNKNOWN)),
            "steps": tuple(map(Outcome, values.get("steps", ()))),
            "rows": tuple(map(str, values.get("rows", ()))),
            "require": tuple(map(str, values.get("require", ()))),
            "filters": tuple(Filter.from_json(one) for one in values.get("filters", ())),
            "filled": tuple(Filled.from_json(one) for one in values.get("filled", ())),
        }

    @property
    def is_run(self) -> bool:
        """Whether this item stands for the run itself."""
        return self.nodeid == ""

    @property
    def mapped(self) -> bool:
        """Whether evidence is expected: it has a target (the archive takes all), or kinds are required."""
        return bool(self.require) or any(target.origin for target in self.targets)

    def keeps(self, *, failed: bool) -> bool:
        """Tell whether `when` keeps the evidence if the item ended like this."""
        return keeps(self.when, failed=failed)

    def takes(self, destination: str, kind: str | None = None) -> bool:
        """Tell whether a destination takes pieces of a kind (None: any at all) as the item ended."""
        filters = (one for one in self.filters if one.destination == destination)
        return all(
            keeps(one.when, failed=self.outcome.failed)
            and (kind is None or not one.kinds or kind in one.kinds)
            for one in filters
        )

    @property
    def title(self) -> str:
        """Name the item for a person."""
        return self.nodeid or "the run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence(Record):
    """One piece: a file a test handed over, with its facts.

    `digest` is `sha256:<hex>` of the bytes in the spool, `size` their number, `seq` the position among
    the item's pieces from 1, `phase` setup, call or teardown, `redaction` how many places were masked
    (None: not a text piece), `step` the title of the step it belongs to (`outer / inner`), `step_number`
    the outermost step's place among those of the item from 1 (0: outside of any), `remark` what a reader
    must know about the bytes.
    """

    id: str
    item_id: str
    seq: int
    kind: str
    name: str
    media_type: str
    digest: str
    size: int
    phase: str = ""
    captured_at: str = ""
    source: str = ""
    redaction: int | None = None
    step: str = ""
    step_number: int = 0
    remark: str = ""

    @property
    def sha256(self) -> str:
        """The hexadecimal SHA-256 of the bytes."""
        return self.digest.removeprefix("sha256:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One piece to one target, until settled. `key` names it in the destination."""

    evidence: Evidence
    item: Item
    target: Target
    key: str

    @property
    def title(self) -> str:
        """Name the delivery for a person: the piece and where it goes."""
        return f"{self.evidence.name} of {self.item.title} to {self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(Record):
    """Our record that a destination has a piece (not a signed proof).

    `how`: answered (its answer said so), listed (seen in a listing after the send), found (was there
    before this process sent anything) or downloaded (the bytes were read back).
    """

    key: str
    remote_id: str | None = None
    remote_name: str = ""
    remote_url: str | None = None
    how: Literal["answered", "found", "listed", "downloaded"] = "answered"
    at: str = ""
    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure(Record):
    """Why a delivery is not settled, and what to do.

    `stuck`: it is open, but no push by itself can deliver it before a person did that.
    """

    key: str
    state: State
    reason: str
    next_step: str = ""
    attempts: int = 0
    at: str = ""
    stuck: bool = False

    @staticmethod
    def _converted(values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "state": State(values["state"])}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a destination takes. None means: no limit is known.

    `max_bytes` per piece, `max_name` in characters, `extensions` in lower case without a dot,
    `max_per_target` pieces, `pieces_per_call` (None: all pieces of a target at once),
    `parallel_targets` at most, `repeat_is_harmless`: the same bytes may be sent again unasked,
    `replaces`: a call replaces what the target holds, so that it has to carry all pieces of the runs
    being delivered, those with a receipt included, `max_together`: how many pieces of those runs one target
    can have; where there are more, none of them is sent. `too_large_hint` and `together_hint`: what to do
    about a piece over `max_bytes`, and about more than `max_together`.
    """

    max_bytes: int | None = None
    max_name: int = 120
    extensions: frozenset[str] | None = None
    max_per_target: int | None = None
    pieces_per_call: int | None = 1
    parallel_targets: int | None = None
    repeat_is_harmless: bool = False
    replaces: bool = False
    too_large_hint: str = "attach a smaller file"
    max_together: int | None = None
    together_hint: str = "map fewer tests to the target"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something a person should know: about what, what was seen, what to do.

    `why` sorts what was seen before a delivery: `configuration`, `authentication` or `waiting` (it may be
    otherwise later); '' is anything else.
    """

    subject: str
    seen: str
    next_step: str = ""
    severity: Literal["error", "warning"] = "error"
    why: Literal["", "configuration", "authentication", "waiting"] = ""

    @property
    def closes(self) -> bool:
        """Whether nothing more can be done where it was seen."""
        return self.why in ("configuration", "authentication")

    def __str__(self) -> str:
        """Return the problem as one line."""
        return f"{self.subject}: {self.seen}" + (f" - {self.next_step}" if self.next_step else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Record):
    """One pytest session with its workers, as `run.json` holds it."""

    id: str
    started_at: str
    argv: tuple[str, ...] = ()
    host: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    ci: Mapping[str, str] = field(default_factory=dict)
    vcs: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def _converted(values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "argv": tuple(map(str, values.get("argv", ())))}


class Notes(Protocol):
    """A durable text-to-text memory of a destination for the runs being delivered.

    One memory per destination and delivery group: put what tells targets apart into the name.
    """

    def get(self, name: str) -> str | None:
        """Return what was last put under a name, by this or an earlier process."""

    def put(self, name: str, value: str) -> None:
        """Remember a value; it is on disk when this returns."""


OpenContent = Callable[[Evidence], IO[bytes]]
"""Opens the bytes of a piece anew, from their beginning; the caller closes what it got."""


def key_of(item_id: str, seq: int, digest: str, target: Target) -> str:
    """Return the key of a delivery: short, the same in every process, different for everything else."""
    text = f"[{json.dumps(item_id)},{seq},{json.dumps(digest)},{_key_text(target)}]"
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_DIGITS]


def utc_now() -> datetime:
    """Return the present moment; the one place where evidence and deliveries learn the date."""
    return datetime.now(UTC)


@lru_cache(maxsize=4096)
def _key_text(target: Target) -> str:
    """Return what a key is made of besides the piece; many pieces share a target."""
    return json.dumps(target.to_json(), sort_keys=True, separators=(",", ":"))


def utc_text(moment: datetime | None = None) -> str:
    """Return a moment (default: now) as RFC 3339 text in UTC with milliseconds."""
    moment = (moment or utc_now()).astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_since(text: str, now: datetime | None = None) -> float:
    """Return how many seconds ago a moment written by `utc_text` was; 0 for a moment to come.

    Raises ValueError where the text is no moment.
    """
    then = datetime.fromisoformat(text)
    if then.tzinfo is None:
        msg = f"a moment without a time zone: {text!r}"
        raise ValueError(msg)
    return max(0.0, ((now or utc_now()) - then).total_seconds())
