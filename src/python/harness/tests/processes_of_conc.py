"""Interpreters with the harness, started and asked as conc does it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from conc_harness import process_tree
from conc_harness.requests import JsonObject

BOOTSTRAP = Path(__file__).resolve().parent.parent / "bootstrap.py"


class Answer(NamedTuple):
    """The last message of an interpreter, and the seconds from the first task, or from the start, to it."""

    message: JsonObject
    seconds: float

    def failure(self) -> tuple[str, str]:
        assert self.message["event"] == "failed", self.message
        return self.message["code"], self.message["message"]


def ask(request: JsonObject) -> Answer:
    """Serves a request in an interpreter of its own, of which nothing may be left."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, str(BOOTSTRAP)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        )
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        begun, message = time.monotonic(), {"event": "nothing"}
        for line in process.stdout:
            message = json.loads(line)
            if message["event"] != "ready":
                break
            begun = time.monotonic()
        answer = Answer(message, time.monotonic() - begun)
        below = process_tree.descendants(process.pid)
        process.stdin.close()
        process.wait()
        process.stdout.close()
    for child in below:
        # conc ends them by its process group.
        try:
            os.kill(child, 9)
        except ProcessLookupError:
            pass
    return answer
