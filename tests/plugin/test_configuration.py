"""Where settings come from, and what wins; what is done where no evidence is wanted or no test runs."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from .conftest import IGNORED
from .conftest import RunAndRead
from .conftest import Start
from .reading import LINE
from .reading import everything_printed
from .reading import read_back


ATTACHING = """
    def test_it(evidence, evidence_session):
        evidence.text("some text")
        evidence_session.text("about the run")
"""
NATIVE = pytest.mark.skipif(pytest.version_tuple < (9,), reason="TOML tables came with pytest 9")
FORMS = {
    "pytest.ini": """\
[pytest]
evidence = upload
evidence_destinations = archive
evidence_max_size = 1234
evidence_parallel = 3
evidence_redact =
    one, two
    three
""",
    "pyproject.toml": """\
[tool.pytest.ini_options]
evidence = "upload"
evidence_destinations = ["archive"]
evidence_max_size = "1234"
evidence_parallel = "3"
evidence_redact = ["one, two", "three"]
""",
    "native pyproject.toml": """\
[tool.pytest]
evidence = "upload"
evidence_destinations = ["archive"]
evidence_max_size = 1234
evidence_parallel = 3
evidence_redact = ["one, two", "three"]
""",
    "pytest.toml": """\
[pytest]
evidence = "upload"
evidence_destinations = ["archive"]
evidence_max_size = 1234
evidence_parallel = 3
evidence_redact = ["one, two", "three"]
""",
}
SHOWING = """
    import pytest

    def pytest_evidence_destinations(): return None

    @pytest.hookimpl(trylast=True)
    def pytest_configure(config):
        for plugin in config.pluginmanager.get_plugins():
            if hasattr(plugin, "project"):
                settings = plugin.project.settings
                print("SETTINGS", settings.mode, settings.destinations, settings.max_size,
                    settings.parallel, settings.redact)
"""


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(form, marks=NATIVE if form in ("native pyproject.toml", "pytest.toml") else ())
        for form in FORMS
    ],
)
def test_every_ini_form(pytester: pytest.Pytester, start: Start, form: str) -> None:
    """pytest.ini, `ini_options` and native TOML say the same, numbers as numbers included."""
    (pytester.path / form.removeprefix("native ")).write_text(FORMS[form], encoding="utf-8")
    pytester.makeconftest(SHOWING)

    result = start(ATTACHING, "--strict-config", "-s", mode="")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["SETTINGS upload ('archive',) 1234 3 ('one, two', 'three')"])


@NATIVE
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('evidence_destinations = "archive"', "evidence_destinations"),
        ("evidence_deadline = 1.5", "evidence_deadline"),
        ("evidence_deadline = true", "evidence_deadline"),
        ('evidence_max_size = ["1M"]', "evidence_max_size"),
        ("evidence = false", "evidence"),
    ],
)
def test_wrong_type_in_native_toml(
    pytester: pytest.Pytester, start: Start, line: str, expected: str
) -> None:
    """A value of the wrong type in native TOML is a line that names the option, and exit 4."""
    mode = "" if line.startswith("evidence =") else "collect"
    pytester.path.joinpath("pytest.toml").write_text(f"[pytest]\n{line}\n", encoding="utf-8")

    result = start(ATTACHING, mode=mode)

    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines([f"ERROR: *{expected}*"])
    assert "Traceback" not in everything_printed(result)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ([], "collect"),
        (["-o", "evidence=upload"], "upload"),
        (["-o", "evidence=upload", "--evidence=collect"], "collect"),
        (["-o", "evidence=collect", "--evidence", "upload"], "upload"),
    ],
)
def test_flag_wins_over_override_over_ini(
    pytester: pytest.Pytester, run_and_read_spool: RunAndRead, args: list[str], expected: str
) -> None:
    """A flag wins over `-o`, which wins over the ini file."""
    pytester.makeini("[pytest]\nevidence = collect")

    run = run_and_read_spool(ATTACHING, *args, mode="")

    assert f"evidence: {expected} for archive" in run.output


def test_paths(pytester: pytest.Pytester, start: Start) -> None:
    """Paths in the ini are relative to the ini file, those of flags to where one stands."""
    inner = pytester.mkdir("sub")
    ini = inner / "pytest.ini"
    ini.write_text("[pytest]\nevidence_dir = waiting\nevidence_archive_dir = kept\n", "utf-8")

    start(ATTACHING, "-c", str(ini), "--evidence-dir=elsewhere/spool", "test_inner.py")
    start("", "-c", str(ini), "test_inner.py")

    spools = [path.parent.parent for path in pytester.path.rglob("*/journals")]
    assert [pytester.path / "elsewhere/spool", inner / "waiting"] == sorted(spools)
    assert 2 == len(list((inner / "kept").iterdir()))


@pytest.mark.parametrize("how", ["ini", "../up", "explicit"])
@pytest.mark.parametrize("mode", ["off", "upload"])
def test_spool_and_archive_are_never_collected(
    pytester: pytest.Pytester, start: Start, mode: str, how: str
) -> None:
    """An attached test file does not become a test of the next run, even when off."""
    pytester.makeini("[pytest]\nevidence_dir = spool\nevidence_archive_dir = kept\n")
    tool = "import os\ndef test_tool(evidence): evidence.attach(__file__, name='test_tool.py')"
    start(tool, "--doctest-modules", "--doctest-glob=*")
    (found,) = pytester.path.glob("kept/*/data/*/*.py")
    found.rename(found.with_name("test_again.py"))
    flags = {
        "ini": [],
        "../up": ["--evidence-archive-dir=../" + pytester.path.name + "/kept"],
        "explicit": ["kept", "test_inner.py"],
    }

    result = start("", *flags[how], mode=mode)

    assert 1 == result.parseoutcomes().get("passed")
    assert "test_again" not in everything_printed(result)


NOT_RUNNING = (
    "--collect-only",
    "--setup-plan",
    "--setup-only",
    "--help",
    "--markers",
    "--fixtures",
)


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "-n2"])
@pytest.mark.parametrize("flag", NOT_RUNNING)
def test_nothing_is_written_where_no_test_runs(
    pytester: pytest.Pytester, start: Start, flag: str, workers: tuple[str, ...]
) -> None:
    """Looking at a suite leaves no run, needs no network, and says nothing about deliveries."""
    result = start(ATTACHING, flag, *workers)

    assert 0 == result.ret
    assert [] == LINE.findall(everything_printed(result))
    assert not (pytester.path / ".evidence").exists()


def test_collect_only_checks_targets(start: Start) -> None:
    """`--collect-only` is a dry run: a target that cannot be read is said."""
    suite = "import pytest\n@pytest.mark.evidence(sqash=1)\ndef test_it(): pass"

    result = start(suite, "--collect-only")

    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines(["ERROR: test_inner.py::test_it: the evidence marker has no*"])


def test_help_and_markers(start: Start) -> None:
    """`--help` shows flags and ini options, never those that only refuse; `--markers` the marker."""
    printed = "".join(start("", flag).stdout.str() for flag in ("--help", "--markers"))

    assert "--evidence-destinations" not in printed
    assert "--evidence-max-size=SIZE" in printed
    assert "evidence_destinations (linelist):" in printed
    assert "--evidence-squash-token" not in printed
    assert "@pytest.mark.evidence(*aliases, when=None, **targets)" in printed


def test_off(pytester: pytest.Pytester, start: Start) -> None:
    """While off the fixtures do nothing, nothing is imported, written or said, whatever is wrong."""
    pytester.makeini("[pytest]\nevidence_destinations = nowhere\nevidence_deadline = soon\n")
    suite = """
        import sys
        import pytest
        import pytest_attach_evidence

        @pytest.mark.evidence(anything="goes", when="ever")
        def test_it(evidence, evidence_session):
            assert evidence.text("a") is evidence.json({}) is evidence.table([]) is None
            assert evidence.attach("missing.txt") is evidence.screenshot(None) is None
            assert evidence_session.attach(b"") is pytest_attach_evidence.attach(b"") is None
            with evidence.step("one"):
                pass

        def test_imports():
            loaded = {name.partition(".")[2] for name in sys.modules}
            assert not loaded & {"hooks", "controller", "session", "deliver", "destinations.squash"}
            assert not loaded & {"spool", "plan", "project"}
            heavy = {"requests", "rich", "jinja2", "werkzeug", "keyring", "filelock", "truststore"}
            assert not heavy & sys.modules.keys()
    """

    result = start(suite, "--strict-markers", mode="", apart=True)

    result.assert_outcomes(passed=2)
    assert "evidence" not in everything_printed(result).replace("attach_evidence", "")
    assert not (pytester.path / ".evidence").exists()


def test_without_the_plugin(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example conftest runs with and without the plugin, installed as users have it."""
    example = Path(__file__).parents[2] / "conftest_example.py"
    shutil.copy(example, pytester.path / "conftest.py")
    pytester.makepyfile("def test_tc12_it(): pass\ndef test_other(): assert False")
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", IGNORED]

    without = pytester.run(*words, "-p", "no:attach-evidence")
    having = pytester.run(*words, "--evidence=upload", "-o", "evidence_destinations=archive")
    run = read_back(having, pytester.path / ".evidence")

    without.assert_outcomes(passed=1, failed=1)
    assert not {"evidence", "pytest_evidence"} & set(everything_printed(without).split())
    having.assert_outcomes(passed=1, failed=1)
    assert ["stage.txt", "log.txt"] == run.names("test_other")
    assert b"local" == run.content("test_other", "stage.txt")


@pytest.mark.parametrize(
    "flags",
    [
        *(["-p", "no:terminal", *workers] for workers in ([], ["-n2"])),
        *(["-q", "-q", *workers] for workers in ([], ["-n2"])),
        ["--no-summary"],
        ["-p", "no:logging"],
        ["-s"],
    ],
    ids=" ".join,
)
def test_quiet_runs_say_the_last_line_once(
    run_and_read_spool: RunAndRead, flags: list[str]
) -> None:
    """However quiet pytest is, the last line is printed exactly once and evidence is delivered."""
    run = run_and_read_spool(ATTACHING, *flags)

    assert ["text.txt"] == run.names("test_it")
    assert ("2", "2") == (run.line["pieces"], run.line["delivered"])


@pytest.mark.parametrize("flags", [[], ["-p", "no:terminal"]], ids=str)
def test_terminal_that_knows_only_ascii(
    monkeypatch: pytest.MonkeyPatch, run_and_read_spool: RunAndRead, flags: list[str]
) -> None:
    """A name the terminal cannot show breaks neither the summary nor the status."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii:strict")

    run = run_and_read_spool("def test_it(evidence): evidence.attach('grüße')", *flags, apart=True)

    assert "no such file: gr" in run.output
    assert 65 == run.result.ret
