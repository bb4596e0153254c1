"""The rows of the campaign about disks, files and content, each with the tests that show it.

X1 to X16, C9 and C10 (spools of other versions, damage), S15 to S24
(files and paths) and the hostile spool. A row without a test here is not shown.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from ...commands.project import Project
from ..rows import TESTS
from ..rows import named_but_not_there


FULL = os.environ.get("EVIDENCE_CAMPAIGN") == "full"
SMALL, FILES = "campaign/disks/test_small_disks.py::", "campaign/disks/test_file_rows.py::"
AROUND, BLOBS = "campaign/disks/test_surroundings.py::", "spool/test_blobs.py::"
HOSTILE, JOURNAL = "campaign/disks/test_hostile_spool.py::", "spool/test_journal.py::"
ARCHIVE = "campaign/disks/test_hostile_archive.py::"

ROWS: dict[str, tuple[str, ...]] = {
    "X1 disk full": (
        SMALL + "test_full_at_attach",
        SMALL + "test_full_at_the_journal",
        SMALL + "test_full_until_the_end",
        SMALL + "test_full_at_the_receipt",
        SMALL + "test_full_at_the_start",
        SMALL + "test_full_archive",
        "spool/test_full_disk.py::test_a_full_disk_costs_only_what_does_not_fit",
        "plugin/test_not_taken.py::test_spool_that_breaks_while_tests_run",
        "deliver/test_spool_trouble.py::test_a_receipt_that_is_not_on_the_disk_does_not_count",
    ),
    "X2 no inodes": (
        SMALL + "test_no_inodes",
        SMALL + "test_full_in_the_middle_of_the_start",
    ),
    "X3 limit of a file, short writes": (
        SMALL + "test_limit_of_a_file",
        "spool/test_full_disk.py::test_a_full_disk_costs_only_what_does_not_fit",
    ),
    "X4 read-only spool": (
        SMALL + "test_read_only_spool",
        SMALL + "test_spool_that_becomes_read_only",
    ),
    "X5 too many open files": (
        SMALL + "test_limit_of_open_files",
        SMALL + "test_no_open_files_at_the_end",
    ),
    "X6 sources that cannot be read": (
        "plugin/test_not_taken.py::test_outcomes_stay_and_every_piece_has_its_line",
        BLOBS + "test_what_is_no_file_is_refused_at_once",
        BLOBS + "test_a_file_without_permission_is_refused",
    ),
    "X7 files that change": (
        BLOBS + "test_a_file_that_changes_while_it_is_copied_is_marked",
        BLOBS + "test_a_busy_file_is_copied_twice_then_marked",
        FILES + "test_a_file_that_is_written_to_all_the_time_is_consistent",
        FILES + "test_what_happens_to_a_file_later_does_not_matter",
    ),
    "X8 links": (
        BLOBS + "test_links_lead_to_the_file",
        FILES + "test_a_link_that_is_swapped_all_the_time_leads_to_nothing_else",
    ),
    "X9 FIFO, socket, device, proc": (
        BLOBS + "test_what_is_no_file_is_refused_at_once",
        FILES + "test_proc_files_are_refused_by_what_was_opened",
    ),
    "X10 empty file": (FILES + "test_an_empty_file_is_delivered_or_rejected_and_never_lost",),
    "X11 names": (
        FILES + "test_every_sort_of_name_arrives_everywhere",
        FILES + "test_any_name_survives_the_way_to_a_server",
        "rooms/test_naming.py::test_a_remote_name_is_safe_and_carries_its_key",
        "rooms/test_naming.py::test_a_clean_name_is_one_printable_file_name",
    ),
    "X12 4 GiB + 1": (
        "campaign/disks/test_disk_rows.py::test_four_gibibytes_and_one_byte_need_no_memory",
        "acceptance/test_arrival.py::test_one_gibibyte_needs_no_memory",
        BLOBS + "test_memory_stays_small_whatever_the_size",
    ),
    "X14 clocks that jump": (
        AROUND + "test_a_clock_that_jumps_while_tests_run",
        AROUND + "test_summer_time_begins_while_tests_run",
        AROUND + "test_an_intent_of_another_day",
    ),
    "X15 other file systems": (
        AROUND + "test_spool_on_an_overlay",
        AROUND + "test_file_systems_that_lack_something",
    ),
    "X16 umask, HOME, cwd": (
        AROUND + "test_umask",
        AROUND + "test_no_home_and_no_folder_to_stand_in",
        "spool/test_durability.py::test_nobody_else_can_read_the_spool",
    ),
    "C9 other versions": (
        AROUND + "test_a_run_of_another_version_is_left_as_it_is",
        AROUND + "test_a_spool_of_the_first_version_is_delivered",
        JOURNAL + "test_lines_of_another_version_are_left_alone",
    ),
    "C10 damage": (
        JOURNAL + "test_damage_costs_only_what_it_hit",
        JOURNAL + "test_any_flipped_bit_in_a_middle_line_damages_exactly_that_line",
        BLOBS + "test_changed_bytes_are_noticed",
        HOSTILE + "test_hostile_run",
        "report/test_summary.py::test_damage_beside_the_pieces_is_counted_in_words",
        "rooms/test_plan.py::test_a_damaged_line_hides_no_noted_moment_of_a_send",
    ),
    "S20 whose folder": (
        "spool/test_durability.py::test_a_link_or_a_file_is_no_spool",
        "spool/test_durability.py::test_a_folder_of_another_user_is_no_spool",
    ),
    "S23 limits": (BLOBS + "test_too_much_is_refused_and_leaves_nothing",),
    "S27 what is printed": (
        HOSTILE + "test_no_line_is_a_command",
        "rooms/test_redact.py::test_a_message_is_one_short_harmless_line",
    ),
    "hostile spool": (
        HOSTILE + "test_hostile_run",
        HOSTILE + "test_status_of_a_hostile_run",
        HOSTILE + "test_nothing_outside_was_touched",
        HOSTILE + "test_forged_notes_lead_to_no_other_object",
        HOSTILE + "test_memory_stays_small",
        ARCHIVE + "test_no_folder_leads_elsewhere",
        ARCHIVE + "test_no_list_leads_elsewhere",
        ARCHIVE + "test_no_run_writes_into_the_folder_of_another",
        AROUND + "test_what_may_not_be_read_is_named",
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_row_has_its_tests(row: str) -> None:
    """Every test that the table names exists."""
    assert [] == named_but_not_there({row: ROWS[row]})


def test_hostile_cases_are_enough() -> None:
    """At least thirty crafted spools, none of them twice."""
    source = (TESTS / "campaign" / "disks" / "test_hostile_spool.py").read_text(encoding="utf-8")
    names = re.findall(r'^    "([a-z0-9-]+)": Case\(', source, re.MULTILINE)

    assert 60 <= len(set(names)) == len(names)


class Counting(BaseHTTPRequestHandler):
    """Answers as Squash TM does about one execution, and only counts what it gets."""

    def do_GET(self) -> None:
        """Tell that nothing is there."""
        self._answer(b'{"page":{"size":50,"totalElements":0,"totalPages":0,"number":0}}', 200)

    def do_POST(self) -> None:
        """Count the bytes of a file, keeping none but the head."""
        left, head = int(self.headers["Content-Length"]), b""
        while left:
            block = self.rfile.read(min(left, 1 << 20))
            left -= len(block)
            head = head or block[:400]
        name = re.findall(rb'filename="([^"]+)"', head)[0].decode()
        self.server.taken.append(int(self.headers["Content-Length"]))  # type: ignore[attr-defined]
        row = f'{{"id":1,"name":"{name}","size":{(1 << 32) + 1}}}'
        self._answer(f'{{"_embedded":{{"attachments":[{row}]}}}}'.encode(), 201)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, content: bytes, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def counting() -> Iterator[ThreadingHTTPServer]:
    """A server that counts."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Counting) as server:
        server.taken = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.skipif(not FULL, reason="minutes and 4 GiB of disk: EVIDENCE_CAMPAIGN=full")
@pytest.mark.skipif(sys.platform == "win32", reason="memory is measured as Unix does")
def test_four_gibibytes_and_one_byte_need_no_memory(
    tmp_path: Path, counting: ThreadingHTTPServer
) -> None:
    """A file of 4 GiB + 1 byte is attached and uploaded with at most 64 MiB more memory."""
    project = Project(folder=tmp_path / "project")
    project.folder.mkdir()
    url = f"http://127.0.0.1:{counting.server_port}/squash"
    options = {"evidence_squash_url": url, "evidence_max_size": "5G", "evidence_deadline": "900"}
    project.configure("squash", options)
    project.variables["PYTEST_EVIDENCE_SQUASH_TOKEN"] = "made-up-token"
    project.write(
        "conftest.py",
        "import resource",
        "def pytest_unconfigure():",
        "    print('PEAK', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)",
    )
    peaks = []
    for size in (1000, (1 << 32) + 1):
        with (tmp_path / "big.bin").open("wb") as file:
            file.truncate(size)
        project.write(
            "test_it.py",
            "import pytest",
            "@pytest.mark.evidence(squash='executions/1042')",
            f"def test_it(evidence): assert evidence.attach({str(tmp_path / 'big.bin')!r})",
        )
        process = project.start()
        out, errors = process.communicate(timeout=900)
        peaks.append(int(re.findall(r"PEAK (\d+)", out)[0]))

    assert 0 == process.returncode, out + errors
    assert (1 << 32) + 1 < counting.taken[-1] < (1 << 32) + 1000  # type: ignore[attr-defined]
    assert peaks[1] - peaks[0] < 64 * 1024
