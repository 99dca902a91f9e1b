"""A pool of sockets of the module; a call takes one and gives it back."""

import queue
import socket
import threading

SERVER = socket.create_server(("127.0.0.1", 0))
SOCKETS = queue.LifoQueue()


def echo(connection):
    with connection:
        while True:
            data = connection.recv(64)
            if not data:
                break
            connection.sendall(data)


def serve():
    while True:
        connection, _ = SERVER.accept()
        threading.Thread(target=echo, args=(connection,), daemon=True).start()


threading.Thread(target=serve, daemon=True).start()


def fetch(item):
    try:
        connection = SOCKETS.get_nowait()
    except queue.Empty:
        connection = socket.create_connection(SERVER.getsockname())
    connection.sendall(b"%d" % item)
    answer = connection.recv(64)
    SOCKETS.put(connection)
    return int(answer)
