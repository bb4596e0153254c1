"""Fault rows as a person meets them: a session of pytest, then the commands that it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme

from pytest_attach_evidence.sandbox import Sandbox
from tests.commands.project import Ended
from tests.commands.project import Project
from tests.commands.project import commits

from .asked import Asked
from .fault_rows import EVER
from .front import HOST
from .front import Front
from .front import certified
from .invariants import no_secret_is_shown


EVERYTHING = {"method": "", "path": "", "times": EVER}
BYTES = {"method": "POST", "path": "attachments(/upload|/4711)?$"}


@dataclass(frozen=True)
class Case:
    """A fault of one system; `ends` are delivered, waiting, uncertain, rejected, and the status.

    The `fault` may be one of the way there, by name; `beside` is a destination that is fine.
    """

    name: str
    system: str
    fault: dict[str, Any] | str
    ends: tuple[int, int, int, int, int]
    says: str
    passes: bool = True
    beside: str = ""
    deadline_s: int = 20


CASES = [
    Case("F2 lost", "squash", {"fault": "answer-lost", **BYTES}, (2, 0, 0, 0, 0), "2 delivered"),
    Case(
        "F7 401",
        "rillsoft",
        {"fault": "status-401", "times": EVER, **BYTES},
        (0, 2, 0, 0, 77),
        "PYTEST_EVIDENCE_RILLSOFT_TOKEN",
    ),
    Case(
        "F6 413",
        "huawei",
        {"fault": "status-413", "times": EVER, **BYTES},
        (0, 0, 0, 2, 65),
        "HTTP 413",
        passes=False,
    ),
    Case(
        "F5 an hour",
        "squash",
        {"fault": "status-429", "retry_after": "3600", "times": EVER, **BYTES},
        (0, 2, 0, 0, 75),
        "left alone for 3600 s",
    ),
    Case(
        "F13 foreign host",
        "workiva",
        {"fault": "field", "name": "uploadUrl", "value": "https://h.example/?sig=1", "times": EVER},
        (0, 2, 0, 0, 75),
        "https://h.example, which is not allowed",
        passes=False,
    ),
    Case(
        "F8 login page",
        "huawei",
        {"fault": "login-page", "times": EVER},
        (0, 2, 0, 0, 77),
        "login page",
    ),
    Case(
        "F10 a byte now and then",
        "huawei",
        {"fault": "drip-all", "seconds": 0.3, **EVERYTHING},
        (0, 2, 0, 0, 75),
        "the time for delivery is over",
        deadline_s=2,
    ),
    Case("F16 certificate", "squash", "certificate", (0, 2, 0, 0, 75), "expired", passes=False),
    Case(
        "F18 proxy", "squash", "proxy", (0, 2, 0, 0, 75), "a login (407); 2 pieces wait - write it"
    ),
    Case(
        "F19 one is dead",
        "squash",
        {"fault": "redirect", **EVERYTHING},
        (2, 2, 0, 0, 75),
        "closed: squash: ",
        beside="huawei",
    ),
]


def test_ten_rows_are_shown() -> None:
    """The table promises ten of them."""
    assert 10 == len({case.name.partition(" ")[0] for case in CASES}) == len(CASES)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """The four look-alike systems."""
    with Sandbox(tmp_path / "servers") as started:
        yield started
        assert [] == started.crashes


def numbers(ended: Ended) -> tuple[int, ...]:
    """Return what the last line counts; found is as good as delivered."""
    delivered, found, *others = ended.numbers(
        "delivered", "found", "waiting", "uncertain", "rejected"
    )
    return (delivered + found, *others)


@dataclass(frozen=True, kw_only=True)
class Way:
    """A proxy, and behind it TLS in front of Squash TM."""

    front: Front
    proxy: Front
    authority: trustme.CA
    port: int

    def break_at(self, place: str) -> None:
        """Let the certificate be too old, or the proxy want a login."""
        if place == "certificate":
            context = certified(self.authority, HOST, expired=True)
            self.front.behaviour = self.front.secured(context, self.port)
        else:
            refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"
            self.proxy.behaviour = self.proxy.says(refusal)

    def heal(self) -> None:
        """Let everything be right."""
        self.front.behaviour = self.front.secured(certified(self.authority), self.port)
        self.proxy.behaviour = self.proxy.tunnels(self.front.port)

    def lead(self, project: Project, bundle: Path) -> None:
        """Let a project go this way."""
        options = {
            "evidence_squash_url": f"https://{HOST}/squash",
            "evidence_squash_iteration": "4",
            "evidence_ca_bundle": str(bundle),
        }
        project.configure("squash", options, "evidence_deadline = 20")
        project.variables |= {"https_proxy": f"http://127.0.0.1:{self.proxy.port}", "no_proxy": ""}


@pytest.fixture
def way(sandbox: Sandbox, tmp_path: Path) -> Iterator[Way]:
    """The way to Squash TM by TLS through a proxy, for the cases that are about it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    port = urlsplit(sandbox.roots["squash"]).port or 0
    front, proxy = Front(lambda _connection: None), Front(lambda _connection: None)
    with front.serving(), proxy.serving():
        made = Way(front=front, proxy=proxy, authority=authority, port=port)
        made.heal()
        yield made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_session_and_what_follows(case: Case, sandbox: Sandbox, way: Way, tmp_path: Path) -> None:
    """I5: results stay; the named command delivers when the fault is gone, and then nothing waits."""
    project, asked = Project(folder=tmp_path / "project"), Asked(sandbox=sandbox)
    project.folder.mkdir()
    systems = [name for name in (case.system, case.beside) if name]
    project.lead_to(
        sandbox, " ".join(systems), f"evidence_deadline = {case.deadline_s}", stall_s=10
    )
    project.suite(*systems, pieces=2, size=2000, passes=case.passes)
    if isinstance(case.fault, str):
        way.lead(project, tmp_path / "authority.pem")
        way.break_at(case.fault)
    else:
        asked.add(system=case.system, **case.fault)

    ended = project.pytest("-q")

    *counts, status = case.ends
    assert (tuple(counts), status if case.passes else 1) == (numbers(ended), ended.status)
    assert case.says in ended.out
    assert ("1 passed" if case.passes else "1 failed") in ended.out
    assert [] == asked.unmet()
    sandbox.heal()
    way.heal()
    if status:
        pushed = project.shell(ended.next, cwd=tmp_path)
        assert ((2 * len(systems), 0, 0, 0), 0) == (numbers(pushed), pushed.status), pushed.out
        again = project.shell(ended.next, cwd=tmp_path)
        assert (0, "nothing waits\n") == (again.status, again.out)
    for system in systems:
        assert {1} == set(commits(sandbox, system).values())
    assert "" == ended.errors
    secrets = [
        secret for system in systems for secret in sandbox.systems[system].exports().values()
    ]
    no_secret_is_shown(ended.out.splitlines(), [project.spool], secrets)
