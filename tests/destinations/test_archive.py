"""The archive: every piece under a readable name, and a list that other tools check it by."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bagit
import pytest

from pytest_attach_evidence.destinations import base
from pytest_attach_evidence.destinations.archive import Archive
from pytest_attach_evidence.errors import DestinationClosedError
from pytest_attach_evidence.errors import PermanentError
from pytest_attach_evidence.errors import TargetError
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import Evidence
from pytest_attach_evidence.model import Item
from pytest_attach_evidence.model import Receipt
from pytest_attach_evidence.model import key_of
from pytest_attach_evidence.naming import keys_in
from pytest_attach_evidence.retry import Budget
from pytest_attach_evidence.secrets import Secrets
from pytest_attach_evidence.settings import Settings
from pytest_attach_evidence.spool import disk

from .scene import MemoryNotes


NODEID = "tests/shop/test_login.py::TestLogin::test_it[a/b-ü]"
NAMES = [
    "größe ü.png",
    'a "q" name.txt',
    "x" * 300 + ".png",
    "none",
    ".env",
    "a\\b",
    "テスト.json",
    "-rf",
]


class Scene:
    """An archive in a folder, and pieces to put into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "archive"
        self.archive = Archive(Settings(archive_dir=self.folder), Secrets({}), Budget.lasting(30))
        self.contents: dict[str, bytes] = {}

    @property
    def run(self) -> Path:
        """The folder of the run."""
        return self.folder / "20260501T120000Z-0a1b2c3d"

    def pieces(
        self, *contents: tuple[str, bytes], nodeid: str = NODEID, rerun: int = 0
    ) -> list[Delivery]:
        """Return deliveries of one item, by name and bytes."""
        id = f"j1-{hashlib.sha256(nodeid.encode()).hexdigest()[:4]}{rerun}"
        owner = Item(id=id, run_id=self.run.name, nodeid=nodeid, rerun=rerun)
        return [self._piece(owner, seq, *pair) for seq, pair in enumerate(contents, 1)]

    def deliver(self, pieces: list[Delivery]) -> base.Results:
        """Deliver pieces in one call."""
        target = self.archive.parse("")
        return self.archive.deliver(target, pieces, self.open_content, MemoryNotes())

    def open_content(self, evidence: Evidence) -> io.BytesIO:
        """Open the bytes of a piece."""
        return io.BytesIO(self.contents[evidence.id])

    def stored(self) -> Mapping[str, str]:
        """Return the SHA-256 of every file in the run's data, by path."""
        return {
            path.relative_to(self.run).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.run.rglob("data/**/*")
            if path.is_file()
        }

    def index(self) -> list[dict[str, Any]]:
        """Return the facts of all files."""
        text = (self.run / "index.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.split("\n")[:-1]]

    def _piece(self, owner: Item, seq: int, name: str, content: bytes) -> Delivery:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        evidence = Evidence(
            id=f"{owner.id}-{seq}",
            item_id=owner.id,
            seq=seq,
            kind="file",
            name=name,
            media_type="application/octet-stream",
            digest=digest,
            size=len(content),
        )
        self.contents[evidence.id] = content
        target = self.archive.parse("")
        key = key_of(owner.id, seq, digest, target)
        return Delivery(evidence=evidence, item=owner, target=target, key=key)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """An archive that is not there yet."""
    return Scene(tmp_path)


def checked(folder: Path) -> tuple[int, list[str]]:
    """Return what `sha256sum -c` says about a run: its status, and the lines that are not OK."""
    command = ["sha256sum", "--strict", "-c", "manifest-sha256.txt"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, [line for line in done.stdout.splitlines() if not line.endswith(": OK")]


def test_every_piece_arrives_with_its_bytes_and_a_receipt(scene: Scene) -> None:
    """The receipt names the file, which holds exactly what was attached."""
    pieces = scene.pieces(("login.png", b"\x89PNG"), ("empty.txt", b""))

    results = scene.deliver(pieces)

    for piece in pieces:
        receipt = results[piece.key]
        assert isinstance(receipt, Receipt)
        assert receipt.remote_id is not None
        content = (scene.folder / receipt.remote_id).read_bytes()
        assert scene.contents[piece.evidence.id] == content
        assert ([piece.key], "answered") == (keys_in(receipt.remote_name), receipt.how)
        assert receipt.remote_url == (scene.folder / receipt.remote_id).as_uri()


def test_names_are_readable(scene: Scene) -> None:
    """A person finds a piece by test, number and name."""
    [one, other] = scene.pieces(("login.png", b"1"), ("log.txt", b"2"))
    [again] = scene.pieces(("login.png", b"3"), rerun=1)
    [of_run] = scene.pieces(("junit.xml", b"4"), nodeid="")
    scene.deliver([one, other, again, of_run])

    folders = {path.partition("/")[2].rpartition("/")[0] for path in scene.stored()}
    digits = hashlib.sha256(NODEID.encode()).hexdigest()[:6]
    assert {f"b-u-{digits}", f"b-u-rerun1-{digits}", "run"} == folders
    assert f"data/b-u-{digits}/01-login--{one.key}.png" in scene.stored()


def test_sha256sum_accepts_the_manifest(scene: Scene) -> None:
    """A tool of every Linux machine checks an archive, whatever the pieces are called."""
    pieces = scene.pieces(*[(name, name.encode()) for name in NAMES])
    scene.deliver(pieces)

    assert (0, []) == checked(scene.run)
    assert len(NAMES) == len((scene.run / "manifest-sha256.txt").read_text().splitlines())


def test_sha256sum_finds_every_change(scene: Scene) -> None:
    """A changed byte, a missing file: each is told."""
    pieces = scene.pieces(("a.txt", b"first"), ("b.txt", b"second"), ("c.txt", b"third"))
    scene.deliver(pieces)
    paths = sorted(scene.run / path for path in scene.stored())
    paths[0].write_bytes(b"First")
    paths[1].unlink()

    status, failed = checked(scene.run)

    assert 1 == status
    assert [True, True] == [
        str(p.relative_to(scene.run)) in line for p, line in zip(paths, failed, strict=False)
    ]


def test_bagit_accepts_the_manifest_as_a_payload(scene: Scene, tmp_path: Path) -> None:
    """With the two lines that make a bag of it, another tool finds the data complete and unchanged."""
    scene.deliver(scene.pieces(*[(name, name.encode()) for name in NAMES]))
    scene.deliver(scene.pieces(("junit.xml", b"<testsuites/>"), nodeid=""))
    bag = tmp_path / "bag"
    shutil.copytree(scene.run, bag)
    (bag / "bagit.txt").write_text("BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n")

    bagit.Bag(str(bag)).validate()
    (bag / "data" / "run" / "stray.txt").write_text("nobody attached this")

    with pytest.raises(bagit.BagValidationError, match="stray"):
        bagit.Bag(str(bag)).validate()


def test_the_index_holds_the_facts(scene: Scene) -> None:
    """Each file has one line with its test, name and hash, in the order of delivery."""
    pieces = scene.pieces(("größe.png", b"1"), ("log.txt", b"2"))
    scene.deliver(pieces)

    facts = scene.index()

    assert [piece.key for piece in pieces] == [fact["key"] for fact in facts]
    assert ["größe.png", "log.txt"] == [fact["name"] for fact in facts]
    assert {NODEID} == {fact["test"] for fact in facts}
    assert {fact["path"]: fact["sha256"] for fact in facts} == scene.stored()


@pytest.mark.parametrize("separator", ["\u2028", "\x85", "\x0c"])
def test_a_line_of_the_index_stays_one_line(scene: Scene, separator: str) -> None:
    """Whatever a parameter holds, adding a piece later changes no earlier line."""
    scene.deliver(scene.pieces(("a.txt", b"1"), nodeid=f"test_it.py::test[{separator}]"))
    scene.deliver(scene.pieces(("b.txt", b"2")))
    scene.deliver(scene.pieces(("c.txt", b"3"), nodeid=""))

    assert ["a.txt", "b.txt", "c.txt"] == [fact["name"] for fact in scene.index()]


def test_a_repeat_changes_nothing(scene: Scene) -> None:
    """The same pieces again, as after a lost receipt: same files, same lists."""
    pieces = scene.pieces(("a.txt", b"1"), ("b.txt", b"2"))
    scene.deliver(pieces)
    before = {p: p.read_bytes() for p in scene.run.rglob("*") if p.is_file()}

    scene.deliver(pieces)

    assert before == {p: p.read_bytes() for p in scene.run.rglob("*") if p.is_file()}


def test_what_is_there_is_found_and_listed(scene: Scene) -> None:
    """After a crash between files and list, looking completes the list; a changed file is not found."""
    pieces = scene.pieces(("a.txt", b"1"), ("b.txt", b"2"), ("c.txt", b"3"))
    results = scene.deliver(pieces[:2])
    (scene.run / "manifest-sha256.txt").unlink()
    changed = results[pieces[1].key]
    assert isinstance(changed, Receipt)
    (scene.folder / str(changed.remote_id)).write_bytes(b"other")

    found = scene.archive.find(scene.archive.parse(""), pieces)

    assert {pieces[0].key: "found"} == {key: receipt.how for key, receipt in found.items()}
    assert (0, []) == checked(scene.run)


def test_looking_where_nothing_is_creates_nothing(scene: Scene) -> None:
    """A look-up before anything was delivered leaves no folder behind."""
    assert {} == scene.archive.find(scene.archive.parse(""), scene.pieces(("a.txt", b"1")))
    assert not scene.folder.exists()


def test_changed_bytes_are_not_archived(scene: Scene) -> None:
    """A piece whose bytes are not those of its hash is refused, and leaves no file; the others arrive."""
    bad, good = scene.pieces(("bad.txt", b"attached"), ("good.txt", b"content"))
    scene.contents[bad.evidence.id] = b"tampered"

    results = scene.deliver([bad, good])

    assert isinstance(results[bad.key], PermanentError)
    assert isinstance(results[good.key], Receipt)
    assert [good.evidence.sha256] == list(scene.stored().values())
    assert (0, []) == checked(scene.run)


def test_a_disk_that_refuses_closes_the_archive(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason and the folder are named; what was copied before is completed by the next push."""
    pieces = scene.pieces(("a.txt", b"1"), ("b.txt", b"2"))

    write = disk.write

    def full(descriptor: int, content: bytes) -> None:
        if content == b"2":
            raise OSError(28, "No space left on device")
        write(descriptor, content)

    with monkeypatch.context() as patch:
        patch.setattr(disk, "write", full)
        with pytest.raises(DestinationClosedError) as caught:
            scene.deliver(pieces)

    assert f"the archive {scene.folder} cannot be written (No space left" in str(caught.value)
    assert "make room" in caught.value.next_step
    assert [] == list(scene.run.rglob(".new-*"))
    assert all(isinstance(one, Receipt) for one in scene.deliver(pieces).values())
    assert (0, []) == checked(scene.run)


def test_a_receipt_is_true_after_a_power_cut(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every folder on the way to the file is on the disk before the receipt is given."""
    synced: list[Path] = []
    monkeypatch.setattr(disk, "sync_folder", synced.append)

    [receipt] = scene.deliver(scene.pieces(("a.txt", b"1"))).values()

    assert isinstance(receipt, Receipt)
    path = scene.folder / str(receipt.remote_id)
    parents = [p for p in path.parents if p.is_relative_to(scene.folder.parent)]
    assert set(parents) == set(synced)


def test_files_are_ours_alone(scene: Scene) -> None:
    """Evidence in the archive is readable by its owner only, unless somebody opens it."""
    scene.deliver(scene.pieces(("a.txt", b"1")))

    assert {0o600} == {stat.S_IMODE(p.stat().st_mode) for p in scene.run.rglob("*") if p.is_file()}


@pytest.mark.parametrize("text", ["x", 7, " ", "folder"])
def test_the_archive_has_no_targets(scene: Scene, text: str | int) -> None:
    """It takes everything; naming a part of it is a mistake that is explained."""
    with pytest.raises(TargetError, match="takes everything that is kept"):
        scene.archive.parse(text)


def test_a_file_in_the_place_of_the_folder_is_a_problem(scene: Scene) -> None:
    """What stands in the way is said before the first test."""
    before = scene.archive.problems(uploading=True)
    scene.folder.write_text("")

    [problem] = scene.archive.problems(uploading=True)
    assert [] == before
    assert problem.startswith(f"evidence_archive_dir is {scene.folder}, which is not a folder")


def test_it_is_a_destination_like_the_others(scene: Scene) -> None:
    """The engine can ask it everything it asks."""
    assert isinstance(scene.archive, base.Destination)
    assert [] == scene.archive.check([scene.archive.parse("")])
    scene.archive.close()


def test_a_file_about_a_run_lies_beside_its_data(scene: Scene, tmp_path: Path) -> None:
    """It is replaced as a whole, and written only where there is anything of the run, through no link."""
    scene.archive.keep("run-1", "map.csv", b"too early")
    scene.deliver(scene.pieces(("a.txt", b"1")))
    scene.archive.keep(scene.run.name, "map.csv", b"first")
    scene.archive.keep(scene.run.name, "map.csv", b"second")
    (tmp_path / "elsewhere").mkdir()
    (scene.folder / "linked").symlink_to(tmp_path / "elsewhere")
    scene.archive.keep("linked", "map.csv", b"third")

    assert b"second" == (scene.run / "map.csv").read_bytes()
    assert [] == list((tmp_path / "elsewhere").iterdir())
    assert isinstance(scene.archive, base.Keeping)


def test_a_disk_that_refuses_a_file_about_a_run_is_said(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that was there stays."""
    scene.deliver(scene.pieces(("a.txt", b"1")))
    scene.archive.keep(scene.run.name, "map.csv", b"first")

    def refuse(descriptor: int, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk, "write", refuse)
    with pytest.raises(DestinationClosedError, match="cannot be written"):
        scene.archive.keep(scene.run.name, "map.csv", b"second")

    assert b"first" == (scene.run / "map.csv").read_bytes()


def test_what_a_killed_process_left_is_removed_where_something_comes(scene: Scene) -> None:
    """Half a piece beside the pieces, half a list beside the lists; another run's are not ours."""
    first, second = scene.pieces(("a.txt", b"a"), ("b.txt", b"b"))
    [elsewhere] = scene.pieces(("c.txt", b"c"), nodeid="test_other.py::test_it")
    scene.deliver([first])
    [folder] = (scene.run / "data").iterdir()
    other_run = scene.folder / "20260501T120001Z-00000000"
    other_run.mkdir()
    left = [place / ".new-0a1b2c3d" for place in (folder, scene.run, other_run)]
    for path in left:
        path.write_bytes(b"hal")

    again = Scene(scene.folder.parent)
    again.contents = scene.contents
    again.deliver([second])
    again.deliver([elsewhere])

    assert [other_run / ".new-0a1b2c3d"] == list(scene.folder.rglob(".new-*"))
    assert ["a", "b", "c"] == sorted(
        p.read_text() for p in scene.run.rglob("*.txt") if "--" in p.name
    )
