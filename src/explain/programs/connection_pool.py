"""Keeps connections for the next request instead of opening one for each.

Prints: 40 answers over at most 4 connections
"""

import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SIZE = 4
clients = set()


class Pool:
    """At most `size` connections to one server; who needs one waits for it."""

    def __init__(self, address, size):
        self.address = address
        self.idle = queue.LifoQueue()  # The one used last is least likely to be closed.
        for _ in range(size):
            self.idle.put(None)  # None is the right to open a connection.

    @contextmanager
    def connection(self):
        connection = self.idle.get() or HTTPConnection(*self.address, timeout=5)
        try:
            yield connection
        except BaseException:
            connection.close()  # Its state is unknown.
            connection = None
            raise
        finally:
            self.idle.put(connection)

    def close(self):
        while not self.idle.empty():
            if connection := self.idle.get():
                connection.close()


class Handler(BaseHTTPRequestHandler):
    """A server that counts connections."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        clients.add(self.client_address)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,)).start()
    pool = Pool(server.server_address, SIZE)

    def fetch(number):
        with pool.connection() as connection:
            connection.request("GET", f"/{number}")
            return connection.getresponse().read()

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(fetch, range(40)))
    pool.close()
    server.shutdown()
    server.server_close()
    assert len(clients) <= SIZE
    print(f"{answers.count(b'ok')} answers over at most {SIZE} connections")


if __name__ == "__main__":
    main()
