#!/usr/bin/env bash
# pybreaker: calls through one circuit breaker run one at a time, however many threads make them.
#
# Guess:     a breaker counts failures. Four threads that call through it call at the same time, as without it.
# Version:   pybreaker 1.4.1, CPython 3.11.7, Linux
# Behaviour: the lock that guards the state of a breaker is held during the call itself. A pool of threads behind one
#            breaker, the usual way to guard an upstream, has the throughput of a single thread; a slow call holds up
#            all others. No error and no CPU time shows it.
# Output:    4 calls of 0.5 s from 4 threads, at once: with a breaker 1, without 4
# Date:      2026-11-28
# Source:    seen by running it; the README calls it thread-safe
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check pybreaker==1.4.1
cat >"$scratch/calls.py" <<'PY'
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pybreaker


def at_once(decorate):
    running = most = 0
    lock = threading.Lock()

    @decorate
    def call():
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.5)
        with lock:
            running -= 1

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(call) for _ in range(4)]:
            future.result()
    return most


guarded = at_once(pybreaker.CircuitBreaker(fail_max=5))
plain = at_once(lambda function: function)
print(f"4 calls of 0.5 s from 4 threads, at once: with a breaker {guarded}, without {plain}")
assert plain > 1, "the comparison has changed"
assert guarded == 1, "calls through a breaker now run at the same time"
PY
"$scratch/venv/bin/python" "$scratch/calls.py"
