"""Loads a model when it is first used, once in every process."""

import threading

items = range(400)
_loading = threading.Lock()
_model = 0


def _burn(rounds: int) -> int:
    total = 0
    for number in range(rounds):
        total += number % 7
    return total


def task(item: int) -> int:
    """Takes about 2 ms, and the first time in a process about 0.3 s."""
    global _model
    with _loading:
        _model = _model or _burn(5_000_000)
    return item + _model + _burn(40_000)
