"""The marker in all its forms, at every level: which targets a test ends up with."""

from __future__ import annotations

import pytest

from .conftest import RunAndRead


INI = """\
[pytest]
markers = other
evidence_destinations = archive squash huawei
evidence_squash_url = http://127.0.0.1:9/squash
evidence_squash_iteration = 4
evidence_huawei_url = http://127.0.0.1:9
evidence_huawei_project = 0123456789abcdef0123456789abcdef
evidence_huawei_region = r1
"""
LEVELS = """
    import pytest

    mark = pytest.mark.evidence
    pytestmark = [mark(squash="M-1", huawei="956239067176935401"), pytest.mark.other]

    def test_module(): pass

    @mark(squash=[1042, "executions/1043"])
    def test_list_replaces_module(): pass

    @mark(squash="F-1")
    @mark(squash="F-2")
    def test_stacked_marks_add_up(): pass

    @mark(squash=None)
    def test_none_drops(): pass

    @mark(squash=None)
    @mark(squash="F-3")
    def test_none_drops_only_what_is_farther(): pass

    @mark(archive=None)
    def test_without_archive(): pass

    @mark(squash="F-4")
    @pytest.mark.parametrize("n", [1, pytest.param(2, marks=mark(squash="P-2"))])
    def test_parameter(n): pass

    @pytest.mark.parametrize("a", [pytest.param(1, marks=mark(squash="P-3"))])
    @pytest.mark.parametrize("b", [pytest.param(2, marks=[mark(squash="P-4"), mark(huawei=None)])])
    def test_two_parameters(a, b): pass

    @mark(squash="B-1", huawei="956239067176935402")
    class Base:
        def test_inherited(self): pass

        @mark(squash="F-5")
        def test_function(self): pass

    class TestPlain(Base): pass

    @mark(squash="C-1")
    class TestOwn(Base):
        class TestNested:
            def test_nested(self): pass

            @mark(huawei=None)
            def test_nested_function(self): pass

    class Other:
        pytestmark = mark(squash="O-1")

    class TestTwoBases(Other, Base): pass

    def test_added(): pass

    def test_hooked(): pass
"""
CONFTEST = """
    import pytest

    def pytest_collection_modifyitems(items):
        for item in items:
            if item.name == "test_added":
                item.add_marker(pytest.mark.evidence(squash="A-1"))
            if item.name == "test_nested":
                item.parent.add_marker(pytest.mark.evidence(squash="A-2"))

    @pytest.hookimpl(optionalhook=True)
    def pytest_evidence_targets(item):
        if item.name == "test_hooked":
            return {"squash": "H-1", "workiva": "form/phase"}
        if item.name == "test_hook_alone":
            return {"squash": ["H-2", 7]}
"""
M1 = ["huawei 956239067176935401"]
EXPECTED = {
    "::test_module": [*M1, "squash M-1"],
    "::test_list_replaces_module": [*M1, "squash 1042", "squash 1043"],
    "::test_stacked_marks_add_up": [*M1, "squash F-1", "squash F-2"],
    "::test_none_drops": M1,
    "::test_none_drops_only_what_is_farther": [*M1, "squash F-3"],
    "::test_without_archive": [*M1, "squash M-1"],
    "::test_parameter[1]": [*M1, "squash F-4"],
    "::test_parameter[2]": [*M1, "squash P-2"],
    "::test_two_parameters[2-1]": ["squash P-3", "squash P-4"],
    "TestPlain::test_inherited": ["huawei 956239067176935402", "squash B-1"],
    "TestPlain::test_function": ["huawei 956239067176935402", "squash F-5"],
    "TestOwn::test_inherited": ["huawei 956239067176935402", "squash C-1"],
    "TestOwn::test_function": ["huawei 956239067176935402", "squash F-5"],
    "::test_nested": ["huawei 956239067176935402", "squash A-2"],
    "::test_nested_function": ["squash A-2"],
    "TestTwoBases::test_inherited": ["huawei 956239067176935402", "squash O-1"],
    "::test_added": [*M1, "squash A-1"],
    "::test_hooked": [*M1, "squash M-1"],
    "::test_hook_alone": ["squash 7", "squash H-2"],
}


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with two vendors that nobody has to reach, since it only collects."""
    pytester.makeini(INI)
    pytester.makeconftest(CONFTEST)
    return pytester


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "-n2"])
def test_levels(
    project: pytest.Pytester, run_and_read_spool: RunAndRead, workers: tuple[str, ...]
) -> None:
    """The nearer level replaces the farther per destination; within a level targets add up."""
    project.makepyfile(test_plain="def test_hook_alone(): pass")

    run = run_and_read_spool(LEVELS, "--strict-markers", *workers, mode="collect")

    assert EXPECTED == {name: run.targets(name) for name in EXPECTED}


def test_archive_is_dropped_like_any_other(run_and_read_spool: RunAndRead) -> None:
    """`archive=None` keeps a test's evidence out of the archive."""
    run = run_and_read_spool("""
        import pytest

        @pytest.mark.evidence(archive=None)
        def test_private(evidence): evidence.text("a")

        def test_public(evidence): evidence.text("b")
    """)

    assert ("2", "1") == (run.line["pieces"], run.line["delivered"])


def test_destinations_that_are_not_enabled_are_named_once(
    project: pytest.Pytester, run_and_read_spool: RunAndRead
) -> None:
    """Targets of a destination that is not enabled are left out, and the summary says so once."""
    run = run_and_read_spool(
        """
        import pytest
        pytestmark = pytest.mark.evidence(workiva="f/p", rillsoft=None)
        def test_a(evidence): evidence.text("a")
        def test_b(evidence): evidence.text("b")
        """,
        mode="collect",
    )

    assert [] == run.targets("test_a")
    assert 1 == run.output.count("left out: targets of workiva, not in evidence_destinations")


WHEN = """
    import pytest

    mark = pytest.mark.evidence
    pytestmark = mark(when="passed")

    @pytest.mark.parametrize("ok", [True, False])
    def test_module(evidence, ok):
        evidence.text("a")
        assert ok

    @mark(when="failed")
    @pytest.mark.parametrize("ok", [True, False])
    def test_function(evidence, ok):
        evidence.text("a")
        assert ok

    @mark(when="failed")
    @pytest.mark.parametrize("ok", [pytest.param(True, marks=mark(when="always"))])
    def test_parameter(evidence, ok): evidence.text("a")
"""


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "-n2"])
def test_nearest_when_wins(run_and_read_spool: RunAndRead, workers: tuple[str, ...]) -> None:
    """`when=` of the nearest mark decides which outcomes keep their evidence."""
    run = run_and_read_spool(WHEN, "-o", "evidence_when=always", "-o", "evidence_log=off", *workers)
    kept = {run.record.items[p.item_id].nodeid.partition("::")[2] for p in run.wanted}

    assert {"test_module[True]", "test_function[False]", "test_parameter[True]"} == kept


def test_option_is_what_marks_do_not_say(run_and_read_spool: RunAndRead) -> None:
    """`evidence_when` holds for tests without `when=`, and a mark is nearer than it."""
    run = run_and_read_spool(
        """
        import pytest

        def test_plain(evidence): evidence.text("a")

        @pytest.mark.evidence(when="always")
        def test_marked(evidence): evidence.text("b")
        """,
        "--evidence-when=failed",
    )

    assert [] == run.names("test_plain")
    assert ["text.txt"] == run.names("test_marked")


def test_mark_that_comes_too_late(run_and_read_spool: RunAndRead) -> None:
    """A mark added while its test runs has no effect any more, and is not silently passed over."""
    run = run_and_read_spool("""
        import pytest

        def test_late(request, evidence):
            request.node.add_marker(pytest.mark.evidence(archive=None))
            evidence.text("a")
    """)

    run.result.assert_outcomes(passed=1)
    assert 1 == run.output.count("not taken: test_inner.py::test_late: an evidence mark: was added")
    assert 65 == run.result.ret


@pytest.mark.parametrize("mode", ["collect", "upload"])
def test_tests_run_without_the_libraries_of_the_delivery(
    monkeypatch: pytest.MonkeyPatch, run_and_read_spool: RunAndRead, mode: str
) -> None:
    """Collecting and reading targets of every destination imports nothing that only delivering needs."""
    for name in ("SQUASH_TOKEN", "WORKIVA_CLIENT_ID", "WORKIVA_CLIENT_SECRET", "RILLSOFT_TOKEN"):
        monkeypatch.setenv(f"PYTEST_EVIDENCE_{name}", "made-up-value")
    settings = [
        "evidence_destinations=archive squash workiva rillsoft",
        "evidence_squash_url=http://127.0.0.1:9",
        "evidence_rillsoft_url=http://127.0.0.1:9",
        "evidence_rillsoft_client=3",
        "evidence_deadline=0",
    ]

    run = run_and_read_spool(
        """
        import sys
        import pytest

        @pytest.mark.evidence(squash=1, workiva="f/p", rillsoft=2)
        def test_it(evidence):
            evidence.text("a")
            assert not {"requests", "rich", "jinja2", "werkzeug"} & sys.modules.keys()
        """,
        *(word for pair in settings for word in ("-o", pair)),
        mode=mode,
        apart=True,
    )

    run.result.assert_outcomes(passed=1)
    assert ["rillsoft 2", "squash 1", "workiva f/p"] == run.targets("test_it")
    assert {"collect": 0, "upload": 75}[mode] == run.result.ret
