#!/bin/sh
# One week: see whether the record is whole and the models still fit, and train where they do not.
#
# A new model is a challenger: promoting it stays with a person (`triage promote TASK`). Exit codes:
# 1 the record was altered, 2 an error, 3 somebody should look, 4 models were trained and wait.
set -eu

if command -v triage > /dev/null; then run() { triage "$@"; }; else run() { python triage.py "$@"; }; fi

run audit verify
mkdir -p "${TRIAGE_HOME:-.triage}/reports"
found=0
run monitor --html "${TRIAGE_HOME:-.triage}/reports/monitor_$(date +%F).html" || found=$?
if [ "$found" -eq 4 ]; then
    for task in stock_risk invoice_mismatch supplier_delay; do
        run train "$task"
    done
fi
exit "$found"
