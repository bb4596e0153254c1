"""The books of the shop, without a browser: tables, documents, text, and a log of what went wrong."""

from __future__ import annotations

import logging

import pytest

from pytest_attach_evidence import Recorder


log = logging.getLogger("ledger")

BOOKINGS = [
    ("PO-23897", "Green tea", 1250),
    ("PO-23898", "Honey", 475),
    ("PO-23899", "Teapot", 1998),
]


@pytest.mark.evidence(squash="TC-14", workiva="f1/p1/m1", rillsoft=["4711", "4712"])
def test_export(evidence: Recorder) -> None:
    """Every booking is exported. A destination may have several targets."""
    evidence.table([("number", "text", "cents"), *BOOKINGS], name="bookings.csv")
    evidence.json({"count": len(BOOKINGS), "currency": "EUR"}, name="summary.json")

    assert len({number for number, _, _ in BOOKINGS}) == len(BOOKINGS)


@pytest.mark.evidence(workiva="f1/p1/m1/s1", huawei="956239067176935400", rillsoft="4712")
def test_balance(evidence: Recorder) -> None:
    """The bookings add up to what was paid. Fails by a cent; log and traceback are attached."""
    balance, paid = 0, 3724
    for number, text, cents in BOOKINGS:
        balance += cents
        log.info("%s %s: balance %.2f", number, text, balance / 100)
    if balance != paid:
        log.error("balance %.2f, but %.2f were paid", balance / 100, paid / 100)
    evidence.text(f"balance {balance}\npaid    {paid}\n", name="balance.txt")

    assert balance == paid


@pytest.mark.evidence(squash="TC-15", when="failed")
def test_numbers(evidence: Recorder) -> None:
    """Booking numbers have no gaps. Passes, and `when="failed"` drops the evidence of that."""
    numbers = sorted(int(number.removeprefix("PO-")) for number, _, _ in BOOKINGS)
    evidence.text("\n".join(map(str, numbers)), name="numbers.txt")

    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
