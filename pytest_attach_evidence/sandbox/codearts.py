"""The Huawei CodeArts Req look-alike: a gateway that checks signatures, and work items behind it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request
from werkzeug.wrappers import Response

from .codearts_access import Access
from .codearts_access import Body
from .codearts_attachments import Attachments
from .codearts_attachments import object_of
from .codearts_calls import Call
from .codearts_endpoints import Endpoints
from .codearts_items import Project
from .codearts_items import WorkItem
from .codearts_items import seeds
from .codearts_rules import NOT_PUBLISHED
from .codearts_rules import REGION
from .codearts_rules import THROTTLED
from .codearts_rules import TOO_FREQUENT
from .codearts_rules import TOO_LARGE
from .codearts_rules import UNREADABLE
from .codearts_rules import CodeArtsSwitches
from .codearts_rules import gateway_refusal
from .codearts_rules import service_refusal
from .codearts_scrum import ScrumEndpoints
from .store import Store
from .system import PageObject
from .wire import RefusedError
from .wire import segments


TOKENS = ("v3", "auth", "tokens")


@dataclass(eq=False)
class CodeArtsSystem(CodeArtsSwitches):
    """The CodeArts Req look-alike; its switches are keyword arguments and attributes.

    `access` holds the made-up `credentials` and counts `failures` and `token_calls`; more may be added to
    `projects`.
    """

    store: Store
    name: str = field(default="huawei", init=False)
    title: str = field(default="Huawei CodeArts Req", init=False)

    def __post_init__(self) -> None:
        self.projects = list(seeds())
        self.access = Access(self)
        attachments = Attachments(self, self.store)
        self._table = {
            **Endpoints(self, attachments, self.projects).table(),
            **ScrumEndpoints(self, self.store, attachments, self.projects).table(),
        }

    def handle(self, request: Request) -> Response:
        """Answer one request; every answer has an `X-Request-Id`."""
        try:
            answer = self._through_the_gateway(request)
        except RefusedError as refused:
            answer = refused.response
        except HTTPException as error:
            answer = service_refusal(UNREADABLE, error.name).response
        answer.headers.setdefault("X-Request-Id", uuid.uuid4().hex)
        return answer

    def exports(self) -> Mapping[str, str]:
        """Return the made-up access key, or what a token login needs instead."""
        ours, prefix = self.access.credentials, "PYTEST_EVIDENCE_HUAWEI_"
        if self.login == "password":
            return {
                f"{prefix}USER": ours.user,
                f"{prefix}PASSWORD": ours.password,
                f"{prefix}DOMAIN": ours.domain,
            }
        return {f"{prefix}ACCESS_KEY": ours.access_key, f"{prefix}SECRET_KEY": ours.secret_key}

    def options(self) -> Mapping[str, str]:
        """Return the address, the IPD project, and where tokens come from."""
        return {
            "evidence_huawei_url": self.root,
            "evidence_huawei_project": self.projects[0].id,
            "evidence_huawei_iam_url": self.root,
            "evidence_huawei_region": REGION,
        }

    def objects(self) -> Sequence[PageObject]:
        """Return projects and their work items."""
        return [page for project in self.projects for page in pages(project)]

    def _through_the_gateway(self, request: Request) -> Response:
        path = segments(request, self.root)
        if path == TOKENS and request.method == "POST":
            return self.access.issue(request)
        answer, named = self._found(request.method, path)
        with self._on_disk(request) as (body, facts):
            self.access.check(request, facts)
            if self.use_up("throttle_next"):
                raise self._throttled()
            return answer(Call(request=request, named=named, body=body))

    def _found(
        self, method: str, path: tuple[str, ...]
    ) -> tuple[Callable[[Call], Response], tuple[str, ...]]:
        for (offered, pattern), answer in self._table.items():
            parts = pattern.split("/")
            if offered != method or len(parts) != len(path) or "" in path:
                continue
            if all(part in ("*", segment) for part, segment in zip(parts, path, strict=True)):
                named = zip(parts, path, strict=True)
                return answer, tuple(segment for part, segment in named if part == "*")
        raise gateway_refusal(
            404, NOT_PUBLISHED, "The API does not exist or has not been published."
        )

    @contextmanager
    def _on_disk(self, request: Request) -> Iterator[tuple[Path, Body]]:
        signed = "Authorization" in request.headers
        limit = self.body_limit if signed else self.token_body_limit
        if limit is not None and (request.content_length or 0) > limit:
            raise gateway_refusal(413, TOO_LARGE, "Request entity too large")
        path, size, sha256 = self.store.receive(request.stream)
        try:
            if limit is not None and size > limit:
                raise gateway_refusal(413, TOO_LARGE, "Request entity too large")
            yield path, Body(size, sha256)
        finally:
            path.unlink(missing_ok=True)

    def _throttled(self) -> RefusedError:
        if self.throttle_status == 400:
            return service_refusal(TOO_FREQUENT, "The access is too frequent.")
        return gateway_refusal(
            429,
            THROTTLED,
            "The throttling threshold has been reached: policy user over ratelimit,"
            "limit:200,time:1 second",
        )


def pages(project: Project) -> Iterator[PageObject]:
    """Yield a project and its work items as lines of the page."""
    facts = {"kind": f"{project.kind} project"}
    if not project.member:
        facts["API user"] = "is not a member"
    yield PageObject(object=f"projects/{project.id}", title=project.name, facts=facts)
    for item in project.items:
        yield PageObject(
            object=object_of(project, item),
            title=item.title,
            facts={
                "kind": item.category,
                **({"number": item.number} if item.number else {}),
                "status": item.status,
                "target": target_of(project, item),
            },
            depth=1,
        )


def target_of(project: Project, item: WorkItem) -> str:
    """Return a work item as a mark names it."""
    return f"{'scrum/' if project.kind == 'scrum' else ''}{project.id}/{item.id}"
