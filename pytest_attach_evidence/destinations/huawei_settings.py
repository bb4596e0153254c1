"""What is configured for Huawei CodeArts Req: addresses, region, and which credentials are used."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import SettingsError
from ..rest.auth import Credentials
from ..rest.auth import TokenSource
from ..retry import Budget
from ..secrets import Secret
from ..secrets import Secrets
from ..settings import Settings
from ..urls import base_url
from .huawei_targets import PROJECT


if TYPE_CHECKING:
    from ..rest.session import Session


KEYS = ("HUAWEI_ACCESS_KEY", "HUAWEI_SECRET_KEY")
LOGIN = ("HUAWEI_USER", "HUAWEI_PASSWORD", "HUAWEI_DOMAIN")
SECURITY_TOKEN = "HUAWEI_SECURITY_TOKEN"  # noqa: S105  # the name of a variable
REGION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
REGION_IN_URL = re.compile(r"https://projectman-ext\.([a-z0-9-]+)\.myhuaweicloud\.com")


class HuaweiSettings:
    """Reads the options and secrets of one destination; does no I/O before it is asked."""

    def __init__(self, settings: Settings, secrets: Secrets) -> None:
        self._settings = settings
        self._secrets = secrets
        options = settings.of("huawei")
        self.project = options.get("project", "").strip()
        self._url = options.get("url", "").strip()
        self._iam_url = options.get("iam_url", "").strip()
        self._region = options.get("region", "").strip()

    @property
    def url(self) -> str:
        """The normalised endpoint, given or derived from the region. Raises SettingsError."""
        if self._url:
            return base_url("evidence_huawei_url", self._url, self._settings.http_hosts)
        if not self._region:
            msg = (
                "evidence_huawei_url is not set - write the endpoint of CodeArts Req, or only "
                "evidence_huawei_region (such as cn-north-4), into pytest.ini"
            )
            raise SettingsError(msg)
        return f"https://projectman-ext.{self._checked_region()}.myhuaweicloud.com"

    @property
    def iam_url(self) -> str:
        """The normalised endpoint of IAM, given or derived from the region. Raises SettingsError."""
        if self._iam_url:
            return base_url("evidence_huawei_iam_url", self._iam_url, self._settings.http_hosts)
        return f"https://iam.{self.region}.myhuaweicloud.com"

    @property
    def region(self) -> str:
        """The region a token is for, given or read from the endpoint. Raises SettingsError."""
        if self._region:
            return self._checked_region()
        if found := REGION_IN_URL.fullmatch(self.url):
            return found[1]
        msg = (
            "evidence_huawei_region is not set - a login with PYTEST_EVIDENCE_HUAWEI_USER needs the "
            "region, such as cn-north-4"
        )
        raise SettingsError(msg)

    def session(self, budget: Budget) -> Session:
        """Return the connection to the endpoint. Raises SettingsError."""
        return self._session(self.url, budget, "evidence_huawei_url")

    def credentials(self, budget: Budget) -> tuple[Credentials, Session | None]:
        """Return the credentials, and the connection to IAM where they need one.

        An access key is preferred to a login. Raises SettingsError.
        """
        if keys := self.keys():
            from ..apis.codearts_signing import Signer  # noqa: PLC0415

            access_key, secret_key = keys
            token = self._secrets.get(SECURITY_TOKEN)
            return Signer(access_key=access_key, secret_key=secret_key, security_token=token), None
        if (login := self._secrets.first(LOGIN)) is None:
            raise SettingsError(self._missing())
        from ..apis.codearts_login import fetch_token  # noqa: PLC0415

        user, password, domain = login
        region = self.region
        iam = self._session(self.iam_url, budget, "evidence_huawei_iam_url")
        tokens = TokenSource(
            lambda: fetch_token(iam, user=user, password=password, domain=domain, region=region),
            header="X-Auth-Token",
            scheme="",
        )
        return tokens, iam

    def keys(self) -> tuple[Secret, ...] | None:
        """Return access key and secret key, which are preferred. Raises SettingsError."""
        return self._secrets.first(KEYS)

    def problems(self, *, uploading: bool) -> list[str]:
        """Return every missing or wrong setting as one line."""
        found: list[str] = []
        try:
            _ = self.url
        except SettingsError as error:
            found += error.problems
        if self.project and not PROJECT.fullmatch(self.project):
            found.append(
                f"evidence_huawei_project is {self.project!r} - write the project's id, "
                "32 letters and digits"
            )
        if uploading:
            found += [line for line in self._access_problems() if line not in found]
        return found

    def _access_problems(self) -> list[str]:
        try:
            if self.keys():
                self._secrets.get(SECURITY_TOKEN)
                return []
            if self._secrets.first(LOGIN):
                return self._login_problems()
            return [self._missing()]
        except SettingsError as error:
            return list(error.problems)

    def _login_problems(self) -> list[str]:
        found: list[str] = []
        for name in ("region", "iam_url"):
            try:
                getattr(self, name)
            except SettingsError as error:
                found += [line for line in error.problems if line not in found]
        return found

    def _missing(self) -> str:
        for group in (KEYS, LOGIN):
            given = [name for name in group if self._secrets.get(name) is not None]
            if given:
                absent = [name for name in group if name not in given]
                have = " and ".join(f"PYTEST_EVIDENCE_{name}" for name in given)
                need = " and ".join(f"PYTEST_EVIDENCE_{name}" for name in absent)
                return f"the credentials for huawei are not complete - set {need} beside {have}"
        return (
            "no credentials for huawei - set PYTEST_EVIDENCE_HUAWEI_ACCESS_KEY and "
            "PYTEST_EVIDENCE_HUAWEI_SECRET_KEY, or PYTEST_EVIDENCE_HUAWEI_USER, "
            "PYTEST_EVIDENCE_HUAWEI_PASSWORD and PYTEST_EVIDENCE_HUAWEI_DOMAIN"
        )

    def _session(self, url: str, budget: Budget, option: str) -> Session:
        from ..rest.origins import Origins  # noqa: PLC0415
        from ..rest.session import Session  # noqa: PLC0415

        return Session(Origins(url, option=option), budget, ca_bundle=self._settings.ca_bundle)

    def _checked_region(self) -> str:
        if REGION.fullmatch(self._region):
            return self._region
        msg = f"evidence_huawei_region is {self._region!r} - write a region such as cn-north-4"
        raise SettingsError(msg)
