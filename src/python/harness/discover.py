# Tells about an interpreter. Old ones run it too, to be told that they are too old.
import json
import sys


def start_method():
    import multiprocessing

    return multiprocessing.get_start_method()


def version_of(name):
    try:
        from importlib import metadata

        return metadata.version(name)
    except Exception:
        return None


def has_interpreters():
    try:
        from concurrent.futures import InterpreterPoolExecutor  # noqa: F401
    except ImportError:
        return False
    return True


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
        found["gil"] = bool(getattr(sys, "_is_gil_enabled", lambda: True)())
        found["interpreters"] = has_interpreters()
        found["uvloop"] = version_of("uvloop")
    print(json.dumps(found))


main()
