"""Hooks of ours that other plugins implement: what these raise changes no outcome, and is told."""

from __future__ import annotations

import pytest

from .conftest import RunAndRead
from .conftest import RunRefused


RAISED = {
    "skip": "pytest.skip('no database')",
    "fail": "pytest.fail('no database')",
    "xfail": "pytest.xfail('no database')",
    "exit": "pytest.exit('no database')",
    "importorskip": "pytest.importorskip('no_such_database')",
    "error": "raise RuntimeError('no database')",
}
SUITE = f"""
    import pytest

    @pytest.mark.parametrize("raised", {[*RAISED]})
    def test_passes(raised): pass

    @pytest.mark.parametrize("raised", {[*RAISED]})
    def test_fails(raised): assert False
"""
SOME = pytest.mark.parametrize("raised", [RAISED["importorskip"], RAISED["exit"]])


def _conftest(hook: str, body: str) -> str:
    return f"""
        import pytest

        @pytest.hookimpl(optionalhook=True)
        def {hook}:
            {body}
    """


@pytest.mark.parametrize("generates", ["", "; yield 'never.txt', 'never'"], ids=["call", "yield"])
@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["alone", "-n1"])
def test_collect(
    pytester: pytest.Pytester,
    run_and_read_spool: RunAndRead,
    generates: str,
    workers: tuple[str, ...],
) -> None:
    """Whatever it raises, at once or while it is asked for more, it is a line of the summary."""
    body = f"exec({RAISED!r}[item.callspec.id]){generates}"
    pytester.makeconftest(_conftest("pytest_evidence_collect(item, report)", body))

    run = run_and_read_spool(SUITE, *workers)

    run.result.assert_outcomes(passed=len(RAISED), failed=len(RAISED))
    told = [line for line in run.refused if "pytest_evidence_collect (" in line]
    assert 2 * 3 * len(RAISED) == len(told)
    assert 1 == run.result.ret


def test_collect_keeps_what_came_before(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead
) -> None:
    """One answer that raises in its middle costs neither what it gave before nor another's."""
    pytester.makeconftest(
        _conftest(
            "pytest_evidence_collect(item, report)",
            "yield 'before.txt', 'x'; pytest.skip('half of it')",
        )
    )
    pytester.makepyfile(
        other="""
        def pytest_evidence_collect(item, report): return [("other.txt", "x")]
        """
    )

    pytester.syspathinsert()

    run = run_and_read_spool("def test_it(): pass", "-p", "other")

    run.result.assert_outcomes(passed=1)
    assert {"before.txt", "other.txt"} == set(run.names("test_it"))


@SOME
def test_targets(pytester: pytest.Pytester, run_refused: RunRefused, raised: str) -> None:
    """Where targets cannot be known the session does not begin."""
    pytester.makeconftest(_conftest("pytest_evidence_targets(item)", raised))

    (line,) = run_refused()

    assert "pytest_evidence_targets raised" in line


@SOME
@pytest.mark.parametrize(
    "hook", ["pytest_evidence_redact(config)", "pytest_evidence_destinations()"]
)
def test_configuring(
    pytester: pytest.Pytester, run_refused: RunRefused, hook: str, raised: str
) -> None:
    """So it is where masking or destinations cannot be known."""
    pytester.makeconftest(_conftest(hook, raised))

    (line,) = run_refused()

    assert f"{hook.partition('(')[0]} raised" in line


@SOME
def test_delivered(pytester: pytest.Pytester, run_and_read_spool: RunAndRead, raised: str) -> None:
    """After the delivery there is nothing left to change."""
    pytester.makeconftest(_conftest("pytest_evidence_delivered(summary)", raised))

    run = run_and_read_spool("def test_it(evidence): evidence.text('kept')")

    run.result.assert_outcomes(passed=1)
    assert "pytest_evidence_delivered raised" in run.output
    assert 0 == run.result.ret
