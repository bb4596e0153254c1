"""Write the tables of reference.md that follow from the code; `--check` only compares them."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

from pytest_attach_evidence import hookspecs
from pytest_attach_evidence.cli import COMMANDS
from pytest_attach_evidence.options import OPTIONS
from pytest_attach_evidence.report.exit_status import STATUSES


PAGE = Path(__file__).with_name("reference.md")


def options_table() -> str:
    """Return every ini option with its flag, values and default."""
    rows = ["| ini option | flag | values | default | |", "|---|---|---|---|---|"]
    for option in OPTIONS:
        values = ", ".join(f"`{choice}`" for choice in option.choices if choice) or option.kind
        flag = f"`{option.flag}`" if option.has_flag else ""
        default = f"`{option.default}`" if option.default else ""
        rows.append(f"| `{option.name}` | {flag} | {values} | {default} | {option.help} |")
    return "\n".join(rows)


def hooks_list() -> str:
    """Return every hook with its signature and promise."""
    found = []
    for name, hook in inspect.getmembers(hookspecs, inspect.isfunction):
        if name.startswith("pytest_evidence_"):
            signature = ", ".join(inspect.signature(hook).parameters)
            promise = " ".join(inspect.cleandoc(hook.__doc__ or "").split())
            found.append(f"- **`{name}({signature})`**: {promise}")
    return "\n".join(found)


def commands_table() -> str:
    """Return every command with what it does."""
    rows = [f"| `attach-evidence {name}` | {does} |" for name, does in COMMANDS.items()]
    return "\n".join(["| command | does |", "|---|---|", *rows])


def page() -> str:
    """Return reference.md as it should be."""
    text = PAGE.read_text(encoding="utf-8")
    made = {
        "options": options_table(),
        "hooks": hooks_list(),
        "commands": commands_table(),
        "statuses": f"```\n{STATUSES}```",
    }
    for name, table in made.items():
        between = f"<!-- {name} -->\n{table}\n<!-- end -->"
        text = re.sub(
            rf"<!-- {name} -->\n.*?<!-- end -->", lambda _, new=between: new, text, flags=re.DOTALL
        )
    return text


if __name__ == "__main__":
    if "--check" not in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    elif page() != PAGE.read_text(encoding="utf-8"):
        sys.exit("docs/reference.md is stale - run: python docs/make_reference.py")
