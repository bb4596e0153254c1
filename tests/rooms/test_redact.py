"""Taking secrets out of text: known values in every form they travel in, and patterns."""

from __future__ import annotations

import base64
import html
import json
import re
import time
from collections.abc import Callable
from itertools import pairwise
from urllib.parse import quote
from urllib.parse import quote_plus

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_attach_evidence.errors import SettingsError
from pytest_attach_evidence.redact import HOLD_BACK
from pytest_attach_evidence.redact import MASK
from pytest_attach_evidence.redact import Redactor
from pytest_attach_evidence.redact import harmless


SECRET = "s3cr&t/'q\"ü+ 7<x>"
OTHER = "hunter2hunter2"
KEY_LINES = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n" * 300
PRIVATE_KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{KEY_LINES}-----END RSA PRIVATE KEY-----"
JWT = f"eyJ{'aGVhZGVy' * 4}.eyJ{'cGF5bG9hZA' * 700}.{'c2lnbmF0dXJl' * 30}"

CARRIERS = [
    "Authorization: Basic dXNlcjpwYXNzd29yZA==",
    '{"authorization": "Token 0123456789abcdef"}',
    "proxy-authorization=opaque-value-1234",
    "Set-Cookie: JSESSIONID=0123456789; Path=/",
    f"Cookie: {'name=value; ' * 700}",
    "X-Auth-Token: MIIabcdefgh",
    "bearer 0123456789abcdef",
    JWT,
    "wk_secret:abcdefghijkl",
    "https://someone:pa55word@host.example/path",
    PRIVATE_KEY,
    f"https://host.example/?a=1&access_token={'0123456789' * 700}&b=2",
    OTHER,
    SECRET,
    json.dumps(SECRET),
]
FILLERS = [
    " ",
    "\n",
    "x" * 7,
    "plain text of a log ",
    '"',
    ";",
    "eyJ",
    "://",
    "[redacted]",
    "=" * 60,
]
PARTS = st.lists(st.sampled_from(CARRIERS) | st.sampled_from(FILLERS), max_size=30)
TEXTS = PARTS.map(lambda parts: " ".join(parts).encode())
LINES = PARTS.map(lambda parts: "\n".join(parts).encode())
FORMS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "url": lambda s: quote(s, safe=""),
    "url path": quote,
    "url of a script": lambda s: quote(s, safe="!'()*"),
    "url in lower case": lambda s: re.sub("%..", lambda m: m[0].lower(), quote(s, safe="")),
    "form": quote_plus,
    "hex": lambda s: s.encode().hex(),
    "hex in upper case": lambda s: s.encode().hex().upper(),
    "json": lambda s: json.dumps(s)[1:-1],
    "json in utf-8": lambda s: json.dumps(s, ensure_ascii=False)[1:-1],
    "html": html.escape,
    "html without quotes": lambda s: html.escape(s, quote=False),
    "html of templates": lambda s: (
        html.escape(s).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
    ),
}
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=6, max_size=40)
VALUES = WORDS.filter(lambda s: s == s.strip() and "redact" not in s)
REDACTOR = Redactor([OTHER, SECRET], ["internal-[0-9]{4}"])


def streamed(redactor: Redactor, content: bytes, cuts: list[int]) -> tuple[bytes, int]:
    """Return what a stream of the content, cut at these places, is masked to, and the count."""
    places = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    parts = list(redactor.stream(content[a:b] for a, b in pairwise(places)))
    return b"".join(part for part, _ in parts), sum(count for _, count in parts)


@settings(max_examples=150, deadline=None)
@given(
    text=TEXTS, padding=st.integers(0, 200_000), cuts=st.lists(st.integers(0, 300_000), max_size=8)
)
def test_a_stream_masks_what_the_whole_would(text: bytes, padding: int, cuts: list[int]) -> None:
    """Wherever the blocks of a file end, the same bytes come out as for the file at once."""
    content = b"." * padding + text + b"." * (200_000 - padding)

    assert REDACTOR.content(content) == streamed(REDACTOR, content, cuts)


@pytest.mark.parametrize("secret", CARRIERS, ids=range(len(CARRIERS)))
def test_a_secret_on_the_border_of_what_is_held_back_is_masked(secret: str) -> None:
    """Where a stream decides what to give out, a secret may stand at any place: it is masked."""
    text = b" " + secret.encode() + b" "
    border = 3 * HOLD_BACK

    for shift in range(0, len(text) + 5, max(1, len(text) // 50)):
        content = b"-" * (border - shift) + text + b"\n" * 3 * HOLD_BACK
        assert REDACTOR.content(content) == streamed(REDACTOR, content, [border + HOLD_BACK])


@settings(max_examples=150, deadline=None)
@given(text=LINES)
@example(text=("Cookie: " + "a=b; " * 2000).encode())
@example(text=b"Authorization: Basic " + b"A" * 5000)
def test_masking_twice_changes_nothing_more(text: bytes) -> None:
    """What is masked stays as it is, so that a piece may pass twice."""
    once, _ = REDACTOR.content(text)

    assert (once, 0) == REDACTOR.content(once)


def test_a_secret_that_is_part_of_the_mask_does_not_grow_it() -> None:
    """Even a password like the mask's own word leaves masked text alone."""
    redactor = Redactor(["redacted"])

    assert ("a [redacted] b", "a [redacted] b") == (
        redactor.text("a redacted b"),
        redactor.text("a [redacted] b"),
    )


@settings(max_examples=250, deadline=None)
@given(value=VALUES, form=st.sampled_from(sorted(FORMS)), before=st.text(max_size=9))
def test_a_known_secret_survives_in_no_form(value: str, form: str, before: str) -> None:
    """Raw, in URLs, in JSON and HTML, in hexadecimal: no form of a known secret remains."""
    shown = FORMS[form](value)
    text = f"{before}\n{shown}\nafter"

    masked = Redactor([value]).text(text)

    assert shown not in masked.replace(MASK.decode(), "")
    assert Redactor([value]).holds_known(text)


@settings(max_examples=250, deadline=None)
@given(value=VALUES, before=st.binary(max_size=5), after=st.binary(max_size=5), safe=st.booleans())
def test_a_known_secret_in_base64_is_masked_at_every_alignment(
    value: str, before: bytes, after: bytes, safe: bool
) -> None:
    """Inside a Basic header or any other base64, all of a secret but its edges is taken out."""
    encode = base64.urlsafe_b64encode if safe else base64.b64encode
    encoded = encode(before + value.encode() + after).decode()
    first = -(-len(before) * 8 // 6)
    inner = encoded[first : (len(before) + len(value.encode())) * 8 // 6]

    masked = Redactor([value]).text(f"<{encoded}>")

    assert inner not in masked
    assert MASK.decode() in masked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer [redacted]"),
        ("authorization='Basic dXNlcjpwYXNz'", "authorization='Basic [redacted]'"),
        ("X-Auth-Token: abcdefgh rest", "X-Auth-Token: [redacted] rest"),
        ("X-Subject-Token: abcdefgh", "X-Subject-Token: [redacted]"),
        ("Cookie: a=b; c=ddd\nnext", "Cookie: [redacted]\nnext"),
        ('"set-cookie": "a=bcdef"', '"set-cookie": "[redacted]"'),
        ("http://u:secret@host/", "http://u:[redacted]@host/"),
        ("see wk_secret:abcdefgh.", "see [redacted]"),
        ("an internal-1234 number", "an [redacted] number"),
        (PRIVATE_KEY, "-----BEGIN RSA PRIVATE KEY-----\n[redacted]-----END RSA PRIVATE KEY-----"),
        (f"token {JWT}", "token [redacted]"),
        (f"a\\n{JWT}", "a\\n[redacted]"),
        ("a\\r\\nAuthorization: Bearer abcdefgh", "a\\r\\nAuthorization: Bearer [redacted]"),
        ('{\\"Authorization\\": \\"Token abcdefgh', '{\\"Authorization\\": \\"Token [redacted]'),
        ("http://h/?code=a1&x=2#id_token=a.b", "http://h/?code=[redacted]&x=2#id_token=[redacted]"),
        ("?a=b&amp;Api_Key=c&amp;d=e", "?a=b&amp;Api_Key=[redacted]&amp;d=e"),
        ('"/?a=b\\u0026password=c"', '"/?a=b\\u0026password=[redacted]"'),
        ("to=http%3A%2F%2Fh%3Fsid%3Dc&d=e", "to=http%3A%2F%2Fh%3Fsid%3D[redacted]&d=e"),
        ("?X-Amz-Signature=c&X-Amz-Date=d", "?X-Amz-Signature=[redacted]&X-Amz-Date=d"),
        ("?user[password]=c", "?user[password]=[redacted]"),
        ("(see /?key=c) (/?sig=d)", "(see /?key=[redacted]) (/?sig=[redacted])"),
    ],
)
def test_patterns_mask_the_secret_and_leave_the_rest(text: str, expected: str) -> None:
    """A reader still sees what stood there, and that something was taken out."""
    assert expected == REDACTOR.text(text)


@pytest.mark.parametrize(
    "clean",
    [
        "2026-05-01 12:00:00 INFO login of user 7 took 12 ms",
        "GET https://host.example:8443/a/b?c=d@e 200",
        "cookies are disabled; authorization is required",
        "def test_bearer(): pass",
        "x-axis: values, max-age: 3600, x-request-id: 0af7651916cd43dd",
        "mail me@example.org or see http://host/path:8",
        "eyJ is how tokens begin",
        "/?page=2&zip_code=12&sort_key=name&author=me&q=token and code=7; key=8",
        "/?token=&password&x#key",
        "",
    ],
)
def test_clean_logs_stay_as_they_are(clean: str) -> None:
    """Masking changes evidence, so it happens only where a secret is."""
    assert clean == REDACTOR.text(clean)


BAITS = [
    "eyJ",
    "eyJaaaaaaaa-",
    "-eyJaaaaaaaa.",
    "eyJaaaaaaaa.eyJaaaa-",
    "://u:",
    "bearer ",
    "x-",
    "a",
]
BAITS += [
    "authorization:",
    "cookie:",
    "x-auth-token=",
    "wk_secret:",
    "-----BEGIN PRIVATE KEY-----",
    "&a",
    "?tokentoken",
    "&token",
    " ",
]


@pytest.mark.parametrize("bait", BAITS)
def test_no_text_makes_masking_slow(bait: str) -> None:
    """A megabyte that nearly matches a rule again and again takes less than two seconds."""
    text = (bait * (1_000_000 // len(bait) + 1)).encode()

    started = time.process_time()
    REDACTOR.content(text)

    assert time.process_time() - started < 2


def test_a_message_is_one_short_harmless_line() -> None:
    """Control characters, line breaks and CI commands of foreign text have no effect on a terminal."""
    assert "a b c" == REDACTOR.line("a\r\nb\x1b\tc")
    assert "'::error::x" == REDACTOR.line("::error::x")
    assert "# #vso[task] and # #[group]" == REDACTOR.line(" ##vso[task] and ##[group]")
    assert 300 == len(REDACTOR.line("x" * 1000))


@pytest.mark.parametrize("place", [290, 8_185, 16_380])
def test_a_message_is_masked_before_it_is_cut(place: int) -> None:
    """No part of a secret is shown because the message ends in the middle of it."""
    text = " " * place + OTHER

    assert "hunter" not in REDACTOR.line(text)


def test_wrong_expressions_are_all_named() -> None:
    """Each expression of evidence_redact that cannot be compiled is a problem of its own."""
    with pytest.raises(SettingsError) as caught:
        Redactor([], ["(", "fine", "[a"])

    assert 2 == len(caught.value.problems)
    assert all("evidence_redact" in problem for problem in caught.value.problems)


def test_a_group_named_secret_is_all_that_is_masked() -> None:
    """A user's expression may say which part of what it finds is the secret."""
    assert "pin=[redacted]." == Redactor([], ["pin=(?P<secret>[0-9]+)"]).text("pin=1234.")


SPOKEN = st.lists(
    st.sampled_from(["::", "##[", "##vso[", "##TeamCity[", "#", " ", "\t", "\n", "a", "[", "\x1b"]),
    max_size=12,
).map("".join)


@settings(max_examples=2000, deadline=None)
@given(line=SPOKEN | st.text(max_size=40))
def test_no_line_is_obeyed(line: str) -> None:
    """Whatever a line holds, it stays one printable line in which no CI system finds a command."""
    shown = harmless(line)

    assert shown.isprintable()
    assert not shown.lstrip().startswith("::")
    assert not re.search(r"##(\[|vso\[|teamcity\[)", shown, re.IGNORECASE)
    assert shown == harmless(shown)
