"""The rows of the campaign about disks, files and content, each with the tests that show it.

X1 to X16, C9 and C10 (spools of other versions, damage), S20 to S27 (files, limits, what is printed)
and the hostile spool.
"""

from __future__ import annotations

from ..rows import Rows


SMALL, FILES = "campaign/disks/test_small_disks.py::", "campaign/disks/test_file_rows.py::"
LIMITS, NAMES = "campaign/disks/test_limits.py::", "campaign/disks/test_names.py::"
CLOCKS, RIGHTS = "campaign/disks/test_clocks.py::", "campaign/disks/test_rights.py::"
SYSTEMS, VERSIONS = "campaign/disks/test_file_systems.py::", "campaign/disks/test_versions.py::"
BLOBS, WORK = "spool/test_blobs.py::", "commands/test_work.py::"
HOSTILE, JOURNAL = "campaign/disks/test_hostile_spool.py::", "spool/test_journal.py::"
ARCHIVE = "campaign/disks/test_hostile_archive.py::"

ROWS: Rows = {
    "X1 disk full: at the start, at attach, at the journal, at the receipt, at the archive, for the output": (
        SMALL + "test_full_at_attach",
        SMALL + "test_full_at_the_journal",
        SMALL + "test_full_until_the_end",
        LIMITS + "test_full_at_the_receipt",
        SMALL + "test_full_at_the_start",
        SMALL + "test_full_archive",
        "spool/test_full_disk.py::test_a_full_disk_costs_only_what_does_not_fit",
        "plugin/test_not_taken.py::test_spool_that_breaks_while_tests_run",
        "deliver/test_spool_trouble.py::test_a_receipt_that_is_not_on_the_disk_does_not_count",
        "campaign/life/test_listeners.py::test_a_session_that_nobody_listens_to[full disk",
        "campaign/life/test_listeners.py::test_a_command_that_nobody_listens_to",
    ),
    "X2 no inodes": (
        SMALL + "test_no_inodes",
        SMALL + "test_full_in_the_middle_of_the_start",
    ),
    "X3 limit of a file, short writes": (
        LIMITS + "test_limit_of_a_file",
        "spool/test_full_disk.py::test_a_full_disk_costs_only_what_does_not_fit",
    ),
    "X4 read-only spool, from the start or later": (
        SMALL + "test_read_only_spool",
        SMALL + "test_spool_that_becomes_read_only",
    ),
    "X5 too many open files": (
        LIMITS + "test_limit_of_open_files",
        LIMITS + "test_no_open_files_at_the_end",
    ),
    "X6 sources that cannot be read: no right to, a folder, missing, deleted while it is taken": (
        "plugin/test_not_taken.py::test_outcomes_stay_and_every_piece_has_its_line",
        BLOBS + "test_what_is_no_file_is_refused_at_once",
        BLOBS + "test_a_file_without_permission_is_refused",
        FILES + "test_a_file_that_is_deleted_all_the_time_is_whole_or_refused",
    ),
    "X7 files that change while they are copied, and afterwards": (
        BLOBS + "test_a_file_that_changes_while_it_is_copied_is_marked",
        BLOBS + "test_a_busy_file_is_copied_twice_then_marked",
        FILES + "test_a_file_that_is_written_to_all_the_time_is_consistent",
        FILES + "test_what_happens_to_a_file_later_does_not_matter",
    ),
    "X8 links: to a file, to themselves, swapped all the time": (
        BLOBS + "test_links_lead_to_the_file",
        BLOBS + "test_what_is_no_file_is_refused_at_once[loop",
        FILES + "test_a_link_that_is_swapped_all_the_time_leads_to_nothing_else",
    ),
    "X9 FIFO, socket, device, proc: refused within a second": (
        BLOBS + "test_what_is_no_file_is_refused_at_once",
        FILES + "test_proc_files_are_refused_by_what_was_opened",
    ),
    "X10 empty file": (NAMES + "test_an_empty_file_is_delivered_or_rejected_and_never_lost",),
    "X11 names that file systems and servers dislike, any made-up ones, fifty equal ones": (
        NAMES + "test_every_sort_of_name_arrives_everywhere",
        NAMES + "test_any_name_survives_the_way_to_a_server",
        "rooms/test_naming.py::test_a_remote_name_is_safe_and_carries_its_key",
        "rooms/test_naming.py::test_a_clean_name_is_one_printable_file_name",
        NAMES + "test_a_media_type_is_one_header",
        NAMES + "test_equal_bytes_under_one_name_are_one_blob_and_many_pieces",
    ),
    "X12 a file of 4 GiB + 1 byte: at most 64 MiB more memory": (
        "campaign/disks/test_large_file.py::test_four_gibibytes_and_one_byte_need_no_memory",
        "acceptance/test_arrival.py::test_one_gibibyte_needs_no_memory",
        BLOBS + "test_memory_stays_small_whatever_the_size",
    ),
    "X13 large runs: a run is read once, four times the pieces are at most four times the work": (
        WORK + "test_a_command_reads_each_journal_of_an_open_run_once",
        WORK + "test_a_command_reads_each_journal_of_a_delivered_run_once",
        WORK + "test_the_end_of_a_session_reads_its_journal_once",
        WORK + "test_each_delivered_piece_opens_the_same_few_files",
        WORK + "test_a_push_holds_no_contents",
        "deliver/test_large_runs.py::test_four_times_the_pieces_are_no_more_than_four_times_the_work",
    ),
    "X14 clocks that jump, as is told; changes of local time, a second 60, an intent of another day": (
        CLOCKS + "test_a_clock_that_jumps_while_tests_run",
        CLOCKS + "test_local_time_that_changes_while_tests_run",
        CLOCKS + "test_an_intent_of_another_day",
        CLOCKS + "test_a_second_60_is_no_error",
    ),
    "X15 file systems without locks, syncs or renames are refused; an overlay is used": (
        SYSTEMS + "test_spool_on_an_overlay",
        SYSTEMS + "test_file_systems_that_lack_something",
    ),
    "X16 umask, HOME, cwd": (
        RIGHTS + "test_umask",
        RIGHTS + "test_no_home_and_no_folder_to_stand_in",
        "spool/test_durability.py::test_nobody_else_can_read_the_spool",
    ),
    "C9 other versions": (
        VERSIONS + "test_a_run_of_another_version_is_left_as_it_is",
        VERSIONS + "test_a_spool_of_the_first_version_is_delivered",
        JOURNAL + "test_lines_of_another_version_are_left_alone",
    ),
    "C10 damage": (
        JOURNAL + "test_damage_costs_only_what_it_hit",
        JOURNAL + "test_any_flipped_bit_in_a_middle_line_damages_exactly_that_line",
        BLOBS + "test_changed_bytes_are_noticed",
        HOSTILE + "test_hostile_run",
        "report/test_summary.py::test_damage_beside_the_pieces_is_counted_in_words",
        "rooms/test_plan.py::test_a_damaged_line_hides_no_noted_moment_of_a_send",
        "deliver/test_spool_trouble.py::test_a_delivery_journal_that_is_gone_is_missed",
        "spool/test_run_files.py::test_a_journal_that_was_never_begun_is_not_missed",
    ),
    "S20 a spool that is a link, a file or somebody else's": (
        "spool/test_durability.py::test_a_link_or_a_file_is_no_spool",
        "spool/test_durability.py::test_a_folder_of_another_user_is_no_spool",
    ),
    "S23 a piece that is too large": (BLOBS + "test_too_much_is_refused_and_leaves_nothing",),
    "S27 what is printed": (
        HOSTILE + "test_no_line_is_a_command",
        "rooms/test_redact.py::test_a_message_is_one_short_harmless_line",
    ),
    "hostile spools, more than sixty crafted ones": (
        HOSTILE + "test_hostile_run",
        HOSTILE + "test_status_of_a_hostile_run",
        HOSTILE + "test_nothing_outside_was_touched",
        HOSTILE + "test_forged_notes_lead_to_no_other_object",
        HOSTILE + "test_memory_stays_small",
        HOSTILE + "test_hostile_cases_are_enough",
        ARCHIVE + "test_no_folder_leads_elsewhere",
        ARCHIVE + "test_no_list_leads_elsewhere",
        ARCHIVE + "test_no_run_writes_into_the_folder_of_another",
        RIGHTS + "test_what_may_not_be_read_is_named",
    ),
}
