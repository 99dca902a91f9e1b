from __future__ import annotations

import sys
import threading
from types import ModuleType

import pytest

from conc_harness.thread_frames import INTERPRETER_MODULES, current_frames


@pytest.mark.parametrize("name", INTERPRETER_MODULES)
@pytest.mark.parametrize(("interpreters", "is_empty"), [([0], False), ([0, 1], True)])
def test_frames_are_only_read_in_a_lone_interpreter(
    monkeypatch: pytest.MonkeyPatch, name: str, interpreters: list[int], is_empty: bool
) -> None:
    for other in INTERPRETER_MODULES:
        monkeypatch.delitem(sys.modules, other, raising=False)
    module = ModuleType(name)
    monkeypatch.setattr(module, "list_all", lambda: interpreters, raising=False)
    monkeypatch.setitem(sys.modules, name, module)
    assert (threading.get_ident() not in current_frames()) is is_empty
