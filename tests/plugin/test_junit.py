"""A JUnit report names the pieces of each test as they will be called, with their digests."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from .conftest import RunAndRead
from .conftest import Start


WORKERS = pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "-n2"])
SUITE = """
    import pytest
    pytestmark = pytest.mark.evidence(squash=12)

    def test_passes(evidence, record_property):
        record_property("own", "value")
        evidence.text("a", name="größe.txt")
        evidence.attach(b"b", name="shot.png")

    def test_fails(evidence): assert False

    @pytest.mark.evidence(when="failed")
    def test_unwanted(evidence): evidence.text("a")

    def test_nothing(): pass

    attempts = []

    @pytest.mark.flaky(reruns=1)
    def test_twice(evidence):
        attempts.append(1)
        evidence.text("x", name=f"{len(attempts)}.txt")
        assert len(attempts) == 2
"""
SQUASH = (
    "-oevidence_destinations=squash archive",
    "-oevidence_squash_url=http://127.0.0.1:9/squash",
)


def properties(path: Path) -> dict[str, list[tuple[str, str]]]:
    """Return the properties of each test in a report."""
    cases = ET.fromstring(path.read_bytes()).iter("testcase")
    return {
        case.attrib["name"]: [
            (found.attrib["name"], found.attrib["value"]) for found in case.iter("property")
        ]
        for case in cases
    }


@WORKERS
def test_names_and_digests(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, workers: tuple[str, ...]
) -> None:
    """Each piece has a property per target: its name there, its digest, the target."""
    run = run_and_read_spool(
        SUITE,
        *("--junitxml=out/junit.xml", "-ojunit_family=xunit1", "-p", "pytest_rerunfailures"),
        *SQUASH,
        *workers,
        mode="collect",
    )
    found = properties(pytester.path / "out" / "junit.xml")

    own, *ours = found["test_passes"]
    assert ("own", "value") == own
    assert ["evidence"] * 4 == [name for name, _ in ours]
    text, picture = run.pieces("test_passes")
    values = [value for _, value in ours]
    patterns = [
        rf"groe--[0-9a-f]{{12}}\.txt {text.digest} squash executions 12",
        rf"01-groe--[0-9a-f]{{12}}\.txt {text.digest} archive folder",
        rf"shot--[0-9a-f]{{12}}\.png {picture.digest} squash executions 12",
        rf"02-shot--[0-9a-f]{{12}}\.png {picture.digest} archive folder",
    ]
    assert sorted(patterns) == sorted(
        pattern for pattern in patterns if any(re.fullmatch(pattern, value) for value in values)
    )
    assert ["log"] * 2 == [
        re.sub(r"^(01-)?(\w+)--.*", r"\2", value) for _, value in found["test_fails"]
    ]
    assert [] == found["test_unwanted"] == found["test_nothing"]
    assert 2 == len([value for _, value in found["test_twice"] if "2--" in value])
    assert [] == [value for _, value in found["test_twice"] if "1--" in value and "01-1" in value]


@WORKERS
def test_the_archive_uses_these_names(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, workers: tuple[str, ...]
) -> None:
    """What the report says is what is found in the archive afterwards."""
    suite = "def test_it(evidence): evidence.text('a'); evidence.attach(b'b', name='b.png')"

    run_and_read_spool(suite, "--junitxml=junit.xml", *workers)

    said = {value.split()[0] for _, value in properties(pytester.path / "junit.xml")["test_it"]}
    there = {path.name for path in pytester.path.glob(".evidence/archive/*/data/*/*.*")}
    assert said == there - {"evidence.jsonl"}
    assert 2 == len(said)


def test_without_a_report(pytester: pytest.Pytester, start: Start) -> None:
    """Where no JUnit report is written, nothing is added to what other plugins see."""
    pytester.makeconftest("""
        def pytest_runtest_logreport(report):
            if report.when == "teardown":
                print("properties:", report.user_properties)
    """)

    result = start("def test_it(evidence): evidence.text('a')", "-s")

    result.stdout.fnmatch_lines(["*properties: []*"])
