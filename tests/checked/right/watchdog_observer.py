"""Watches a directory for each call."""
# needs watchdog

import os
import tempfile
import threading

from watchdog.events import FileSystemEventHandler
from watchdog.observers import Observer


class Handler(FileSystemEventHandler):
    def __init__(self):
        self.seen = threading.Event()

    def on_created(self, event):
        self.seen.set()


def fetch(item):
    with tempfile.TemporaryDirectory() as directory:
        handler, observer = Handler(), Observer()
        observer.schedule(handler, directory)
        observer.start()
        try:
            with open(os.path.join(directory, "new"), "w") as file:
                file.write(str(item))
            return handler.seen.wait(timeout=60)
        finally:
            observer.stop()
            observer.join()
