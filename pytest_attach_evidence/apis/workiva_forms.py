"""The operations of Workiva's Test Forms API that read test forms and what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from ..errors import TemporaryError
from .workiva_calls import Calls
from .workiva_refusals import PAYLOAD_LIMIT
from .workiva_shapes import KINDS
from .workiva_shapes import Part
from .workiva_shapes import part_in


PLURALS = ("test forms", "test phases", "matrices", "samples")


@dataclass(frozen=True, slots=True)
class Forms:
    """Reads test forms, test phases, matrices and samples; scope graph:read.

    `ids` as in `WorkivaApi`. `expand` names what the answer should bring along (`attachments`,
    `testPhases`, `matrices`, `samples`, or a path such as `samples.attachments`); whether the vendor
    cuts what is brought along is not documented, nor how long an answer may be: as long as a request is
    taken. Raises as `WorkivaApi` does.
    """

    calls: Calls

    def inside(self, ids: Sequence[str], *, expand: Sequence[str] = ()) -> Iterator[Part]:
        """Yield what lies directly below an object, the test forms where there are no ids.

        GET /testForms (getTestForms), …/testPhases (getTestPhases), …/matrices (getMatrices),
        …/samples (getSamples). A page is asked for when its first entry is wanted. Raises
        TemporaryError for what is no list of objects.
        """
        kind = KINDS[len(ids)]
        what = f"the list of {PLURALS[len(ids)]}"
        url = self.calls.url(ids, kind) + _query(expand)
        for entry in self.calls.entries(url, what, limit=PAYLOAD_LIMIT):
            if (part := part_in(entry, len(ids))) is None:
                raise TemporaryError(f"{what}: an entry is not of the documented shape")
            yield part

    def one(self, ids: Sequence[str], *, expand: Sequence[str] = ()) -> Part:
        """Return one object.

        GET /testForms/{id} (getTestFormById), …/testPhases/{id} (getTestPhaseById), …/matrices/{id}
        (getMatrixById), …/samples/{id} (getSampleById).
        """
        what = "the look at the object"
        url = self.calls.url(ids) + _query(expand)
        found = self.calls.get(url, what, limit=PAYLOAD_LIMIT).fields()
        part = part_in(found, len(ids) - 1)
        assert part is not None
        return part


def _query(expand: Sequence[str]) -> str:
    return f"?{urlencode({'$expand': ','.join(expand)}, safe='$,')}" if expand else ""
