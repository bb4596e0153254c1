"""What a vendor's API offers beside the upload, in the words of `attach-evidence remote`."""

from __future__ import annotations

import io
from abc import ABC
from abc import abstractmethod
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import BinaryIO
from typing import NoReturn
from typing import Protocol
from typing import runtime_checkable

from ..errors import NotOfferedError
from ..model import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An object of a vendor's: one that holds attachments, or one that leads to such.

    `text` names it in commands, and in markers where `takes_evidence`; '' where nothing can name it.
    `kind` is the vendor's word for it, `name` what people call it. `leads` tells whether anything can lie
    below it. `facts` are further words about it, in the order in which they are shown (`status`,
    `attachments`, `left`).
    """

    text: str
    kind: str
    name: str = ""
    takes_evidence: bool = True
    leads: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """An attachment as the vendor lists it; `size` in bytes, None where the list does not tell."""

    id: str
    name: str
    size: int | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


class Remote(ABC):
    """The vendor's operations for one thread; what a vendor lacks says so in one line.

    Every operation raises the errors of deliveries (`errors.DeliveryError`), and `NotOfferedError` where
    the vendor documents none. Nothing here repeats a request that changes anything.
    """

    vendor = ""
    """The product's name, as messages say it."""

    instead = ""
    """What helps where the vendor has no operation on attachments, as messages say it."""

    @abstractmethod
    def place(self, text: str) -> Target:
        """Return the object a text stands for: targets of evidence, and what leads to them; no I/O.

        Raises TargetError.
        """

    def offers(self, name: str, target: Target) -> bool:
        """Tell whether an operation, named like its method, is there for an object; no I/O.

        Where it is not, the method raises NotOfferedError whatever it is given.
        """
        return getattr(type(self), name) is not getattr(Remote, name)

    def expect(self, name: str, target: Target) -> None:
        """Raise NotOfferedError, in the vendor's words, where an operation is not there for an object.

        No I/O: whoever asks first neither chooses nor confirms what cannot be done.
        """
        if not self.offers(name, target):
            nothing, into = Attached(id="", name=""), io.BytesIO()
            given: Mapping[str, tuple[Any, ...]] = {
                "download": (nothing, into),
                "rename": (nothing, ""),
                "delete": ([],),
                "export": (nothing, into),
            }
            getattr(self, name)(target, *given.get(name, ()))

    def expect_exact(self, target: Target) -> None:  # noqa: B027  # most texts mean one object
        """Raise TargetError or PermanentError where a text may mean another object than a person thinks.

        Asked before anything is changed.
        """

    def holder(self, target: Target, attached: Attached) -> str:
        """Return the object that holds a listed attachment, as the vendor knows it; no I/O."""
        return str(target)

    def look(self, target: Target, attached: Attached) -> Attached | None:
        """Return a listed attachment as it is now where it was listed, None where it is gone.

        Raises NotOfferedError where nobody can tell.
        """
        return next((one for one in self.attachments(target) if one.id == attached.id), None)

    def inside(self, target: Target | None) -> Iterator[Place]:
        """Yield what lies directly below an object, at the beginning of everything where it is None."""
        self.lacks("list what there is")

    def about(self, target: Target) -> Place:
        """Return an object with what the vendor tells of it, and what is left of its limits."""
        self.lacks("show an object")

    def attachments(self, target: Target) -> list[Attached]:
        """Return every attachment of an object, in the order of their ids or as the vendor gives them."""
        self.lacks("list attachments")

    def attachment(self, target: Target, id: str) -> Attached:
        """Return one attachment by its id; asked where the vendor lists none of an object."""
        self.lacks("list attachments")

    def download(self, target: Target, attached: Attached, into: BinaryIO) -> None:
        """Write the bytes of an attachment into a file, block by block.

        What was written before an error is raised is no whole file.
        """
        self.lacks("download an attachment", self.instead)

    def rename(self, target: Target, attached: Attached, name: str) -> Attached:
        """Give an attachment another name; return what the vendor made of it."""
        self.lacks("rename an attachment", self.instead)

    def delete(self, target: Target, attached: Sequence[Attached]) -> None:
        """Delete attachments for good."""
        self.lacks("delete an attachment", self.instead)

    def exports_attachments(self, target: Target) -> bool:
        """Tell whether `export` is about the attachments of an object, not about the object itself."""
        return True

    def export(self, target: Target, attached: Attached | None, into: BinaryIO) -> str:
        """Write what the vendor makes of an attachment, or of the object itself where it is None.

        Return the name that the result should have. Written block by block, as in `download`.
        """
        self.lacks("export an attachment", self.instead)

    def close(self) -> None:  # noqa: B027  # some have nothing to release
        """Release connections."""

    def lacks(self, what: str, hint: str = "") -> NoReturn:
        """Raise NotOfferedError: the vendor's API has no documented way to do it."""
        msg = f"{self.vendor} documents no operation to {what}"
        raise NotOfferedError(msg, next_step=hint)


@runtime_checkable
class Offering(Protocol):
    """A destination whose vendor offers more than the upload."""

    def remote(self) -> Remote:
        """Return the vendor's other operations; sends nothing yet.

        Raises DestinationClosedError where settings or credentials do not allow it.
        """
