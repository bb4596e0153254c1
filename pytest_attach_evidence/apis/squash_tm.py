"""The documented REST operations of Squash TM that evidence needs, typed, in one client."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

from ..errors import UncertainError
from ..rest.auth import Credentials
from ..rest.auth import basic
from ..rest.auth import bearer
from ..rest.body import BytesBody
from ..secrets import Secret
from .squash_tm_attachments import AttachmentRequests
from .squash_tm_attachments import File
from .squash_tm_refusal import refused
from .squash_tm_requests import is_json
from .squash_tm_shapes import Execution
from .squash_tm_shapes import PlanItem
from .squash_tm_shapes import execution_of
from .squash_tm_tree import TreeRequests


__all__ = ["File", "SquashTm", "credentials_of", "unwrapped"]


def credentials_of(found: Sequence[Secret]) -> Credentials:
    """Return the credentials of one token, or of user and password.

    Servers read Basic credentials as ISO-8859-1 by default, so that is used wherever it can hold them.
    """
    if len(found) == 1:
        return bearer(unwrapped(found[0]))
    user, password = found
    try:
        return basic(user, password, encoding="iso-8859-1")
    except UnicodeEncodeError:
        return basic(user, password)


def unwrapped(token: Secret) -> Secret:
    """Return the token of three parts where it is wrapped in base64, as the UI's own call answers it."""
    text = token.reveal()
    if "." in text:
        return token
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return token
    inner = plain.decode("ascii", "replace")
    return Secret(inner, token.source) if re.fullmatch(r"[\w-]+(\.[\w-]+){2}", inner) else token


class SquashTm(AttachmentRequests, TreeRequests):
    """A client of one Squash TM; see `squash_tm_requests.Requests` for what its methods raise."""

    def may_write(self) -> bool:
        """Return whether the credentials may write: POST /executions/0/attachments without a file (ATT).

        Nothing can come of it: no execution has this id, and there is nothing to attach. A token without
        the right to write is refused before that, with 401 (TRB14). Raises DestinationClosedError for it,
        PermanentError for 403. Only the API's own 400 or 404, documented for what is malformed and for an
        unknown id (TRB14), show that the request was let in; False: the answer was another, and tells
        nothing.
        """
        what = "asking whether the credentials may write"
        answer = self._send("POST", "executions/0/attachments", what, body=BytesBody.json({}))
        if answer.status in (401, 403):
            raise refused(answer, reached=self._reached)
        return answer.status in (400, 404) and is_json(answer)

    def create_execution(self, item: PlanItem) -> Execution:
        """Create an execution: POST /{family}/{id}/executions.

        The item's status becomes READY. Raises UncertainError where the answer does not name it.
        """
        what = f"creating an execution of plan item {item.id}"
        body = BytesBody.json({})
        answer = self._accepted(self._on_item("POST", item, "/executions", what, body))
        execution = execution_of(answer.fields())
        if execution is None:
            msg = f"{what}: HTTP {answer.status} without the id of an execution"
            raise UncertainError(msg)
        return execution

    def set_status(self, execution: str, status: str) -> None:
        """Give an execution a status: PATCH /executions/{id}?fields=execution_status."""
        body = BytesBody.json({"_type": "execution", "execution_status": status})
        path = f"executions/{execution}?fields=execution_status"
        what = f"setting execution {execution} to {status}"
        self._accepted(self._send("PATCH", path, what, body=body)).fields()

    def set_comment(self, execution: str, comment: str) -> None:
        """Replace the comment of an execution, which is HTML: PATCH /executions/{id}?fields=comment."""
        body = BytesBody.json({"_type": "execution", "comment": comment})
        path, what = f"executions/{execution}?fields=comment", f"commenting execution {execution}"
        self._accepted(self._send("PATCH", path, what, body=body)).fields()

    def set_step_status(self, step: str, status: str) -> None:
        """Give an execution step a status: PATCH /execution-steps/{id}/execution-status/{STATUS}.

        No body. A server recomputes the execution's own status from those of its steps [src].
        """
        path, what = f"execution-steps/{step}/execution-status/{status}", f"setting step {step} to"
        self._accepted(self._send("PATCH", path, f"{what} {status}")).fields()
