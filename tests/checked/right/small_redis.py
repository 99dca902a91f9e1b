"""A server that answers as Redis does, for the programs beside this file."""

import socketserver
import threading

VALUES = {}


class Handler(socketserver.StreamRequestHandler):
    """Reads arrays of strings and answers them."""

    def handle(self):
        while True:
            head = self.rfile.readline()
            if not head:
                break
            words = []
            for _ in range(int(head[1:])):
                size = int(self.rfile.readline()[1:])
                words.append(self.rfile.read(size + 2)[:-2])
            self.wfile.write(answer(words))


def answer(words):
    """Returns the answer to one command."""
    name = words[0].upper()
    if name == b"SET":
        VALUES[words[1]] = words[2]
    if name == b"GET":
        value = VALUES.get(words[1])
        return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)
    return b"+PONG\r\n" if name == b"PING" else b"+OK\r\n"


class Server(socketserver.ThreadingTCPServer):
    """Does not wait for its clients."""

    daemon_threads = True
    request_queue_size = 64


SERVER = Server(("127.0.0.1", 0), Handler)
PORT = SERVER.server_address[1]
threading.Thread(target=SERVER.serve_forever, daemon=True).start()
