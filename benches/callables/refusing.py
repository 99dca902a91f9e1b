"""Asks an upstream that refuses what comes while it serves four requests."""

import os
import socket

items = range(100)
HOST, PORT = os.environ["CONC_UPSTREAM"].split(":")


def task(item: int) -> bytes:
    """Takes 10 ms, or raises."""
    with socket.create_connection((HOST, int(PORT))) as connection:
        connection.sendall(b"refuse %d\n" % item)
        answer = connection.recv(100)
    if not answer.startswith(b"ok"):
        raise ConnectionError(answer)
    return answer
