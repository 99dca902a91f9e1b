"""Names the module whose import switches the interpreter's lock (GIL) on in a build without one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.machinery import ExtensionFileLoader
from typing import Any


def is_gil_enabled() -> bool:
    """Tells whether the lock is on, which an import may do in a free-threaded build."""
    enabled: bool = getattr(sys, "_is_gil_enabled", lambda: True)()
    return enabled


class GilWatch:
    """Watches extension modules as they are loaded."""

    def __init__(self) -> None:
        # The module that switched the lock on; None if it is off, or was on from the start.
        self.switched_on_by: str | None = None

    def start(self, loader: type = ExtensionFileLoader) -> None:
        """Watches from now on, if the lock is off."""
        if is_gil_enabled():
            return
        for name in ("create_module", "exec_module"):
            setattr(loader, name, self._watched(getattr(loader, name)))

    def _watched(self, load: Callable[..., Any]) -> Callable[..., Any]:
        def run(loader: Any, subject: Any) -> Any:
            was_enabled = is_gil_enabled()
            try:
                return load(loader, subject)
            finally:
                if not was_enabled and is_gil_enabled() and self.switched_on_by is None:
                    self.switched_on_by = loader.name

        return run


# Of this process.
gil_watch = GilWatch()
