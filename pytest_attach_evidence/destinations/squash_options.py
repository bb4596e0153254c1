"""The settings and credentials of the Squash TM destination: what is wrong with them, and what they open."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ..errors import DestinationClosedError
from ..errors import SettingsError
from ..rest.auth import token_end
from ..retry import Budget
from ..secrets import Secret
from ..secrets import Secrets
from ..settings import Settings
from ..urls import base_url
from .squash_names import names_in
from .squash_names import path_of
from .squash_targets import is_iteration


if TYPE_CHECKING:
    from ..apis.squash_tm import SquashTm


NO_URL = (
    "evidence_squash_url is not set - write the root of Squash TM with its context path, such as "
    "https://host/squash, into pytest.ini"
)
NO_CREDENTIALS = (
    "no credentials for squash - set PYTEST_EVIDENCE_SQUASH_TOKEN, or PYTEST_EVIDENCE_SQUASH_USER "
    "and PYTEST_EVIDENCE_SQUASH_PASSWORD"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SquashOptions:
    """The options `evidence_squash_*` as they were written, and where the secrets are."""

    url: str
    iteration: str
    execution: str
    status: str
    steps: str
    comment: str
    http_hosts: tuple[str, ...]
    ca_bundle: str | None
    secrets: Secrets

    @classmethod
    def of(cls, settings: Settings, secrets: Secrets) -> SquashOptions:
        """Take the options out of the settings; reads no secret."""
        given = settings.of("squash")
        return cls(
            url=given.get("url", ""),
            iteration=_normalised(given.get("iteration", "")),
            execution=given.get("execution", "") or "new",
            status=given.get("status", ""),
            steps=given.get("steps", "") or "on",
            comment=given.get("comment", "") or "off",
            http_hosts=settings.http_hosts,
            ca_bundle=settings.ca_bundle,
            secrets=secrets,
        )

    @property
    def new(self) -> bool:
        """Whether a test case gets a new execution instead of its latest."""
        return self.execution == "new"

    def problems(self, *, uploading: bool) -> list[str]:
        """Return what is wrong, a line each; `uploading`: the credentials too."""
        found: list[str] = []
        try:
            self.origin()
        except SettingsError as error:
            found += error.problems
        if self.iteration and not is_iteration(self.iteration):
            seen = f"evidence_squash_iteration is {self.iteration!r}"
            found.append(f"{seen} - write its id (digits), or project/campaign/iteration by name")
        if self.execution not in ("new", "latest"):
            found.append(f"evidence_squash_execution is {self.execution!r} - write new or latest")
        if self.status not in ("", "on", "off"):
            found.append(f"evidence_squash_status is {self.status!r} - write on or off")
        for name, value in (("steps", self.steps), ("comment", self.comment)):
            if value not in ("on", "off"):
                found.append(f"evidence_squash_{name} is {value!r} - write on or off")
        return [*found, *self._credential_problems()] if uploading else found

    def origin(self) -> str:
        """Return the configured root, normalised. Raises SettingsError."""
        if not self.url:
            raise SettingsError(NO_URL)
        origin = base_url("evidence_squash_url", self.url, self.http_hosts)
        if "/api/rest/" in f"{origin}/":
            msg = "evidence_squash_url goes down to the API - write only the root before /api/rest"
            raise SettingsError(msg)
        return origin

    def connect(self, budget: Budget) -> SquashTm:
        """Build the API client; loads the HTTP library, sends nothing.

        Raises DestinationClosedError where settings or credentials do not allow it.
        """
        from ..apis.squash_tm import SquashTm  # noqa: PLC0415  # loads the HTTP library
        from ..apis.squash_tm import credentials_of  # noqa: PLC0415
        from ..rest.origins import Origins  # noqa: PLC0415
        from ..rest.session import Session  # noqa: PLC0415

        try:
            origin, found = self.origin(), self._credentials()
            session = Session(Origins(origin), budget, ca_bundle=self.ca_bundle)
        except SettingsError as error:
            raise DestinationClosedError(str(error)) from error
        if found is None:
            raise DestinationClosedError(NO_CREDENTIALS, why="authentication")
        return SquashTm(session, origin, credentials_of(found))

    def credentials(self) -> tuple[Secret, ...]:
        """Return the token, or user and password. Raises SettingsError where none is set."""
        found = self._credentials()
        if found is None:
            raise SettingsError(NO_CREDENTIALS)
        return found

    def token_ends_at(self) -> datetime | None:
        """Return when the token ends, None where that is not told. Raises SettingsError."""
        from ..apis.squash_tm import unwrapped  # noqa: PLC0415  # loads the HTTP library

        found = self.credentials()
        return token_end(unwrapped(found[0])) if len(found) == 1 else None

    def _credentials(self) -> tuple[Secret, ...] | None:
        return self.secrets.first(("SQUASH_TOKEN",), ("SQUASH_USER", "SQUASH_PASSWORD"))

    def _credential_problems(self) -> list[str]:
        try:
            found = self._credentials()
        except SettingsError as error:
            return list(error.problems)
        if found is None:
            return [NO_CREDENTIALS]
        if len(found) == 1 and not re.fullmatch(r"[\x21-\x7e]+", found[0].reveal()):
            seen = f"{found[0].source} holds characters that no token has"
            return [f"{seen} - copy it again from Squash TM"]
        if len(found) == 2 and ":" in found[0].reveal():
            return [f"{found[0].source} holds a colon - write the name one logs in with"]
        return []


def _normalised(iteration: str) -> str:
    """Return the one text of a path of names; anything else as it is."""
    names = names_in(iteration)
    return path_of(names) if names else iteration
