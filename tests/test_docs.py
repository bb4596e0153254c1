"""The documentation says what the program does, or the build fails."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_attach_evidence.cli import COMMANDS
from pytest_attach_evidence.destinations import CLASSES
from pytest_attach_evidence.options import OPTIONS
from pytest_attach_evidence.options import SECRET_NAMES


ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("script", ["make_reference.py", "make_capture.py"])
def test_the_generated_tables_are_those_of_the_code(script: str) -> None:
    """Options, hooks, commands and exit status are what the code has; pictures what the tests show."""
    check = [sys.executable, str(ROOT / "docs" / script), "--check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)

    assert "" == done.stderr
    assert 0 == done.returncode


@pytest.mark.parametrize("name", [*COMMANDS])
def test_every_command_has_a_help_text(name: str) -> None:
    """`attach-evidence COMMAND --help` works for every command and reads no project."""
    words = [sys.executable, "-m", "pytest_attach_evidence", name, "--help"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)

    assert 0 == done.returncode
    assert f"attach-evidence {name}" in done.stdout


@pytest.mark.parametrize("option", [option.name for option in OPTIONS])
def test_every_option_explains_itself(option: str) -> None:
    """Every option has a help text that begins with a capital letter and is one line."""
    found = next(known for known in OPTIONS if known.name == option)

    assert found.help[0].isupper()
    assert "\n" not in found.help


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_the_readme_names_every_secret(name: str) -> None:
    """Whoever looks for the variable of a credential finds it in the README."""
    assert name.upper() in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_destination_has_its_section(name: str) -> None:
    """Each destination is described on its page, with an example that names it."""
    page = (ROOT / "docs" / "destinations.md").read_text(encoding="utf-8")

    assert name == "archive" or f"evidence_destinations = {name}" in page
    assert re.search(rf"^## .*{name[:5]}", page, re.MULTILINE | re.IGNORECASE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page leads to a file that is there."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))

    assert [] == [link for link in links if not (page.parent / link).exists()]
