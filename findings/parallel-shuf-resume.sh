#!/usr/bin/env bash
# GNU parallel --shuf --joblog --resume: items that never ran are skipped, and others run twice.
#
# Guess:     the second half of a shuffled job, resumed with the same command and the same items, runs what is left.
# Version:   parallel 20221122 (Debian 12), Linux
# Behaviour: the log is read by number of job, and --shuf numbers the jobs after shuffling, anew in each run. The first
#            ten numbers are skipped, whichever items they stand for now. No message tells of it, the exit status is 0,
#            and the log has a line with status 0 for each of the 20 numbers. `shuf` before parallel, once and to a
#            file, keeps item and number together.
# Output:    20 items: with --shuf 10 ran first, 10 when resumed, 6 never, 6 twice; in order: 0 never, 0 twice
# Date:      2026-11-28
# Source:    seen by running it; the manual says that the input must remain unchanged, and nothing of --shuf
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
apt-get download --quiet --quiet parallel=20221122+ds-2 2>/dev/null
dpkg-deb --extract parallel_*.deb tree
export PARALLEL_HOME=$scratch/home
mkdir home

halves() { # NAME OPTIONS...: runs ten of 20 items and resumes; the items that ran are in NAME
    local name=$1
    shift
    seq 20 | perl tree/usr/bin/parallel --will-cite -j1 "$@" --joblog "$name.log" --halt now,done=10 \
        "echo {} >>$name" 2>>messages || true
    wc -l <"$name" >"$name.first"
    seq 20 | perl tree/usr/bin/parallel --will-cite -j1 "$@" --joblog "$name.log" --resume "echo {} >>$name"
}

halves shuffled --shuf
halves ordered
never() { echo $((20 - $(sort -u "$1" | wc -l))); }
twice() { sort "$1" | uniq --repeated | wc -l; }
first=$(cat shuffled.first)
echo "20 items: with --shuf $first ran first, $(($(wc -l <shuffled) - first)) when resumed, $(never shuffled) never," \
    "$(twice shuffled) twice; in order: $(never ordered) never, $(twice ordered) twice"
[ "$(never ordered)" = 0 ] && [ "$first" -ge 5 ] && [ "$first" -le 15 ] ||
    { echo "the comparison has changed" >&2; exit 1; }
[ "$(never shuffled)" -gt 0 ] || { echo "a shuffled job is now resumed" >&2; exit 1; }
