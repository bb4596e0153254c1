"""A running sandbox, and clients that speak plain HTTP to it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from plain_http import SQUASH_API
from plain_http import Api

from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.sandbox.squash_access import READ_WRITE


@pytest.fixture
def apis() -> Iterator[Callable[..., Api]]:
    """Makes clients whose connections are closed at the end of the test."""
    made: list[Api] = []

    def make(root: str, token: str = "") -> Api:
        made.append(Api(root, token))
        return made[-1]

    yield make
    for api in made:
        api.session.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Sandbox]]:
    """Starts sandboxes with switches, which end with the test and must not have failed inside."""
    started: list[Sandbox] = []

    def begin(**switches: Any) -> Sandbox:
        sandbox = Sandbox(tmp_path / f"sandbox-{len(started)}", switches=switches)
        started.append(sandbox.__enter__())
        return sandbox

    yield begin
    for sandbox in started:
        sandbox.end()
        assert sandbox.crashes == []


@pytest.fixture
def sandbox(start: Callable[..., Sandbox]) -> Sandbox:
    """A sandbox as it is without switches."""
    return start()


@pytest.fixture
def connect(apis: Callable[..., Api]) -> Callable[..., Api]:
    """Makes a client of a sandbox's Squash TM."""

    def make(sandbox: Sandbox, token: str = READ_WRITE) -> Api:
        return apis(sandbox.roots["squash"] + SQUASH_API, token)

    return make


@pytest.fixture
def squash(sandbox: Sandbox, connect: Callable[..., Api]) -> Api:
    """A client of Squash TM's API with a read-write token."""
    return connect(sandbox)


@pytest.fixture
def control(sandbox: Sandbox, apis: Callable[..., Api]) -> Api:
    """A client of the sandbox's own address."""
    return apis(sandbox.page_url)
