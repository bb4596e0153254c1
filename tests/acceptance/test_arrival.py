"""What tests attach arrives byte for byte, under its name and key, on the object that was mapped."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

import pytest

from .. import peak
from . import vendors
from .conftest import Project


SUITE = """
import pytest
import unittest
import pytest_attach_evidence


def content(number):
    return bytes((place * 7 + number) % 256 for place in range(1000 + number))


@pytest.mark.evidence(squash="TC-12", workiva="f1/p1", huawei="956239067176935400", rillsoft="4711")
def test_plain(evidence, tmp_path):
    path = tmp_path / "trace ü.bin"
    path.write_bytes(content(1))
    evidence.attach(path)
    evidence.attach(content(2), name="shot.png")
    evidence.text("h\\u00e4llo", name="notes.txt")


@pytest.fixture
def broken(evidence):
    evidence.attach(content(3), name="before.bin")
    raise RuntimeError("the setup fails")


@pytest.mark.evidence(squash="TC-13", workiva="f1/p1/m1", huawei="Task20261105123457", rillsoft="4712")
def test_setup(broken):
    pass


@pytest.mark.evidence(squash="TC-14", workiva="f1/p1/m1/s1", huawei="956239067176935402", rillsoft="4713")
class TestClass:
    other = pytest.mark.evidence(squash="TC-15", workiva="f1/p1/m1/s2", rillsoft="4714")

    @pytest.mark.parametrize("number", [10, pytest.param(11, marks=other)])
    def test_parameter(self, evidence, number):
        evidence.attach(content(number), name=f"parameter-{number}.bin")


@pytest.mark.evidence(squash="TC-16", workiva="f1/p2", huawei="1956239067176935404", rillsoft="4715")
class TestUnit(unittest.TestCase):
    def test_unit(self):
        pytest_attach_evidence.attach(content(20), name="unit.bin")
"""
KEY = re.compile(r"--[0-9a-f]{12}\.")
ALL = "squash workiva huawei rillsoft archive"


def content(number: int) -> bytes:
    """Return what the suite makes of a number."""
    return bytes((place * 7 + number) % 256 for place in range(1000 + number))


PLAIN = {"trace-u": content(1), "shot": content(2), "notes": "hällo".encode()}
SETUP = {"before": content(3)}
TEN, ELEVEN = {"parameter-10": content(10)}, {"parameter-11": content(11)}
UNIT = {"unit": content(20)}


def arrived(files: vendors.Files) -> dict[str, str]:
    """Return the SHA-256 of each file by the stem of its name; the names carry different keys."""
    keys = [KEY.search(name) for name, _ in files]
    assert all(keys), files
    assert len({key[0] for key in keys if key}) == len(files)
    return {name.partition("--")[0]: hashlib.sha256(bytes_).hexdigest() for name, bytes_ in files}


def attached(*parts: dict[str, bytes]) -> dict[str, str]:
    """Return the same for what the tests attached."""
    joined = {name: bytes_ for part in parts for name, bytes_ in part.items()}
    return {name: hashlib.sha256(bytes_).hexdigest() for name, bytes_ in joined.items()}


def check_squash(project: Project) -> None:
    """Check the executions of the five test cases: their files and their status."""
    wanted = {"TC-12": PLAIN, "TC-13": SETUP, "TC-14": TEN, "TC-15": ELEVEN, "TC-16": UNIT}
    for reference, parts in wanted.items():
        assert attached(parts) == arrived(vendors.squash(project.sandbox, reference))
        status = "FAILURE" if reference == "TC-13" else "SUCCESS"
        assert [status] == vendors.squash_status(project.sandbox, reference)


def check_workiva(project: Project) -> None:
    """Check phases, matrix and samples."""
    form = "/testForms/f1/testPhases"
    wanted = {
        f"{form}/p1": PLAIN,
        f"{form}/p1/matrices/m1": SETUP,
        f"{form}/p1/matrices/m1/samples/s1": TEN,
        f"{form}/p1/matrices/m1/samples/s2": ELEVEN,
        f"{form}/p2": UNIT,
    }
    for path, parts in wanted.items():
        assert attached(parts) == arrived(vendors.workiva(project.sandbox, path))


def check_huawei(project: Project) -> None:
    """Check the work items, one of them named by its number."""
    wanted = {
        "956239067176935400": PLAIN,
        "956239067176935401": SETUP,
        "956239067176935402": {**TEN, **ELEVEN},
        "1956239067176935404": UNIT,
    }
    for item, parts in wanted.items():
        assert attached(parts) == arrived(vendors.huawei(project.sandbox, item))


def check_rillsoft(project: Project) -> None:
    """Check the records; the first holds a zip of three pieces."""
    wanted = {"4711": PLAIN, "4712": SETUP, "4713": TEN, "4714": ELEVEN, "4715": UNIT}
    for id, parts in wanted.items():
        assert attached(parts) == arrived(vendors.rillsoft(project.sandbox, id))


def check_archive(project: Project) -> None:
    """Check the folders of all five tests."""
    wanted = {
        "test_plain": PLAIN,
        "test_setup": SETUP,
        "test_unit": UNIT,
        "test_parameter": {**TEN, **ELEVEN},
    }
    for test, parts in wanted.items():
        assert attached(parts) == arrived(vendors.archive(project.folder, test))


CHECKS = {
    "squash": check_squash,
    "workiva": check_workiva,
    "huawei": check_huawei,
    "rillsoft": check_rillsoft,
    "archive": check_archive,
}


def verify(project: Project, destinations: Iterable[str], words: tuple[str, ...]) -> None:
    """Run the suite for some destinations and read everything back."""
    destinations = list(destinations)
    (project.folder / "test_suite.py").write_text(SUITE, encoding="utf-8")

    ended = project.run(" ".join(destinations), *words)

    assert 1 == ended.status  # the suite has a failing setup, and nothing of ours hides that
    assert 7 == ended.counts["pieces"]
    assert 7 * len(destinations) == ended.counts["deliveries"] == ended.counts["delivered"]
    for destination in destinations:
        CHECKS[destination](project)


@pytest.mark.parametrize("words", [(), ("-n2",)], ids=["one process", "two workers"])
@pytest.mark.parametrize("destination", CHECKS)
def test_one_destination(project: Project, destination: str, words: tuple[str, ...]) -> None:
    """With each destination by itself the vendor gives back exactly what the tests attached."""
    verify(project, [destination], words)


@pytest.mark.parametrize("words", [(), ("-n2",)], ids=["one process", "two workers"])
def test_all_destinations(project: Project, words: tuple[str, ...]) -> None:
    """With all five at once each of them gives back exactly what the tests attached."""
    verify(project, CHECKS, words)


def test_one_gibibyte_needs_no_memory(project: Project) -> None:
    """Attaching and uploading 1 GiB adds at most 32 MiB to the process."""
    suite = """
import pytest


@pytest.mark.evidence(squash="TC-12", workiva="f1/p1")
def test_big(evidence, tmp_path):
    path = tmp_path / "big.bin"
    with path.open("wb") as file:
        file.truncate({size})
    assert evidence.attach(path) is not None
"""
    measuring = f"{peak.SOURCE}\ndef pytest_unconfigure(): print('PEAK', peak_kib())\n"
    (project.folder / "conftest.py").write_text(measuring, encoding="utf-8")
    peaks = []
    for size in (1000, 2**30):
        (project.folder / "test_suite.py").write_text(suite.format(size=size), encoding="utf-8")
        words = (
            "--evidence-max-size=2G",
            "-p",
            "no:cacheprovider",
            "-o",
            "tmp_path_retention_policy=none",
        )
        ended = project.run("squash workiva", *words)
        assert 2 == ended.counts["delivered"]
        peaks.append(int(ended.output.rpartition("PEAK ")[2].split()[0]))

    assert peaks[1] - peaks[0] < 32 * 1024
