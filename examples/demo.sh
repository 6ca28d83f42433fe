#!/bin/sh
# The main job on the built-in simulator, in a directory of its own: a plan, an
# apply, and a second plan that is empty.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "$here/quickstart/." "$work"
cd "$work"
say() { printf '\n$ trueup %s\n' "$*"; "$BIN" "$@"; }
say validate
say plan --sim
say apply --sim --auto-approve
printf '\nA second plan, which must be empty:\n'
say plan --sim --detailed-exitcode
