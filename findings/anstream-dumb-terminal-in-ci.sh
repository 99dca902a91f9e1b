#!/usr/bin/env bash
# anstream: a dumb terminal gets colours where CI is set, even to nothing.
#
# Guess:     with TERM=dumb a stream of anstream has no colour, on a machine of continuous integration as elsewhere.
# Version:   anstream 1.0.0 with anstyle-query 1.1.5, Linux
# Behaviour: of a terminal the choice is TERM, or CLICOLOR, or CI: one of them is enough. So TERM=dumb takes the colours
#            away, and CI brings them back, whatever its value. A pipe has none in either case. A program that tests
#            its output on a terminal of its own passes at the desk and fails in CI.
# Output:    dumb: plain; dumb, CI=: colours; dumb, CI=true: colours; dumb, CI=true, NO_COLOR=1: plain;
#            pipe, CI=true: plain
# Date:      2026-11-28
# Source:    seen by running it; the documentation of anstyle_query::is_ci says that colours work in CI despite pipes,
#            and names no terminal
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/src"
cat >"$scratch/Cargo.toml" <<'TOML'
[package]
name = "shown"
version = "1.0.0"
edition = "2021"
[dependencies]
anstream = "=1.0.0"
anstyle-query = "=1.1.5"
TOML
echo 'fn main() { anstream::println!("\u{1b}[31mred\u{1b}[0m"); }' >"$scratch/src/main.rs"
CARGO_TARGET_DIR=$scratch/target cargo build --quiet --manifest-path "$scratch/Cargo.toml"
shown() { # VARIABLES...: what the program writes to a terminal
    env -u CI -u NO_COLOR -u CLICOLOR -u CLICOLOR_FORCE TERM=dumb "$@" python3 -c \
        'import pty, sys; pty.spawn([sys.argv[1]])' "$scratch/target/debug/shown" </dev/null | look
}
look() { if grep -q $'\x1b'; then echo colours; else echo plain; fi; }
dumb=$(shown)
empty=$(shown CI=)
ci=$(shown CI=true)
none=$(shown CI=true NO_COLOR=1)
pipe=$(CI=true TERM=dumb "$scratch/target/debug/shown" | look)
echo "dumb: $dumb; dumb, CI=: $empty; dumb, CI=true: $ci; dumb, CI=true, NO_COLOR=1: $none; pipe, CI=true: $pipe"
[ "$dumb$none$pipe" = plainplainplain ] || { echo "the comparison has changed" >&2; exit 1; }
[ "$empty$ci" = colourscolours ] || { echo "CI no longer brings the colours back" >&2; exit 1; }
