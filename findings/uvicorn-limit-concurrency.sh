#!/usr/bin/env bash
# uvicorn --limit-concurrency N: N - 1 open connections fill it, even idle ones, and 1 refuses every request.
#
# Guess:     with a limit of 1 requests that come one after another are all answered with 200; with a limit of 4 and
#            three idle connections there is room for one more request.
# Version:   uvicorn 0.54.0, h11 0.16.0, CPython 3.11.7, Linux
# Behaviour: the connection that brings the request is counted with those that are open, and the request is refused
#            when the sum has reached the limit, not when it goes beyond. Kept connections count while nothing runs. So
#            a limit of 1 answers everything with 503, and a client that keeps N - 1 connections shuts out all others.
# Output:    limit 1, one request after another: [503, 503, 503]; limit 4: 1st 200, 2nd 200, 3rd 200, 4th 503
# Date:      2026-11-28
# Source:    seen by running it; the documentation says that connections or tasks are counted, and does not say that
#            the request's own connection is one of them
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check uvicorn==0.54.0 h11==0.16.0
cat >"$scratch/limits.py" <<'PY'
import contextlib
import http.client
import threading
import time

import uvicorn


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


@contextlib.contextmanager
def serving(limit):
    options = {"lifespan": "off", "log_level": "critical", "http": "h11", "timeout_keep_alive": 60}
    server = uvicorn.Server(uvicorn.Config(app, port=0, limit_concurrency=limit, **options))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1], server
    finally:
        server.should_exit = True
        thread.join()


def status(connection):
    connection.request("GET", "/")
    response = connection.getresponse()
    response.read()
    return response.status


with serving(1) as (port, server):
    alone = []
    for _ in range(3):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            alone.append(status(connection))
        while server.server_state.connections:
            time.sleep(0.01)
with serving(4) as (port, server):
    kept = [http.client.HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(4)]
    statuses = [status(connection) for connection in kept]
    for connection in kept:
        connection.close()
names = ", ".join(f"{name} {status}" for name, status in zip(("1st", "2nd", "3rd", "4th"), statuses))
print(f"limit 1, one request after another: {alone}; limit 4: {names}")
assert statuses[:3] == [200, 200, 200], "the comparison has changed"
assert alone == [503, 503, 503] and statuses[3] == 503, "the limit now counts otherwise"
PY
"$scratch/venv/bin/python" "$scratch/limits.py"
