"""Sends the pieces of one Workiva object: start, bytes, and what must be remembered in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from ..apis.workiva_shapes import RefusedObjectError
from ..apis.workiva_shapes import Upload
from ..errors import ConflictError
from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import OnceMoreError
from ..errors import PermanentError
from ..errors import SpoolDamagedError
from ..errors import TemporaryError
from ..errors import UncertainError
from ..model import Delivery
from ..model import Notes
from ..model import OpenContent
from ..model import Receipt
from ..model import seconds_since
from ..model import utc_text
from ..naming import remote_name
from ..rest.body import Body
from ..rest.body import FileBody
from ..retry import Budget
from .base import Results
from .workiva_watch import LONGEST_POLL_WAIT_S
from .workiva_watch import Flight
from .workiva_watch import Looking
from .workiva_watch import Pace
from .workiva_watch import Watch


# Longer than any documented life of an upload URL: what took all bytes and still waits is lost.
LOST_AFTER_S = 3600.0


class Api(Looking, Protocol):
    """The part of the API that uploads need."""

    def begin_upload(self, ids: Sequence[str], name: str) -> Upload:
        """Ask for a place for the bytes of one file."""

    def put_content(self, upload: Upload, content: Body) -> None:
        """Send the bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploads:
    """One call of `deliver`.

    Notes by key: `operation:` after the start of an upload, `put-begun:` (when) before its first byte,
    `put-done:` (when) after the last. The upload URL is never noted.
    """

    api: Api
    ids: Sequence[str]
    budget: Budget
    pace: Pace
    max_name: int
    open_content: OpenContent
    notes: Notes

    def run(self, deliveries: Sequence[Delivery]) -> Results:
        """Return what became of each piece.

        Raises what concerns all of them where no piece was sent.
        """
        results = self._earlier(deliveries)
        flights: list[Flight] = []
        closing: DeliveryError | None = None
        for delivery in deliveries:
            if delivery.key in results:
                continue
            if closing is None:
                try:
                    sent = self._send(delivery)
                except (DestinationClosedError, RefusedObjectError, TemporaryError) as error:
                    closing = error
            if closing is not None:
                results[delivery.key] = closing
            elif isinstance(sent, Flight):
                flights.append(sent)
            else:
                results[delivery.key] = sent
        if closing is not None and not flights and all(r is closing for r in results.values()):
            raise closing
        return results | self._ended(flights, closing)

    def _earlier(self, deliveries: Sequence[Delivery]) -> Results:
        """Look for what earlier attempts began to send; return what must not be sent again now."""
        flights = []
        for delivery in deliveries:
            operation = self.notes.get(f"operation:{delivery.key}")
            begun = self.notes.get(f"put-begun:{delivery.key}")
            if operation and begun:
                done = self.notes.get(f"put-done:{delivery.key}")
                flights.append(self._flight(delivery, operation, done or begun, done=bool(done)))
        watch = Watch(api=self.api, ids=self.ids, budget=self.budget, pace=self.pace, how="found")
        results = watch.run(flights)
        if watch.closed is not None and not any(isinstance(r, Receipt) for r in results.values()):
            raise watch.closed
        return {k: r for k, r in results.items() if isinstance(r, Receipt | UncertainError)}

    def _send(self, delivery: Delivery) -> Flight | DeliveryError:
        """Send one piece; return its flight, or the error that concerns it alone."""
        if self.budget.stop.is_set() or self.budget.remaining_s() <= 0:
            raise TemporaryError("not sent: the time is over, or the delivery was stopped")
        try:
            upload = self.api.begin_upload(self.ids, self._name(delivery))
        except RefusedObjectError:
            raise
        except ConflictError as error:
            return PermanentError(str(error))
        except UncertainError as error:
            return TemporaryError(f"{error}; no bytes were sent, so nothing was attached")
        except (PermanentError, OnceMoreError) as error:
            return error
        self._remember(delivery.key, upload)
        return self._put(delivery, upload)

    def _put(self, delivery: Delivery, upload: Upload) -> Flight | DeliveryError:
        flown = partial(
            self._flight, delivery, upload.operation, retry_after_s=upload.retry_after_s
        )
        content = FileBody(
            open=partial(self.open_content, delivery.evidence), length=delivery.evidence.size
        )
        try:
            self.api.put_content(upload, content)
        except UncertainError as error:
            self.notes.put(f"put-begun:{delivery.key}", now := utc_text())
            return flown(now, done=False, seen=str(error))
        except SpoolDamagedError as error:
            self._forget(delivery.key)
            damaged = PermanentError(f"{delivery.evidence.name}: {error}")
            damaged.__cause__ = error
            return damaged
        except (PermanentError, OnceMoreError) as error:
            self._forget(delivery.key)
            return error
        except DeliveryError:
            self._forget(delivery.key)
            raise
        self.notes.put(f"put-done:{delivery.key}", now := utc_text())
        return flown(now, done=True)

    def _remember(self, key: str, upload: Upload) -> None:
        """Note the operation, then that its bytes begin; what an earlier one left is dropped first."""
        self._forget(key)
        self.notes.put(f"operation:{key}", upload.operation)
        self.notes.put(f"put-begun:{key}", utc_text())

    def _forget(self, key: str) -> None:
        for name in (f"put-begun:{key}", f"put-done:{key}"):
            if self.notes.get(name):
                self.notes.put(name, "")

    def _flight(
        self,
        delivery: Delivery,
        operation: str,
        since: str,
        *,
        done: bool,
        retry_after_s: float | None = None,
        seen: str = "sent",
    ) -> Flight:
        try:
            age_s = seconds_since(since)
        except ValueError:
            age_s = 0.0
        patience_s = LOST_AFTER_S if done else self.budget.settle_s
        wait_s = min(retry_after_s or 0.0, LONGEST_POLL_WAIT_S)
        return Flight(
            key=delivery.key,
            name=self._name(delivery),
            operation=operation,
            patient_until=self.budget.clock() + patience_s - age_s,
            poll_at=self.budget.clock() + wait_s,
            seen=seen,
        )

    def _ended(self, flights: list[Flight], closing: DeliveryError | None) -> Results:
        """Wait for the end of what was sent; not at a destination that has closed meanwhile."""
        if isinstance(closing, DestinationClosedError):
            return {
                flight.key: UncertainError(f"{flight.name}: {flight.seen}, but then {closing}")
                for flight in flights
            }
        watch = Watch(api=self.api, ids=self.ids, budget=self.budget, pace=self.pace, how="listed")
        return watch.run(flights)

    def _name(self, delivery: Delivery) -> str:
        return remote_name(delivery.evidence.name, delivery.key, self.max_name)
