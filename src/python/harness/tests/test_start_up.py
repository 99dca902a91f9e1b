from __future__ import annotations

import multiprocessing
import subprocess
import sys

from conc_harness.requests import StartUpRequest, parse_request

from .helpers import ModuleMaker, done


def start_up_request(user_batch: dict[str, object], start_method: str | None) -> dict[str, object]:
    return {**user_batch, "role": "startup", "start_method": start_method}


def test_starting_one_worker_and_more_takes_time(module: ModuleMaker) -> None:
    user = module("def f(i): return i\n")
    report = done(start_up_request(user.batch("processes", "f", width=2), None))
    assert report["workers"] == 2
    assert all(seconds > 0.0 for seconds in report["processes"]) and len(report["processes"]) == 2
    interpreters = report["interpreters"]
    assert (interpreters is not None) == (sys.version_info >= (3, 14))


def test_a_start_up_request_is_a_batch_with_a_start_method(module: ModuleMaker) -> None:
    user = module("def f(i): return i\n")
    request = parse_request(start_up_request(user.batch("processes", "f"), "spawn"))
    assert isinstance(request, StartUpRequest) and request.start_method == "spawn"
    assert request.batch.strategy == "processes"


def test_the_start_method_of_the_module_is_told(module: ModuleMaker) -> None:
    user = module(
        "import multiprocessing as m\nm.set_start_method('spawn', force=True)\ndef f(i): return i\n"
    )
    before = multiprocessing.get_start_method(allow_none=True)
    try:
        assert done(user.inspect("f"))["start_method"] == "spawn"
    finally:
        multiprocessing.set_start_method(before, force=True)


def test_without_multiprocessing_no_start_method_is_set() -> None:
    code = (
        "import sys; sys.modules.pop('multiprocessing', None)\n"
        "from conc_harness import inspection\n"
        "print(inspection._start_method())"
    )
    assert subprocess.check_output([sys.executable, "-c", code], cwd=".").strip() == b"None"
