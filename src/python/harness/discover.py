# Tells about an interpreter. Old ones run it too, to be told that they are too old.
import json
import sys


def start_method():
    import multiprocessing

    return multiprocessing.get_start_method()


def offers():
    import concurrent.futures
    import importlib.util

    found = []
    if hasattr(concurrent.futures, "InterpreterPoolExecutor"):
        found.append("interpreters")
    if importlib.util.find_spec("uvloop"):
        found.append("uvloop")
    return found


def main():
    found = {
        "executable": sys.executable,
        "version": "%d.%d.%d" % sys.version_info[:3],
        "full_version": " ".join(sys.version.split()),
        "minor": [sys.version_info[0], sys.version_info[1]],
        "implementation": "unknown",
    }
    if sys.version_info >= (3, 9):
        found["implementation"] = sys.implementation.name
        found["start_method"] = start_method()
        found["offers"] = offers()
        found["gil"] = bool(getattr(sys, "_is_gil_enabled", lambda: True)())
    print(json.dumps(found))


main()
