"""Speaks with conc in lines of JSON, over descriptors that nobody else knows.

The user's code keeps the numbers 0 and 1: reading the one finds nothing, and what is written to the
other goes where errors go. No print, no `os.write(1)` and no child process can break the protocol.
"""

import json
import os


class Channel:
    """The line to conc."""

    def __init__(self):
        self._in = os.dup(0)
        self._out = os.dup(1)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        os.dup2(2, 1)
        # A forked child that held it open would keep conc waiting for the end.
        os.register_at_fork(after_in_child=self.close)

    def receive(self):
        """The next message; None when conc is gone."""
        pieces = []
        while not pieces or b"\n" not in pieces[-1]:
            piece = os.read(self._in, 1 << 20)
            if not piece:
                return None
            pieces.append(piece)
        return json.loads(b"".join(pieces))

    def wait_for_end(self):
        """Returns when conc has heard everything."""
        while os.read(self._in, 1 << 16):
            pass

    def send(self, event, **message):
        """Sends one message."""
        message["event"] = event
        data = json.dumps(message).encode() + b"\n"
        while data:
            data = data[os.write(self._out, data) :]

    def close(self):
        """Lets go of the line; once, because a child of a child may have other use for the numbers."""
        descriptors, self._in, self._out = (self._in, self._out), -1, -1
        for descriptor in descriptors:
            try:
                os.close(descriptor)
            except OSError:
                pass
