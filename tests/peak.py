"""How much memory a process had at most, as programs that tests start tell it of themselves."""

from __future__ import annotations

import inspect


def peak_kib() -> int:
    """Return the peak of this process in KiB.

    Not `ru_maxrss` on Linux: that begins with the peak of the process that started this one.
    """
    try:
        with open("/proc/self/status", encoding="utf-8") as file:  # noqa: PTH123  # alone
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    except OSError:
        import resource  # the function is taken along alone
        import sys

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak // 1024 if sys.platform == "darwin" else peak


SOURCE = inspect.getsource(peak_kib)
"""The function, to stand at the top of such a program."""
