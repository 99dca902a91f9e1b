from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .helpers import ModuleMaker, UserModule

BOOTSTRAP = Path(__file__).parent.parent / "bootstrap.py"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a fork does not copy")

# Counts imports, and items read, in a file next to the module.
COUNTED = """
import os, time
def count(what): open(os.path.join(os.path.dirname(__file__), what), "a").write(".")
count("imports")
state = 0
def handle(item):
    global state
    state += 1
    print("printed")
    return (item, state, os.getpid())
def die(item): os._exit(3)
def generate():
    count("items")
    yield from "abc"
items = generate()
"""


class Conversation:
    """A harness in a process of its own, as conc starts it."""

    def __init__(self, request: dict[str, Any]) -> None:
        command = [sys.executable, str(BOOTSTRAP)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.answer = self.ask(request)

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def batch(self, request: dict[str, Any], directory: Path) -> tuple[list[dict[str, Any]], int, str]:
        """Runs a batch in a child; returns its answers, its exit status and its standard error."""
        assert self.answer["forks"] is True, "nobody would answer"
        (stdin, ours), (answers, stdout) = os.pipe(), os.pipe()
        with open(directory / "stderr", "w+b") as stderr:
            streams = {"stdin": stdin, "stdout": stdout, "stderr": stderr.fileno()}
            path = f"/proc/{os.getpid()}/fd"
            pid = self.ask({name: f"{path}/{number}" for name, number in streams.items()})["pid"]
            os.close(stdin)
            os.close(stdout)
            os.write(ours, json.dumps(request).encode() + b"\n")
            with open(answers, "rb") as lines:
                received = []
                for line in lines:
                    received.append(json.loads(line))
                    if received[-1]["event"] != "ready":
                        break
                os.close(ours)
                assert lines.read() == b"", "nobody keeps the channel open"
            assert self.ask({"wait": pid})["event"] == "ended"
            os.kill(pid, 0)
            status = self.ask({"reap": pid})["status"]
            stderr.seek(0)
            return received, status, stderr.read().decode()

    def end(self) -> None:
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0


def warm(user: UserModule, *callables: str, own_items: bool = False) -> Conversation:
    return Conversation({**user.inspect(*callables, own_items=own_items), "stays": True})


def test_an_import_is_paid_once_and_every_batch_begins_anew(module: ModuleMaker) -> None:
    user = module(COUNTED)
    conversation = warm(user, "handle")
    assert conversation.answer["forks"] is True and conversation.answer["import_s"] > 0.0
    for _ in range(3):
        received, status, said = conversation.batch(user.batch("sequential", "handle"), user.directory)
        assert [answer["event"] for answer in received] == ["ready", "done"], received
        assert received[-1]["errors"] == [] and status == 0
        assert said == "printed\n" * 4
        os.remove(user.results)
    conversation.end()
    assert (user.directory / "imports").read_text() == "."


@pytest.mark.parametrize("strategy", ["threads", "async", "processes", "hybrid"])
def test_every_strategy_runs_in_a_fork(module: ModuleMaker, strategy: str) -> None:
    user = module("def handle(item): return item\n")
    conversation = warm(user, "handle")
    received, status, said = conversation.batch(user.batch(strategy, "handle", tasks=9), user.directory)
    assert received[-1]["event"] == "done" and received[-1]["errors"] == [], (received, said)
    assert status == 0
    conversation.end()


def test_a_profile_runs_in_a_fork_and_leaves_nothing_to_batches(module: ModuleMaker) -> None:
    user = module(COUNTED)
    conversation = warm(user, "handle")
    how = {"skipped_numbers": [], "ends_early": False, "in_threads": False}
    profile = {"role": "profile", **user.job("handle", tasks=4), **how}
    received, status, said = conversation.batch(profile, user.directory)
    assert received[-1]["event"] == "done" and received[-1]["tasks"] > 0, (received, said)
    assert status == 0
    os.remove(user.results)
    received, _, said = conversation.batch(user.batch("sequential", "handle"), user.directory)
    assert received[-1]["errors"] == [] and said == "printed\n" * 4
    conversation.end()
    assert (user.directory / "imports").read_text() == "."


def test_no_child_loads_what_batches_need(module: ModuleMaker) -> None:
    source = """
import sys
def handle(item):
    print("loaded" if "concurrent.futures.process" in sys.modules else "missing")
async def wait(item):
    print("loaded" if "conc_harness.hybrid" in sys.modules else "missing")
"""
    for name, imports in [("handle", ""), ("wait", "import asyncio")]:
        user = module(imports + source)
        conversation = warm(user, name)
        _, _, said = conversation.batch(user.batch("sequential", name, tasks=1), user.directory)
        assert said == "loaded\n"
        conversation.end()


def test_a_module_of_the_user_with_a_name_of_pythons_is_loaded_by_children(module: ModuleMaker) -> None:
    user = module("import os\ndef handle(item): return item\n")
    (user.directory / "queue.py").write_text("import time; time.sleep(60)")
    conversation = warm(user, "handle")
    received, _, _ = conversation.batch(user.batch("sequential", "handle", tasks=1), user.directory)
    assert received[-1]["event"] == "done"
    conversation.end()


def test_a_batch_that_dies_leaves_the_others(module: ModuleMaker) -> None:
    user = module(COUNTED)
    conversation = warm(user, "die")
    received, status, _ = conversation.batch(user.batch("sequential", "die"), user.directory)
    assert [answer["event"] for answer in received] == ["ready"] and os.WEXITSTATUS(status) == 3
    os.remove(user.results)
    _, status, _ = conversation.batch(user.batch("sequential", "handle"), user.directory)
    assert status == 0
    conversation.end()


def test_reading_the_items_does_not_use_them_up(module: ModuleMaker) -> None:
    user = module(COUNTED)
    conversation = warm(user, "handle", own_items=True)
    assert conversation.answer["items"] == 3
    request = user.batch("sequential", "handle", tasks=3)
    request["header"]["own_items"] = True
    received, _, said = conversation.batch(request, user.directory)
    assert received[-1]["errors"] == [] and said.count("printed") == 3
    conversation.end()
    assert (user.directory / "items").read_text() == ".."


@pytest.mark.parametrize(
    "line",
    [
        "file = open(__file__)",
        "import socket; pair = socket.socketpair()",
        "import asyncio; loop = asyncio.new_event_loop()",
        "import mmap; shared = mmap.mmap(-1, 4096)",
        "import multiprocessing; lock = multiprocessing.Lock()",
        "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()",
        "import _thread, time; _thread.start_new_thread(time.sleep, (60,))",
    ],
)
def test_what_a_fork_does_not_copy_gets_fresh_interpreters(module: ModuleMaker, line: str) -> None:
    conversation = warm(module(f"{line}\ndef handle(item): return item\n"), "handle")
    assert conversation.answer["forks"] is False
    conversation.end()


def test_without_being_asked_to_stay_it_ends(module: ModuleMaker) -> None:
    conversation = Conversation(module("def handle(item): return item\n").inspect("handle"))
    assert conversation.answer["forks"] is False
    conversation.end()
