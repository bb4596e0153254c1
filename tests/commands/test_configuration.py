"""The commands obey the configuration of a project, and nothing else of the project acts."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_attach_evidence.model import Target

from .project import Project
from .project import waiting_run
from .project import words_of


CONFTEST = """
import os
print("conftest was imported")
raise SystemExit("conftest was imported")
"""
DECLARING = """
def pytest_addoption(parser):
    parser.addoption("--flavour")
    parser.addini("flavour", "what it tastes of")
"""


@pytest.mark.parametrize(
    ("lines", "conftest"),
    [
        (["addopts = --flavour=mint -x"], DECLARING),
        (["addopts = --strict-config", "flavour = mint"], DECLARING),
        (["strict_config = true", "flavour = mint"], DECLARING),
        (["filterwarnings = error", "flavour = mint"], DECLARING),
        (["addopts = -p no_such_plugin", "required_plugins = pytest-no-such"], CONFTEST),
        (["testpaths = nowhere", "addopts = --collect-only -q --help"], CONFTEST),
        (["console_output_style = progress", "log_cli = true", "addopts = -n 4"], CONFTEST),
    ],
    ids=["option", "strict", "strict ini", "warnings", "plugins", "paths", "noise"],
)
def test_what_a_project_does_for_its_tests_does_not_concern_a_push(
    project: Project, lines: list[str], conftest: str
) -> None:
    """Options of conftest, unknown ini keys, plugins and output settings neither stop nor show."""
    project.configure("archive", {}, *lines)
    project.write("conftest.py", conftest)
    waiting_run(project.spool, "a")

    done = project.command("push")

    assert (0, "") == (done.status, done.errors)
    assert (1, 1) == done.numbers("deliveries", "delivered")
    assert "conftest was imported" not in done.out
    assert {"conftest.py", "pytest.ini", ".evidence"} == _names(project)


@pytest.mark.parametrize("coverage", [True, False])
def test_coverage_is_neither_measured_nor_removed(project: Project, coverage: bool) -> None:
    """With pytest-cov loaded and `--cov` in addopts, a `.coverage` of the tests stays as it is."""
    project.configure("archive", {}, "addopts = --cov=. --cov-report=term --cov-append")
    if coverage:
        project.write(".coverage", "what the tests measured")
    waiting_run(project.spool, "a")
    before = _names(project)

    done = [
        project.command(*words, PYTEST_DISABLE_PLUGIN_AUTOLOAD="")
        for words in (["status"], ["push"], ["clean"])
    ]

    assert [0, 0, 0] == [one.status for one in done]
    assert before == _names(project)
    if coverage:
        assert "what the tests measured\n" == (project.folder / ".coverage").read_text()
    assert "1 waiting" in done[0].out
    assert (1,) == done[1].numbers("delivered")
    assert "1 run removed" in done[2].out


@pytest.mark.parametrize("how", ["-o", "next"])
def test_options_of_ours_in_addopts_hold_but_where_the_command_says_otherwise(
    project: Project, how: str
) -> None:
    """The spool is that of the tests; what a session was given for once its printed command repeats."""
    project.configure("archive", {}, "addopts = --evidence-dir=spool --evidence-archive-dir=there")
    project.write("test_it.py", "def test_it(evidence): evidence.text('a')")
    given = ["--evidence-archive-dir=kept"] if how == "next" else []
    done = project.pytest("-q", *given, mode="collect")

    words = words_of(done.next)[1:] if given else ["push", "-o", "evidence_archive_dir=kept"]
    pushed = project.command(*words)

    assert (0, 1) == (pushed.status, *pushed.numbers("delivered"))
    assert 1 == len(list((project.folder / "kept").glob("*/manifest-sha256.txt")))
    assert not (project.folder / "there").exists()


def test_the_words_for_pytest_in_the_environment_are_not_for_the_commands(
    project: Project,
) -> None:
    """PYTEST_ADDOPTS may hold what only the tests' pytest understands."""
    waiting_run(project.spool, "a")

    done = project.command("push", PYTEST_ADDOPTS="--cov=. --no-such-option")

    assert (0, "") == (done.status, done.errors)


@pytest.mark.parametrize("how", ["-c", "cwd", "cwd below", "pyproject", "-o", "--evidence-dir"])
def test_the_spool_is_found_as_pytest_finds_it(project: Project, how: str) -> None:
    """The ini in a subfolder, the folder one stands in, and options lead to the same run."""
    (project.folder / "pytest.ini").unlink()
    spool = "sub/kept" if how in ("-c", "cwd", "cwd below") else "kept"
    ini = ["[pytest]", "evidence_dir = kept"]
    words: list[str] = []
    here = project.folder
    if how in ("-c", "cwd", "cwd below"):
        project.write("sub/pytest.ini", *ini)
        words = ["-c", "sub/pytest.ini"] if how == "-c" else []
        here = here if how == "-c" else here / "sub" / ("deep" if "below" in how else "")
        here.mkdir(exist_ok=True)
    elif how == "pyproject":
        project.write("pyproject.toml", "[tool.pytest.ini_options]", 'evidence_dir = "kept"')
    else:
        project.write("pytest.ini", "[pytest]")
        words = ["-o", "evidence_dir=kept"] if how == "-o" else ["--evidence-dir", "kept"]
    run = waiting_run(project.folder / spool, "a")

    done = project.command("status", *words, cwd=here)

    assert (0, "") == (done.status, done.errors)
    assert done.out.startswith(f"{run.id}  1 piece (1 B)  1 waiting\n")


def test_a_rootdir_leads_to_the_spool_of_a_project_without_ini(project: Project) -> None:
    """`--rootdir` from anywhere."""
    (project.folder / "pytest.ini").unlink()
    run = waiting_run(project.spool, "a")
    elsewhere = project.folder.parent / "elsewhere"
    elsewhere.mkdir()

    done = project.command("status", "--rootdir", str(project.folder), cwd=elsewhere)

    assert run.id in done.out


def test_an_option_for_once_wins_over_the_ini(project: Project) -> None:
    """`-o` may change where evidence goes; the archive is where it says."""
    waiting_run(project.spool, "a")

    project.command("push", "-o", "evidence_archive_dir=other place")

    assert 1 == len(list((project.folder / "other place").glob("*/manifest-sha256.txt")))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["evidence_destinations = nowhere"], "nowhere"),
        (["evidence_destinations = squash"], "evidence_squash_url"),
        (["evidence_deadline = soon"], "evidence_deadline"),
    ],
)
def test_a_wrong_configuration_is_said_before_anything_is_sent(
    project: Project, lines: list[str], said: str
) -> None:
    """One line per problem on standard error, and 78; `status` does not need it to be right."""
    project.write("pytest.ini", "[pytest]", *lines)
    waiting_run(project.spool, "a")

    done = project.command("push")

    assert 78 == done.status
    assert all(line.startswith("ERROR: ") for line in done.errors.splitlines())
    assert said in done.errors
    assert "1 waiting" in project.command("status").out


def test_an_ini_that_pytest_refuses_ends_with_78(project: Project) -> None:
    """Pytest says itself what is wrong with it."""
    project.write("pytest.ini", "[pytest", "evidence = off")

    done = project.command("push")

    assert 78 == done.status
    assert "pytest.ini" in done.errors
    assert "Traceback" not in done.errors


class TestNext:
    """The command that a run prints leads back to the same configuration from anywhere."""

    def test_it_repeats_file_options_and_flags(self, project: Project) -> None:
        """What was given for this run only counts for its delivery too."""
        project.write("sub/pytest.ini", "[pytest]", "evidence_destinations = squash")
        project.write("test_it.py", "def test_it(evidence): evidence.text('a')")
        words = ["-c", "sub/pytest.ini", "-o", "evidence_destinations=archive"]

        done = project.pytest(*words, "--evidence-archive-dir", "kept", "-q", mode="collect")

        begin = ["attach-evidence", "push", "-c", str(project.folder / "sub" / "pytest.ini")]
        archive = f"evidence_archive_dir={project.folder / 'kept'}"
        options = ["-o", "evidence_destinations=archive", "-o", archive]
        spool = ["--evidence-dir", str(project.folder / "sub" / ".evidence")]
        assert [*begin, *options, *spool] == words_of(done.next)[:-1]
        assert 0 == project.shell(done.next, cwd=project.folder.parent).status
        assert 1 == len(list((project.folder / "kept").glob("*/manifest-sha256.txt")))

    def test_a_project_without_ini_is_found_again(self, project: Project) -> None:
        """The root that pytest had is named, since the archive lies below it."""
        (project.folder / "pytest.ini").unlink()
        project.write("test_it.py", "def test_it(evidence): evidence.text('a')")
        done = project.pytest("-q", mode="collect")

        pushed = project.shell(done.next, cwd=project.folder.parent)

        assert 0 == pushed.status
        assert 1 == len(list((project.spool / "archive").glob("*/manifest-sha256.txt")))

    @pytest.mark.parametrize("name", ["it's here", "a b", "$HOME", "ünï"])
    def test_it_can_be_pasted_whatever_the_folder_is_called(
        self, project: Project, name: str
    ) -> None:
        """Blanks, quotes and dollar signs are quoted for the shell, inside the double quotes."""
        folder = project.folder / name
        folder.mkdir()
        (project.folder / "pytest.ini").rename(folder / "pytest.ini")
        run = waiting_run(folder / ".evidence", "a")
        blob = next((run.path / "blobs").iterdir())
        content = blob.read_bytes()
        blob.write_bytes(b"damaged")
        done = project.command("push", cwd=folder)
        blob.write_bytes(content)

        pushed = project.shell(done.next, cwd=project.folder)

        assert (65, 0) == (done.status, pushed.status)
        assert (1,) == pushed.numbers("delivered")


PLUGIN = """
import pathlib
import pytest
from pytest_attach_evidence.destinations.archive import Archive

class Shelf(Archive):
    name = "shelf"

    def __init__(self, settings, secrets, budget):
        super().__init__(settings, secrets, budget)
        self._folder = pathlib.Path(settings.of("shelf")["path"])

    def parse(self, text):
        from pytest_attach_evidence import Target
        return Target.of("shelf", "", "board", str(text))

def pytest_addoption(parser):
    parser.addini("evidence_shelf_path", "where")
    parser.addoption("--evidence-shelf-path", dest="evidence_shelf_path", default=None)

@pytest.hookimpl(optionalhook=True)
def pytest_evidence_destinations():
    return {"shelf": Shelf}
"""


@pytest.mark.parametrize("how", ["itself", "through another", "in addopts"])
def test_next_repeats_the_plugins_that_define_destinations(
    project: Project, tmp_path: Path, how: str
) -> None:
    """And their flags, so that the command delivers from anywhere; others are not repeated."""
    project.write("shelving.py", PLUGIN)
    project.write("leading.py", "pytest_plugins = ['shelving']")
    project.write("harmless.py", "")
    named = "leading" if how == "through another" else "shelving"
    added = [f"addopts = -p {named}"] if how == "in addopts" else []
    project.configure("shelf", {}, *added)
    lines = ["import pytest", "@pytest.mark.evidence(shelf=3)"]
    project.write("test_it.py", *lines, "def test_it(evidence): evidence.text('a')")
    words = ["-p", "harmless", *([] if added else ["-p", named])]
    shelf = tmp_path / "a shelf"

    done = project.pytest(*words, f"--evidence-shelf-path={shelf}", "-q", mode="collect")
    pushed = project.shell(done.next, cwd=tmp_path)

    given = words_of(done.next)
    assert ["-o", f"evidence_shelf_path={shelf}", "-p", named] == given[4:8]
    assert 1 == given.count("-p")
    assert (0, 1) == (pushed.status, *pushed.numbers("delivered")), pushed.errors
    assert 1 == len(list(shelf.glob("*/manifest-sha256.txt")))


def test_next_of_a_push_repeats_them_too(project: Project, tmp_path: Path) -> None:
    """What was damaged and is whole again is delivered by the line that the push printed."""
    project.write("shelving.py", PLUGIN)
    project.configure("shelf", {"evidence_shelf_path": str(tmp_path / "shelf")})
    run = waiting_run(project.spool, "a", target=Target.of("shelf", "", "board", "3"))
    blob = next((run.path / "blobs").iterdir())
    blob.rename(tmp_path / "blob")

    done = project.command("push", "-p", "shelving")
    (tmp_path / "blob").rename(blob)
    pushed = project.shell(done.next, cwd=tmp_path)

    assert (65, 0) == (done.status, pushed.status)
    assert ["-p", "shelving"] == words_of(done.next)[4:6]


def test_next_names_a_root_that_the_ini_alone_does_not_tell(project: Project) -> None:
    """Node ids are relative to it, and a later collection has to find the same tests."""
    project.write("sub/pytest.ini", "[pytest]")
    project.write("test_it.py", "def test_it(evidence): evidence.text('a')")

    done = project.pytest("-c", "sub/pytest.ini", "--rootdir=.", "-q", mode="collect")

    ini = str(project.folder / "sub" / "pytest.ini")
    assert ["-c", ini, "--rootdir", str(project.folder)] == words_of(done.next)[2:6]


def _names(project: Project) -> set[str]:
    return {path.name for path in project.folder.iterdir()}


@pytest.mark.parametrize("how", ["ini", "-o"])
def test_a_home_that_nobody_knows(project: Project, how: str) -> None:
    """A wrong configuration like any other, for the session and for each command: one line that names it."""
    project.write("other.ini", "[pytest]", "evidence_dir = ~nosuch/x")
    words = ("-o", "evidence_dir=~nosuch/x") if how == "-o" else ("-c", "other.ini")

    session = project.pytest(*words)
    commands = [project.command(name, *words) for name in ("status", "push", "clean")]

    line = (
        "ERROR: evidence_dir is '~nosuch/x', and nobody knows of such a home - write the whole path"
    )
    assert (4, [line]) == (session.status, session.errors.splitlines()[:1])
    assert [(78, "", f"{line}\n")] * 3 == [(c.status, c.out, c.errors) for c in commands]
    assert 5 == project.pytest(*words, mode="off").status
