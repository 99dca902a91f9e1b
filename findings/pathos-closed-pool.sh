#!/usr/bin/env bash
# pathos' ProcessPool: a new pool of the same size is the old one, and closed if that was closed.
#
# Guess:     ProcessPool(2) after close() and join() of another ProcessPool(2) is a new pool that works, as
#            multiprocessing.Pool is; two pools have processes of their own.
# Version:   pathos 0.3.5, multiprocess 0.70.19, CPython 3.11.7, Linux
# Behaviour: pools are kept in a table by their number of nodes. A second object of the same size shares the workers of
#            the first, and after close() of either both answer "Pool not running"; another size works. clear() on a
#            closed pool takes it off the table. So a library that closes its pool breaks one elsewhere in the program.
# Output:    same size after close: ValueError: Pool not running; other size: [1, 2]; after clear(): [1, 2]
# Date:      2026-11-28
# Source:    seen by running it; the README does not tell of it, answers to issues (111, 171, 275) do
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check pathos==0.3.5 multiprocess==0.70.19 \
    dill==0.4.1 ppft==1.7.8 pox==0.3.7
cat >"$scratch/pools.py" <<'PY'
from pathos.pools import ProcessPool


def answer(pool):
    try:
        return str(pool.map(abs, [-1, -2]))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    first = ProcessPool(2)
    assert answer(first) == "[1, 2]", "the comparison has changed"
    first.close()
    first.join()
    same = answer(ProcessPool(2))
    other = answer(ProcessPool(3))
    first.clear()
    cleared = answer(ProcessPool(2))
    print(f"same size after close: {same}; other size: {other}; after clear(): {cleared}")
    assert other == cleared == "[1, 2]", "the comparison has changed"
    assert same == "ValueError: Pool not running", "the behaviour has changed"
PY
"$scratch/venv/bin/python" "$scratch/pools.py"
