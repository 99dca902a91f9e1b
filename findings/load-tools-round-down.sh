#!/usr/bin/env bash
# wrk and hey: what does not divide evenly is dropped; wrk reports three connections and uses two.
#
# Guess:     `wrk -t2 -c3` keeps three requests in flight, as it prints "2 threads and 3 connections";
#            `hey -n 200 -c 150` sends 200 requests.
# Version:   wrk 4.1.0, hey 0.1.4 (Debian 12), Linux
# Behaviour: each divides once and rounds down. wrk gives every thread connections / threads, so -t4 -c7 is a load of 4
#            and -t2 -c3 one of 2, while the report repeats what was asked for: a throughput that is plotted over it
#            lies at the wrong width. hey gives every worker n / c requests: 150 of 200 are sent. With one thread, or
#            numbers that divide, both do as told.
# Output:    wrk -t2 -c3: 2 at once, "2 threads and 3 connections"; -t1 -c3: 3;
#            hey -n 200 -c 150: 150 sent, -n 150: 150
# Date:      2026-11-28
# Source:    seen by running them; the README of wrk says that a thread handles N = connections / threads, and neither
#            tells of a rest
set -euo pipefail
scratch=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$scratch"' EXIT
cd "$scratch"
apt-get download --quiet --quiet wrk=4.1.0-3\* hey=0.1.4-2\* libluajit-5.1-2 2>/dev/null
for package in *.deb; do dpkg-deb --extract "$package" tree; done
libraries=$(dirname "$(find "$PWD/tree" -name 'libluajit-5.1.so.2')")
export LD_LIBRARY_PATH=$libraries
cat >server.py <<'PY'
"""Answers every request after 0.1 s. A line on standard input asks for the figures since the last one."""

import asyncio
import sys
import urllib.parse

requests = running = most = 0


async def serve(reader, writer):
    global requests, running, most
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            requests += 1
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.1)
            running -= 1
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main():
    global requests, most
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1000)
    port = server.sockets[0].getsockname()[1]
    print(urllib.parse.urlunsplit(("http", f"127.0.0.1:{port}", "/", "", "")), flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        # A client that has left may still be waited for, and must not count beside the next one.
        while running:
            await asyncio.sleep(0.01)
        print(requests, most, flush=True)
        requests = most = 0


asyncio.run(main())
PY
coproc SERVER { python3 server.py; }
read -r url <&"${SERVER[0]}"
figures() { # COMMAND...: sets `sent` and `at_once`
    "$@" "$url" >report 2>&1
    echo >&"${SERVER[1]}"
    read -r sent at_once <&"${SERVER[0]}"
}
figures tree/usr/bin/wrk -t2 -c3 -d2
uneven=$at_once said=$(grep -o '[0-9]* threads and [0-9]* connections' report)
figures tree/usr/bin/wrk -t1 -c3 -d2
even=$at_once
figures tree/usr/bin/hey -n 200 -c 150
some=$sent
figures tree/usr/bin/hey -n 150 -c 150
all=$sent
echo "wrk -t2 -c3: $uneven at once, \"$said\"; -t1 -c3: $even; hey -n 200 -c 150: $some sent, -n 150: $all"
[ "$even" = 3 ] && [ "$all" = 150 ] || { echo "the comparison has changed" >&2; exit 1; }
[ "$uneven $said $some" = "2 2 threads and 3 connections 150" ] || { echo "the behaviour has changed" >&2; exit 1; }
