"""The channel over real pipes: the harness in an interpreter of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from .helpers import LONG_S, ModuleMaker

BOOTSTRAP = Path(__file__).parents[1] / "bootstrap.py"

NOISY = """
import os, subprocess, sys
print("while importing")
def noisy(i):
    print("out", i)
    os.write(1, b'{"event": "done"}\\n')
    subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)
    assert sys.stdin.read() == ""
    return i
"""


def run_harness(text: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", str(BOOTSTRAP)]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=LONG_S, check=False)


def test_only_the_protocol_is_on_standard_output(module: ModuleMaker) -> None:
    request = module(NOISY).batch("sequential", "noisy", tasks=2, width=1)
    done = run_harness(json.dumps(request) + "\n")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["event"] for event in events] == ["ready", "done"]
    assert events[-1]["errors"] == []
    assert "from a child" in done.stderr and "while importing" in done.stderr


def test_without_a_request_the_harness_ends() -> None:
    done = run_harness("")
    assert (done.returncode, done.stdout) == (0, "")


def test_a_malformed_request_is_an_error_and_no_traceback() -> None:
    done = run_harness('{"role": "inspect"}\n')
    answer = json.loads(done.stdout)
    assert answer["event"] == "failed" and "malformed inspect request" in answer["message"]
    assert done.stderr == ""
