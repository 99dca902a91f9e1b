"""Which lines of the user's open files, sockets and processes, as the interpreter's audit tells."""

import re
import sys
from collections import Counter, defaultdict

from . import places

# The event, by what is opened. See "Audit events table" in Python's documentation.
KINDS = {"open": "file", "socket.__new__": "socket", "subprocess.Popen": "process"}

EVENTS = {*KINDS, "socket.connect", "socket.bind"}


class Openings:
    """Counts by line while it is entered."""

    def __init__(self):
        self._lines = defaultdict(Counter)
        self._descriptors = {}
        self._is_entered = False

    def __enter__(self):
        self._is_entered = True
        # A hook stays for ever; it can only be told to do nothing.
        sys.addaudithook(self._heard)
        return self

    def __exit__(self, *_):
        self._is_entered = False

    def only(self, kind):
        """The line that opens things of a kind, if there is one and no other."""
        lines = self._lines[kind]
        return next(iter(lines)) if len(lines) == 1 else None

    def of_descriptor(self, text):
        """The line that connected or bound the socket whose descriptor a text names."""
        named = re.search(r"\bfd=(\d+)", text)
        return self._descriptors.get(int(named.group(1))) if named else None

    def most(self):
        """The line that opens the most."""
        lines = sum(self._lines.values(), Counter())
        return max(lines, key=lines.get, default=None)

    def _heard(self, event, arguments):
        if not self._is_entered or event not in EVENTS:
            return
        place = places.place(places.frames_of_thread(sys._getframe()))
        if place and event in KINDS:
            self._lines[KINDS[event]][place] += 1
        elif place:
            self._descriptors[arguments[0].fileno()] = place
