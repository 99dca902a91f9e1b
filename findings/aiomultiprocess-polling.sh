#!/usr/bin/env bash
# aiomultiprocess: a call in a warm pool takes more than 5 ms, however little it does.
#
# Guess:     an empty call takes a fraction of a millisecond once the pool is warm, as multiprocessing.Pool.apply does.
# Version:   aiomultiprocess 0.9.1, CPython 3.11.7, Linux
# Behaviour: the pool, its worker and the caller each look for news and sleep for 5 ms in between, so one call after
#            another is 60 to 150 a second for each caller, where multiprocessing makes thousands. Calls made at the
#            same time share the sleeps. Nothing else shows it: no CPU is used.
# Output:    empty call, median of 40: aiomultiprocess 15.6 ms, multiprocessing 0.0 ms
# Date:      2026-11-28
# Source:    seen by running it; the documentation does not tell of it
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check aiomultiprocess==0.9.1
cat >"$scratch/calls.py" <<'PY'
import asyncio
import multiprocessing
import statistics
import time

import aiomultiprocess

CALLS = 40


async def nothing():
    pass


def nothing_at_all():
    pass


async def asynchronous():
    times = []
    async with aiomultiprocess.Pool(1) as pool:
        await pool.apply(nothing)
        for _ in range(CALLS):
            begin = time.perf_counter()
            await pool.apply(nothing)
            times.append(time.perf_counter() - begin)
    return times


def plain():
    times = []
    with multiprocessing.Pool(1) as pool:
        pool.apply(nothing_at_all)
        for _ in range(CALLS):
            begin = time.perf_counter()
            pool.apply(nothing_at_all)
            times.append(time.perf_counter() - begin)
    return times


if __name__ == "__main__":
    polled, woken = (statistics.median(times) * 1000 for times in (asyncio.run(asynchronous()), plain()))
    print(f"empty call, median of {CALLS}: aiomultiprocess {polled:.1f} ms, multiprocessing {woken:.1f} ms")
    assert polled > 4.5, "a call is no longer polled for"
    assert woken < polled / 2, "the comparison has changed"
PY
"$scratch/venv/bin/python" "$scratch/calls.py"
