"""What the Rillsoft Integration Server offers beside the upload: projects, portfolios, DMS documents."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..errors import PermanentError
from ..errors import TargetError
from ..model import Target
from .remote import Attached
from .remote import Place
from .remote import Remote
from .rillsoft_targets import EXPECTED
from .rillsoft_targets import ID
from .rillsoft_targets import plain_id


if TYPE_CHECKING:
    from ..apis.rillsoft import Rillsoft as Client
    from ..apis.rillsoft_shapes import Row


PATH = re.compile(
    rf"clients/({ID.pattern})(?:/(projects|portfolios|documents)(?:/({ID.pattern}))?)?"
)
KINDS = {"projects": "project", "portfolios": "portfolio"}
PLACES = (
    "clients/<client>, clients/<client>/projects/<project>, clients/<client>/portfolios/<portfolio>, "
    "clients/<client>/documents"
)
# What is shown of an object, under our word for it, by the names that the vendor's other interface has.
SHOWN = {
    "code": ("code",),
    "path": ("path", "folderPath"),
    "status": ("status", "state"),
    "project": ("projectId", "project_id"),
    "size": ("fileSize", "size"),
    "created": ("createdAt", "created_at"),
    "uuid": ("uuid",),
}
UNLISTED = "cannot be listed: an id is taken from the program"
OF_RUNS = "what runs sent there stands in evidence-summary.json of each, with its name and hash"


class RillsoftRemote(Remote):
    """The lists of a client. Of attachment records the vendor documents the upload and nothing else.

    Places are spelled `clients/7`, `clients/7/projects/12`, `clients/7/portfolios/3` and
    `clients/7/documents`, beside the targets of evidence (`4711`, `7/4711`). A list begins at the configured
    client. DMS documents are facts: they are no attachment records, and no target.
    """

    vendor = "Rillsoft"
    instead = OF_RUNS

    def __init__(
        self, client: Client, parse: Callable[[str], Target], origin: str, configured: str
    ) -> None:
        self._client = client
        self._parse = parse
        self._origin = origin
        self._configured = configured

    def place(self, text: str) -> Target:
        """Return a target of evidence, or a client, project or portfolio, or a client's documents.

        Raises TargetError.
        """
        if not text.startswith("clients"):
            return self._parse(text)
        found = PATH.fullmatch(text)
        if found is None or (found[2] in KINDS) != (found[3] is not None):
            msg = f"{text!r} is no place of Rillsoft - expected is {PLACES}, or {EXPECTED}"
            raise TargetError(msg)
        client, many, id = plain_id(found[1]), found[2], found[3]
        if many is None:
            return Target.of("rillsoft", self._origin, "client", client)
        if id is None:
            return Target.of("rillsoft", self._origin, many, client)
        return Target.of("rillsoft", self._origin, KINDS[many], plain_id(id), client=client)

    def offers(self, name: str, target: Target) -> bool:
        """Tell whether an operation is there: lists, and what they tell of their rows."""
        absent = ("attachments", "attachment", *(("about",) if target.kind == "attachment" else ()))
        return super().offers(name, target) and name not in absent

    def inside(self, target: Target | None) -> Iterator[Place]:
        """Yield a client's projects and portfolios; the configured client is the beginning.

        Its documents are listed where they are asked for, since the DMS is a function of its own with
        rights of its own. What a project or portfolio holds is not documented.
        """
        if target is None:
            if not self._configured:
                hint = "name one, as in rillsoft=clients/7, or set evidence_rillsoft_client"
                self.lacks("list the clients of a server", hint)
            target = self.place(f"clients/{self._configured}")
        if target.kind == "client":
            yield from self._of_client(target.id)
        elif target.kind == "documents":
            for row in self._client.documents(target.id):
                yield _place("", "DMS document", row)
        elif target.kind != "attachment":
            self.lacks(f"list what is in a {target.kind}")

    def about(self, target: Target) -> Place:
        """Return what a list of the client tells of a project or portfolio, or how many a client has."""
        if target.kind == "attachment":
            self.lacks("show an attachment record", OF_RUNS)
        if target.kind == "documents":
            documents = self._client.documents(target.id)
            text = f"clients/{target.id}/documents"
            return _group(text, "DMS documents", documents=str(len(documents)))
        if target.kind == "client":
            projects, portfolios = (
                self._rows("projects", target.id),
                self._rows("portfolios", target.id),
            )
            counts = {"projects": str(len(projects)), "portfolios": str(len(portfolios))}
            return _group(f"clients/{target.id}", "client", **counts)
        client, many = target.scoped("client") or "", f"{target.kind}s"
        for row in self._rows(many, client):
            if row.id == target.id:
                return _place(f"clients/{client}/{many}/{row.id}", target.kind, row)
        msg = f"client {client} lists no {target.kind} {target.id}"
        raise PermanentError(msg, next_step=f"remote list rillsoft=clients/{client} shows them")

    def attachments(self, target: Target) -> list[Attached]:
        """Raise NotOfferedError: neither records nor their files are listed anywhere."""
        self.lacks("list attachments", OF_RUNS)

    def attachment(self, target: Target, id: str) -> Attached:
        """Raise NotOfferedError: whatever is wanted of an attachment, there is only the upload."""
        self.lacks("do anything with an attachment but upload it", OF_RUNS)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _of_client(self, client: str) -> Iterator[Place]:
        for many, kind in KINDS.items():
            for row in self._rows(many, client):
                yield _place(f"clients/{client}/{many}/{row.id}" if row.id else "", kind, row)
        yield _group(f"clients/{client}/documents", "DMS documents")
        yield Place(text="", kind="attachment records", facts={"note": UNLISTED})

    def _rows(self, many: str, client: str) -> list[Row]:
        return (
            self._client.projects(client) if many == "projects" else self._client.portfolios(client)
        )


def _place(text: str, kind: str, row: Row) -> Place:
    return Place(
        text=text,
        kind=kind,
        name=row.name,
        takes_evidence=False,
        facts={"id": row.id, **_shown(row.facts)},
    )


def _group(text: str, kind: str, **facts: str) -> Place:
    return Place(text=text, kind=kind, takes_evidence=False, facts=facts)


def _shown(facts: Mapping[str, str]) -> dict[str, str]:
    """Return the facts that people need, as far as the server tells them."""
    found = {
        word: next((facts[n] for n in names if n in facts), "") for word, names in SHOWN.items()
    }
    return {word: text for word, text in found.items() if text}
