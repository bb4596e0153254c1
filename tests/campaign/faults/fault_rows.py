"""The rows F1 to F15 and F20 as data: what a server does, and the outcome that is promised."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import Any


DELIVERED = "2 delivered: 0"
WAITING = "2 waiting: 75"
UNCERTAIN = "2 uncertain: 75"
REJECTED = "2 rejected: 65"
REFUSED = "2 waiting: 77"
ONE_LEFT = "1 uncertain, 1 waiting: 75"

PLAIN = ("squash", "workiva", "huawei", "rillsoft")
EVERY = ("squash", "squash-plan", "squash-steps", "workiva", "workiva-start", "huawei", "rillsoft")
ANSWERED = ("squash", "squash-steps", "workiva-start", "huawei", "rillsoft")
LISTED = ("squash", "workiva", "huawei")
STATIC = ("squash", "huawei", "rillsoft")
RENEWED = ("workiva-start", "huawei-login", "rillsoft-login")
LOGINS = {
    "workiva-start": "/oauth2/token",
    "huawei-login": "/v3/auth/tokens",
    "rillsoft-login": "/api/v1/login",
}
LISTS: Mapping[str, Mapping[str, Any]] = {
    "squash": {"method": "GET", "path": r"/attachments\?"},
    "workiva": {"method": "GET", "path": r"/attachments(\?|$)"},
    # A work item is listed before anything is sent to it, too.
    "huawei": {"method": "GET", "path": "attachments", "after": 1},
}
EVER = -1
ALL = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row: faults, and how many pieces are in which state afterwards, with the exit status.

    `waits` is what the server names and the first wait must be: at least so long (but for `early`),
    at most a tenth longer, or the second that our own first wait takes at most. `logins` is how often
    a token was asked for, `sends` how often bytes were sent. `says` stands in what is printed; `later`
    is what a second push without faults brings.
    """

    row: str
    name: str
    system: str
    faults: Sequence[Mapping[str, Any]]
    promise: str
    waits: float | None = None
    early: float = 0.0
    logins: int | None = None
    sends: int | None = None
    says: str = ""
    stall_s: float = 10.0
    seconds: float = 300.0
    switches: Mapping[str, Any] = field(default_factory=dict)
    later: str = DELIVERED

    @property
    def id(self) -> str:
        """The row's name in a report."""
        return f"{self.row}-{self.name}-{self.system}".replace(" ", "-")


ROWS: list[Row] = []


def row(
    number: str,
    name: str,
    systems: Sequence[str],
    *faults: Mapping[str, Any],
    promise: str = DELIVERED,
    but: Mapping[str, str] | None = None,
    **more: Any,
) -> None:
    """Add a row for each system; `but` are the promises that differ."""
    for system in systems:
        promised = (but or {}).get(system, promise)
        made = Row(row=number, name=name, system=system, faults=faults, promise=promised, **more)
        ROWS.append(_judged(made))


def _judged(made: Row) -> Row:
    """Give a row what a second push without faults brings, where nothing else is said."""
    if made.later == DELIVERED and "rejected" in made.promise:
        return replace(made, later=made.promise.partition(" + ")[0])
    return made


def on(fault: str, **values: Any) -> Mapping[str, Any]:
    """Return a fault of the request that carries the bytes, unless the values say otherwise."""
    return {"fault": fault, **values}


def everywhere(fault: str, **values: Any) -> Mapping[str, Any]:
    """Return a fault of every request there is."""
    return {"fault": fault, "method": "", "path": "", "times": EVER, **values}


# F1 - the connection ends while the body is sent
row("F1", "reset at accept", EVERY, on("reset-at-accept"))
for name, count in (
    ("head only", 0),
    ("1 byte", 1),
    ("half", None),
    ("all but one", -1),
    ("all", ALL),
):
    row("F1", f"reset after {name}", EVERY, on("reset-before-answer", body_bytes=count))
row(
    "F1",
    "reset for ever",
    PLAIN,
    on("reset-before-answer", times=EVER),
    promise=UNCERTAIN,
    but={"workiva": WAITING},
)

# F2 - all of it was stored and the answer is lost
for name, fault in (("FIN", "answer-lost"), ("RST", "answer-reset")):
    row("F2", f"lost by {name}", EVERY, on(fault))
    row("F2", f"lost by {name} for ever", PLAIN, on(fault, times=EVER), but={"rillsoft": UNCERTAIN})

# F3 - a status that says nothing about what was done
for status in (500, 502, 503, 504, 507, 524):
    row("F3", f"{status} then ok", PLAIN, on("status", status=status))
for status in (500, 502, 504):
    row("F3", f"{status} after the work", PLAIN, on("status", status=status, done=True))

# F4 - for ever
row(
    "F4",
    "500 for ever",
    PLAIN,
    on("status", status=500, times=EVER),
    promise=UNCERTAIN,
    but={"workiva": WAITING},
)
row(
    "F4",
    "everything 500",
    PLAIN,
    everywhere("status", status=500),
    promise=WAITING,
    but={"rillsoft": UNCERTAIN},
)
row(
    "F4",
    "everything 503",
    EVERY,
    everywhere("status", status=503, retry_after="7200"),
    promise=WAITING,
)

# F5 - please wait
for text, waits in (("0", 0), ("2", 2), ("date+2", 2), ("date+-3600", 0), ("40", 40)):
    row("F5", f"429 {text}", PLAIN, on("status", status=429, retry_after=text), waits=waits)
for text in ("-5", "1e3", " ", "soon", ""):
    name = f"429 unreadable {text.strip() or 'blank'}" if text else "429 without a time"
    row("F5", name, PLAIN, on("status", status=429, retry_after=text), waits=0)
AT_ONCE = {"workiva": {"settle_s": 0.0}}
for system in LISTED:
    for status in (429, 503):
        row(
            "F5",
            f"{status} after the work",
            (system,),
            on("status", status=status, retry_after="2", done=True),
            switches=AT_ONCE.get(system, {}),
        )
        for name, times in (("for a while", 3), ("for ever", EVER)):
            row(
                "F5",
                f"{status} after the work, the list fails {name}",
                (system,),
                on("status", status=status, retry_after="2", done=True),
                on("status", status=500, times=times, **LISTS[system]),
                promise=WAITING if times == EVER else DELIVERED,
                switches=AT_ONCE.get(system, {}),
            )
row(
    "F5",
    "429 an hour",
    PLAIN,
    on("status", status=429, retry_after="3600", times=EVER),
    promise=WAITING,
)
row("F5", "503 with a date", PLAIN, on("status", status=503, retry_after="date+5"), waits=5)

# F6 - refusals
row("F6", "408", PLAIN, on("status", status=408))
row("F6", "409 and present", LISTED, on("status", status=409, done=True, times=EVER))
for status in (409, 413, 415, 422):
    row(
        "F6",
        f"{status} and absent",
        PLAIN,
        on("status", status=status, times=EVER),
        promise=REJECTED,
        but={"workiva": WAITING} if status == 409 else {},
        says=f"HTTP {status}" if status != 409 else "",
    )
row("F6", "413 late", PLAIN, on("status", status=413, body_bytes=-1, times=EVER), promise=REJECTED)
for system, sends in (("squash", 4), ("workiva", 4), ("huawei", 4), ("rillsoft", 2)):
    # Workiva's operations of the other pieces are waited for before.
    waits = None if system == "workiva" else 2
    row("F6", "413 for now", (system,), on("status", status=413, retry_after="2"), waits=waits)
    row(
        "F6",
        "413 for now, for ever",
        (system,),
        on("status", status=413, retry_after="2", times=EVER),
        promise=REJECTED,
        sends=sends,
        says="HTTP 413",
    )
row(
    "F6",
    "413 for an hour",
    PLAIN,
    on("status", status=413, retry_after="3600", times=EVER),
    promise=REJECTED,
    says="takes it again in 3600 s at the earliest",
)
for system, named in (
    ("squash", "to squash executions 1042 "),
    ("squash-plan", "to squash reference TC-1 "),
    ("workiva", "to workiva test-phase f1/p1)"),
    ("workiva-start", "to workiva test-phase f1/p1)"),
    ("huawei", "to huawei work-item 956239067176935400 "),
    ("rillsoft", "to rillsoft attachment 4711 "),
):
    row(
        "F6",
        "404 of the object",
        (system,),
        on("status", status=404, times=EVER),
        promise=REJECTED,
        says=named,
    )

# F7 - credentials
row("F7", "401 once", STATIC, on("status", status=401), promise=REFUSED, sends=1)
row("F7", "401 once, renewed", RENEWED, on("status", status=401), logins=2)
for systems, counted in ((STATIC, {"sends": 1}), (RENEWED, {"sends": 2, "logins": 2})):
    lasting = on("status", status=401, times=EVER)
    row("F7", "401 for ever", systems, lasting, promise=REFUSED, **counted)
row("F7", "403 for ever", PLAIN, on("status", status=403, times=EVER), promise=REJECTED)
row(
    "F7",
    "401 in mid-run",
    ("workiva-start", "huawei", "huawei-login"),
    on("status", status=401, after=1, times=EVER),
    promise="1 delivered, 1 waiting: 77",
    but={"workiva-start": "1 uncertain, 1 waiting: 77"},
)
row(
    "F7",
    "the token ends while the body is sent",
    ("workiva", "huawei-login", "rillsoft-login"),
    on("status", status=401, body_bytes=40_000),
    logins=2,
)
for system, path in LOGINS.items():
    login = {"method": "POST", "path": path}
    row("F7", "login 503 once", (system,), on("status", status=503, **login))
    row(
        "F7",
        "login 503 for ever",
        (system,),
        on("status", status=503, times=EVER, **login),
        promise=WAITING,
    )
    row("F7", "login silent", (system,), on("silent", seconds=3, **login), stall_s=0.8)
    row(
        "F7", "login 401", (system,), on("status", status=401, times=EVER, **login), promise=REFUSED
    )
    row(
        "F7",
        "renewal 503",
        (system,),
        on("status", status=401),
        on("status", status=503, after=1, times=EVER, **login),
        promise=WAITING,
    )

# F8 - 200 is a claim
row("F8", "login page", ANSWERED, on("login-page"))
row("F8", "login page after the work", ANSWERED, on("login-page", done=True))
row(
    "F8",
    "login page everywhere",
    ANSWERED,
    everywhere("login-page"),
    promise=REFUSED,
    but={"rillsoft": UNCERTAIN},
    says="login page",
)
for system, sends, promise in (
    ("squash", 1, "2 uncertain: 77"),
    ("huawei", 1, "1 uncertain, 1 waiting: 77"),
    ("workiva-start", 2, REFUSED),
):
    where = LISTS[system.partition("-")[0]]
    row(
        "F8",
        "login page for what is sent and what is listed",
        (system,),
        on("login-page", done=system != "workiva-start", times=EVER),
        on("login-page", times=EVER, **where),
        promise=promise,
        sends=sends,
        says="login page",
    )
for status in ("failed", "error"):
    row(
        "F8",
        f"status {status} inside",
        ANSWERED,
        on("inner-error", value=status, times=EVER),
        promise=UNCERTAIN,
        but={
            "huawei": REJECTED,
            "rillsoft": REJECTED if status == "error" else UNCERTAIN,
            "workiva-start": WAITING,
        },
    )
for fault in ("empty", "status"):
    for done in (False, True):
        values = {"status": 204} if fault == "status" else {}
        name = f"{values.get('status', 'empty 200')}{' after the work' if done else ''}"
        row("F8", name, ANSWERED, on(fault, done=done, **values))
row("F8", "JSON called text", ANSWERED, on("media-type", times=EVER))
row("F8", "a list instead of an object", ANSWERED, on("array"))
row("F8", "without an id", ("squash", "huawei"), on("without", name="id", times=EVER))
row("F8", "without uploadUrl", ("workiva-start",), on("without", name="uploadUrl"))
row("F8", "without Location", ("workiva-start",), on("header", name="Location"))

# F3 again: the execution that gets the evidence of a test case, and the status it is given
CREATE = {"method": "POST", "path": "executions$"}
STATUS = {"method": "PATCH", "path": "executions/"}
for name, fault in (
    ("answer lost", on("answer-lost", **CREATE)),
    ("500 then ok", on("status", status=500, **CREATE)),
    ("500 after the work", on("status", status=500, done=True, **CREATE)),
    ("reset", on("reset-before-answer", **CREATE)),
    ("an empty answer", on("empty", done=True, **CREATE)),
    ("429", on("status", status=429, **CREATE)),
):
    row("F3", f"creating an execution, {name}", ("squash-plan",), fault)
row(
    "F4",
    "creating an execution, 500 for ever",
    ("squash-plan",),
    on("status", status=500, times=EVER, **CREATE),
    promise=UNCERTAIN,
)
row("F3", "setting the status, 500 then ok", ("squash-plan",), on("status", status=500, **STATUS))
row("F2", "setting the status, lost", ("squash-plan",), on("answer-lost", **STATUS))
row(
    "F4",
    "setting the status, 500 for ever",
    ("squash-plan",),
    on("status", status=500, times=EVER, **STATUS),
    promise="2 delivered: 75",
)
row(
    "F6",
    "setting the status, 412",
    ("squash-plan",),
    on("status", status=412, times=EVER, **STATUS),
    promise="2 delivered: 65",
)

# And the steps of that execution: which there are, and the status each is given
STEPS = {"method": "GET", "path": r"/execution-steps\?"}
STEP_STATUS = {"method": "PATCH", "path": "/execution-status/"}
for name, fault in (
    ("500 then ok", on("status", status=500, **STEPS)),
    ("cut", on("json-cut", **STEPS)),
    ("429", on("status", status=429, **STEPS)),
):
    row("F3", f"reading steps, {name}", ("squash-steps",), fault)
row(
    "F4",
    "reading steps, 500 for ever",
    ("squash-steps",),
    on("status", status=500, times=EVER, **STEPS),
    promise=WAITING,
)
row("F2", "setting a step, lost", ("squash-steps",), on("answer-lost", **STEP_STATUS))
row(
    "F4",
    "setting a step, 500 for ever",
    ("squash-steps",),
    on("status", status=500, times=EVER, **STEP_STATUS),
    promise="2 delivered: 75",
)
row(
    "F6",
    "setting a step, 412",
    ("squash-steps",),
    on("status", status=412, times=EVER, **STEP_STATUS),
    promise="2 delivered: 65",
)

# F9 - answers that are no HTTP, or too much of it
for fault in (
    "json-cut",
    "answer-cut",
    "length-short",
    "chunked-garbage",
    "many-headers",
    "bad-utf8",
    "interim",
    "big-answer",
    "gzip-bomb",
):
    row("F9", fault, ANSWERED, on(fault))
for fault in ("big-answer", "gzip-bomb"):
    row("F9", f"{fault} after the work", ANSWERED, on(fault, done=True))
for fault in ("json-cut", "many-headers", "gzip-bomb"):
    for system, where in LISTS.items():
        row("F9", f"{fault} in the list", (system,), on("answer-lost"), on(fault, **where))

# F10 - slow, or silent
row("F10", "silent at accept", PLAIN, on("silent-at-accept", seconds=3), stall_s=0.8)
row("F10", "silent after the body", PLAIN, on("silent", seconds=3), stall_s=0.8)
row("F10", "silent after the work", PLAIN, on("slow", seconds=3), stall_s=0.8)
row("F10", "slow reading", PLAIN, on("slow-reading", seconds=0.02), stall_s=2.0)
row("F10", "answer byte by byte", PLAIN, on("drip-all", seconds=0.0002))

# F11 - the connection is closed while it is kept
row("F11", "stale", EVERY, everywhere("stale"))
row("F11", "stale and lost", PLAIN, on("answer-lost"), everywhere("stale"))

# F12 - redirects
for status in (301, 302, 303, 307, 308):
    for name, location in (
        ("a path", "/elsewhere"),
        ("another host", "{host}/take"),
        ("another port", "{elsewhere}"),
        ("itself", "{url}"),
    ):
        systems = PLAIN if status in (302, 307) else PLAIN[(status % 4) :][:1]
        row(
            "F12",
            f"{status} to {name}",
            systems,
            on("redirect", status=status, location=location, times=EVER),
            promise=WAITING,
            says="which is not followed",
        )
for system, where in LISTS.items():
    row(
        "F12",
        "the list is elsewhere",
        (system,),
        on("answer-lost"),
        on("redirect", location="{host}/list", times=EVER, **where),
        promise=ONE_LEFT if system == "huawei" else UNCERTAIN,
    )
