"""Evidence that cannot be taken: the test goes on as if nothing had happened, and the summary says it."""

from __future__ import annotations

import re

import pytest

from .conftest import RunAndRead


WORKERS = pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "-n2"])
SUITE = """
    import os
    import pytest

    class Broken:
        name = "broken.txt"
        def read(self, size): raise RuntimeError("half of it")

    class Numbers:
        def read(self, size): return size

    class Wordless:
        def __str__(self): raise RuntimeError("no words")

    CASES = {
        "missing": lambda e, f: e.attach("missing.txt"),
        "empty": lambda e, f: e.attach(""),
        "folder": lambda e, f: e.attach(f),
        "fifo": lambda e, f: e.attach(os.mkfifo(f / "pipe") or f / "pipe"),
        "loop": lambda e, f: e.attach((f / "loop").symlink_to(f / "loop") or f / "loop"),
        "below": lambda e, f: e.attach((f / "x").write_text("") or f / "x" / "y"),
        "proc": lambda e, f: e.attach("/proc/self/environ"),
        "device": lambda e, f: e.attach("/dev/zero"),
        "nul": lambda e, f: e.attach("a\\0b"),
        "large-file": lambda e, f: e.attach((f / "big").write_bytes(b"x" * 1025) and f / "big"),
        "large-bytes": lambda e, f: e.attach(b"x" * 5000, name="big.bin"),
        "number": lambda e, f: e.attach(12),
        "none": lambda e, f: e.attach(None, name="none.txt"),
        "number-file": lambda e, f: e.attach(Numbers(), name="numbers.txt"),
        "broken-file": lambda e, f: e.attach(Broken()),
        "wordless": lambda e, f: e.text(Wordless()),
        "circle": lambda e, f: e.json((lambda d: d.append(d) or d)([])),
        "rows": lambda e, f: e.table([1, 2]),
        "no-rows": lambda e, f: e.table(None),
        "no-browser": lambda e, f: e.screenshot(object()),
    }

    @pytest.mark.parametrize("case", CASES)
    def test_it(evidence, tmp_path, case):
        assert CASES[case](evidence, tmp_path) is None
        evidence.text("the rest", name="rest.txt")

    def test_unreadable(evidence, tmp_path, monkeypatch):
        path = tmp_path / "unreadable.txt"
        path.write_text("x")
        path.chmod(0)
        real = os.open
        def refuse(name, *args, **options):  # root may read everything
            if str(name) == str(path):
                raise PermissionError(13, "Permission denied", str(path))
            return real(name, *args, **options)
        monkeypatch.setattr(os, "open", refuse)
        assert evidence.attach(path) is None
        evidence.text("the rest", name="rest.txt")
"""
EXPECTED = {
    "missing": r"missing.txt: no such file: missing.txt - attach it after it was written",
    "empty": r"a piece: its path is empty - name a file or a folder",
    "folder": r"test_it_folder_0.zip: \S+ is a folder without files \(nothing is in it\) - .*",
    "fifo": r"pipe: \S+/pipe is a FIFO, not a file - attach a plain file",
    "loop": r"loop: \S+/loop cannot be read \(.* - check its type and permissions",
    "below": r"y: \S+/x/y cannot be read \(Not a directory\) - check its type and permissions",
    "proc": r"environ: /proc/self/environ is not a file on a disk - attach a copy",
    "device": r"zero: /dev/zero is a device, not a file - attach a plain file",
    "nul": r".*null (byte|character).*",
    "large-file": r"big: 1.0 kB, evidence_max_size takes 1.0 kB - raise it or attach less",
    "large-bytes": r"big.bin: more than 1.0 kB, evidence_max_size takes 1.0 kB - raise it .*",
    "number": r"evidence.bin: int cannot be attached - attach a path, bytes or an open file",
    "none": r"none.txt: NoneType cannot be attached - attach a path, bytes or .*",
    "number-file": r"numbers.txt: its read\(\) gives int - attach a file of bytes or of text",
    "broken-file": r"broken.txt: cannot be taken \(RuntimeError: half of it\)",
    "wordless": r"text.txt: cannot be made \(no words\)",
    "circle": r"document.json: cannot be made \(.*\)",
    "rows": r"table.csv: cannot be made \(.*\)",
    "no-rows": r"table.csv: cannot be made \(.*\)",
    "no-browser": r"screenshot.png: cannot be made \(object is .*\)",
}


@WORKERS
def test_outcomes_stay_and_every_piece_has_its_line(
    run_and_read_spool: RunAndRead, workers: tuple[str, ...]
) -> None:
    """A piece that cannot be taken changes no outcome, is named with its test, and ends in 65."""
    run = run_and_read_spool(SUITE, "--evidence-max-size=1K", *workers)
    lines = re.findall(
        r"^not taken: test_inner.py::test_it\[(\S+)\]: (.*)$", run.output, re.MULTILINE
    )

    run.result.assert_outcomes(passed=len(EXPECTED) + 1)
    assert sorted(EXPECTED) == sorted(case for case, _ in lines)
    assert [] == [line for line in lines if not re.fullmatch(EXPECTED[line[0]], line[1])]
    assert "not taken: test_inner.py::test_unreadable: unreadable.txt: " in run.output
    assert ["rest.txt"] * (len(EXPECTED) + 1) == [piece.name for piece in run.wanted]
    assert 65 == run.result.ret


UNNAMED = """
    class Wordless:
        def __str__(self): raise RuntimeError("no words")

    class Nameless:
        @property
        def name(self): raise RuntimeError("no name")

    def test_name(evidence): assert evidence.attach(b"x", name=Wordless()) is None
    def test_kind(evidence): assert evidence.attach(b"x", name="x", kind=Wordless()) is None
    def test_source(evidence): assert evidence.attach(Nameless()) is None
    def test_text(evidence): assert evidence.text("x", name=Wordless()) is None
"""


def test_pieces_that_cannot_be_named(run_and_read_spool: RunAndRead) -> None:
    """An error of the objects that name a piece is the piece's, not the test's."""
    run = run_and_read_spool(UNNAMED)

    run.result.assert_outcomes(passed=4)
    assert 4 == len([line for line in run.refused if "RuntimeError of its name or kind" in line])
    assert 65 == run.result.ret


@pytest.mark.parametrize(
    ("mode", "args", "suite", "expected"),
    [
        ("collect", [], "assert True", 0),
        ("upload", ["-o", "evidence_on_undelivered=warn"], "assert True", 0),
        ("upload", [], "assert False", 1),
        ("upload", [], "import pytest; pytest.exit('enough', returncode=9)", 9),
    ],
)
def test_exit_status(
    run_and_read_spool: RunAndRead, mode: str, args: list[str], suite: str, expected: int
) -> None:
    """Collecting and warning leave the exit status alone, and pytest's own always wins."""
    run = run_and_read_spool(
        f"def test_it(evidence): evidence.attach('missing'); {suite}", *args, mode=mode
    )

    assert expected == run.result.ret
    assert 1 == run.output.count("not taken: test_inner.py::test_it: missing: no such file")


@WORKERS
def test_spool_that_breaks_while_tests_run(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, workers: tuple[str, ...]
) -> None:
    """A disk that refuses in the middle changes no outcome; what could not be kept is named, exit 74."""
    pytester.makeconftest("""
        import pytest
        from pytest_attach_evidence.spool import disk

        @pytest.fixture
        def full_disk(monkeypatch):
            def refuse(descriptor, content):
                raise OSError(28, "No space left on device")
            monkeypatch.setattr(disk, "write", refuse)
    """)
    suite = """
        def test_before(evidence): evidence.text("safe")
        def test_full(evidence, full_disk):
            assert evidence.text("lost", name="lost.txt") is None
        def test_after(evidence): evidence.text("safe again")
    """

    run = run_and_read_spool(suite, *workers)

    run.result.assert_outcomes(passed=3)
    assert ["text.txt", "text.txt"] == [piece.name for piece in run.wanted]
    assert 1 == run.output.count("test_inner.py::test_full: lost.txt: 4 B cannot be kept: the")
    assert 74 == run.result.ret
