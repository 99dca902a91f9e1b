"""Parts that the evaluations share: the callables, running conc, timing by hand, and figures."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

HERE = pathlib.Path(__file__).resolve().parent
CALLABLES = sorted((HERE / "callables").glob("*.py"))
BY_HAND = HERE / "by_hand.py"

# What some callables import, by the callable.
PACKAGES = {"parsing": "lxml==6.1.3", "thumbnails": "pillow>=11"}


class Configuration(NamedTuple):
    """A strategy at a width; `processes` is zero except for hybrid."""

    strategy: str
    width: int
    processes: int = 0

    def __str__(self) -> str:
        return f"{self.strategy} {self.width}" + (f"/{self.processes}" if self.processes else "")


class Advice(NamedTuple):
    """What one run of `conc advise --json` said, and how long it took."""

    report: dict[str, Any]
    wall_s: float
    error: str

    @property
    def configuration(self) -> Configuration | None:
        """What is recommended, if anything is."""
        advised = self.report.get("recommendation")
        return configuration_of(advised) if advised else None

    @property
    def confidence(self) -> str:
        """How sure the recommendation is, empty if it does not say."""
        return str((self.report.get("recommendation") or {}).get("confidence") or "")

    def __str__(self) -> str:
        return str(self.configuration or self.error or "no recommendation")


def configuration_of(cell: dict[str, Any]) -> Configuration:
    """Reads a cell of a report, or its recommendation."""
    return Configuration(cell["strategy"], cell["width"], cell.get("processes") or 0)


def run(
    command: Sequence[str | os.PathLike[str]],
    limit_s: float,
    env: dict[str, str],
    directory: pathlib.Path | None = None,
) -> tuple[str, str]:
    """Returns the output of a command and what went wrong; kills its whole group at the limit."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True}
    child = subprocess.Popen(command, env=env, cwd=directory, text=True, **pipes)
    try:
        output, errors = child.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        return "", f"killed after {limit_s:.0f} s"
    lines = errors.strip().splitlines() or [""]
    return output, "" if child.returncode == 0 else f"exit {child.returncode}: {lines[-1]}"


def advise(conc: pathlib.Path, arguments: Sequence[str], env: dict[str, str], limit_s: float = 90) -> Advice:
    """Runs `conc advise --json`."""
    begun = time.perf_counter()
    output, error = run([conc, "advise", "--json", *arguments], limit_s, env)
    wall_s = time.perf_counter() - begun
    try:
        return Advice(json.loads(output), wall_s, error)
    except ValueError:
        return Advice({}, wall_s, error or "no JSON")


def name_of(python: str, env: dict[str, str]) -> str:
    """Returns the version of an interpreter, with a t where it has no GIL."""
    ask = "import sys; print('%d.%d' % sys.version_info[:2] + getattr(sys, 'abiflags', '').replace('d', ''))"
    output, error = run([python, "-c", ask], 30, env)
    if error:
        sys.exit(f"{python}: {error}")
    return output.strip()


def install(packages: Sequence[str], version: str, directory: pathlib.Path) -> str:
    """Puts packages for a version of Python into a directory, by the pip of this one; returns what failed."""
    abi = ["--abi", "cp" + version.replace(".", "")] if version.endswith("t") else []
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--only-binary", ":all:", "--implementation", "cp", "--python-version", version.rstrip("t")]
    command += [*abi, "--root-user-action", "ignore", "--target", str(directory), *packages]
    return run(command, 300, dict(os.environ))[1]


def select(only: str | None) -> list[pathlib.Path]:
    """Returns the callables of these names, separated by commas; all without any."""
    names = only.split(",") if only else [path.stem for path in CALLABLES]
    unknown = set(names) - {path.stem for path in CALLABLES}
    if unknown:
        sys.exit(f"no such callable: {', '.join(sorted(unknown))}")
    return [path for path in CALLABLES if path.stem in names]


class Environment:
    """The environment of the callables: an upstream, and for each interpreter its packages."""

    def __init__(self, upstream: str, scratch: pathlib.Path) -> None:
        self.base = {**os.environ, "CONC_UPSTREAM": upstream, "PYTHONDONTWRITEBYTECODE": "1"}
        self.scratch = scratch
        self._installed: dict[tuple[str, str], str] = {}

    def of(self, path: pathlib.Path, version: str) -> dict[str, str] | None:
        """Returns the variables for a callable; None, and says so, if its package cannot be had."""
        package = PACKAGES.get(path.stem)
        if package is None:
            return self.base
        directory = self.scratch / version / path.stem
        key = (package, version)
        if key not in self._installed:
            self._installed[key] = install([package], version, directory)
            if self._installed[key]:
                print(f"skipped {path.stem} on {version}: {package} cannot be installed")
        return None if self._installed[key] else {**self.base, "PYTHONPATH": str(directory)}


@contextlib.contextmanager
def environment(scratch: str) -> Iterator[Environment]:
    """Starts the upstream, and ends it."""
    server = subprocess.Popen([sys.executable, HERE / "upstream.py"], stdout=subprocess.PIPE, text=True)
    assert server.stdout
    with server, server.stdout:
        try:
            port = server.stdout.readline().strip()
            yield Environment(f"127.0.0.1:{port}", pathlib.Path(scratch))
        finally:
            server.kill()


def quantile(values: Sequence[float], share: float) -> float:
    """Returns the value that this share of the values does not exceed; not a number without any."""
    ordered = sorted(values)
    return ordered[round(share * (len(ordered) - 1))] if ordered else float("nan")
