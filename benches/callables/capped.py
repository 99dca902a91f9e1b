"""Asks an upstream that serves six requests at once and queues the others."""

import os
import socket

items = range(120)
HOST, PORT = os.environ["CONC_UPSTREAM"].split(":")


def task(item: int) -> bytes:
    """Takes 10 ms, and longer in a queue."""
    with socket.create_connection((HOST, int(PORT))) as connection:
        connection.sendall(b"queue %d\n" % item)
        answer = connection.recv(100)
    if not answer.startswith(b"ok"):
        raise ConnectionError(answer)
    return answer
