"""Loads the user's callables by name, in every process anew."""

import importlib
import importlib.machinery
import importlib.util
import inspect
import os
import sys

from .errors import Failure, users_traceback

CANNOT_IMPORT = "E-PYTHON-002"
NOT_FOUND = "E-PYTHON-003"


class SourceLoader(importlib.machinery.SourceFileLoader):
    """Reads a file as Python runs a script: without leaving compiled code beside it."""

    def _cache_bytecode(self, *_):
        pass


class Step:
    """One callable of a task, in the forms the module offers."""

    def __init__(self, module, spec):
        name = spec["callable"]
        found = find(module, name)
        companion = spec.get("async_callable")
        if companion:
            other = find(module, companion)
        else:
            other = getattr(module, name + "_async", None) if name.isidentifier() else None
        self.name = name
        self.blocking = None if is_coroutine_function(found) else found
        self.coroutine = found if self.blocking is None else None
        if other is not None and is_coroutine_function(other):
            self.coroutine = other
        elif companion:
            raise Failure(NOT_FOUND, "'%s' is not a coroutine function (async def)" % companion)
        forms = [form for form in (self.blocking, self.coroutine) if form]
        self.takes_value = all(takes_value(form) for form in forms)
        for form in forms:
            _refuse_more_arguments(form, name, self.takes_value, module)


def load_steps(specs):
    """The steps of a task; imports what they are in."""
    return [Step(load_module(spec), spec) for spec in specs]


def load_module(spec):
    """The module of a step."""
    try:
        if spec.get("file"):
            return _load_file(spec["file"], spec["module"])
        return _import(spec["module"], os.getcwd())
    except BaseException as error:
        raise Failure(CANNOT_IMPORT, users_traceback(error)) from None


def _import(module, directory):
    if directory not in sys.path:
        sys.path.insert(0, directory)
    return importlib.import_module(module)


def _load_file(path, module):
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
    if directory not in sys.path:
        sys.path.insert(0, directory)
    sys.argv = [path]
    loader = SourceLoader(name, path)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def module_name(stem, path):
    """The name as a module; another one where the library has a module of that name."""
    taken = sys.modules.get(stem)
    if taken is not None and getattr(taken, "__file__", None) != path:
        return "user_" + stem
    if stem in getattr(sys, "stdlib_module_names", sys.builtin_module_names):
        return "user_" + stem
    return stem


def find(module, dotted):
    """The callable of that name."""
    found = module
    for part in dotted.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise Failure(NOT_FOUND, _not_there(module, dotted)) from None
    if not callable(found):
        raise Failure(NOT_FOUND, "'%s' is %s and cannot be called" % (dotted, type(found).__name__))
    if inspect.isgeneratorfunction(found) or inspect.isasyncgenfunction(found):
        raise Failure(NOT_FOUND, "'%s' is a generator: calling it would run nothing of it" % dotted)
    return found


def _not_there(module, dotted):
    import difflib

    names = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
    close = difflib.get_close_matches(dotted, names, 1)
    hint = "; did you mean '%s'?" % close[0] if close else ""
    return "there is no '%s' in %s%s" % (dotted, getattr(module, "__file__", module.__name__), hint)


def is_coroutine_function(found):
    """Whether calling it gives something to be awaited."""
    return inspect.iscoroutinefunction(found) or inspect.iscoroutinefunction(
        getattr(found, "__call__", None)
    )


def takes_value(function):
    """Whether the callable has a place for an item; where that is unknown, it has."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    positional = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.VAR_POSITIONAL,
    )
    return any(p.kind in positional for p in parameters)


def _refuse_more_arguments(function, name, has_value, module):
    """Refuses what needs more than the item: every task would fail of it."""
    try:
        inspect.signature(function).bind(*((None,) if has_value else ()))
    except ValueError:
        # A builtin that does not tell.
        return
    except TypeError as error:
        owner = find_owner(module, name)
        hint = ""
        if inspect.isclass(owner) and inspect.isfunction(function):
            hint = "; it is a method: name it on an object of the module, not on '%s'" % owner.__name__
        told = "'%s' cannot be called with an item alone: %s%s" % (name, error, hint)
        raise Failure(NOT_FOUND, told) from None


def find_owner(module, dotted):
    """What a dotted name is an attribute of."""
    owner = module
    for part in dotted.split(".")[:-1]:
        owner = getattr(owner, part)
    return owner


def own_items(module):
    """The items that the module offers as `items`, an iterable or a function that gives one; or None."""
    items = getattr(module, "items", None)
    if items is None or inspect.ismodule(items):
        return None
    try:
        return list(items() if callable(items) else items)
    except BaseException as error:
        raise Failure(CANNOT_IMPORT, "the items of the module cannot be had\n" + users_traceback(error)) from None
