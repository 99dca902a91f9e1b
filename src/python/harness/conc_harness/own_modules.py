"""Lets modules of the user have the names of modules of Python, such as `queue.py` beside `tasks.py`.

In a script, the file beside it comes first. The harness has imported Python's by then, and needs them: it
loads the rest of what it needs as well, and then forgets those that the user has too, so that the user's code
imports its own and the harness keeps the ones that it has.
"""

from __future__ import annotations

import importlib
import os
import sys

# Modules of Python that the harness, or a library that it uses, loads only when it needs them.
LOADED_LATE = (
    "asyncio",
    "concurrent.futures.process",
    "concurrent.futures.thread",
    "difflib",
    "email.utils",
    "multiprocessing.connection",
    "multiprocessing.popen_fork",
    "multiprocessing.popen_forkserver",
    "multiprocessing.popen_spawn_posix",
    "multiprocessing.queues",
    "multiprocessing.resource_sharer",
    "multiprocessing.synchronize",
    "multiprocessing.util",
)

# Suffixes of files that are modules.
SUFFIXES = (".py", ".so")

# Tells processes that are no forks of this one, in which nothing is loaded yet; `__init__` looks for it.
VARIABLE = "CONC_HARNESS_OWN_MODULES"

# What Python itself had loaded before the harness: it has these before any code of the user. None where the
# harness is a guest in another program, such as a worker of a cluster: what that one loads late is not known.
_at_start: frozenset[str] | None = None


def set_at_start(names: frozenset[str]) -> None:
    """Records the modules that every program finds loaded."""
    global _at_start
    _at_start = names


def give_way(directory: str, but: str) -> None:
    """Makes room for the modules in a directory of the user, which is about to come first.

    Not for module `but`: conc loads that one itself, under a name that nobody else uses.
    """
    if _at_start is None:
        return
    names = _names_of_python(directory) - _at_start - {but}
    if not names:
        return
    _load_all()
    forget(names)
    os.environ[VARIABLE] = ",".join(sorted(names))


def load_in_child() -> None:
    """Does the same in a process that is no fork: its path has the user's directory already."""
    names = frozenset(filter(None, os.environ.get(VARIABLE, "").split(",")))
    if not names:
        return
    path = list(sys.path)
    sys.path[:] = [entry for entry in path if not names.intersection(_modules_in(entry)) or _is_python(entry)]
    try:
        _load_all()
    finally:
        sys.path[:] = path
    forget(names)


def forget(names: frozenset[str]) -> None:
    """Lets the next import of these modules, and of what is in them, search for them."""
    for name in list(sys.modules):
        if name.partition(".")[0] in names:
            del sys.modules[name]


def _names_of_python(directory: str) -> frozenset[str]:
    """Returns the modules in a directory that have names of Python's, but are not part of the interpreter."""
    known = getattr(sys, "stdlib_module_names", None) or _names_in_library()
    return _modules_in(directory) & frozenset(known) - frozenset(sys.builtin_module_names)


def _names_in_library() -> frozenset[str]:
    return _modules_in(os.path.dirname(os.__file__))


def _is_python(directory: str) -> bool:
    return os.path.abspath(directory).startswith(os.path.dirname(os.path.abspath(os.__file__)))


def _modules_in(directory: str) -> frozenset[str]:
    found = set()
    try:
        entries = list(os.scandir(directory or "."))
    except OSError:
        # It may be a file, such as an archive.
        entries = []
    for entry in entries:
        stem, suffix = os.path.splitext(entry.name)
        is_package = not suffix and os.path.isfile(os.path.join(entry.path, "__init__.py"))
        if is_package or suffix in SUFFIXES:
            found.add(stem.partition(".")[0])
    return frozenset(found)


def _load_all() -> None:
    """Loads every module of the harness, and what these load late."""
    own = os.path.dirname(os.path.abspath(__file__))
    modules = [f"{__package__}.{name}" for name in sorted(_modules_in(own))]
    checks = [f"{__package__}.check.{name}" for name in sorted(_modules_in(os.path.join(own, "check")))]
    for name in (*LOADED_LATE, *modules, *checks):
        try:
            importlib.import_module(name)
        except Exception:
            # What needs it says so.
            continue
