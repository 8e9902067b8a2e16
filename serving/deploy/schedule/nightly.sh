#!/bin/sh
# One night of a site: load what came, renew the history, score what is open.
#
#   nightly.sh EXTRACTS MAPPING... [-- OPTION...]   options go to `triage ingest`, such as --full
#
# Stops at the first step that fails, with its exit code: 1 the checks refused the extract, 3 too many
# rows would be put aside; in both the lake stays as it was. Run again, it goes on where it stopped.
set -eu

[ $# -ge 2 ] || { echo "usage: nightly.sh EXTRACTS MAPPING... [-- OPTION...]" >&2; exit 64; }
if command -v triage > /dev/null; then run() { triage "$@"; }; else run() { python triage.py "$@"; }; fi

extracts=$1
shift
count=$#
while [ "$count" -gt 0 ]; do # the mappings become options; what follows "--" stays as it is
    word=$1
    shift
    count=$((count - 1))
    if [ "$word" = "--" ]; then break; fi
    set -- "$@" --mapping "$word"
done
# Options that stood behind "--" are in front of the mappings now.
run ingest --source extract --path "$extracts" "$@"
run decisions
run profiles
mkdir -p "${TRIAGE_HOME:-.triage}/reports"
run score --out "${TRIAGE_HOME:-.triage}/reports/scores_$(date +%F).parquet"
