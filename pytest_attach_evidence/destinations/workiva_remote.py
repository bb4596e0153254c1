"""What Workiva's API offers beside the upload: the walk through test forms, download and export."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING
from typing import BinaryIO

from ..errors import PermanentError
from ..model import Target
from ..retry import Budget
from . import workiva_targets
from .remote import Attached
from .remote import Place
from .remote import Remote
from .workiva_fetch import Fetch
from .workiva_fetch import Kind
from .workiva_targets import ids_of
from .workiva_targets import text_of
from .workiva_watch import Pace


if TYPE_CHECKING:
    from ..apis.workiva import WorkivaApi
    from ..apis.workiva_shapes import Attachment
    from ..apis.workiva_shapes import Part


PDF = Kind(name="PDF", begins=b"%PDF-")
XLSX = Kind(name="XLSX", begins=b"PK\x03\x04")
LOWEST = 3
MAY_NOT_CONVERT = "not every file can be made a PDF: remote download brings it as it is"


class WorkivaRemote(Remote):
    """Test forms, test phases, matrices and samples, and what is attached there.

    Places are written `<form>`, `<form>/<phase>`, `<form>/<phase>/<matrix>` and
    `<form>/<phase>/<matrix>/<sample>`, each id percent-encoded; all but the first take evidence. A test
    form shows the attachments of its own and can be exported as a workbook; the API cannot fetch
    single attachments of it.
    """

    vendor = "Workiva"

    def __init__(self, api: WorkivaApi, origin: str, budget: Budget, pace: Pace) -> None:
        self._api = api
        self._origin = origin
        self._fetch = Fetch(api=api, budget=budget, pace=pace)

    def place(self, text: str) -> Target:
        """Return the test form, test phase, matrix or sample of a path of ids. Raises TargetError."""
        return workiva_targets.parse(text, self._origin, range(1, 5))

    def offers(self, name: str, target: Target) -> bool:
        """Tell whether an operation is there; single attachments of a test form cannot be fetched."""
        of_a_form = len(ids_of(target)) == 1 and name in ("attachment", "download")
        return super().offers(name, target) and not of_a_form

    def inside(self, target: Target | None) -> Iterator[Place]:
        """Yield what lies directly below; a page is asked for when its first entry is wanted."""
        above = [] if target is None else ids_of(target)
        if len(above) > LOWEST:
            return
        for part in self._api.forms.inside(above, expand=["attachments"]):
            ids = [*above, part.id] if part.id else []
            yield _place(ids, part, len(above), _counted(part.attachments))

    def about(self, target: Target) -> Place:
        """Return an object with what is known of it: how much is in it, a row with its columns' names."""
        ids = ids_of(target)
        part = self._api.forms.one(ids, expand=["attachments"])
        facts = {}
        if part.kind == "sample":
            columns = self._api.forms.one(ids[:-1]).columns
            facts["data"] = _row(part.data, columns)
            facts["results"] = _row(part.results, columns)
        else:
            inside = list(self._api.forms.inside(ids))
            facts[INSIDE[part.kind]] = str(len(inside))
        if part.columns:
            facts["columns"] = ", ".join(part.columns.values())
        listed = part.attachments if len(ids) == 1 else self._api.attachments(ids)
        return _place(ids, part, len(ids) - 1, {**facts, **_counted(listed)})

    def attachments(self, target: Target) -> list[Attached]:
        """Return the attachments in the order of the list. The API tells no size."""
        ids = ids_of(target)
        if len(ids) == 1:
            part = self._api.forms.one(ids, expand=["attachments"])
            return [_attached(one) for one in part.attachments or ()]
        return [_attached(one) for one in self._api.attachments(ids)]

    def attachment(self, target: Target, id: str) -> Attached:
        """Return one attachment by its id."""
        self._not_of_a_form(target, "look at an attachment")
        return _attached(self._api.files.attachment(ids_of(target), id))

    def download(self, target: Target, attached: Attached, into: BinaryIO) -> None:
        """Write the bytes as they were attached. The API tells no size or hash to compare them with."""
        self._not_of_a_form(target, "download an attachment")
        started = self._api.files.begin_download(ids_of(target), _id_of(attached))
        self._fetch.write(started, f"the download of {attached.name}", into)

    def exports_attachments(self, target: Target) -> bool:
        """Tell whether it is no test form: that is exported as a whole."""
        return len(ids_of(target)) > 1

    def export(self, target: Target, attached: Attached | None, into: BinaryIO) -> str:
        """Write an attachment as PDF, or a whole test form as workbook; return the file's name.

        Raises PermanentError where Workiva says that it failed, or answers with another kind of file.
        """
        ids = ids_of(target)
        if attached is None:
            if len(ids) > 1:
                self.lacks(f"export a {target.kind.replace('-', ' ')}", EXPORTED)
            name = self._api.forms.one(ids).name or ids[0]
            started = self._api.files.begin_form_export(ids[0])
            self._fetch.write(started, f"the export of {name}", into, XLSX)
            return f"{name}.xlsx"
        self._not_of_a_form(target, "export an attachment")
        started = self._api.files.begin_export(ids, _id_of(attached))
        self._fetch.write(started, f"the export of {attached.name}", into, PDF, MAY_NOT_CONVERT)
        return f"{PurePath(attached.name).stem or attached.name}.pdf"

    def close(self) -> None:
        """Release connections."""
        self._api.close()

    def _not_of_a_form(self, target: Target, what: str) -> None:
        if len(ids_of(target)) == 1:
            self.lacks(f"{what} of a test form itself", EXPORTED)


INSIDE = {"test form": "test phases", "test phase": "matrices", "matrix": "samples"}
EXPORTED = "its attachments can be exported, and its test form as a whole"


def _place(ids: Sequence[str], part: Part, depth: int, facts: dict[str, str]) -> Place:
    """Return an object of a level (test forms are 0); without ids it cannot be named."""
    return Place(
        text=text_of(ids),
        kind=part.kind,
        name=part.name or ", ".join(filter(None, part.data.values())),
        takes_evidence=depth > 0,
        leads=depth < LOWEST,
        facts=facts,
    )


def _counted(attachments: Sequence[Attachment] | None) -> dict[str, str]:
    return {} if attachments is None else {"attachments": str(len(attachments))}


def _attached(attachment: Attachment) -> Attached:
    return Attached(id=attachment.id or "", name=attachment.name)


def _row(values: Mapping[str, str], columns: Mapping[str, str]) -> str:
    return ", ".join(f"{columns.get(id) or id}: {value}" for id, value in values.items())


def _id_of(attached: Attached) -> str:
    if not attached.id:
        msg = f"{attached.name} is listed without an id, by which alone it can be fetched"
        raise PermanentError(msg)
    return attached.id
