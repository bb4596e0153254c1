"""The rows F13 to F15 and F20: addresses, operations, lists and clocks that cannot be trusted."""

from __future__ import annotations

from .fault_rows import DELIVERED
from .fault_rows import EVER
from .fault_rows import LISTED
from .fault_rows import LISTS
from .fault_rows import ONE_LEFT
from .fault_rows import PLAIN
from .fault_rows import REJECTED
from .fault_rows import UNCERTAIN
from .fault_rows import WAITING
from .fault_rows import on
from .fault_rows import row


FOREIGN = {
    "another host": "https://evil.example/blobs/1?sig=CANARY",
    "user info": "http://user:word@127.0.0.1:9/blobs/1",
    "backslash": "http://evil.example\\@127.0.0.1/blobs/1",
    "percent": "http://127.0.0.1%2eevil.example/blobs/1",
    "link-local": "http://169.254.169.254/latest/meta-data",
    "file": "file:///etc/passwd",
    "no scheme": "//evil.example/blobs/1",
    "very long": "https://evil.example/" + "a" * 500_000,
    "5 MB": "https://evil.example/" + "a" * 5_000_000,
}
# Such an answer is not even read, and such a header is no HTTP.
TOO_LONG = {"very long": "not allowed", "5 MB": "an answer over"}
START = {"method": "POST", "path": "attachmentUpload$", "times": EVER}
LIST = {"method": "GET", "path": r"/attachments(\?|$)", "times": EVER}
POLL = {"method": "GET", "path": "/operations/", "times": EVER}
WORKIVA = ("workiva",)
PAGES = {"page_size": 1, "settle_s": 0.0}
FORBIDDEN = {
    "squash": "2 uncertain: 65",
    "workiva": DELIVERED,
    "huawei": "1 delivered, 1 uncertain: 65",
}
CUT = {
    "squash": "2 uncertain: 65",
    "workiva": UNCERTAIN,
    "huawei": "1 delivered, 1 uncertain: 65",
}


# F13 - addresses that a server hands out
for name, url in FOREIGN.items():
    row(
        "F13",
        f"uploadUrl {name}",
        WORKIVA,
        on("field", name="uploadUrl", value=url, **START),
        promise=WAITING,
        says=TOO_LONG.get(name, "not allowed"),
    )
    row(
        "F13",
        f"Location {name}",
        WORKIVA,
        on("header", name="Location", value=url, **START),
        promise=WAITING,
        says="not allowed" if name not in TOO_LONG else "",
    )
    row(
        "F13",
        f"nextLink {name}",
        WORKIVA,
        on("field", name="@nextLink", value=url, **LIST),
        promise=UNCERTAIN,
        says=TOO_LONG.get(name, "not allowed"),
        switches=PAGES,
    )
row("F13", "relative Location", WORKIVA, switches={"relative_location": True})

# F14 - operations that do not end, or not well
row("F14", "started for ever", WORKIVA, on("operation", value="stuck", **START), promise=UNCERTAIN)
row("F14", "failed", WORKIVA, on("operation", value="failed", **START), promise=REJECTED)
row("F14", "cancelled", WORKIVA, on("operation", value="cancelled", **{**START, "times": 1}))
row(
    "F14",
    "an unknown state",
    WORKIVA,
    on("operation", value="stuck", **START),
    on("field", name="status", value="paused", **POLL),
    promise=UNCERTAIN,
)
row(
    "F14",
    "no state",
    WORKIVA,
    on("operation", value="stuck", **START),
    on("without", name="status", **POLL),
    promise=UNCERTAIN,
)
row(
    "F14",
    "an unknown operation",
    WORKIVA,
    on("operation", value="stuck", **START),
    on("status", status=404, **POLL),
    promise=UNCERTAIN,
)
# Here an operation ends after three polls, however long it takes.
for name, values in (("429", {"status": 429, "retry_after": "1"}), ("500", {"status": 500})):
    row(
        "F14",
        f"polls {name} at first",
        WORKIVA,
        on("status", **{**POLL, "times": 2}, **values),
        switches={"settle_s": None},
    )
row(
    "F14",
    "done but not listed",
    WORKIVA,
    on("field", name="data", value=[], **LIST),
    promise=UNCERTAIN,
)

# F15 - lists
for system, where in LISTS.items():
    lost = on("answer-lost")
    once, ever = {**where, "times": 1}, {**where, "times": EVER}
    row("F15", "page error once", (system,), lost, on("status", status=500, **once))
    row(
        "F15",
        "page error for ever",
        (system,),
        lost,
        on("status", status=500, **ever),
        promise=UNCERTAIN,
        but={"huawei": ONE_LEFT},
    )
    row("F15", "page cut", (system,), lost, on("answer-cut", **once))
    row(
        "F15",
        "page forbidden",
        (system,),
        lost,
        on("status", status=403, **ever),
        promise=FORBIDDEN[system],
    )
    for change in ("numbered", "stem", "upper"):
        row("F15", f"names {change}", (system,), lost, on("names", value=change, **ever))
    row("F15", "names cut", (system,), lost, on("names", value="cut", **ever), promise=CUT[system])
row("F15", "an empty page with a link", WORKIVA, on("empty-page", **{**LIST, "times": 1}))
row(
    "F15",
    "links in a circle",
    WORKIVA,
    on("field", name="@nextLink", value="{url}", **LIST),
    promise=UNCERTAIN,
    switches=PAGES,
)

# F20 - the server's clock
for name, shift, says in (
    ("a day ahead", "86400", "s ahead of this machine, whose moments are recorded"),
    ("a day behind", "-86400", "s behind this machine, whose moments are recorded"),
    ("without Date", "none", ""),
):
    row("F20", name, PLAIN, on("date", date=shift, method="", path="", times=EVER), says=says)
    row(
        "F20",
        f"{name}, 429 with a date",
        PLAIN,
        on("status", status=429, retry_after="date+20", date=shift),
        waits=20,
        # Seconds without fractions, counted by our own clock.
        early=2.0 if shift == "none" else 0.0,
    )
    row(
        "F20",
        f"{name}, 503 with seconds",
        LISTED,
        on("status", status=503, retry_after="20", date=shift),
        waits=20,
    )
