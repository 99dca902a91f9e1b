#!/usr/bin/env bash
# pytest-xdist: two long tests at the top of four run one after the other, even with --maxschedchunk 1 or worksteal.
#
# Guess:     with two workers the first two tests, the long ones, run at the same time; with --maxschedchunk 1, which
#            hands tests out one by one, and with --dist worksteal at the latest.
# Version:   pytest 9.2.0, pytest-xdist 3.8.0, CPython 3.11.7, Linux
# Behaviour: a worker starts a test only when it knows the next one, to tell which fixtures stay. So each is given two
#            at the start, neighbours in the file, and the last one in its queue cannot be stolen. Putting the longest
#            tests first, the best order elsewhere, doubles the time here; taking turns with short ones does not.
# Output:    workers of the two long tests, long ones first: load 1, load by one 1, worksteal 1; taking turns: load 2
# Date:      2026-11-28
# Source:    seen by running it, and issue 894 of pytest-xdist; the help of --maxschedchunk says that tests are sent to
#            workers one by one
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check pytest==9.2.0 pytest-xdist==3.8.0
cat >"$scratch/test_order.py" <<'PY'
import os
import time
from pathlib import Path

import pytest


@pytest.mark.parametrize("seconds", map(float, os.environ["SECONDS_EACH"].split()))
def test_order(seconds):
    if seconds > 0.5:
        with Path(os.environ["LONG_RAN_ON"]).open("a") as file:
            file.write(os.environ["PYTEST_XDIST_WORKER"] + "\n")
    time.sleep(seconds)
PY
cd "$scratch"
workers() { # SECONDS OPTIONS...: by how many workers the long tests were run
    rm -f "$scratch/ran"
    SECONDS_EACH=$1 LONG_RAN_ON=$scratch/ran "$scratch/venv/bin/python" -m pytest -q -p no:cacheprovider -n 2 "${@:2}" \
        test_order.py >"$scratch/log" || { cat "$scratch/log" >&2; exit 1; }
    sort -u "$scratch/ran" | grep -c .
}
load=$(workers "1 1 0 0" --dist load)
by_one=$(workers "1 1 0 0" --dist load --maxschedchunk 1)
steal=$(workers "1 1 0 0" --dist worksteal)
turns=$(workers "1 0 1 0" --dist load)
echo "workers of the two long tests, long ones first: load $load, load by one $by_one, worksteal $steal;" \
    "taking turns: load $turns"
[ "$turns" = 2 ] || { echo "the comparison has changed" >&2; exit 1; }
[ "$load$by_one$steal" = 111 ] || { echo "long tests now run at the same time" >&2; exit 1; }
