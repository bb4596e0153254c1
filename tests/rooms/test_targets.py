"""Levels of marks become targets: within a level they add up, between levels the nearer replaces."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_attach_evidence.errors import TargetError
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.targets import Mark
from pytest_attach_evidence.targets import merge
from pytest_attach_evidence.targets import parse
from pytest_attach_evidence.targets import unknown_name


KNOWN = ("squash", "workiva", "huawei", "rillsoft", "archive")


def mark(*aliases: str, **targets: Any) -> Mark:
    """Return a mark as it would be written in a test."""
    return Mark(aliases, targets)


def digits(text: str | int) -> Target:
    """Return a target of squash for whole numbers only."""
    if not str(text).isdecimal():
        msg = f"{text!r} is no number"
        raise TargetError(msg)
    return Target.of("squash", "https://squash.example", "execution", str(text))


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([], {}),
        ([[mark(squash="1")]], {"squash": ("1",)}),
        ([[mark(squash=["1", 2])]], {"squash": ("1", 2)}),
        ([[mark(squash="1"), mark(squash="2")]], {"squash": ("1", "2")}),
        ([[mark(squash="1")], [mark(squash="2")]], {"squash": ("1",)}),
        ([[], [mark(squash="1")]], {"squash": ("1",)}),
        (
            [[mark(squash="1")], [mark(squash="2", workiva="a/b")]],
            {"squash": ("1",), "workiva": ("a/b",)},
        ),
        ([[mark(squash=None)], [mark(squash="2")]], {"squash": ()}),
        ([[mark(squash=None), mark(squash="1")], [mark(squash="2")]], {"squash": ("1",)}),
        ([[mark(when="failed")], [mark(squash="2")]], {"squash": ("2",)}),
    ],
)
def test_the_nearer_level_replaces_per_destination(
    levels: list[list[Mark]], expected: dict[str, tuple[Any, ...]]
) -> None:
    """Marks of one place add up; a nearer place speaks for its destinations only; None drops."""
    wanted = merge(levels, KNOWN)

    assert (expected, ()) == (dict(wanted.texts), wanted.problems)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([], None),
        ([[mark(when="failed")]], "failed"),
        ([[mark(squash="1")], [mark(when="passed")]], "passed"),
        ([[mark(when="always")], [mark(when="failed")]], "always"),
    ],
)
def test_the_nearest_when_wins(levels: list[list[Mark]], expected: str | None) -> None:
    """`when` is one value for the whole test."""
    assert expected == merge(levels, KNOWN).when


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ([mark(sqash="1")], "did you mean 'squash'?"),
        ([mark(zzz="1")], "known are archive"),
        ([mark("CTRL-07")], "the alias 'CTRL-07'"),
        ([mark(squash="")], "squash='' is no target"),
        ([mark(squash=1.5)], "squash=1.5 is no target"),
        ([mark(squash=True)], "squash=True is no target"),
        ([mark(squash=["1", None])], "squash=None is no target"),
        ([mark(squash={"a": 1})], "is no target"),
        ([mark(when="never")], "when='never' is none of always, failed, passed"),
        ([mark(when=None)], "when=None is none of"),
        ([mark(when=["failed"])], "is none of"),
        ([mark(when="failed"), mark(when="passed")], "'failed' and 'passed' at the same place"),
    ],
)
def test_what_makes_no_sense_is_said(level: list[Mark], expected: str) -> None:
    """Each mistake in a mark is one line that shows what was written."""
    problems = merge([level], KNOWN).problems

    assert 1 == len(problems)
    assert expected in problems[0]


def test_a_mistake_is_said_once() -> None:
    """The same wrong mark on a class and its base is one problem."""
    assert 1 == len(merge([[mark(sqash="1")], [mark(sqash="1")]], KNOWN).problems)


def test_texts_become_targets_once_in_their_order() -> None:
    """Two texts for one object are one target; a destination that is off is left out."""
    wanted = merge([[mark(squash=["7", 7, "8"], workiva="a/b")]], KNOWN)

    found, problems = parse(wanted, {"squash": digits})

    assert ["7", "8"] == [target.id for target in found]
    assert [] == problems


def test_every_text_that_cannot_be_read_is_a_problem() -> None:
    """A bad target spoils neither the others nor the message about another bad one."""
    found, problems = parse(merge([[mark(squash=["x", "7", "y"])]], KNOWN), {"squash": digits})

    assert ["7"] == [target.id for target in found]
    assert ["squash='x': 'x' is no number", "squash='y': 'y' is no number"] == problems


def test_an_unknown_name_comes_with_the_nearest_known_one() -> None:
    """A typing error is answered with what was meant."""
    assert "it has no 'hauwei' - did you mean 'huawei'?" == unknown_name("it", "hauwei", KNOWN)
