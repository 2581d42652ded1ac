#!/bin/bash
#SBATCH --job-name=ner-worker
#SBATCH --cpus-per-task=8
#SBATCH --mem=16G
#SBATCH --time=24:00:00
#SBATCH --signal=B:TERM@60
#SBATCH --output=%x-%j.log
# Do runs for the head whose address is in a shared folder, until the head is gone.
#   sbatch --array=1-4 docs/cluster/slurm_worker.sh SHARED
# With --gres=gpu:1 the worker has a GPU. VENV is the virtual environment, PATIENCE how many seconds to wait for a head.
set -euo pipefail
umask 077

shared=$(realpath "${1:?"give the folder that the driver was given"}")
export PATH="${VENV:-.venv}/bin:$PATH"

# What Ray and its processes write on this machine's disk, private text included, goes at the end. Ray opens its own folder
# to everybody, and this one around it is yours alone. Its name is short, since those of sockets may not be long.
scratch=$(mktemp -d "${TMPDIR:-/tmp}/ner-grid.XXXXXX")
export TMPDIR=$scratch
node=

stop() {
    if [ "$node" ]; then kill "$node" 2>/dev/null && wait "$node" || true; fi
    rm -rf "$scratch"
    echo "The worker was stopped"
}
trap stop EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

until [ -s "$shared/address" ]; do
    if [ "$SECONDS" -gt "${PATIENCE:-600}" ]; then echo "No head has put its address into $shared"; exit 1; fi
    sleep 2
done
address=$(cat "$shared/address")
export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH="$shared/token" RAY_USAGE_STATS_ENABLED=0
# Seconds to wait for running work when a node is asked to stop.
export RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S=0

join() {
    ray start --address="$address" --block --num-cpus="${SLURM_CPUS_PER_TASK:-1}" --num-gpus="${SLURM_GPUS_ON_NODE:-0}" \
        --object-store-memory=2000000000 --min-worker-port=0 --max-worker-port=0 --temp-dir="$scratch/r" &
    node=$!
}

echo "The head is at $address"
join
tries=1
# The driver takes its address away at its end. If the driver's machine is lost, Ray itself ends within about a minute.
while [ "$(cat "$shared/address" 2>/dev/null)" = "$address" ]; do
    if ! kill -0 "$node" 2>/dev/null; then
        if [ "$tries" -ge 3 ]; then echo "Ray has ended three times: the head is lost, or see above"; exit 1; fi
        # Several workers that start on one machine at the same moment can take each other's ports: not at once, then.
        tries=$((tries + 1))
        echo "Ray has ended: joining again in some seconds (try $tries of 3)"
        sleep $((5 + RANDOM % 20))
        join
    fi
    sleep 2
done
echo "The head is gone"
