#!/usr/bin/env bash
# GNU split --filter: with -n l/4 the four commands run one after the other, with -n r/4 at the same time.
#
# Guess:     split starts the command of each part and goes on, so four parts of a file are worked on in parallel.
# Version:   coreutils 9.1 (Debian 12), Linux
# Behaviour: with -n l/N, -n N and -l a part is written and its command waited for before the next one is started. Only
#            round robin, -n r/N, has all commands open at once, for it deals lines out as they come.
# Output:    4 commands, at once: -n l/4 1, -n 4 1, -l 250 1, -n r/4 4
# Date:      2026-11-28
# Source:    seen by running it; the man page does not say when commands run
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
apt-get download --quiet --quiet coreutils=9.1-1 2>/dev/null
dpkg-deb --extract coreutils_*.deb tree
seq 1000 >lines
cat >work <<'SH'
mkdir "now/$FILE"
sleep 0.5
ls now | wc -l >>counts
sleep 0.5
rmdir "now/$FILE"
cat >/dev/null
SH
at_once() { # OPTIONS...: the most commands that ran at the same time
    rm -rf now counts
    mkdir now
    tree/usr/bin/split "$@" --filter='sh ./work' lines
    [ "$(wc -l <counts)" = 4 ] || { echo "the comparison has changed: not four parts" >&2; exit 1; }
    sort -n counts | tail -n 1
}
lines=$(at_once -n l/4)
bytes=$(at_once -n 4)
length=$(at_once -l 250)
turns=$(at_once -n r/4)
echo "4 commands, at once: -n l/4 $lines, -n 4 $bytes, -l 250 $length, -n r/4 $turns"
[ "$turns" -ge 2 ] || { echo "the comparison has changed" >&2; exit 1; }
[ "$lines $bytes $length" = "1 1 1" ] || { echo "commands now run at the same time" >&2; exit 1; }
