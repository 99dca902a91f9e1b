"""Watches tasks that run at the same time: does one overwrite what another wrote since it read the value?

Only functions in which `shared_places` finds such a pair of a read and a write, and those that write to the
same places, are traced. A pair counts as a fault when the value that was read has been changed by another
task, or another thread, before the write.
"""

from __future__ import annotations

import asyncio
import dis
import linecache
import sys
import threading
import weakref
from collections.abc import Callable, Iterable
from types import CodeType, FrameType
from typing import Any

from . import sentences, source_locations
from .finding_list import FindingList
from .probe import TOGETHER, Probe
from .shared_places import (
    ATTRIBUTE,
    CONSTANT,
    NAME,
    FunctionUpdates,
    Place,
    Span,
    Update,
    functions_of,
)
from .source_locations import Location

CHECK, CODE = "shared-state", "E-ASYNC-007"

# Files and characters that are read at most.
MAX_FILES, MAX_CHARACTERS = 200, 400_000

# Events after which the watch ends, because it makes the program too slow.
MAX_EVENTS = 300_000

# The interpreter changes threads after this time while they are watched.
SWITCH_INTERVAL_S = 0.0002

STORES = ("STORE_NAME", "STORE_GLOBAL", "STORE_DEREF", "STORE_ATTR", "STORE_SUBSCR")

_NOTHING = object()
_PLAIN = (int, float, complex, str, bytes, bool)


class UpdateWatch(Probe):
    """Adds updates that are lost while all tasks run at the same time."""

    def __init__(self, findings: FindingList) -> None:
        self._findings = findings
        self._functions: dict[tuple[str, int, str], FunctionUpdates] = {}
        self._codes: dict[int, tuple[CodeType, _WatchedCode | None]] = {}
        self._writers: dict[object, object] = {}
        self._tasks: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._events = 0
        self._is_over, self._is_tracing = True, False
        self._interval_s = sys.getswitchinterval()

    def stage_begins(self, form: str, stage: str) -> None:
        """Begins to trace functions that may lose updates, if there are any."""
        if stage != TOGETHER:
            return
        self._functions = _watched_functions()
        self._is_over = not any(function.updates for function in self._functions.values())
        if not self._is_over:
            self._codes.clear()
            self._is_tracing = True
            self._trace = sys.gettrace()
            sys.setswitchinterval(SWITCH_INTERVAL_S)
            # Python 3.12 looks at this only when tracing begins.
            sys._getframe().f_trace_opcodes = True
            threading.settrace(self._on_call)
            sys.settrace(self._on_call)

    def stage_ended(self, form: str, stage: str) -> None:
        """Ends tracing."""
        if stage == TOGETHER:
            self.all_ended()

    def all_ended(self) -> None:
        """Ends tracing, also if the stage was cut short."""
        if self._is_tracing:
            self._is_over, self._is_tracing = True, False
            sys.settrace(self._trace)
            threading.settrace(self._trace)  # type: ignore[arg-type]
            sys.setswitchinterval(self._interval_s)

    def _on_call(self, frame: FrameType, _event: str, _argument: object) -> Callable[..., Any] | None:
        """Is called by the interpreter when a function is called or a coroutine goes on."""
        if self._is_over:
            return None
        if isinstance(frame.f_trace, _FrameWatch):
            return frame.f_trace
        code = frame.f_code
        known = self._codes.get(id(code))
        if known is None:
            function = self._functions.get((code.co_filename, code.co_firstlineno, code.co_name))
            known = code, _WatchedCode(code, function) if function else None
            self._codes[id(code)] = known
        if known[1] is None:
            return None
        frame.f_trace_opcodes = True
        return _FrameWatch(self, known[1])

    # Called by the frames that are watched.

    def goes_on(self) -> bool:
        """Counts an event; tells whether the watch goes on."""
        self._events += 1
        self._is_over = self._is_over or self._events > MAX_EVENTS
        return not self._is_over

    def wrote(self, where: object) -> None:
        """Remembers the task that runs as the last one that wrote to a place."""
        self._writers[where] = self._who()

    def is_by_another(self, where: object) -> bool:
        """Tells whether another task, or another thread, wrote last to a place."""
        return self._writers.get(where, self._who()) != self._who()

    def lost(self, frame: FrameType, update: Update, is_async: bool) -> None:
        """Adds an update that is about to be lost."""
        code = frame.f_code
        location = Location(code.co_filename, update.write[0], code.co_name)
        message = sentences.lost_update(update.text, update.read[0], update.write[0], is_async)
        self._findings.add(CHECK, CODE, message, location)

    def _who(self) -> object:
        loop = asyncio._get_running_loop()
        task = asyncio.current_task(loop) if loop is not None else None
        if task is None:
            return threading.get_ident()
        return "task", self._tasks.setdefault(task, len(self._tasks) + self._events)


class _WatchedCode:
    """A function, and where its code stores."""

    def __init__(self, code: CodeType, function: FunctionUpdates) -> None:
        self.function = function
        self.stores: dict[int, list[Place]] = {}
        # Names of an enclosing function: its cell is only known by the value.
        self.outer = {*code.co_freevars, *code.co_cellvars}
        self.code = code
        line = code.co_firstlineno
        for instruction in dis.get_instructions(code):
            line = _line_of(instruction) or line
            if instruction.opname in STORES:
                places = [
                    place
                    for place, (first, last) in function.writes
                    if first <= line <= last and _stores(instruction, place)
                ]
                if places:
                    self.stores[instruction.offset] = places


def _line_of(instruction: dis.Instruction) -> int | None:
    positions = getattr(instruction, "positions", None)
    line = positions.lineno if positions else instruction.starts_line
    return None if line is None or isinstance(line, bool) else int(line)


def _stores(instruction: dis.Instruction, place: Place) -> bool:
    if instruction.opname == "STORE_SUBSCR":
        return bool(place[0] not in (NAME, ATTRIBUTE))
    return bool(instruction.argval == place[-1])


class _FrameWatch:
    """Watches one call of a function."""

    def __init__(self, watch: UpdateWatch, watched: _WatchedCode) -> None:
        self._watch = watch
        self._watched = watched
        self._line = 0
        self._read_at: dict[Update, tuple[int, object]] = {}

    def __call__(self, frame: FrameType, event: str, _argument: object) -> _FrameWatch | None:
        if event == "line":
            self._on_line(frame)
        elif event == "opcode":
            self._on_opcode(frame)
        return self if self._watch.goes_on() else None

    def _on_line(self, frame: FrameType) -> None:
        line, last = frame.f_lineno, self._line
        self._line = line
        for update in self._watched.function.updates:
            known = self._read_at.get(update)
            begins = known is None or not _is_in(last, update.read) or frame.f_lasti <= known[0]
            if _is_in(line, update.read) and begins:
                self._read_at[update] = frame.f_lasti, self._look(update.place, frame)[1]

    def _on_opcode(self, frame: FrameType) -> None:
        for place in self._watched.stores.get(frame.f_lasti, ()):
            where, value = self._look(place, frame)
            if where is None:
                continue
            for update in self._watched.function.updates:
                if update.place == place and _is_in(frame.f_lineno, update.write):
                    self._judge(frame, update, where, value)
            self._watch.wrote(where)

    def _judge(self, frame: FrameType, update: Update, where: object, value: object) -> None:
        read = self._read_at.pop(update, None)
        if read and not _is_same(read[1], value) and self._watch.is_by_another(where):
            self._watch.lost(frame, update, self._watched.function.is_async)

    def _look(self, place: Place, frame: FrameType) -> tuple[object, object]:
        """Returns what a place is, so that it can be compared, and the value there."""
        if place[0] == NAME:
            name = place[1]
            if name in self._watched.outer:
                return (self._watched.code.co_filename, name), frame.f_locals.get(name, _NOTHING)
            if name in frame.f_locals:
                return None, frame.f_locals[name]
            return (id(frame.f_globals), name), frame.f_globals.get(name, _NOTHING)
        base = self._look(place[1], frame)[1]
        if place[0] == ATTRIBUTE:
            return (id(base), place[2]), _attribute(base, place[2])
        key = place[2][2] if place[2][0] == CONSTANT else self._look(place[2], frame)[1]
        return (id(base), type(key), key if isinstance(key, _PLAIN) else id(key)), _item(base, key)


def _is_in(line: int, span: Span) -> bool:
    return span[0] <= line <= span[1]


def _is_same(one: object, other: object) -> bool:
    return one is other or (type(one) is type(other) and isinstance(one, _PLAIN) and one == other)


def _attribute(base: object, name: str) -> object:
    """Returns an attribute without running code of the user."""
    own = getattr(base, "__dict__", None)
    if isinstance(own, dict) and name in own:
        return own[name]
    for kind in (base if isinstance(base, type) else type(base)).__mro__:
        if name in kind.__dict__:
            found = kind.__dict__[name]
            if type(found).__name__ == "member_descriptor":
                try:
                    return found.__get__(base, kind)
                except AttributeError:
                    return _NOTHING
            return found
    return _NOTHING


def _item(base: object, key: object) -> object:
    """Returns an item of a container without running code of the user."""
    try:
        if isinstance(base, dict):
            return dict.get(base, key, _NOTHING)
        if isinstance(base, list) and isinstance(key, int):
            return list.__getitem__(base, key)
    except (TypeError, IndexError):
        pass
    return _NOTHING


def _watched_functions() -> dict[tuple[str, int, str], FunctionUpdates]:
    """Returns the functions of the user that may lose updates, and all that write to the same places."""
    found = [(file, function) for file in _files_of_user() for function in functions_of(_source(file))]
    ends = {_end(update.place) for _, function in found for update in function.updates}
    return {
        (file, function.first_line, function.name): function
        for file, function in found
        if any(_end(place) in ends for place, _ in function.writes)
    }


def _end(place: Place) -> tuple[Any, ...]:
    """Returns the last part of a place, by which the same place is recognised in another function."""
    return (place[0],) if place[0] not in (NAME, ATTRIBUTE) else (place[0], place[-1])


def _files_of_user() -> Iterable[str]:
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    own = [file for file in files if file and file.endswith(".py")]
    return [file for file in own if source_locations.owner(file) == source_locations.USER][:MAX_FILES]


def _source(file: str) -> str:
    text = "".join(linecache.getlines(file))
    return text if len(text) <= MAX_CHARACTERS else ""
