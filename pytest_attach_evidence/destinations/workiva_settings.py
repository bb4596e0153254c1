"""What is configured for Workiva: region, version, further hosts, and the API grant."""

from __future__ import annotations

import re

from ..errors import SettingsError
from ..secrets import PREFIX
from ..secrets import Secret
from ..secrets import Secrets
from ..settings import Settings
from ..urls import base_url


URL = "https://api.app.wdesk.com"
VERSIONS = ("2026-01-01", "2022-01-01")
CREDENTIALS = ("WORKIVA_CLIENT_ID", "WORKIVA_CLIENT_SECRET")


class WorkivaSettings:
    """Reads the options and secrets of the destination; does no I/O before it is asked."""

    def __init__(self, settings: Settings, secrets: Secrets) -> None:
        self._settings = settings
        self._secrets = secrets
        self._options = settings.of("workiva")
        self.ca_bundle = settings.ca_bundle

    @property
    def base(self) -> str:
        """The normalised root of the API. Raises SettingsError."""
        text = self._options.get("url") or URL
        url = base_url("evidence_workiva_url", text, self._settings.http_hosts)
        if url.endswith("/platform/v1"):
            hint = "leave that out, and set evidence_workiva_version to 2022-01-01"
            raise SettingsError(f"evidence_workiva_url ends in /platform/v1 - {hint}")
        return url

    @property
    def version(self) -> str:
        """The version of the API. Raises SettingsError."""
        text = self._options.get("version") or VERSIONS[0]
        if text not in VERSIONS:
            raise SettingsError(
                f"evidence_workiva_version is {text!r} - write {' or '.join(VERSIONS)}"
            )
        return text

    @property
    def hosts(self) -> list[str]:
        """The further origins that may get bytes. Raises SettingsError."""
        option = "evidence_workiva_hosts"
        found = []
        for text in re.split(r"[\s,]+", self._options.get("hosts", "").strip()):
            if "*" in text:
                raise SettingsError(f"{option} has {text!r} - name each host without an asterisk")
            if text:
                url = text if "://" in text else f"https://{text}"
                found.append(base_url(option, url, self._settings.http_hosts))
        return found

    @property
    def credentials(self) -> tuple[Secret, Secret]:
        """The id and the secret of the API grant. Raises SettingsError."""
        found = [self._secrets.get(name) for name in CREDENTIALS]
        missing = [
            PREFIX + name for name, secret in zip(CREDENTIALS, found, strict=True) if not secret
        ]
        client_id, client_secret = found
        if client_id is None or client_secret is None:
            raise SettingsError(f"no credentials for workiva - set {' and '.join(missing)}")
        return client_id, client_secret

    def problems(self, *, uploading: bool) -> list[str]:
        """Return what is wrong with address, version, hosts and (for uploads) credentials."""
        found: list[str] = []
        for name in ("base", "version", "hosts", *(["credentials"] if uploading else [])):
            try:
                getattr(self, name)
            except SettingsError as error:
                found += error.problems
        return found
