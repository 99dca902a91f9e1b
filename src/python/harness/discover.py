# Describes an interpreter. Old interpreters run it too, so that conc can say that they are too old: the
# syntax must be valid in Python 2.7, so there are no annotations and no f-strings.
import sys

# With -c the current directory comes first, and a json.py there is not meant.
if sys.path[:1] == [""]:
    del sys.path[0]

import json

# What `sitecustomize` has written comes before it.
MARK = "\x1econc "


def start_method():
    import multiprocessing

    return multiprocessing.get_start_method()


def strategies():
    """Returns the strategies that not every interpreter has."""
    import concurrent.futures
    import importlib.util

    found = []
    if hasattr(concurrent.futures, "InterpreterPoolExecutor"):
        found.append("interpreters")
    if importlib.util.find_spec("uvloop"):
        found.append("uvloop")
    return found


def main():
    """Prints the description as JSON."""
    found = {
        "executable": sys.executable,
        "version": "{0}.{1}.{2}".format(*sys.version_info[:3]),
        "full_version": " ".join(sys.version.split()),
        "minor": [sys.version_info[0], sys.version_info[1]],
        "implementation": "unknown",
    }
    if sys.version_info >= (3, 9):
        found["implementation"] = sys.implementation.name
        found["start_method"] = start_method()
        found["offers"] = strategies()
        found["gil"] = bool(getattr(sys, "_is_gil_enabled", lambda: True)())
    print("\n" + MARK + json.dumps(found))


main()
