"""The door of the shell: `attach-evidence COMMAND`. Arguments in, an exit status out."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from ._version import __version__
from .report import output
from .report.exit_status import STATUSES


COMMANDS = {
    "demo": "run a real browser suite against look-alike servers and show where its evidence arrived",
    "push": "deliver evidence that waits in the spool",
    "status": "list the runs in the spool and what waits; what became of the map",
    "check": "look at settings, credentials and every mapped object before the tests run",
    "remote": "list, download, export, rename and delete what is attached in the systems",
    "clean": "remove delivered runs from the spool",
    "sandbox": "start look-alikes of the four systems on this machine",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return 130
    except (
        SystemExit
    ) as end:  # from argparse, whose 2 for wrong arguments means something else here
        return 4 if end.code == 2 else int(end.code or 0)
    finally:
        output.write()  # what is left of a help text, while somebody may still listen


def _run(arguments: Sequence[str]) -> int:
    if not arguments or arguments[0] not in COMMANDS:
        parser = _parser()
        parser.parse_args(arguments)
        parser.print_help()
        return 4
    name, *rest = arguments
    command = importlib.import_module(f".commands.{name}", __package__)
    return int(command.main(rest))


def _parser() -> argparse.ArgumentParser:
    commands = "\n".join(f"  {name:<9} {help}" for name, help in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="attach-evidence",
        description="Keeps the evidence of pytest runs safe and attaches it where it is needed.",
        usage="attach-evidence [--version] COMMAND …",
        epilog=f"commands:\n{commands}\n\nattach-evidence COMMAND --help tells more.\n\n{STATUSES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        exit_on_error=True,
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("command", nargs="?", choices=list(COMMANDS), help=argparse.SUPPRESS)
    return parser
