"""The workloads of `promise.py`: callables, workload files, commands, samples, and described tasks."""

from __future__ import annotations

import json
import pathlib
import re
from typing import NamedTuple

import evaluation

PROMISED = evaluation.HERE / "promised"

# Widths instead of those predicted to be the fastest: narrower than what fails, wider than a limit needs.
WIDTHS = {"refusing": 4, "own_limit": 16, "rated": 16, "rated_command": 8, "retried": 32, "connection": 32}

# What a command that succeeds appends its item to, in the run that records.
LOG = '"${PROMISE_LOG:-/dev/null}"'

COMMANDS = {
    "sleep": f"sleep 0.02; echo $1 >> {LOG}",
    "gzip": f"gzip -c text.txt > /dev/null; echo $1 >> {LOG}",
    "photos": f'sha256sum "$1" > /dev/null && echo "$1" >> {LOG}',
    "compute": f"i=0; while [ $i -lt 4000 ]; do i=$((i+1)); done; echo $1 >> {LOG}",
    "fails": f"sleep 0.01; [ $(($1 % 10)) -gt 0 ] && echo $1 >> {LOG}",
    "rated_command": f"sleep 0.01; echo $1 >> {LOG}",
    # The first attempt of every fourth item fails.
    "retried_command": (
        f"[ $(($1 % 4)) -gt 0 ] || rm t-$1 2> /dev/null || {{ : > t-$1; exit 1; }}; echo $1 >> {LOG}"
    ),
}

# Tables of the workload files of some commands; the others are given on the command line.
LIMITS = {
    "rated_command": '[limits]\nrate_per_s = 100\ntimeout = "5s"\n',
    "retried_command": '[retry]\nmax = 2\nbackoff = "constant"\nbase = "4ms"\n',
}

DESCRIBED = {
    "described_cpu": ["--cpu", "4ms", "--wait", "0ms"],
    "described_wait": ["--cpu", "0ms", "--wait", "20ms"],
    "described_both": ["--cpu", "2ms", "--wait", "20ms"],
}

SAMPLES = (
    "sleep-io",
    "hash-cpu",
    "fetch-parse-mixed",
    "web-scraper",
    "tiny-tasks",
    "api-client",
    "data-processor",
    "event-system",
    "limited-upstream",
    "memory-bandwidth",
    "shared-lock",
    "sqlite-writes",
    "task-queue",
)

# A module that records what its callable returns, if PROMISE_LOG names a file.
RECORDER = """

def _recorded(function):
    import functools, hashlib, inspect, os
    log = os.environ.get("PROMISE_LOG")
    if not log:
        return function

    def keep(item, value):
        data = value if isinstance(value, bytes) else repr(value).encode()
        file = os.open(log, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(file, f"{item!r} {hashlib.sha256(data).hexdigest()}\\n".encode())
        os.close(file)
        return value

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def run(item):
            return keep(item, await function(item))

        return run
    return functools.wraps(function)(lambda item: keep(item, function(item)))

"""


class Workload(NamedTuple):
    """What conc is asked about: its name, its kind, the arguments, and the files that it needs."""

    name: str
    kind: str
    arguments: list[str]
    files: list[pathlib.Path]
    # The callables whose outputs are recorded, in the module of this name; the last one has the outputs.
    module: str = ""
    functions: tuple[str, ...] = ()

    @property
    def is_python(self) -> bool:
        """Tells whether an interpreter runs its tasks."""
        return bool(self.module)

    @property
    def is_rated(self) -> bool:
        """Tells whether it limits attempts per second."""
        return self.name.startswith("rated")

    def interpreter(self, python: str) -> list[str]:
        """Returns the option that names the interpreter, if one runs the tasks."""
        return ["--python", python] if self.is_python else []

    def items(self, tasks: int) -> list[str]:
        """Returns the items of a command: numbers, or the names of files with a space in them."""
        return [f"photo {item}.jpg" if self.name == "photos" else str(item) for item in range(tasks)]

    def lay_out(self, directory: pathlib.Path, tasks: int | None) -> list[str]:
        """Puts the files into a directory, for so many tasks; returns the arguments, to be used there."""
        directory.mkdir(parents=True, exist_ok=True)
        if self.kind == "command":
            return self._lay_out_command(directory, tasks or 100)
        for file in self.files:
            text = file.read_text()
            if file.stem == self.module:
                if tasks:
                    items = f"items = range({tasks})"
                    text = re.sub(r"^items = range\([\d_]+\)$", items, text, flags=re.MULTILINE)
                text += RECORDER + "".join(f"{name} = _recorded({name})\n" for name in self.functions)
            (directory / file.name).write_text(text)
        return self.arguments + (["--tasks", str(tasks)] if tasks and self.kind != "callable" else [])

    def _lay_out_command(self, directory: pathlib.Path, tasks: int) -> list[str]:
        items = self.items(tasks)
        (directory / "items.txt").write_text("".join(f"{item}\n" for item in items))
        if self.name == "gzip":
            text = "".join(f"line {number * 7919 % 1000} of a text\n" for number in range(20_000))
            (directory / "text.txt").write_text(text)
        if self.name == "photos":
            for item in items:
                (directory / item).write_text(item * 1000)
        if self.name not in LIMITS:
            return ["--items", "items.txt", "--", *self.arguments]
        argv = json.dumps(self.arguments).replace("{}", "{item}")
        step = f'[[step]]\nkind = "command"\nargv = {argv}\n'
        (directory / "work.toml").write_text(f'items_from = "items.txt"\n{LIMITS[self.name]}{step}')
        return ["work.toml"]


def workloads() -> list[Workload]:
    """Returns every workload."""
    found = [
        Workload(path.stem, "callable", [f"{path.name}:task"], [path], path.stem, ("task",))
        for path in [*evaluation.CALLABLES, PROMISED / "connection.py"]
    ]
    for path in sorted(PROMISED.glob("*.toml")):
        last = re.findall(r'callable = "limited.py:(\w+)"', path.read_text())[-1]
        functions = (f"{last}_async", last) if last == "quick" else (last,)
        found.append(
            Workload(path.stem, "file", [path.name], [path, PROMISED / "limited.py"], "limited", functions)
        )
    found += [
        Workload(name, "command", ["sh", "-c", line, "sh", "{}"], []) for name, line in COMMANDS.items()
    ]
    found += [Workload(name, "described", words, []) for name, words in DESCRIBED.items()]
    return found + [Workload(name, "sample", [name], []) for name in SAMPLES]
