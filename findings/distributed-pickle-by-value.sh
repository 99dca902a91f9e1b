#!/usr/bin/env bash
# distributed and cloudpickle: a module registered to travel by value does not travel with a submitted function.
#
# Guess:     after cloudpickle.register_pickle_by_value(module), Client.submit(module.function) runs on workers that
#            cannot import the module, since distributed pickles functions with cloudpickle.
# Version:   distributed 2026.8.0, cloudpickle 3.1.2, CPython 3.11.7, Linux
# Behaviour: cloudpickle alone writes the function by value, and another interpreter calls it. distributed decides by
#            the outermost object, the graph of tasks, and writes the function inside it by reference: the scheduler
#            answers "Error during deserialization of the task graph" with ModuleNotFoundError. Bytes of
#            cloudpickle.dumps, sent as an argument and loaded by a function of the standard library, work.
# Output:    cloudpickle alone: 42; submitted: ModuleNotFoundError; as bytes: 42
# Date:      2026-11-28
# Source:    seen by running it
set -euo pipefail
scratch=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check distributed==2026.8.0 cloudpickle==3.1.2
mkdir "$scratch/mine" "$scratch/theirs"
echo 'def answer(item): return item + 1' >"$scratch/mine/answers.py"
cat >"$scratch/mine/client.py" <<'PY'
import operator
import pickle
import subprocess
import sys
import traceback

import answers
import cloudpickle
from distributed import Client

cloudpickle.register_pickle_by_value(answers)
written = cloudpickle.dumps(answers.answer)
load = "import pickle, sys; print(pickle.load(sys.stdin.buffer)(41))"
# Away from the module, as the workers are.
alone = subprocess.run([sys.executable, "-c", load], input=written, capture_output=True, cwd="/", check=True)


def submitted(client):
    try:
        return client.submit(answers.answer, 41).result(timeout=30)
    except Exception as error:
        lines = "".join(traceback.format_exception(error))
        return "ModuleNotFoundError" if "ModuleNotFoundError" in lines else repr(error)


with Client(scheduler_file=sys.argv[1], timeout=30) as client:
    direct = submitted(client)
    function = client.submit(pickle.loads, written)
    as_bytes = client.submit(operator.call, function, 41).result(timeout=30)
print(f"cloudpickle alone: {int(alone.stdout)}; submitted: {direct}; as bytes: {as_bytes}")
assert int(alone.stdout) == as_bytes == 42, "the comparison has changed"
assert direct == "ModuleNotFoundError", "the behaviour has changed"
PY
cd "$scratch/theirs"
file=$scratch/scheduler.json
"$scratch/venv/bin/dask" scheduler --host 127.0.0.1 --port 0 --no-dashboard --scheduler-file "$file" 2>"$scratch/log" &
"$scratch/venv/bin/dask" worker --scheduler-file "$file" --nworkers 1 --nthreads 1 --no-dashboard 2>>"$scratch/log" &
"$scratch/venv/bin/python" "$scratch/mine/client.py" "$file" 2>>"$scratch/log" || { tail -n 20 "$scratch/log" >&2; exit 1; }
