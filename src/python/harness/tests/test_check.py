from __future__ import annotations

import gc
import sys
import threading
import time
from pathlib import Path

import pytest

from conc_harness.check.finding_list import MAX_FINDINGS, FindingList
from conc_harness.check.leaks import descriptors_lost_per_task
from conc_harness.check.source_locations import Location, innermost
from conc_harness.errors import HARNESS
from conc_harness.primitives import count_own
from conc_harness.requests import JsonObject

from .helpers import ModuleMaker, answer


def findings(module: ModuleMaker, source: str, callable: str = "f") -> list[JsonObject]:
    user = module(source)
    channel = answer(user.check(callable))
    assert channel.events()[-1] == "done" and "ready" in channel.events()
    report = channel.sent[-1]
    assert report["hang"] is None and report["tasks"] == 2
    found: list[JsonObject] = report["findings"]
    for finding in found:
        assert finding["place"] is None or finding["place"]["file"].endswith(user.file.name)
    return found


@pytest.mark.parametrize(
    "source",
    [
        "def f(i): return i\n",
        "async def f(i): return i\n",
        "import asyncio\nasync def f(i): await asyncio.sleep(0)\n",
    ],
)
def test_a_sound_callable_has_no_findings(module: ModuleMaker, source: str) -> None:
    assert findings(module, source) == []


@pytest.mark.parametrize(
    ("source", "check", "code", "line"),
    [
        ("def f(i):\n    raise ValueError(i)\n", "exceptions", "E-PYTHON-004", 2),
        ("async def g(i): pass\nasync def f(i):\n    g(i)\n", "awaited", "E-ASYNC-002", None),
        ("async def g(i): pass\ndef f(i):\n    return g(i)\n", "awaited", "E-ASYNC-002", 1),
        ("import asyncio\ndef f(i):\n    asyncio.get_running_loop()\n", "event-loop", "E-ASYNC-001", 3),
        ("def f(i):\n    open(__file__)\n", "resources", "E-ASYNC-005", 2),
        (
            "import asyncio\nasync def f(i):\n    asyncio.create_task(asyncio.sleep(600))\n",
            "completed",
            "E-ASYNC-003",
            3,
        ),
        (
            "import threading\ndef g(): raise KeyError('x')\n"
            "def f(i):\n    t = threading.Thread(target=g); t.start(); t.join()\n",
            "exceptions",
            "E-PYTHON-004",
            2,
        ),
    ],
)
def test_a_fault_is_found_with_its_line(
    module: ModuleMaker, source: str, check: str, code: str, line: int | None
) -> None:
    matching = [
        found for found in findings(module, source) if (found["check"], found["code"]) == (check, code)
    ]
    assert matching, source
    if line is not None:
        assert line in [found["place"]["line"] for found in matching if found["place"]]


def test_the_forms_are_run_and_timed(module: ModuleMaker) -> None:
    user = module("def f(i): return i\nasync def f_async(i): return i\n")
    report = answer(user.check("f")).sent[-1]
    assert [form["form"] for form in report["forms"]] == ["blocking", "async"]
    assert all(form["wall_s"] > 0.0 and form["gil"] is not None for form in report["forms"])


def test_a_known_finding_is_counted_and_findings_are_bounded() -> None:
    found = FindingList()
    found.add("resources", "E-ASYNC-005", "one", Location("a.py", 1, "f"), "0")
    found.add("resources", "E-ASYNC-005", "one again", Location("a.py", 1, "f"), "1")
    for number in range(2 * MAX_FINDINGS):
        found.add("resources", "E-ASYNC-005", f"message {number}")
    report = found.report()
    assert len(report) == MAX_FINDINGS
    assert (report[0]["count"], report[0]["item"], report[0]["message"]) == (2, "0", "one")


@pytest.mark.parametrize(
    ("counts", "lost"),
    [
        ([5, 6, 7], 1),
        ([5, 9, 9, 9], 0),
        ([5, 9, 11, 13], 2),
        ([5, 6], 0),
        ([5, None, 7, 8, 9], 0),
        ([5, 7, 6, 8], 0),
    ],
)
def test_descriptors_are_lost_if_every_task_leaves_some(counts: list[int | None], lost: int) -> None:
    assert max(0, descriptors_lost_per_task(counts)) == lost


def test_the_innermost_line_is_the_users_or_else_that_of_a_package(tmp_path: Path) -> None:
    user = Location("/srv/tasks.py", 3, "f")
    package = Location("/usr/lib/python3/site-packages/numpy/core.py", 9, "dot")
    library = Location(str(Path(threading.__file__)), 1, "run")
    own = Location(HARNESS + "/job.py", 1, "run")
    assert innermost([user, package, library]) == user
    assert innermost([own, package, library]) == package
    assert innermost([own, library, Location("<frozen runpy>", 1, "run")]) is None


def test_nothing_of_a_check_remains(module: ModuleMaker) -> None:
    before, own = threading.active_count(), count_own()
    findings(module, "def f(i): return i\n")
    gc.collect()
    deadline = time.monotonic() + 10.0
    while count_own() > own and time.monotonic() < deadline:
        time.sleep(0.001)
    assert count_own() <= own and threading.active_count() <= before
    assert sys.getprofile() is None
