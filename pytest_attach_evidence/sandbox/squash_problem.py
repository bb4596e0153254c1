"""What an operation of the Squash TM look-alike raises to answer with an error."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from http import HTTPStatus

from werkzeug.wrappers import Request
from werkzeug.wrappers import Response

from .replies import json_reply


class SquashProblem(Exception):  # noqa: N818 - a refusal is an answer here, not an error of ours
    """A refusal: a status with the generic body, or with a body of its own."""

    def __init__(self, status: int, message: str = "", body: object = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.body = body


def business_rule(exception: str, message: str) -> SquashProblem:
    """Return the refusal of a rule of the product, status 412."""
    body = {"actionValidationError": {"exception": exception, "message": message}}
    return SquashProblem(412, message, body)


def problem_reply(request: Request, problem: SquashProblem) -> Response:
    """Answer a refusal as JSON, in the generic shape unless it has its own."""
    generic = {
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "status": problem.status,
        "error": HTTPStatus(problem.status).phrase,
        "message": problem.message,
        "path": request.path,
    }
    return json_reply(problem.status, problem.body or generic)
