"""What the tests of every folder share: pytester, and an environment without our variables."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator

import pytest


pytest_plugins = ["pytester"]


def pytest_configure(config: pytest.Config) -> None:
    """Let Ctrl-C reach what tests start, also where a shell's `&` has it ignored by all that follows.

    And let no worker wait at the end while another has long tests left.
    """
    if hasattr(config.option, "maxschedchunk"):
        config.option.maxschedchunk = 4
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Run half as many workers more than there are processors: many tests wait for another process."""
    processors = yield
    return processors + (processors + 1) // 2


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no setting or secret of the machine reach a test."""
    for name in list(os.environ):
        if name.startswith("PYTEST_EVIDENCE_") or name == "PYTEST_ADDOPTS":
            monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
