"""Workers of xdist on what is another machine to them: their own disk where the spool should be."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .scene import Life


ANOTHER_DISK = """\
#!/bin/sh
# Python in a mount namespace of its own, which has an empty file system in place of the spool.
exec unshare -rm sh -c 'mount -t tmpfs none "$0" && exec "$@"' {spool} {python} "$@"
"""
SUITE = """
import pytest

@pytest.mark.evidence(squash="TC-1")
@pytest.mark.parametrize("number", range(4))
def test_it(evidence, number):
    keep(evidence, f"{number}.txt")
"""


@pytest.fixture
def elsewhere(life: Life) -> str:
    """Return what `--tx` needs to start a worker on another disk; skips where there is no way."""
    trial = ["unshare", "-rm", "sh", "-c", f"mount -t tmpfs none {life.project.folder}"]
    try:
        subprocess.run(trial, check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this system gives no mount namespace: {error}")
    script = ANOTHER_DISK.format(spool=life.project.spool, python=sys.executable)
    path = life.project.write("elsewhere.sh", script)
    path.chmod(0o755)
    return f"popen//python={path}"


@pytest.mark.parametrize(
    ("number", "dist"), [(1, "load"), (1, "loadscope"), (1, "worksteal"), (2, "load"), (2, "each")]
)
def test_a_worker_that_does_not_see_the_spool(
    life: Life, elsewhere: str, number: int, dist: str
) -> None:
    """The run ends with 4 before the first test, and names the way that works."""
    here = "popen" if number == 1 else elsewhere
    words = ("-p", "xdist", f"--dist={dist}", "--tx", elsewhere, "--tx", here)
    life.suite(SUITE)

    session = life.session(*words)

    errors = [line for line in session.out.splitlines() if line.startswith("ERROR: evidence_dir")]
    assert 4 == session.status, session
    assert number == len(errors)
    assert all("does not see" in error for error in errors)
    assert all("attach-evidence push RUN RUN" in error for error in errors)
    assert not (life.project.folder / "attached").exists()
    assert "nothing waits\n" == life.project.command("push").out
