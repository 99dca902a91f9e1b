"""A small HTTP server on this machine for the programs beside this file."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Answers every request with its path, in JSON."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = b'{"path": "%s"}' % self.path.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    """Does not tell of clients that hang up."""

    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass


SERVER = Server(("127.0.0.1", 0), Handler)
PORT = SERVER.server_address[1]
URL = "http://127.0.0.1:%d" % PORT
threading.Thread(target=SERVER.serve_forever, daemon=True).start()
