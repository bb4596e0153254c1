"""Reading test forms, phases, matrices and samples of Workiva, in both versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import responses

from pytest_attach_evidence.apis.workiva import connect
from pytest_attach_evidence.apis.workiva_shapes import Attachment
from pytest_attach_evidence.apis.workiva_shapes import Part
from pytest_attach_evidence.apis.workiva_shapes import RefusedObjectError
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.secrets import Secret

from .workiva_region import LEGACY
from .workiva_region import MATRIX
from .workiva_region import MODERN
from .workiva_region import OWNERS
from .workiva_region import PHASE
from .workiva_region import SAMPLE
from .workiva_region import Region
from .workiva_region import region


ROOT = "https://api.eu.wdesk.com"


@pytest.fixture(params=[MODERN, LEGACY])
def workiva(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Region]:
    """Start a region whose lists have one entry a page."""
    with region(tmp_path, request.param, page_size=1, nulls=True) as started:
        yield started


class TestInside:
    """getTestForms, getTestPhases, getMatrices, getSamples."""

    def test_every_level_can_be_listed(self, workiva: Region) -> None:
        """From nothing to the rows of a matrix; what is not visible is not listed."""
        inside = workiva.api.forms.inside

        assert [
            ("test form", "f1", "Access management"),
            ("test form", "5d0c3b1e9a7f4862b1c4d2e8f60a7b93", "Change management"),
            ("test form", "f8", "Backup (readable only)"),
        ] == [(one.kind, one.id, one.name) for one in inside([])]
        assert ["p1", "p2"] == [one.id for one in inside(["f1"])]
        assert [("matrix", "m1", "Purchase orders")] == [
            (one.kind, one.id, one.name) for one in inside(PHASE)
        ]
        assert [
            ("sample", "s1", ["PO-23897", "385.30"], ["PASS"]),
            ("sample", "s2", ["PO-23911", "72.00"], [""]),
        ] == [
            (one.kind, one.id, [*one.data.values()], [*one.results.values()])
            for one in inside(MATRIX)
        ]

    def test_pages_are_asked_for_as_they_are_wanted(self, workiva: Region) -> None:
        """Whoever stops after the first entry has asked for one page, in the version's own path."""
        walk = workiva.api.forms.inside([], expand=["attachments"])
        assert "f1" == next(walk).id

        prefix = "/platform/v1" if workiva.version == LEGACY else ""
        assert [f"{prefix}/testForms?$expand=attachments"] == workiva.requests("GET")
        assert 2 == len(list(walk))
        assert 3 == len(workiva.requests("GET"))
        assert all("$expand" in path or "%24expand" in path for path in workiva.requests("GET"))

    @pytest.mark.parametrize("ids", OWNERS)
    def test_attachments_come_along_where_they_are_wanted(
        self, workiva: Region, ids: list[str]
    ) -> None:
        """`$expand=attachments` brings those of each object; without it nobody knows."""
        id = workiva.attach(ids, "a.txt")

        with_them = {
            one.id: one.attachments
            for one in workiva.api.forms.inside(ids[:-1], expand=["attachments"])
        }
        without = [one.attachments for one in workiva.api.forms.inside(ids[:-1])]

        assert (Attachment(id=id, name="a.txt"),) == with_them[ids[-1]]
        assert {None} == set(without)

    def test_an_unknown_place_is_a_refused_object(self, workiva: Region) -> None:
        """Hidden and missing objects have nothing inside that could be listed."""
        with pytest.raises(RefusedObjectError, match="404"):
            next(workiva.api.forms.inside(["f9"]))


class TestOne:
    """getTestFormById, getTestPhaseById, getMatrixById, getSampleById."""

    def test_what_an_object_is(self, workiva: Region) -> None:
        """Names of forms and phases, columns of a matrix, values of a sample."""
        one = workiva.api.forms.one

        assert Part(kind="test form", id="f1", name="Access management") == one(["f1"])
        assert Part(kind="test phase", id="p1", name="Walkthrough") == one(PHASE)
        columns = {"c1": "PO number", "c2": "Amount", "c3": "Approved"}
        assert (columns, "Purchase orders") == (one(MATRIX).columns, one(MATRIX).name)
        sample = one(SAMPLE)
        assert {"c1": "PO-23897", "c2": "385.30"} == sample.data
        assert {"c3": "PASS"} == sample.results

    def test_what_is_below_comes_along_at_any_depth(self, workiva: Region) -> None:
        """A path in `$expand` brings objects in objects."""
        expand = ["testPhases.matrices.samples", "testPhases.attachments"]
        workiva.attach(PHASE, "a.txt")

        form = workiva.api.forms.one(["f1"], expand=expand)

        assert form.inside is not None
        assert ["p1", "p2"] == [phase.id for phase in form.inside]
        [matrix] = form.inside[0].inside or ()
        assert ["s1", "s2"] == [row.id for row in matrix.inside or ()]
        assert ["a.txt"] == [one.name for one in form.inside[0].attachments or ()]
        assert form.attachments is None

    def test_an_id_is_one_segment_of_the_path(self, workiva: Region) -> None:
        """An id with a slash is no path of two."""
        ids = ["5d0c3b1e9a7f4862b1c4d2e8f60a7b93", "year/end"]

        assert "Year end" == workiva.api.forms.one(ids).name


class TestOddAnswers:
    """What no look-alike answers."""

    @pytest.fixture
    def server(self) -> Iterator[responses.RequestsMock]:
        """Answer single requests without a socket."""
        with responses.RequestsMock() as mock:
            mock.post(f"{ROOT}/oauth2/token", json={"access_token": "made-up", "expires_in": 599})
            yield mock

    def client(self, *, patient: bool = False) -> Any:
        """Return the part of a client that reads."""
        return connect(
            base=ROOT,
            version=MODERN,
            client_id=Secret("client", "a test"),
            client_secret=Secret("made-up", "a test"),
            budget=Budget.lasting(10),
            patient=patient,
        ).forms

    @pytest.mark.parametrize(
        ("entry", "expected"),
        [
            ({}, Part(kind="sample", id="")),
            ({"id": 7, "name": None}, Part(kind="sample", id="")),
            ({"id": "s", "dataValues": None, "resultValues": "x"}, Part(kind="sample", id="s")),
            (
                {"dataValues": [None, {"value": "x"}, {"column": "c"}]},
                Part(kind="sample", id="", data={"c": ""}),
            ),
            (
                {"attachments": [{"fileName": "a"}, 3]},
                Part(kind="sample", id="", attachments=(Attachment(id=None, name="a"),)),
            ),
        ],
    )
    def test_nothing_is_required(
        self, server: responses.RequestsMock, entry: Any, expected: Part
    ) -> None:
        """What is missing or of another type is as if it were not there."""
        server.get(f"{ROOT}/testForms/f/testPhases/p/matrices/m/samples", json={"data": [entry]})

        assert [expected] == list(self.client().inside(["f", "p", "m"]))

    def test_what_is_no_object_is_no_list(self, server: responses.RequestsMock) -> None:
        """An entry that is no object is told, not left out."""
        server.get(f"{ROOT}/testForms", json={"data": ["f1"]})

        with pytest.raises(TemporaryError, match="the list of test forms"):
            list(self.client().inside([]))

    def test_a_page_elsewhere_is_not_asked(self, server: responses.RequestsMock) -> None:
        """The bearer stays with the vendor's hosts."""
        link = "https://evil.example/testForms?page=2"
        server.get(f"{ROOT}/testForms", json={"data": [{"id": "f1"}], "@nextLink": link})
        walk = self.client().inside([])

        assert "f1" == next(walk).id
        with pytest.raises(DestinationClosedError, match=r"evil\.example"):
            next(walk)

    def test_a_page_may_be_as_long_as_a_request(self, server: responses.RequestsMock) -> None:
        """Rows with much text in them are read where other answers would be too long; not without end."""
        rows = [{"id": "s1", "dataValues": [{"column": "c", "value": "x" * 10_000_000}]}]
        path = f"{ROOT}/testForms/f/testPhases/p/matrices/m/samples"
        server.get(path, json={"data": rows})
        server.get(path, json={"data": rows * 2})

        assert ["s1"] == [one.id for one in self.client().inside(["f", "p", "m"])]
        with pytest.raises(TemporaryError, match="over 10485760 bytes"):
            list(self.client().inside(["f", "p", "m"]))

    def test_the_gateway_s_limit_is_named(self, server: responses.RequestsMock) -> None:
        """What only reads is no risk when the gateway cuts it off; the message says after how long."""
        server.get(f"{ROOT}/testForms", status=504, body="<html><title>Gateway Time-out</title>")

        with pytest.raises(TemporaryError, match=r"504.*cuts a request off after 29 s"):
            list(self.client().inside([]))

    @pytest.mark.parametrize("status", [429, 503])
    def test_a_patient_client_asks_again_when_it_may(
        self, server: responses.RequestsMock, status: int
    ) -> None:
        """A limiter in the middle of a walk costs a wait and not the walk."""
        server.get(f"{ROOT}/testForms", json={"data": [{"id": "f1"}], "@nextLink": "/testForms?2"})
        server.get(f"{ROOT}/testForms?2", status=status, headers={"Retry-After": "0"})
        server.get(f"{ROOT}/testForms?2", json={"data": [{"id": "f2"}]})

        assert ["f1", "f2"] == [one.id for one in self.client(patient=True).inside([])]

    def test_patience_ends_with_the_time(self, server: responses.RequestsMock) -> None:
        """Nobody waits longer than there is time."""
        server.get(f"{ROOT}/testForms", status=429, headers={"Retry-After": "3600"})

        with pytest.raises(TemporaryError, match="left alone for 3600 s"):
            list(self.client(patient=True).inside([]))
