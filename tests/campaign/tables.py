"""The campaign's rows that are tests: F faults of servers, X disks and files, P the life of processes.

`NOT_SHOWN` are the promises, or parts of them, that none of the rows shows.
"""

from __future__ import annotations

from .disks.rows import ROWS as DISKS
from .life.rows import ROWS as LIFE
from .not_shown import NOT_SHOWN
from .rows import Rows


FAULT, REAL = (
    "campaign/faults/test_fault_rows.py::test_row[",
    "campaign/faults/test_faults_in_real_time.py::",
)
MEMORY = "campaign/faults/test_fault_memory.py::"
REACH, SESSIONS = "campaign/faults/test_reach_rows.py::", "campaign/faults/test_fault_sessions.py::"

FAULTS: Rows = {
    "F1 the connection ends while the body is sent": (FAULT + "F1-",),
    "F2 everything was stored and the answer is lost": (
        FAULT + "F2-",
        REAL + "test_a_lost_piece_is_found_among_many",
        REAL + "test_what_a_server_stores_late_is_found_by_the_next_push",
    ),
    "F3 a status that does not say what was done: 500, 502, 503, 504, 507, 524": (FAULT + "F3-",),
    "F4 a server that fails for ever: closed after five failures, the other untouched": (
        FAULT + "F4-",
        REAL + "test_a_destination_that_keeps_failing_is_closed",
    ),
    "F5 429 and 503 with every sort of Retry-After": (
        FAULT + "F5-",
        REAL + "test_an_hour_is_not_waited_for",
    ),
    "F6 refusals: 404, 408, 409, 413 with a time and without, 415, 422": (FAULT + "F6-",),
    "F7 401 and 403: once, for ever, in the middle; one renewal, or none where it is down": (
        FAULT + "F7-",
    ),
    "F8 200 that is no success: login page, failed, empty, wrong type, no id": (FAULT + "F8-",),
    "F9 answers that are no HTTP, cut, compressed, endless; memory stays flat": (
        FAULT + "F9-",
        MEMORY + "test_an_answer_that_is_too_big_costs_little_memory",
    ),
    "F10 slow or silent servers": (
        FAULT + "F10-",
        REAL + "test_what_takes_its_time_is_waited_for",
        REAL + "test_whatever_a_server_does_the_deadline_holds",
    ),
    "F11 a kept connection that was closed": (FAULT + "F11-",),
    "F12 redirects: to another path, host or port, in a circle, out of TLS": (
        FAULT + "F12-",
        REACH + "TestRedirects",
    ),
    "F13 foreign addresses in answers, up to 5 MB long": (FAULT + "F13-",),
    "F14 operations that do not end, or not well": (FAULT + "F14-",),
    "F15 lists: pages, loops, cut and changed names, thousands of entries": (
        FAULT + "F15-",
        REAL + "test_a_lost_piece_is_found_among_many",
        REAL + "test_where_nobody_can_tell_a_person_looks",
    ),
    "F16 TLS to Squash TM: expired, wrong name, unknown authority, old protocol, stalled": (
        REACH + "TestTls",
        "rest/test_tls.py::test_a_certificate_that_is_wrong_in_itself_closes_the_destination",
        "rest/test_tls.py::test_an_unknown_authority_closes_the_destination",
        "rest/test_tls.py::test_old_protocols_are_refused",
        "rest/test_tls.py::test_plain_http_on_a_tls_port_is_no_connection",
    ),
    "F17 no way to Squash TM: name, port, network": (REACH + "TestNames",),
    "F18 proxies that are in the way to Squash TM": (REACH + "TestProxies",),
    "F19 one destination is dead, the other is done before the dead one says a word": (
        REAL + "test_one_dead_destination_takes_nothing_from_the_other",
    ),
    "F20 servers with another date, which is told, or none": (FAULT + "F20-",),
    "what a person sees of ten of them": (
        SESSIONS + "test_a_session_and_what_follows",
        SESSIONS + "test_ten_rows_are_shown",
    ),
    "any mixture of mild faults": (
        "campaign/faults/test_fault_mixes.py::test_mild_faults_in_any_mixture",
    ),
}

STATUS = "campaign/statuses/"
STATUSES: Rows = {
    "exit statuses, last lines, evidence-summary.json: each trouble alone, two at once, all": (
        STATUS + "test_exit_statuses.py::test_the_first_that_applies",
        STATUS + "test_exit_statuses.py::test_pytests_own_wins_and_warn_and_collect_leave_it",
        STATUS + "test_exit_statuses.py::test_no_tests_is_pytests_own_5",
        STATUS
        + "test_exit_statuses.py::test_a_wrong_configuration_is_4_in_a_session_and_78_in_a_command",
        STATUS + "test_exit_statuses.py::test_wrong_arguments_are_4",
        STATUS + "test_who_must_act.py::test_a_person_must_act",
        STATUS + "test_who_must_act.py::test_what_nobody_can_tell_is_65",
        STATUS + "test_who_must_act.py::test_a_push_of_several_runs_ends_with_the_worst",
        STATUS + "test_who_must_act.py::test_ctrl_c_is_130_only_in_a_command",
        STATUS + "test_who_must_act.py::test_a_bug_of_ours_in_a_push_is_70",
    ),
    "the deadline at a session's end, with all four systems slow or silent at once": (
        STATUS + "test_deadline.py::test_the_deadline_holds_whatever_a_server_does",
        STATUS + "test_deadline.py::test_the_deadline_holds_where_a_server_reads_slowly",
    ),
}

EVERY_ROW: Rows = {**FAULTS, **DISKS, **LIFE, **STATUSES}

__all__ = ["EVERY_ROW", "NOT_SHOWN"]
