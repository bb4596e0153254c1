"""What Rillsoft offers beside the upload, against the look-alike."""

from __future__ import annotations

import io
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence.destinations.remote import Attached
from pytest_attach_evidence.destinations.remote import Offering
from pytest_attach_evidence.destinations.remote import Place
from pytest_attach_evidence.destinations.remote import Remote
from pytest_attach_evidence.destinations.rillsoft import Rillsoft
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import NotOfferedError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TargetError
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.secrets import Secrets
from pytest_attach_evidence.settings import Settings

from .scene import scene_of


RemoteOf = Callable[..., Remote]


@pytest.fixture
def remote_of(tmp_path: Path) -> Iterator[RemoteOf]:
    """Build what a look-alike with switches offers; `options` and `environ` as for scenes."""
    with ExitStack() as stack:

        def build(**facts: Any) -> Remote:
            upload = ("POST", "/attachments/")
            made = scene_of(Rillsoft, "rillsoft", tmp_path, text="4711", upload=upload, **facts)
            destination = stack.enter_context(made).destination
            assert isinstance(destination, Offering)
            remote: Remote = destination.remote()
            stack.callback(remote.close)
            return remote

        yield build


def rows(places: Iterator[Place]) -> list[tuple[str, str, str]]:
    """Return text, kind and name of places."""
    return [(place.text, place.kind, place.name) for place in places]


def test_a_list_begins_at_the_configured_client(remote_of: RemoteOf) -> None:
    """Projects and portfolios with their ids; a row says that attachment records cannot be listed."""
    remote = remote_of()

    places = list(remote.inside(None))

    assert [
        ("clients/7/projects/12", "project", "Project 12"),
        ("clients/7/projects/13", "project", "Project 13"),
        ("clients/7/portfolios/3", "portfolio", "Portfolio 3"),
        ("clients/7/portfolios/4", "portfolio", "Portfolio 4"),
        ("clients/7/documents", "DMS documents", ""),
        ("", "attachment records", ""),
    ] == rows(iter(places))
    assert ["12", "13", "3", "4"] == [place.facts["id"] for place in places[:4]]
    assert "cannot be listed" in places[-1].facts["note"]
    assert not any(place.leads for place in places)
    assert [places[-1]] == [place for place in places if place.takes_evidence]


def test_every_place_that_is_listed_can_be_pasted(remote_of: RemoteOf) -> None:
    """What a list names is an object that can be asked about, with the same words."""
    remote = remote_of()

    for place in remote.inside(None):
        if place.text:
            about = remote.about(remote.place(place.text))
            assert (place.text, place.kind, place.name) == (about.text, about.kind, about.name)
            assert not about.takes_evidence


def test_another_client_is_named(remote_of: RemoteOf) -> None:
    """It needs no option; leading zeros are no other id."""
    remote = remote_of(options={"evidence_rillsoft_client": ""})

    places = remote.inside(remote.place("clients/008"))

    assert ("clients/8/projects/21", "project", "Project 21") == rows(places)[0]
    assert {"projects": "1", "portfolios": "1"} == remote.about(remote.place("clients/8")).facts


def test_without_a_client_there_is_no_beginning(remote_of: RemoteOf) -> None:
    """The vendor has no list of clients, which is said with both ways out."""
    remote = remote_of(options={"evidence_rillsoft_client": ""})

    with pytest.raises(NotOfferedError, match="no operation to list the clients") as caught:
        next(remote.inside(None))

    assert "clients/7" in caught.value.next_step
    assert "evidence_rillsoft_client" in caught.value.next_step


def test_documents_are_listed_with_their_facts(remote_of: RemoteOf) -> None:
    """DMS documents take no evidence; what the server tells of them is shown."""
    remote = remote_of()

    first, second = remote.inside(remote.place("clients/7/documents"))

    assert ("", "DMS document", "Project plan.pdf") == (first.text, first.kind, first.name)
    assert {
        "id": "901",
        "path": "/Documents",
        "project": "12",
        "size": "1901",
        "created": "20.11.2026 10:00",
    } == first.facts
    assert not first.takes_evidence
    assert "Größen.xlsx" == second.name


@pytest.mark.parametrize("text", ["clients/7/projects/99", "clients/7/portfolios/99"])
def test_what_no_list_has_is_unknown(remote_of: RemoteOf, text: str) -> None:
    """The message says where the ids are."""
    remote = remote_of()

    with pytest.raises(PermanentError, match=r"lists no (project|portfolio) 99") as caught:
        remote.about(remote.place(text))

    assert "rillsoft=clients/7" in caught.value.next_step


@pytest.mark.parametrize(
    "text",
    [
        "clients",
        "clients/",
        "clients/x",
        "clients/7/",
        "clients/7/projects",
        "clients/7/projects/",
        "clients/7/documents/901",
        "clients/7/attachments/4711",
        "clients/7/projects/12/13",
        "7/4711/1",
        "",
    ],
)
def test_a_bad_place_says_what_is_expected(remote_of: RemoteOf, text: str) -> None:
    """Both families of spellings are named, or that of targets where it can be nothing else."""
    with pytest.raises(TargetError, match="<client>/<attachment>"):
        remote_of().place(text)


def test_every_target_of_evidence_is_a_place(remote_of: RemoteOf) -> None:
    """The spellings of marks are understood, and nothing lies below a record."""
    remote = remote_of(options={"evidence_rillsoft_project": "12"})

    place = remote.place("8/4801")

    assert ("attachment", "4801", "8") == (place.kind, place.id, place.scoped("client"))
    assert [] == list(remote.inside(place))


def test_what_the_vendor_lacks_is_said_in_one_line(remote_of: RemoteOf) -> None:
    """Each operation names the vendor and itself; where there is another way, the hint names it."""
    remote = remote_of()
    record, project = remote.place("4711"), remote.place("clients/7/projects/12")
    attached = Attached(id="1", name="a.txt")
    lacking: dict[str, Callable[[], object]] = {
        "show an attachment record": lambda: remote.about(record),
        "list attachments": lambda: remote.attachments(record),
        "list what is in a project": lambda: list(remote.inside(project)),
        "download an attachment": lambda: remote.download(record, attached, io.BytesIO()),
        "rename an attachment": lambda: remote.rename(record, attached, "b.txt"),
        "delete an attachment": lambda: remote.delete(record, [attached]),
        "export an attachment": lambda: remote.export(record, attached, io.BytesIO()),
    }

    for what, ask in lacking.items():
        with pytest.raises(
            NotOfferedError, match=f"^Rillsoft documents no operation to {what}$"
        ) as c:
            ask()
        assert ("evidence-summary.json" in c.value.next_step) == ("attachment" in what)
    for name in ("about", "attachments", "download", "rename", "delete", "export"):
        assert not remote.offers(name, record)
    assert remote.offers("about", project)


def test_what_is_not_configured_is_told() -> None:
    """Without credentials there are no operations."""
    given = {"evidence_rillsoft_url": "https://ris.example.com"}
    with pytest.raises(DestinationClosedError, match="no credentials for rillsoft") as caught:
        Rillsoft(Settings(given=given), Secrets({}), Budget.lasting(1)).remote()

    assert "configuration" == caught.value.why
