"""Secrets: where they come from, and a type that does not show them."""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import NoReturn

from .errors import SettingsError


PREFIX = "PYTEST_EVIDENCE_"
KEYRING_SERVICE = "pytest-attach-evidence"
SHORTEST = 6


class Secret:
    """A secret value that shows itself only when asked: not in repr, str, format, pickle or compare."""

    __slots__ = ("_value", "source")

    def __init__(self, value: str, source: str) -> None:
        self._value = value
        self.source = source

    def reveal(self) -> str:
        """Return the value; do not keep it in a local variable that a traceback could print."""
        return self._value

    def __repr__(self) -> str:
        """Say where the secret comes from, not what it is."""
        return f"<secret from {self.source}>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        """Never format the value."""
        return repr(self)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled."""
        msg = "a secret cannot be pickled"
        raise TypeError(msg)


@dataclass(frozen=True, slots=True)
class Secrets:
    """Looks secrets up: environment, a file named by the environment, the OS keyring.

    `PYTEST_EVIDENCE_<name>` holds a value, `PYTEST_EVIDENCE_<name>_FILE` names a file that does; the
    keyring is asked only where the `keyring` package is installed. `found` collects the values that
    were given out, for masking.
    """

    environ: Mapping[str, str] = field(repr=False)
    found: set[str] = field(default_factory=set, repr=False)

    @classmethod
    def from_environment(cls) -> Secrets:
        """Return the secrets of this process."""
        return cls(os.environ)

    def get(self, name: str) -> Secret | None:
        """Return a secret by its name without the prefix (`SQUASH_TOKEN`), or None.

        Raises SettingsError where a file is named that cannot be read or holds nothing.
        """
        secret = self._get(name)
        if secret is not None and _is_secret(name):
            self.found.update((secret.reveal(), _unwrapped(secret.reveal())))
        return secret

    def _get(self, name: str) -> Secret | None:
        variable = PREFIX + name
        if value := self.environ.get(variable, "").strip():
            return Secret(value, variable)
        if path := self.environ.get(f"{variable}_FILE", "").strip():
            return self._from_file(f"{variable}_FILE", Path(path))
        return self._from_keyring(name)

    def first(self, *names: tuple[str, ...]) -> tuple[Secret, ...] | None:
        """Return the first group of secrets that is complete, or None.

        `first(("SQUASH_TOKEN",), ("SQUASH_USER", "SQUASH_PASSWORD"))`.
        """
        for group in names:
            found = [secret for name in group if (secret := self.get(name)) is not None]
            if len(found) == len(group):
                return tuple(found)
        return None

    def known_values(self) -> list[str]:
        """Return every value under our prefix, and every one that was asked for, longest first.

        Only those long enough to be masked wherever they appear. A file that cannot be read is
        reported where the secret is needed.
        """
        for variable in self.environ:
            if variable.startswith(PREFIX) and _is_secret(variable):
                with contextlib.suppress(SettingsError):
                    self.get(variable.removeprefix(PREFIX).removesuffix("_FILE"))
        return sorted(
            (value for value in self.found if len(value) >= SHORTEST), key=len, reverse=True
        )

    def _from_file(self, variable: str, path: Path) -> Secret:
        try:
            value = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            msg = (
                f"{variable}: {path} cannot be read ({type(error).__name__}) - name a readable file"
            )
            raise SettingsError(msg) from None
        if not value:
            msg = f"{variable}: {path} is empty - write the secret into it"
            raise SettingsError(msg)
        return Secret(value, variable)

    def _from_keyring(self, name: str) -> Secret | None:
        try:
            import keyring  # noqa: PLC0415  # an extra, and slow to import

            value = keyring.get_password(KEYRING_SERVICE, name)
        except Exception:  # noqa: BLE001  # a keyring without a backend must not stop a run
            return None
        return Secret(value, f"keyring {name}") if value else None


def _unwrapped(value: str) -> str:
    """Return the token inside a base64 wrapping, as some systems show it; else the value itself."""
    try:
        inner = base64.b64decode(value, validate=True).decode("ascii")
    except ValueError:
        return value
    return inner if inner.count(".") == 2 and inner.isprintable() else value


def _is_secret(variable: str) -> bool:
    """Tell whether a variable under our prefix holds something to hide (a user name is not)."""
    name = variable.removesuffix("_FILE")
    return name.endswith(("TOKEN", "PASSWORD", "SECRET", "_KEY"))
