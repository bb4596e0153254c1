"""A Workiva region on loopback, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_attach_evidence.apis.workiva import WorkivaApi
from pytest_attach_evidence.apis.workiva import connect
from pytest_attach_evidence.apis.workiva_shapes import Operation
from pytest_attach_evidence.apis.workiva_shapes import Started
from pytest_attach_evidence.rest.body import BytesBody
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.secrets import Secret


MODERN, LEGACY = "2026-01-01", "2022-01-01"
PHASE, MATRIX, SAMPLE = ["f1", "p1"], ["f1", "p1", "m1"], ["f1", "p1", "m1", "s1"]
OWNERS = [PHASE, MATRIX, SAMPLE]


@dataclass(frozen=True, kw_only=True)
class Region:
    """A look-alike that settles at once, and a client that speaks one version to it."""

    sandbox: Sandbox
    api: WorkivaApi
    version: str
    budget: Budget

    def attach(self, ids: list[str], name: str, content: bytes = b"content") -> str:
        """Attach a file; return its id."""
        upload = self.api.begin_upload(ids, name)
        self.api.put_content(upload, BytesBody(content, "application/octet-stream"))
        return self.sandbox.store.files("workiva")[-1].id

    def ended(self, started: Started) -> Operation:
        """Return the operation, which is asked once: it has ended by then."""
        return self.api.operation(started.operation)

    def requests(self, method: str) -> list[str]:
        """Return path and query of the requests of a method, without those for a token."""
        seen = [one for one in self.sandbox.requests("workiva") if one.method == method]
        paths = [f"{one.path}?{one.query}".removesuffix("?") for one in seen]
        return [path for path in paths if "oauth2" not in path]


@contextmanager
def region(
    folder: Path, version: str = MODERN, *, patient: bool = False, **switches: Any
) -> Iterator[Region]:
    """Start a look-alike with switches."""
    given = {"settle_s": 0.0, **switches}
    with Sandbox(folder, switches={"workiva": given}) as sandbox:
        exports = sandbox.systems["workiva"].exports()
        budget = Budget.lasting(600)
        api = connect(
            base=sandbox.roots["workiva"],
            version=version,
            client_id=Secret(exports["PYTEST_EVIDENCE_WORKIVA_CLIENT_ID"], "a test"),
            client_secret=Secret(exports["PYTEST_EVIDENCE_WORKIVA_CLIENT_SECRET"], "a test"),
            budget=budget,
            patient=patient,
        )
        yield Region(sandbox=sandbox, api=api, version=version, budget=budget)
        api.close()
        assert [] == sandbox.crashes
