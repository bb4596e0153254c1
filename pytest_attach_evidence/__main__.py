"""Run the command line: `python -m pytest_attach_evidence`."""

from __future__ import annotations

import sys

from .cli import main


sys.exit(main())
