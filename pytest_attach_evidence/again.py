"""The command that continues: what `next=` says, so that a shell anywhere does the same."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path

import pytest

from .options import OPTIONS
from .project import Project
from .spool import RunFolder


def push_command(
    project: Project,
    options: Iterable[str],
    runs: Sequence[RunFolder],
    *,
    only_rejected: bool = False,
) -> str:
    """Return the command that delivers these runs later, from anywhere.

    `only_rejected`: nothing else is open, so that a person acts first and says so.
    """
    spool = project.settings.dir
    words = ["attach-evidence", "push", *options, "--evidence-dir", str(spool)]
    words += ["--retry-rejected"] if only_rejected else []
    words += [run.id if run.path.parent == spool else str(run.path) for run in runs]
    return project.redactor.text(" ".join(map(_quoted, words)))


def _quoted(word: str) -> str:
    """Return a word as a shell takes it, without double quotes of ours: they enclose the command."""
    return shlex.quote(word).replace("'\"'\"'", "'\\''")


def next_options(config: pytest.Config, *, leave_out: Sequence[str] = ()) -> list[str]:
    """Return the options that lead another command to the same configuration."""
    ini = config.inipath
    words = ["-c", str(ini)] if ini is not None else []
    if ini is None or ini.parent != config.rootpath:
        words += ["--rootdir", str(config.rootpath)]
    given = [pair for pair in config.option.override_ini or () if pair not in leave_out]
    given += _flags(config)
    words += [word for pair in given for word in ("-o", pair)]
    words += [word for path in maps_given(config) for word in ("--evidence-map", path)]
    return [*words, *(word for plugin in _plugins(config) for word in ("-p", plugin))]


def maps_given(config: pytest.Config) -> list[str]:
    """Return the map files that were given as flags, absolute."""
    here = config.invocation_params.dir
    given = config.getoption("evidence_map", None) or ()
    return [str((here / Path(path).expanduser()).absolute()) for path in given]


def _plugins(config: pytest.Config) -> list[str]:
    """Return the `-p` words that lead to plugins which define destinations or what is masked."""
    manager, hook = config.pluginmanager, config.hook
    hooks = (hook.pytest_evidence_destinations, hook.pytest_evidence_redact)
    needed = {_module_of(impl.plugin) for one in hooks for impl in one.get_hookimpls()}
    words = dict.fromkeys(word for word in config.option.plugins if not word.startswith("no:"))
    loaded = {word: manager.get_plugin(word) for word in words}
    return [
        word
        for word, plugin in loaded.items()
        if any(
            name == top or name.startswith(f"{top}.") for top in _led_to(plugin) for name in needed
        )
    ]


def _led_to(plugin: object) -> set[str]:
    """Return the modules that come with a plugin: its own, and those that its `pytest_plugins` name."""
    found: set[str] = set()
    left = [] if plugin is None else [plugin]
    while left:
        one = left.pop()
        if (module := _module_of(one)) not in found:
            found.add(module)
            others = getattr(one, "pytest_plugins", ())
            names = [others] if isinstance(others, str) else others
            left += [sys.modules[name] for name in names if name in sys.modules]
    return found


def _module_of(plugin: object) -> str:
    """Return the module in which a plugin is defined: itself, or that of its class."""
    return str(getattr(plugin, "__name__", type(plugin).__module__))


def _flags(config: pytest.Config) -> list[str]:
    """Return the flags that were given as what `-o` takes; the commands have no others."""
    here, pairs = config.invocation_params.dir, []
    for option in OPTIONS:
        text = None if option.is_list else config.getoption(option.name)
        if text is not None and option.name not in ("evidence", "evidence_dir"):
            path = option.kind == "path" and text
            pairs.append(f"{option.name}={here / Path(text).expanduser() if path else text}")
    return pairs + _flags_of_others(config)


def _flags_of_others(config: pytest.Config) -> list[str]:
    """Return the same for what other plugins' destinations declare both as a flag and in the ini."""
    known = {option.name for option in OPTIONS}
    pairs = []
    for name, text in vars(config.option).items():
        if name.startswith("evidence_") and name not in known and isinstance(text, str):
            with contextlib.suppress(ValueError):  # not an ini option
                config.getini(name)
                pairs.append(f"{name}={text}")
    return pairs
