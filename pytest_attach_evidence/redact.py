"""Takes secrets out of text: known values in the forms they travel in, and patterns."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from urllib.parse import quote
from urllib.parse import quote_plus

from .errors import SettingsError


MASK = b"[redacted]"
HOLD_BACK = 64 * 1024
MAX_HELD = 1024 * 1024
LOOK_BACK = 64
LINE_LENGTH = 300
SHORTEST_BASE64 = 6
# Commands that are obeyed anywhere in a line, and those that are at its beginning.
INNER_COMMAND = re.compile(r"##(?=\[|vso\[|teamcity\[)", re.IGNORECASE)
LINE_COMMAND = re.compile(r"^(\s*)::")
Span = tuple[int, int]
QUOTE = rb"\\{0,3}['\"]?"
# A parameter of an address whose name looks like that of a secret, with what stands before it; in HTML, in
# JSON and within another address as well.
PARAMETER = (
    rb"(?:[?&#](?:amp;|#38;)?|\\u0026|%3f|%26)(?=[\w.%\[\]-]{1,128}=|[\w.\[\]-]{1,128}%3d)"
    rb"(?:[\w.\[\]-]{0,64}(?:token|passw(?:or)?d|passphrase|pwd|secret|signature|credential"
    rb"|api[_.-]?key|access[_.-]?key|session[_.-]?id)[\w.\[\]-]{0,64}"
    rb"|key|code|sig|auth|jwt|otp|pass|sid|session)"
)

# What carries a secret by its form: words of which one must be there (in lower case, to be quick), and
# the pattern. A group named `secret` is masked, else the whole match. What can be longer than a block
# consists of characters of one class, so that a part of it matches too; none begins with a word
# boundary, since in JSON a line begins behind the letter of `\n`.
BUILT_IN = tuple(
    (words, re.compile(pattern, re.IGNORECASE))
    for words, pattern in (
        (
            (b"authorization",),
            rb"authorization" + QUOTE + rb"\s*[:=]\s*" + QUOTE + rb"(?:[a-z][a-z0-9-]{2,30} )?"
            rb"(?P<secret>[^\s'\",;]{6,})",
        ),
        (
            (b"cookie",),
            rb"cookie" + QUOTE + rb"\s*:\s*" + QUOTE + rb"(?P<secret>[^\r\n'\"]{6,})",
        ),
        (
            (b"x-",),
            rb"x-(?:auth|subject|security|api)-?(?:token|key)"
            + QUOTE
            + rb"\s*[:=]\s*"
            + QUOTE
            + rb"(?P<secret>[^\s'\",;]{6,})",
        ),
        ((b"bearer ",), rb"bearer (?P<secret>[a-z0-9._~+/=-]{12,})"),
        (
            (b"eyj",),
            rb"(?:(?<![a-z0-9_-])|(?<=\\[nrt]))eyJ[a-z0-9_-]{8,4096}+\."
            rb"eyJ[a-z0-9_-]{4,32768}+\.[a-z0-9_-]{4,}",
        ),
        ((b"wk_secret:",), rb"wk_secret:[^\s'\"]{6,}"),
        ((b"://",), rb"(?<=://)[^\s/:@'\"]{0,200}:(?P<secret>[^\s/@'\"]{1,200})@"),
        (
            (
                *(b"token", b"pass", b"pwd", b"secret", b"signature", b"credential", b"key"),
                *(b"session", b"code", b"sig", b"auth", b"jwt", b"otp", b"sid"),
            ),
            PARAMETER + rb"(?:=|%3d)(?P<secret>[^&#\s'\"<>)\]\\]+)",
        ),
        (
            (b"private key",),
            rb"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----\s{0,8}+(?P<secret>[^-]{16,16384})-----END",
        ),
    )
)


class Redactor:
    """Masks secrets in bytes, streams and messages.

    `values` are known secrets: masked raw, URL-encoded, HTML- and JSON-escaped, hexadecimal and in
    base64 at each of its three alignments. `patterns` are the user's regular expressions.
    Raises SettingsError for a pattern that cannot be compiled.
    """

    def __init__(self, values: Iterable[str] = (), patterns: Sequence[str] = ()) -> None:
        forms = sorted(
            {form for value in values for form in forms_of(value)}, key=len, reverse=True
        )
        self._known = (re.compile(b"|".join(map(re.escape, forms))),) if forms else ()
        self._hold_back = max(HOLD_BACK, *map(len, forms)) if forms else HOLD_BACK
        self._always = (*self._known, *_compiled(patterns))

    def stream(self, blocks: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
        """Yield the bytes with every secret masked, and how many were masked in each block.

        A secret across a border of blocks is found: some kilobytes are held back until more came, and
        some bytes that were given out stay in sight of patterns that look back.
        """
        held, start = b"", 0
        for block in blocks:
            held += block
            if len(held) - start < 2 * self._hold_back:
                continue
            found = self._found(held, start)
            end = _safe_end([whole for whole, _ in found], len(held), self._hold_back)
            if end > start:
                yield _masked(held, found, start, end)
                held, start = held[max(0, end - LOOK_BACK) :], min(end, LOOK_BACK)
        if len(held) > start:
            yield _masked(held, self._found(held, start), start, len(held))

    def content(self, content: bytes) -> tuple[bytes, int]:
        """Return bytes with every secret masked, and how many were."""
        return _masked(content, self._found(content, 0), 0, len(content))

    def text(self, text: str) -> str:
        """Return text with every secret masked, layout kept."""
        return self.content(text.encode("utf-8", "replace"))[0].decode("utf-8", "replace")

    def line(self, text: str) -> str:
        """Return a message for a terminal: masked, one printable line, of bounded length.

        A line that a CI system would take for a command (`::error`, `##vso[`) is made harmless.
        """
        line = harmless(" ".join(harmless(self.text(text)[:8192]).split()))
        return line if len(line) <= LINE_LENGTH else f"{line[: LINE_LENGTH - 1]}…"

    def holds_known(self, text: str) -> bool:
        """Tell whether a known secret stands in a text."""
        return any(pattern.search(text.encode()) for pattern in self._known)

    def border(self, content: bytes, at: int) -> tuple[int, int]:
        """Return the nearest places before and behind `at` where bytes can be cut between secrets.

        A secret of which a part is missing would not be known any more, and what is left of it shown.
        """
        for start, end in _merged(whole for whole, _ in self._found(content, 0)):
            if start < at < end:
                return start, end
        return at, at

    def _found(self, content: bytes, start: int) -> list[tuple[Span, Span]]:
        """Return what matches behind a place: the whole match, and the secret in it."""
        lower = content.lower()
        formed = [pattern for words, pattern in BUILT_IN if any(word in lower for word in words)]
        found = []
        for pattern in (*self._always, *formed):
            group = "secret" if "secret" in pattern.groupindex else 0
            found += [(m.span(), m.span(group)) for m in pattern.finditer(content, start)]
        return [(whole, (a, b)) for whole, (a, b) in found if b > a and not _in_mask(content, a, b)]


def harmless(line: str) -> str:
    """Return a line that neither a terminal nor a CI system takes for anything but text.

    What is not printable becomes a blank, so that one line stays one; words that begin a command of a
    CI system (`::error`, `##vso[`) are broken up.
    """
    shown = "".join(c if c.isprintable() else " " for c in line)
    return LINE_COMMAND.sub(r"\1'::", INNER_COMMAND.sub("# #", shown))


def forms_of(value: str) -> set[bytes]:
    """Return the forms in which a secret is likely to stand in text."""
    raw = value.encode()
    urls = {quote(value, safe=safe) for safe in ("", "/", "!'()*")} | {quote_plus(value)}
    escaped = html.escape(value)
    texts = {
        value,
        *urls,
        *(re.sub("%[0-9A-F]{2}", lambda m: m[0].lower(), url) for url in urls),
        escaped,
        escaped.replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
        html.escape(value, quote=False),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
    }
    forms = {text.encode() for text in texts} | {raw.hex().encode(), raw.hex().upper().encode()}
    for offset in range(3):
        # The characters that depend on what stands before and after the secret are left out.
        encoded = base64.b64encode(b"\0" * offset + raw)
        first = (0, 2, 3)[offset]
        last = (len(raw) + offset) * 8 // 6
        if last - first >= SHORTEST_BASE64:
            forms.add(encoded[first:last])
            forms.add(encoded[first:last].replace(b"+", b"-").replace(b"/", b"_"))
    return forms


def _compiled(patterns: Sequence[str]) -> list[re.Pattern[bytes]]:
    compiled, problems = [], []
    for pattern in patterns:
        try:
            compiled.append(re.compile(pattern.encode()))
        except re.error as error:
            problems.append(
                f"evidence_redact: {pattern!r} is no regular expression ({error}) - mend it"
            )
    if problems:
        raise SettingsError(*problems)
    return compiled


def _in_mask(content: bytes, start: int, end: int) -> bool:
    """Tell whether a place is nothing but a part of a mask."""
    return content.find(MASK, max(0, end - len(MASK)), start + len(MASK)) >= 0


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _safe_end(matches: Iterable[Span], length: int, hold_back: int) -> int:
    """Return up to where a buffer may be given out: before what could still grow into a secret."""
    end = length - hold_back
    for start, stop in _merged(matches):
        if start < end and stop > end:
            end = start if length - start < MAX_HELD else stop
    return end


def _masked(
    content: bytes, found: Iterable[tuple[Span, Span]], begin: int, end: int
) -> tuple[bytes, int]:
    parts, at, count = [], begin, 0
    for start, stop in _merged(secret for _, secret in found):
        if start >= end:
            break
        parts += [content[at:start], MASK]
        at, count = stop, count + 1
    parts.append(content[at:end])
    return b"".join(parts), count
