#!/usr/bin/env bash
# mpire's WorkerPool.map: results that are NumPy arrays come back as one array, not as a list.
#
# Guess:     map returns a list with one entry per item, as multiprocessing.Pool.map does.
# Version:   mpire 2.10.2, NumPy 2.4.6, CPython 3.11.7, Linux
# Behaviour: arrays are concatenated by default, so six items that return two numbers each give one array of
#            twelve; which item gave which number can no longer be told when lengths differ. A pool is no drop-in
#            replacement for another until concatenate_numpy_output=False is passed.
# Output:    multiprocessing: list of 6; mpire: ndarray of 12; with concatenate_numpy_output=False: list of 6
# Date:      2026-11-27
# Source:    seen by running it
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check mpire==2.10.2 numpy==2.4.6
cat >"$scratch/arrays.py" <<'PY'
import multiprocessing

import mpire
import numpy


def pair(item):
    return numpy.array([item, item])


def shape(results):
    return f"{type(results).__name__} of {len(results)}"


if __name__ == "__main__":
    with multiprocessing.Pool(2) as pool:
        plain = pool.map(pair, range(6))
    with mpire.WorkerPool(2) as pool:
        joined = pool.map(pair, range(6))
        apart = pool.map(pair, range(6), concatenate_numpy_output=False)
    print(
        f"multiprocessing: {shape(plain)}; mpire: {shape(joined)}; "
        f"with concatenate_numpy_output=False: {shape(apart)}"
    )
    assert shape(plain) == shape(apart) == "list of 6", "the comparison has changed"
    assert shape(joined) == "ndarray of 12", "the behaviour has changed"
PY
"$scratch/venv/bin/python" "$scratch/arrays.py"
