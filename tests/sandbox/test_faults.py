"""Each named fault does what its name says, as often as it was told."""

from __future__ import annotations

import pytest
import requests
from plain_http import READ
from plain_http import UPLOAD
from plain_http import Api
from plain_http import a_file

from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.sandbox.faults.table import ACTIONS


class TestFaults:
    """Each named fault does what its name says, once, and then everything works again."""

    @pytest.mark.parametrize(
        ("fault", "status", "kind"),
        [
            ("status-401", 401, "application/json"),
            ("status-403", 403, "application/json"),
            ("status-404", 404, "application/json"),
            ("status-413", 413, "text/html"),
            ("status-429", 429, "application/json"),
            ("status-500", 500, "application/json"),
            ("status-502", 502, "text/html"),
            ("status-503", 503, "application/json"),
            ("login-page", 200, "text/html"),
        ],
    )
    def test_answers_in_place_of_the_system(
        self, sandbox: Sandbox, squash: Api, fault: str, status: int, kind: str
    ) -> None:
        """The request gets the fault's answer and stores nothing; the next one works."""
        sandbox.faults.add(fault, system="squash", method="POST", retry_after="7")

        answer = squash.post(UPLOAD, **a_file(3_000_000))

        assert answer.status_code == status
        assert answer.headers["Content-Type"].startswith(kind)
        assert answer.headers.get("Retry-After") == "7"
        assert sandbox.store.ledger() == []
        assert squash.post(UPLOAD, **a_file()).status_code == 201

    def test_lost_answer(self, sandbox: Sandbox, squash: Api) -> None:
        """The file is stored, and the connection ends without an answer."""
        sandbox.faults.add("answer-lost", path="attachments$")

        with pytest.raises(requests.ConnectionError):
            squash.post(UPLOAD, **a_file())
        assert len(sandbox.store.ledger()) == 1
        assert [seen.status for seen in sandbox.requests()] == [None]

    def test_answer_cut(self, sandbox: Sandbox, squash: Api) -> None:
        """The file is stored, and the answer ends in its middle."""
        sandbox.faults.add("answer-cut")

        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            squash.post(UPLOAD, **a_file())
        assert len(sandbox.store.ledger()) == 1

    @pytest.mark.parametrize("body_bytes", [None, 0])
    def test_reset(self, sandbox: Sandbox, squash: Api, body_bytes: int | None) -> None:
        """Half of the body or nothing is read, nothing stored, and the connection reset."""
        sandbox.faults.add("reset-before-answer", body_bytes=body_bytes)

        with pytest.raises(requests.ConnectionError):
            squash.post(UPLOAD, **a_file(1_000_000))
        seen = sandbox.requests()[0]
        assert sandbox.store.ledger() == []
        assert seen.body_bytes == 0 if body_bytes == 0 else 500_000 <= seen.body_bytes < 600_000

    def test_slow_answer(self, sandbox: Sandbox, squash: Api) -> None:
        """A client that does not wait long enough leaves a stored file behind."""
        sandbox.faults.add("slow", seconds=60)

        with pytest.raises(requests.ReadTimeout):
            squash.post(UPLOAD, timeout=0.3, **a_file())
        assert len(sandbox.store.ledger()) == 1

    def test_stalled(self, sandbox: Sandbox, squash: Api) -> None:
        """A stalled request is not even begun when the client gives up."""
        sandbox.faults.add("stalled", seconds=60)

        with pytest.raises(requests.ReadTimeout):
            squash.post(UPLOAD, timeout=0.3, **a_file())
        assert sandbox.store.ledger() == []

    @pytest.mark.parametrize("fault", ["drip", "drip-all"])
    def test_drip(self, sandbox: Sandbox, squash: Api, fault: str) -> None:
        """The answer comes byte by byte and is whole in the end."""
        sandbox.faults.add(fault, seconds=0.0001)

        assert squash.get(READ).json()["id"] == 1042

    def test_redirect(self, sandbox: Sandbox, squash: Api) -> None:
        """A redirect leads to another origin, which records who came."""
        sandbox.faults.add("redirect")

        answer = squash.post(UPLOAD, allow_redirects=True, **a_file())

        assert [step.status_code for step in answer.history] == [302]
        assert answer.url.startswith(sandbox.page_url)
        assert len(sandbox.requests("elsewhere")) == 1
        assert sandbox.store.ledger() == []

    def test_matching(self, sandbox: Sandbox, squash: Api) -> None:
        """System, method, path, `after` and `times` choose the requests."""
        sandbox.faults.add("status-500", system="rillsoft")
        sandbox.faults.add("status-500", method="POST")
        sandbox.faults.add("status-500", path="/executions/7$")
        sandbox.faults.add("status-503", path=r"1042\?x=1", after=1, times=2)

        answers = [squash.get(f"{READ}?x=1").status_code for _ in range(5)]

        assert answers == [200, 503, 503, 200, 200]
        assert [fault["fault"] for fault in sandbox.faults.waiting()] == ["status-500"] * 3

    def test_every_fault_is_explained(self) -> None:
        """Each fault of the table has a sentence."""
        assert all(text for text, _ in ACTIONS.values())
