"""Secrets: where they come from, and that they do not show themselves."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

from pytest_attach_evidence.errors import SettingsError
from pytest_attach_evidence.secrets import PREFIX
from pytest_attach_evidence.secrets import Secret
from pytest_attach_evidence.secrets import Secrets


CANARY = "made-up-canary-4711"


def test_a_secret_shows_where_it_is_from_and_nothing_else() -> None:
    """No way of printing, formatting, comparing or copying reveals the value."""
    secret = Secret(CANARY, "PYTEST_EVIDENCE_SQUASH_TOKEN")

    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", f"{secret!r}", f"{[secret]}"]
    assert {"<secret from PYTEST_EVIDENCE_SQUASH_TOKEN>"} == {s.strip("[]") for s in shown}
    assert secret != Secret(CANARY, "PYTEST_EVIDENCE_SQUASH_TOKEN")
    assert CANARY == secret.reveal()
    for take in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled"):
            take(secret)


def test_the_collection_of_secrets_shows_none() -> None:
    """A traceback that prints the object behind the destinations shows no value."""
    secrets = Secrets({f"{PREFIX}SQUASH_TOKEN": CANARY})
    secrets.known_values()

    assert CANARY not in repr(secrets)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({f"{PREFIX}SQUASH_TOKEN": ""}, None),
        ({f"{PREFIX}SQUASH_TOKEN": "  "}, None),
        ({f"{PREFIX}SQUASH_TOKEN": f" {CANARY}\n"}, CANARY),
        ({f"{PREFIX}SQUASH_TOKEN": CANARY, f"{PREFIX}SQUASH_TOKEN_FILE": "/nowhere"}, CANARY),
    ],
)
def test_the_variable_comes_first(environ: dict[str, str], expected: str | None) -> None:
    """An empty variable is none, blanks around a value are not part of it."""
    secret = Secrets(environ).get("SQUASH_TOKEN")

    assert expected == (secret and secret.reveal())


def test_a_file_holds_the_value(tmp_path: Path) -> None:
    """`…_FILE` names a file, whose last line break does not count."""
    (tmp_path / "token").write_text(f"{CANARY}\n")

    secrets = Secrets({f"{PREFIX}SQUASH_TOKEN_FILE": str(tmp_path / "token")})

    found = secrets.get("SQUASH_TOKEN")
    assert found is not None
    assert (CANARY, f"{PREFIX}SQUASH_TOKEN_FILE") == (found.reveal(), found.source)
    assert [CANARY] == secrets.known_values()


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe"])
def test_a_file_without_a_value_is_a_setting_to_mend(tmp_path: Path, content: bytes | None) -> None:
    """Missing, empty and unreadable files are said by variable and path."""
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    secrets = Secrets({f"{PREFIX}SQUASH_TOKEN_FILE": str(path)})

    with pytest.raises(SettingsError, match=f"{PREFIX}SQUASH_TOKEN_FILE: {path}"):
        secrets.get("SQUASH_TOKEN")
    assert [] == secrets.known_values()


def test_the_first_complete_group_is_taken() -> None:
    """A user name without its password is no login."""
    secrets = Secrets({f"{PREFIX}SQUASH_USER": "me", f"{PREFIX}SQUASH_PASSWORD": CANARY})

    both = secrets.first(("SQUASH_TOKEN",), ("SQUASH_USER", "SQUASH_PASSWORD"))
    none = secrets.first(("SQUASH_TOKEN",), ("SQUASH_USER", "SQUASH_TOKEN"))

    assert ["me", CANARY] == [secret.reveal() for secret in both or ()]
    assert none is None


def test_every_value_that_must_not_be_seen_is_known() -> None:
    """Tokens, passwords and keys are masked everywhere, longest first; names and short ones are not."""
    secrets = Secrets(
        {
            f"{PREFIX}SQUASH_TOKEN": "token-value",
            f"{PREFIX}RILLSOFT_PASSWORD": "a-longer-password",
            f"{PREFIX}HUAWEI_SECRET_KEY": "secret-key",
            f"{PREFIX}WORKIVA_CLIENT_SECRET": "client-secret",
            f"{PREFIX}SOMEBODY_TOKEN": "of-another-plugin",
            f"{PREFIX}SQUASH_USER": "user-name",
            f"{PREFIX}SHORT_TOKEN": "short",
            "OTHER_TOKEN": "not-ours-at-all",
        }
    )

    expected = {
        "token-value",
        "a-longer-password",
        "secret-key",
        "client-secret",
        "of-another-plugin",
    }
    known = secrets.known_values()
    assert expected == set(known)
    assert sorted(known, key=len, reverse=True) == known
