"""The engine: serves destinations side by side and targets in parallel, and keeps the stop rules.

Threads live only here, and are joined before `deliver` returns.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

from ..deliveries import LONG_AGO
from ..deliveries import open_state
from ..destinations.base import Destination
from ..destinations.base import Remarking
from ..destinations.base import Telling
from ..errors import DestinationClosedError
from ..errors import SpoolError
from ..model import Delivery
from ..model import Failure
from ..model import Problem
from ..model import Target
from ..model import utc_text
from ..plan import Plan
from ..plan import Work
from .attempts import serve
from .ground import UNRECORDED
from .ground import Ground
from .ground import Results


JOIN_S = 5.0


def deliver(
    plan: Plan,
    destinations: Mapping[str, Destination],
    ground: Ground,
    *,
    parallel: int,
) -> Results:
    """Do the work of a plan until it is done, the budget is spent, or somebody interrupts it.

    Never raises for what a destination does. A KeyboardInterrupt ends the work: threads are joined
    within five seconds and what was not settled waits.
    """
    results = Results(plan=plan, receipts=dict(plan.settled), failures=dict(plan.failed))
    results.held.update(key for key, failure in plan.failed.items() if failure.stuck)
    for work in plan.work:
        doubt = work.uncertain.keys() - plan.settled.keys()
        ground.in_doubt.update(doubt)
        ground.unrecorded.update(key for key in doubt if work.uncertain[key] == LONG_AGO)
    lanes = []
    for name, destination in destinations.items():
        if own := [one for one in plan.work if one.target.destination == name]:
            ground.failing[name].alone = len(own) == 1
            lanes.append(_Lane(destination, own, ground, results))
    try:
        for lane in lanes:
            lane.start(parallel)
        for lane in lanes:
            lane.join()
    except KeyboardInterrupt:
        results.interrupted = True
        ground.budget.stop.set()
        _join(lanes)
    with ground.lock:
        _leave_the_rest(results, ground)
        _leave_untold(results)
        _ask_how_full(results, destinations, ground)
        _ask_what_was_decided(results, destinations, ground)
        deliveries = results.plan.deliveries.items()
        results.plan.deliveries = {key: d for key, d in deliveries if key not in results.gone}
        ground.ended = True
    return results


def _join(lanes: Sequence[_Lane]) -> None:
    """Wait for the threads to notice the stop; a second Ctrl-C ends the waiting."""
    until = time.monotonic() + JOIN_S
    with contextlib.suppress(KeyboardInterrupt):
        for lane in lanes:
            lane.join(max(0.0, until - time.monotonic()))


def _leave_the_rest(results: Results, ground: Ground) -> None:
    """Give every delivery that nobody got to a failure, so that each is counted once."""
    for delivery in results.plan.deliveries.values():
        reason = _why_not(delivery.target, results, "was not sent: the delivery was interrupted")
        if delivery.key in ground.in_doubt:
            reason = "was sent, and it is not known whether it arrived"
        if delivery.key in ground.unrecorded:
            reason = UNRECORDED
        _leave(delivery, reason, results, ground)


def _leave_untold(results: Results) -> None:
    """Name every target that has evidence and was not told its outcome.

    A later push tells it, once a person has configured again what was taken out.
    """
    for target, (why, next_step) in results.plan.untold.items():
        problem = Problem(subject=str(target), seen=why, next_step=next_step)
        results.unconcluded.append((problem, True))
    for work in results.plan.work:
        has_any = any(key in results.receipts for key in results.plan.keys[work.target])
        if work.conclude and has_any and work.target not in results.told:
            why = _why_not(work.target, results, "the delivery was interrupted")
            problem = Problem(subject=str(work.target), seen=why, next_step="push again")
            results.unconcluded.append((problem, False))


def _ask_how_full(
    results: Results, destinations: Mapping[str, Destination], ground: Ground
) -> None:
    """Note how full the targets are at which anything was done, as far as their destinations saw it."""
    for target in dict.fromkeys(work.target for work in results.plan.work):
        destination = destinations.get(target.destination)
        if isinstance(destination, Telling):
            with _counted(str(target), results, ground):
                holding = destination.holding(target, results.plan.deliveries)
                if holding is not None:
                    results.holdings[target] = holding


def _ask_what_was_decided(
    results: Results, destinations: Mapping[str, Destination], ground: Ground
) -> None:
    for name, destination in destinations.items():
        if isinstance(destination, Remarking):
            with _counted(name, results, ground):
                results.remarks += [ground.mask(f"{name}: {one}") for one in destination.remarks()]


@contextlib.contextmanager
def _counted(subject: str, results: Results, ground: Ground) -> Iterator[None]:
    """Count what a destination raises, once, as a bug that costs nothing: all was delivered."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  # see above
        seen = ground.mask(f"{subject}: {type(error).__name__}: {error}")
        results.bugs += [seen] if seen not in results.bugs else []


def _why_not(target: Target, results: Results, interrupted: str) -> str:
    if target.destination in results.closed:
        return f"{target.destination} is closed for this run"
    return interrupted if results.interrupted else "there was no time left for it"


def _leave(delivery: Delivery, reason: str, results: Results, ground: Ground) -> bool:
    """Leave a delivery to a later push, if nothing is known of it yet; tell whether it was left.

    The caller has the lock.
    """
    key = delivery.key
    known = key in results.receipts or key in results.failures or key in results.gone
    if known or ground.ended:
        return False
    state = open_state(key, ground.in_doubt)
    results.failures[key] = Failure(key=key, state=state, reason=reason, at=utc_text())
    return True


class _Lane:
    """One destination's work: the first request alone, then several targets at once."""

    def __init__(
        self, destination: Destination, work: Sequence[Work], ground: Ground, results: Results
    ) -> None:
        self.name = destination.name
        self.work = list(work)
        self._destination = destination
        self._ground = ground
        self._results = results
        self._waiting: queue.SimpleQueue[Work] = queue.SimpleQueue()
        self._opened = threading.Event()
        self._over = threading.Event()
        self._over.set()
        self._threads: list[threading.Thread] = []

    def start(self, parallel: int) -> None:
        """Begin to serve the targets."""
        thread = threading.Thread(
            target=self._run, args=(parallel,), name=f"evidence-{self.name}", daemon=True
        )
        self._over.clear()
        thread.start()
        self._threads.append(thread)

    def join(self, seconds: float | None = None) -> None:
        """Wait until everything is over, or so many seconds.

        A join of the thread that is interrupted by Ctrl-C would call a running thread ended
        (CPython before 3.13), so that its end is told by an event.
        """
        if seconds is None:
            while not self._over.wait(0.2):
                self._ground.watch.tick()
        elif not self._over.wait(seconds):
            return
        for thread in self._threads:
            thread.join()

    def _run(self, parallel: int) -> None:
        try:
            self._serve_all(parallel)
        finally:
            self._over.set()

    def _serve_all(self, parallel: int) -> None:
        """Serve every target; return when all helpers have ended."""
        for work in self.work:
            self._waiting.put(work)
        limit = self._destination.limits.parallel_targets or parallel
        helpers = [
            threading.Thread(target=self._help, name=f"evidence-{self.name}-{number}", daemon=True)
            for number in range(2, min(limit, parallel, len(self.work)) + 1)
        ]
        for helper in helpers:
            helper.start()
        self._serve_targets()
        for helper in helpers:
            helper.join()

    def _help(self) -> None:
        self._opened.wait()
        self._serve_targets()

    def _serve_targets(self) -> None:
        """Take targets from the queue until there are none or the destination is closed."""
        try:
            while not self._ended():
                try:
                    work = self._waiting.get_nowait()
                except queue.Empty:
                    return
                self._serve(work)
        finally:
            self._opened.set()
            self._close()

    def _close(self) -> None:
        try:
            self._destination.close()
        except Exception as error:  # noqa: BLE001  # whatever it is, all was delivered
            self._note(f"{self.name}: {type(error).__name__}: {error}", self._results.bugs)

    def _ended(self) -> bool:
        budget = self._ground.budget
        return (
            self.name in self._results.closed or budget.stop.is_set() or budget.remaining_s() <= 0
        )

    def _serve(self, work: Work) -> None:
        try:
            serve(work, self._destination, self._ground, self._results, opened=self._opened)
        except DestinationClosedError as error:
            with self._ground.lock:
                if error.why != "stopped":
                    self._results.closed.setdefault(self.name, error)
        except SpoolError as error:
            self._broken(work, str(error), self._results.spool_errors)
        except Exception as error:  # noqa: BLE001  # a bug in an adapter must not lose the rest
            seen = f"{work.target}: {type(error).__name__}: {error}"
            self._broken(work, seen, self._results.bugs)

    def _broken(self, work: Work, seen: str, trouble: list[str]) -> None:
        """Note what ended the work for one target."""
        reason = self._ground.mask(f"the delivery broke off: {seen}")
        with self._ground.lock:
            self._note(seen, trouble)
            left = [d for d in work.deliveries if _leave(d, reason, self._results, self._ground)]
        for delivery in left:
            self._ground.progress(delivery, self._results.failures[delivery.key].state)

    def _note(self, seen: str, trouble: list[str]) -> None:
        """Note a trouble once, unless the results are given out already."""
        line = self._ground.mask(seen)
        with self._ground.lock:
            if line not in trouble and not self._ground.ended:
                trouble.append(line)
