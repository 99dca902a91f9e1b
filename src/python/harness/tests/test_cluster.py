from __future__ import annotations

import base64
import json
import os
import sys
import threading
import time
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from conc_harness.cluster.client import absolute, archive_of_harness
from conc_harness.cluster.commands import Commands
from conc_harness.cluster.versions import differences, refuse_other_python
from conc_harness.cluster.worker import ChunkRunner
from conc_harness.errors import CodedError
from conc_harness.requests import JsonObject

from .helpers import ModuleMaker, UserModule

SOURCE = """
import asyncio, threading, time
items = ["x", "y"]
started = threading.Event()
def double(item): return item * 2
def odd(item): return {item}
def fail(item): raise ValueError("bad " + item)
def slow(item):
    started.set()
    if item == "long": time.sleep(3600)
    return item
async def wait(item):
    if item == "long": await asyncio.sleep(3600)
    await asyncio.sleep(0.001)
    return item
"""


def runner_of(tasks: UserModule, name: str, own: bool = False) -> ChunkRunner:
    serve = {"role": "serve", "header": tasks.header(name, own_items=own), "strategy": "threads"}
    return ChunkRunner({"serve": serve, "directory": str(tasks.directory)})


def run(runner: ChunkRunner, *items: Any, **more: Any) -> dict[int, JsonObject]:
    chunk = {"items": list(enumerate(items, 1)), "width": 1, "awaits": False, "limit_s": None, **more}
    _, answers = runner.run(chunk)
    found = [json.loads(answer) for answer in answers]
    assert len({answer["n"] for answer in found}) == len(found) == len(items)
    return {answer["n"]: answer for answer in found}


@pytest.mark.parametrize("width", [1, 3])
def test_every_item_of_a_chunk_has_one_answer(module: ModuleMaker, width: int) -> None:
    tasks = module(SOURCE)
    answers = run(runner_of(tasks, "double"), "a", "b", "c", "d", width=width)
    assert [answers[n]["value"] for n in (1, 2, 3, 4)] == ["aa", "bb", "cc", "dd"]
    assert run(runner_of(tasks, "double", own=True), 1, 0, width=width)[1]["value"] == "yy"
    answers = run(runner_of(tasks, "wait"), "a", "b", "c", width=width, awaits=True)
    assert [answers[n]["value"] for n in (1, 2, 3)] == ["a", "b", "c"]


def test_a_failure_is_that_of_its_item(module: ModuleMaker) -> None:
    tasks = module(SOURCE)
    answer = run(runner_of(tasks, "fail"), "a")[1]
    assert answer["code"] == "E-PYTHON-004" and answer["message"].startswith("ValueError: bad a")
    assert run(runner_of(tasks, "odd"), "a")[1]["repr"] == "{'a'}"


def test_an_item_that_takes_too_long_is_given_up(module: ModuleMaker) -> None:
    tasks = module(SOURCE)
    answers = run(runner_of(tasks, "slow"), "long", "b", limit_s=0.5)
    assert answers[1]["timed_out"] and answers[2]["value"] == "b"
    answers = run(runner_of(tasks, "wait"), "long", "b", limit_s=0.5, awaits=True, width=2)
    assert answers[1]["timed_out"] and answers[2]["value"] == "b"


def test_a_run_that_is_stopped_begins_no_more_items(module: ModuleMaker) -> None:
    tasks = module(SOURCE)
    runner = runner_of(tasks, "double")
    runner.stop(False)
    chunk = {"items": [(1, "a"), (2, "b")], "width": 2, "awaits": False, "limit_s": None}
    assert runner.run(chunk)[1] == []


def test_a_module_that_is_not_there_is_named(tmp_path: Path) -> None:
    header = {"own_items": False, "most_items": None, "import_limit_s": 30.0}
    steps = [{"file": "/no/such/tasks.py", "module": "tasks", "callable": "f", "async_callable": None}]
    serve = {"role": "serve", "header": {**header, "steps": steps}, "strategy": "threads"}
    code, message = ChunkRunner({"serve": serve, "directory": str(tmp_path)}).check() or ("", "")
    assert code == "E-PYTHON-002" and "'/no/such/tasks.py' is not there" in message
    steps = [{"file": None, "module": "no_such_module", "callable": "f", "async_callable": None}]
    serve = {"role": "serve", "header": {**header, "steps": steps}, "strategy": "threads"}
    code, message = ChunkRunner({"serve": serve, "directory": str(tmp_path)}).check() or ("", "")
    assert code == "E-PYTHON-002" and "no_such_module" in message and str(tmp_path) in message


def test_a_file_that_changed_is_imported_again(module: ModuleMaker) -> None:
    tasks = module("def f(item): return 1\n")
    assert run(runner_of(tasks, "f"), "a")[1]["value"] == 1
    tasks.file.write_text("def f(item): return 'changed'\n")
    assert run(runner_of(tasks, "f"), "a")[1]["value"] == "changed"


def commands(directory: Path) -> ChunkRunner:
    return ChunkRunner({"serve": None, "directory": str(directory)})


def test_commands_have_output_and_an_end(tmp_path: Path) -> None:
    runner = commands(tmp_path)
    assert runner.check() is None
    answers = run(
        runner,
        ["sh", "-c", "pwd; echo $0 >&2; exit 3", "x y;\udcff"],
        ["sh", "-c", "kill -9 $$"],
        ["/no/such/program"],
        ["sleep", "3600"],
        limit_s=1.0,
        width=2,
    )
    assert (answers[1]["exit"], answers[1]["signal"]) == (3, None)
    assert base64.b64decode(answers[1]["stdout"]).decode().strip() == os.path.realpath(tmp_path)
    assert base64.b64decode(answers[1]["stderr"]) == b"x y;\xff\n"
    assert (answers[2]["exit"], answers[2]["signal"]) == (None, 9)
    assert answers[3]["broken"].startswith("cannot be started: No such file")
    assert answers[4]["timed_out"]


def test_commands_are_killed_at_once_if_the_run_ends_now(tmp_path: Path) -> None:
    runner = commands(tmp_path)
    found: list[JsonObject] = []
    line = ["sh", "-c", "touch begun; sleep 3600"]
    thread = threading.Thread(target=lambda: found.append(run(runner, line)[1]))
    thread.start()
    while not (tmp_path / "begun").exists():
        time.sleep(0.005)
    runner.stop(True)
    thread.join(60)
    assert found[0]["signal"] == 9


def test_a_command_that_starts_while_the_others_are_killed_is_killed_too(tmp_path: Path) -> None:
    started = Commands(str(tmp_path))
    started.kill()
    assert started.run(["sleep", "3600"], None)["signal"] == 9


def test_a_directory_that_is_not_there_is_named() -> None:
    code, message = commands(Path("/no/such/directory")).check() or ("", "")
    assert code == "E-ENGINE-003" and "'/no/such/directory'" in message


def versions_of(client: str, scheduler: str, *workers: str) -> JsonObject:
    def side(version: str) -> JsonObject:
        return {
            "host": {},
            "packages": {"python": version, "dask": "1", "distributed": "2", "numpy": version},
        }

    found = {str(i): side(worker) for i, worker in enumerate(workers)}
    return {"client": side(client), "scheduler": side(scheduler), "workers": found}


def test_versions_that_differ_are_said_and_another_python_is_refused() -> None:
    assert differences(versions_of("3.11.2.final.0", "3.11.2.final.0", "3.11.2.final.0")) == []
    assert differences(versions_of("3.11.2.final.0", "3.11.2.final.0")) == []
    other = differences(versions_of("3.11.2.final.0", "3.11.1.final.0", "3.11.4.final.0", "3.11.2.final.0"))
    assert [row["package"] for row in other] == ["python"]
    assert other[0]["workers"] == ["3.11.2.final.0", "3.11.4.final.0"]
    refuse_other_python(other)
    wrong = differences(versions_of("3.11.2.final.0", "3.11.2.final.0", "3.12.1.final.0"))
    with pytest.raises(CodedError, match=r"3\.12\.1 runs the workers, 3\.11\.2 the client.*of 3\.12"):
        refuse_other_python(wrong)
    with pytest.raises(CodedError, match="runs the scheduler"):
        refuse_other_python(differences(versions_of("3.11.2", "3.12.1")))


def test_paths_are_whole_and_names_stay() -> None:
    steps = [{"file": "tasks.py", "module": "tasks"}, {"file": None, "module": "a.b"}]
    found = absolute({"role": "serve", "header": {"steps": steps, "own_items": False}})
    assert found is not None and found["header"]["steps"][1] == steps[1]
    assert found["header"]["steps"][0]["file"] == os.path.abspath("tasks.py")
    assert absolute(None) is None


def test_the_archive_has_every_module_and_is_the_same_each_time(tmp_path: Path) -> None:
    archive = archive_of_harness()
    assert archive == archive_of_harness()
    names = zipfile.ZipFile(BytesIO(archive)).namelist()
    assert "conc_harness/cluster/worker.py" in names and "conc_harness/check/__init__.py" in names
    path = tmp_path / "harness.zip"
    path.write_bytes(archive)
    line = "import conc_harness.cluster.worker as w; print(w.__file__)"
    import subprocess

    code = f"import sys; sys.path[:0] = [{str(path)!r}]; {line}"
    said = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.startswith(str(path))
