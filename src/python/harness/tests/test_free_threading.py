from __future__ import annotations

import sys

import pytest

from conc_harness.free_threading import GilWatch, is_gil_enabled


class Loader:
    """Loads extension modules, one of which needs the lock."""

    enabled = False

    def __init__(self, name: str) -> None:
        self.name = name

    def create_module(self, spec: str) -> str:
        Loader.enabled = Loader.enabled or self.name == "needs._lock"
        return spec

    def exec_module(self, module: str) -> None:
        pass


def test_the_module_that_switches_the_lock_on_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: Loader.enabled, raising=False)
    monkeypatch.setattr(Loader, "enabled", False)
    watch = GilWatch()
    watch.start(Loader)
    assert not is_gil_enabled()
    assert Loader("needs._none").create_module("spec") == "spec"
    assert watch.switched_on_by is None
    for name in ("needs._lock", "comes._later"):
        loader = Loader(name)
        loader.exec_module(loader.create_module("spec"))
    assert is_gil_enabled() and watch.switched_on_by == "needs._lock"


def test_nothing_is_watched_where_the_lock_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sys, "_is_gil_enabled", raising=False)
    before = Loader.create_module
    GilWatch().start(Loader)
    assert is_gil_enabled() and Loader.create_module is before
