"""Objects that clean up when they are collected, also those of a circle."""

import os
import tempfile
import weakref


class Scratch:
    def __init__(self):
        descriptor, self.path = tempfile.mkstemp()
        os.close(descriptor)
        self.itself = self
        self.close = weakref.finalize(self, os.unlink, self.path)


def fetch(item):
    scratch = Scratch()
    with open(scratch.path, "w") as file:
        file.write(str(item))
    return os.path.getsize(scratch.path)
