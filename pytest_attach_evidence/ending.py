"""The end of the session: delivers, sums up and decides the exit status; no step that fails stops another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import TypeVar

import pytest

from . import again
from . import delivering
from . import session as rooms
from .capture.timers import RAISED
from .clocks import Began
from .deliver import Group
from .deliver import Results
from .errors import DeliveryError
from .errors import SpoolError
from .hooks import Collecting
from .map_told import MapTold
from .project import Project
from .report import document
from .report import output
from .report.exit_status import ExitStatus
from .report.summary import Summary
from .report.summary import bug_line
from .report.summary import last_words
from .spool import RunFolder
from .voice import Voice


Done = tuple[Results, Group]
T = TypeVar("T")


class Ending(Collecting):
    """What is done when the tests are over, in the process that began the run."""

    def __init__(self, config: pytest.Config, project: Project) -> None:
        super().__init__(config, project)
        self.outcomes = rooms.Outcomes()
        self.began = Began()
        self.map_told = MapTold()
        self.folder: RunFolder | None = None
        self.voice = Voice(config)
        self.notes: list[str] = []
        self.told: list[str] = []  # what workers found wrong
        self.lost: list[str] = []  # what the spool did not take
        self.interrupted = False
        self.ended = False
        self.session: pytest.Session | None = None

    def _say_the_rest(self) -> None:
        """Say what went wrong when the summary was made already, and the summary if nobody else could."""
        lines, self.voice.lines = self.voice.lines, []
        said = self.voice.said
        output.write(*lines, *(bug_line(b) for b in self.bugs if not any(b in s for s in said)))

    def _try(self, where: str, step: Callable[..., T], *arguments: Any, **named: Any) -> T | None:
        """Return what a step returns, or None where it failed: the steps after it are still taken."""
        try:
            return step(*arguments, **named)
        except KeyboardInterrupt:
            self.interrupted = True
        except (SpoolError, DeliveryError) as error:  # of the delivery only the archive raises here
            self.lost.append(self.project.redactor.line(str(error)))
        except RAISED as error:  # never break the run
            self.note_bug(where, error)
        return None

    def _finish(self, session: pytest.Session) -> None:
        if self.copied:
            self.leave()
            return
        if (self.problems or self.told) and self._refused():
            self.voice.lines = [f"ERROR: {problem}" for problem in self.told]
            session.exitstatus = self._refused_status(int(session.exitstatus))
            self.ended = True
            return
        summary = self._delivered(session)
        lines = self._try("the summary", self._lines, summary) if summary else None
        status = int(session.exitstatus)
        written = summary and lines and self._written(summary, self._status(status, summary))
        if summary is not None and written is False:
            lines = self._try("the summary", summary.lines)
        self.voice.lines = lines or self._last_words()
        self.ended = True
        session.exitstatus = self._status(status, summary)

    def _written(self, summary: Summary, status: int) -> bool:
        """Write the summary for programs; False where that failed, which the summary says then."""
        assert self.folder is not None
        mask = self.project.redactor.text
        troubles = len(self.lost) + len(self.bugs)
        named = {"by": "session", "exit_status": status, "mask": mask}
        self._try("the summary's file", document.write, summary, [self.folder], **named)
        if self._uploads:
            self._try("the map", delivering.keep_map, self.project, summary)
        summary.results.spool_errors += [
            e for e in self.lost if e not in summary.results.spool_errors
        ]
        summary.results.bugs += [b for b in self.bugs if b not in summary.results.bugs]
        return len(self.lost) + len(self.bugs) == troubles

    def _refused(self) -> bool:
        """Remove a run that wrong targets stopped before its first test; False where it holds pieces."""
        record = self._try("the spool", self.folder.read) if self.folder else None
        if self.folder is not None and (record is None or record.pieces):
            self.notes += [f"ERROR: {problem}" for problem in self.told]
            return False
        if self.folder is not None:
            self._try("the spool", self.folder.remove)
        return True

    def _delivered(self, session: pytest.Session) -> Summary | None:
        """End the run, deliver it, and return what became of it; a step that fails stops no other."""
        if self.folder is None or self.collecting is None:
            return None
        status = int(session.exitstatus)
        recorder = self.collecting.run_recorder
        self._try(
            "evidence_reports", rooms.attach_reports, self.project, recorder, self.began.on_files()
        )
        self._try("the run's item", self.collecting.stop, status)
        if unmapped := self.map_told.unmapped:
            mask = self.project.redactor.text
            told = {known: list(map(mask, names)) for known, names in unmapped.items()}
            self._try("the journal", self.folder.write_unmapped, told)
        counts = dict(self.outcomes.counts)
        self._try("the journal", self.folder.write_finished, status, counts)
        done = self._done(status)
        if self._uploads:
            unwanted = done is None or any(record.unwanted for record in done[1].records)
            where = "evidence_keep_runs"
            self._try(where, delivering.tidy, self.project, self.folder, unwanted=unwanted)
        return self._try("the summary", self._summary, *done) if done else None

    def _done(self, status: int) -> Done | None:
        """Deliver; where that is not wanted or fails, everything that is not settled waits."""
        assert self.folder is not None
        done = None
        if self._uploads and not self.interrupted:
            done = self._try("delivery", self._deliver, self.folder, status)
        if done is None:
            why = "the delivery ended early" if self._uploads else "evidence = collect"
            done = self._try("the plan", delivering.nothing_sent, self.project, self.folder, why)
        return done

    def _deliver(self, folder: RunFolder, status: int) -> Done:
        seconds = self.project.settings.deadline_s
        if status == pytest.ExitCode.INTERRUPTED:
            seconds = min(seconds, delivering.INTERRUPTED_S)
        group = Group.of([folder])
        results = delivering.deliver_runs(
            self.project,
            group,
            seconds=seconds,
            terminal=output.is_watched(),
            write=self.voice.write,
        )
        return results, group

    def _summary(self, results: Results, group: Group) -> Summary:
        names = ", ".join(sorted(self.left_out))
        if names:
            self.notes.append(f"left out: targets of {names}, not in evidence_destinations")
        told = self._try(
            "the map",
            self.map_told.warnings,
            self.project.rules,
            self.config,
            narrowed=self.narrowed,
        )
        self.notes += map(self.project.redactor.line, told or ())
        self.notes += self.project.budget.clocks.told()
        return Summary(
            results=results,
            records=group.records,
            next=self._next(results) if delivering.undelivered(results) else "",
            notes=self.notes,  # hooks that fail are noted yet
            collected_only=not self._uploads,
            on_missing=self.project.settings.on_missing,
            drift=self._try("the map", delivering.drift_of, self.project, group.records, results),
        )

    def _lines(self, summary: Summary) -> list[str]:
        """Return what the summary says, after other plugins have learnt of it."""
        self._tell_hooks(summary)
        summary.results.bugs += self.bugs
        summary.results.spool_errors += [*self.lost, *self.broken]
        return summary.lines()

    def _last_words(self) -> list[str]:
        """Return the least that every run says, made without the rooms that failed."""
        if self.folder is None:
            return last_words("", None, self.bugs, "")
        next = self._try("next", self._next) or "attach-evidence push"
        record = self._try("the spool", self.folder.read)
        words = self._try("the summary", last_words, self.folder.id, record, self.bugs, next)
        words = words or last_words(self.folder.id, None, self.bugs, next)
        return [*(f"spool: {seen}" for seen in dict.fromkeys(self.lost)), *words]

    def _status(self, status: int, summary: Summary | None) -> int:
        """Return the exit status: pytest's own wins, collecting or warning alone leaves it."""
        if self.told:
            return self._refused_status(status)
        if status != 0:
            return status
        if self.interrupted or (summary is not None and summary.results.interrupted):
            return int(pytest.ExitCode.INTERRUPTED)
        if not self._uploads:
            return status
        if self.project.settings.on_undelivered == "warn":
            lacks = summary is not None and summary.fails_for_missing
            return int(ExitStatus.PERSON_MUST_ACT) if lacks else status
        if self.bugs or (summary is None and not self.lost):
            return int(ExitStatus.BUG)
        if summary is None:
            return int(ExitStatus.SPOOL)
        return delivering.status_of(summary, collected_now=True)

    def _refused_status(self, status: int) -> int:
        """Return the exit status where a worker refused its tests: pytest's own if any test decided it.

        Without a test, 1 and 5 only tell that those of the worker are gone.
        """
        gone = status == pytest.ExitCode.TESTS_FAILED and not self.outcomes.counts
        none = status in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        return int(ExitStatus.USAGE) if gone or none else status

    def _last_status(self, status: int) -> int:
        """Return the exit status with what came after the summary: errors of ours, and late pieces."""
        if not self._uploads or self.project.settings.on_undelivered == "warn":
            return status
        if self.bugs and status == 0:
            return int(ExitStatus.BUG)
        less = (0, ExitStatus.AUTHENTICATION, ExitStatus.WAITING)
        return int(ExitStatus.PERSON_MUST_ACT) if self.late and status in less else status

    @property
    def _uploads(self) -> bool:
        return self.project.settings.mode == "upload"

    def _next(self, results: Results | None = None) -> str:
        runs = [self.folder] if self.folder is not None else []
        rejected = results is not None and delivering.only_rejected(results)
        options = again.next_options(self.config)
        return again.push_command(self.project, options, runs, only_rejected=rejected)

    def _tell_hooks(self, summary: Summary) -> None:
        told = {**summary.counts(), "run": self.folder.id if self.folder else ""}
        try:
            self.config.hook.pytest_evidence_delivered(summary={**told, "next": summary.next})
        except RAISED as error:  # somebody else's hook
            seen = f"raised {type(error).__name__}: {error} - mend the hook"
            self.notes.append(self.project.redactor.line(f"pytest_evidence_delivered {seen}"))
