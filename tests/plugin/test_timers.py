"""Timers of pytest-timeout measure the test, not us, and bite where the test hangs; so does Ctrl-C."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import RunAndRead
from .conftest import Start
from .reading import everything_printed


BROWSERS = Path(__file__).parents[1] / "capture"
METHODS = pytest.mark.parametrize("method", ["signal", "thread"])
CONFTEST = """
    import threading
    import time
    import pytest
    from selenium import webdriver
    from silent_server import SilentDriver

    @pytest.fixture(scope="session", autouse=True)
    def driver():
        server = SilentDriver()
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield webdriver.Remote(url, options=webdriver.ChromeOptions())
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()

    @pytest.hookimpl(optionalhook=True)
    def pytest_evidence_collect(item, report):
        if item.name == "test_slow_hook":
            time.sleep(2)
            yield "state.txt", "as it was"
"""
SUITE = """
    import threading
    import time
    import pytest

    def test_before(): assert False  # pytest's first traceback takes long

    @pytest.mark.timeout(5)
    def test_fails_in_time(driver):
        time.sleep(3)
        assert False

    @pytest.mark.timeout(4)
    def test_leaves_a_growing_file(tmp_path):
        over = threading.Event()
        def grow():
            with open(tmp_path / "run.log", "a") as file:
                while not over.wait(0.01):
                    print("x", file=file, flush=True)
        thread = threading.Thread(target=grow)
        thread.start()
        threading.Timer(8, over.set).start()
        time.sleep(2.5)

    @pytest.mark.timeout(5)
    def test_slow_hook(): pass

    def test_later(): pass
"""


@pytest.fixture(autouse=True)
def _suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(BROWSERS))


@METHODS
def test_our_work_is_not_in_the_time_of_a_test(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, method: str
) -> None:
    """A picture that hangs, a file that grows, a hook that is slow: no timer fires meanwhile."""
    pytester.makeconftest(CONFTEST)
    words = ("-p", "pytest_timeout", f"--timeout-method={method}", "-oevidence_files=*.log")

    run = run_and_read_spool(SUITE, *words, "--evidence-capture-limit=4", apart=True)

    run.result.assert_outcomes(passed=3, failed=2)
    assert "Timeout" not in run.output
    _, reason = run.refused
    assert "driver-call-failure.png: cannot be made (there was no answer within 4 s)" in reason
    assert ["run.log"] == run.names("test_leaves_a_growing_file")
    assert {"state.txt"} == set(run.names("test_slow_hook"))


HANGING = """
    import signal
    import time
    import pytest

    @pytest.fixture
    def hangs():
        yield
        time.sleep(60)

    @pytest.mark.timeout(4, method="METHOD")
    def test_teardown_hangs(hangs): pass
"""
ALARM = """
    def test_own_alarm(tmp_path):
        def ring(*_): raise RuntimeError("late")
        signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, 1)

    def test_meanwhile(): time.sleep(2)
"""


def test_timers_go_on_after_our_work(run_and_read_spool: RunAndRead) -> None:
    """A teardown that hangs is ended with the test's own limit, and an alarm rings, if later."""
    suite = HANGING.replace("METHOD", "signal") + ALARM

    run = run_and_read_spool(suite, "-p", "pytest_timeout", apart=True)

    run.result.assert_outcomes(passed=2, failed=1, errors=1)
    assert "Timeout (>4.0s) from pytest-timeout." in run.output
    assert "RuntimeError: late" in run.output


def test_a_timer_in_a_thread_goes_on_after_our_work(
    pytester: pytest.Pytester, start: Start
) -> None:
    """It ends the process, as it would without us."""
    pytester.makepyfile(test_inner=HANGING.replace("METHOD", "thread"))

    result = start("", "-p", "pytest_timeout", apart=True)

    assert 1 == result.ret
    assert "+++ Timeout +++" in everything_printed(result)


@pytest.mark.parametrize("method", ["signal", "thread"])
def test_a_timer_of_the_function_only(run_and_read_spool: RunAndRead, method: str) -> None:
    """Where it ended with the function, none is set again."""
    suite = f"""
        import time
        import pytest

        @pytest.fixture
        def slow():
            yield
            time.sleep(5)

        @pytest.mark.timeout(4, method="{method}", func_only=True)
        def test_it(slow, evidence): evidence.text("kept")
    """

    run = run_and_read_spool(suite, "-p", "pytest_timeout", apart=True)

    run.result.assert_outcomes(passed=1)


@pytest.mark.parametrize(("raised", "expected"), [("KeyboardInterrupt", 2), ("SystemExit(3)", 3)])
def test_what_ends_the_process_passes(
    pytester: pytest.Pytester, start: Start, raised: str, expected: int
) -> None:
    """Ctrl-C and an exit while a hook of another plugin works for us end the session as ever."""
    pytester.makeconftest(f"""
        import pytest

        @pytest.hookimpl(optionalhook=True)
        def pytest_evidence_collect(item, report): raise {raised}
    """)

    result = start("def test_it(): pass", apart=True)

    assert expected == result.ret, everything_printed(result)
