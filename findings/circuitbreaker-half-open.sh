#!/usr/bin/env bash
# circuitbreaker: after the pause all callers are let through at once, not one to test the water.
#
# Guess:     a half-open breaker lets one call try the upstream and refuses the others until that has succeeded, as the
#            README says ("allows one test-execution").
# Version:   circuitbreaker 2.1.3, CPython 3.11.7, Linux
# Behaviour: being half-open is read off the clock, and nothing counts who is inside. Until the first call ends, every
#            thread or task that calls goes through: a pool of 8 meets an upstream that has just come back with all 8.
# Output:    of 8 calls at once: while open 8 refused; half-open 8 went through at the same time
# Date:      2026-11-28
# Source:    seen by running it; the README says otherwise
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check circuitbreaker==2.1.3
cat >"$scratch/probes.py" <<'PY'
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from circuitbreaker import CircuitBreakerError, circuit

running = most = 0
is_down = True
lock = threading.Lock()


@circuit(failure_threshold=1, recovery_timeout=5, expected_exception=ConnectionError)
def upstream():
    global running, most
    if is_down:
        raise ConnectionError
    with lock:
        running += 1
        most = max(most, running)
    time.sleep(1)
    with lock:
        running -= 1


def refused(_):
    try:
        upstream()
    except CircuitBreakerError:
        return True
    return False


try:
    upstream()
except ConnectionError:
    is_down = False
with ThreadPoolExecutor(8) as pool:
    while_open = sum(pool.map(refused, range(8)))
    time.sleep(6)
    afterwards = sum(pool.map(refused, range(8)))
print(f"of 8 calls at once: while open {while_open} refused; half-open {most} went through at the same time")
assert while_open == 8, "the comparison has changed"
assert most > 1 and afterwards == 0, "a half-open breaker now refuses"
PY
"$scratch/venv/bin/python" "$scratch/probes.py"
