"""Patterns of node ids: what they cover, which comes first, and that the quick way finds all."""

from __future__ import annotations

import pytest
from hypothesis import assume
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from pytest_attach_evidence.mapfile import Index
from pytest_attach_evidence.mapfile import Pattern
from pytest_attach_evidence.mapfile import covering
from pytest_attach_evidence.mapfile import is_pattern
from pytest_attach_evidence.mapfile.covering import covers
from pytest_attach_evidence.mapfile.patterns import Place


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
        ("a.py::t[2[*]3]", ["a.py::t[2*3]"], ["a.py::t[2**3]", "a.py::t[23]"]),
        ("a.py::t[***]", ["a.py::t[***]", "a.py::t[a/b::c]"], ["a.py::t", "a.py::u[1]"]),
        ("a.py::t[[*]*]", ["a.py::t[*]", "a.py::t[*x]"], ["a.py::t[x]"]),
        ("a[*]/b.py", ["a*/b.py::t"], ["ax/b.py::t", "a[*]/b.py::t"]),
        ("**/api/", ["x/api/a.py::t"], ["a.py::t[docs/api/x.md]", "a.py::api"]),
        ("tests/**/api/", ["tests/x/api/a.py::t"], ["tests/a.py::t[docs/api/x.md]"]),
        ("**/a.py", ["x/a.py::t"], ["b.py::t[x/a.py/y]"]),
        ("**::t", ["a.py::t[1]"], ["a.py::u[x::t]"]),
        ("a.py::*-b", ["a.py::x-b"], ["a.py::t[x-b]"]),
        ("x**/a.py", ["x1/a.py::t", "x/y/a.py::t"], ["xa.py::t"]),
        ("**b::t*", ["a/ab::t1"], ["a.py::b::t1", "a/b.py::t1"]),
        ("**/b**::t", ["a/b.py::t", "b.py::T::t"], ["a.py::a/b::t"]),
        ("a**b.py::t", ["a/b.py::t"], ["a.py::b.py::t"]),
    ],
)
def test_a_pattern_covers_what_it_names_and_everything_below(
    pattern: str, yes: list[str], no: list[str]
) -> None:
    """As on pytest's command line; only stars are special, and no half name is taken for a whole one."""
    one = Pattern.of(pattern)

    assert yes == [nodeid for nodeid in [*yes, *no] if one.matches(nodeid)]
    assert yes == [nodeid for nodeid in [*yes, *no] if Index([one]).matching(nodeid).patterns]
    assert is_pattern(pattern)


def test_the_more_specific_pattern_comes_first() -> None:
    """Parameters, then more of class and function, a file, a deeper folder; but the wider one last."""
    patterns = [
        "tests/a.py::T::t[1]",
        "tests/a.py::T::t",
        "tests/a.py::T::t[*]",
        "**::t[*]",
        "tests/a.py::T",
        "tests/a.py::T::*",
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

    assert patterns == [one.text for one in index.matching("tests/a.py::T::t[1]").patterns]


def is_wider(wide: Pattern, narrow: Pattern, nodeid: str) -> bool:
    """Tell whether one pattern of a test has all tests of the other that are named alike."""
    place = Place.of(nodeid)
    return covers(wide, narrow, bool(place.parameters), bool(narrow.whole_at(place)))


@pytest.mark.parametrize(
    ("wide", "narrow", "nodeid", "expected"),
    [
        ("tests/test_*", "tests/test_lo*", "tests/test_lo.py::t", True),
        ("tests/test_lo*", "tests/test_*", "tests/test_lo.py::t", False),
        ("tests/*_smoke.py", "tests/test_*.py", "tests/test_smoke.py::t", False),
        ("**", "a*", "a.py::t", True),
        ("**/*.py", "tests/login/", "tests/login/a.py::t", True),
        ("tests/*.py", "tests/", "tests/a.py::t", False),
        ("**/*", "tests/", "tests/a.py::t", True),
        ("**::*", "a.py", "a.py::T::t[1]", True),
        ("*::*", "**/a.py", "a.py::t", False),
        ("**::*[*]", "a.py::t", "a.py::t[1]", True),
        ("**::*[*]", "a.py::T", "a.py::T::t[1]", True),
        ("**::t[*]", "a.py::T", "a.py::T::t[1]", False),
        ("a.py::T::*", "a.py::*::t", "a.py::T::t", False),
        ("a.py::t[*]", "a.py::t[*-b]", "a.py::t[a-b]", True),
        ("a.py::t[a-*]", "a.py::t[*-b]", "a.py::t[a-b]", False),
        ("*/*", "**/a.py", "x/a.py::t", False),
        ("**/*.py::t", "**::t", "x/a.py::t", False),
        ("**::t", "**/*.py::t", "x/a.py::t", True),
    ],
)
def test_whether_one_pattern_is_wider_than_another(
    wide: str, narrow: str, nodeid: str, expected: bool
) -> None:
    """It is where all that the other one can match is its own, of tests such as this one."""
    assert Pattern.of(wide).matches(nodeid)
    assert Pattern.of(narrow).matches(nodeid)
    assert expected == is_wider(Pattern.of(wide), Pattern.of(narrow), nodeid)


@pytest.mark.parametrize("nodeid", ["a.py::t[2*3]", "a.py::t[2**3]", "a.py::t[*]", "a.py::t[[*]]"])
def test_a_row_that_is_written_like_a_test_is_its_own(nodeid: str) -> None:
    """Whatever its stars stand for elsewhere, and however specific the others are."""
    texts = [
        "a.py::t[2*3]",
        "a.py::t[2**3]",
        "a.py::t[2[*]3]",
        "a.py::t[*]",
        "a.py::t[[*]]",
        "a.py::t",
    ]
    index = Index(map(Pattern.of, texts))

    found = index.matching(nodeid)
    assert nodeid == found.patterns[0].text
    assert [nodeid] == [one.text for one in found.own]


@pytest.mark.parametrize(
    "form",
    [
        "tests/**/test_ledger{}x*.py",
        "tests/**::test_{}x*",
        "**::test_p[*case{}-*]",
        "**::t[*n{}x*]",
    ],
)
def test_patterns_that_differ_in_a_piece_of_a_word_are_not_all_tried(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test is compared with those that may match it: of a thousand alike with very few."""
    index = Index(Pattern.of(form.format(number)) for number in range(1000))
    tried: list[str] = []
    whole_at = Pattern.whole_at

    def counting(pattern: Pattern, place: Place) -> bool | None:
        tried.append(pattern.text)
        return whole_at(pattern, place)

    monkeypatch.setattr(Pattern, "whole_at", counting)
    nodeid = form.format(77).replace("**/", "a/").replace("**", "a.py").replace("*", "b")

    assert [form.format(77)] == [
        one.text for one in index.matching(nodeid + "::t" * ("::" not in form)).patterns
    ]
    assert len(tried) <= 2


def test_what_many_tests_share_is_put_in_order_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows with stars that hold for all tests are compared with each other once, whatever rows tests have."""
    wide = ["tests/**", "**/*.py", "**/test_*.py::test_*", "**::test_*", "tests/*/test_*.py"]
    tests = [f"tests/part/test_{number}.py::test_{number}" for number in range(100)]
    index = Index(map(Pattern.of, [*wide, *tests]))
    compared: list[tuple[str, str]] = []

    def counting(wide: Pattern, narrow: Pattern, *shape: bool) -> bool:
        compared.append((wide.text, narrow.text))
        return covers(wide, narrow, *shape)

    monkeypatch.setattr(covering, "covers", counting)
    found = [[one.text for one in index.matching(test).patterns] for test in tests]

    assert {(name, *found[0][1:]) for name in tests} == set(map(tuple, found))
    assert len(compared) <= len(wide) ** 2


@pytest.mark.parametrize(
    ("texts", "nodeid"),
    [
        (["x/", "**/**/*.py"], "x/a.py::t"),
        (["x/a.py::T::t", "**/**/a.py::T::*"], "x/a.py::T::t[1]"),
        (["**::t*", "x/a.py", "x/"], "x/a.py::T::t"),
        (["**::*::t*", "x/a.py::T", "**::t*", "x/a.py", "x/", "**"], "x/a.py::T::t"),
    ],
)
def test_a_row_without_stars_stands_where_it_belongs(texts: list[str], nodeid: str) -> None:
    """Before what has all of its tests, however that ranks, and behind what is more specific."""
    for listed in (sorted(texts), sorted(texts, reverse=True)):
        index = Index(map(Pattern.of, listed))

        assert texts == [one.text for one in index.matching(nodeid).patterns]


NAMES = st.sampled_from(["a", "b", "test_a", "test_b", "T", "x-1"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join).map("{}.py".format)
IDS = st.builds(
    lambda path, names, end: "::".join([path, *names]) + end,
    PATHS,
    st.lists(NAMES, min_size=1, max_size=2),
    st.sampled_from(["", "[a]", "[test_a-b]", "[a/b::c]"]),
)


def starred(ids: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return node ids with stars in them, in place of a part or beside the rest."""
    return st.builds(
        lambda text, start, end, star: text[: min(start, end)] + star + text[max(start, end) :],
        ids,
        st.integers(0, 20),
        st.integers(0, 20),
        st.sampled_from(["*", "**", "**/", "*::", "", "*a*", "[*]"]),
    ).filter(lambda text: text and "***" not in text)


STARRED = starred(IDS)
TWO_OF_ONE = IDS.flatmap(lambda i: st.tuples(st.just(i), *[starred(st.just(i))] * 2))


@limits(deadline=None)
@given(patterns=st.lists(STARRED, unique=True, max_size=12), nodeid=IDS)
def test_the_index_finds_what_trying_each_pattern_finds(patterns: list[str], nodeid: str) -> None:
    """Words and beginnings only save work: no match is lost, and none is invented."""
    every = [Pattern.of(text) for text in patterns]

    found = Index(every).matching(nodeid).patterns

    expected = [one.text for one in every if one.matches(nodeid) or one.text == nodeid]
    assert sorted(expected) == sorted(one.text for one in found)


@limits(deadline=None)
@given(two=TWO_OF_ONE, others=st.lists(IDS, max_size=30))
def test_a_wider_pattern_has_all_tests_of_the_narrower(
    two: tuple[str, str, str], others: list[str]
) -> None:
    """All that are named as the one that both match: with parameters or without, of as many classes."""
    nodeid, wide, narrow = two
    one, other = Pattern.of(wide), Pattern.of(narrow)
    assume(one.matches(nodeid) and other.matches(nodeid) and is_wider(one, other, nodeid))
    shape = "[" in nodeid, nodeid.partition("[")[0].count("::")
    alike = [i for i in others if ("[" in i, i.partition("[")[0].count("::")) == shape]

    assert [] == [i for i in alike if other.matches(i) and not one.matches(i)]
