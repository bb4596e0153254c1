"""One Settings object made of ini options and flags: every value checked, every problem said at once."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from typing import Protocol

from . import option_lines
from .errors import SettingsError
from .errors import refuse
from .options import OPTIONS
from .options import SECRET_NAMES
from .options import Option


UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that is configured, converted and checked; no secrets.

    Sizes are bytes, times seconds, paths absolute. `given` holds the texts of all options by their
    full name, for destinations: see `of`.
    """

    mode: str = "off"
    destinations: tuple[str, ...] = ("archive",)
    dir: Path = Path(".evidence")
    archive_dir: Path = Path(".evidence/archive")
    map: tuple[Path, ...] = ()
    when: str = "always"
    screenshot: str = "failed"
    screenshot_teardown: str = "off"
    page: str = "off"
    console: str = "off"
    listen: tuple[str, ...] = ("console", "network")
    capture_limit_s: float = 5.0
    log: str = "failed"
    log_size: int = 1024**2
    files: tuple[str, ...] = ()
    bridges: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    run_targets: tuple[tuple[str, str], ...] = ()
    reruns: str = "all"
    redact: tuple[str, ...] = ()
    max_size: int = 100 * 1024**2
    parallel: int = 4
    deadline_s: float = 300.0
    stall_s: float = 30.0
    on_undelivered: str = "fail"
    on_missing: str = "off"
    keep_runs: int = 3
    ca_bundle: str | None = None
    http_hosts: tuple[str, ...] = ()
    rootdir: Path = Path()
    given: Mapping[str, str] = field(default_factory=dict)
    look: Callable[[str], str | None] = lambda name: None

    def of(self, destination: str) -> Mapping[str, str]:
        """Return the options of one destination by their short names (`url`), '' where not set.

        Lists are joined by line breaks. An option nobody declared is not there. Those that another
        plugin declared can be looked up, not listed.
        """
        prefix = f"evidence_{destination}_"
        known = {n.removeprefix(prefix): v for n, v in self.given.items() if n.startswith(prefix)}
        return known or _Declared(prefix, self.look)


class _Declared(Mapping[str, str]):
    """The options of another plugin's destination, by their short names."""

    def __init__(self, prefix: str, look: Callable[[str], str | None]) -> None:
        self._prefix = prefix
        self._look = look

    def __getitem__(self, name: str) -> str:
        """Return an option's text."""
        text = self._look(self._prefix + name)
        if text is None:
            raise KeyError(name)
        return text

    def __iter__(self) -> Iterator[str]:
        """Yield nothing: pytest does not tell which options there are."""
        return iter(())

    def __len__(self) -> int:
        """Return 0, see above."""
        return 0


class Source(Protocol):
    """Where values come from: pytest's configuration, as far as it is needed here."""

    @property
    def rootpath(self) -> Path:
        """The root folder of the project."""

    @property
    def inipath(self) -> Path | None:
        """The ini file in use."""

    def getini(self, name: str) -> Any:
        """Return an ini value."""

    def getoption(self, name: str) -> Any:
        """Return a flag's value, None where it was not given."""


def load(
    source: Source,
    *,
    here: Path,
    is_secret: Callable[[str], bool] = lambda text: False,
) -> Settings:
    """Return the settings as `read` does. Raises SettingsError with every problem found."""
    settings, problems = read(source, here=here, is_secret=is_secret)
    if problems:
        raise SettingsError(*problems)
    return settings


def read(
    source: Source, *, here: Path, is_secret: Callable[[str], bool]
) -> tuple[Settings, list[str]]:
    """Return the settings of a pytest configuration, and every problem with them.

    A flag wins over `-o`, which wins over the ini; the default takes the place of what is wrong.
    `here` is the folder that flags' paths are relative to, `is_secret` tells known secrets.
    """
    problems = _refused_secrets(source)

    def text_of(option: Option) -> str:
        try:
            text, base = _raw(source, option, here)
            if is_secret(text):
                hint = "take it out; secrets are environment variables"
                refuse(option.name, "holds a secret (not shown)", hint)
            return _checked(option, text, base)
        except SettingsError as error:
            problems.extend(error.problems)
        return _checked(option, "\n".join(option.default.split()), source.rootpath)

    texts = {option.name: text_of(option) for option in OPTIONS}
    lines, wrong = option_lines.run_targets(texts["evidence_run_targets"])
    wrong += option_lines.problems(texts)
    settings = _settings(texts, lines, source.rootpath)
    return replace(settings, look=partial(_declared, source, is_secret)), [*problems, *wrong]


def _declared(source: Source, is_secret: Callable[[str], bool], name: str) -> str | None:
    """Return an option that another plugin declared, lists joined by line breaks; None if nobody did."""
    flag = value = None
    with contextlib.suppress(ValueError):
        flag = source.getoption(name)
    with contextlib.suppress(ValueError, KeyError):
        value = source.getini(name)
    given = value if flag is None else flag
    if given is None:
        return None
    text = "\n".join(map(str, given)) if isinstance(given, list | tuple) else str(given).strip()
    if is_secret(text):
        hint = "take it out; secrets are environment variables"
        refuse(name, "holds a secret (not shown)", hint)
    return text


def folder(source: Source, name: str, here: Path) -> Path:
    """Return a folder option by itself, without looking at any other. Raises SettingsError."""
    flag = source.getoption(name)
    base = (
        here if flag else source.inipath.parent if source.inipath is not None else source.rootpath
    )
    return _absolute(name, str(flag or source.getini(name)), base)


def _refused_secrets(source: Source) -> list[str]:
    """Return a problem for every secret that is configured where it does not belong."""
    problems = []
    for name in SECRET_NAMES:
        variable = f"PYTEST_EVIDENCE_{name.upper()}"
        for given, where in (
            (source.getini(f"evidence_{name}"), "the ini file"),
            (source.getoption(f"evidence_{name}"), "the command line"),
        ):
            if given:
                problems.append(
                    f"evidence_{name} is a secret and was given in {where} (not shown) - "
                    f"take it out and set {variable} in the environment"
                )
    return problems


def _raw(source: Source, option: Option, here: Path) -> tuple[str, Path]:
    """Return an option's text, lists joined by line breaks, and what its paths are relative to."""
    flag = source.getoption(option.name) if option.has_flag else None
    if isinstance(flag, list):
        return "\n".join(map(str, flag)), here
    if flag is not None:
        return str(flag).strip(), here
    base = source.inipath.parent if source.inipath is not None else source.rootpath
    try:
        value = source.getini(option.name)
    except TypeError as error:  # of a wrong type in native TOML
        raise SettingsError(str(error)) from error
    if isinstance(value, list | tuple):
        return "\n".join(str(line) for line in value), base
    return str(option.default if value is None else value).strip(), base


def _checked(option: Option, text: str, base: Path) -> str:
    """Return an option's text in its normal form; raises SettingsError."""
    if option.kind == "names":
        return "\n".join(dict.fromkeys(re.split(r"[,\s]+", text.strip(", \t\r\n")))) if text else ""
    if option.kind == "choice" and text not in option.choices:
        choices = ", ".join(choice for choice in option.choices if choice)
        refuse(option.name, f"is {text!r}", f"choose one of {choices}")
    if option.kind == "number" and not re.fullmatch(r"[0-9]{1,9}", text):
        refuse(option.name, f"is {text!r}", "write a whole number")
    if option.kind == "size" and not re.fullmatch(r"[0-9]{1,12} ?[kKmMgG]?[bB]?", text):
        refuse(option.name, f"is {text!r}", "write a number of bytes, with K, M or G if you like")
    if option.kind == "path" and text:
        return str(_absolute(option.name, text, base))
    if option.kind == "paths":
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        return "\n".join(str(_absolute(option.name, line, base)) for line in lines)
    return text


def _absolute(name: str, text: str, base: Path) -> Path:
    try:
        return (base / Path(text).expanduser()).absolute()
    except RuntimeError:
        refuse(name, f"is {text!r}, and nobody knows of such a home", "write the whole path")


def _settings(
    texts: Mapping[str, str], run_targets: Iterable[tuple[str, str]], rootdir: Path
) -> Settings:
    def lines(name: str) -> tuple[str, ...]:
        return tuple(line for line in texts[name].split("\n") if line)

    return Settings(
        mode=texts["evidence"],
        destinations=lines("evidence_destinations"),
        dir=Path(texts["evidence_dir"]),
        archive_dir=Path(texts["evidence_archive_dir"]),
        map=tuple(map(Path, lines("evidence_map"))),
        when=texts["evidence_when"],
        screenshot=texts["evidence_screenshot"],
        screenshot_teardown=texts["evidence_screenshot_teardown"],
        page=texts["evidence_page"],
        console=texts["evidence_console"],
        listen=tuple(name for name in lines("evidence_listen") if name != "off"),
        capture_limit_s=float(max(1, int(texts["evidence_capture_limit"]))),
        log=texts["evidence_log"],
        log_size=byte_count(texts["evidence_log_size"]),
        files=lines("evidence_files"),
        bridges=lines("evidence_bridge"),
        reports=lines("evidence_reports"),
        run_targets=tuple(run_targets),
        reruns=texts["evidence_reruns"],
        redact=lines("evidence_redact"),
        max_size=byte_count(texts["evidence_max_size"]),
        parallel=max(1, int(texts["evidence_parallel"])),
        deadline_s=float(texts["evidence_deadline"]),
        stall_s=float(max(1, int(texts["evidence_stall"]))),
        on_undelivered=texts["evidence_on_undelivered"],
        on_missing=texts["evidence_on_missing"],
        keep_runs=int(texts["evidence_keep_runs"]),
        ca_bundle=texts["evidence_ca_bundle"] or None,
        http_hosts=lines("evidence_http_hosts"),
        rootdir=rootdir,
        given=dict(texts),
    )


def byte_count(text: str) -> int:
    """Return the bytes that a checked option of the kind `size` stands for."""
    number = re.match(r"[0-9]+", text)
    assert number is not None
    return int(number[0]) * UNITS[text[number.end() :].strip().upper().removesuffix("B")]
