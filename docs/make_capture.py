"""Write the table of capture.md from what tests/plugin/test_shown.py proves; `--check` only compares."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path


PAGE = Path(__file__).with_name("capture.md")
PROOF = Path(__file__).parent.parent / "tests" / "plugin" / "shown_suites.py"


def table() -> str:
    """Return how many pictures arrive, of every tool, in every way, at every kind of failure."""
    proved = runpy.run_path(str(PROOF))
    claims = proved["CLAIMS"]
    rows = [f"| tool | run with | {' | '.join(claim.title for claim in claims)} |"]
    rows.append("|---" * (len(claims) + 2) + "|")
    for tool in proved["TOOLS"].values():
        for way in proved["WAYS"]:
            cells = [_cell(len(claim.pictures)) if way in claim.ways else "" for claim in claims]
            rows.append(f"| {tool.title} | {way} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _cell(pictures: int) -> str:
    return "picture" if pictures == 1 else f"{pictures} pictures"


def page() -> str:
    """Return capture.md as it should be."""
    between = f"<!-- shown -->\n{table()}\n<!-- end -->"
    text = PAGE.read_text(encoding="utf-8")
    return re.sub(r"<!-- shown -->\n.*?<!-- end -->", lambda _: between, text, flags=re.DOTALL)


if __name__ == "__main__":
    if "--check" not in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    elif page() != PAGE.read_text(encoding="utf-8"):
        sys.exit("docs/capture.md is stale - run: python docs/make_capture.py")
