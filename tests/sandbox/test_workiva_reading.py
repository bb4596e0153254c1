"""What a client may read from the Workiva look-alike."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from lookalike_server import starting
from workiva_client import MATRIX
from workiva_client import PHASE
from workiva_client import SAMPLE
from workiva_client import Api

from pytest_attach_evidence.sandbox.workiva import WorkivaSystem


Start = Callable[..., WorkivaSystem]
ERROR_KEYS = {"code", "message", "documentationUrl", "version"}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., WorkivaSystem]]:
    """Starts look-alikes that settle at once, unless a switch says otherwise."""
    with starting(WorkivaSystem, tmp_path, settle_s=0.0) as started:
        yield started


class TestForms:
    """Reading forms, phases, matrices and samples."""

    def test_lists(self, start: Start) -> None:
        """Every level can be listed; the hidden form is not there."""
        api = Api(start())

        def ids(path: str) -> list[str]:
            return [entry["id"] for entry in api.call("GET", path).json()["data"]]

        assert ids("/testForms") == ["f1", "5d0c3b1e9a7f4862b1c4d2e8f60a7b93", "f8"]
        assert ids("/testForms/f1/testPhases") == ["p1", "p2"]
        assert ids(f"{PHASE}/matrices") == ["m1"]
        assert ids(f"{MATRIX}/samples") == ["s1", "s2"]

    def test_single(self, start: Start) -> None:
        """Objects are answered singly, with their columns and values."""
        api = Api(start())

        assert api.call("GET", PHASE).json() == {"id": "p1", "name": "Walkthrough"}
        assert set(api.call("GET", MATRIX).json()) == {"id", "name", "dataColumns", "resultColumns"}
        assert set(api.call("GET", SAMPLE).json()) == {"id", "dataValues", "resultValues"}

    @pytest.mark.parametrize(
        "path",
        [
            "/testForms/f9",
            "/testForms/f9/testPhases/p9/attachments",
            "/testForms/f1/testPhases/p7",
            f"{PHASE}/attachments/none",
            f"{PHASE}/nothing",
            "/testForms/f1/attachments",
            "/operations/none",
            "/",
        ],
    )
    def test_not_found(self, start: Start, path: str) -> None:
        """What is hidden, unknown or not offered is a 404 in the platform's shape."""
        answer = Api(start()).call("GET", path)

        assert answer.status_code == 404
        assert set(answer.json()) == ERROR_KEYS

    def test_encoded_slash(self, start: Start) -> None:
        """An id with a slash is reached percent-encoded."""
        api = Api(start())
        phase = "/testForms/5d0c3b1e9a7f4862b1c4d2e8f60a7b93/testPhases/year%2Fend"
        api.upload(phase)

        assert api.call("GET", phase).json()["id"] == "year/end"
        assert api.names(phase) == ["a.txt"]

    def test_expand(self, start: Start) -> None:
        """`$expand` brings what is below inline, nested names included."""
        api = Api(start())
        api.upload(SAMPLE, "row.txt")
        wanted = {"$expand": "testPhases.matrices,testPhases.attachments,attachments"}

        form = api.call("GET", "/testForms/f1", params=wanted).json()
        samples = api.call("GET", f"{MATRIX}/samples", params={"$expand": "attachments"}).json()

        assert form["attachments"] == []
        assert [m["id"] for m in form["testPhases"][0]["matrices"]] == ["m1"]
        assert form["testPhases"][1]["attachments"] == []
        assert "samples" not in form["testPhases"][0]["matrices"][0]
        assert [[a["fileName"] for a in s["attachments"]] for s in samples["data"]] == [
            ["row.txt"],
            [],
        ]

    def test_unknown_expand(self, start: Start) -> None:
        """A name that cannot be expanded is a 400."""
        answer = Api(start()).call("GET", PHASE, params={"$expand": "samples"})

        assert (answer.status_code, answer.json()["target"]) == (400, "$expand")

    @pytest.mark.parametrize("nulls", [False, True])
    def test_pages(self, start: Start, nulls: bool) -> None:
        """Lists page by absolute links that keep `$expand`; the last link is absent or null."""
        api = Api(start(page_size=1, nulls=nulls))
        page = api.call("GET", f"{MATRIX}/samples", params={"$expand": "attachments"}).json()
        ids = [page["data"][0]["id"]]
        page = api.call("GET", page["@nextLink"]).json()
        ids.append(page["data"][0]["id"])

        assert ids == ["s1", "s2"]
        assert page["data"][0]["attachments"] == []
        assert page.get("@nextLink", "absent") == (None if nulls else "absent")

    def test_attachment_pages(self, start: Start) -> None:
        """Attachment lists page too."""
        api = Api(start(page_size=2))
        for number in range(3):
            api.upload(PHASE, f"{number}.txt")
        first = api.call("GET", f"{PHASE}/attachments").json()

        assert len(first["data"]) == 2
        assert len(api.call("GET", first["@nextLink"]).json()["data"]) == 1


class TestFetch:
    """Download and export."""

    def fetched(self, api: Api, path: str, **more: object) -> requests.Response:
        """Begin, poll, and get what the operation leads to."""
        begun = api.call("POST", path, **more)
        assert (begun.status_code, begun.content) == (202, b"")
        assert begun.headers["Retry-After"] == "1"
        operation = api.call("GET", begun.headers["Location"]).json()
        assert operation["resourceUrl"].startswith(api.system.blob_root)
        return requests.get(operation["resourceUrl"], headers=api.bearer, timeout=10)

    @pytest.fixture
    def api(self, start: Start) -> Api:
        """Give a client after one upload to the sample."""
        api = Api(start())
        api.upload(SAMPLE, "shot (1).png", b"\x89PNG")
        return api

    def path(self, api: Api) -> str:
        """Return the path of the one attachment of the sample."""
        entry = api.call("GET", f"{SAMPLE}/attachments").json()["data"][0]
        assert api.call("GET", f"{SAMPLE}/attachments/{entry['id']}").json() == entry
        return f"{SAMPLE}/attachments/{entry['id']}"

    def test_download(self, api: Api) -> None:
        """A download gives the very bytes that were put."""
        answer = self.fetched(api, f"{self.path(api)}/download")

        assert (answer.content, answer.headers["Content-Type"]) == (b"\x89PNG", "image/png")

    def test_export(self, api: Api) -> None:
        """An export gives a PDF, and nothing else can be asked for."""
        path = f"{self.path(api)}/export"
        answer = self.fetched(api, path, json={"format": "pdf"})

        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF-1.4\n")
        assert answer.content.endswith(b"%%EOF\n")
        table = int(answer.content.split(b"startxref\n")[1].split()[0])
        assert answer.content[table:].startswith(b"xref\n")
        assert api.call("POST", path, json={"format": "docx"}).status_code == 400

    def test_form_export(self, api: Api) -> None:
        """A form is exported as a workbook that names its attachments."""
        answer = self.fetched(api, "/testForms/f1/export", json={"format": "xlsx"})

        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert "shot (1).png" in archive.read("xl/sheet.xml").decode()

    def test_bearer(self, api: Api) -> None:
        """A resource URL is of no use without the bearer."""
        begun = api.call("POST", f"{self.path(api)}/download")
        url = api.call("GET", begun.headers["Location"]).json()["resourceUrl"]

        assert requests.get(url, timeout=10).status_code == 401

    def test_unconvertible(self, start: Start) -> None:
        """A file of a type that the switch names can be downloaded, and its export fails with a reason."""
        api = Api(start(unconvertible="zip log"))
        api.upload(SAMPLE, "trace.log", b"text")
        path = self.path(api)
        begun = api.call("POST", f"{path}/export", json={"format": "pdf"})
        body = api.call("GET", begun.headers["Location"]).json()

        assert (body["status"], body["details"][0]["code"]) == ("failed", "ConversionFailed")
        assert self.fetched(api, f"{path}/download").content == b"text"

    @pytest.mark.parametrize("key", ["resourceUrl", "resourceURL", ""])
    def test_resource_key(self, start: Start, key: str) -> None:
        """The address of the result has one of two spellings, or is left away."""
        api = Api(start(resource_key=key))
        api.upload(SAMPLE)
        begun = api.call("POST", f"{self.path(api)}/download")
        body = api.call("GET", begun.headers["Location"]).json()

        assert ({key} if key else set()) == {name for name in body if name.startswith("resource")}

    def test_redirects(self, start: Start) -> None:
        """A resource URL leads to its bytes over as many redirects as were asked for."""
        api = Api(start(resource_redirects=2))
        api.upload(SAMPLE, "a.txt", b"text")
        begun = api.call("POST", f"{self.path(api)}/download")
        url = api.call("GET", begun.headers["Location"]).json()["resourceUrl"]
        answer = requests.get(url, headers=api.bearer, timeout=10)

        assert (answer.content, [one.status_code for one in answer.history]) == (
            b"text",
            [302, 302],
        )
