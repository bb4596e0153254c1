"""The command `attach-evidence sandbox`: start the look-alikes and say how to reach them."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path

from . import switches
from .faults.table import listed
from .faults.waiting import from_text
from .server import PORTS
from .server import Sandbox


WRONG_ARGUMENTS = 4
EPILOG = """\
faults (in brackets what is used where nothing is said):
{faults}

Keys of every fault choose its requests: system (squash, workiva, huawei, rillsoft; all), method,
path (a regular expression for path and query), after (0: leave so many alone), times (1; -1: all).
Any answer takes retry_after (any text; date+N: a date N seconds later) and date (seconds by which
the server's clock is off; none: no Date header). {{origin}}, {{url}} and {{elsewhere}} in value and
location are addresses of the request, and of another origin.

  attach-evidence sandbox --fault status:status=503,retry_after=2,system=squash,method=POST
  attach-evidence sandbox --fault answer-lost:system=huawei,path=attachments,times=-1

switches, which make a look-alike another server (with what it is where nothing is said):
{switches}

  attach-evidence sandbox --switch squash.version=13 --switch huawei.login=password
"""


def main(argv: Sequence[str]) -> int:
    """Run the sandbox until Ctrl-C, SIGTERM or the end of `--for-seconds`; return the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        faults = [from_text(text) for text in arguments.fault]
    except ValueError as error:
        sys.stderr.write(f"sandbox: --fault {error}\n")
        return WRONG_ARGUMENTS
    try:
        chosen = switches.from_texts(arguments.switch)
    except ValueError as error:
        sys.stderr.write(f"sandbox: --switch {error}\n")
        return WRONG_ARGUMENTS
    ports = {name: getattr(arguments, f"port_{name}") for name in PORTS}
    ended = threading.Event()
    with _folder(arguments.folder) as folder, _ended_by_signals(ended):
        try:
            with Sandbox(folder, ports=ports, switches=chosen) as sandbox:
                for fault in faults:
                    sandbox.faults.add(**fault)
                run(sandbox, ended, for_seconds=arguments.for_seconds, as_json=arguments.json)
        except OSError as error:
            sys.stderr.write(f"sandbox: {error.strerror or error}\n")
            return 1
    return 0


def run(
    sandbox: Sandbox,
    ended: threading.Event,
    *,
    for_seconds: float | None = None,
    as_json: bool = False,
) -> None:
    """Say how to reach a started sandbox and wait until it shall end."""
    sys.stdout.write(_as_json(sandbox) if as_json else _as_text(sandbox))
    sys.stdout.flush()
    ended.wait(for_seconds)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="attach-evidence sandbox",
        description="Start look-alikes of the four systems on this machine.",
        epilog=EPILOG.format(faults=listed(), switches=switches.listed()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name in PORTS:
        parser.add_argument(
            f"--port-{name}", type=int, default=0, metavar="PORT", help="(default: a free one)"
        )
    parser.add_argument("--folder", type=Path, help="keep uploads here (default: until the end)")
    parser.add_argument("--json", action="store_true", help="print one JSON object for programs")
    parser.add_argument("--for-seconds", type=float, metavar="N", help="end after N seconds")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME[:KEY=VALUE,…]",
        help="let a fault happen, see below; may be repeated",
    )
    parser.add_argument(
        "--switch",
        action="append",
        default=[],
        metavar="SYSTEM.NAME=VALUE",
        help="make a look-alike another server, see below; may be repeated",
    )
    return parser


@contextmanager
def _folder(chosen: Path | None) -> Iterator[Path]:
    if chosen is not None:
        yield chosen
        return
    with tempfile.TemporaryDirectory(prefix="sandbox-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def _ended_by_signals(ended: threading.Event) -> Iterator[None]:
    """Let SIGINT and SIGTERM set the event; only the main thread may ask for that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: ended.set()) for number in numbers]
    try:
        yield
    finally:
        for number, action in zip(numbers, before, strict=True):
            signal.signal(number, action)


def _as_json(sandbox: Sandbox) -> str:
    facts = {
        "roots": sandbox.roots,
        "exports": sandbox.exports(),
        "options": sandbox.options(),
        "page_url": sandbox.page_url,
    }
    return json.dumps(facts) + "\n"


def _as_text(sandbox: Sandbox) -> str:
    systems = sandbox.systems.values()
    wide = max(len(system.title) for system in systems)
    addresses = [f"{system.title:{wide}}  {system.root}" for system in systems]
    exports = [f"export {name}={shlex.quote(value)}" for name, value in sandbox.exports().items()]
    options = [f"{name} = {value}" for name, value in sandbox.options().items()]
    lines = [
        *addresses,
        f"{'What arrived':{wide}}  {sandbox.page_url}/",
        "",
        "# made-up credentials, for a shell",
        *exports,
        "",
        "# pytest.ini",
        "[pytest]",
        "evidence = upload",
        f"evidence_destinations = {' '.join(sandbox.systems)}",
        *options,
        "",
        "Ctrl-C ends it.",
    ]
    return "\n".join(lines) + "\n"
