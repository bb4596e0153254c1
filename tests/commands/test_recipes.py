"""The recipes of `docs/ci.md`: what they deliver to the archive outlives the job."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from pytest_attach_evidence.sandbox import Sandbox

from .project import Project


PAGE = Path(__file__).parents[2] / "docs" / "ci.md"
PYTEST = "-m pytest -p attach-evidence -p no:cacheprovider"


def kept(job: str) -> list[str]:
    """Return the folders that the last upload of a job keeps."""
    paths = re.findall(r"^ +path: \|\n((?: +[\w/]+\n)+)|paths: \[(.*)\]", job, re.MULTILINE)
    return [name.strip("/") for name in re.split(r"[\s,]+", "".join(paths[-1])) if name]


@pytest.mark.parametrize(
    ("heading", "brought"),
    [("## One job", ""), ("GitHub Actions:", "shards/evidence-1"), ("GitLab CI, ", "spool")],
    ids=["one job", "GitHub", "GitLab"],
)
def test_the_archive_is_kept(project: Project, heading: str, brought: str) -> None:
    """Whatever the last job leaves in no artifact is gone; hidden folders are in none."""
    recipe = PAGE.read_text(encoding="utf-8").partition(heading)[2].partition("\n```\n")[0]
    recipe = f"{recipe}\n"
    (collect,) = re.findall(r"pytest (--evidence=.*?)(?: tests/.*)?\n", recipe)
    (push,) = re.findall(r"attach-evidence (push.*)", recipe)
    project.suite(pieces=2)

    session = project.in_shell(f"{{python}} {PYTEST} {collect}")
    if brought:
        (project.folder / brought).parent.mkdir(exist_ok=True)
        shutil.move(project.folder / "spool", project.folder / brought)
    pushed = project.in_shell(f"{{python}} -m pytest_attach_evidence {push}")
    for path in project.folder.iterdir():
        if path.is_dir() and path.name not in kept(recipe):
            shutil.rmtree(path)

    assert (0, 0) == (session.status, pushed.status), (session, pushed)
    assert "delivered=2 " in session.out + pushed.out
    assert 2 == len(list(project.folder.glob("archive/*/data/*/*.bin")))
    assert not any(name.startswith(".") for name in kept(recipe))


def test_only_the_accepted_night_reaches_a_place_that_fills_up(
    project: Project, sandbox: Sandbox
) -> None:
    """Two nights collect without a request; the second is pushed by the commands of the page."""
    recipe = PAGE.read_text(encoding="utf-8").partition("## Every night")[2].partition("\n## ")[0]
    (collect,) = re.findall(r"pytest (--evidence=.*)", recipe)
    commands = re.findall(r"^attach-evidence (\w+) (.*)$", recipe, re.MULTILINE)
    project.lead_to(sandbox, "huawei")
    project.suite("huawei", pieces=2)

    for night in ("first", "second"):
        assert 0 == project.in_shell(f"{{python}} {PYTEST} {collect}").status
        shutil.move(project.folder / "spool", project.folder / night)
    asked = len(sandbox.requests("huawei"))
    shutil.copytree(project.folder / "second", project.folder / "spool")
    ended = {
        name: project.in_shell(f"{{python}} -m pytest_attach_evidence {name} {words}")
        for name, words in commands
    }

    assert 0 == asked
    assert {"status": 0, "push": 0, "remote": 0} == {
        name: one.status for name, one in ended.items()
    }
    assert "2 deliveries are open" in ended["status"].out
    assert "2 of 100 attachments" in ended["remote"].out
    assert 2 == len(sandbox.store.files("huawei"))
