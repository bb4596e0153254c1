"""Squash TM's target texts: what each stands for, and what the near misses are told."""

from __future__ import annotations

import pytest

from pytest_attach_evidence.destinations.squash_targets import OWNERS
from pytest_attach_evidence.destinations.squash_targets import target_of
from pytest_attach_evidence.errors import TargetError
from pytest_attach_evidence.model import Target


ROOT = "https://squash.example/squash"


def parsed(text: str | int, iteration: str = "4") -> tuple[str, str, dict[str, str]]:
    """Return kind, id and scope of a target text."""
    target = target_of(text, ROOT, iteration)
    return target.kind, target.id, dict(target.scope)


@pytest.mark.parametrize(
    ("text", "kind", "id", "dataset"),
    [
        ("TC-12", "reference", "TC-12", None),
        ("TC-30[chrome]", "reference", "TC-30", "chrome"),
        ("TC 30[Chrome (de) [1]]", "reference", "TC 30", "Chrome (de) [1]"),
        ("été.1", "reference", "été.1", None),
        ("1.2", "reference", "1.2", None),
        ("-5", "reference", "-5", None),
        ("#8", "test-case-id", "8", None),
        ("#8[chrome]", "test-case-id", "8", "chrome"),
        ("ref:1042", "reference", "1042", None),
        ("ref:a/b [c] #8", "reference", "a/b [c] #8", None),
        ("ref:ref:x", "reference", "ref:x", None),
    ],
)
def test_a_test_case_is_looked_up_in_the_iterations_plan(
    text: str, kind: str, id: str, dataset: str | None
) -> None:
    """References and ids after # are test cases; the target holds iteration and dataset."""
    scope = {"iteration": "4"} | ({"dataset": dataset} if dataset else {})

    assert (kind, id, scope) == parsed(text)


@pytest.mark.parametrize("text", [1042, "1042"])
def test_a_bare_number_is_an_execution(text: str | int) -> None:
    """The iteration stays with it, since its plan may hold a reference like the number."""
    assert ("executions", "1042", {"iteration": "4"}) == parsed(text)
    assert ("executions", "1042", {}) == parsed(text, iteration="")


@pytest.mark.parametrize("owner", OWNERS)
def test_every_owner_can_be_named(owner: str) -> None:
    """The twelve owners of attachments are spelled as in the vendor's paths."""
    assert (owner, "77", {}) == parsed(f"{owner}/77")


def test_a_target_holds_the_root() -> None:
    """A later push knows where the target was meant to be."""
    expected = Target.of("squash", ROOT, "executions", "7")

    assert expected == target_of("executions/7", ROOT, "")


@pytest.mark.parametrize("text", ["TC-12", "#8", "ref:1042", "TC-12[chrome]"])
def test_a_test_case_needs_an_iteration(text: str) -> None:
    """The message names the option and the way around it."""
    with pytest.raises(TargetError, match="evidence_squash_iteration") as caught:
        parsed(text, iteration="")

    assert "executions/1042" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "blank"),
        ("   ", "blank"),
        (" TC-12", "blanks at its ends"),
        ("TC-12\n", "blanks at its ends"),
        ("TC\t12", "control characters"),
        (True, "bool"),
        (1042.0, "float"),
        (None, "NoneType"),
        (0, "whole numbers from 1"),
        (-5, "whole numbers from 1"),
        ("0", "leading zero"),
        ("007", "ref:"),
        ("1" * 19, "1 to 18 digits"),
        ("٤٢", "digits 0-9"),
        ("４２", "digits 0-9"),
        ("9.56239E+17", "spreadsheet"),
        ("1,04E3", "spreadsheet"),
        ("1042.0", "ref:1042.0"),
        ("#", "write"),
        ("#x", "whole number"),
        ("##8", "whole number"),
        ("# 8", "whole number"),
        ("#8/x", "whole number"),
        ("#8[", "brackets"),
        ("TC-12[]", "brackets"),
        ("TC-12[chrome", "brackets"),
        ("TC-12]", "brackets"),
        ("[chrome]", "brackets"),
        ("TC-12[chrome]x", "brackets"),
        ("TC-12 [chrome]", "blanks at a bracket"),
        ("TC-12[ chrome]", "blanks at a bracket"),
        ("ref:", "after ref:"),
        ("ref: TC-12", "blanks"),
        ("Ref:TC-12", "small letters"),
        ("execution/1042", "executions/<id>"),
        ("Executions/1042", "executions/<id>"),
        ("test_cases/8", "test-cases/<id>"),
        ("qwertz/8", "ref:qwertz/8"),
        ("/executions/8", "kinds are"),
        ("executions/", "executions/<id>"),
        ("executions/8/", "executions/<id>"),
        ("executions/ 8", "executions/<id>"),
        ("executions/../8", "executions/<id>"),
        ("executions/08", "leading zero"),
        ("executions/٤٢", "digits 0-9"),
        ("https://squash.example/squash/executions/8", "an address"),
    ],
)
def test_a_near_miss_is_told_what_to_write(text: str, told: str) -> None:
    """A text that is none of the forms is refused in one line that shows it and the way out."""
    with pytest.raises(TargetError) as caught:
        target_of(text, ROOT, "4")

    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
