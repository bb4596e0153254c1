"""Planted problems: `attach-evidence check` names each of them in words, and nothing else."""

from __future__ import annotations

import re
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
READS = re.compile(
    r"^workiva .*/oauth2/token$|^huawei .*/auth/tokens$|^huawei .*/issues/tree$|^rillsoft .*/login$"
)
PROBE = re.compile(r"POST .*/executions/0/attachments")


def suite(scene: Scene) -> str:
    """Return a test for each target, with a mark where the target is in no map."""
    lines = ["import pytest"]
    for number, (name, text) in enumerate(targets_of(scene)):
        if name not in scene.mapped:
            lines.append(f"@pytest.mark.evidence({name}={text!r})")
        lines.append(f"def test_{number}(): raise AssertionError")
    return "\n".join(lines)


def targets_of(scene: Scene) -> list[tuple[str, str]]:
    """Return destination and text of each target, in the order of the tests."""
    return [(name, text) for name, texts in scene.targets.items() for text in texts]


def map_of(scene: Scene) -> list[str]:
    """Return the lines of the map."""
    columns = EVERY.split()
    rows = [
        ",".join([f"test_it.py::test_{number}", *(text if name == one else "" for one in columns)])
        for number, (name, text) in enumerate(targets_of(scene))
        if name in scene.mapped
    ]
    return [",".join(["test", *columns]), *rows, *scene.rows]


def changing(sandbox: Sandbox) -> list[str]:
    """Return the requests that may have changed something: no GET, no login, no search."""
    asked = [one for one in sandbox.requests() if one.method not in ("GET", "HEAD")]
    return [
        f"{one.method} {one.path}"
        for one in asked
        if not (one.method == "POST" and READS.search(f"{one.system} {one.path}"))
    ]


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
    """One line for each, with a next step; nothing is changed, and no secret is shown.

    Of all requests only one may have changed something: the one that is documented to change nothing.
    """
    with Sandbox(tmp_path / "servers", switches=scene.switches) as sandbox:
        more = scene.prepare(sandbox)
        before = [file.id for file in sandbox.store.ledger()]
        project.variables.update({**sandbox.exports(), **scene.environ})
        options = {**sandbox.options(), **scene.options, **more, "evidence_stall": "2"}
        options |= {"evidence_map": "map.csv"} if scene.mapped else {}
        project.configure(EVERY, options)
        project.write("map.csv", *map_of(scene))
        project.write("test_it.py", suite(scene))

        ended = project.command("check")

        lines = lines_of(ended)
        named = {plant.what: telling(plant, lines) for plant in scene.plants}
        assert [] == [what for what, told in named.items() if len(told) != 1], ended.out
        assert sorted(lines) == sorted(line for told in named.values() for line in told)
        assert all(" - " in line for line in lines)
        assert scene.status == ended.status
        assert before == [file.id for file in sandbox.store.ledger()]
        assert len(changing(sandbox)) <= 1
        assert all(map(PROBE.fullmatch, changing(sandbox)))
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
