"""Finds, in the source of functions, reads of shared state that a later write of the same function relies on.

`n = c["n"]; await other(); c["n"] = n + 1` is such a pair: whatever another task writes in between is lost.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Union

# A place that holds a value, such as `c["n"]`: ("name", "c"), ("attribute", place, "n") or
# ("item", place, place or ("constant", value)).
Place = tuple[Any, ...]

NAME, ATTRIBUTE, ITEM, CONSTANT = "name", "attribute", "item", "constant"

# The first and the last line of a statement.
Span = tuple[int, int]

FunctionNode = Union[ast.FunctionDef, ast.AsyncFunctionDef]
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)

# Calls that are too short for other threads to come in between often.
BRIEF_CALLS = frozenset(
    [
        "abs",
        "bool",
        "dict",
        "float",
        "format",
        "frozenset",
        "get",
        "getattr",
        "hasattr",
        "id",
        "int",
        "isinstance",
        "items",
        "keys",
        "len",
        "list",
        "max",
        "min",
        "print",
        "range",
        "repr",
        "reversed",
        "round",
        "set",
        "sorted",
        "str",
        "sum",
        "tuple",
        "type",
        "values",
        "zip",
        "append",
        "extend",
        "add",
        "update",
        "copy",
    ]
)

# Calls that make a container that nobody else has.
NEW_CONTAINERS = frozenset(["dict", "list", "set", "Counter", "defaultdict", "OrderedDict", "deque"])


@dataclass(frozen=True)
class Update:
    """A write of a place that relies on an earlier read of it; others run in between."""

    place: Place
    text: str
    read: Span
    write: Span


@dataclass
class FunctionUpdates:
    """What a function does to shared places."""

    name: str
    first_line: int
    is_async: bool
    updates: list[Update] = field(default_factory=list)
    # Every write of a place that may be shared.
    writes: list[tuple[Place, Span]] = field(default_factory=list)


def place_of(node: ast.expr) -> Place | None:
    """Returns the place that an expression names; None if it is none that can be looked at safely."""
    if isinstance(node, ast.Name):
        return NAME, node.id
    if isinstance(node, ast.Attribute):
        base = place_of(node.value)
        return base and (ATTRIBUTE, base, node.attr)
    if isinstance(node, ast.Subscript):
        base, key = place_of(node.value), _key_of(node.slice)
        return base and key and (ITEM, base, key)
    return None


def _key_of(node: ast.AST) -> Place | None:
    if type(node).__name__ == "Index":
        # Before Python 3.9.
        node = node.value  # type: ignore[attr-defined]
    if isinstance(node, ast.Constant):
        return CONSTANT, type(node.value).__name__, node.value
    return place_of(node) if isinstance(node, ast.expr) else None


def shown(place: Place) -> str:
    """Returns a place as it is written in Python."""
    if place[0] == NAME:
        return str(place[1])
    if place[0] == ATTRIBUTE:
        return f"{shown(place[1])}.{place[2]}"
    if place[0] == CONSTANT:
        return repr(place[2])
    return f"{shown(place[1])}[{shown(place[2])}]"


def functions_of(source: str) -> list[FunctionUpdates]:
    """Returns the functions of a module that write to shared places."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []
    found = [
        _Function(node).examine()
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    return [function for function in found if function.writes]


@dataclass
class _Read:
    """A read of a place, and the names that depend on it."""

    place: Place
    span: Span
    names: set[str]
    is_before_pause: bool = False
    # The statement paused before it read: what was there when the statement began says nothing.
    is_late: bool = False


class _Function:
    """Follows one function in the order in which it is evaluated."""

    def __init__(self, node: FunctionNode) -> None:
        self._node = node
        self._found = FunctionUpdates(node.name, _first_line(node), isinstance(node, ast.AsyncFunctionDef))
        self._outer = {name for part in own_nodes(node) for name in _declared(part)}
        self._locals = _bound_names(node) - self._outer
        self._own = _own_containers(node) - self._outer
        self._reads: list[_Read] = []
        self._span: Span = (0, 0)
        self._paused_in_statement = False

    def examine(self) -> FunctionUpdates:
        """Returns what was found."""
        self._body(self._node.body)
        return self._found

    # Statements.

    def _body(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, FUNCTIONS):
            return
        self._begin(node)
        if isinstance(node, ast.AugAssign):
            self._augmented(node)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if node.value is not None:
                self._assigned(targets, node.value, node)
        else:
            self._compound(node)

    def _begin(self, node: ast.stmt | ast.expr) -> None:
        self._span = node.lineno, node.end_lineno or node.lineno
        self._paused_in_statement = False

    def _compound(self, node: ast.stmt) -> None:
        is_async = isinstance(node, (ast.AsyncFor, ast.AsyncWith))
        for name, value in ast.iter_fields(node):
            parts = value if isinstance(value, list) else [value]
            for part in parts:
                if isinstance(part, ast.stmt):
                    self._statement(part)
                elif isinstance(part, ast.ExceptHandler):
                    self._body(part.body)
                elif isinstance(part, ast.withitem):
                    self._begin(part.context_expr)
                    self._expression(part.context_expr, set())
                elif type(part).__name__ == "match_case":
                    self._body(part.body)
                elif isinstance(part, ast.expr) and name != "target":
                    self._begin(part)
                    self._expression(part, set())
            if is_async and name in ("iter", "items"):
                self._pause()
        if is_async:
            self._pause()

    def _assigned(self, targets: list[ast.expr], value: ast.expr, node: ast.stmt) -> None:
        names = {target.id for target in _flat(targets) if isinstance(target, ast.Name)} - self._outer
        used = self._expression(value, names)
        for target in _flat(targets):
            place = place_of(target)
            if place and self._is_shared(place):
                self._write(place, used)
        for read in self._reads:
            # A name that is given another value no longer depends on the read.
            if not used & {id(read)}:
                read.names -= names

    def _augmented(self, node: ast.AugAssign) -> None:
        place = place_of(node.target)
        if not place or not self._is_shared(place):
            names = {node.target.id} if isinstance(node.target, ast.Name) else set()
            self._expression(node.value, names)
            return
        read = _Read(place, self._span, set())
        self._reads.append(read)
        used = self._expression(node.value, set())
        self._write(place, {*used, id(read)})

    # Expressions, in the order in which they are evaluated.

    def _expression(self, node: ast.expr, names: set[str]) -> set[int]:
        """Follows an expression; returns the reads that its value depends on, which `names` now keep."""
        used: set[int] = set()
        self._follow(node, names, used)
        return used

    def _follow(self, node: ast.AST, names: set[str], used: set[int]) -> None:
        if isinstance(node, FUNCTIONS):
            return
        place = _read_of(node)
        if place and self._is_shared(place):
            read = _Read(place, self._span, set(names), is_late=self._paused_in_statement)
            self._reads.append(read)
            used.add(id(read))
        elif isinstance(node, ast.Name):
            for read in self._reads:
                if node.id in read.names:
                    used.add(id(read))
                    read.names |= names
        if isinstance(node, ast.NamedExpr):
            self._follow(node.value, names | {node.target.id}, used)
            return
        for child in ast.iter_child_nodes(node):
            self._follow(child, names, used)
        if self._pauses(node):
            self._pause()

    def _pauses(self, node: ast.AST) -> bool:
        """Tells whether other tasks, or other threads, may run at an expression for any length of time."""
        if isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom)):
            return True
        if isinstance(node, ast.comprehension):
            return bool(node.is_async)
        return not self._found.is_async and isinstance(node, ast.Call) and _called(node) not in BRIEF_CALLS

    def _pause(self) -> None:
        self._paused_in_statement = True
        for read in self._reads:
            read.is_before_pause = True

    def _write(self, place: Place, used: set[int]) -> None:
        self._found.writes.append((place, self._span))
        for read in self._reads:
            if id(read) in used and read.place == place and read.is_before_pause and not read.is_late:
                update = Update(place, shown(place), read.span, self._span)
                if update not in self._found.updates:
                    self._found.updates.append(update)

    def _is_shared(self, place: Place) -> bool:
        """Tells whether others may have a place too: not if it is a local variable."""
        if place[0] == NAME:
            return place[1] in self._outer or place[1] not in self._locals
        return root_of(place) not in self._own


def root_of(place: Place) -> str:
    """Returns the name that a place is reached from."""
    while place[0] != NAME:
        place = place[1]
    return str(place[1])


def _read_of(node: ast.AST) -> Place | None:
    """Returns the place that an expression reads, if it does no more than that."""
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Load):
        return place_of(node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        base, key = place_of(node.func.value), _key_of(node.args[0])
        if node.func.attr == "get" and base and key:
            return ITEM, base, key
    return None


def own_nodes(function: FunctionNode) -> Iterator[ast.AST]:
    """Returns the nodes of a function without those of functions inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, FUNCTIONS):
            waiting.extend(ast.iter_child_nodes(node))


def _declared(node: ast.AST) -> list[str]:
    return node.names if isinstance(node, (ast.Global, ast.Nonlocal)) else []


def _bound_names(function: FunctionNode) -> set[str]:
    arguments = function.args
    every = [*getattr(arguments, "posonlyargs", []), *arguments.args, *arguments.kwonlyargs]
    names = {argument.arg for argument in [*every, arguments.vararg, arguments.kwarg] if argument}
    for node in own_nodes(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            names.add(node.id)
    return names


def _own_containers(function: FunctionNode) -> set[str]:
    """Returns the names of containers that the function makes itself; it may still pass them on."""
    own: set[str] = set()
    for node in own_nodes(function):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None and _is_new(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            own |= {target.id for target in targets if isinstance(target, ast.Name)}
    return own


def _is_new(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return _called(node) in NEW_CONTAINERS
    return isinstance(node, (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp))


def _called(node: ast.Call) -> str:
    """Returns the last part of the name of what is called."""
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _flat(targets: Iterable[ast.expr]) -> Iterator[ast.expr]:
    for target in targets:
        if isinstance(target, (ast.Tuple, ast.List)):
            yield from _flat(target.elts)
        elif isinstance(target, ast.Starred):
            yield from _flat([target.value])
        else:
            yield target


def _first_line(node: FunctionNode) -> int:
    """Returns the line that the code object has: that of the first decorator."""
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
