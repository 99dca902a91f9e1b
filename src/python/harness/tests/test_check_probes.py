"""The probes of a check: lost updates, loops of other threads, threads that never end."""

from __future__ import annotations

import sys
import threading

import pytest

from conc_harness.check import sentences
from conc_harness.check.shared_places import functions_of
from conc_harness.check.source_locations import Location, package_function

from .helpers import ModuleMaker, answer

LOST, OTHER_THREAD, LOOP, LEFT = "E-ASYNC-007", "E-ASYNC-008", "E-ASYNC-001", "E-ASYNC-005"


def found(module: ModuleMaker, source: str, code: str) -> set[int]:
    """Returns the lines of all findings, which must have this code."""
    report = answer(module("import asyncio, threading, time\n" + source).check("f", tasks=4)).sent[-1]
    assert report["hang"] is None
    assert {finding["code"] for finding in report["findings"]} <= {code}, report["findings"]
    return {finding["place"]["line"] - 1 for finding in report["findings"]}


SLEEP = "await asyncio.sleep(0.005, 1)"


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        (f"c = {{'n': 0}}\nasync def f(i):\n n = c['n']\n {SLEEP}\n c['n'] = n + 1\n", {5}),
        (f"c = {{}}\nasync def f(i):\n n = c.get('n', 0)\n {SLEEP}\n c['n'] = n + 1\n", {5}),
        (f"t = 0\nasync def f(i):\n global t\n t += {SLEEP}\n", {4}),
        (f"t = 0\nasync def f(i):\n global t\n n = t\n n += 1\n {SLEEP}\n t = n\n", {7}),
        (f"l = [0]\nasync def f(i):\n l[0] = l[0] + {SLEEP}\n", {3}),
        (f"class A:\n n = 0\n async def add(self):\n  m = self.n\n  {SLEEP}\n  self.n = m + 1\n"
         "a = A()\nasync def f(i):\n await a.add()\n", {6}),
        (f"class A:\n __slots__ = 'n',\na = A()\na.n = 0\nasync def f(i):\n m = a.n\n {SLEEP}\n"
         " a.n = m + 1\n", {8}),
        (f"def make():\n n = 0\n async def f(i):\n  nonlocal n\n  m = n\n  {SLEEP}\n  n = m + 1\n"
         " return f\nf = make()\n", {7}),
        ("c = {'n': 0}\ndef f(i):\n n = c['n']\n time.sleep(0.02)\n c['n'] = n + 1\n", {5}),
        ("class A:\n n = 0\ndef g():\n time.sleep(0.02)\n return 1\ndef f(i):\n A.n += g()\n", {7}),
        # Nothing is lost.
        (f"t = 0\nasync def f(i):\n global t\n n = {SLEEP}\n t += n\n", set()),
        (f"t = 0\nasync def f(i):\n global t\n t = {SLEEP} + t\n", set()),
        (f"c = {{}}\nasync def f(i):\n n = c.get(i, 0)\n {SLEEP}\n c[i] = n + 1\n", set()),
        (f"c = {{}}\nasync def f(i):\n n = c.get('n')\n if n is None:\n  n = {SLEEP}\n  c['n'] = n\n", set()),
        (f"s = {{'l': []}}\nasync def f(i):\n l = s['l']\n {SLEEP}\n l.append(i)\n s['l'] = l\n", set()),
        ("c, k = {'n': 0}, threading.Lock()\ndef f(i):\n with k:\n  n = c['n']\n  time.sleep(0.002)\n"
         "  c['n'] = n + 1\n", set()),
    ],
)  # fmt: skip
def test_an_update_is_lost_only_if_another_task_wrote_in_between(
    module: ModuleMaker, source: str, lines: set[int]
) -> None:
    assert found(module, source, LOST) == lines
    assert sys.gettrace() is None or "pytest" in sys.modules


def test_what_the_task_wrote_itself_is_not_lost(module: ModuleMaker) -> None:
    source = (
        f"c = {{}}\nasync def g(i):\n c[i] = 5\nasync def f(i):\n n = c.get(i, 0)\n {SLEEP}\n await g(i)\n"
    )
    assert found(module, source + " c[i] = n + 1\n", LOST) == set()


def test_only_a_write_that_relies_on_an_earlier_read_is_looked_at() -> None:
    source = (
        "async def f():\n    global a, b\n    x = a\n    await g()\n    a = x + 1\n    b = 1\n"
        "async def g():\n    own = {}\n    n = own.get('n', 0)\n    await h()\n    own['n'] = n + 1\n"
        "def h(d):\n    d['n'] = d.get('n', 0) + len(d)\n"
    )
    updates = {
        function.name: [update.text for update in function.updates] for function in functions_of(source)
    }
    assert updates == {"f": ["a"], "h": []}
    assert functions_of("def f(:\n") == []


@pytest.mark.parametrize(
    ("work", "line"),
    [
        ("time.sleep(0.02); fut.set_result(1)", 2),
        ("fut.set_result(1)", 2),
        ("loop.call_soon(fut.set_result, 1)", 2),
        ("loop.call_later(0.001, fut.set_result, 1)", 2),
        ("loop.call_soon_threadsafe(fut.set_result, 1)", None),
    ],
)
def test_a_loop_used_by_another_thread_is_told_and_helped(
    module: ModuleMaker, work: str, line: int | None
) -> None:
    source = (
        f"def g(loop, fut):\n    {work}\nasync def f(i):\n    loop = asyncio.get_running_loop()\n"
        "    fut = loop.create_future()\n    t = threading.Thread(target=g, args=(loop, fut)); t.start()\n"
        "    await fut\n    t.join()\n"
    )
    assert found(module, source, OTHER_THREAD) == ({line} if line else set())
    assert "threads" not in asyncio_future_module()


def asyncio_future_module() -> str:
    import asyncio

    return asyncio.BaseEventLoop.create_future.__module__


def test_a_queue_filled_by_another_thread_is_told(module: ModuleMaker) -> None:
    source = (
        "async def f(i):\n q = asyncio.Queue()\n t = threading.Thread(target=lambda: q.put_nowait(1))\n"
        " t.start()\n t.join()\n return await q.get()\n"
    )
    assert found(module, source, OTHER_THREAD) == {3}


@pytest.mark.parametrize(
    ("source_line", "call"),
    [
        ("future.set_result(x * 2)", "`loop.call_soon_threadsafe(future.set_result, ...)`"),
        ("self.done.set()", "`loop.call_soon_threadsafe(self.done.set)`"),
        ("loop.call_soon(f)", "`loop.call_soon_threadsafe(...)`"),
        ("self.loop.create_task(f())", "`asyncio.run_coroutine_threadsafe(coroutine, loop)`"),
        ("q.put_nowait(1)", "`loop.call_soon_threadsafe(q.put_nowait, ...)`"),
        ("something(else_)", "`loop.call_soon_threadsafe(...)`"),
    ],
)
def test_the_right_call_is_named(source_line: str, call: str) -> None:
    assert call in sentences.loop_of_other_thread(source_line, "Thread-1")


def test_a_thread_that_never_ends_is_told_by_the_line_that_starts_it(module: ModuleMaker) -> None:
    source = (
        "stop = threading.Event()\ndef g(): stop.wait(30)\n"
        "def f(i):\n threading.Thread(target=g, daemon=True).start()\n"
    )
    assert found(module, source, LEFT) == {4}
    assert threading.Thread.start.__module__ == "threading"


def test_one_daemon_thread_and_threads_that_end_are_no_fault(module: ModuleMaker) -> None:
    source = (
        "w = []\nstop = threading.Event()\ndef f(i):\n"
        " threading.Thread(target=time.sleep, args=(0.05,)).start()\n"
        " if not w:\n  w.append(threading.Thread(target=stop.wait, args=(20,), daemon=True)); w[0].start()\n"
    )
    assert found(module, source, LEFT) == set()


def test_an_object_of_another_loop_is_named_with_the_line_that_made_it(module: ModuleMaker) -> None:
    source = (
        "import asyncio\nLIMIT = asyncio.Semaphore(1)\nasync def g():\n    async with LIMIT:\n"
        "        await asyncio.sleep(0.001)\nasync def h():\n    await asyncio.gather(g(), g())\n"
        "def f(i):\n    asyncio.run(h())\n"
    )
    report = answer(module(source).check("f", tasks=3)).sent[-1]
    findings = [(finding["code"], finding["place"]["line"]) for finding in report["findings"]]
    assert set(findings) == {(LOOP, 4)}
    assert "`LIMIT`, made in line 2," in report["findings"][0]["message"]


@pytest.mark.skipif(sys.version_info >= (3, 10), reason="bound when it is made only before Python 3.10")
def test_what_a_module_binds_at_import_is_told_although_nothing_waits_yet(module: ModuleMaker) -> None:
    source = "LIMIT = asyncio.Semaphore(9)\nasync def f(i):\n async with LIMIT:\n  return i\n"
    assert found(module, source, LOOP) == {1}


def test_the_function_of_a_package_is_named() -> None:
    user = Location("/srv/tasks.py", 3, "f")
    client = Location("/v/lib/python3.9/site-packages/client/session.py", 9, "get")
    base = Location("/v/lib/python3.9/site-packages/pool/__init__.py", 2, "take")
    assert package_function([user, client, base]) == "client.session.get"
    assert package_function([user, base]) == "pool.take"
    assert package_function([client, user]) is None
