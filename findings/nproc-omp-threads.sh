#!/usr/bin/env bash
# nproc of GNU coreutils: OMP_NUM_THREADS=1 makes it answer 1, so xargs -P "$(nproc)" runs one job at a time.
#
# Guess:     OMP_NUM_THREADS is for OpenMP alone. Set to 1 so that jobs side by side do not start threads of their own,
#            it leaves the number of jobs as it is; nproc counts CPUs.
# Version:   coreutils 9.1 (Debian 12), Linux
# Behaviour: nproc answers with OMP_NUM_THREADS, whether the machine has fewer CPUs or more. The usual cure for too many
#            threads in each job takes away the jobs, where their number is $(nproc), as in make -j"$(nproc)".
# Output:    nproc with OMP_NUM_THREADS=1: 1, with 97: 97; 3 jobs, xargs -P "$(nproc)": 1 at once, with -P 3: 3
# Date:      2026-11-28
# Source:    seen by running it; the full manual (info) says so, --help and the man page do not
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
apt-get download --quiet --quiet coreutils=9.1-1 2>/dev/null
dpkg-deb --extract coreutils_*.deb tree
export PATH=$scratch/tree/usr/bin:$PATH OMP_NUM_THREADS=1
one=$(nproc)
many=$(OMP_NUM_THREADS=97 nproc)
jobs_at_once() { # WIDTH: the most of three jobs of a second that ran at the same time
    rm -rf now counts
    mkdir now
    seq 3 | xargs -n 1 -P "$1" sh -c 'mkdir "now/$0"; sleep 0.5; ls now | wc -l >>counts; sleep 0.5; rmdir "now/$0"'
    sort -n counts | tail -n 1
}
as_told=$(jobs_at_once "$(nproc)")
fixed=$(jobs_at_once 3)
echo "nproc with OMP_NUM_THREADS=1: $one, with 97: $many; 3 jobs, xargs -P \"\$(nproc)\": $as_told at once," \
    "with -P 3: $fixed"
[ "$fixed" -ge 2 ] || { echo "the comparison has changed" >&2; exit 1; }
[ "$one" = 1 ] && [ "$many" = 97 ] && [ "$as_told" = 1 ] || { echo "the behaviour has changed" >&2; exit 1; }
