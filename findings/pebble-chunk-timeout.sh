#!/usr/bin/env bash
# Pebble's ProcessPool.map with chunks: an item that runs into the timeout takes its chunk along, silently.
#
# Guess:     eight items in, eight entries out: seven results and one TimeoutError.
# Version:   Pebble 5.2.3, CPython 3.11.7, Linux
# Behaviour: the timeout belongs to the chunk. The whole chunk is answered by one TimeoutError, so the results of
#            its other items, finished or not, are missing and nothing counts them.
# Output:    8 items in, 5 entries out: ['TimeoutError', 4, 5, 6, 7]
# Date:      2026-11-27
# Source:    seen by running it; the documentation of Pebble says that the timeout applies to the chunk, and does
#            not say that one entry stands for all of its items
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check Pebble==5.2.3
cat >"$scratch/chunks.py" <<'PY'
import time

from pebble import ProcessPool


def work(item):
    if item == 1:
        time.sleep(20)
    return item


def entries(results):
    while True:
        try:
            yield next(results)
        except StopIteration:
            return
        except Exception as error:
            yield type(error).__name__


if __name__ == "__main__":
    with ProcessPool(max_workers=1) as pool:
        seen = list(entries(pool.map(work, range(8), chunksize=4, timeout=2).result()))
    print(f"8 items in, {len(seen)} entries out: {seen}")
    assert seen == ["TimeoutError", 4, 5, 6, 7], "the behaviour has changed"
PY
"$scratch/venv/bin/python" "$scratch/chunks.py"
