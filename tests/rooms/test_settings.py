"""Settings: every value checked and converted, every problem said at once, no secret repeated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from pytest_attach_evidence.errors import SettingsError
from pytest_attach_evidence.options import OPTIONS
from pytest_attach_evidence.options import SECRET_NAMES
from pytest_attach_evidence.rest.origins import Origins
from pytest_attach_evidence.settings import Settings
from pytest_attach_evidence.settings import load
from pytest_attach_evidence.urls import base_url


ROOT = Path("/project")
HERE = Path("/elsewhere")


@dataclass
class Source:
    """What pytest's configuration would answer: ini values over defaults, and flags."""

    ini: Mapping[str, Any] = field(default_factory=dict)
    flags: Mapping[str, Any] = field(default_factory=dict)
    rootpath: Path = ROOT
    inipath: Path | None = ROOT / "ini" / "pytest.ini"

    def getini(self, name: str) -> Any:
        """Return an ini value, else the default as pytest gives it."""
        defaults = {o.name: o.default.split() if o.is_list else o.default for o in OPTIONS}
        if name not in defaults and name.removeprefix("evidence_") not in SECRET_NAMES:
            raise ValueError(name)
        return self.ini.get(name, defaults.get(name, ""))

    def getoption(self, name: str) -> Any:
        """Return a flag, None where it was not given."""
        return self.flags.get(name)


def loaded(ini: Mapping[str, Any] | None = None, **flags: Any) -> Settings:
    """Return the settings of a configuration."""
    return load(Source(ini or {}, flags), here=HERE)


def problems(ini: Mapping[str, Any] | None = None, **flags: Any) -> list[str]:
    """Return what is wrong with a configuration."""
    with pytest.raises(SettingsError) as caught:
        loaded(ini, **flags)
    return list(caught.value.problems)


def test_without_any_value_the_documented_defaults_hold() -> None:
    """The defaults of the table are those of the settings, relative to the ini file."""
    made = loaded()

    folders = {"dir": ROOT / "ini" / ".evidence", "archive_dir": ROOT / "ini" / ".evidence/archive"}
    plain = Settings(**folders, rootdir=ROOT)
    seen = {n: getattr(made, n) for n in Settings.__slots__ if n not in ("given", "look")}
    assert {n: getattr(plain, n) for n in seen} == seen


def test_map_files_are_relative_to_the_ini_file_or_to_where_one_stands() -> None:
    """Those that are given as flags take the place of the ini's; each is named once for itself."""
    listed = {"evidence_map": ["maps/a.csv", " ", "/b.toml"]}
    flags = ["../c.csv", "d, e.csv"]

    assert (ROOT / "ini" / "maps/a.csv", Path("/b.toml")) == loaded(listed).map
    assert (HERE / "../c.csv", HERE / "d, e.csv") == loaded(listed, evidence_map=flags).map


@pytest.mark.parametrize(
    ("ini", "name", "expected"),
    [
        ({"evidence": "upload"}, "mode", "upload"),
        ({"evidence": " upload "}, "mode", "upload"),
        (
            {"evidence_destinations": ["squash, archive", "huawei"]},
            "destinations",
            "squash archive huawei",
        ),
        ({"evidence_destinations": ["squash", "squash"]}, "destinations", "squash"),
        ({"evidence_destinations": [", ,"]}, "destinations", ""),
        ({"evidence_max_size": "1"}, "max_size", 1),
        ({"evidence_max_size": "5k"}, "max_size", 5 * 1024),
        ({"evidence_max_size": "61 MB"}, "max_size", 61 * 1024**2),
        ({"evidence_max_size": "2G"}, "max_size", 2 * 1024**3),
        ({"evidence_max_size": 2000}, "max_size", 2000),
        ({"evidence_parallel": "0"}, "parallel", 1),
        ({"evidence_deadline": "60"}, "deadline_s", 60.0),
        ({"evidence_stall": 0}, "stall_s", 1.0),
        (
            {"evidence_run_targets": ["squash = TC-1", "", "workiva=a/b"]},
            "run_targets",
            "squash TC-1 workiva a/b",
        ),
        ({"evidence_redact": ["a b", "c,d"]}, "redact", ("a b", "c,d")),
        ({"evidence_reports": ["junit.xml", "a b.html"]}, "reports", ("junit.xml", "a b.html")),
    ],
)
def test_values_are_converted(ini: Mapping[str, Any], name: str, expected: object) -> None:
    """Texts, numbers of native TOML and lists become what the code works with."""
    value = getattr(loaded(ini), name)
    if isinstance(expected, str) and isinstance(value, tuple):
        value = " ".join(" ".join(part) if isinstance(part, tuple) else part for part in value)

    assert expected == value


def test_a_flag_wins_and_its_paths_are_where_one_stands() -> None:
    """In the ini a path is relative to the ini file, in a flag to the current folder."""
    ini = {"evidence": "collect", "evidence_dir": "a", "evidence_archive_dir": "/b"}

    made = loaded(ini, evidence="upload", evidence_dir="c")

    assert ("upload", HERE / "c", Path("/b")) == (made.mode, made.dir, made.archive_dir)
    assert ROOT / "ini" / "a" == loaded(ini).dir
    assert ROOT / "a" == load(Source(ini, inipath=None), here=HERE).dir


@pytest.mark.parametrize(
    ("ini", "expected"),
    [
        ({"evidence": "on"}, "evidence is 'on' - choose one of off, collect, upload"),
        ({"evidence_when": ""}, "evidence_when is '' - choose one of always, failed, passed"),
        ({"evidence_max_size": "big"}, "evidence_max_size is 'big'"),
        ({"evidence_max_size": "-1"}, "evidence_max_size is '-1'"),
        ({"evidence_max_size": "1.5M"}, "evidence_max_size is '1.5M'"),
        ({"evidence_deadline": "5m"}, "evidence_deadline is '5m' - write a whole number"),
        ({"evidence_parallel": "٤"}, "evidence_parallel is '٤'"),
        ({"evidence_run_targets": ["squash"]}, "evidence_run_targets has the line 'squash'"),
        ({"evidence_run_targets": ["=TC-1"]}, "evidence_run_targets has the line '=TC-1'"),
        ({"evidence_reports": ["a\0b/*.xml"]}, "evidence_reports has 'a\\x00b/*.xml', which is no"),
        ({"evidence_reports": ["x/" * 101]}, "evidence_reports has 'x/x/x/x/"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_right(ini: Mapping[str, Any], expected: str) -> None:
    """One line: the option, what it is, what to write."""
    [problem] = problems(ini)

    assert problem.startswith(expected)


def test_all_problems_are_said_at_once() -> None:
    """One run shows everything that is to be mended."""
    wrong = {"evidence": "on", "evidence_parallel": "x", "evidence_run_targets": ["y"]}

    assert 3 == len(problems(wrong))


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_secret_as_an_option_is_refused_unseen(name: str) -> None:
    """In ini or flag, it is refused, not repeated, and the right variable is named."""
    found = [*problems({f"evidence_{name}": "canary"}), *problems(**{f"evidence_{name}": "canary"})]

    assert 2 == len(found)
    assert all(f"PYTEST_EVIDENCE_{name.upper()}" in problem for problem in found)
    assert "canary" not in "".join(found)


def test_a_known_secret_in_any_option_is_refused_unseen() -> None:
    """A token pasted into a URL or a list is noticed wherever it stands."""
    source = Source({"evidence_squash_url": "https://h/canary", "evidence_redact": ["canary"]})

    with pytest.raises(SettingsError) as caught:
        load(source, here=HERE, is_secret=lambda text: "canary" in text)

    assert 2 == len(caught.value.problems)
    assert "canary" not in str(caught.value)


def test_a_destination_sees_its_own_options() -> None:
    """Short names, texts, lists by line."""
    made = loaded({"evidence_workiva_url": "https://w", "evidence_workiva_hosts": ["a,b"]})

    assert ("https://w", "a\nb") == tuple(made.of("workiva")[name] for name in ("url", "hosts"))
    assert "url" not in made.of("nobody")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://Host.Example/squash/", "https://host.example/squash"),
        ("https://host:443/", "https://host"),
        ("https://host:8443/a/b", "https://host:8443/a/b"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost/x", "http://localhost/x"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("http://intra/x", "http://intra/x"),
        ("HTTPS://host", "https://host"),
    ],
)
def test_a_url_has_one_spelling(text: str, expected: str) -> None:
    """Equal addresses are equal text, so that a later push recognises its targets."""
    assert expected == base_url("evidence_squash_url", text, ["Intra"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is ''"),
        ("host/squash", "is 'host/squash'"),
        ("ftp://host", "is 'ftp://host'"),
        ("https:///x", "is 'https:///x'"),
        ("https://host?x=1", "without a query"),
        ("https://host/#a", "without a query"),
        ("https://user:canary@host", "login in the URL (not shown)"),
        ("https://@host", "login in the URL (not shown)"),
        ("https://host:port", "is not a URL"),
        ("https://host:99999", "is not a URL"),
        ("https://[::1", "is not a URL"),
        ("https://ho st", "characters that do not belong"),
        ("https://höst", "characters that do not belong"),
        ("https:\\\\host", "characters that do not belong"),
        ("https://ho%2fst", "without a query"),
        ("http://host", "unprotected by http:// to host"),
        ("http://127.0.0.1.evil.example", "unprotected"),
    ],
)
def test_an_unsafe_url_is_refused(text: str, expected: str) -> None:
    """What cannot be read in one way only, or would show credentials, is no setting."""
    with pytest.raises(SettingsError) as caught:
        base_url("evidence_squash_url", text)

    assert expected in str(caught.value)
    assert "canary" not in str(caught.value)


URLS = st.text("htps:/[]@%.aA0-_1:?#\\é;,!$&'()*+=~\"<>^`{|}", max_size=30)


@limits(max_examples=1500, deadline=None)
@given(text=URLS | URLS.map(lambda rest: f"https://{rest}") | URLS.map(lambda h: f"https://h{h}"))
def test_whatever_is_accepted_can_be_talked_to(text: str) -> None:
    """A URL that the settings accept is one that the HTTP side reads, and reads alike."""
    try:
        url = base_url("evidence_squash_url", text)
    except SettingsError:
        return

    assert url == base_url("evidence_squash_url", url)
    assert Origins(url).allows(f"{url}/x")
