#!/usr/bin/env bash
# ru_maxrss on Linux: `true`, started by a program of 300 MB, is said to have used 300 MB too.
#
# Guess:     resource.getrusage(RUSAGE_CHILDREN).ru_maxrss after subprocess.run(["true"]) is the memory of true: 2 MB.
# Version:   CPython 3.11.7, GNU time 1.9 (Debian 12), Linux 6.18
# Behaviour: the peak is counted from before the exec, when the child still shares the memory of its parent, and is
#            never set back. So whatever a large benchmark or test process starts seems at least as large as that. With
#            a small program in between that starts the command itself, GNU time here, the figure is the command's.
# Output:    memory of true, started by a program of 300 MB: 300 MB; through GNU time: 1 MB
# Date:      2026-11-28
# Source:    seen by running it; getrusage(2) and the documentation of resource do not tell of it
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
apt-get download --quiet --quiet time=1.9-0.2 2>/dev/null
dpkg-deb --extract time_*.deb tree
cat >peak.py <<'PY'
import resource
import subprocess

large = b"x" * 300_000_000
timed = subprocess.run(["tree/usr/bin/time", "-f", "%M", "true"], stderr=subprocess.PIPE, check=True, text=True)
subprocess.run(["true"], check=True)
said = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
between = int(timed.stderr) / 1024
print(f"memory of true, started by a program of 300 MB: {said:.0f} MB; through GNU time: {between:.0f} MB")
assert between < 100, "the comparison has changed"
assert said > 250, "the memory of the parent no longer counts"
PY
python3 peak.py
