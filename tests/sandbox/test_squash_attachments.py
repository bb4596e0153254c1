"""What can be done with attachments of the Squash TM look-alike, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from plain_http import Api
from plain_http import embedded
from plain_http import files

from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.sandbox.squash_shapes import TYPES


class TestAttachments:
    """What can be done with attachments."""

    @pytest.mark.parametrize("owner", TYPES)
    def test_every_owner_takes_files(self, sandbox: Sandbox, squash: Api, owner: str) -> None:
        """Each of the twelve owners takes several files in one call and lists them."""
        id = sandbox.systems["squash"].plan.of_owner(owner)[0].id
        answer = squash.post(f"/{owner}/{id}/attachments", files=files("a.png", "b.txt"))
        listed = embedded(squash.get(f"/{owner}/{id}/attachments?sort=id"), "attachments")

        assert answer.status_code == 201
        assert set(answer.json()) == {"_embedded"}
        assert [one["name"] for one in listed] == ["a.png", "b.txt"]
        assert [one["file_type"] for one in listed] == ["png", "txt"]
        assert [one["size"] for one in listed] == [16, 16]

    def test_upload_answers_only_the_short_form(self, squash: Api) -> None:
        """The upload's answer has neither size nor time nor a link to the content."""
        answer = squash.post("/executions/1042/attachments", files=files("a.png"))

        short = embedded(answer, "attachments")[0]
        assert set(short) == {"_type", "id", "name", "file_type", "_links"}
        assert set(short["_links"]) == {"self"}

    @pytest.mark.parametrize("part", ["file", "files[]", "Files", "attachments"])
    def test_parts_must_be_named_files(self, sandbox: Sandbox, squash: Api, part: str) -> None:
        """One part of another name refuses the whole request with 400."""
        parts = [*files("a.txt"), (part, ("b.txt", b"b"))]

        assert squash.post("/executions/1042/attachments", files=parts).status_code == 400
        assert sandbox.store.ledger() == []

    def test_form_fields_and_other_types_are_refused(self, squash: Api) -> None:
        """A text field beside the files is 400, and so is no file; JSON is 415."""
        path = "/executions/1042/attachments"

        assert squash.post(path, files=files("a.txt"), data={"x": "y"}).status_code == 400
        assert squash.post(path, json={"files": []}).status_code == 415
        assert squash.post(path, files=[("files", (None, "text"))]).status_code == 400

    @pytest.mark.parametrize(
        "name", ["noextension", ".env", "a.elevenchars", "ends.", "x" * 252 + ".txt"]
    )
    def test_names_the_database_cannot_hold(self, sandbox: Sandbox, squash: Api, name: str) -> None:
        """A name without or with too long an extension, or over 255, is 500 for all files."""
        answer = squash.post("/executions/1042/attachments", files=files("good.txt", name))

        assert answer.status_code == 500
        assert sandbox.store.ledger() == []

    @pytest.mark.parametrize("name", ["grün 測試.png", 'with "quotes".txt', "a.tencharsxx"])
    def test_names_it_takes(self, squash: Api, name: str) -> None:
        """Names beyond ASCII, with quotes, and with ten characters of extension are kept."""
        answer = squash.post("/executions/1042/attachments", files=files(name))

        assert [one["name"] for one in embedded(answer, "attachments")] == [name]

    def test_same_name_twice(self, squash: Api) -> None:
        """The same name again is a second attachment."""
        squash.post("/executions/1042/attachments", files=files("a.txt"))
        squash.post("/executions/1042/attachments", files=files("a.txt"))

        listed = embedded(squash.get("/executions/1042/attachments"), "attachments")
        assert [one["name"] for one in listed] == ["a.txt", "a.txt"]

    def test_stem_mode(self, start: Callable[..., Sandbox], connect: Callable[..., Api]) -> None:
        """With `name_mode=stem` the name comes without its extension."""
        api = connect(start(squash={"name_mode": "stem"}))

        answer = api.post("/executions/1042/attachments", files=files("a.b.png"))
        assert [(one["name"], one["file_type"]) for one in embedded(answer, "attachments")] == [
            ("a.b", "png")
        ]

    def test_content_rename_delete(self, squash: Api) -> None:
        """An attachment can be read, renamed (its extension stays) and deleted."""
        path = "/executions/1042/attachments"
        answer = squash.post(path, files=files("a.txt", "b.txt"))
        ids = sorted(one["id"] for one in embedded(answer, "attachments"))

        assert squash.get(f"/attachments/{ids[0]}/content").content == b"content of a.txt"
        renamed = squash("PATCH", f"/attachments/{ids[0]}", params={"name": "new"})
        assert renamed.json()["name"] == "new.txt"
        assert squash("PATCH", f"/attachments/{ids[0]}", json={"name": "x"}).status_code == 400
        query = f"?attachmentIds={ids[0]},{ids[1]}"
        assert squash("DELETE", f"/executions/1041/attachments{query}").status_code == 404
        assert squash("DELETE", path + query).status_code == 204
        assert squash.get(f"/attachments/{ids[0]}").status_code == 404
        assert "_embedded" not in squash.get(path).json()

    def test_upload_filters(
        self, start: Callable[..., Sandbox], connect: Callable[..., Api]
    ) -> None:
        """Switched on, the filters refuse by size with 413, by extension and lock with 412."""
        switches = {"max_bytes": 1000, "extensions": ["txt"], "locked": ["iterations/4"]}
        api = connect(start(squash=switches))
        big = [("files", ("a.txt", b"x" * 1000))]

        refused = api.post("/executions/1042/attachments", files=big)
        assert (refused.status_code, refused.json()) == (413, {"maxUploadError": {"maxSize": 1000}})
        assert api.post("/executions/1042/attachments", files=files("a.png")).status_code == 412
        assert api.post("/iterations/4/attachments", files=files("a.txt")).status_code == 412
        assert api.post("/executions/1042/attachments", files=files("a.txt")).status_code == 201
