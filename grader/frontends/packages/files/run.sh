#!/bin/sh
# PrairieLearn runs this for each submission. Exit code 0: results.json says whether the submission was gradable.
root=${GRADE_ROOT:-/grade}
cd "$root" || exit 3
mkdir -p results
cp tests/fault.json results/results.json # a grade takes its place
chmod o= tests results data serverFilesCourse 2>/dev/null

timeout -k 5 @WATCHDOG_SECONDS@ "${GRADER_VENV:-/opt/grader-venv}/bin/python" -I \
    -m grader.frontends.packages.run prairielearn tests "$root" ||
    echo "grader: no grade (exit code $?); the submission was returned as not gradable"
exit 0
