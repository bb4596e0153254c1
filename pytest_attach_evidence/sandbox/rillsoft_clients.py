"""The made-up tenants of the Rillsoft look-alike, with what belongs to them."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A tenant with the attachment records of its projects; `open` is false for a foreign one."""

    id: int
    name: str
    projects: Mapping[int, range]
    portfolios: Mapping[int, tuple[int, ...]]
    documents: Sequence[Mapping[str, object]] = ()
    open: bool = True

    def attachments(self, project: int | None, portfolio: int | None) -> set[int]:
        """Return the ids of the attachment records that lie in a project and a portfolio, where given."""
        found = set(self.projects)
        if project is not None:
            found &= {project}
        if portfolio is not None:
            found &= set(self.portfolios.get(portfolio, ()))
        return {id for one in found for id in self.projects[one]}


def _document(id: int, project: int, name: str) -> Mapping[str, object]:
    """Return a DMS document with the names that the vendor's desktop automation gives its fields."""
    return {
        "documentId": id,
        "projectId": project,
        "name": name,
        "folderId": 1,
        "folderPath": "/Documents",
        "fileSize": 1000 + id,
        "createdAt": "20.11.2026 10:00",
    }


CLIENTS = {
    7: Client(
        id=7,
        name="Sample works",
        projects={12: range(4711, 4721), 13: range(4721, 4731)},
        portfolios={3: (12,), 4: (13,)},
        documents=(_document(901, 12, "Project plan.pdf"), _document(902, 13, "Größen.xlsx")),
    ),
    8: Client(id=8, name="Second tenant", projects={21: range(4801, 4805)}, portfolios={5: (21,)}),
    9: Client(
        id=9,
        name="Foreign tenant (no rights)",
        projects={31: range(4901, 4903)},
        portfolios={},
        open=False,
    ),
}
