"""Starts a thread in every call, tells it to end, and waits until it has."""

import threading


def beat(stop, beats):
    while not stop.wait(0.002):
        beats.append(1)


def fetch(item):
    stop, beats = threading.Event(), []
    thread = threading.Thread(target=beat, args=(stop, beats))
    thread.start()
    stop.wait(0.01)
    stop.set()
    thread.join()
    return item
