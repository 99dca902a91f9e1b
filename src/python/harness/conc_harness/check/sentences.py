"""The words of findings: what is wrong, and what to do."""

from __future__ import annotations

import re


def lost_update(place: str, read_line: int, write_line: int, is_async: bool) -> str:
    """Returns the words for a write that overwrites what another task, or another thread, wrote."""
    who, lock = (
        ("task", "`async with` an asyncio.Lock") if is_async else ("thread", "`with` a threading.Lock")
    )
    since = "at the beginning of this line" if read_line == write_line else f"in line {read_line}"
    return (
        f"overwrites `{place}`, which another {who} has changed since it was read {since}, so that "
        f"update is lost; read and write it inside {lock}, or read it again right before the write"
    )


# What to write instead of a call that only the thread of the loop may make.
RIGHT_CALLS = (
    (r"([\w.\[\]]+)\.(?:create_task|ensure_future)\(", "asyncio.run_coroutine_threadsafe(coroutine, loop)"),
    (r"([\w.\[\]]+)\.call_soon\(", r"\1.call_soon_threadsafe(...)"),
    (r"([\w.\[\]]+)\.call_(later|at)\(", r"\1.call_soon_threadsafe(\1.call_\2, ...)"),
    (
        r"([\w.\[\]]+)\.(set_result|set_exception|put_nowait|get_nowait|set|release|cancel|notify|notify_all|task_done)\(",
        r"loop.call_soon_threadsafe(\1.\2, ...)",
    ),
)


def loop_of_other_thread(source_line: str, thread: str) -> str:
    """Returns the words for a use of an event loop from a thread that does not run it."""
    right = "loop.call_soon_threadsafe(...)"
    for pattern, call in RIGHT_CALLS:
        found = re.search(pattern, source_line)
        if found:
            is_last = source_line[found.end() :].lstrip().startswith(")")
            right = found.expand(call).replace(", ...)", ")") if is_last else found.expand(call)
            break
    return (
        f"uses an event loop from the thread '{thread}', which does not run it: nothing wakes the "
        f"loop, which goes on late or never; call `{right}`"
    )


def thread_left(name: str, line_now: int | None) -> str:
    """Returns the words for a thread that keeps the program from ending."""
    where = f", in line {line_now}" if line_now else ""
    return (
        f"the thread '{name}', started here, still runs when all tasks have ended{where}, and the program "
        "waits for it for ever; end it with an event that it looks at, and join it"
    )


def threads_left_by_calls(name: str, line_now: int | None) -> str:
    """Returns the words for threads of which every call leaves one behind."""
    where = f", in line {line_now}" if line_now else ""
    return (
        f"every call starts a thread here that never ends ('{name}'{where}), so that their number only "
        "grows; end and join it, or start one for all calls"
    )


def of_another_loop(what: str, made_line: int | None) -> str:
    """Returns the words for the use of something on another loop than its own."""
    made = f", made in line {made_line}," if made_line else ""
    return (
        f"{what}{made} belongs to another event loop than the one that runs; make it inside the "
        "coroutine that asyncio.run() runs, or call asyncio.run() once for all"
    )


def bound_at_import(name: str) -> str:
    """Returns the words for a lock or the like that a module makes, before Python 3.10."""
    return (
        f"`{name}` is made before an event loop runs, which before Python 3.10 binds it to another "
        "loop than that of asyncio.run(): it fails as soon as a task has to wait for it; make it inside "
        "a coroutine"
    )


def a(name: str) -> str:
    """Returns a name with its article."""
    return f"an {name}" if name[0] in "AEIOU" else f"a {name}"
