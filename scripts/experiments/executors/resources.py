"""Count what this machine has for a pool of processes: cores, memory, GPUs."""
import os
from pathlib import Path
from typing import Optional

import psutil

from scripts.base.errors import ProjectError

# More than any machine has; the system would give no memory for some more of them.
MOST_THREADS = 1024
# What a process takes that trains the offline encoder, and about what one of multilingual BERT's size takes on a GPU.
MEMORY_PER_WORKER = 1_300_000_000
LIMITS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
)


def check_threads(threads: int) -> None:
    """RAISES (ProjectError): If a training can't have so many CPU threads."""
    if not 1 <= threads <= MOST_THREADS:
        raise ProjectError(f"{threads} threads", where="--threads", remedy=f"give 1 to {MOST_THREADS}")


def count_workers(tasks: int, threads: int, cores: int, memory: int, gpu_places: Optional[int] = None) -> int:
    """Say how many processes work best side by side.

    tasks (int): How many tasks can be under way at once.
    threads (int): CPU threads of each process.
    cores (int): CPU cores.
    memory (int): Bytes that are free.
    gpu_places (Optional[int]): How many processes the GPUs have room for; None on the CPU.
    RETURNS (int): At least one.
    """
    places = cores // threads if gpu_places is None else gpu_places
    return max(1, min(tasks, places, memory // MEMORY_PER_WORKER))


def free_cores() -> int:
    """RETURNS (int): CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_memory() -> int:
    """RETURNS (int): Bytes of memory that are free, within the limit of a container."""
    free = psutil.virtual_memory().available
    return min([free, *(_left(*files) for files in LIMITS if files[0].is_file())])


def _left(limit: Path, used: Path) -> int:
    try:
        return max(0, int(limit.read_text()) - int(used.read_text()))
    # "max": no limit.
    except (ValueError, OSError):
        return psutil.virtual_memory().available


def visible_gpus() -> int:
    """RETURNS (int): How many GPUs this process sees."""
    import torch

    return torch.cuda.device_count()
