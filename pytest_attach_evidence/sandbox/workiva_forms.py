"""The test forms of the Workiva look-alike: seeds, look-up by ids, and their JSON."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from urllib.parse import quote


KINDS = ("testForms", "testPhases", "matrices", "samples")
WORDS = ("test form", "test phase", "matrix", "sample")

Ids = tuple[str, ...]
Json = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A test form, test phase, matrix or sample; its place in the tree says which.

    A form that is not `visible` does not exist for the API user; below one that is not `writable`
    uploads are forbidden.
    """

    id: str
    name: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)
    children: Sequence[Node] = ()
    visible: bool = True
    writable: bool = True


def path_of(ids: Ids) -> str:
    """Return the API path of an object without its leading slash; the store's name for it."""
    return "/".join(f"{kind}/{quote(id, safe='')}" for kind, id in zip(KINDS, ids, strict=False))


def target_of(ids: Ids) -> str:
    """Return the ids as a mark names them, such as `f1/p1/m1`."""
    return "/".join(quote(id, safe="") for id in ids)


def find(forms: Iterable[Node], ids: Ids) -> Node | None:
    """Return the object with this chain of ids, or None; hidden ones are not found."""
    node: Node | None = None
    for id in ids:
        among = forms if node is None else node.children
        node = next((n for n in among if n.id == id and n.visible), None)
        if node is None:
            return None
    return node


def walk(nodes: Iterable[Node], above: Ids = ()) -> Iterator[tuple[Ids, Node]]:
    """Yield every object with its ids, parents before children, hidden ones too."""
    for node in nodes:
        ids = (*above, node.id)
        yield ids, node
        yield from walk(node.children, ids)


def expansions(text: str, level: int) -> frozenset[Ids]:
    """Read `$expand` for objects of one level; raise ValueError with the name that is unknown."""
    wanted = set()
    for name in filter(None, text.replace(" ", "").split(",")):
        path = tuple(name.split("."))
        for depth, step in enumerate(path, start=level + 1):
            last = depth - level == len(path)
            if step not in KINDS[depth : depth + 1] and not (step == "attachments" and last):
                raise ValueError(name)
        wanted.add(path)
    return frozenset(wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderer:
    """Turns objects into JSON; `nulls` shows what is not expanded as null instead of leaving it."""

    attachments: Callable[[Ids], list[Json]]
    nulls: bool

    def render(self, node: Node, ids: Ids, wanted: frozenset[Ids]) -> Json:
        """Return the JSON of one object with what is wanted below it."""
        body: Json = {"id": node.id, **({"name": node.name} if node.name else {}), **node.fields}
        for kind in KINDS[len(ids) : len(ids) + 1]:
            inner = [path[1:] for path in wanted if path[0] == kind]
            if inner:
                below = frozenset(filter(None, inner))
                body[kind] = [self.render(n, (*ids, n.id), below) for n in node.children]
            elif self.nulls:
                body[kind] = None
        if ("attachments",) in wanted:
            body["attachments"] = self.attachments(ids)
        elif self.nulls:
            body["attachments"] = None
        return body


def sample(id: str, number: str, amount: str, result: str) -> Node:
    """Return one row of a matrix with the two data columns and one result column of `matrix`."""
    data = [{"column": "c1", "value": number}, {"column": "c2", "value": amount}]
    results = [{"column": "c3", "value": result}]
    return Node(id=id, fields={"dataValues": data, "resultValues": results})


def matrix(id: str, name: str, samples: Sequence[Node]) -> Node:
    """Return a matrix of three columns with its rows."""
    data = [
        {"id": "c1", "name": "PO number", "externalId": "SB01", "testable": False},
        {"id": "c2", "name": "Amount", "externalId": "SB02", "testable": False},
    ]
    results = [{"id": "c3", "name": "Approved", "externalId": "SB03", "testable": True}]
    fields = {"dataColumns": data, "resultColumns": results}
    return Node(id=id, name=name, fields=fields, children=samples)


def seeds() -> tuple[Node, ...]:
    """Return the forms every look-alike starts with."""
    s1, s2 = sample("s1", "PO-23897", "385.30", "PASS"), sample("s2", "PO-23911", "72.00", "")
    m1 = matrix("m1", "Purchase orders", (s1, s2))
    m2 = matrix("m2", "New users", (sample("s3", "PO-24005", "12.50", ""),))
    p1 = Node(id="p1", name="Walkthrough", children=(m1,))
    p2 = Node(id="p2", name="Operating effectiveness", children=(m2,))
    long_row = sample("2b9d4c60-5b1e-4f0a-8c37-d0a1f3b6e972", "PO-30001", "9.99", "")
    long_matrix = matrix("e4a7b1d2-0c95-4d38-a6f1-73b82c5d9e04", "Changes", (long_row,))
    long_phase = Node(
        id="c3a1f0de-71b2-4c55-9d0e-2f6b8a94e001", name="Interim", children=(long_matrix,)
    )
    slashed = Node(id="year/end", name="Year end")
    return (
        Node(id="f1", name="Access management", children=(p1, p2)),
        Node(
            id="5d0c3b1e9a7f4862b1c4d2e8f60a7b93",
            name="Change management",
            children=(long_phase, slashed),
        ),
        Node(
            id="f8",
            name="Backup (readable only)",
            children=(Node(id="p8", name="Walkthrough"),),
            writable=False,
        ),
        Node(
            id="f9",
            name="Payroll (hidden)",
            children=(Node(id="p9", name="Walkthrough"),),
            visible=False,
        ),
    )
