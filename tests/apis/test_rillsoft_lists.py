"""The lists of a Rillsoft client, whose shapes no page that could be read describes."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence.apis.rillsoft import Rillsoft
from pytest_attach_evidence.apis.rillsoft_login import log_in
from pytest_attach_evidence.apis.rillsoft_shapes import rows_in
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.rest.auth import TokenSource
from pytest_attach_evidence.rest.origins import Origins
from pytest_attach_evidence.rest.session import Session
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.sandbox.rillsoft_tokens import ACCOUNTS
from pytest_attach_evidence.secrets import Secret


SHAPES = ["details", "array", "named"]
Opened = Callable[..., Rillsoft]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Start look-alikes with switches, and return a client that logged in there."""
    with ExitStack() as stack:

        def build(user: str = "sandbox-user", **switches: Any) -> Rillsoft:
            sandbox = stack.enter_context(Sandbox(tmp_path, switches={"rillsoft": switches}))
            session = Session(Origins(sandbox.roots["rillsoft"]), Budget.lasting(10))
            login = (Secret(user, "a test"), Secret(ACCOUNTS[user], "a test"))
            client = Rillsoft(session, TokenSource(lambda: log_in(session, *login)))
            stack.callback(client.close)
            return client

        yield build


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("wrapped", [False, True])
def test_every_list_is_read_in_any_customary_shape(
    opened: Opened, shape: str, wrapped: bool
) -> None:
    """Projects, portfolios and documents with ids and names, after either answer of the login."""
    client = opened(list_shape=shape, login_wrapped=wrapped)

    projects, portfolios = client.projects("7"), client.portfolios("7")
    documents = client.documents("7")

    assert [("12", "Project 12"), ("13", "Project 13")] == [(p.id, p.name) for p in projects]
    assert [("3", "Portfolio 3"), ("4", "Portfolio 4")] == [(p.id, p.name) for p in portfolios]
    assert [("901", "Project plan.pdf"), ("902", "Größen.xlsx")] == [
        (d.id, d.name) for d in documents
    ]
    assert {"projectId": "12", "fileSize": "1901"}.items() <= documents[0].facts.items()


@pytest.mark.parametrize("shape", SHAPES)
def test_an_empty_list_is_empty(opened: Opened, shape: str) -> None:
    """A client without documents has none, which is no trouble."""
    assert [] == opened(list_shape=shape).documents("8")


def test_a_shape_that_nobody_knows_is_told(opened: Opened) -> None:
    """It is not taken for an empty list; to see that the client is open it is enough."""
    client = opened(list_shape="odd")

    client.seen_projects("7")
    with pytest.raises(
        PermanentError, match="the projects of client 7: a JSON object of page "
    ) as caught:
        client.projects("7")

    assert "documents none" in caught.value.next_step


@pytest.mark.parametrize("details", [None, [], {"id": ["unknown"]}, "absent"])
@pytest.mark.parametrize(("id", "status"), [("9", 403), ("6", 404)])
def test_a_client_that_is_not_open_is_refused(
    opened: Opened, details: object, id: str, status: int
) -> None:
    """Whatever its details are, the refusal names the client and what to do about a question."""
    client = opened(details=details)

    for ask in (client.projects, client.portfolios, client.documents, client.seen_projects):
        with pytest.raises(PermanentError, match=f"of client {id}: HTTP {status}") as caught:
            ask(id)
        assert "read" in caught.value.next_step or "unknown" in caught.value.next_step


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ([], []),
        ([{"projectId": 1, "projectName": "A", "open": True, "tags": ["x"]}], [("1", "A")]),
        ({"projects": [{"project_id": "1", "title": "A"}]}, [("1", "A")]),
        ({"data": {"items": [{"id": 1.0}]}}, [("1.0", "")]),
        ({"details": {"projects": []}}, []),
        ([{}], [("", "")]),
        ({"a": {"b": {"data": []}}}, None),
        ({"data": {"data": {"data": []}}}, None),
        ({"projects": ["A"]}, None),
        ({}, None),
        ("projects", None),
        (None, None),
    ],
)
def test_rows_are_seen_or_nothing_is(document: Any, expected: list[tuple[str, str]] | None) -> None:
    """Ids and names under their customary names; None where nothing can be told."""
    rows = rows_in(document, "project")

    assert expected == (None if rows is None else [(row.id, row.name) for row in rows])


def test_facts_are_plain_texts() -> None:
    """What holds other things is left out, and so is what is empty."""
    [row] = (
        rows_in([{"id": 1, "open": False, "path": "", "tags": [], "code": "P-1"}], "project") or []
    )

    assert {"id": "1", "open": "false", "code": "P-1"} == row.facts
