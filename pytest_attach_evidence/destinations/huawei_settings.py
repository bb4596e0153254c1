"""What is configured for Huawei CodeArts Req: addresses, region, and which credentials are used."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from ..errors import DeliveryError
from ..errors import DestinationClosedError
from ..errors import SettingsError
from ..errors import TemporaryError
from ..model import Problem
from ..rest.auth import Credentials
from ..rest.auth import TokenSource
from ..retry import Budget
from ..secrets import Secret
from ..secrets import Secrets
from ..settings import Settings
from ..settings import byte_count
from ..spool import readable_size
from ..urls import base_url
from .huawei_targets import PROJECT
from .huawei_targets import PROJECT_LENGTH


if TYPE_CHECKING:
    from ..apis.codearts import CodeArts
    from ..rest.session import Session


KEYS = ("HUAWEI_ACCESS_KEY", "HUAWEI_SECRET_KEY")
LOGIN = ("HUAWEI_USER", "HUAWEI_PASSWORD", "HUAWEI_DOMAIN")
MAX_FILE, MAX_TOTAL, MAX_SIGNED = "50M", "50M", "12M"
AROUND_THE_FILE = 4096
LOG_IN = (
    "the gateway takes 12 MB of a signed request: set PYTEST_EVIDENCE_HUAWEI_USER, _PASSWORD and _DOMAIN "
    "instead of the access key, or attach a smaller file"
)
TAKES_MORE = "attach a smaller file; where your CodeArts takes more, set evidence_huawei_max_file"
SECURITY_TOKEN = "HUAWEI_SECURITY_TOKEN"  # noqa: S105  # the name of a variable
REGION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# Those the vendor's SDK knows (huaweicloudsdkprojectman 3.1.219, v4/region/projectman_region.py).
REGIONS = (
    *("cn-north-1", "cn-north-4", "cn-east-2", "cn-east-3", "cn-south-1", "cn-southwest-2"),
    *("ap-southeast-3", "la-north-2", "sa-brazil-1"),
)
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
        self._max_file = byte_count(options.get("max_file") or MAX_FILE)
        self._max_signed = byte_count(options.get("max_signed") or MAX_SIGNED)
        self.max_total = byte_count(options.get("max_total") or MAX_TOTAL)

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

    def connect(self, budget: Budget, *, patient: bool = False) -> tuple[CodeArts, Session | None]:
        """Build the client, and the connection to IAM where it needs one; only this loads the HTTP library.

        `patient`: throttled look-ups are repeated while the budget lasts (see `Calls`). Raises SettingsError.
        """
        from ..apis.codearts import CodeArts  # noqa: PLC0415
        from ..apis.codearts_calls import Doubts  # noqa: PLC0415

        session = self._session(self.url, budget, "evidence_huawei_url")
        credentials, iam = self._credentials(budget)
        doubts = Doubts(of_error=self.doubting, of_project=self.odd_project)
        return CodeArts(session, credentials, budget if patient else None, doubts), iam

    def _credentials(self, budget: Budget) -> tuple[Credentials, Session | None]:
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

    def max_bytes(self) -> tuple[int, str]:
        """Return the most bytes of a piece, and what to do about larger ones.

        The gateway takes bodies of 12 MiB where a request is signed (devg-apisign): the file and the
        little that a multipart body adds. Where a secret cannot be read, the lower limit is returned.
        """
        try:
            signed = self.keys() is not None
        except SettingsError:
            signed = True
        most = max(0, self._max_signed - AROUND_THE_FILE)
        if signed and most < self._max_file:
            return most, LOG_IN
        return self._max_file, TAKES_MORE

    def max_bytes_words(self) -> str:
        """Say what is configured of the limits of files; the service tells none."""
        size, total = readable_size(self.max_bytes()[0]), readable_size(self.max_total)
        return f"{size} each and {total} for a work item, as configured: the API does not tell"

    def login_source(self) -> str:
        """Return where the credentials come from, '' where there are none. Raises SettingsError."""
        found = self.keys() or self._secrets.first(LOGIN)
        return found[0].source if found else ""

    def doubts(self, projects: Iterable[str] = ()) -> list[Problem]:
        """Return what looks wrong in the settings and the projects of targets, and may be right."""
        found = [] if self._odd_region is None else [self._odd_region]
        odd = map(_odd_project, dict.fromkeys((self.project, *projects)))
        return found + [problem for problem in odd if problem is not None]

    def doubting(self, error: DeliveryError) -> DeliveryError:
        """Return an error with what may be its cause: an address that nobody answers at, or a login there."""
        if self._odd_region is None:
            return error
        seen = f"{error}; {self._odd_region}"
        if type(error) is TemporaryError and not error.throttled:
            return TemporaryError(seen, retry_after_s=error.retry_after_s)
        if isinstance(error, DestinationClosedError) and error.why != "stopped":
            return DestinationClosedError(seen, why=error.why, next_step=error.next_step)
        return error

    def odd_project(self, project: str) -> str:
        """Return what looks wrong in the id of a project, '' where nothing does."""
        return str(_odd_project(project) or "")

    @cached_property
    def _odd_region(self) -> Problem | None:
        try:
            region = REGION_IN_URL.fullmatch(self.url)
        except SettingsError:
            return None
        if region is None or region[1] in REGIONS:
            return None
        near = difflib.get_close_matches(region[1], REGIONS, n=1, cutoff=0.0)
        seen = f"{region[1]} is none of the regions that are known for CodeArts Req"
        return _doubt("evidence_huawei_region", seen, f"if it cannot be reached, try {near[0]}")

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


def _odd_project(project: str) -> Problem | None:
    """Return what looks wrong in the id of a project, and may be right; None where nothing does."""
    if not project or len(project) == PROJECT_LENGTH:
        return None
    seen = f"has {len(project)} characters, where {PROJECT_LENGTH} are documented"
    return _doubt(f"project {project}", seen, "copy it again if it is refused")


def _doubt(option: str, seen: str, hint: str) -> Problem:
    return Problem(subject=option, seen=seen, next_step=hint, severity="warning")
