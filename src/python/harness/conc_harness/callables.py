"""Loads the user's callables by name. Every process loads them anew."""

from __future__ import annotations

import functools
import importlib
import importlib.machinery
import importlib.util
import inspect
import itertools
import os
import sys
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from .errors import CodedError, users_traceback
from .own_modules import give_way
from .requests import CallableSpec
from .text import representation_of

CANNOT_IMPORT = "E-PYTHON-002"
NOT_FOUND = "E-PYTHON-003"

# An item is cut to this length in messages.
MAX_SHOWN_CHARACTERS = 60

AnyCallable = Callable[..., Any]


class SourceLoader(importlib.machinery.SourceFileLoader):
    """Reads a file as Python runs a script: without leaving compiled code next to it."""

    def _cache_bytecode(self, *_: object) -> None:
        pass


class Step:
    """One callable of a task, in the forms that its module offers."""

    def __init__(self, module: ModuleType, spec: CallableSpec) -> None:
        name = spec.callable
        found = find(module, name)
        companion: Any = None
        if spec.async_callable:
            companion = find(module, spec.async_callable)
        elif name.isidentifier():
            companion = getattr(module, f"{name}_async", None)
        self.name = name
        self.blocking: AnyCallable | None = None if is_coroutine_function(found) else found
        self.coroutine: AnyCallable | None = found if self.blocking is None else None
        if companion is not None and is_coroutine_function(companion):
            self.coroutine = companion
        elif spec.async_callable:
            raise CodedError(NOT_FOUND, f"'{spec.async_callable}' is not a coroutine function (async def)")
        forms = [form for form in (self.blocking, self.coroutine) if form]
        self.takes_item = all(takes_item(form) for form in forms)
        # The parameters that an item is unpacked into; empty where the item itself is the argument.
        self.unpacked: tuple[str, ...] = () if _is_unbound(module, name) else _unpacked(forms, name)
        for form in forms:
            _refuse_more_arguments(form, name, self._arguments(), module)
        if self.unpacked:
            self.blocking = self.blocking and _unpacking(self.blocking, name, self.unpacked)
            self.coroutine = self.coroutine and _unpacking_async(self.coroutine, name, self.unpacked)

    def _arguments(self) -> tuple[None, ...]:
        """Returns as many arguments as an item gives."""
        return (None,) * (len(self.unpacked) or int(self.takes_item))

    def any_form(self) -> AnyCallable:
        """Returns the blocking form, else the coroutine function."""
        form = self.blocking or self.coroutine
        assert form is not None, "every step has a form"
        return form


def load_steps(specs: Iterable[CallableSpec]) -> list[Step]:
    """Imports the modules and returns the steps of a task."""
    return [Step(load_module(spec), spec) for spec in specs]


def load_module(spec: CallableSpec) -> ModuleType:
    """Imports the module of a step; raises CodedError with the user's traceback."""
    try:
        if spec.file:
            return _load_file(spec.file, spec.module)
        return _import(spec.module, os.getcwd())
    except BaseException as error:
        raise CodedError(CANNOT_IMPORT, users_traceback(error)) from None


def _import(module: str, directory: str) -> ModuleType:
    _put_first(directory)
    return importlib.import_module(module)


def _put_first(directory: str, loaded_apart: str = "") -> None:
    """Lets modules be found in a directory of the user before all others, except one that is loaded apart."""
    if directory not in sys.path:
        give_way(directory, loaded_apart)
        sys.path.insert(0, directory)


def _load_file(path: str, module: str) -> ModuleType:
    directory, file = os.path.split(os.path.abspath(path))
    path = os.path.join(directory, file)
    if "." in module and os.path.isfile(os.path.join(directory, "__init__.py")):
        # Relative imports need the whole package.
        sys.argv = [path]
        for _ in module.split(".")[1:]:
            directory = os.path.dirname(directory)
        return _import(module, directory)
    name = module_name(os.path.splitext(file)[0], path)
    if name in sys.modules:
        return sys.modules[name]
    _put_first(directory, os.path.splitext(file)[0])
    sys.argv = [path]
    return _execute(name, path)


def _execute(name: str, path: str) -> ModuleType:
    loader = SourceLoader(name, path)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None, "a loader was given"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def module_name(stem: str, path: str) -> str:
    """Returns the name of a file as a module; another name if the library has a module of that name."""
    taken = sys.modules.get(stem)
    if taken is not None and getattr(taken, "__file__", None) != path:
        return f"user_{stem}"
    if stem in getattr(sys, "stdlib_module_names", sys.builtin_module_names):
        return f"user_{stem}"
    return stem


def find(module: ModuleType, dotted: str) -> AnyCallable:
    """Returns the callable of that name; raises CodedError if there is none that conc can call."""
    found: Any = module
    for part in dotted.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise CodedError(NOT_FOUND, _not_found_message(module, dotted)) from None
    if not callable(found):
        raise CodedError(NOT_FOUND, f"'{dotted}' is {type(found).__name__} and cannot be called")
    if inspect.isgeneratorfunction(found) or inspect.isasyncgenfunction(found):
        raise CodedError(NOT_FOUND, f"'{dotted}' is a generator: calling it would run none of its code")
    function: AnyCallable = found
    return function


def _not_found_message(module: ModuleType, dotted: str) -> str:
    import difflib

    names = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
    close = difflib.get_close_matches(dotted, names, 1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    return f"there is no '{dotted}' in {getattr(module, '__file__', module.__name__)}{hint}"


def is_coroutine_function(found: Any) -> bool:
    """Tells whether a call returns something to await."""
    return inspect.iscoroutinefunction(found) or inspect.iscoroutinefunction(
        getattr(found, "__call__", None)  # noqa: B004 - an object with an async `__call__`
    )


def signature(function: AnyCallable) -> inspect.Signature:
    """Returns the signature; annotations may name what only a type checker imports."""
    if sys.version_info >= (3, 14):
        from annotationlib import Format

        return inspect.signature(function, annotation_format=Format.FORWARDREF)
    return inspect.signature(function)


def takes_item(function: AnyCallable) -> bool:
    """Tells whether the callable has a parameter for the item; True where that is unknown."""
    try:
        parameters = signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    positional = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.VAR_POSITIONAL,
    )
    return any(parameter.kind in positional for parameter in parameters)


def _refuse_more_arguments(
    function: AnyCallable, name: str, arguments: tuple[None, ...], module: ModuleType
) -> None:
    """Refuses a callable that needs more than the item gives: every task would fail."""
    try:
        signature(function).bind(*arguments)
    except ValueError:
        # A builtin without a signature.
        return
    except TypeError as error:
        if _is_unbound(module, name):
            owner = find_owner(module, name).__name__
            hint = f"it is a method: name it on an object of the module, not on '{owner}'"
        else:
            hint = f"bind the others: `task = functools.partial({name}, ...)`, and name 'task'"
        message = f"'{name}' cannot be called with only an item: {error}; {hint}"
        raise CodedError(NOT_FOUND, message) from None


def _is_unbound(module: ModuleType, name: str) -> bool:
    """Tells whether the name is that of a method on its class, whose object is missing."""
    owner = find_owner(module, name)
    return inspect.isclass(owner) and inspect.isfunction(vars(owner).get(name.rpartition(".")[2]))


def _unpacked(forms: Iterable[AnyCallable], name: str) -> tuple[str, ...]:
    """Returns the parameters that an item fills if it takes more than one to call the forms; else nothing."""
    found = {_required(form) for form in forms}
    if len(found) == 1:
        (names,) = found
        return names if len(names) > 1 else ()
    if any(len(names) > 1 for names in found):
        raise CodedError(NOT_FOUND, f"'{name}' and its async form need different arguments")
    return ()


def _required(function: AnyCallable) -> tuple[str, ...]:
    """Returns the positional parameters without a default; nothing where they are unknown."""
    try:
        parameters = signature(function).parameters.values()
    except (TypeError, ValueError):
        return ()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(p.name for p in parameters if p.kind in positional and p.default is p.empty)


def _unpacking(function: AnyCallable, name: str, parameters: tuple[str, ...]) -> AnyCallable:
    @functools.wraps(function)
    def call(item: Any) -> Any:
        return function(*arguments_of(item, name, parameters))

    return call


def _unpacking_async(function: AnyCallable, name: str, parameters: tuple[str, ...]) -> AnyCallable:
    @functools.wraps(function)
    async def call(item: Any) -> Any:
        return await function(*arguments_of(item, name, parameters))

    return call


def arguments_of(item: Any, name: str, parameters: tuple[str, ...], where: str = "the item") -> Any:
    """Returns the arguments in an item; raises CodedError if it is no tuple of as many."""
    if isinstance(item, (tuple, list)) and len(item) == len(parameters):
        return item
    raise no_tuple(name, parameters, f"{where} is {_shown(item)}")


def no_tuple(name: str, parameters: tuple[str, ...], what: str) -> CodedError:
    """Returns the error that items do not hold the arguments of a callable."""
    count = len(parameters)
    message = (
        f"'{name}' needs {count} arguments ({', '.join(parameters)}), and {what}, not a tuple of {count}"
    )
    tuples = f"list tuples of {count} as `items` in its module"
    partial = f"`task = functools.partial({name}, ...)`, and name 'task'"
    return CodedError(NOT_FOUND, f"{message}; {tuples}, or bind all arguments but the item: {partial}")


def _shown(item: Any) -> str:
    text = representation_of(item)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else f"{text[:MAX_SHOWN_CHARACTERS]}..."


def find_owner(module: ModuleType, dotted: str) -> Any:
    """Returns the object that a dotted name is an attribute of."""
    owner: Any = module
    for part in dotted.split(".")[:-1]:
        owner = getattr(owner, part)
    return owner


def own_items(module: ModuleType, at_most: int | None = None) -> list[Any] | None:
    """Returns the first items of a module that has `items`, an iterable or a function that returns one."""
    items = getattr(module, "items", None)
    if items is None or inspect.ismodule(items):
        return None
    try:
        return list(itertools.islice(items() if callable(items) else items, at_most))
    except BaseException as error:
        message = f"cannot read `items` of the module\n{users_traceback(error)}"
        raise CodedError(CANNOT_IMPORT, message) from None
