#!/usr/bin/env bash
# tenacity's wait_exponential_jitter: the jitter is one second, whatever the base.
#
# Guess:     the jitter is a share of the wait, so the first wait after a base of 50 ms is at most about 100 ms.
# Version:   tenacity 9.2.1, CPython 3.11.7, Linux
# Behaviour: 0 to 1 s is added to each wait, independent of the base. With a base of 50 ms the median of the first
#            wait is about 0.55 s: a retry meant for a quick upstream is ten times slower than written.
#            wait_random_exponential, full jitter, stays within the base.
# Output:    first wait, base 0.05 s: median 0.56 s, largest 1.05 s; full jitter: largest 0.05 s
# Date:      2026-11-27
# Source:    seen by running it
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check tenacity==9.2.1
cat >"$scratch/waits.py" <<'PY'
import random
import statistics
import types

import tenacity

random.seed(1)
first = types.SimpleNamespace(attempt_number=1)


def waits(strategy):
    return [strategy(first) for _ in range(2000)]


jitter = waits(tenacity.wait_exponential_jitter(multiplier=0.05))
full = waits(tenacity.wait_random_exponential(multiplier=0.05))
print(
    f"first wait, base 0.05 s: median {statistics.median(jitter):.2f} s, largest {max(jitter):.2f} s; "
    f"full jitter: largest {max(full):.2f} s"
)
assert statistics.median(jitter) > 0.4 and max(jitter) > 0.9, "the jitter now follows the base"
assert max(full) <= 0.1, "full jitter has changed"
PY
"$scratch/venv/bin/python" "$scratch/waits.py"
