#!/bin/bash
# A worker under Slurm: everything behind the script's name is what follows `deno task`.
#
#   sbatch --array=1-8 --gpus=1 experiments/slurm.sh sweep experiments/paper/sweep.yaml --out /shared/out
#   sbatch experiments/slurm.sh run experiments/d2n-mnistm.yaml
#
# Submit it from the project's folder. Deno itself must be on PATH: npx hands no signal on.
#SBATCH --job-name=alias-free
#SBATCH --cpus-per-task=2
#SBATCH --time=04:00:00
#SBATCH --signal=B:USR1@120 # two minutes before the time is over, to save and to queue again
#SBATCH --requeue
#SBATCH --open-mode=append

deno task "$@" --threads "${SLURM_CPUS_PER_TASK:-1}" &
worker=$!

# Slurm's signals reach this shell alone, and when it ends, everything else is killed: it passes
# them on, and waits until the worker has saved.
trap 'passed=yes; kill -USR1 "$worker"' USR1
trap 'passed=yes; kill -TERM "$worker"' TERM
passed=yes
while [[ -n $passed ]]; do
  passed=
  wait "$worker"
  code=$?
done

# 75: saved, start again.
if ((code == 75)); then
  trap '' TERM # of the queueing, when there is nobody to pass it on to
  scontrol requeue "${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_}${SLURM_ARRAY_TASK_ID:-$SLURM_JOB_ID}"
fi
exit "$code"
