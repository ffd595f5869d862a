#!/bin/sh
# All metrics of a finished experiment side by side: RUN/compare.T1.s0.html and so on. Safe to run again.
#   recipes/experiment.sh RUN
set -eu
run=$1
apprentice=$(dirname "$0")/../.venv/bin/apprentice

# What a scripted person does on the pages of the exam, as references for VERTEX_DTW; one page has no script.
"$apprentice" rollout --run "$run" --set model=solvers --set tasks=attempted,held_out,-miniwob/click-checkboxes-soft \
    --set first_seed=7000000 --set seeds=8 --set attempts=1 --set collection=solvers

# What being held to the page gives without any learning: the control for practice that was.
"$apprentice" evaluate --run "$run" --set model=seed --set label=base-grounded --set exam.rollout.grounded=true \
    --set exam.tasks=attempted,held_out --set exam.first_seed=7000000 --set exam.seeds=8

rounds="r1 r2"
if [ -d "$(ls -d "$run"/models/mixed-s0-* 2>/dev/null | sed -n 3p)" ]; then rounds="r1 r2 r3"; fi

for temperature in T1 T0; do
    for seed in 0 1 2; do
        set -- "exam/base/$temperature" "exam/base-grounded/$temperature"
        for round in $rounds; do
            set -- "$@" "exam/mixed-s$seed-$round/$temperature"
        done
        for arm in label_free-s$seed-r1 synthetic-s$seed-r1 none-s$seed-r1 reward-s$seed-r1; do
            set -- "$@" "exam/$arm/$temperature"
        done
        "$apprentice" compare "$@" --run "$run" --references solvers --html "$run/compare.$temperature.s$seed.html"
    done
done
