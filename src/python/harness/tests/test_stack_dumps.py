from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conc_harness import process_tree, stack_dumps

pytestmark = pytest.mark.skipif(stack_dumps.SIGNAL is None, reason="there is no signal for it")

# Run by another interpreter, whose standard error is a file.
PROGRAM = """
import os, sys, threading, time
sys.path.insert(0, sys.argv[1])
from conc_harness import process_tree, stack_dumps
stack_dumps.enable()
lock = threading.Lock()
lock.acquire()
def takes(): lock.acquire()
def waits(): threading.Event().wait()
def waits_a_while(): threading.Event().wait(100)
def sleeps(): time.sleep(100)
def reads(): os.read(os.pipe()[0], 1)
for work in (takes, waits, waits_a_while, sleeps, reads):
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    time.sleep(0.5)
    stacks = stack_dumps.of_process(child)
    functions = [frame.function for stack in stacks for frame in stack]
    print(work.__name__, work.__name__ in functions, process_tree.waits_for_ever(child),
          process_tree.is_fork(child), process_tree.all_wait(child, frozenset()))
    os.kill(child, 9)
    os.waitpid(child, 0)
"""


def test_the_stack_of_a_child_is_read_and_what_nothing_can_wake_is_known(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    with open(tmp_path / "stderr", "w+b") as errors:
        harness = str(Path(__file__).resolve().parent.parent)
        command = [sys.executable, "-W", "ignore", str(program), harness]
        told = subprocess.run(command, stdout=subprocess.PIPE, stderr=errors, check=True).stdout.decode()
    assert told.splitlines() == [
        # Its line is known; only a thread of its own could wake it; it is a fork; it has no limit.
        "takes True True True True",
        "waits True True True True",
        "waits_a_while True False True False",
        "sleeps True False True False",
        "reads True False True True",
    ]


@pytest.fixture
def other_program() -> Iterator[Callable[[list[str]], int]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(command: list[str]) -> int:
        started.append(subprocess.Popen(command))
        return started[-1].pid

    yield start
    for process in started:
        assert process.poll() is None, "it still runs"
        process.kill()
        process.wait()


def test_another_program_gets_no_signal(other_program: Callable[[list[str]], int]) -> None:
    process = other_program([sys.executable, "-c", "import time; time.sleep(100)"])
    time.sleep(0.2)
    stack_dumps.enable()
    assert stack_dumps.of_process(process) == []
    assert not process_tree.is_fork(process) and process in process_tree.descendants(os.getpid())


def test_what_faulthandler_writes_is_read() -> None:
    text = (
        "noise\n"
        'Thread 0x00007f2c [worker] (most recent call first):\n  File "/a b/t.py", line 3 in f\n'
        '  File "/usr/lib/x.py", line 12 in <module>\n\n'
        'Current thread 0x00007f2d (most recent call first):\n  File "u.py", line 1 in C.g\n'
        "  <no Python frame>\n"
        '  File "not a stack", line 1 in h\n'
    )
    stacks = [[tuple(frame) for frame in stack] for stack in stack_dumps.parse(text)]
    assert stacks == [[("/a b/t.py", 3, "f"), ("/usr/lib/x.py", 12, "<module>")], [("u.py", 1, "C.g")]]
