#!/usr/bin/env bash
# Runs make targets one after the other, stops at the first that fails, and ends with the time each took.
#
#   stages.sh TARGET...
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
[[ $# -gt 0 ]] || { echo "usage: stages.sh TARGET..." >&2; exit 2; }

times=()
current=
started=$SECONDS
begun=$SECONDS

# report prints what ran, in order; it also runs when a stage fails or the run is interrupted.
report() {
  local status=$? line
  echo
  for line in "${times[@]}"; do echo "   $line"; done
  if [[ $status -ne 0 && -n $current ]]; then
    printf '   %-18s %4d s  FAILED\n' "$current" $((SECONDS - begun))
    echo "== make $current failed. It can be run alone: make $current"
  else
    printf '== all stages passed in %d s\n' $((SECONDS - started))
  fi
  exit "$status"
}
trap report EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

for current in "$@"; do
  begun=$SECONDS
  echo
  echo "== $current ($(date -u +%H:%M:%S))"
  ${MAKE:-make} --no-print-directory "$current"
  times+=("$(printf '%-18s %4d s' "$current" $((SECONDS - begun)))")
done
current=
