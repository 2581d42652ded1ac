#!/bin/bash
#SBATCH --job-name=ner-driver
#SBATCH --cpus-per-task=1
#SBATCH --mem=8G
#SBATCH --time=24:00:00
#SBATCH --signal=B:TERM@60
#SBATCH --output=%x-%j.log
# Start the head of a Ray cluster, carry out a grid on its workers, and stop the head at the end, whatever happens.
#   sbatch docs/cluster/slurm_driver.sh SHARED [--vars.NAME VALUE ...]
# SHARED is a folder that every node sees; the workers find the head's address in it. COMMANDS are the commands to run,
# VENV is the virtual environment.
set -euo pipefail
umask 077

shared=${1:?"give a folder that every node sees"}
shift
commands=${COMMANDS:-in-corpus zero-shot few-shot}
export PATH="${VENV:-.venv}/bin:$PATH"

mkdir -p "$shared"
shared=$(realpath "$shared")
rm -f "$shared/address" "$shared/token"
# What Ray and its processes write on this machine's disk, private text included, goes at the end. Ray opens its own folder
# to everybody, and this one around it is yours alone. Its name is short, since those of sockets may not be long.
scratch=$(mktemp -d "${TMPDIR:-/tmp}/ner-grid.XXXXXX")
export TMPDIR=$scratch
head=
grid=

stop() {
    # Not those of another driver that was started on the same folder.
    if cmp -s "$scratch/token" "$shared/token"; then rm -f "$shared/address" "$shared/token"; fi
    if [ "$grid" ]; then kill "$grid" 2>/dev/null && wait "$grid" || true; fi
    # Not `ray stop`, which would stop your other grids on this machine too.
    if [ "$head" ]; then kill "$head" 2>/dev/null && wait "$head" || true; fi
    rm -rf "$scratch"
    echo "The head was stopped"
}
trap stop EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

# Whoever reaches the head could run code as you: it wants a token that only you may read.
od -An -N32 -tx1 /dev/urandom | tr -d ' \n' > "$scratch/token"
cp "$scratch/token" "$shared/token.$$"
mv "$shared/token.$$" "$shared/token"
export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH="$scratch/token" RAY_USAGE_STATS_ENABLED=0
# Seconds to wait for running work when a node is asked to stop.
export RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S=0

# No CPU and no GPU: the runs go to the workers.
ray start --head --block --port=0 --num-cpus=0 --num-gpus=0 --object-store-memory=2000000000 \
    --min-worker-port=0 --max-worker-port=0 --temp-dir="$scratch/r" --include-dashboard=false > "$shared/head.log" 2>&1 &
head=$!
until [ -s "$scratch/r/ray_current_cluster" ]; do
    kill -0 "$head" 2>/dev/null || { echo "The head did not start: see $shared/head.log"; exit 1; }
    sleep 1
done
address=$(cat "$scratch/r/ray_current_cluster")
# In one step: no worker reads half of it.
echo "$address" > "$shared/address.part"
mv "$shared/address.part" "$shared/address"
echo "The head is at $address"

for command in $commands; do
    # In the background: bash hears a signal while it waits.
    python -m weasel run "$command" . --vars.executor ray --vars.address "$address" "$@" &
    grid=$!
    wait "$grid"
    grid=
done
