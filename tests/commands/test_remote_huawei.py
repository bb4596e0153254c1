"""CodeArts Req from the command line: what a run tells of its limits, and `attach-evidence remote`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from pytest_attach_evidence.sandbox import Sandbox

from .project import Project


PROJECT = "5f1e7a0c9b2d4e63a8c4d0f7b6219e35"
ITEM = "956239067176935400"
SCRUM = "scrum/b07c2d9e41f54a8b9e6d3c5a1f80e274"
SCRUM_ITEM = f"{SCRUM}/1042"
SUITE = (
    "import pytest",
    "@pytest.mark.evidence(huawei={target!r})",
    "def test_it(evidence):",
    "    for number, size in enumerate({sizes}):",
    "        evidence.attach(b'x' * size, name=f'{{number}}.bin')",
)


@pytest.fixture
def at_codearts(project: Project, sandbox: Sandbox) -> Project:
    """A project that delivers to CodeArts."""
    project.lead_to(sandbox, "huawei")
    return project


def run(project: Project, *sizes: int, target: str = ITEM, **options: str) -> Any:
    """Run a test that attaches pieces of some sizes."""
    given = {"target": target, "sizes": sizes}
    project.write("test_it.py", *(line.format(**given) for line in SUITE))
    overrides = [f"-o=evidence_huawei_{name}={value}" for name, value in options.items()]
    return project.pytest("-q", *overrides)


def remote(project: Project, *words: str, status: int = 0) -> Any:
    """Run `attach-evidence remote … --json` and return the documents."""
    ended = project.command("remote", *words, "--json")
    assert (status, "") == (ended.status, ended.errors if status == 0 else "")
    return json.loads(ended.out)


def test_what_does_not_fit_is_rejected_with_the_numbers(at_codearts: Project) -> None:
    """The rest is delivered; the summary says what is left, the next run what others left there."""
    first = run(at_codearts, 600, 600, 300, max_total="1000")
    second = run(at_codearts, 50, max_total="1000")

    assert (65, 2, 1) == (first.status, *first.numbers("delivered", "rejected"))
    assert "holds 1 of 100 attachments and 600 B of 1000 B; a piece of 600 B" in first.out
    assert "evidence_huawei_max_total" in first.out
    assert "room for 98 more and 100 B" in first.out
    assert (0, 1) == (second.status, *second.numbers("delivered"))
    assert "holds 2 of other runs" in second.out


def test_a_file_over_the_limit_of_signed_requests_is_rejected_before_anything_is_sent(
    at_codearts: Project, sandbox: Sandbox
) -> None:
    """The numbers and the way out are in the summary; nobody was asked."""
    ended = run(at_codearts, 5000, max_signed="5000")

    assert (65, 1) == (ended.status, *ended.numbers("rejected"))
    assert "has 5,000 bytes, huawei takes 904" in ended.out
    assert "PYTEST_EVIDENCE_HUAWEI_USER" in ended.out
    assert [] == sandbox.requests("huawei")


def test_a_walk_leads_from_the_beginning_to_the_attachments(at_codearts: Project) -> None:
    """Each text that a list shows leads on, and ends at what the run delivered."""
    assert 0 == run(at_codearts, 3, 5).status

    [top] = remote(at_codearts, "list", "huawei", "--depth", "1")
    [below] = remote(at_codearts, "list", top["places"][0]["text"])
    item = next(place for place in below["places"] if place["name"] == "Pay an invoice")
    [listed] = remote(at_codearts, "list", item["text"])
    [about] = remote(at_codearts, "info", "huawei=~Pay an invoice")

    assert f"huawei={PROJECT}/{ITEM}" == item["text"]
    assert ([], [3, 5]) == (listed["places"], [one["size"] for one in listed["attachments"]])
    assert "2 of 100 attachments and 8 B of 50.0 MB" == about["facts"]["attachments"]


@pytest.mark.parametrize("target", [ITEM, SCRUM_ITEM])
def test_what_was_delivered_is_downloaded(
    at_codearts: Project, tmp_path: Path, target: str
) -> None:
    """Every file under its remote name, with the digest of its bytes."""
    assert 0 == run(at_codearts, 3, 300_000, target=target).status

    saved = remote(at_codearts, "download", f"huawei={target}", "--to", str(tmp_path / "to"))

    assert [3, 300_000] == [one["size"] for one in saved]
    for one in saved:
        content = Path(one["path"]).read_bytes()
        assert b"x" * one["size"] == content
        assert f"sha256:{hashlib.sha256(content).hexdigest()}" == one["digest"]


def test_a_scrum_attachment_is_deleted(at_codearts: Project, sandbox: Sandbox) -> None:
    """One that is named by its key; the other stays."""
    assert 0 == run(at_codearts, 3, 5, target=SCRUM_ITEM).status
    first, second = sandbox.store.files("huawei")
    key = first.name.partition("--")[2].partition(".")[0]

    [deleted] = remote(at_codearts, "delete", f"huawei={SCRUM_ITEM}", "--attachment", key, "--yes")

    assert (first.id, SCRUM_ITEM, "deleted") == (
        deleted["id"],
        deleted["object"],
        deleted["outcome"],
    )
    assert [second.id] == [file.id for file in sandbox.store.files("huawei")]


def test_where_nothing_is_listed_the_id_of_the_receipt_is_enough(
    at_codearts: Project, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The refusal says where it stands; download by it works."""
    system: Any = sandbox.systems["huawei"]
    system.with_accessories = False
    assert 0 == run(at_codearts, 7, target=SCRUM_ITEM).status
    [receipt] = at_codearts.record().receipts.values()

    listed = at_codearts.command("remote", "list", f"huawei={SCRUM_ITEM}")
    words = ("--attachment", str(receipt.remote_id), "--to", str(tmp_path / "to"))
    [saved] = remote(at_codearts, "download", f"huawei={SCRUM_ITEM}", *words)

    assert 65 == listed.status
    assert "stands in its receipt" in listed.errors
    assert 7 == saved["size"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("delete", f"huawei={ITEM}", "--all", "--yes"), "on the page of the work item"),
        (
            ("rename", f"huawei={ITEM}", "--attachment", "0.bin", "--name", "b.bin", "--yes"),
            "documents no operation to rename",
        ),
        (
            ("download", f"huawei={PROJECT}"),
            "documents no operation to list the attachments of a project",
        ),
        (("info", "huawei=~invoice"), "US20261001000099 (Print an invoice)"),
        (("list", f"huawei={'e3d8c1b5a7f942068d1b6e4c9a50f7b2'}"), "ask for membership"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    at_codearts: Project, words: tuple[str, ...], says: str
) -> None:
    """With the reason or the way; nothing is changed."""
    assert 0 == run(at_codearts, 3).status
    [name] = [receipt.remote_name for receipt in at_codearts.record().receipts.values()]
    words = tuple(str(name) if word == "0.bin" else word for word in words)

    ended = at_codearts.command("remote", *words)

    assert 65 == ended.status
    assert says in ended.errors
    assert 1 == len(ended.errors.strip().splitlines())


def test_a_wrong_key_is_tried_once(at_codearts: Project, sandbox: Sandbox) -> None:
    """Five refusals in a row would lock it: 77, with no secret in the words."""
    secret = "a-wrong-secret-key-0123456789"
    at_codearts.variables["PYTEST_EVIDENCE_HUAWEI_SECRET_KEY"] = secret

    ended = at_codearts.command("remote", "info", f"huawei={ITEM}")

    assert 77 == ended.status
    assert "lock an access key" in ended.errors
    assert secret not in ended.errors + ended.out
    assert 1 == len(sandbox.requests("huawei"))


def test_a_wrong_key_is_tried_once_for_all_targets(project: Project, sandbox: Sandbox) -> None:
    """What comes after the refusal is not asked; one line says so, and other systems are."""
    project.lead_to(sandbox, "huawei squash")
    project.variables["PYTEST_EVIDENCE_HUAWEI_SECRET_KEY"] = "a-wrong-secret-key-0123456789"
    words = [f"huawei={ITEM}", f"huawei={SCRUM_ITEM}", "squash=executions/1042", f"huawei={ITEM}"]

    ended = project.command("remote", "info", *words)

    assert (77, 1) == (ended.status, len(sandbox.requests("huawei")))
    assert "squash=executions/1042" in ended.out
    refused, skipped = ended.errors.splitlines()
    assert f"huawei={ITEM}: " in refused
    assert "huawei: 2 other targets were not asked about" in skipped


def test_one_login_and_one_plan_serve_all_targets(tmp_path: Path) -> None:
    """A token, and a plan that was read, are those of the whole command."""
    (tmp_path / "project").mkdir()
    project = Project(folder=tmp_path / "project")
    words = [f"huawei={ITEM}", f"huawei={SCRUM_ITEM}", "squash=TC-12", "squash=TC-30[chrome]"]
    with Sandbox(tmp_path / "servers", switches={"huawei": {"login": "password"}}) as sandbox:
        project.lead_to(sandbox, "huawei squash")

        ended = project.command("remote", "info", *words)

        assert (0, "") == (ended.status, ended.errors)
        paths = [seen.path for seen in sandbox.requests()]
    assert 1 == sum(path.endswith("/auth/tokens") for path in paths)
    assert 1 == sum(path.endswith("/test-plan") for path in paths)


ODD = f"{PROJECT}a"
OF_PROJECT = f"project {ODD}: has 33 characters, where 32 are documented"


@pytest.mark.parametrize(
    "target", [f"{ODD}/{ITEM}", f"{ODD}/US20261105123456", f"scrum/{ODD}/1042"]
)
def test_a_project_of_an_odd_length_is_said_where_it_is_refused(
    at_codearts: Project, target: str
) -> None:
    """By a session, and by whoever looks."""
    ran = run(at_codearts, 3, target=target)
    looked = at_codearts.command("remote", "list", f"huawei={target}")

    assert (65, 65) == (ran.status, looked.status)
    assert OF_PROJECT in ran.out
    assert OF_PROJECT in looked.errors


def test_a_region_that_nobody_knows_is_said_where_nobody_answers(at_codearts: Project) -> None:
    """No such name is ever resolved: by a session that looks up a number first, and by a command."""
    text = (at_codearts.folder / "pytest.ini").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("evidence_huawei_url")]
    region = [line for line in lines if not line.startswith("evidence_huawei_region")]
    odd = ("evidence_huawei_region = cn-nroth-4", "evidence_deadline = 10")
    at_codearts.write("pytest.ini", *region, *odd)

    ran = run(at_codearts, 3, target="US20261105123456")
    looked = at_codearts.command("remote", "list", "huawei")

    assert (75, 75) == (ran.status, looked.status)
    for said in (ran.out, looked.errors):
        assert "cn-nroth-4 is none of the regions that are known" in said
        assert "try cn-north-4" in said


@pytest.mark.parametrize("words", [["delete", "--all"], ["delete", "--attachment", "1"]])
def test_nothing_is_changed_by_a_title(
    at_codearts: Project, sandbox: Sandbox, words: list[str]
) -> None:
    """Another item may have the words by then; nothing is asked."""
    ended = at_codearts.command("remote", words[0], f"huawei={SCRUM}/~Pay", *words[1:], "--yes")

    assert 4 == ended.status
    assert "nothing is changed by a title - use the id that remote list shows" in ended.errors
    assert [] == sandbox.requests("huawei")
