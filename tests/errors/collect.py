"""Provokes every error of cases.txt in each interpreter and keeps what it printed.

    python3 tests/errors/collect.py PYTHON... > tests/data/error_messages.json

The output has, for each case, the different messages and the versions that printed each; where only frames of the
standard library differ, it has the text of the first version. Addresses, process and
thread numbers and paths are replaced, so that a second run gives the same file. What an interpreter
cannot run, because it lacks a name, and what raises nothing there is left out.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CASES = Path(__file__).with_name("cases.txt")
LIMIT_S = 60
AT_ONCE = 2

REPLACED = [
    (r"0x[0-9a-f]{6,}", "0x7f0000000000"),
    (r"\(pid=\d+\)", "(pid=4711)"),
    (r"thread id \d+", "thread id 140000000000000"),
    (r"(127\.0\.0\.1'?, )\d+", r"\g<1>40000"),
    (r"took \d+\.\d+ seconds", "took 0.200 seconds"),
    (r"subprocess \d+ is", "subprocess 4711 is"),
    (r"fd=\d+", "fd=7"),
    (r"psm_[0-9a-f]+", "psm_00000000"),
    (r"task-name-\d+|Task-\d+", "Task-1"),
]
"""What differs from run to run."""


def cases() -> dict[str, str]:
    """Returns the programs by the name of their case."""
    programs: dict[str, str] = {}
    for part in CASES.read_text().split("\n=== ")[1:]:
        head, program = part.split("\n", 1)
        programs[head.split(":")[0]] = program.rstrip("\n") + "\n"
    return programs


def version(python: str) -> str:
    """Returns the version of an interpreter, such as 3.11."""
    told = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([python, "-c", told], capture_output=True, text=True, check=True).stdout.strip()


def provoke(python: str, program: str) -> str | None:
    """Runs a program; returns what it printed as an error, or None if the interpreter lacks what it needs."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "case.py")
        path.write_text(program)
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
        ran = subprocess.run(
            [python, str(path)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            env=environment,
            cwd=directory,
        )
    text = ran.stderr.replace(directory, "/home/me/app")
    text = re.sub(r"(/[^\s\"':]*)?/lib/python3\.", "/usr/lib/python3.", text)
    for pattern, replacement in REPLACED:
        text = re.sub(pattern, replacement, text)
    lacks = re.search(r"AttributeError: .*(module|object) .*has no attribute '(TaskGroup|timeout|shutdown)'", text)
    return None if lacks or not text.strip() else text


def gist(text: str) -> str:
    """Returns what is left of a text without frames of the standard library and lines of source."""
    lines = [line for line in text.splitlines() if not re.match(r"[ |]+\S", line) or "/home/me/app" in line]
    return re.sub(r"(/usr/lib/python3\.)\d+(/[^:]*):\d+", r"\1x\2:0", "\n".join(lines))


def main() -> None:
    """Collects the messages of all interpreters that the command line names."""
    found: dict[str, dict[str, tuple[str, list[str]]]] = {}
    programs = cases()
    for python in sys.argv[1:]:
        number = version(python)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            texts = pool.map(lambda program, python=python: provoke(python, program), programs.values())
            for case, text in zip(programs, texts):
                if text is not None:
                    found.setdefault(case, {}).setdefault(gist(text), (text, []))[1].append(number)
    entries = [
        {"case": case, "versions": versions, "text": text}
        for case in programs
        for text, versions in found.get(case, {}).values()
    ]
    print("[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]")


if __name__ == "__main__":
    main()
