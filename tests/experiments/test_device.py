"""Test the choice of threads, GPU and precision."""
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from scripts.base.errors import ProjectError
from scripts.experiments import device
from scripts.experiments.config import resolve_config
from scripts.experiments.device import KEPT_KERNELS, choose_precision, has_bfloat16, use_device
from scripts.experiments.plan import few_shot_runs
from scripts.experiments.run import run_job
from tests.experiments.tiny import ROOT, SETTINGS, open_project, write_experiment


@pytest.mark.parametrize(
    "asked, has_it, expected",
    [
        ("auto", True, "bfloat16"),
        ("auto", False, "float32"),
        ("float32", True, "float32"),
        ("bfloat16", False, "bfloat16"),
    ],
)
def test_auto_goes_by_the_hardware(monkeypatch, asked, has_it, expected):
    monkeypatch.setattr(device, "has_bfloat16", lambda gpu_id: has_it)
    assert choose_precision(asked, -1) == expected


@pytest.mark.parametrize(
    "capabilities, expected",
    [({"avx512_f": True, "avx512_bf16": False}, False), ({"avx512_bf16": True}, True), ({"amx_bf16": True}, True)],
)
def test_a_cpu_has_bfloat16_if_it_multiplies_it(monkeypatch, capabilities, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert has_bfloat16(-1) is expected


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_precision_of_an_experiment_reaches_the_training_and_the_record(project, precision):
    write_experiment(project, {**SETTINGS, "precision": precision})
    workspace = open_project(project)
    run = few_shot_runs(workspace.experiment)[0]
    job = run_job(workspace, run)
    model = resolve_config(job.training)["components"]["transformer"]["model"]
    assert (model["training_precision"], model["inference_precision"]) == (precision, "float32")
    assert job.training.record["precision"] == precision
    other = replace(workspace, started_with=replace(workspace.started_with, precision="another"))
    assert run_job(other, run).fingerprint != job.fingerprint


@pytest.mark.parametrize("threads", [-5, 0, 1025, 100_000, 2**63])
def test_threads_that_no_machine_has_are_told(threads):
    with pytest.raises(ProjectError, match=rf"--threads must be from 1 to 1024 \(got {threads}\)"):
        use_device(threads, -1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_told_in_one_line():
    with pytest.raises(ProjectError, match="--gpu-id: GPU 0 can't be used .*gpu_id -1") as raised:
        use_device(1, 0)
    assert "\n" not in str(raised.value)


# How much the memory grows with products of hundreds of shapes, as in a training: one per length of its sentences.
MANY_SHAPES = """
import psutil, torch
from scripts.experiments.device import use_device

{prepare}
layer = torch.nn.Linear(384, 1536).bfloat16()
with torch.inference_mode():
    for rows in (1, 2, 3):
        layer(torch.zeros(rows, 384, dtype=torch.bfloat16))
    before = psutil.Process().memory_info().rss
    for rows in range(4, 900):
        layer(torch.zeros(rows, 384, dtype=torch.bfloat16))
print(psutil.Process().memory_info().rss - before)
"""


def growth(prepare, **variables):
    program = MANY_SHAPES.format(prepare=prepare)
    environment = {**{name: value for name, value in os.environ.items() if name not in KEPT_KERNELS}, **variables}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment, cwd=ROOT
    )
    return int(done.stdout)


def test_compiled_kernels_of_past_batches_take_no_memory():
    freely = growth("torch.set_num_threads(1)")
    if freely < 20_000_000:
        pytest.skip("on this processor, products in bfloat16 aren't compiled, or take little memory")
    assert growth("use_device(1, -1)") < freely / 2
    # A package limits them too, wherever it is loaded.
    assert growth("import scripts.ner.sentence_transformer") < freely / 2
    # The user's own number counts.
    assert growth("use_device(1, -1)", **dict.fromkeys(KEPT_KERNELS, "2000")) > freely / 2
