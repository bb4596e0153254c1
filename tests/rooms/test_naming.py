"""Names: safe in every destination, and always leading back to the delivery."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_attach_evidence.naming import clean_name
from pytest_attach_evidence.naming import extension_of
from pytest_attach_evidence.naming import is_text
from pytest_attach_evidence.naming import keys_in
from pytest_attach_evidence.naming import media_type_of
from pytest_attach_evidence.naming import remote_name
from pytest_attach_evidence.naming import slug


KEY = "3f9a12c07b4e"
LEAST = len(f"e--{KEY}.1234567890")
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)
MARKS = [
    ".",
    "..",
    "/",
    "\\",
    "--",
    "-",
    ".png",
    ".tar.gz",
    f"--{KEY}",
    f"--{KEY[::-1]}",
    '"',
    "%",
    " ",
]
LETTERS = [
    "a",
    "B",
    "7",
    "CON",
    "é",
    "ﬁ",
    "テスト",
    "\0",
    "\u202e",
    "\u200d",
    "\u0301",
    "\r\n",
    "\ud800",
]
PIECES = st.sampled_from(MARKS) | st.sampled_from(LETTERS)
NAMES = ANY_TEXT | st.lists(PIECES, max_size=12).map("".join)
KEYS = st.text("0123456789abcdef", min_size=12, max_size=12)


@settings(max_examples=5000, deadline=None)
@given(name=NAMES, key=KEYS, limit=st.integers(LEAST, 300))
def test_a_remote_name_is_safe_and_carries_its_key(name: str, key: str, limit: int) -> None:
    """Whatever a piece is called: ASCII, within the limit, one extension, exactly our key in it."""
    safe = remote_name(name, key, limit)

    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*--[0-9a-f]{12}\.[a-z0-9]{1,10}", safe)
    assert len(safe) <= min(limit, 120)
    assert [key] == keys_in(safe)


@settings(max_examples=500, deadline=None)
@given(name=NAMES, key=KEYS, after=st.sampled_from(["", " (1)", "_1", "-copy"]))
def test_a_key_survives_what_servers_do_to_names(name: str, key: str, after: str) -> None:
    """A number appended by the server, another extension or upper case before it hides no key."""
    safe = remote_name(name, key)
    stem, _, extension = safe.rpartition(".")

    assert [key] == keys_in(f"{stem}{after}.{extension}")
    assert [key] == keys_in(f"{stem}{after}")
    assert [key] == keys_in(f"prefix/{safe}")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("login failure.png", f"login-failure--{KEY}.png"),
        ("größe ü.PNG", f"groe-u--{KEY}.png"),
        ("テスト.json", f"evidence--{KEY}.json"),
        ("../../etc/passwd", f"etc-passwd--{KEY}.bin"),
        ("-rf", f"rf--{KEY}.bin"),
        (".env", f"env--{KEY}.bin"),
        ("trace.tar.gz", f"trace.tar--{KEY}.gz"),
        ("name.extension-too-long", f"name.extension-too-long--{KEY}.bin"),
        ("CON.txt", f"CON--{KEY}.txt"),
        ("trailing.", f"trailing--{KEY}.bin"),
        ("", f"evidence--{KEY}.bin"),
        ("a--0123456789ab.png", f"a-0123456789ab--{KEY}.png"),
        ("x" * 300 + ".png", "x" * 102 + f"--{KEY}.png"),
    ],
)
def test_remote_names_people_will_see(name: str, expected: str) -> None:
    """What can be kept of a name is kept."""
    assert expected == remote_name(name, KEY)


def test_a_short_limit_is_kept_where_nothing_remains_of_a_name() -> None:
    """The stand-in for a name without any ASCII is cut like every other name."""
    assert f"evi--{KEY}.png" == remote_name("テスト.png", KEY, max_name=21)


@pytest.mark.parametrize(
    "foreign", ["", "login.png", "a--3f9a12c07b4.png", "a--3f9a12c07b4e0.png", f"a-{KEY}.png"]
)
def test_foreign_names_hold_no_key(foreign: str) -> None:
    """Only two dashes and exactly twelve digits are a key of ours."""
    assert [] == keys_in(foreign)


@settings(max_examples=500, deadline=None)
@given(name=NAMES)
def test_a_clean_name_is_one_printable_file_name(name: str) -> None:
    """No folder, no control character, never empty, never too long, and clean already when cleaned."""
    clean = clean_name(name)

    assert clean.isprintable()
    assert 1 <= len(clean.encode()) <= 255
    assert clean not in (".", "..")
    assert "/" not in clean
    assert clean == clean_name(clean)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("shot.png", "shot.png"),
        ("/tmp/out/shot.png", "shot.png"),
        ("C:\\out\\shot.png", "shot.png"),
        ("cafe\u0301.txt", "café.txt"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
        ("a\r\nb.txt", "ab.txt"),
        ("  ", "evidence"),
        ("..", "evidence"),
        ("x" * 300 + ".png", "x" * 251 + ".png"),
        ("ü" * 200 + ".png", "ü" * 125 + ".png"),
    ],
)
def test_clean_names_people_will_see(name: str, expected: str) -> None:
    """The last part of a path stays as it was written, its extension in any case."""
    assert expected == clean_name(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.png", "image/png"),
        ("a.PNG", "image/png"),
        ("a.txt", "text/plain"),
        ("a.log", "text/plain"),
        ("a.json", "application/json"),
        ("a.csv", "text/csv"),
        ("a.xml", "application/xml"),
        ("a.zip", "application/zip"),
        ("a.webm", "video/webm"),
        ("a.har", "application/json"),
        ("a", "application/octet-stream"),
        ("a.nobody-knows", "application/octet-stream"),
    ],
)
def test_media_types_follow_from_the_extension(name: str, expected: str) -> None:
    """The same name gives the same media type on every system."""
    assert expected == media_type_of(name)


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        ("text/plain", True),
        ("text/html; charset=utf-8", True),
        ("application/json", True),
        ("application/xml", True),
        ("application/problem+json", True),
        ("image/svg+xml", True),
        ("image/png", False),
        ("application/zip", False),
        ("application/octet-stream", False),
    ],
)
def test_text_is_told_from_other_bytes(media_type: str, expected: bool) -> None:
    """Secrets are looked for in everything that is text, whatever its type is called."""
    assert expected is is_text(media_type)


def test_an_extension_is_lower_case_without_its_dot() -> None:
    """Only the last extension counts, and a hidden file has none."""
    assert ["gz", "png", "", ""] == [extension_of(n) for n in ("a.tar.gz", "A.PNG", "a", ".env")]


@given(text=ANY_TEXT, limit=st.integers(0, 60))
def test_a_slug_is_a_name_for_any_file_system(text: str, limit: int) -> None:
    """ASCII letters, digits and inner marks, within the limit; it may be empty."""
    safe = slug(text, limit)

    assert len(safe) <= limit
    assert re.fullmatch(r"([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?", safe)
