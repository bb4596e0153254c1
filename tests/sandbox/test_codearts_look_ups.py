"""How projects and work items are found in the CodeArts Req look-alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from codearts_client import IPD
from codearts_client import ITEM
from codearts_client import SCRUM
from codearts_client import SERVICE
from codearts_client import call
from codearts_client import form
from lookalike_server import Clock
from lookalike_server import starting

from pytest_attach_evidence.sandbox.codearts import CodeArtsSystem


Start = Callable[..., CodeArtsSystem]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts look-alikes whose clock stands still."""
    with starting(CodeArtsSystem, tmp_path, clock=Clock()) as started:
        yield started


class TestLookUps:
    """Projects, items by number, filters."""

    def tree(
        self, system: CodeArtsSystem, body: object, category: str = "US,Task,Bug"
    ) -> list[str]:
        """Return the ids a look-up by number or keyword finds."""
        path = f"{SERVICE}/{IPD}/issues/tree"
        answer = call(system, "POST", path, params={"category": category}, json=body)
        result = answer.json()["result"]
        assert result["total"] == len(result["issues"])
        return [issue["id"] for issue in result["issues"]]

    def test_number(self, start: Start) -> None:
        """Numbers are found exactly, many at once, and only in the categories asked for."""
        system = start()
        numbers = ["US20261105123456", "Bug20261106000017", "US2026110512345"]

        assert self.tree(system, {"number": numbers}) == [ITEM, "956239067176935402"]
        assert self.tree(system, {"number": numbers}, "Bug") == ["956239067176935402"]

    def test_keyword(self, start: Start) -> None:
        """A keyword is found in titles, or as a whole number."""
        system = start()

        assert len(self.tree(system, {"keyword": "INVOICE", "offset": 0, "limit": 20})) == 2
        assert self.tree(system, {"keyword": "Task20261105123457"}) == ["956239067176935401"]
        assert self.tree(system, {"keyword": "20261105123457"}) == []

    def test_bad_look_ups(self, start: Start) -> None:
        """A look-up needs its category, and a body even if it is `{}`."""
        system = start()
        path = f"{SERVICE}/{IPD}/issues/tree"
        no_category = call(system, "POST", path, json={})
        no_body = call(system, "POST", path, params={"category": "US"})

        assert no_category.json()["error_code"] == "PM.02175006"
        assert (no_body.status_code, no_body.json()["error_code"]) == (
            400,
            "PARSE_REQUEST_DATA_EXCEPTION",
        )

    def test_query(self, start: Start) -> None:
        """A query filters, pages and picks fields; a wrong type finds nothing."""
        system = start()
        path = f"{SERVICE}/{IPD}/issues/query"
        body = {
            "filter": [{"state": {"values": ["CLOSED"], "operator": "!"}}],
            "page": {"page_no": 1, "page_size": 5},
            "return_fields": ["id", "title"],
        }

        def found(kind: str, **more: object) -> dict[str, object]:
            params = {"issue_type": kind}
            return dict(call(system, "POST", path, params=params, json=body | more).json())

        assert found("US")["result"] == {
            "total": 1,
            "issues": [{"id": ITEM, "title": "Pay an invoice"}],
        }
        assert found("us")["result"] == {"total": 0, "issues": []}
        assert found("US", page={"page_size": 4})["error_code"] == "PM.02174103"

    def test_detail(self, start: Start) -> None:
        """An item is shown with its state and number, under its type only."""
        system = start()
        path = f"{SERVICE}/{IPD}/issues/{ITEM}"
        (item,) = call(system, "GET", path, params={"issue_type": "US"}).json()["result"]

        assert (item["number"], item["status"]["code"]) == ("US20261105123456", "Open")
        assert call(system, "GET", path, params={"issue_type": "Bug"}).json()["result"] == []
        second = path.replace("/v1/", "/v2/")
        assert call(system, "GET", second, params={"category": "US"}).json()["result"] == [item]
        assert call(system, "GET", second).json()["error_code"] == "PM.02175006"

    def test_one_type_at_a_time(self, start: Start) -> None:
        """Only a cloud service project is asked for several types at once; the last come first."""
        system = start()
        cloud = next(project for project in system.projects if project.id == IPD)
        device = "d" * 32
        system.projects.append(replace(cloud, id=device, model="10001"))

        def found(project: str, **body: object) -> list[str]:
            path, params = f"{SERVICE}/{project}/issues/query", {"issue_type": "Task,Bug"}
            answer = call(system, "POST", path, params=params, json=body).json()
            return [issue["category"] for issue in answer["result"]["issues"]]

        assert found(IPD) == ["Bug", "Task"]
        assert found(IPD, sort=[{"field": "created_date", "asc": True}]) == ["Task", "Bug"]
        assert found(device) == ["Task"]

    def test_projects(self, start: Start) -> None:
        """Both project lists show what the user is a member of."""
        system = start()
        ipd = call(system, "GET", f"{SERVICE}/ipd", params={"search": "pay"}).json()["result"]
        both = call(system, "GET", "/v4/projects", params={"offset": 0, "limit": 1}).json()
        scrum = call(system, "GET", "/v4/projects", params={"project_type": "scrum"}).json()

        assert [project["id"] for project in ipd] == [IPD]
        assert (len(both["projects"]), both["total"]) == (1, 2)
        assert [project["project_id"] for project in scrum["projects"]] == [SCRUM]


class TestScrum:
    """The Scrum operations, without envelope."""

    def test_life_of_an_attachment(self, start: Start) -> None:
        """A Scrum attachment is uploaded, downloaded and deleted under its item."""
        system = start()
        base = f"/v4/projects/{SCRUM}/issues/1042/attachments"
        body = call(system, "POST", f"{base}/upload", **form(data=b"12345")).json()
        path = f"{base}/{body['id']}"
        content = call(system, "GET", path).content
        elsewhere = call(system, "GET", path.replace("1042", "1043")).status_code
        deleted = call(system, "DELETE", path)

        assert (body["issue_id"], body["file_name"], body["size"]) == (1042, "a.txt", "5")
        assert (content, elsewhere) == (b"12345", 400)
        assert (deleted.status_code, deleted.content) == (204, b"")
        assert call(system, "GET", path).status_code == 400
        assert len(system.store.ledger()) == 1

    def test_items(self, start: Start) -> None:
        """Scrum items can be listed and shown."""
        system = start()
        issues = call(system, "GET", f"/v4/projects/{SCRUM}/issues").json()

        assert [issue["id"] for issue in issues["issues"]] == [1042, 1043]
        shown = call(system, "GET", f"/v4/projects/{SCRUM}/issues/1042").json()
        assert shown == issues["issues"][0] | {"accessories": []}

    def test_accessories(self, start: Start) -> None:
        """The detail lists what is attached, by the id that download and delete take."""
        system = start()
        path = f"/v4/projects/{SCRUM}/issues/1042"
        body = call(system, "POST", f"{path}/attachments/upload", **form("grün.txt")).json()
        (accessory,) = call(system, "GET", path).json()["accessories"]

        assert (accessory["attachment_id"], accessory["file_name"]) == (body["id"], "grün.txt")
        system.with_accessories = False
        assert "accessories" not in call(system, "GET", path).json()

    def test_search(self, start: Start) -> None:
        """Items are found by words of their title; a page begins at a multiple of its size."""
        system = start()
        path = f"/v4/projects/{SCRUM}/issues"

        def found(**body: object) -> dict[str, object]:
            return dict(call(system, "POST", path, json=body).json())

        assert [i["id"] for i in found(subject="LOG")["issues"]] == [1042, 1043]
        assert [i["id"] for i in found(subject="log", offset=1, limit=1)["issues"]] == [1043]
        assert [i["id"] for i in found(issue_ids=[1042])["issues"]] == [1042]
        assert found(offset=1, limit=2)["error_code"] == "PM.02174103"
        assert found(limit=101)["error_code"] == "PM.02174103"
        system.lists_as_text = True
        assert json.loads(found()["issues"])[0]["name"] == "Log in"

    def test_other_answer_to_a_deletion(self, start: Start) -> None:
        """The documentation does not tell the status; both are to be had."""
        system = start(delete_status=200)
        base = f"/v4/projects/{SCRUM}/issues/1042/attachments"
        body = call(system, "POST", f"{base}/upload", **form()).json()
        deleted = call(system, "DELETE", f"{base}/{body['id']}")

        assert (deleted.status_code, deleted.json()) == (200, {})
