from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HARNESS = Path(__file__).parent.parent

# What a harness does before the user's directory comes first; the user's module says whose it is.
PROGRAM = """
import sys
at_start = frozenset(sys.modules)
sys.path.insert(0, {harness!r})
from conc_harness import own_modules, serve
if {knows}:
    own_modules.set_at_start(at_start)
own_modules.give_way({directory!r}, "tasks")
sys.path.insert(0, {directory!r})
import queue, json
print(hasattr(queue, "mine"), hasattr(json, "mine"), hasattr(serve.own_modules.importlib, "import_module"))
import conc_harness.processes
print(hasattr(conc_harness.foreign.queue, "SimpleQueue"))
"""


def said(directory: Path, knows: bool) -> list[str]:
    for name in ("queue.py", "json.py"):
        (directory / name).write_text("mine = True\n")
    program = PROGRAM.format(harness=str(HARNESS), directory=str(directory), knows=knows)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_user_gets_own_modules_and_the_harness_keeps_those_of_python(tmp_path: Path) -> None:
    assert said(tmp_path, True) == ["True", "True", "True", "True"]


def test_a_guest_in_another_program_takes_no_module_away_from_it(tmp_path: Path) -> None:
    # The harness has imported both.
    assert said(tmp_path, False) == ["False", "False", "True", "True"]
