"""Calls an API: a pool of connections, a limit, retries with backoff, a time limit.

Prints: 40 answers over at most 4 connections, retried until they came
"""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

POOL = 4
ATTEMPTS = 6
BASE_S = 0.002
RETRIED = {429, 502, 503, 504}


class Client:
    """One connection to the API; every worker has a client of its own."""

    def __init__(self, address):
        self.address = address
        self.connection = None

    def get(self, path):
        for attempt in range(ATTEMPTS):
            try:
                status, body = self.request(path)
                if status not in RETRIED:
                    return status, body
            except (OSError, HTTPException):
                self.close()  # Its state is unknown.
                if attempt + 1 == ATTEMPTS:
                    raise
            time.sleep(random.uniform(0, BASE_S * 2**attempt))
        return status, body

    def request(self, path):
        if self.connection is None:
            self.connection = HTTPConnection(*self.address, timeout=5)
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Api(BaseHTTPRequestHandler):
    """A server that is overloaded at every fourth request for a page."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    connections, visits, lock = set(), {}, threading.Lock()

    def do_GET(self):
        with self.lock:
            self.connections.add(self.client_address)
            first = self.visits.setdefault(self.path, 0) == 0
            self.visits[self.path] += 1
        status = 503 if first and int(self.path[1:]) % 4 == 0 else 200
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, args=(0.01,)).start()
    own, clients = threading.local(), []

    def connect():
        own.client = Client(server.server_address)
        clients.append(own.client)

    def fetch(number):
        return own.client.get(f"/{number}")

    with ThreadPoolExecutor(POOL, initializer=connect) as pool:
        answers = list(pool.map(fetch, range(40)))
    for client in clients:
        client.close()
    server.shutdown()
    server.server_close()
    assert len(Api.connections) <= POOL and sum(Api.visits.values()) == 50
    good = [status for status, _ in answers if status == 200]
    print(
        f"{len(good)} answers over at most {POOL} connections, retried until they came"
    )


if __name__ == "__main__":
    main()
