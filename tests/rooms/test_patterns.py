"""Patterns of node ids: what they cover, which comes first, and that the quick way finds all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from pytest_attach_evidence.mapfile import Index
from pytest_attach_evidence.mapfile import Pattern
from pytest_attach_evidence.mapfile import is_pattern


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("tests/", ["tests/test_a.py::test_a", "tests/api/test_a.py::test_a"], ["test/a.py::t"]),
        ("tests/api", ["tests/api/test_a.py::test_a"], ["tests/apis/test_a.py::test_a"]),
        ("test_a.py", ["test_a.py::T::t", "test_a.py"], ["tests/test_a.py::t", "test_a.pyx::t"]),
        ("a.py::test_a", ["a.py::test_a", "a.py::test_a[x]"], ["a.py::test_ab", "a.py::T::test_a"]),
        ("a.py::T", ["a.py::T::test_a", "a.py::T::U::t[1]"], ["a.py::Tu::test_a"]),
        ("a.py::t[1-b]", ["a.py::t[1-b]"], ["a.py::t", "a.py::t[1-b]c", "a.py::t[1]"]),
        ("*.py", ["a.py::t"], ["tests/a.py::t"]),
        ("tests/*/a.py", ["tests/api/a.py::t"], ["tests/a.py::t", "tests/api/web/a.py::t"]),
        ("tests/**/a.py", ["tests/a.py::t", "tests/api/web/a.py::t"], ["tests/ba.py::t"]),
        ("**/a.py", ["a.py::t", "x/y/a.py::t"], ["ba.py::t"]),
        ("**", ["a.py::t", "x/y.py::T::t[1]"], []),
        ("**::test_a", ["a.py::test_a", "x/a.py::T::test_a[1]"], ["a.py::test_ab"]),
        ("a.py::*", ["a.py::t", "a.py::T::t[x]"], ["b.py::t"]),
        ("a.py::T*::t", ["a.py::Tx::t"], ["a.py::Tx::U::t", "a.py::t"]),
        ("a.py::t[*]", ["a.py::t[a/b::c]", "a.py::t[]"], ["a.py::t", "a.py::u[1]"]),
        ("a.py::t[*-de]", ["a.py::t[1-de]"], ["a.py::t[1-de-at]"]),
        ("a.py::t[a.b?]", ["a.py::t[a.b?]"], ["a.py::t[axbc]"]),
        ("tests[1]/a.py", ["tests[1]/a.py::t"], ["tests1/a.py::t"]),
        ("a.py::t[ä*]", ["a.py::t[ähm]"], ["a.py::t[hm]"]),
    ],
)
def test_a_pattern_covers_what_it_names_and_everything_below(
    pattern: str, yes: list[str], no: list[str]
) -> None:
    """As on pytest's command line; only stars are special, and no half name is taken for a whole one."""
    one = Pattern.of(pattern)

    assert yes == [nodeid for nodeid in [*yes, *no] if one.matches(nodeid)]
    assert yes == [nodeid for nodeid in [*yes, *no] if Index([one]).matching(nodeid)]
    assert is_pattern(pattern)


def test_the_more_specific_pattern_comes_first() -> None:
    """Parameters, then more of class and function, a file, a deeper folder; a star comes after its like."""
    patterns = [
        "tests/a.py::T::t[1]",
        "tests/a.py::T::t[*]",
        "**::t[*]",
        "tests/a.py::T::t",
        "tests/a.py::T::*",
        "tests/a.py::T",
        "**/a.py::T",
        "**::T*",
        "tests/a.py",
        "tests/*.py",
        "**/a.py",
        "tests/",
        "tes*",
        "t*/",
        "**",
    ]
    index = Index([Pattern.of(text) for text in reversed(patterns)])

    assert patterns == [one.text for one in index.matching("tests/a.py::T::t[1]")]


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("tests/test_*", "tests/test_lo*", True),
        ("tests/test_lo*", "tests/test_*", False),
        ("tests/*_smoke.py", "tests/test_*.py", False),
        ("**", "a*", True),
    ],
)
def test_whether_one_pattern_holds_another(wide: str, narrow: str, expected: bool) -> None:
    """One that matches the other's text is wider: between two of which neither does nobody can choose."""
    assert expected == Pattern.of(wide).covers(Pattern.of(narrow))


NAMES = st.sampled_from(["a", "b", "test_a", "test_b", "T", "x-1"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join).map("{}.py".format)
IDS = st.builds(
    lambda path, names, end: "::".join([path, *names]) + end,
    PATHS,
    st.lists(NAMES, min_size=1, max_size=2),
    st.sampled_from(["", "[a]", "[test_a-b]", "[a/b::c]"]),
)
STARRED = st.builds(
    lambda text, start, end, star: text[: min(start, end)] + star + text[max(start, end) :],
    IDS,
    st.integers(0, 20),
    st.integers(0, 20),
    st.sampled_from(["*", "**", "**/", "*::", ""]),
).filter(lambda text: text and "***" not in text)


@limits(deadline=None)
@given(patterns=st.lists(STARRED, unique=True, max_size=12), nodeid=IDS)
def test_the_index_finds_what_trying_each_pattern_finds(patterns: list[str], nodeid: str) -> None:
    """Words and beginnings only save work: no match is lost, and none is invented."""
    every = [Pattern.of(text) for text in patterns]

    found = Index(every).matching(nodeid)

    assert sorted(one.text for one in every if one.matches(nodeid)) == sorted(p.text for p in found)
