"""The rows of the campaign about how processes live and die, each with the tests that show it."""

from __future__ import annotations

from ..rows import Rows


LIFE = "campaign/life"
ROWS: Rows = {
    "P1 kill -9 and SIGSEGV of pytest": (
        f"{LIFE}/test_endings.py::test_a_test_that_ends_its_process",
        f"{LIFE}/test_signals.py::TestWhileTestsRun::test_the_end_of_the_session",
        f"{LIFE}/test_signals.py::TestWhileEvidenceIsUploaded::test_the_end_of_the_session",
        "commands/test_killed.py::test_in_the_middle_of_the_tests",
        "commands/test_killed_upload.py::test_everything_arrives_and_nothing_twice",
    ),
    "P2 SIGTERM": (
        f"{LIFE}/test_endings.py::test_a_test_that_ends_its_process",
        f"{LIFE}/test_signals.py::TestWhileTestsRun::test_the_end_of_the_session",
        f"{LIFE}/test_signals.py::TestWhileEvidenceIsUploaded::test_the_end_of_the_session",
    ),
    "P3 Ctrl-C while tests run and while evidence is uploaded; twice where a destination does not stop": (
        f"{LIFE}/test_signals.py::TestWhileTestsRun::test_ctrl_c",
        f"{LIFE}/test_signals.py::TestWhileEvidenceIsUploaded::test_ctrl_c",
        f"{LIFE}/test_signals.py::TestWhileEvidenceIsUploaded::test_ctrl_c_twice",
        "plugin/test_endings.py::test_interrupted_anywhere",
        "commands/test_interrupted.py::test_a_push_ends_with_130_and_leaves_the_other_runs",
    ),
    "P4 pytest-timeout by thread and by signal": (
        f"{LIFE}/test_endings.py::test_a_test_that_ends_its_process",
        f"{LIFE}/test_workers.py::test_workers_that_die",
    ),
    "P5 a worker that is killed, ends, hangs; -x and --maxfail": (
        f"{LIFE}/test_workers.py::test_workers_that_die",
        f"{LIFE}/test_workers.py::test_workers_that_are_killed_from_outside",
        f"{LIFE}/test_endings.py::test_a_test_that_ends_its_process",
        "plugin/test_items.py::test_worker_crash_keeps_the_evidence_of_the_crashing_test",
    ),
    "P6 workers send nothing, the controller sends once": (
        f"{LIFE}/test_endings.py::test_a_test_that_ends_its_process",
        "plugin/test_marks.py::test_tests_run_without_the_libraries_of_the_delivery",
    ),
    "P7 a job that is cancelled: SIGINT, SIGTERM, KILL, with a shell before pytest and without": (
        f"{LIFE}/test_signals.py::TestCancelledJob::test_pytest_behind_a_shell",
        f"{LIFE}/test_signals.py::TestCancelledJob::test_pytest_in_place_of_the_shell",
    ),
    "P8 two sessions, a session and a push, two pushes": (
        f"{LIFE}/test_two_processes.py::test_sessions_at_once",
        f"{LIFE}/test_two_processes.py::test_a_push_beside_a_session",
        f"{LIFE}/test_two_processes.py::test_pushes_at_once",
        "commands/test_push.py::TestAtOnce::test_two_pushes_send_everything_once",
    ),
    "P9 the holder of the lock is killed": (
        f"{LIFE}/test_two_processes.py::test_the_holder_of_the_lock_is_killed",
        "commands/test_killed.py::test_while_a_push_runs",
    ),
    "P10 reruns, parameters, the same test twice, unittest, asyncio, doctest, subtests, pytest-forked": (
        f"{LIFE}/test_repeated.py::test_reruns",
        f"{LIFE}/test_repeated.py::test_a_rerun_after_a_crash",
        f"{LIFE}/test_attribution.py::test_sorts_of_tests",
        f"{LIFE}/test_repeated.py::test_subtests",
        f"{LIFE}/test_repeated.py::test_the_same_test_twice",
        f"{LIFE}/test_forked.py::test_every_test_in_a_child",
        "plugin/test_items.py::test_outcomes",
        "plugin/test_items.py::test_doctest",
    ),
    "P11 setup, teardown, finaliser, hooks, thread, subprocess, too late": (
        f"{LIFE}/test_attribution.py::test_places",
        f"{LIFE}/test_attribution.py::test_late_pieces",
        "plugin/test_attaching.py::test_places",
        "plugin/test_attaching.py::test_hooks_of_a_conftest",
    ),
    "P12 others' internal errors, pytest.exit, collection errors, no tests, usage errors": (
        f"{LIFE}/test_workers.py::test_an_internal_error_in_another_plugin",
        f"{LIFE}/test_endings.py::test_a_test_that_ends_its_process",
        "plugin/test_endings.py::test_error_in_another_plugin",
        "plugin/test_endings.py::test_error_in_another_plugin_of_a_worker",
        "plugin/test_endings.py::test_usual_ends",
        "plugin/test_endings.py::test_argument_that_is_no_file",
        "plugin/test_endings.py::test_continue_on_collection_errors",
    ),
    "P13 errors of ours in every hook": (
        "plugin/test_faults.py::test_fault",
        "plugin/test_faults.py::test_fault_after_the_summary",
        "plugin/test_faults.py::test_fault_before_the_run",
        "plugin/test_faults.py::test_fault_in_workers",
        "plugin/test_faults.py::test_run_stays_pushable",
    ),
    "P14 --collect-only, -p no:, --setup-plan, --lf, off": (
        f"{LIFE}/test_listeners.py::test_sessions_that_attach_nothing",
        f"{LIFE}/test_listeners.py::test_last_failed",
        "plugin/test_configuration.py::test_nothing_is_written_where_no_test_runs",
        "plugin/test_configuration.py::test_without_the_plugin",
        "plugin/test_configuration.py::test_off",
    ),
    "P15 a command without an output; a reader that leaves, a full disk, no UTF-8, -q -q -q, --capture": (
        f"{LIFE}/test_listeners.py::test_a_command_that_nobody_listens_to",
        f"{LIFE}/test_listeners.py::test_an_error_that_nobody_listens_to",
        f"{LIFE}/test_listeners.py::test_a_session_that_nobody_listens_to",
        f"{LIFE}/test_listeners.py::test_a_locale_without_utf_8",
        f"{LIFE}/test_listeners.py::test_quiet_and_loud_sessions",
        "plugin/test_configuration.py::test_quiet_runs_say_the_last_line_once",
    ),
    "beyond P16: workers on other machines, shards of one pipeline": (
        f"{LIFE}/test_elsewhere.py::test_a_worker_that_does_not_see_the_spool",
        f"{LIFE}/test_shards.py::test_shards_share_one_execution_with_the_worst_outcome",
        f"{LIFE}/test_shards.py::test_a_push_that_was_interrupted_goes_on_with_the_same_execution",
        f"{LIFE}/test_shards.py::test_a_shard_that_was_pushed_alone_before",
        f"{LIFE}/test_shards.py::test_shards_that_each_lost_the_answer_to_a_creation",
        f"{LIFE}/test_shards.py::test_the_recipes_of_the_docs",
        "plugin/test_refusals.py::test_workers_with_another_disk",
    ),
}
