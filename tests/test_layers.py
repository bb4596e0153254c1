"""The directions of imports, read from the source of every module."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytest_attach_evidence
from pytest_attach_evidence import destinations


PACKAGE = "pytest_attach_evidence"
ROOT = Path(pytest_attach_evidence.__file__).parent
DOORS = (
    *("", "cli", "controller", "ending", "hooks", "hookspecs", "__main__", "map_told"),
    "plugin",
)
LEVELS = {
    **dict.fromkeys(("_version", "errors", "json_record", "model", "run_record"), 0),
    **dict.fromkeys(("mapfile", "mapping", "option_lines", "options"), 1),
    **dict.fromkeys(("secrets", "settings", "urls"), 1),
    **dict.fromkeys(("clocks", "connections", "naming", "redact", "retry", "steps", "targets"), 1),
    **dict.fromkeys(("deliveries", "drift", "known", "obstacles", "outcomes", "plan", "remap"), 1),
    **dict.fromkeys(("rest", "spool"), 2),
    "apis": 3,
    "destinations": 4,
    "deliver": 5,
    "report": 6,
    **dict.fromkeys(
        ("capture", "collection", "content", "item_log", "keeper", "marks", "objects", "recorder"),
        7,
    ),
    **dict.fromkeys(("step_log", "tables", "zipped"), 7),
    **dict.fromkeys(("again", "commands", "delivering", "project", "session", "voice"), 8),
    **dict.fromkeys(DOORS, 9),
}
COLLECTING = {
    *("capture", "collection", "content", "item_log", "keeper", "mapping", "marks"),
    *("naming", "objects", "recorder", "redact", "spool", "step_log"),
    *("tables", "targets", "zipped"),
}
DELIVERING = {
    "apis",
    "deliver",
    "deliveries",
    "drift",
    "outcomes",
    "destinations",
    "plan",
    "remap",
    "report",
    "rest",
}
MEETING = {
    "_version",
    "clocks",
    "connections",
    "errors",
    "json_record",
    "mapfile",
    "model",
    "naming",
    "option_lines",
    "options",
    "retry",
    "run_record",
    "secrets",
    "settings",
    "spool",
    "steps",
    "urls",
}
PYTEST_USERS = {*DOORS, "again", "capture", "commands", "marks", "recorder", "session", "voice"}
HEAVY = ("jinja2", "requests", "rich", "urllib3", "werkzeug")


def modules() -> list[Path]:
    """Return every module of the package; the demo's project is a user's, not ours."""
    return [path for path in sorted(ROOT.rglob("*.py")) if "demo_project" not in path.parts]


def dotted(path: Path) -> str:
    """Return a module's name within the package, '' for the package itself."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Yield the full name of everything a module imports: at its top, in functions, for types only."""
    parts = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""
        elif isinstance(node, ast.ImportFrom):
            base = [PACKAGE, *parts[: len(parts) - node.level + 1], *(node.module or "").split(".")]
            start = ".".join(part for part in base if part)
            yield from (f"{start}.{alias.name}" for alias in node.names)


def room(name: str) -> str:
    """Return the room a full name leads to; '' is the package itself (a public name of it)."""
    first = name.removeprefix(PACKAGE).removeprefix(".").partition(".")[0]
    is_room = (ROOT / first).is_dir() or (ROOT / f"{first}.py").is_file()
    return first if is_room else ""


def arrows() -> list[tuple[str, str, str]]:
    """Return all imports inside the package: module, its room, the room it imports."""
    return [
        (dotted(path), dotted(path).partition(".")[0], room(name))
        for path in modules()
        for name in imports(path)
        if name.partition(".")[0] == PACKAGE
    ]


def importers_of(*libraries: str) -> set[str]:
    """Return the rooms that import one of these libraries anywhere."""
    return {
        dotted(path).partition(".")[0]
        for path in modules()
        for name in imports(path)
        if name.partition(".")[0] in libraries
    }


def test_every_room_has_a_level() -> None:
    """No room exists that the rules say nothing about."""
    rooms = {dotted(path).partition(".")[0] for path in modules()}

    assert set() == rooms - {*LEVELS, "sandbox"}


def test_the_reader_sees_hidden_imports() -> None:
    """Imports inside functions and for types only are among those that are judged."""
    seen = set(arrows())

    assert ("plugin", "plugin", "controller") in seen
    assert ("destinations.squash_options", "destinations", "apis") in seen
    assert ("", "", "recorder") in seen


def test_no_arrow_points_up() -> None:
    """A room imports only rooms of its own level or below."""
    judged = [arrow for arrow in arrows() if "sandbox" not in arrow[1:]]
    up = [arrow for arrow in judged if LEVELS[arrow[1]] < LEVELS[arrow[2]]]

    assert [] == up


def test_the_sandbox_stands_alone() -> None:
    """The look-alikes share no code with what is tested against them; only commands start them."""
    inside = {arrow for arrow in arrows() if arrow[1] == "sandbox" and arrow[2] != "sandbox"}
    users = {arrow[1] for arrow in arrows() if arrow[2] == "sandbox"} - {"sandbox"}

    assert set() == inside
    assert {"commands"} == users


def test_both_sides_meet_only_in_the_words_the_settings_and_the_spool() -> None:
    """Collecting never touches delivering, nor the other way round, but in the rooms between."""
    sides = [
        (module, to)
        for module, start, to in arrows()
        if (start in COLLECTING - MEETING and to in DELIVERING)
        or (start in DELIVERING and to in COLLECTING - MEETING)
        or (start in MEETING and to in (COLLECTING | DELIVERING) - MEETING)
    ]

    assert [] == sides


def test_api_clients_know_no_evidence() -> None:
    """A vendor's client imports neither the destinations nor anything of the spool."""
    known = {to for _, start, to in arrows() if start == "apis"}

    assert set() == known - {"apis", "errors", "model", "rest", "retry", "secrets"}


def test_only_rest_speaks_http() -> None:
    """The HTTP libraries are imported in one room."""
    found = importers_of("requests", "urllib3", "http", "httpx", "truststore") - {"sandbox"}

    assert {"rest"} == found


def test_only_few_rooms_know_pytest() -> None:
    """Doors, what follows items, and the commands import pytest; the rest runs without it."""
    assert set() == importers_of("pytest", "_pytest", "pluggy") - PYTEST_USERS


def test_only_progress_draws() -> None:
    """The optional library for progress is imported in the voice only."""
    assert {"report"} == importers_of("rich")
    assert {"sandbox"} == importers_of("werkzeug", "jinja2")


PARSE_ALL = """
import sys
from pathlib import Path

TEXTS = {
    "archive": [""],
    "squash": ["1042", "TC-12", "TC-12[de]", "#8", "ref:x y", "executions/1042", "iterations/4"],
    "workiva": ["form/phase", "form/phase/matrix"],
    "huawei": ["956239067176935400"],
    "rillsoft": ["4711", "7/4711"],
}

def pytest_collection_finish(session):
    from pytest_attach_evidence import destinations, retry, secrets, settings
    given = {
        "evidence_squash_url": "http://127.0.0.1:9/squash",
        "evidence_squash_iteration": "4",
        "evidence_workiva_url": "http://127.0.0.1:9",
        "evidence_huawei_url": "http://127.0.0.1:9",
        "evidence_huawei_project": "0" * 32,
        "evidence_huawei_region": "cn-north-4",
        "evidence_rillsoft_url": "http://127.0.0.1:9",
        "evidence_rillsoft_client": "1",
    }
    for name, texts in TEXTS.items():
        factory = destinations.factory(name)
        made = factory(settings.Settings(given=given), secrets.Secrets({}), retry.Budget.lasting(1))
        for text in texts:
            made.parse(text)
"""
TELL = """
import atexit, sys
from pathlib import Path
atexit.register(lambda: Path("loaded.txt").write_text(chr(10).join(sys.modules)))
"""
SUITE = """
import pytest

@pytest.mark.evidence(squash="TC-12")
def test_one():
    pass
"""


def loaded(folder: Path, conftest: str, *arguments: str) -> set[str]:
    """Return the modules that a pytest process had loaded at its end."""
    (folder / "conftest.py").write_text(TELL + conftest)
    (folder / "test_suite.py").write_text(SUITE)
    (folder / "pytest.ini").write_text("[pytest]\n")
    flags = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:pytest_cov"]
    command = [sys.executable, "-m", "pytest", *flags, *arguments]

    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    assert 0 == done.returncode, done.stdout + done.stderr
    return set((folder / "loaded.txt").read_text().split("\n"))


@pytest.fixture
def quiet_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the machine's other pytest plugins, which import what they like, out of the process."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_attach_evidence.plugin")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


@pytest.mark.usefixtures("quiet_start")
def test_collecting_loads_nothing_heavy(tmp_path: Path) -> None:
    """Loading the plugin, running tests with evidence, and parsing every kind of target is light."""
    options = ("-o", "evidence_squash_url=http://127.0.0.1:9", "-o", "evidence_squash_iteration=4")
    every = ",".join(("archive", "squash"))

    seen = loaded(
        tmp_path, PARSE_ALL, "--evidence=collect", "-o", f"evidence_destinations={every}", *options
    )

    assert {f"{PACKAGE}.destinations.{name}" for name in destinations.CLASSES} <= seen
    assert [] == [name for name in HEAVY if name in seen]


@pytest.mark.usefixtures("quiet_start")
def test_off_loads_and_writes_nothing(tmp_path: Path) -> None:
    """While evidence is off, neither recorder nor spool is imported, and no file appears."""
    seen = loaded(tmp_path, "", "--evidence=off")

    unwanted = (
        *HEAVY,
        "filelock",
        f"{PACKAGE}.recorder",
        f"{PACKAGE}.spool",
        f"{PACKAGE}.controller",
    )
    assert f"{PACKAGE}.plugin" in seen
    assert [] == [name for name in unwanted if name in seen]
    written = {path.name for path in tmp_path.iterdir()}
    assert {"conftest.py", "test_suite.py", "pytest.ini", "loaded.txt"} == written
