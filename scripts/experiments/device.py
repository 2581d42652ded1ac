"""Select the threads, the GPU and the precision of trainings."""
import os

import spacy
import torch

from scripts.base.errors import ProjectError
from scripts.experiments.executors.resources import check_threads
from scripts.experiments.settings import Precision

# The kernels that oneDNN and PyTorch keep compiled, one for each shape of a matrix product. Almost every batch has new
# shapes, so that more than those of one batch hardly save time, but take hundreds of megabytes.
KEPT_KERNELS = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "16", "LRU_CACHE_CAPACITY": "16"}


def use_device(threads: int, gpu_id: int) -> str:
    """Set the number of threads and of compiled kernels to keep and, if there is one, the GPU.

    Call this before the first training: the number of kernels can't be changed later.

    threads (int): CPU threads.
    gpu_id (int): The GPU to use; -1 for the CPU.
    RETURNS (str): `cpu`, or the GPU's name.
    RAISES (ProjectError): If the number of threads is invalid, or the GPU can't be used.
    """
    check_threads(threads)
    torch.set_num_threads(threads)
    for name, number in KEPT_KERNELS.items():
        os.environ.setdefault(name, number)
    if gpu_id < 0:
        return "cpu"
    try:
        spacy.require_gpu(gpu_id)
    except (ValueError, OverflowError) as error:
        reason = " ".join(str(error).split())
        remedy = "install cupy for this GPU, or run on the CPU with `--vars.gpu_id -1`"
        raise ProjectError(f"GPU {gpu_id} can't be used ({reason})", where="--gpu-id", remedy=remedy) from None
    return torch.cuda.get_device_name(gpu_id)


def choose_precision(precision: Precision, gpu_id: int) -> str:
    """Choose the precision of trainings.

    precision (str): The experiment's setting. `auto` means bfloat16 if the hardware multiplies it natively.
    gpu_id (int): The GPU to use; -1 for the CPU.
    RETURNS (str): `float32` or `bfloat16`.
    """
    if precision != "auto":
        return precision
    return "bfloat16" if has_bfloat16(gpu_id) else "float32"


def has_bfloat16(gpu_id: int) -> bool:
    """RETURNS (bool): Whether the GPU, or the CPU for a negative number, multiplies bfloat16 natively."""
    if gpu_id >= 0:
        return torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    return any(there for name, there in torch.cpu.get_capabilities().items() if name.endswith("bf16"))
