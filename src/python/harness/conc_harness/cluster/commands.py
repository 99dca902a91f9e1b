"""Runs the commands of items in a worker process of a cluster."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import tempfile
import threading
import time
from typing import IO, Any

from ..errors import CodedError
from ..requests import JsonObject


class Commands:
    """Commands, each in a process group of its own, so that all of it can be killed."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._running: set[int] = set()
        self._are_killed = False

    def check(self) -> None:
        """Raises CodedError if the directory of the run is not on this machine."""
        if not os.path.isdir(self._directory):
            message = f"the directory '{self._directory}', in which commands run, is not there"
            raise CodedError("E-ENGINE-003", message)

    def kill(self) -> None:
        """Kills everything that runs, and what is about to."""
        with self._lock:
            self._are_killed = True
            for pid in self._running:
                kill_group(pid)

    def run(self, words: list[str], limit_s: float | None) -> JsonObject:
        """Runs a command to its end, or to the end of its time."""
        started, begun = time.time(), time.perf_counter()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            try:
                process = self._started(words, out, err)
            except OSError as error:
                cost = {"started": started, "seconds": time.perf_counter() - begun, "cpu_s": 0.0}
                return {**cost, "broken": f"cannot be started: {error.strerror}"}
            outcome = self._wait(process, limit_s)
            outcome["stdout"], outcome["stderr"] = _encoded(out), _encoded(err)
        return {"started": started, "seconds": time.perf_counter() - begun, **outcome}

    def _started(self, words: list[str], out: IO[bytes], err: IO[bytes]) -> subprocess.Popen[bytes]:
        # Under the lock, so that no command starts unseen while the others are killed.
        with self._lock:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=self._directory,
                start_new_session=True,
            )
            self._running.add(process.pid)
            if self._are_killed:
                kill_group(process.pid)
        return process

    def _wait(self, process: subprocess.Popen[bytes], limit_s: float | None) -> JsonObject:
        is_late = threading.Event()

        def give_up() -> None:
            is_late.set()
            kill_group(process.pid)

        timer = None if limit_s is None else threading.Timer(limit_s, give_up)
        if timer:
            timer.start()
        # Waits without reaping, so that the number belongs to the child until nobody would kill it any more.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        if timer:
            timer.cancel()
            timer.join()
        with self._lock:
            self._running.discard(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu_s = usage.ru_utime + usage.ru_stime
        if is_late.is_set():
            return {"cpu_s": cpu_s, "timed_out": True}
        code = process.returncode
        return {"cpu_s": cpu_s, "exit": code if code >= 0 else None, "signal": -code if code < 0 else None}


def kill_group(pid: int) -> None:
    """Kills a command with everything that it started and that did not leave its group."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _encoded(file: Any) -> str:
    file.seek(0)
    return base64.b64encode(file.read()).decode()
