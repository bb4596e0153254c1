"""Rows X1, X3 and X5: limits of the system in whole sessions: sizes of files, and open ones."""

from __future__ import annotations

import re
import sys

import pytest

from pytest_attach_evidence.sandbox import Sandbox

from ...commands.project import Project
from .small_disk import HEAD
from .small_disk import MARK
from .small_disk import sizes_archived
from .small_disk import sizes_stored


UNIX = pytest.mark.skipif(sys.platform == "win32", reason="limits of Unix")


@UNIX
def test_full_at_the_receipt(apart: Project, sandbox: Sandbox) -> None:
    """What arrived and whose receipt does not fit is uncertain: 74; a push finds it and sends the rest."""
    sandbox.faults.add("slow", system="squash", method="POST", path="attachments", seconds=1)
    apart.configure("squash", sandbox.options(), "evidence_stall = 5")
    apart.write(
        "conftest.py",
        "import pathlib, resource, signal, threading, time",
        "def wait_and_limit():",
        "    while True:",
        "        for path in pathlib.Path('.evidence').glob('*/deliveries/*.jsonl'):",
        "            if 'intent' in path.read_text():",
        "                hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]",
        "                return resource.setrlimit(",
        "                    resource.RLIMIT_FSIZE, (path.stat().st_size, hard))",
        "        time.sleep(0.01)",
        "def pytest_sessionstart():",
        "    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)",
        "    threading.Thread(target=wait_and_limit, daemon=True).start()",
    )
    apart.write(
        "test_it.py",
        *HEAD,
        MARK,
        "def test_it(evidence):",
        "    for n in range(20): evidence.attach(content[:1000 + n], name=f'{n}.bin')",
    )

    ran = apart.pytest()
    pushed = apart.command("push")

    assert (74, (0, 8, 12)) == (ran.status, ran.numbers("delivered", "uncertain", "waiting"))
    assert (0, (8, 12)) == (pushed.status, pushed.numbers("found", "delivered"))
    assert [1000 + number for number in range(20)] == sizes_stored(sandbox)


@UNIX
def test_limit_of_a_file(apart: Project, sandbox: Sandbox) -> None:
    """A write that is cut short (RLIMIT_FSIZE) costs that piece, with the system's reason: 65."""
    apart.write(
        "test_it.py",
        *HEAD,
        MARK,
        "def test_it(evidence):",
        "    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)",
        "    most = resource.getrlimit(resource.RLIMIT_FSIZE)",
        "    evidence.attach(content[:1000], name='before.bin')",
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, most[1]))",
        "    assert evidence.attach(content, name='large.bin') is None",
        "    assert evidence.attach(content[:2000], name='after.bin')",
        "    resource.setrlimit(resource.RLIMIT_FSIZE, most)",
    )

    ran = apart.pytest()

    assert 65 == ran.status, ran.out
    assert "large.bin: 878.9 kB cannot be kept in the spool (File too large)" in ran.out
    assert [1000, 2000] == sizes_stored(sandbox) == sizes_archived(apart)
    assert [] == list(apart.spool.glob("*/blobs/.new-*"))


@UNIX
def test_limit_of_open_files(apart: Project, sandbox: Sandbox) -> None:
    """Without a free descriptor (RLIMIT_NOFILE) a piece is refused; with one again all goes on: 65."""
    apart.write(
        "test_it.py",
        *HEAD,
        MARK,
        "def test_it(evidence):",
        "    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)",
        "    evidence.attach(content[:1000], name='before.bin')",
        "    free = os.open('/dev/null', os.O_RDONLY)",
        "    os.close(free)",
        "    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))",
        "    assert evidence.attach(content, name='lost.bin') is None",
        "    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))",
        "    assert evidence.attach(content[:2000], name='after.bin')",
    )

    ran = apart.pytest()

    assert 65 == ran.status, ran.out
    assert "lost.bin: 878.9 kB cannot be kept in the spool (Too many open files)" in ran.out
    assert [1000, 2000] == sizes_stored(sandbox) == sizes_archived(apart)


@UNIX
def test_no_open_files_at_the_end(apart: Project, sandbox: Sandbox) -> None:
    """Where nothing can be opened for the delivery all waits, and a push delivers it once."""
    apart.write(
        "test_it.py",
        *HEAD,
        MARK,
        "def test_it(evidence):",
        "    evidence.attach(content[:1000], name='before.bin')",
        "    free = os.open('/dev/null', os.O_RDONLY)",
        "    os.close(free)",
        "    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]",
        "    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))",
    )

    ran = apart.pytest()
    pushed = apart.command("push")

    assert 74 == ran.status, ran.out
    said = re.findall(r"^spool: \S+ cannot be read \(Too many open files\)$", ran.out, re.MULTILINE)
    assert 1 == len(said), ran.out
    assert "bug of" not in ran.out
    assert 0 == pushed.status, pushed.out
    assert [1000] == sizes_stored(sandbox) == sizes_archived(apart)
