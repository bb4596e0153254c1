"""A wrong configuration: one clear line each, before the first test, exit 4, also with xdist."""

from __future__ import annotations

import pytest

from .conftest import RunAndRead
from .conftest import RunRefused


WORKERS = pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "-n2"])
SECRET = "kanarie-4711-geheim"
SQUASH = (
    "evidence_destinations=squash",
    "evidence_squash_url=http://127.0.0.1:9/squash",
    "evidence_squash_iteration=4",
)


def ini(*pairs: str) -> list[str]:
    """Return the options that set ini values."""
    return [word for pair in pairs for word in ("-o", pair)]


def marked(mark: str) -> str:
    """Return a suite of one marked test."""
    return f"""
        import pytest

        @pytest.mark.evidence({mark})
        def test_it(): print("it ran")
    """


TARGETS = {
    "sqash='TC-1'": "the evidence marker has no 'sqash' - did you mean 'squash'?",
    "'CTRL-7'": "the alias 'CTRL-7' is in no map file - set evidence_map, or write destination=target",
    "squash=True": "squash=True is no target - write text, a whole number, or a list of them",
    "squash=1.5": "squash=1.5 is no target - write text, a whole number, or a list of them",
    "squash=['TC-1', '']": "squash='' is no target - write text, a whole number, or a list of them",
    "squash={'TC-1'}": "squash={'TC-1'} is no target - write text, a whole number, or a list of them",
    "squash='9.5E+17'": "squash='9.5E+17': '9.5E+17' is a number that a spreadsheet changed",
    "archive='x'": "archive='x': the archive takes everything that is kept and has no targets",
    "when='never'": "when='never' is none of always, failed, passed - choose one",
}


@WORKERS
def test_targets(run_refused: RunRefused, workers: tuple[str, ...]) -> None:
    """Everything wrong with the marks of all tests is said at once, each with its node id."""
    tests = [
        f"@pytest.mark.evidence({mark})\ndef test_{number}(): print('it ran')\n"
        for number, mark in enumerate(TARGETS)
    ]
    conflict = "@pytest.mark.evidence(when='passed')\n@pytest.mark.evidence(when='failed')\n"
    suite = "\n".join(["import pytest", *tests, f"{conflict}def test_last(): print('it ran')"])

    errors = run_refused(
        suite, *ini(*SQUASH[1:], "evidence_destinations=squash archive"), *workers, mode="collect"
    )

    assert len(TARGETS) + 1 == len(errors)
    for number, (error, expected) in enumerate(zip(errors, TARGETS.values(), strict=False)):
        assert error.startswith(f"test_inner.py::test_{number}: {expected}"), error
    assert errors[-1] == (
        "test_inner.py::test_last: when= is 'failed' and 'passed' at the same place - keep one"
    )


SETTINGS = {
    (
        "evidence_destinations=archive squish",
    ): "evidence_destinations has no 'squish' - did you mean",
    ("evidence_destinations=squash",): "evidence_squash_url is not set",
    (*SQUASH[:2],): "",
    ("evidence_destinations=squash", "evidence_squash_url=http://squash.example.com"): (
        "evidence_squash_url sends credentials unprotected by http:// to squash.example.com - "
    ),
    ("evidence_deadline=soon",): "evidence_deadline is 'soon' - write a whole number",
    ("evidence_parallel=-1",): "evidence_parallel is '-1' - write a whole number",
    ("evidence_max_size=big",): "evidence_max_size is 'big' - write a number of bytes",
    (
        "evidence_when=sometimes",
    ): "evidence_when is 'sometimes' - choose one of always, failed, passed",
    ("evidence_redact=(",): "evidence_redact: '(' is no regular expression",
    ("evidence_ca_bundle=nowhere.pem",): "evidence_ca_bundle is ",
    (
        "evidence_run_targets=squash",
    ): "evidence_run_targets has the line 'squash' - write destination=target",
    ("evidence_run_targets=squish=1",): "evidence_run_targets: ",
    (
        "evidence_destinations=archive",
        "evidence_archive_dir=test_inner.py",
    ): "evidence_archive_dir is ",
}


@WORKERS
@pytest.mark.parametrize("pairs", [pairs for pairs in SETTINGS if SETTINGS[pairs]], ids=str)
def test_settings(
    run_refused: RunRefused, pairs: tuple[str, ...], workers: tuple[str, ...]
) -> None:
    """A wrong value, a missing one or an unknown name is one line that says what to do."""
    errors = run_refused("", *ini(*pairs), *workers, mode="collect")

    assert [True] == [error.startswith(SETTINGS[pairs]) for error in errors], errors


@WORKERS
def test_missing_iteration(run_refused: RunRefused, workers: tuple[str, ...]) -> None:
    """A test case without an iteration to look it up in is an error that names the test."""
    (error,) = run_refused(marked("squash='TC-1'"), *ini(*SQUASH[:2]), *workers, mode="collect")

    assert error.startswith("test_inner.py::test_it: squash='TC-1': 'TC-1' is a test case")
    assert "evidence_squash_iteration is not set - set it" in error


@WORKERS
@pytest.mark.parametrize(
    ("destination", "variables"),
    [
        ("squash", ["PYTEST_EVIDENCE_SQUASH_TOKEN"]),
        ("workiva", ["PYTEST_EVIDENCE_WORKIVA_CLIENT_ID", "PYTEST_EVIDENCE_WORKIVA_CLIENT_SECRET"]),
        ("huawei", ["PYTEST_EVIDENCE_HUAWEI_ACCESS_KEY", "PYTEST_EVIDENCE_HUAWEI_SECRET_KEY"]),
        ("rillsoft", ["PYTEST_EVIDENCE_RILLSOFT_TOKEN"]),
    ],
)
def test_missing_secret(
    run_refused: RunRefused, destination: str, variables: list[str], workers: tuple[str, ...]
) -> None:
    """Uploading without credentials names the variables to set."""
    pairs = [
        f"evidence_destinations={destination}",
        "evidence_squash_url=http://127.0.0.1:9/squash",
        "evidence_huawei_url=http://127.0.0.1:9",
        "evidence_huawei_project=0123456789abcdef0123456789abcdef",
        "evidence_huawei_region=r1",
        "evidence_rillsoft_url=http://127.0.0.1:9",
        "evidence_rillsoft_client=3",
    ]

    (error,) = run_refused("", *ini(*pairs), *workers)

    assert [] == [name for name in variables if name not in error], error


@WORKERS
@pytest.mark.parametrize("mode", ["", "off", "collect", "upload"])
@pytest.mark.parametrize("place", ["ini", "flag"])
def test_secret_as_option(
    pytester: pytest.Pytester,
    run_refused: RunRefused,
    place: str,
    mode: str,
    workers: tuple[str, ...],
) -> None:
    """A secret in the ini file or on the command line is refused, even when off, and never repeated."""
    pytester.makeini(
        f"[pytest]\nevidence_squash_token = {SECRET}" if place == "ini" else "[pytest]"
    )
    flags = [f"--evidence-squash-token={SECRET}"] if place == "flag" else []

    (error,) = run_refused("", *flags, *workers, mode=mode)

    assert error.startswith("evidence_squash_token is a secret and was given in the ")
    assert error.endswith("take it out and set PYTEST_EVIDENCE_SQUASH_TOKEN in the environment")
    assert SECRET not in error


@pytest.mark.parametrize(
    "option", ["evidence_squash_url", "evidence_dir", "evidence_redact", "evidence_http_hosts"]
)
def test_value_that_holds_a_known_secret(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    run_refused: RunRefused,
    option: str,
) -> None:
    """A known secret inside any option is refused and shown nowhere."""
    monkeypatch.setenv("PYTEST_EVIDENCE_SQUASH_TOKEN", SECRET)

    errors = run_refused(
        "",
        *ini("evidence_destinations=squash", *SQUASH[1:], f"{option}=https://x/{SECRET}/y"),
        mode="collect",
    )

    assert [
        f"{option} holds a secret (not shown) - take it out; secrets are environment variables"
    ] == errors
    assert SECRET not in "".join(capfd.readouterr())


def test_login_in_a_url(capfd: pytest.CaptureFixture[str], run_refused: RunRefused) -> None:
    """User information in a URL is refused without being repeated."""
    url = f"evidence_squash_url=https://ada:{SECRET}@squash.example.com"

    (error,) = run_refused("", *ini("evidence_destinations=squash", url), mode="collect")

    assert error.startswith("evidence_squash_url has a login in the URL (not shown) - take it out")
    assert SECRET not in "".join(capfd.readouterr())


@WORKERS
def test_everything_at_once(run_refused: RunRefused, workers: tuple[str, ...]) -> None:
    """Whatever is wrong with the settings is said in one run, each once."""
    errors = run_refused(
        "",
        *ini(
            "evidence_destinations=squash squish",
            "evidence_deadline=soon",
            "evidence_when=never",
            "evidence_redact=(",
            "evidence_ca_bundle=nowhere.pem",
            "evidence_run_targets=squash",
            f"evidence_rillsoft_password={SECRET}",
        ),
        *workers,
    )
    subjects = sorted(error.partition(" ")[0].rstrip(":") for error in errors)

    assert [
        "evidence_ca_bundle",
        "evidence_deadline",
        "evidence_destinations",
        "evidence_redact",
        "evidence_rillsoft_password",
        "evidence_run_targets",
        "evidence_squash_url",
        "evidence_when",
    ] == [subject for subject in subjects if subject.startswith("evidence_")]


@pytest.mark.parametrize(
    ("hook", "args"), [("redact", "config"), ("destinations", ""), ("targets", "item")]
)
def test_hook_that_raises(
    pytester: pytest.Pytester, run_refused: RunRefused, hook: str, args: str
) -> None:
    """A hook that configures and raises stops the run: nothing must go out unmasked or get lost."""
    pytester.makepyfile(
        plugged=f"def pytest_evidence_{hook}({args}): raise ValueError('no such file')"
    )
    pytester.syspathinsert()

    (error,) = run_refused("", "-p", "plugged")

    assert f"pytest_evidence_{hook} raised ValueError: no such file - mend the hook" in error


@pytest.mark.parametrize("place", ["test_inner.py", "test_inner.py/.evidence"])
@WORKERS
def test_spool_that_cannot_be_written(
    run_refused: RunRefused, place: str, workers: tuple[str, ...]
) -> None:
    """A spool that cannot be made is said before any test."""
    (error,) = run_refused("", f"--evidence-dir={place}", *workers)

    assert error.startswith("evidence_dir: ")
    assert error.endswith(("name another in evidence_dir", "name another evidence_dir"))


ELSEWHERE = """
    import pytest

    @pytest.hookimpl(trylast=True, optionalhook=True)
    def pytest_configure_node(node):
        if node.gateway.id in {workers!r}:
            node.workerinput["evidence_token"] = "of another disk"
"""


def test_workers_with_another_disk(pytester: pytest.Pytester, run_refused: RunRefused) -> None:
    """Workers that do not see the spool run nothing, and the controller says what to do."""
    pytester.makeconftest(ELSEWHERE.format(workers=["gw0", "gw1"]))

    errors = sorted(run_refused("", "-n2"))

    assert [True, True] == [
        error.startswith(f"evidence_dir: worker gw{number} does not see {pytester.path}")
        for number, error in enumerate(errors)
    ]


@pytest.mark.parametrize(("end", "status"), [("pass", 4), ("assert False", 1)])
def test_one_worker_with_another_disk(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, end: str, status: int
) -> None:
    """What a worker that sees the spool has collected is delivered; a test that failed there stays 1."""
    pytester.makeconftest(ELSEWHERE.format(workers=["gw1"]))
    suite = f"def test_it(evidence): evidence.text('a'); {end}"

    run = run_and_read_spool(suite, "--dist=each", "--tx=2*popen", "--evidence-log=off")

    assert ("1", "1") == (run.line["pieces"], run.line["delivered"])
    assert 1 == run.output.count("ERROR: evidence_dir: worker gw1 does not see")
    assert status == run.result.ret
