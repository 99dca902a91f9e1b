from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from .helpers import ModuleMaker, UserModule


@pytest.fixture
def module(tmp_path: Path) -> Iterator[ModuleMaker]:
    """Makes a user's module; afterwards restores what loading and checking it changes."""
    path, argv, hooks = list(sys.path), list(sys.argv), (threading.excepthook, sys.unraisablehook)
    directory = os.getcwd()
    if sys.version_info < (3, 10):
        # There, a semaphore is made for the event loop of its thread, and `asyncio.run` of an earlier test
        # leaves none.
        asyncio.set_event_loop(asyncio.new_event_loop())
    yield lambda source: UserModule(tmp_path, source)
    sys.path[:], sys.argv[:] = path, argv
    threading.excepthook, sys.unraisablehook = hooks
    os.chdir(directory)
