"""Tells the user's code from the standard library, from installed packages and from conc."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable

_HARNESS = os.path.dirname(os.path.abspath(__file__))
_STDLIB = sysconfig.get_paths()["stdlib"] + os.sep

# The directory of the harness has the files of a run as well. In a checkout it has the tests.
_SCRATCH = os.path.dirname(_HARNESS)
_NOT_OF_USER = (
    _STDLIB,
    _HARNESS + os.sep,
    os.path.join(_SCRATCH, "bootstrap.py"),
    os.path.join(_SCRATCH, "results"),
)

_PACKAGES = tuple(os.sep + name + os.sep for name in ("site-packages", "dist-packages"))

# Names of what pip installed into a directory, by directory.
_installed: dict[str, frozenset[str]] = {}


def is_of_user(file: str | None) -> bool:
    """Tells whether a file belongs neither to the standard library, nor to a package, nor to conc."""
    if not file or file.startswith("<"):
        return False
    if not os.path.isabs(file) and not os.path.exists(file):
        # Compiled code names a file of the machine that it was built on.
        return False
    file = os.path.abspath(file)
    return not file.startswith(_NOT_OF_USER) and _installed_package(file) is None


def package_of(file: str) -> str | None:
    """Returns the name of the package, or of the module of the standard library, that a file belongs to.

    None for a file of the user or of conc.
    """
    if not file or file.startswith("<"):
        return None
    file = os.path.abspath(file)
    package = _installed_package(file)
    if package is None and file.startswith(_STDLIB):
        package = _top(file[len(_STDLIB) :])
    return package


def innermost_package(files: Iterable[str], with_library: bool = True) -> str | None:
    """Returns the installed package of the innermost file that has one, innermost first.

    Without one, the module of the standard library, if these count.
    """
    files = list(files)
    installed = (_installed_package(os.path.abspath(file)) for file in files if not file.startswith("<"))
    libraries = (package_of(file) for file in files if with_library)
    return next(filter(None, installed), None) or next(filter(None, libraries), None)


def _installed_package(file: str) -> str | None:
    for directory in _PACKAGES:
        _, found, rest = file.rpartition(directory)
        if found:
            return _top(rest)
    for directory in sys.path:
        # A directory of `pip install --target`.
        if directory and file.startswith(directory + os.sep):
            name = _top(file[len(directory) + 1 :])
            if name in _names_installed(directory):
                return name
    return None


def _top(path: str) -> str:
    """Returns the name of the module or package at the top of a relative path."""
    return path.split(os.sep)[0].partition(".")[0]


def _names_installed(directory: str) -> frozenset[str]:
    """Returns the names of the modules that pip installed into a directory."""
    if directory not in _installed:
        names: set[str] = set()
        try:
            for entry in os.listdir(directory):
                if entry.endswith(".dist-info"):
                    names.update(_recorded(os.path.join(directory, entry, "RECORD")))
        except OSError:
            pass
        _installed[directory] = frozenset(names)
    return _installed[directory]


def _recorded(path: str) -> set[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as lines:
            return {_top(line.partition(",")[0]) for line in lines}
    except OSError:
        return set()
