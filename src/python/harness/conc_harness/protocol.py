"""The channel to conc: lines of JSON over descriptors that nobody else knows.

The user's code keeps descriptors 0 and 1. Reading from the first finds nothing; writing to the second goes
to standard error. So no `print`, no `os.write(1, ...)` and no child process can break the protocol.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterator
from typing import Any, Protocol

from .descriptors import out_of_the_way
from .requests import JsonObject
from .text import encoded

# Exit status of an interpreter that can tell conc nothing any more.
CUT_OFF = 70


class Channel(Protocol):
    """The connection to conc that serving a request needs; tests replace it."""

    def receive(self) -> JsonObject | None:
        """Returns the next message; None if conc is gone."""

    def send(self, event: str, **message: Any) -> None:
        """Sends one message."""

    def wait_for_end(self) -> None:
        """Returns when conc has read everything."""


class MessageChannel(Channel, Protocol):
    """A channel on which any number of messages follow the first."""

    def messages(self) -> Iterator[JsonObject]:
        """Returns the messages until conc is gone."""


class StandardChannel:
    """The channel over what were standard input and output at the start."""

    def __init__(self, stdin: int, stdout: int) -> None:
        self._in = stdin
        self._out = stdout
        # A forked child that kept these open would keep conc waiting for the end.
        os.register_at_fork(after_in_child=self.close)

    @classmethod
    def take_over(cls, greeting: bytes | None = None) -> StandardChannel:
        """Takes standard input and output away from the user's code.

        What was written until then, as by `sitecustomize`, ends with the greeting.
        """
        channel = cls(out_of_the_way(0), out_of_the_way(1))
        if greeting is not None:
            os.write(1, b"\n" + greeting + b"\n")
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        os.dup2(2, 1)
        return channel

    def receive(self) -> JsonObject | None:
        """Returns the next message; None if conc is gone."""
        pieces: list[bytes] = []
        while not pieces or b"\n" not in pieces[-1]:
            piece = os.read(self._in, 1 << 20)
            if not piece:
                return None
            pieces.append(piece)
        message: JsonObject = json.loads(b"".join(pieces))
        return message

    def messages(self) -> Iterator[JsonObject]:
        """Returns the messages until conc is gone."""
        rest = b""
        while True:
            piece = os.read(self._in, 1 << 16)
            if not piece:
                return
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                yield json.loads(line)

    def wait_for_end(self) -> None:
        """Returns when conc has read everything."""
        # In a fork it is closed.
        while self._in >= 0 and os.read(self._in, 1 << 16):
            pass

    def send(self, event: str, **message: Any) -> None:
        """Sends one message."""
        self._write(encoded({**message, "event": event}))

    def send_line(self, line: str) -> None:
        """Sends one message that is JSON already."""
        self._write(line.encode() + b"\n")

    def _write(self, line: bytes) -> None:
        # A view, because copies of what is left of a large message would take longer than to write it.
        data = memoryview(line)
        while data:
            try:
                data = data[os.write(self._out, data) :]
            except OSError as error:
                if error.errno != errno.EBADF or self._out < 0:
                    raise
                told = "a task closed descriptors that it had not opened, conc's among them (os.closerange?)"
                print(told, file=sys.stderr, flush=True)
                os._exit(CUT_OFF)

    def close(self) -> None:
        """Closes the channel, once: a child of a child may reuse the descriptor numbers."""
        descriptors, self._in, self._out = (self._in, self._out), -1, -1
        for descriptor in descriptors:
            try:
                os.close(descriptor)
            except OSError:
                pass
