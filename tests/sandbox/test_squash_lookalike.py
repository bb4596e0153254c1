"""The Squash TM look-alike answers as documented and refuses what the real one would refuse."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from plain_http import Api
from plain_http import embedded
from plain_http import files

from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.sandbox.squash_access import ACCOUNTS
from pytest_attach_evidence.sandbox.squash_access import EXPIRED
from pytest_attach_evidence.sandbox.squash_access import NO_RIGHTS
from pytest_attach_evidence.sandbox.squash_access import READ_ONLY
from pytest_attach_evidence.sandbox.squash_access import READ_WRITE


class TestAccess:
    """Who may come in."""

    def test_outside_the_context_stands_only_the_application_server(
        self, sandbox: Sandbox, apis: Callable[..., Api]
    ) -> None:
        """A URL without the context path answers 404 as HTML."""
        origin = sandbox.roots["squash"].removesuffix("/squash")

        answer = apis(origin, READ_WRITE).get("/api/rest/latest/executions/1042")

        assert answer.status_code == 404
        assert answer.headers["Content-Type"].startswith("text/html")

    def test_without_credentials(self, sandbox: Sandbox, connect: Callable[..., Api]) -> None:
        """A request without credentials is 401 as JSON, never a redirect to a login page."""
        answer = connect(sandbox, "").get("/projects")

        assert answer.status_code == 401
        assert answer.json()["status"] == 401

    @pytest.mark.parametrize("token", [EXPIRED, "no-such-token", READ_WRITE[:-1]])
    def test_wrong_tokens(self, sandbox: Sandbox, connect: Callable[..., Api], token: str) -> None:
        """An expired or unknown token is 401."""
        assert connect(sandbox, token).get("/projects").status_code == 401

    def test_token_still_wrapped_in_base64(
        self, sandbox: Sandbox, connect: Callable[..., Api]
    ) -> None:
        """The token as the user interface's call answers it, not yet decoded, is 401."""
        wrapped = base64.b64encode(READ_WRITE.encode()).decode()

        assert connect(sandbox, wrapped).get("/projects").status_code == 401

    @pytest.mark.parametrize(("token", "status"), [(READ_ONLY, 401), (NO_RIGHTS, 403)])
    def test_tokens_that_may_only_read(
        self, sandbox: Sandbox, connect: Callable[..., Api], token: str, status: int
    ) -> None:
        """A read-only token gets 401 on a write, a user without rights 403; nothing is stored."""
        api = connect(sandbox, token)

        assert api.get("/executions/1042").status_code == 200
        written = api.post("/executions/1042/attachments", files=files("a.txt"))
        assert written.status_code == status
        assert sandbox.store.ledger() == []

    @pytest.mark.parametrize("user", ACCOUNTS)
    def test_basic(self, sandbox: Sandbox, connect: Callable[..., Api], user: str) -> None:
        """Basic authentication works with credentials in ISO-8859-1; a wrong password is 401."""
        api = connect(sandbox, "")

        right = api.get("/projects", auth=(user, ACCOUNTS[user]))
        wrong = api.get("/projects", auth=(user, "wrong"))

        assert (right.status_code, wrong.status_code) == (200, 401)

    def test_basic_switched_off(
        self, start: Callable[..., Sandbox], connect: Callable[..., Api]
    ) -> None:
        """With Basic off the refusal says so, whatever the password."""
        sandbox = start(squash={"basic": False})

        answer = connect(sandbox, "").get("/projects", auth=("sandbox-user", "any"))

        assert answer.status_code == 401
        assert answer.json()["message"] == "Basic authentication is not allowed for REST API."

    def test_one_session_per_cookie_jar(self, sandbox: Sandbox, squash: Api) -> None:
        """A client that keeps its cookies has one session on the server."""
        squash.get("/projects")
        squash.get("/projects")

        assert len(sandbox.systems["squash"].sessions) == 1


class TestPlans:
    """Projects, iterations and test plans."""

    def test_lookups_from_project_to_iteration(self, squash: Api) -> None:
        """A project by name, its campaigns and their iterations are found as documented."""
        project = squash.get("/projects", params={"projectName": "Online banking"}).json()
        campaigns = embedded(squash.get(f"/projects/{project['id']}/campaigns"), "campaigns")
        path = f"/campaigns/{campaigns[0]['id']}/iterations?sort=id"
        iterations = embedded(squash.get(path), "iterations")

        assert [one["id"] for one in iterations] == [4, 5, 6]

    def test_page_size_and_links(self, squash: Api) -> None:
        """A list has 20 rows by default, links to other pages, and the counts."""
        page = squash.get("/iterations/4/test-plan", params={"sort": "id"}).json()

        assert len(page["_embedded"]["test-plan"]) == 20
        assert page["page"] == {"size": 20, "totalElements": 26, "totalPages": 2, "number": 0}
        assert set(page["_links"]) == {"self", "first", "next", "last"}

    def test_single_page_links_only_to_itself(self, squash: Api) -> None:
        """A list that fits on one page has no other link."""
        page = squash.get("/iterations/4/test-plan", params={"size": 200}).json()

        assert set(page["_links"]) == {"self"}

    def test_empty_list_has_no_embedded(self, squash: Api) -> None:
        """An empty list has no `_embedded` at all."""
        page = squash.get("/iterations/6/test-plan").json()

        assert "_embedded" not in page
        assert page["page"]["totalElements"] == 0

    @pytest.mark.parametrize(("sort", "complete"), [("id", True), ("id,desc", True), ("", False)])
    def test_pages_are_only_stable_when_sorted(
        self, squash: Api, sort: str, complete: bool
    ) -> None:
        """All rows are found page by page with `sort=id`, and some are lost without it."""
        pages = [
            squash.get(f"/iterations/4/test-plan?page={page}" + (f"&sort={sort}" if sort else ""))
            for page in (0, 1)
        ]

        ids = {row["id"] for page in pages for row in embedded(page, "test-plan")}
        assert (len(ids) == 26) is complete

    def test_plan_holds_the_awkward_cases(self, squash: Api) -> None:
        """The plan has datasets, a deleted test case, and one that is planned twice."""
        rows = embedded(squash.get("/iterations/4/test-plan?size=200&sort=id"), "test-plan")
        named = [
            (row["referenced_test_case"]["reference"], row["referenced_dataset"])
            for row in rows
            if row["referenced_test_case"]
        ]

        assert [data["name"] for ref, data in named if ref == "TC-30"] == ["chrome", "firefox"]
        assert [data for ref, data in named if ref == "TC-12"] == [None]
        assert len([ref for ref, _ in named if ref == "TC-31"]) == 2
        assert len(rows) - len(named) == 1

    @pytest.mark.parametrize(
        ("version", "path", "other"),
        [(13, "iteration-test-plan-items", "test-plan-items"),
         (14, "test-plan-items", "iteration-test-plan-items")],
    )  # fmt: skip
    def test_path_families(
        self,
        start: Callable[..., Sandbox],
        connect: Callable[..., Api],
        version: int,
        path: str,
        other: str,
    ) -> None:
        """Each version has its own path and type of plan items, and not the other's."""
        api = connect(start(squash={"version": version}))
        first = embedded(api.get("/iterations/4/test-plan?sort=id"), "test-plan")[0]

        assert first["_type"] == path.removesuffix("s")
        assert api.get(f"/{path}/{first['id']}").status_code == 200
        assert api.post(f"/{other}/{first['id']}/executions").status_code == 404

    @pytest.mark.parametrize("path", ["/executions/9", "/iterations/4/", "/nothing", "/datasets/1"])
    def test_unknown_paths_and_ids(self, squash: Api, path: str) -> None:
        """An unknown id, a trailing slash and an unknown path are 404."""
        assert squash.get(path).status_code == 404

    def test_links_behind_a_proxy(
        self, start: Callable[..., Sandbox], connect: Callable[..., Api]
    ) -> None:
        """The hrefs may carry another root than the client's, and must not be followed."""
        api = connect(start(squash={"link_root": "http://internal.example/squash"}))

        href = api.get("/executions/1042").json()["_links"]["self"]["href"]

        assert href == "http://internal.example/squash/api/rest/latest/executions/1042"


class TestExecutions:
    """Executions and their steps."""

    def test_existing_execution(self, squash: Api) -> None:
        """Execution 1042 exists, is READY and belongs to TC-4."""
        execution = squash.get("/executions/1042").json()

        assert execution["_type"] == "execution"
        assert execution["execution_status"] == "READY"
        assert execution["reference"] == "TC-4"

    def test_new_execution_resets_its_item(self, squash: Api) -> None:
        """A new execution is READY, the last of its item, and makes a finished item READY."""
        before = squash.get("/test-plan-items/301").json()
        created = squash.post("/test-plan-items/301/executions", json={})
        after = squash.get("/test-plan-items/301").json()

        assert before["executions"][0]["execution_status"] == "SUCCESS"
        assert created.status_code == 201
        assert created.json()["execution_status"] == "READY"
        assert created.json()["last_executed_on"] is None
        assert after["execution_status"] == "READY"
        assert after["executions"][-1]["id"] == created.json()["id"]
        listed = embedded(squash.get("/test-plan-items/301/executions?sort=id"), "executions")
        assert listed[-1]["id"] == created.json()["id"]

    def test_new_execution_inherits_attachments(self, sandbox: Sandbox, squash: Api) -> None:
        """An execution begins with copies of its test case's attachments, its steps likewise."""
        squash.post("/test-cases/204/attachments", files=files("case.txt"))
        squash.post("/test-steps/1041/attachments", files=files("step.txt"))
        execution = squash.post("/test-plan-items/304/executions").json()
        step = execution["execution_steps"][0]["id"]

        assert [one["name"] for one in execution["attachments"]] == ["case.txt"]
        copied = embedded(squash.get(f"/execution-steps/{step}/attachments"), "attachments")
        assert [one["name"] for one in copied] == ["step.txt"]
        assert len(sandbox.store.ledger()) == 2

    @pytest.mark.parametrize(("item", "text"), [(323, "deleted"), (326, "no steps")])
    def test_items_that_cannot_be_executed(self, squash: Api, item: int, text: str) -> None:
        """A deleted test case and one without steps refuse an execution with 412."""
        answer = squash.post(f"/test-plan-items/{item}/executions", json={})

        assert answer.status_code == 412
        assert text in answer.json()["actionValidationError"]["message"]

    def test_change_status_and_comment(self, squash: Api) -> None:
        """A PATCH changes status and comment, and the item shows its last execution's status."""
        body = {"_type": "execution", "execution_status": "FAILURE", "comment": "<p>no</p>"}
        changed = squash("PATCH", "/executions/1042?fields=execution_status", json=body).json()

        assert changed["execution_status"] == "FAILURE"
        assert "comment" not in changed
        assert squash.get("/executions/1042").json()["comment"] == "<p>no</p>"
        assert squash.get("/test-plan-items/304").json()["execution_status"] == "FAILURE"

    @pytest.mark.parametrize(
        ("body", "status"),
        [({"_type": "execution", "execution_status": "PASSED"}, 500), ({"_type": "x"}, 400)],
    )
    def test_refused_changes(self, squash: Api, body: dict[str, str], status: int) -> None:
        """An unknown status is 500, a body of another type 400."""
        assert squash("PATCH", "/executions/1042", json=body).status_code == status

    def test_steps(self, squash: Api) -> None:
        """Steps are listed, take a status by path and a comment by JSON."""
        step = embedded(squash.get("/executions/1042/execution-steps"), "execution-steps")[0]
        path = f"/execution-steps/{step['id']}"
        status = squash("PATCH", f"{path}/execution-status/SUCCESS").json()
        comment = {"_type": "execution-step", "comment": "hello"}

        assert status["execution_status"] == "SUCCESS"
        assert squash("PATCH", path, json=comment).json()["comment"] == "hello"
        assert squash("PATCH", f"{path}/execution-status/GOOD").status_code == 500

    def test_a_steps_status_changes_that_of_its_execution(self, squash: Api) -> None:
        """The product computes it anew from all steps, so whoever sets both sets the execution last."""
        steps = embedded(squash.get("/executions/1042/execution-steps"), "execution-steps")
        seen = []
        for status, step in zip(["SUCCESS", "FAILURE"], steps, strict=True):
            squash("PATCH", f"/execution-steps/{step['id']}/execution-status/{status}")
            seen.append(squash.get("/executions/1042").json()["execution_status"])

        assert ["RUNNING", "FAILURE"] == seen

    def test_steps_may_have_no_list_of_their_own(
        self, start: Callable[..., Sandbox], connect: Callable[..., Api]
    ) -> None:
        """Then only the execution shows them."""
        squash = connect(start(squash={"step_lists": False}))

        assert 404 == squash.get("/executions/1042/execution-steps").status_code
        assert 2 == len(squash.get("/executions/1042").json()["execution_steps"])

    def test_the_tree_tells_paths_and_automated_references(self, squash: Api) -> None:
        """Campaigns show the names above them, test cases their automated test reference."""
        campaign = embedded(squash.get("/projects/14/campaigns?fields=path"), "campaigns")[0]
        case = squash.get("/test-cases/212").json()

        assert "/Online banking/2026/Release 2026.4" == campaign["path"]
        assert case["automated_test_reference"].startswith("bank/login.robot#")
