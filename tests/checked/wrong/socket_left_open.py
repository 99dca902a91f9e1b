"""Asks for a free port and leaves the socket open."""

import socket


def fetch(item):
    server = socket.socket()  # E-ASYNC-005 resources
    server.bind(("127.0.0.1", 0))
    return server.getsockname()[1] > 0
