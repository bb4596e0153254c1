"""Canaries: secrets put wherever a suite can put them are found nowhere that we write."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote

import pytest

from .conftest import RunAndRead
from .reading import Run


TOKEN = "kanari/4711+geheim"
PASSWORD = "kanari-password-0815"
ENVIRONMENT = {
    "PYTEST_EVIDENCE_SQUASH_TOKEN": TOKEN,
    "PYTEST_EVIDENCE_RILLSOFT_PASSWORD": PASSWORD,
    "CI_JOB_URL": f"https://ci.example/job?key={PASSWORD}",
}
BASIC = base64.b64encode(f"ada:{PASSWORD}".encode()).decode()
PLACED = [
    TOKEN,
    PASSWORD,
    quote(TOKEN, safe=""),
    TOKEN.encode().hex(),
    base64.b64encode(TOKEN.encode()).decode(),
    BASIC,
    "pin-123456",
    "other-99",
]
# Of base64 the characters at the edges stay: they hold bits of what stands beside the secret.
FOUND = [*PLACED[:4], PLACED[4][:20], BASIC[8:28], *PLACED[6:]]
SUITE = f"""
    import logging
    import sys
    import pytest
    import pytest_attach_evidence

    TOKEN, PASSWORD = {TOKEN!r}, {PASSWORD!r}
    TEXT = "\\n".join({PLACED!r})

    @pytest.mark.parametrize("value", [TOKEN, PASSWORD])
    def test_everywhere(evidence, evidence_session, tmp_path, value):
        logging.getLogger().warning("token %s", value)
        print(TEXT)
        print(TEXT, file=sys.stderr)
        path = tmp_path / f"{{PASSWORD}} - file {{PASSWORD}}.log"
        path.write_text("x" * (256 * 1024 - 5) + TEXT)
        evidence.attach(path)
        evidence.attach(TEXT.encode(), name=f"{{value}}.txt", kind=value, remark=value)
        evidence.attach(TEXT.encode(), name="a" * 300 + ".txt")
        with path.open("rb") as file:
            evidence.attach(file)
        with evidence.step(f"log in with {{PASSWORD}}"):
            evidence.text(TEXT, name="no-extension")
        evidence.json({{"nested": [TOKEN, {{TOKEN: PASSWORD}}]}}, name="document")
        evidence.table([[TOKEN, PASSWORD]], name="table")
        evidence_session.text(TEXT, name="run.txt")
        pytest_attach_evidence.attach(TEXT.encode(), name="helper.har")

    def test_refused(evidence, tmp_path):
        evidence.attach(tmp_path / f"a - {{PASSWORD}} - {{TOKEN}}")
        evidence.attach(f"{{PASSWORD}} - {{PASSWORD}}")
        evidence.json({{"a": Broken()}}, name=f"{{PASSWORD}} - b")

    class Broken:
        def __str__(self): raise ValueError(f"wrong - {{PASSWORD}}")

    def test_binary(evidence):
        evidence.attach(b"\\0" + TOKEN.encode(), name="binary.png")
"""
CONFTEST = f"""
    def pytest_evidence_redact(config): return [r"pin-\\d+"]
    def pytest_evidence_collect(item, report):
        if report.when == "call":
            return [("hooked", {PASSWORD!r})]
        raise ValueError("hook - " + {PASSWORD!r})
    def pytest_evidence_delivered(summary): raise ValueError("delivered " + {PASSWORD!r})
"""


@pytest.fixture
def run(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    run_and_read_spool: RunAndRead,
    request: pytest.FixtureRequest,
) -> Run:
    """A run with secrets in the environment, argv, evidence, names, node ids, logs, hooks and errors."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    pytester.makeconftest(CONFTEST)
    pytester.makeini("[pytest]\nevidence_log = always\nevidence_redact = other-\\d+")
    argv = ("-k", f"not {PASSWORD.replace('-', '')} or not test_{PASSWORD.partition('-')[0]}")
    return run_and_read_spool(
        SUITE, *argv, f"--junitxml={PASSWORD}.xml", *request.param, apart=True
    )


@pytest.mark.parametrize("run", [(), ("-n2",)], ids=["alone", "-n2"], indirect=True)
def test_no_canary_is_found(pytester: pytest.Pytester, run: Run) -> None:
    """No secret, in any of its forms, is in a text piece, a name, a journal, the archive or a message."""
    binary = run.piece("test_binary", "binary.png").sha256
    junit = f"- generated xml file: {pytester.path}/{PASSWORD}.xml -"
    places = {str(p): p.read_bytes() for p in _files(pytester.path / ".evidence", binary)}
    places["output"] = run.output.replace(junit, "").encode()
    leaks = [
        (place, form) for place, text in places.items() for form in FOUND if form.encode() in text
    ]

    assert [] == leaks
    assert [] == [path for path in places for form in FOUND if form in path]
    run.result.assert_outcomes(passed=4)
    assert 65 == run.result.ret


@pytest.mark.parametrize("run", [()], indirect=True)
def test_what_is_masked_is_counted_and_binary_is_left_alone(run: Run) -> None:
    """A masked piece says how often; the bytes of a picture are what the test attached."""
    counts = {p.name: p.redaction for p in run.wanted if p.name in ("run.txt", "binary.png")}

    assert {"run.txt": len(PLACED), "binary.png": None} == counts
    assert b"\0" + TOKEN.encode() == run.content("test_binary", "binary.png")


def _files(spool: Path, binary: str) -> list[Path]:
    """Return every file of spool and archive but the picture, which cannot be masked."""
    found = [path for path in spool.rglob("*") if path.is_file()]
    return [path for path in found if path.name != binary and path.suffix != ".png"]
