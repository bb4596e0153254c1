"""Projects and sandboxes in which something is wrong, and what `attach-evidence check` says of it."""

from __future__ import annotations

import dataclasses
import io
import socket
import time
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import cast

from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.sandbox.codearts import CodeArtsSystem
from pytest_attach_evidence.sandbox.rillsoft_tokens import Tokens
from pytest_attach_evidence.sandbox.squash_access import EXPIRED
from pytest_attach_evidence.sandbox.squash_access import READ_ONLY


PROJECT = "5f1e7a0c9b2d4e63a8c4d0f7b6219e35"
FOREIGN = "e3d8c1b5a7f942068d1b6e4c9a50f7b2"
SCRUM = "b07c2d9e41f54a8b9e6d3c5a1f80e274"
OPEN, FULL, CLOSED = "956239067176935400", "956239067176935402", "956239067176935403"
GOOD = {"squash": "TC-12", "workiva": "f1/p1", "huawei": OPEN, "rillsoft": "4711"}
EVERY = "squash workiva huawei rillsoft"
TOKEN = "PYTEST_EVIDENCE_SQUASH_TOKEN"
RILLSOFT = "PYTEST_EVIDENCE_RILLSOFT_TOKEN"
TWO_HOURS_S = 7200


@dataclass(frozen=True, kw_only=True)
class Plant:
    """One thing that is wrong, and words of the one line that tells it."""

    what: str
    told: tuple[str, ...]
    severity: str = "problem"


def wrong(what: str, *told: str) -> Plant:
    """Return something that has to be mended."""
    return Plant(what=what, told=told)


def odd(what: str, *told: str) -> Plant:
    """Return something that may be right."""
    return Plant(what=what, told=told, severity="warning")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A project whose tests have `targets`. `prepare` changes the sandbox and returns more options.

    The targets of the destinations in `mapped` are in a map, with more `rows`; those of the others in marks.
    """

    name: str
    plants: tuple[Plant, ...]
    status: int
    targets: Mapping[str, list[str]] = field(
        default_factory=lambda: {name: [text] for name, text in GOOD.items()}
    )
    mapped: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    switches: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    prepare: Callable[[Sandbox], Mapping[str, str]] = lambda sandbox: {}


def _objects(sandbox: Sandbox) -> Mapping[str, str]:
    """Fill a work item, and add a project whose id is one character too long."""
    huawei = cast(CodeArtsSystem, sandbox.systems["huawei"])
    huawei.projects.append(dataclasses.replace(huawei.projects[0], id=f"{PROJECT}a"))
    for number in range(100):
        sandbox.store.commit(
            id=str(10**17 + number),
            system="huawei",
            object=f"projects/{PROJECT}/issues/{FULL}",
            name=f"{number}.txt",
            media_type="text/plain",
            stream=io.BytesIO(b"x"),
        )
    sandbox.store.ledger().clear()
    return {}


def _clock_of_huawei(sandbox: Sandbox) -> Mapping[str, str]:
    sandbox.faults.add("date", system="huawei", times=-1, date=str(TWO_HOURS_S))
    return {}


def _nobody(sandbox: Sandbox) -> Mapping[str, str]:
    """Return the address of a port at which nobody listens, and Squash TM's without its context."""
    with socket.create_server(("127.0.0.1", 0)) as once:
        port = once.getsockname()[1]
    root = sandbox.roots["squash"].removesuffix("/squash")
    return {"evidence_rillsoft_url": f"http://127.0.0.1:{port}", "evidence_squash_url": root}


def _elsewhere(sandbox: Sandbox) -> Mapping[str, str]:
    page = sandbox.page_url.rstrip("/")
    return {"evidence_workiva_url": page, "evidence_huawei_url": page}


def _weather(sandbox: Sandbox) -> Mapping[str, str]:
    sandbox.faults.add("date", system="workiva", times=-1, date=str(-TWO_HOURS_S))
    sandbox.faults.add("login-page", system="rillsoft", times=-1)
    sandbox.faults.add("status-502", system="squash", times=-1)
    return {}


OBJECTS = Scene(
    name="objects",
    targets={
        "squash": [
            *("TC-12", "TC-99", "TC-31", "TC-30", "TC-30[safari]", "TC-32"),
            *("executions/999", "executions/1040", "executions/1042"),
        ],
        "workiva": ["f1/p1", "f9/p9", "f1/p1/m1/x"],
        "huawei": [
            *(OPEN, FULL, CLOSED, "956239067176935499", "US20000101000000"),
            *(f"{FOREIGN}/956239067176939900", f"{PROJECT}a/{OPEN}", f"scrum/{SCRUM}/999"),
        ],
        "rillsoft": ["4711", "6/1", "9/4901"],
    },
    mapped=("squash", "huawei"),
    rows=("test_gone.py,TC-12,,,",),
    prepare=_objects,
    plants=(
        wrong("unknown test case", "squash reference TC-99", "nearest is TC-9"),
        wrong("planned twice", "TC-31 is in the plan", "2 times (items"),
        wrong("no dataset named", "2 times, with the datasets chrome, firefox"),
        wrong("unknown dataset", "without the dataset 'safari'"),
        wrong("no steps", "TC-32", "has no steps"),
        wrong("unknown execution", "executions 999", "HTTP 404"),
        odd("closed execution", "executions 1040", "is over (SUCCESS)"),
        wrong("hidden test form", "workiva test-phase f9/p9", "HTTP 404"),
        wrong("unknown sample", "workiva sample f1/p1/m1/x", "HTTP 404"),
        wrong("wrong project", f"huawei project {FOREIGN}", "is none of the", "membership"),
        wrong("unknown work item", "956239067176935499", "HTTP 400"),
        wrong("unknown number", "no work item with the number US20000101000000"),
        odd("closed work item", f"work-item {CLOSED}", "is closed (status Closed)"),
        wrong("full work item", f"work-item {FULL}", "is full: 100 of 100 attachments"),
        odd("33 characters", f"project {PROJECT}a", "has 33 characters"),
        wrong("unknown Scrum item", f"999 project={SCRUM}", "HTTP 400"),
        wrong("unknown client", "rillsoft client 6", "HTTP 404"),
        wrong("foreign client", "rillsoft client 9", "HTTP 403"),
        odd("row without a test", "test_gone.py", "matches no test"),
    ),
    status=65,
)

SCENES = (
    OBJECTS,
    Scene(
        name="rights",
        mapped=("squash", "workiva", "huawei", "rillsoft"),
        environ={TOKEN: READ_ONLY, RILLSOFT: Tokens(time.time).issue("sandbox-user", -3600.0)},
        options={"evidence_huawei_region": "cn-north-1"},
        switches={"workiva": {"scopes": "graph:read"}, "huawei": {"login": "password"}},
        plants=(
            wrong("read-only token", "squash", "HTTP 401", "read-only"),
            wrong("no scope to write", "no scope graph:write"),
            wrong("wrong region", "a token, for the region cn-north-1", "evidence_huawei_region"),
            wrong("expired token", "rillsoft", "Expired", "the token ended at"),
        ),
        status=65,
    ),
    Scene(
        name="secrets",
        environ={TOKEN: EXPIRED, "PYTEST_EVIDENCE_WORKIVA_CLIENT_SECRET": "made-up-and-wrong"},
        options={"evidence_rillsoft_project": "99"},
        switches={"huawei": {"clock": lambda: time.time() + TWO_HOURS_S}},
        prepare=_clock_of_huawei,
        plants=(
            wrong("expired secret", "squash", "The token has expired"),
            wrong("wrong client secret", "invalid_client", "WORKIVA_CLIENT_SECRET"),
            wrong("clock off", "huawei", "s ahead of this machine's", "set the clock"),
            wrong("wrong project", "client 7 has no project 99, but 12"),
        ),
        status=65,
    ),
    Scene(
        name="addresses",
        environ={"PYTEST_EVIDENCE_HUAWEI_SECRET_KEY": "made-up-and-wrong"},
        switches={"workiva": {"scopes": "graph:write"}},
        prepare=_nobody,
        plants=(
            wrong("no context path", "squash", "the API is not at this address"),
            wrong("no scope to read", "no scope graph:read"),
            wrong("wrong secret key", "huawei", "HTTP 401", "lock an access key"),
            wrong("nobody there", "rillsoft", "no connection to 127.0.0.1"),
        ),
        status=78,
    ),
    Scene(
        name="elsewhere",
        environ={RILLSOFT: Tokens(time.time).issue("sandbox-user", 3 * 24 * 3600.0)},
        options={"evidence_squash_iteration": "99"},
        prepare=_elsewhere,
        plants=(
            wrong("unknown iteration", "squash iteration 99", "HTTP 404"),
            wrong("not Workiva", "workiva", "evidence_workiva_url (the region)"),
            wrong("not CodeArts", "CodeArts Req is not at this address"),
            odd("token ends soon", f"{RILLSOFT} ends at"),
        ),
        status=78,
    ),
    Scene(
        name="weather",
        switches={"huawei": {"throttle_next": -1}},
        prepare=_weather,
        plants=(
            wrong("server in trouble", "squash", "HTTP 502"),
            odd("clock off", "workiva: the clock of 127.0.0.1", "s behind this machine's"),
            wrong("throttled", "huawei", "throttling threshold"),
            wrong("login page", "rillsoft", "a login page?"),
        ),
        status=77,
    ),
    Scene(
        name="settings",
        environ={"PYTEST_EVIDENCE_WORKIVA_CLIENT_SECRET": ""},
        options={
            "evidence_squash_iteration": "Sprint 1",
            "evidence_huawei_project": "12",
            "evidence_rillsoft_url": "https://user:made-up@rillsoft.example",
        },
        plants=(
            wrong("no iteration", "evidence_squash_iteration is 'Sprint 1'"),
            wrong("secret missing", "no credentials for workiva", "CLIENT_SECRET"),
            wrong("no project id", "evidence_huawei_project is '12'"),
            wrong("login in a URL", "evidence_rillsoft_url has a login in the URL (not shown)"),
        ),
        status=78,
    ),
)
