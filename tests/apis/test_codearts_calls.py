"""The operations of CodeArts Req beside the upload, against the look-alike."""

from __future__ import annotations

import dataclasses
import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import responses

from pytest_attach_evidence.apis.codearts import CodeArts
from pytest_attach_evidence.apis.codearts_calls import MAX_PAGES
from pytest_attach_evidence.apis.codearts_calls import paged
from pytest_attach_evidence.apis.codearts_shapes import IPD_TYPES
from pytest_attach_evidence.apis.codearts_shapes import TYPES
from pytest_attach_evidence.apis.codearts_shapes import Attachment
from pytest_attach_evidence.apis.codearts_signing import Signer
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.errors import UncertainError
from pytest_attach_evidence.rest.auth import StaticHeader
from pytest_attach_evidence.rest.body import BytesBody
from pytest_attach_evidence.rest.origins import Origins
from pytest_attach_evidence.rest.session import Session
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.secrets import Secret


ROOT = "https://projectman-ext.cn-north-4.myhuaweicloud.com"
IPD = "5f1e7a0c9b2d4e63a8c4d0f7b6219e35"
SCRUM = "b07c2d9e41f54a8b9e6d3c5a1f80e274"
FOREIGN = "e3d8c1b5a7f942068d1b6e4c9a50f7b2"
ITEM = "956239067176935400"
BYTES = bytes(range(256)) * 2000


class Scene:
    """A look-alike, and a client with an access key."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.system: Any = sandbox.systems["huawei"]
        ours = self.system.access.credentials
        signer = Signer(
            access_key=Secret(ours.access_key, "a test"),
            secret_key=Secret(ours.secret_key, "a test"),
        )
        self.client = CodeArts(Session(Origins(self.system.root), Budget.lasting(20)), signer)

    def asked(self, method: str = "") -> list[str]:
        """Return path and query of the requests so far."""
        seen = [one for one in self.sandbox.requests("huawei") if method in ("", one.method)]
        return [f"{one.path}?{one.query}".removesuffix("?") for one in seen]

    def grow(self, project: str, count: int, **changes: Any) -> str:
        """Add a project with more items than a page has, made of the first item of another."""
        known = next(one for one in self.system.projects if one.id == project)
        first = known.items[0]
        many = [
            dataclasses.replace(first, id=str(int(first.id) + number), title=f"item {number:03d}")
            for number in range(count)
        ]
        grown = dataclasses.replace(known, id="a" * 32, items=many, **changes)
        self.system.projects.append(grown)
        return grown.id


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Start a look-alike."""
    with Sandbox(tmp_path, switches={"huawei": {}}) as sandbox:
        made = Scene(sandbox)
        yield made
        made.client.close()
        assert [] == sandbox.crashes


class TestWalk:
    """From the beginning of everything down to the work items."""

    def test_every_project_is_listed_once(self, scene: Scene) -> None:
        """IPD projects with their model; the list of all projects leaves them out."""
        ipd, scrum = scene.client.projects(), list(scene.client.scrum_projects())

        assert [(IPD, "Payments", "ipd", "10003")] == [
            (one.id, one.name, one.kind, one.model) for one in ipd
        ]
        assert [(SCRUM, "Web shop", "scrum")] == [(one.id, one.name, one.kind) for one in scrum]

    def test_projects_are_asked_for_page_by_page_as_they_are_needed(self, scene: Scene) -> None:
        """250 projects are three pages; the second is not asked for before the first is used up."""
        some = next(one for one in scene.system.projects if one.id == SCRUM)
        more = [dataclasses.replace(some, id=f"{number:032d}") for number in range(249)]
        scene.system.projects += more

        found = scene.client.scrum_projects()
        first, before = next(found), len(scene.asked())
        rest = list(found)

        assert 1 == before
        assert 250 == len({first.id, *(one.id for one in rest)})
        assert [
            f"/v4/projects?offset={start}&limit=100" for start in (0, 100, 200)
        ] == scene.asked()

    def test_work_items_come_with_what_people_know_them_by(self, scene: Scene) -> None:
        """Number, title, type and status of each, type by type as the model has them."""
        found = list(scene.client.work_items(IPD, "10003"))

        assert ["FE", "US", "US", "Task", "Bug"] == [item.type for item in found]
        item = next(item for item in found if item.id == ITEM)
        assert ("US20261105123456", "Pay an invoice") == (item.number, item.title)
        assert ("Open", "OPEN") == (item.status, item.state)
        types = [path.rpartition("=")[2] for path in scene.asked("POST")]
        assert ["RR", "Epic", "FE", "US", "Task", "Bug"] == types

    @pytest.mark.parametrize("model", ["10001", "10002", "10003", ""])
    def test_no_work_item_is_missed_whatever_the_model(self, scene: Scene, model: str) -> None:
        """Most models answer for one type at a time; an unknown model is asked for all."""
        known = next(one for one in scene.system.projects if one.id == IPD)
        scene.system.projects[:] = [dataclasses.replace(known, model=model or "10001")]

        found = {item.type for item in scene.client.work_items(IPD, model)}

        asked = IPD_TYPES.get(model, TYPES)
        assert {item.category for item in known.items if item.category in asked} == found

    def test_many_work_items_are_all_listed_in_the_order_of_their_creation(
        self, scene: Scene
    ) -> None:
        """The order is asked for, since what is created meanwhile must not push others off a page."""
        project = scene.grow(IPD, 205)

        found = [item.title for item in scene.client.work_items(project, "10003")]

        assert [f"item {number:03d}" for number in range(205)] == found

    @pytest.mark.parametrize("as_text", [False, True])
    def test_scrum_items_are_paged(self, scene: Scene, as_text: bool) -> None:
        """Pages of 100 begin at multiples of 100; a list within a text is read too."""
        scene.system.lists_as_text = as_text
        project = scene.grow(SCRUM, 205)

        found = list(scene.client.scrum_items(project))

        assert 205 == len({item.id for item in found})
        assert ("Story", "Open") == (found[0].type, found[0].status)
        assert 3 == len(scene.asked("POST"))

    def test_a_project_of_others_is_refused_with_what_to_do(self, scene: Scene) -> None:
        """The vendor's code is turned into the next step."""
        with pytest.raises(PermanentError, match=r"PM\.02150010") as caught:
            list(scene.client.work_items(FOREIGN))
        assert "membership" in caught.value.next_step

        with pytest.raises(PermanentError, match=r"PM\.02152005") as caught:
            scene.client.attachments("0" * 32, ITEM)
        assert "not that of an IAM project" in caught.value.next_step

        with pytest.raises(PermanentError, match=r"PM\.02150404") as caught:
            scene.client.attachments(SCRUM, ITEM)
        assert "scrum/<project>/<id>" in caught.value.next_step


class TestItems:
    """Single work items: their details, and by title."""

    def test_a_work_item_is_found_whatever_its_type(self, scene: Scene) -> None:
        """The detail wants the type, so types are tried."""
        item = scene.client.work_item(IPD, "956239067176935402", "10003")

        assert item is not None
        assert ("Bug", "Rounding of partial payments") == (item.type, item.title)
        assert "/v2/ipdprojectservice/projects/" in scene.asked()[-1]
        assert scene.asked()[-1].endswith("?category=Bug")

    def test_the_type_that_fitted_last_is_tried_first(self, scene: Scene) -> None:
        """So that each of many items of one type, or of a few, costs hardly more than one request."""
        task = "956239067176935401"
        kinds = []
        for id in (task, ITEM, ITEM, task):
            before = len(scene.asked())
            assert scene.client.work_item(IPD, id, "10003") is not None
            kinds.append([one.rpartition("=")[2] for one in scene.asked()[before:]])

        assert [["US"], ["US", "Task"]] == kinds[2:]

    def test_of_a_work_item_that_nobody_knows_nothing_is_told(self, scene: Scene) -> None:
        """Refusals of the types are no errors; those of credentials and of sockets are."""
        assert scene.client.work_item(IPD, "956239067176935499", "10003") is None

        scene.system.throttle_next = 1
        with pytest.raises(TemporaryError):
            scene.client.work_item(IPD, ITEM, "10003")

    @pytest.mark.parametrize(
        ("words", "numbers"),
        [
            ("invoice", ["US20261105123456", "US20261001000099"]),
            ("PAY  an   Invoice", ["US20261105123456"]),
            ("payment", ["Task20261105123457", "Bug20261106000017"]),
            ("Open", []),
            ("US20261105123456", []),
        ],
    )
    def test_a_title_is_searched_for_its_words(
        self, scene: Scene, words: str, numbers: list[str]
    ) -> None:
        """Blanks and case do not count; a status or a number is no title."""
        found = [item.number for item in scene.client.titled(IPD, " ".join(words.split()))]

        assert numbers == found

    def test_a_search_reads_all_its_pages(self, scene: Scene) -> None:
        """The service gives 20 at once."""
        project = scene.grow(IPD, 45)

        assert 45 == len(list(scene.client.titled(project, "item")))

    def test_scrum_titles_are_searched_too(self, scene: Scene) -> None:
        """By the words of `subject`."""
        found = [item.id for item in scene.client.scrum_items(SCRUM, "the basket")]

        assert ["1043"] == found


class TestFiles:
    """Bytes there and back, lists and deletion."""

    @pytest.mark.parametrize("size", [0, 1, len(BYTES)])
    def test_an_ipd_attachment_comes_back_as_it_went(self, scene: Scene, size: int) -> None:
        """List and download give name, size, time and bytes."""
        content = BytesBody(BYTES[:size], "application/octet-stream")
        scene.client.upload(IPD, ITEM, "a--0123456789ab.bin", content)

        (attachment,) = scene.client.attachments(IPD, ITEM)
        into = io.BytesIO()
        scene.client.download(IPD, attachment, into)

        assert BYTES[:size] == into.getvalue()
        assert ("a--0123456789ab.bin", size) == (attachment.names[0], attachment.size)
        assert attachment.created.isdigit()

    @pytest.mark.parametrize("status", [204, 200])
    def test_a_scrum_attachment_is_listed_downloaded_and_deleted(
        self, scene: Scene, status: int
    ) -> None:
        """The id of the upload is that of the list; whichever status says so, it is gone."""
        scene.system.delete_status = status
        content = BytesBody(BYTES, "application/octet-stream")
        stored = scene.client.upload_scrum(SCRUM, "1042", "a--0123456789ab.bin", content)
        (attachment,) = scene.client.scrum_attachments(SCRUM, "1042") or ()

        into = io.BytesIO()
        scene.client.download_scrum(SCRUM, "1042", attachment, into)
        scene.client.delete_scrum(SCRUM, "1042", attachment.id)

        assert BYTES == into.getvalue()
        assert (stored.id, None) == (attachment.id, attachment.size)
        assert "a--0123456789ab.bin" == attachment.names[0]
        assert [] == scene.client.scrum_attachments(SCRUM, "1042")
        with pytest.raises(PermanentError, match=f"deletion of attachment {attachment.id}"):
            scene.client.delete_scrum(SCRUM, "1042", attachment.id)

    def test_a_detail_without_a_list_tells_nothing(self, scene: Scene) -> None:
        """What is not told is not taken for an empty list."""
        scene.system.with_accessories = False

        assert scene.client.scrum_attachments(SCRUM, "1042") is None

    def test_a_lost_answer_to_a_deletion_is_uncertain(self, scene: Scene) -> None:
        """It may be gone; nothing is asked twice."""
        content = BytesBody(b"x", "text/plain")
        stored = scene.client.upload_scrum(SCRUM, "1042", "a.txt", content)
        scene.sandbox.faults.add("answer-lost", system="huawei", method="DELETE")

        with pytest.raises(UncertainError):
            scene.client.delete_scrum(SCRUM, "1042", stored.id or "")
        assert 1 == len(scene.asked("DELETE"))

    def test_what_is_not_there_is_refused_in_words(self, scene: Scene) -> None:
        """Item and attachment ids of nobody are the service's 400."""
        nothing = Attachment(id="956300000000009999", names=())

        with pytest.raises(PermanentError, match=r"PM\.02175006"):
            scene.client.attachments(IPD, "956239067176935499")
        with pytest.raises(PermanentError, match=r"PM\.02175006"):
            scene.client.download(IPD, nothing, io.BytesIO())

    @pytest.mark.parametrize(
        ("fault", "kind"),
        [
            ("answer-cut", TemporaryError),
            ("empty", TemporaryError),
            ("login-page", DestinationClosedError),
            ("inner-error", PermanentError),
            ("status-403", PermanentError),
            ("redirect", DestinationClosedError),
        ],
    )
    def test_what_is_not_the_file_is_told(
        self, scene: Scene, fault: str, kind: type[Exception]
    ) -> None:
        """Half a file, a web page, a refusal in a 200: none of them passes for evidence."""
        scene.client.upload(IPD, ITEM, "a.bin", BytesBody(BYTES, "application/octet-stream"))
        (attachment,) = scene.client.attachments(IPD, ITEM)
        scene.sandbox.faults.add(fault, system="huawei", path="download")

        with pytest.raises(kind, match="download of attachment"):
            scene.client.download(IPD, attachment, io.BytesIO())

    @pytest.mark.parametrize("name", ["report.html", "report.json"])
    def test_a_file_that_looks_like_a_page_or_a_refusal_is_still_a_file(
        self, scene: Scene, name: str
    ) -> None:
        """Evidence may be anything; what says that it is a file is taken for one."""
        refusal = b'{"status": "failed", "message": "no", "result": null}'
        content = refusal if name.endswith("json") else b"<html>" + refusal
        stored = scene.client.upload_scrum(SCRUM, "1042", name, BytesBody(content, "text/html"))

        into = io.BytesIO()
        attachment = Attachment(id=stored.id or "", names=(name,))
        scene.client.download_scrum(SCRUM, "1042", attachment, into)

        assert content == into.getvalue()

    @pytest.mark.parametrize("kind", ["text/html", "application/json"])
    def test_what_has_the_listed_size_is_the_file(self, kind: str) -> None:
        """Evidence of an API's tests is full of refusals and pages; the size tells them from ours."""
        content = b'{"error_code": "PM.02175006", "error_msg": "wrong id"}'
        attachment = Attachment(id="5001", names=("response.txt",), size=len(content))
        url = f"{ROOT}/v1/ipdprojectservice/projects/{IPD}/attachments/download/5001"
        into = io.BytesIO()
        with responses.RequestsMock() as server:
            server.get(url, body=content, content_type=kind)
            plain_client().download(IPD, attachment, into)
            other = dataclasses.replace(attachment, size=len(content) + 1)
            with pytest.raises(PermanentError, match=r"PM\.02175006"):
                plain_client().download(IPD, other, io.BytesIO())

        assert content == into.getvalue()

    def test_bytes_are_streamed_both_ways(self, scene: Scene) -> None:
        """32 MiB go there and come back without being held in memory."""
        size, block = 32 * 1024 * 1024, bytes(1024 * 1024)
        scene.system.body_limit = 64 * 1024 * 1024

        class Counted(io.RawIOBase):
            """Takes bytes and forgets them."""

            length = 0

            def write(self, block: Any) -> int:
                self.length += len(block)
                return len(block)

        class Zeros:
            """A body that is nowhere."""

            media_type, length = "application/octet-stream", size

            def __iter__(self) -> Iterator[bytes]:
                return iter([block] * (size // len(block)))

        scene.client.upload(IPD, ITEM, "a--0123456789ab.bin", Zeros())
        (attachment,) = scene.client.attachments(IPD, ITEM)
        into: Any = Counted()
        tracemalloc.start()
        scene.client.download(IPD, attachment, into)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

        assert (size, size) == (attachment.size, into.length)
        assert peak < 8 * 1024 * 1024


class TestShapes:
    """The five shapes in which a refusal may come."""

    REFUSALS = (
        {"error_code": "PM.02175006", "error_msg": "wrong id"},
        {"errorCode": "PM.02175006", "errorMsg": "wrong id"},
        {"code": "PM.02175006", "message": "wrong id"},
        {"error": {"code": "PM.02175006", "message": "wrong id", "title": "Bad Request"}},
        {"status": "error", "message": "PM.02175006: wrong id", "result": None},
    )

    @pytest.mark.parametrize("body", REFUSALS)
    @pytest.mark.parametrize("status", [400, 403, 404])
    def test_every_shape_is_read(self, body: dict[str, Any], status: int) -> None:
        """Code, message and the request's id are in the one line of the error."""
        with responses.RequestsMock() as server:
            server.get(
                f"{ROOT}/v1/ipdprojectservice/projects/ipd",
                json=body,
                status=status,
                headers={"X-Request-Id": "r-1"},
            )
            with pytest.raises(PermanentError, match=r"PM\.02175006: wrong id; request r-1"):
                plain_client().projects()

    @pytest.mark.parametrize("body", [*REFUSALS[:2], REFUSALS[4]])
    def test_a_refusal_in_a_200_is_one(self, body: dict[str, Any]) -> None:
        """The body is the answer, for uploads as for everything else."""
        content = BytesBody(b"x", "text/plain")
        with responses.RequestsMock() as server:
            upload = f"{ROOT}/v4/projects/{SCRUM}/issues/1042/attachments/upload"
            server.post(upload, json=body)
            with pytest.raises(PermanentError, match="wrong id"):
                plain_client().upload_scrum(SCRUM, "1042", "a.txt", content)
            server.get(f"{ROOT}/v4/projects/{SCRUM}/issues/1042", json=body)
            with pytest.raises(PermanentError, match="wrong id"):
                plain_client().scrum_item(SCRUM, "1042")
            server.delete(upload.replace("upload", "5001"), json=body)
            with pytest.raises(PermanentError, match="wrong id"):
                plain_client().delete_scrum(SCRUM, "1042", "5001")

    @pytest.mark.parametrize("body", ["<html>Sign in</html>", "[]"])
    def test_a_deletion_answered_by_something_else_is_uncertain(self, body: str) -> None:
        """A web page says nothing about what is gone."""
        with responses.RequestsMock() as server:
            server.delete(f"{ROOT}/v4/projects/{SCRUM}/issues/1042/attachments/5001", body=body)
            with pytest.raises(UncertainError):
                plain_client().delete_scrum(SCRUM, "1042", "5001")

    def test_pages_end_where_a_server_does_not_know_them(self) -> None:
        """A server that answers every page with the first is asked twice, not for ever."""
        one = [{"project_id": f"{number:032d}", "project_name": "p"} for number in range(100)]
        with responses.RequestsMock() as server:
            server.get(f"{ROOT}/v4/projects", json={"projects": one, "total": 1000})

            assert 100 == len(list(plain_client().scrum_projects()))
            assert 2 == len(server.calls)

    def test_a_list_without_end_is_no_list(self) -> None:
        """A server that always has one more page is left, and what it gave is not taken for all."""
        asked = []

        def page(number: int) -> list[str]:
            asked.append(number)
            return [str(number)]

        with pytest.raises(TemporaryError, match=f"no end after {MAX_PAGES} pages"):
            list(paged(page, 1, str))
        assert MAX_PAGES == len(asked)

    def test_a_gateway_without_the_second_detail_tells_nothing_of_an_item(self) -> None:
        """A path that is not published is not an error of the credentials."""
        url = f"{ROOT}/v2/ipdprojectservice/projects/{IPD}/issues/{ITEM}"
        with responses.RequestsMock() as server:
            server.get(url, json={"error_code": "APIGW.0101", "error_msg": "no"}, status=404)
            assert plain_client().work_item(IPD, ITEM, "10003") is None
            assert 1 == len(server.calls)


def plain_client() -> CodeArts:
    """Return a client of the vendor's endpoint, with a made-up token."""
    token = StaticHeader("X-Auth-Token", Secret("made-up-token", "a test"))
    return CodeArts(Session(Origins(ROOT), Budget.lasting(10)), token)
