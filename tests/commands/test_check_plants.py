"""Planted problems: `attach-evidence check` names each of them in words, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from pytest_attach_evidence.sandbox import Sandbox
from tests.campaign.faults.front import Front
from tests.campaign.faults.front import certified

from .plants import EVERY
from .plants import GOOD
from .plants import SCENES
from .plants import Plant
from .plants import Scene
from .project import Ended
from .project import Project


FEWEST = 30


def suite(scene: Scene) -> str:
    """Return a test for each target."""
    texts = [(name, text) for name, all_ in scene.targets.items() for text in all_]
    tests = [
        f"@pytest.mark.evidence({name}={text!r})\ndef test_{number}(): raise AssertionError\n"
        for number, (name, text) in enumerate(texts)
    ]
    return "import pytest\n" + "".join(tests)


def lines_of(ended: Ended) -> list[str]:
    """Return the lines that tell of something wrong."""
    return [line for line in ended.out.split("\n") if line.startswith(("problem: ", "warning: "))]


def telling(plant: Plant, lines: list[str]) -> list[str]:
    """Return the lines that tell of a plant."""
    own = [line for line in lines if line.startswith(f"{plant.severity}: ")]
    return [line for line in own if all(words in line for words in plant.told)]


def test_there_are_enough() -> None:
    """At least thirty problems are planted, over all four systems."""
    assert FEWEST <= sum(len(scene.plants) for scene in SCENES)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_each_is_named_and_nothing_else(scene: Scene, project: Project, tmp_path: Path) -> None:
    """One line for each, with a next step; nothing is changed, and no secret is shown."""
    with Sandbox(tmp_path / "servers", switches=scene.switches) as sandbox:
        more = scene.prepare(sandbox)
        before = [file.id for file in sandbox.store.ledger()]
        project.variables.update({**sandbox.exports(), **scene.environ})
        options = {**sandbox.options(), **scene.options, **more, "evidence_stall": "2"}
        project.configure(EVERY, options)
        project.write("test_it.py", suite(scene))

        ended = project.command("check")

        lines = lines_of(ended)
        named = {plant.what: telling(plant, lines) for plant in scene.plants}
        assert [] == [what for what, told in named.items() if len(told) != 1], ended.out
        assert sorted(lines) == sorted(line for told in named.values() for line in told)
        assert all(" - " in line for line in lines)
        assert scene.status == ended.status
        assert before == [file.id for file in sandbox.store.ledger()]
        assert [] == sandbox.crashes
        assert "made-up" not in ended.out.replace("made-up-and", "")


@pytest.mark.parametrize(
    ("expired", "told"),
    [(False, "evidence_ca_bundle"), (True, "set the clock of this machine")],
)
def test_a_certificate_that_is_refused(
    project: Project, sandbox: Sandbox, expired: bool, told: str
) -> None:
    """An authority that nobody knows, and a certificate of long ago."""
    authority = trustme.CA()
    bundle = project.folder / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    front = Front(behaviour=lambda connection: None)
    port = int(sandbox.roots["squash"].partition("127.0.0.1:")[2].partition("/")[0])
    front.behaviour = front.secured(certified(authority, "127.0.0.1", expired=expired), port)
    with front.serving():
        options = {
            **sandbox.options(),
            "evidence_squash_url": f"https://127.0.0.1:{front.port}/squash",
        }
        options |= {"evidence_ca_bundle": str(bundle)} if expired else {}
        project.variables.update(sandbox.exports())
        project.configure("squash", options)
        project.write("test_it.py", suite(Scene(name="tls", plants=(), status=0)))

        ended = project.command("check")

    [line] = lines_of(ended)
    assert "the certificate of 127.0.0.1 was refused" in line
    assert told in line
    assert 78 == ended.status
    assert GOOD["squash"] in ended.out
