"""Measure wall-clock time, CPU time and memory."""
import contextlib
import re
import resource
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterator


@dataclass
class Watch:
    """A running or stopped stopwatch.

    wall (float): Wall-clock time in seconds.
    cpu (float): CPU time in seconds, over all threads of this process.
    """

    wall: float = 0.0
    cpu: float = 0.0


@contextlib.contextmanager
def stopwatch() -> Iterator[Watch]:
    """YIELDS (Watch): A stopwatch that has its values at the end of the block."""
    watch = Watch()
    wall, cpu = time.perf_counter(), time.process_time()
    yield watch
    watch.wall, watch.cpu = time.perf_counter() - wall, time.process_time() - cpu


@dataclass(frozen=True)
class Measurement:
    """A measurement by a worker.

    task (str): training, sentences, documents, grid, conversion, import or load.
    amount (float): The amount of work.
    unit (str): Unit of the amount: sentence passes, words, runs, ...
    wall (float): Wall-clock time in seconds.
    cpu (float): CPU time in seconds.
    memory (float): Peak memory of the process so far, in MB.
    details (dict): Further measurements, such as `gpu_memory`: the peak GPU memory so far, in MB.
    """

    task: str
    amount: float
    unit: str
    wall: float
    cpu: float
    memory: float
    details: dict[str, Any] = field(default_factory=dict)


def measured(task: str, amount: float, unit: str, watch: Watch, **details: Any) -> Measurement:
    """RETURNS (Measurement): The times of a stopwatch, and the peak memory of the process and of the GPU, if used."""
    return Measurement(task, amount, unit, watch.wall, watch.cpu, peak_memory(), {**details, **_gpu_memory()})


def _gpu_memory() -> dict[str, float]:
    # Don't import PyTorch just for this.
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return {}
    return {"gpu_memory": torch.cuda.max_memory_allocated() / 1e6}


def peak_memory() -> float:
    """RETURNS (float): Peak memory of this process so far, in MB."""
    status = Path("/proc/self/status")
    if status.is_file():
        # On Linux, ru_maxrss includes the memory of the parent process when it started this one.
        return float(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
