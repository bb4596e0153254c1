"""The Squash TM client's documented operations, over real sockets to the look-alike."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as some

from pytest_attach_evidence.apis.squash_tm import File
from pytest_attach_evidence.apis.squash_tm import SquashTm
from pytest_attach_evidence.apis.squash_tm_shapes import Attachment
from pytest_attach_evidence.apis.squash_tm_shapes import stem_of
from pytest_attach_evidence.destinations.squash_targets import OWNERS
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TemporaryError
from pytest_attach_evidence.rest.auth import bearer
from pytest_attach_evidence.rest.body import BytesBody
from pytest_attach_evidence.rest.origins import Origins
from pytest_attach_evidence.rest.session import Session
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.sandbox.squash_access import READ_WRITE
from pytest_attach_evidence.secrets import Secret


@dataclass(kw_only=True)
class Served:
    """A client, and the look-alike it speaks to."""

    api: SquashTm
    sandbox: Sandbox

    @property
    def system(self) -> Any:
        """The look-alike's own state."""
        return self.sandbox.systems["squash"]

    def asked(self) -> list[str]:
        """Return method, path and query of each request so far."""
        seen = self.sandbox.requests("squash")
        base = "/squash/api/rest/latest"
        return [f"{r.method} {r.path.removeprefix(base)}?{r.query}".removesuffix("?") for r in seen]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Start a look-alike with switches of choice, and a client of it."""
    with ExitStack() as stack:

        def begin(**switches: Any) -> Served:
            sandbox = stack.enter_context(Sandbox(tmp_path, switches={"squash": switches}))
            root = sandbox.roots["squash"]
            session = Session(Origins(root), Budget.lasting(600))
            api = SquashTm(session, root, bearer(Secret(READ_WRITE, "the sandbox")))
            stack.callback(api.close)
            return Served(api=api, sandbox=sandbox)

        yield begin


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    """A client of a look-alike without switches."""
    return serve()


def file(name: str, content: bytes = b"content") -> File:
    """Return a file of an upload."""
    return File(name=name, content=BytesBody(content, "application/octet-stream"))


def an_id(served: Served, owner: str) -> str:
    """Return the id of any object of an owner."""
    return str(served.system.plan.of_owner(owner)[0].id)


def bytes_of(api: SquashTm, id: str) -> bytes:
    """Return what a download writes."""
    into = io.BytesIO()
    api.download(id, into)
    return into.getvalue()


@pytest.mark.parametrize("owner", OWNERS)
class TestEveryOwner:
    """The attachment operations work alike for all twelve owners."""

    def test_upload_list_get_and_download(self, shared: Served, owner: str) -> None:
        """Several files go in one request, are listed with size and type, and come back."""
        id = an_id(shared, owner)
        there = {one.id for one in shared.api.attachments(owner, id)}
        asked = len(shared.asked())
        files = [file("a.txt", b"a"), file("b.png", b"bb")]
        shared.api.upload(owner, id, files)

        listed = [one for one in shared.api.attachments(owner, id) if one.id not in there]
        one = shared.api.attachment(listed[0].id)

        assert [("a.txt", 1, "txt"), ("b.png", 2, "png")] == [
            (one.name, one.size, one.file_type) for one in listed
        ]
        assert [b"a", b"bb"] == [bytes_of(shared.api, one.id) for one in listed]
        assert one == listed[0]
        assert one.added_on.endswith("+00:00")
        assert 1 == len([one for one in shared.asked()[asked:] if one.startswith("POST")])

    def test_rename_and_delete(self, shared: Served, owner: str) -> None:
        """A name is changed, then two of three attachments are removed in one request."""
        id = an_id(shared, owner)
        shared.api.upload(owner, id, [file("a.txt"), file("b.txt"), file("c.txt")])
        one, two, three = shared.api.attachments(owner, id)[-3:]

        renamed = shared.api.rename(one, "first")
        shared.api.delete(owner, id, [two.id, three.id])

        left = shared.api.attachments(owner, id)
        assert "first.txt" == renamed.name
        assert renamed in left
        assert not {two.id, three.id} & {one.id for one in left}
        path = f"DELETE /{owner}/{id}/attachments?attachmentIds={two.id},{three.id}"
        assert path in shared.asked()


class TestDelete:
    """DELETE /{owner}/{id}/attachments?attachmentIds=."""

    @pytest.mark.parametrize("ids", [[""], ["5001", ""]])
    def test_nothing_is_deleted_without_an_id(self, served: Served, ids: list[str]) -> None:
        """What a server makes of an empty list of ids is not documented, so it never gets one."""
        with pytest.raises(PermanentError, match="without its id, so nothing was deleted"):
            served.api.delete("executions", "1042", ids)

        assert [] == [one for one in served.asked() if one.startswith("DELETE")]


class TestRename:
    """PATCH /attachments/{id}?name=, the stem only."""

    @pytest.mark.parametrize("mode", ["full", "stem"])
    @pytest.mark.parametrize("given", ["final report", "final report.PDF", "final report.pdf"])
    def test_the_extension_is_never_sent(
        self, serve: Callable[..., Served], mode: str, given: str
    ) -> None:
        """With or without it in the wish and in the answer, the file has it once."""
        served = serve(name_mode=mode)
        [made] = served.api.upload("executions", "1042", [file("draft.pdf")])

        renamed = served.api.rename(made, given)

        assert "final report.pdf" == served.sandbox.store.files("squash")[0].name
        assert ("final report", "pdf") == (stem_of(renamed.name, "pdf"), renamed.file_type)
        assert f"PATCH /attachments/{made.id}?name=final%20report" in served.asked()

    @pytest.mark.parametrize("name", ["ä & b?", "a=b#c", "100% +1", "v1.2"])
    def test_a_name_travels_as_it_is(self, served: Served, name: str) -> None:
        """What means something in an address is part of the name."""
        [made] = served.api.upload("executions", "1042", [file("draft.pdf")])

        assert f"{name}.pdf" == served.api.rename(made, name).name

    @pytest.mark.parametrize(
        ("name", "file_type", "stem"),
        [("a.txt", "txt", "a"), (".txt", "txt", ".txt"), ("a.txt", "", "a.txt"), ("a", "a", "a")],
    )
    def test_a_stem_is_never_empty(self, name: str, file_type: str, stem: str) -> None:
        """Only the extension that the attachment has is taken off."""
        assert stem == stem_of(name, file_type)


class TestRefusals:
    """What these operations make of a refusal."""

    @pytest.mark.parametrize("status", [200, 202, 204])
    def test_a_removal_may_answer_any_of_three_statuses(
        self, serve: Callable[..., Served], status: int
    ) -> None:
        """The documentation shows none."""
        served = serve(delete_status=status)
        [made] = served.api.upload("executions", "1042", [file("a.txt")])

        served.api.delete("executions", "1042", [made.id])

        assert [] == served.sandbox.store.files("squash")

    def test_many_ids_travel_in_several_requests(self, served: Served) -> None:
        """An address has a length that servers take."""
        files = [file(f"{number}.txt") for number in range(101)]
        made = served.api.upload("executions", "1042", files)

        served.api.delete("executions", "1042", [one.id for one in made])

        assert 2 == len([one for one in served.asked() if one.startswith("DELETE")])
        assert [] == served.api.attachments("executions", "1042")

    def test_a_locked_milestone_is_told(self, serve: Callable[..., Served]) -> None:
        """No retry cures it, and the server's words say so."""
        served = serve(locked=["iterations/4"])

        with pytest.raises(PermanentError, match="milestone is locked"):
            served.api.upload("iterations", "4", [file("a.txt")])

    @pytest.mark.parametrize("operation", ["attachment", "download", "rename", "delete"])
    def test_an_unknown_attachment_is_final(self, served: Served, operation: str) -> None:
        """404 in words, with nothing written."""
        api, into = served.api, io.BytesIO()
        calls: dict[str, Callable[[], object]] = {
            "attachment": lambda: api.attachment("9"),
            "download": lambda: api.download("9", into),
            "rename": lambda: api.rename(Attachment(id="9", name="a.txt"), "b"),
            "delete": lambda: api.delete("executions", "1042", ["9"]),
        }

        with pytest.raises(PermanentError, match="HTTP 404"):
            calls[operation]()

        assert b"" == into.getvalue()

    def test_half_a_file_is_no_file(self, served: Served) -> None:
        """A connection that ends in the middle of the bytes is an error."""
        [made] = served.api.upload("executions", "1042", [file("a.txt", bytes(300_000))])
        served.sandbox.faults.add("answer-cut", system="squash", path="/content$")

        with pytest.raises(TemporaryError):
            served.api.download(made.id, io.BytesIO())


class TestWalk:
    """From projects down to the steps of an execution."""

    @pytest.mark.parametrize("version", [13, 14])
    def test_from_the_project_to_the_step(self, serve: Callable[..., Served], version: int) -> None:
        """Every level names the next by id; either family of paths is found by one probe."""
        served = serve(version=version, max_page_size=7)
        api = served.api
        [project] = api.projects()
        [campaign] = api.campaigns(project.id)
        iteration = next(iter(api.iterations(campaign.id)))
        suites = list(api.test_suites(iteration.id))
        items = api.test_plan(iteration.id)
        again = api.plan_item(items[0].id)
        executions = api.executions(again)
        steps = api.steps(str(executions[0].id))

        names = ("Online banking", "Release 2026.4", "Sprint 1", "Smoke")
        assert names == (project.name, campaign.name, iteration.name, suites[0].name)
        assert "/Online banking/2026/Release 2026.4" == campaign.path
        assert items[0] == again
        assert ("Log in", "4") == (again.name, again.iteration)
        assert None in [item.test_case_id for item in items]
        assert {"chrome", "firefox", None} == {item.dataset for item in items}
        assert 3 == len(steps)
        assert "Open the page" in steps[0].action
        tried = [one for one in served.asked() if f"-items/{items[0].id}" in one]
        assert (2 if version == 14 else 3) == len(tried)

    def test_a_walk_asks_for_a_page_as_it_is_needed(self, serve: Callable[..., Served]) -> None:
        """Whoever looks at the first lines of a long plan has read its first page."""
        served = serve(max_page_size=5)

        first = next(served.api.plan_items("4"))

        assert 301 == first.id
        assert ["GET /iterations/4/test-plan?sort=id&page=0&size=50"] == served.asked()

    def test_an_empty_plan_is_empty(self, served: Served) -> None:
        """Its only page has no collection at all."""
        assert [] == served.api.test_plan("6")

    @pytest.mark.parametrize("name", ["Online banking", "no such project"])
    def test_a_project_by_name(self, served: Served, name: str) -> None:
        """The lookup answers the project itself, or nothing."""
        found = served.api.project_named(name)

        assert (None if "no" in name.split() else "14") == (found and found.id)

    def test_steps_without_a_list_of_their_own(self, serve: Callable[..., Served]) -> None:
        """Then the execution itself shows them."""
        whole, brief = serve(), serve(step_lists=False)

        assert whole.api.steps("1040") == brief.api.steps("1040")

    def test_an_automated_reference_costs_a_request(self, served: Served) -> None:
        """Plans do not show it, so the test case is read."""
        found = served.api.automated_test_reference("212")

        assert found is not None
        assert found == served.system.plan.things["test-cases/212"].automated
        assert served.api.automated_test_reference("999") is None


class TestChanges:
    """What is set on executions and their steps."""

    def test_statuses_and_comment(self, served: Served) -> None:
        """Steps first: the execution's own status would be computed anew."""
        steps = served.api.steps("1042")
        served.api.set_step_status(steps[0].id, "SUCCESS")
        served.api.set_step_status(steps[1].id, "FAILURE")
        served.api.set_status("1042", "BLOCKED")
        served.api.set_comment("1042", "<p>ran</p>")

        execution = served.system.plan.things["executions/1042"]
        assert ["SUCCESS", "FAILURE"] == [step.status for step in served.api.steps("1042")]
        assert ("BLOCKED", "<p>ran</p>") == (execution.status, execution.comment)


STEMS = some.text(
    some.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"], exclude_characters='/\\"'),
    min_size=1,
    max_size=60,
).filter(lambda text: text.isprintable() and text.strip(" .") == text)


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    stems=some.lists(STEMS, min_size=1, max_size=4),
    extension=some.from_regex(r"[a-z0-9]{1,10}", fullmatch=True),
    contents=some.lists(some.binary(max_size=3000), min_size=4, max_size=4),
    owner=some.sampled_from(OWNERS),
)
def test_names_sizes_and_bytes_travel_both_ways_unchanged(
    shared: Served, stems: list[str], extension: str, contents: list[bytes], owner: str
) -> None:
    """Whatever is attached to whatever object is listed and comes back as it was."""
    id = an_id(shared, owner)
    names = [f"{stem}.{extension}" for stem in stems]
    pairs = list(zip(names, contents, strict=False))
    made = shared.api.upload(owner, id, [file(name, content) for name, content in pairs])

    ids = {one.id for one in made}
    listed = [one for one in shared.api.attachments(owner, id) if one.id in ids]

    assert sorted((name, len(content)) for name, content in pairs) == sorted(
        (one.name, one.size or 0) for one in listed
    )
    assert sorted(pairs) == sorted((one.name, bytes_of(shared.api, one.id)) for one in listed)
    shared.api.delete(owner, id, [*ids])


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One look-alike for all examples."""
    folder = tmp_path_factory.mktemp(f"shared-{uuid.uuid4().hex[:6]}")
    with Sandbox(folder) as sandbox:
        root = sandbox.roots["squash"]
        session = Session(Origins(root), Budget.lasting(600))
        api = SquashTm(session, root, bearer(Secret(READ_WRITE, "the sandbox")))
        yield Served(api=api, sandbox=sandbox)
        api.close()
