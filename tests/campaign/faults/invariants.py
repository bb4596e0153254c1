"""What holds after every case of the campaign, whatever a destination did (I1 to I10)."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Collection
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from pytest_attach_evidence.deliver import Results
from pytest_attach_evidence.deliveries import states
from pytest_attach_evidence.model import Delivery
from pytest_attach_evidence.model import State
from pytest_attach_evidence.model import Target
from pytest_attach_evidence.naming import keys_in
from pytest_attach_evidence.run_record import RunRecord
from pytest_attach_evidence.sandbox import Sandbox
from pytest_attach_evidence.sandbox.store import StoredFile

from .places import places_of


GIVEN_BY_THE_SANDBOX = (b"sandbox-access-", b"&sig=")
COUNTS = re.compile(r"(\w+)=(\d+)")
OVER = {0, 65}


def check_invariants(
    results: Results,
    record: RunRecord,
    *,
    lines: Collection[str],
    status: int,
    sandbox: Sandbox,
    folders: Collection[Path],
    secrets: Collection[str],
) -> None:
    """Check I1 to I7 and I9 of one delivery.

    `record` is what the journals say afterwards, `lines` everything that was printed, `folders` what
    was written, `secrets` what nobody may see there.
    """
    counts = last_line(lines)
    every_piece_is_in_one_state(results, record, counts)
    nothing_is_doubled_and_receipts_are_true(results, sandbox)
    no_secret_is_shown(lines, folders, secrets)
    the_words_help(results, lines, status)
    assert 0 == len(sandbox.requests("elsewhere")), "a request went to another origin"


def last_line(lines: Collection[str]) -> dict[str, int]:
    """Return the numbers of the one greppable line."""
    (line,) = [one for one in lines if one.startswith("evidence: pieces=")]
    return {name: int(number) for name, number in COUNTS.findall(line.partition(" run=")[0])}


def every_piece_is_in_one_state(
    results: Results, record: RunRecord, counts: dict[str, int]
) -> None:
    """I1, I7: what was accepted is in exactly one state, and everybody counts the same."""
    keys = set(results.plan.deliveries)
    assert keys == results.receipts.keys() | results.failures.keys()
    assert not results.receipts.keys() & results.failures.keys()
    counted = Counter(results.state_of(key) for key in keys)
    assert len(record.pieces) == counts["pieces"]
    assert len(keys) == counts["deliveries"] == sum(counts[state.value] for state in State)
    assert {s.value: counted[s] for s in State} == {s.value: counts[s.value] for s in State}
    on_disk = states(record)
    assert {s: n for s, n in counted.items() if s.settled} == {
        s: n for s, n in on_disk.items() if s.settled
    }
    assert {k for k in keys if k in record.receipts} == results.receipts.keys()


def nothing_is_doubled_and_receipts_are_true(results: Results, sandbox: Sandbox) -> None:
    """I2, I3, I4: no key twice in the ledger; a receipt stands for these bytes at this object."""
    ledger = sandbox.store.ledger()
    used: dict[Target, set[str]] = {}
    listable = [file for file in ledger if file.system != "rillsoft"]
    twice = [k for k, n in Counter(k for f in listable for k in keys_in(f.name)).items() if n > 1]
    assert [] == twice, "doubled"
    for key in results.receipts:
        delivery = results.plan.deliveries[key]
        places = places_of(delivery.target, sandbox)
        held = holding(delivery, ledger, places)
        assert held is not None, f"a receipt without the bytes there: {delivery.title}"
        used.setdefault(delivery.target, set()).add(held.object)
    assert {} == {target: found for target, found in used.items() if len(found) > 1}, "spread"


def holding(
    delivery: Delivery, ledger: Sequence[StoredFile], places: Collection[str]
) -> StoredFile | None:
    """Return the commit of a delivery's bytes at one of the places, None where there is none.

    A piece that lies anywhere else, too, is none that is held right.
    """
    own = [file for file in ledger if file.system == delivery.target.destination]
    if delivery.target.destination != "rillsoft":
        named = [file for file in own if delivery.key in keys_in(file.name)]
        right = [f for f in named if (f.sha256, f.object in places) == (_sha256(delivery), True)]
        return right[0] if len(right) == len(named) == 1 else None
    there = [file for file in own if file.object in places]
    return there[-1] if there and _sha256(delivery) in _hashes(there[-1]) else None


def _sha256(delivery: Delivery) -> str:
    return delivery.evidence.sha256


def _hashes(file: StoredFile) -> set[str]:
    """Return the hashes of a file, and of what is in it where it is one of our zips."""
    if not zipfile.is_zipfile(file.path):
        return {file.sha256}
    with zipfile.ZipFile(file.path) as packed:
        return {file.sha256, *(sha256(packed.read(n)).hexdigest() for n in packed.namelist())}


def no_secret_is_shown(
    lines: Collection[str], folders: Collection[Path], secrets: Collection[str]
) -> None:
    """I6: no secret is printed or written, those that a server made up meanwhile included."""
    canaries = [secret.encode() for secret in secrets] + [*GIVEN_BY_THE_SANDBOX]
    shown = "\n".join(lines).encode()
    assert [] == [one for one in canaries if one in shown]
    for path in (path for folder in folders for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert [] == [one for one in canaries if one in content], path


def the_words_help(results: Results, lines: Collection[str], status: int) -> None:
    """I9: what is open is told with destination, reason and next step, in whole plain lines."""
    text = "\n".join(lines)
    assert "Traceback" not in text
    assert [] == [line for line in lines if not line.isprintable() or len(line) > 2000]
    told = [line for line in lines if not line.startswith(("evidence: ", "next: "))]
    for key, failure in results.failures.items():
        delivery = results.plan.deliveries[key]
        name = delivery.target.destination
        about = [line for line in told if delivery.item.title in line and f" {name} " in line]
        closed = [line for line in told if line.startswith(f"closed: {name}: ")]
        assert failure.reason
        assert closed or any(failure.reason in line for line in about), text
    if results.failures or results.unconcluded:
        assert "next: attach-evidence push " in text
    assert bool(results.failures or results.unconcluded) == bool(status), text
    assert 'next=""' in text if not (results.failures or results.unconcluded) else status != 0
