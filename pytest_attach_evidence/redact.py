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
HOLD_BACK = 8 * 1024
MAX_HELD = 1024 * 1024
LINE_LENGTH = 300

# What carries a secret by its form: words of which one must be there (in lower case, to be quick), and
# the pattern. A group named `secret` is masked, else the whole match.
BUILT_IN = tuple(
    (words, re.compile(pattern, re.IGNORECASE))
    for words, pattern in (
        (
            (b"authorization",),
            rb"\b(?:proxy-)?authorization['\"]?\s*[:=]\s*['\"]?(?:[a-z][a-z0-9-]{2,30} )?"
            rb"(?P<secret>[^\s'\",;]{6,4096})",
        ),
        ((b"cookie",), rb"\b(?:set-)?cookie['\"]?\s*:\s*['\"]?(?P<secret>[^\r\n'\"]{6,4096})"),
        (
            (b"x-",),
            rb"\bx-(?:auth|subject|security|api)-?(?:token|key)['\"]?\s*[:=]\s*['\"]?"
            rb"(?P<secret>[^\s'\",;]{6,4096})",
        ),
        ((b"bearer ",), rb"\bbearer (?P<secret>[a-z0-9._~+/=-]{12,4096})"),
        ((b"eyj",), rb"\beyJ[a-z0-9_-]{8,2048}\.eyJ[a-z0-9_-]{4,4096}\.[a-z0-9_-]{4,2048}"),
        ((b"wk_secret:",), rb"\bwk_secret:[^\s'\"]{6,512}"),
        ((b"://",), rb"(?<=://)[^\s/:@'\"]{0,200}:(?P<secret>[^\s/@'\"]{1,200})@"),
        (
            (b"private key",),
            rb"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?P<secret>[^-]{16,16384})-----END",
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
        self._always = (*self._known, *_compiled(patterns))

    def stream(self, blocks: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
        """Yield the bytes with every secret masked, and how many were masked in each block.

        A secret across a border of blocks is found: some kilobytes are held back until more came.
        """
        held = b""
        for block in blocks:
            held += block
            if len(held) < 2 * HOLD_BACK:
                continue
            spans = self._spans(held)
            end = _safe_end(spans, len(held))
            if end:
                yield _masked(held, spans, end)
                held = held[end:]
        if held:
            yield _masked(held, self._spans(held), len(held))

    def content(self, content: bytes) -> tuple[bytes, int]:
        """Return bytes with every secret masked, and how many were."""
        return _masked(content, self._spans(content), len(content))

    def text(self, text: str) -> str:
        """Return text with every secret masked, layout kept."""
        return self.content(text.encode("utf-8", "replace"))[0].decode("utf-8", "replace")

    def line(self, text: str) -> str:
        """Return a message for a terminal: masked, one printable line, of bounded length.

        A line that a CI system would take for a command (`::error`, `##vso[`) is made harmless.
        """
        shown = "".join(c if c.isprintable() else " " for c in self.text(text[:8192]))
        line = " ".join(shown.split())
        if re.match(r"(::|##\[|##vso\[|##teamcity\[)", line):
            line = f"'{line}"
        return line if len(line) <= LINE_LENGTH else f"{line[: LINE_LENGTH - 1]}…"

    def holds_known(self, text: str) -> bool:
        """Tell whether a known secret stands in a text."""
        return any(pattern.search(text.encode()) for pattern in self._known)

    def _spans(self, content: bytes) -> list[tuple[int, int]]:
        """Return where secrets stand, in order, without overlaps."""
        lower = content.lower()
        formed = [pattern for words, pattern in BUILT_IN if any(word in lower for word in words)]
        spans = []
        for pattern in (*self._always, *formed):
            group = "secret" if "secret" in pattern.groupindex else 0
            found = (m.span(group) for m in pattern.finditer(content))
            spans += [(a, b) for a, b in found if b > a and content[a:b] != MASK]
        return _merged(spans)


def forms_of(value: str) -> set[bytes]:
    """Return the forms in which a secret is likely to stand in text."""
    raw = value.encode()
    texts = {
        value,
        quote(value, safe=""),
        quote_plus(value),
        html.escape(value),
        json.dumps(value)[1:-1],
    }
    forms = {text.encode() for text in texts} | {raw.hex().encode(), raw.hex().upper().encode()}
    for offset in range(3):
        # The characters that depend on what stands before and after the secret are left out.
        encoded = base64.b64encode(b"\0" * offset + raw)
        first = (0, 2, 3)[offset]
        last = (len(raw) + offset) // 3 * 4
        if last - first >= 8:
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


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _safe_end(spans: list[tuple[int, int]], length: int) -> int:
    """Return up to where a buffer may be given out: before what could still grow into a secret."""
    end = length - HOLD_BACK
    for start, stop in spans:
        if start < end and stop > end:
            end = start if length - start < MAX_HELD else stop
    return end


def _masked(content: bytes, spans: list[tuple[int, int]], end: int) -> tuple[bytes, int]:
    parts, at, count = [], 0, 0
    for start, stop in spans:
        if start >= end:
            break
        parts += [content[at:start], MASK]
        at, count = stop, count + 1
    parts.append(content[at:end])
    return b"".join(parts), count
