"""`attach-evidence sandbox`: start the look-alike servers."""

from __future__ import annotations

from collections.abc import Sequence

from ..report.exit_status import ExitStatus
from .with_pytest import complain


INSTALL = "the sandbox needs werkzeug and jinja2 - pip install 'pytest-attach-evidence[sandbox]'"


def main(arguments: Sequence[str]) -> int:
    """Run the command; see `sandbox.command`."""
    try:
        from ..sandbox import command  # noqa: PLC0415  # needs the extra
    except ImportError:
        return complain(INSTALL, ExitStatus.CONFIGURATION)
    return command.main(arguments)
