"""The hooks of `pytest -n conc`; without that option nothing is measured or kept."""

import os
from pathlib import Path
from typing import Any, Optional

import pytest

from conc_pytest import numprocesses, words
from conc_pytest.controller import Controller
from conc_pytest.last_run import LastRun
from conc_pytest.machine import available_bytes, effective_cpus
from conc_pytest.recorder import Recorder
from conc_pytest.width import Choice, Machine, choose

# What tells a worker to measure its tests.
WORKER_INPUT = "conc_measures"

CHOICE = pytest.StashKey[Choice]()

_parser: Any = None


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Makes `-n` accept `conc` if pytest-xdist was loaded before."""
    global _parser
    _parser = parser
    for plugin in pluginmanager.get_plugins():
        numprocesses.accept(parser, plugin)


def pytest_plugin_registered(plugin: object) -> None:
    """Makes `-n` accept `conc` if pytest-xdist is loaded now."""
    if _parser is not None:
        numprocesses.accept(_parser, plugin)


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> Optional[int]:
    """Chooses the number of workers for `-n conc`."""
    if not isinstance(config.option.numprocesses, numprocesses.ConcWidth):
        return None
    last_run, selection = _last_run(config), _selection(config)
    history = last_run.of(selection, _paths(config), _is_filtered(config))
    machine = Machine(effective_cpus(), available_bytes())
    distribution = config.getoption("dist", "load")
    choice = choose(history, machine, config.getoption("maxprocesses", None), distribution)
    config.stash[CHOICE] = choice
    config.pluginmanager.register(Controller(choice, last_run, selection), "conc_controller")
    if not choice.workers:
        config.pluginmanager.register(Recorder(), "conc_recorder")
    return choice.workers


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells a worker to measure its tests."""
    if CHOICE in node.config.stash:
        node.workerinput[WORKER_INPUT] = True


def pytest_configure(config: pytest.Config) -> None:
    """Begins to measure tests in a worker."""
    if getattr(config, "workerinput", {}).get(WORKER_INPUT):
        config.pluginmanager.register(Recorder(), "conc_recorder")


def pytest_report_header(config: pytest.Config) -> Optional[str]:
    """Says why the number of workers was chosen."""
    choice = config.stash.get(CHOICE, None)
    return words.header(choice) if choice else None


def _last_run(config: pytest.Config) -> LastRun:
    """Reads the cache: pytest opens it only after the workers were counted."""
    if config.getoption("cacheclear", False):
        return LastRun({})
    try:
        name = str(config.getini("cache_dir"))
    except ValueError:
        # The plugin of the cache is off.
        return LastRun.read(None)
    return LastRun.read(config.rootpath / Path(os.path.expandvars(os.path.expanduser(name))))


def _selection(config: pytest.Config) -> str:
    """Returns the part of the command line that selects tests."""
    option = config.option
    names = ["keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf", "dist"]
    chosen = [f"{name}={getattr(option, name, None)}" for name in names if getattr(option, name, None)]
    return " ".join([*sorted(_paths(config)), *chosen])


def _paths(config: pytest.Config) -> list[str]:
    """Returns the arguments as prefixes of the names of tests."""

    def relative(argument: str) -> str:
        file, separator, rest = argument.partition("::")
        path = os.path.relpath(config.invocation_params.dir / file, config.rootpath)
        return f"{'' if path == '.' else Path(path).as_posix()}{separator}{rest}"

    return [relative(argument) for argument in config.args]


def _is_filtered(config: pytest.Config) -> bool:
    """Returns True if more than paths selects tests."""
    option = config.option
    return any(getattr(option, name, None) for name in ["keyword", "markexpr", "deselect", "lf"])
