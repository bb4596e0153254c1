"""`attach-evidence push`: which runs it delivers, together or alone, and what it ends with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytest_attach_evidence.model import Target
from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.spool import Spool

from .project import TARGETS
from .project import Project
from .project import commits
from .project import wait_until
from .project import waiting_run


VARIABLES = {
    "squash": "PYTEST_EVIDENCE_SQUASH_TOKEN",
    "workiva": "PYTEST_EVIDENCE_WORKIVA_CLIENT_SECRET",
    "huawei": "PYTEST_EVIDENCE_HUAWEI_SECRET_KEY",
    "rillsoft": "PYTEST_EVIDENCE_RILLSOFT_TOKEN",
}


class TestRuns:
    """RUN: an id, a folder, several, none."""

    @pytest.mark.parametrize("how", ["id", "absolute", "relative", "twice"])
    def test_a_run_is_named_by_id_or_folder(self, project: Project, how: str) -> None:
        """Only that run is delivered; the other waits."""
        first, other = waiting_run(project.spool, "a"), waiting_run(project.spool, "b")
        names = {
            "id": [first.id],
            "absolute": [str(first.path)],
            "relative": [f".evidence/{first.id}"],
            "twice": [first.id, str(first.path)],
        }

        done = project.command("push", *names[how])

        assert 0 == done.status
        assert (1, 1) == done.numbers("deliveries", "delivered")
        assert (1, 0) == (len(first.read().receipts), len(other.read().receipts))

    def test_a_run_may_lie_anywhere(self, project: Project, tmp_path: Path) -> None:
        """A folder that CI brought from another machine; `next=` names it so that it is found."""
        run = waiting_run(tmp_path / "brought", "a")
        blob = next((run.path / "blobs").iterdir())
        content = blob.read_bytes()
        blob.unlink()

        done = project.command("push", str(run.path))
        blob.write_bytes(content)
        pushed = project.shell(done.next, cwd=tmp_path)

        assert (65, 0) == (done.status, pushed.status)
        assert (1,) == pushed.numbers("delivered")

    def test_an_unknown_run_is_said(self, project: Project) -> None:
        """With what there is and where, 4; nothing else is delivered either."""
        run = waiting_run(project.spool, "a")

        done = project.command("push", run.id, "20200101T000000Z-00000000")

        assert (4, "") == (done.status, done.out)
        assert f"1 run in {project.spool}" in done.errors
        assert {} == run.read().receipts

    def test_without_a_name_every_open_run_is_delivered_by_itself(self, project: Project) -> None:
        """Each has its own summary and its last line."""
        for content in ("a", "b"):
            waiting_run(project.spool, content)

        done = project.command("push")

        assert 0 == done.status
        assert 2 == done.out.count("evidence: pieces=1 deliveries=1 delivered=1 ")
        assert "nothing waits\n" == project.command("push").out

    def test_an_empty_spool_has_nothing_that_waits(self, project: Project) -> None:
        """Also where there is no folder yet; none is created."""
        done = project.command("push")

        assert (0, "nothing waits\n", "") == (done.status, done.out, done.errors)
        assert not project.spool.exists()


@pytest.mark.parametrize("command", ["push", "status", "clean"])
def test_a_name_that_is_no_run_is_a_wrong_argument(project: Project, command: str) -> None:
    """4 from each command, in one line, whether there are runs or not."""
    done = project.command(command, "nonexist")

    assert (4, "") == (done.status, done.out)
    assert [f"ERROR: no run 'nonexist': {project.spool} holds no run"] == [
        line.partition(" - ")[0] for line in done.errors.splitlines()
    ]


class TestGroups:
    """Runs named together are shards of one pipeline."""

    @pytest.mark.parametrize("together", [True, False])
    def test_shards_share_one_new_execution(
        self, project: Project, sandbox: Sandbox, together: bool
    ) -> None:
        """Named together they get one execution of the test case, each by itself gets its own."""
        project.lead_to(sandbox, "squash")
        target = Target.of(
            "squash", sandbox.roots["squash"], "reference", TARGETS["squash"], iteration="4"
        )
        runs = [waiting_run(project.spool, content, target=target) for content in ("a", "b")]

        done = project.command("push", *([run.id for run in runs] if together else []))

        assert 0 == done.status, done.out
        assert {1} == set(commits(sandbox, "squash").values())
        assert 2 == len(commits(sandbox, "squash"))
        created = [
            one
            for one in sandbox.requests("squash")
            if one.method == "POST" and one.path.endswith("/executions")
        ]
        assert (1 if together else 2) == len(created)
        assert len(created) == len({file.object for file in sandbox.store.files("squash")})

    def test_the_last_line_names_all_runs(self, project: Project) -> None:
        """One summary for the group."""
        runs = [waiting_run(project.spool, content) for content in ("a", "b")]

        done = project.command("push", *(run.id for run in runs))

        assert (2, 2, 2) == done.numbers("pieces", "deliveries", "delivered")
        assert f" run={runs[0].id},{runs[1].id} " in done.out


class TestAtOnce:
    """Processes that want the same run."""

    def test_a_run_in_use_is_skipped(self, project: Project) -> None:
        """A push beside a running session says so, delivers the other runs, and ends with 75."""
        other = waiting_run(project.spool, "a")
        project.write(
            "test_it.py",
            "import pathlib, time",
            "def test_it(evidence):",
            "    evidence.text('b')",
            "    while not pathlib.Path('go').exists():",
            "        time.sleep(0.01)",
        )
        session = project.start("-q")
        wait_until(lambda: list(project.spool.glob("*/journals/*.jsonl"))[1:])
        running = next(run for run in Spool(project.spool).runs() if run.id != other.id)

        pushed = project.command("push")
        named = project.command("push", running.id)
        told = project.command("status")
        (project.folder / "go").touch()
        session.communicate(timeout=60)

        assert f"skipped: run {running.id} is being used by another process" in pushed.out
        assert (75, 75, 0) == (pushed.status, named.status, session.returncode)
        assert (1, 1) == (len(other.read().receipts), len(running.read().receipts))
        assert f"{running.id}  1 piece (1 B)  1 waiting  in use" in told.out

    def test_two_pushes_send_everything_once(self, project: Project, sandbox: Sandbox) -> None:
        """The second finds the run in use or finds nothing that waits."""
        project.lead_to(sandbox, "huawei")
        origin = sandbox.options()["evidence_huawei_url"]
        target = Target.of(
            "huawei",
            origin,
            "work-item",
            TARGETS["huawei"],
            project=sandbox.options()["evidence_huawei_project"],
        )
        waiting_run(project.spool, "a", "b", "c", target=target)
        sandbox.faults.add("slow", system="huawei", method="POST", path="upload", seconds=2)

        first = project.start_command("push")
        wait_until(lambda: not sandbox.faults.waiting())
        second = project.command("push")
        out, errors = first.communicate(timeout=60)

        assert 0 == first.returncode, out + errors
        assert {75: "skipped", 0: "nothing waits"}[second.status] in second.out
        assert [1, 1, 1] == list(commits(sandbox, "huawei").values())


class TestCredentials:
    """Secrets that are missing or wrong."""

    @pytest.mark.parametrize("system", list(VARIABLES))
    def test_a_missing_secret_is_named(
        self, project: Project, sandbox: Sandbox, system: str
    ) -> None:
        """78, before any request; `status` and `clean` need none."""
        project.lead_to(sandbox, system)
        waiting_run(project.spool, "a")

        done = project.command("push", **{VARIABLES[system]: ""})

        assert 78 == done.status
        assert VARIABLES[system] in done.errors
        assert [] == sandbox.requests()

    def test_wrong_secrets_cost_one_request_each(self, project: Project, sandbox: Sandbox) -> None:
        """77; each destination was asked exactly once, the archive has all, and the rest waits."""
        project.lead_to(sandbox, "squash workiva huawei rillsoft archive", "evidence_parallel = 4")
        project.suite(*TARGETS, pieces=3)
        assert 0 == project.pytest("-q", mode="collect").status

        done = project.command("push", **dict.fromkeys(VARIABLES.values(), "wr0ng-secret"))

        assert 77 == done.status
        assert dict.fromkeys(TARGETS, 1) == {name: len(sandbox.requests(name)) for name in TARGETS}
        assert (3, 12) == done.numbers("delivered", "waiting")
        assert 4 == done.out.count("\nclosed: ")
        assert "wr0ng-secret" not in done.out + done.errors
        assert b"wr0ng-secret" not in b"".join(
            path.read_bytes() for path in project.spool.rglob("*") if path.is_file()
        )


class TestTrouble:
    """A spool that is not what it should be."""

    def test_a_run_that_cannot_be_written_is_said(self, project: Project) -> None:
        """74 and one line, without a traceback; the other runs are delivered."""
        broken, sound = waiting_run(project.spool, "a"), waiting_run(project.spool, "b")
        shutil.rmtree(broken.path / "deliveries")
        (broken.path / "lock").unlink()
        (broken.path / "lock").mkdir()

        done = project.command("push")

        assert 74 == done.status
        assert [f"ERROR: run {broken.id}"] == [
            line.partition(" cannot")[0] for line in done.errors.splitlines()
        ]
        assert 1 == len(sound.read().receipts)

    def test_a_spool_that_is_a_file_is_said(self, project: Project) -> None:
        """74 and one line from each command."""
        project.spool.write_text("not a folder")

        for name in ("push", "status", "clean"):
            done = project.command(name)
            assert (74, 1) == (done.status, len(done.errors.splitlines())), done.errors


class TestArguments:
    """Words that no command knows."""

    @pytest.mark.parametrize("words", [[], ["fly"], ["push", "--fly"], ["--fly"], ["--"]])
    def test_wrong_arguments_end_with_4(self, project: Project, words: list[str]) -> None:
        """As the help says; 2 means something else in pytest."""
        done = project.command(*words)

        assert 4 == done.status
        assert "usage: attach-evidence" in done.out + done.errors

    @pytest.mark.parametrize("words", [["--help"], ["--version"], ["push", "--help"]])
    def test_asking_for_help_is_no_error(self, project: Project, words: list[str]) -> None:
        """It reads no ini."""
        project.write("pytest.ini", "[pytest")

        done = project.command(*words)

        assert (0, "") == (done.status, done.errors)


def test_shards_are_cleaned_together(project: Project) -> None:
    """One that is delivered stays while another is open: its pieces may have to be sent with those."""
    first, second = waiting_run(project.spool, "a"), waiting_run(project.spool, "b")
    blob = next((second.path / "blobs").iterdir())
    content = blob.read_bytes()
    blob.unlink()
    pushed = project.command("push", first.id, second.id)
    early = project.command("clean")
    blob.write_bytes(content)
    again = project.command("push", first.id, second.id)

    cleaned = project.command("clean")

    assert (65, 0) == (pushed.status, again.status)
    assert "0 runs removed, 2 stay\n" == early.out
    assert "2 runs removed, 0 stay\n" == cleaned.out


def test_receipts_that_cannot_be_read(project: Project, sandbox: Sandbox) -> None:
    """Where the record of what was delivered is damaged, everything is looked up, nothing is doubled."""
    project.lead_to(sandbox, "huawei")
    project.suite("huawei", pieces=3)
    assert 0 == project.pytest("-q").status
    (log,) = project.spool.glob("*/deliveries/*.jsonl")
    log.write_bytes(log.read_bytes().replace(b'"v":1,', b'"v":2,'))

    pushed = project.command("push")

    assert (65, 3, 0) == (pushed.status, *pushed.numbers("found", "delivered"))
    assert [1, 1, 1] == list(commits(sandbox, "huawei").values())


def test_a_spool_that_is_not_there(project: Project) -> None:
    """A mistyped spool is an error, not a success."""
    pushed = project.command("push", "--evidence-dir", str(project.folder / "nowhere"))

    assert 4 == pushed.status


def test_a_delivered_run_that_somebody_uses_keeps_nobody_waiting(project: Project) -> None:
    """Nothing of it waits, so that it is no reason to come again later; an open one is."""
    run = waiting_run(project.spool, "content")
    with run.locked():
        open_one = project.command("push")
    assert 0 == project.command("push").status

    with run.locked():
        delivered = project.command("push")

    assert (75, True) == (open_one.status, "skipped:" in open_one.out)
    assert (0, "nothing waits\n") == (delivered.status, delivered.out)
