#!/bin/bash
# Try on a GPU whatever uses one, and print one line for each: whether it went well, how many seconds it took, and its name.
#   docs/cluster/gpu_check.sh [LOGS]
# Everything is tried, also when something before has failed; what each printed is in LOGS/NAME.log. Use a fresh clone:
# finished runs are not repeated. GPU_ID=-1 is the CPU; EXPERIMENT, CONFIGS and VENV as elsewhere; CHECKS names some
# checks in place of all: CHECKS="device encoder convert plan".
set -uo pipefail

logs=${1:-gpu_check}
gpu=${GPU_ID:-0}
export PATH="${VENV:-.venv}/bin:$PATH"
mkdir -p "$logs"
failed=0

check() {
    local name=$1 began=$SECONDS outcome=OK
    shift
    if [ "${CHECKS:-}" ] && [[ " $CHECKS " != *" $name "* ]]; then return; fi
    "$@" > "$logs/$name.log" 2>&1 || { outcome=FAILED; failed=1; }
    printf '%-6s %6d s  %s\n' "$outcome" $((SECONDS - began)) "$name"
}

run() {
    local command=$1
    shift
    python -m weasel run "$command" . --vars.experiment "${EXPERIMENT:-sample}" --vars.configs "${CONFIGS:-configs}" "$@"
}

on_gpu() { run "$@" --vars.gpu_id "$gpu"; }

paper() {
    local command=$1
    shift
    python -m weasel run "$command" . --vars.experiment "$@" --vars.encoder untrained --vars.gpu_id "$gpu"
}

device() {
    nvidia-smi
    python -m pip list | grep -i -E '^(cupy|torch|spacy|thinc)'
    python -c "from scripts.experiments.device import use_device; print(use_device(1, $gpu))"
}

check device device

# The commands of README
check encoder run encoder
check convert run convert
check plan on_gpu plan
check in-corpus on_gpu in-corpus
check few-shot on_gpu few-shot
check verify on_gpu verify
check all on_gpu all
check evaluate on_gpu evaluate
check benchmark on_gpu benchmark
check benchmark-growth on_gpu benchmark-growth

# At the size of the paper's encoder
check encoder-mbert run encoder --vars.encoder untrained
check benchmark-mbert on_gpu benchmark --vars.encoder untrained

# Several runs on one GPU, in processes of their own and on Ray: the same grid each time, with seeds of its own
check sources-1 on_gpu in-corpus --vars.seed 1000
check grid-1 on_gpu few-shot --vars.seed 1000 --vars.gpus_per_run 1
check sources-4 on_gpu in-corpus --vars.seed 2000
check grid-4 on_gpu few-shot --vars.seed 2000 --vars.gpus_per_run 0.25
check sources-ray on_gpu in-corpus --vars.seed 3000
check grid-ray on_gpu few-shot --vars.seed 3000 --vars.gpus_per_run 0.25 --vars.executor ray

# A slice of the paper's grid, what `plan` foretells for it, and what it foretells for the whole. With `few-shot` of the first
# plan as the time foretold for the slice, the whole takes about: hours foretold for it * time of slice / time foretold.
check slice-convert run convert --vars.experiment paper_slice --vars.configs docs/cluster
check slice-plan paper plan paper_slice --vars.configs docs/cluster
check slice-sources paper in-corpus paper_slice --vars.configs docs/cluster
check slice paper few-shot paper_slice --vars.configs docs/cluster
check paper-plan paper plan paper
exit $failed
