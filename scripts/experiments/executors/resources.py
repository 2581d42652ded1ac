"""Count the cores, memory and GPUs that this machine has for a pool of processes."""
import os
from pathlib import Path
from typing import Optional

import psutil

from scripts.base.errors import ProjectError

# More than any machine has. With many more, the system couldn't allocate the memory.
MOST_THREADS = 1024
# In bytes: what a process takes to train the offline encoder, and roughly a model the size of multilingual BERT on a
# GPU.
MEMORY_PER_WORKER = 1_300_000_000
LIMITS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
)


def check_threads(threads: int) -> None:
    """RAISES (ProjectError): If the number of threads is out of range."""
    if not 1 <= threads <= MOST_THREADS:
        raise ProjectError(f"--threads must be from 1 to {MOST_THREADS} (got {threads})")


def count_workers(tasks: int, threads: int, cores: int, memory: int, gpu_places: Optional[int] = None) -> int:
    """Choose the number of processes to run in parallel.

    tasks (int): Number of tasks that can run at the same time.
    threads (int): CPU threads per process.
    cores (int): CPU cores.
    memory (int): Free memory in bytes.
    gpu_places (Optional[int]): Number of processes that the GPUs have room for. None on the CPU.
    RETURNS (int): The number of processes, at least one.
    """
    places = cores // threads if gpu_places is None else gpu_places
    return max(1, min(tasks, places, memory // MEMORY_PER_WORKER))


def free_cores() -> int:
    """RETURNS (int): CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_memory() -> int:
    """RETURNS (int): Free memory in bytes, within the limit of a container."""
    free = psutil.virtual_memory().available
    return min([free, *(_left(*files) for files in LIMITS if files[0].is_file())])


def _left(limit: Path, used: Path) -> int:
    try:
        return max(0, int(limit.read_text()) - int(used.read_text()))
    # "max" means no limit.
    except (ValueError, OSError):
        return psutil.virtual_memory().available


def visible_gpus() -> int:
    """RETURNS (int): Number of GPUs visible to this process."""
    import torch

    return torch.cuda.device_count()
