"""A timer that rings, and one that is cancelled in time."""

import threading


def fetch(item):
    rung = threading.Event()
    soon, late = threading.Timer(0.002, rung.set), threading.Timer(60.0, rung.clear)
    soon.start()
    late.start()
    rung.wait(timeout=60)
    late.cancel()
    soon.join()
    late.join()
    return item
