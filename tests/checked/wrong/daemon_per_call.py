"""Starts a daemon thread in every call, and none of them ends."""

import threading
import time


class Heartbeat:
    def __init__(self):
        self.beats = 0
        thread = threading.Thread(target=self.run, daemon=True)
        thread.start()  # E-ASYNC-005 resources

    def run(self):
        while True:
            self.beats += 1
            time.sleep(0.05)


def fetch(item):
    heartbeat = Heartbeat()
    return heartbeat.beats >= 0
