"""Ends a batch in time."""

import threading


def after(seconds, action):
    """Calls `action` on a thread of its own; a loop that tasks hold up could not."""
    timer = threading.Timer(seconds, action)
    timer.name = "conc-timer"
    timer.daemon = True
    timer.start()
    return timer


def stop_after(seconds):
    """A list that gets something in it when the time is over."""
    stop = []
    after(seconds, lambda: stop.append(True))
    return stop
