"""One measurement: what was done, in how many seconds of the wall and of the processor, in how much memory."""
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

    wall (float): Seconds on the wall.
    cpu (float): Seconds of the processor, over all threads of this process.
    """

    wall: float = 0.0
    cpu: float = 0.0


@contextlib.contextmanager
def stopwatch() -> Iterator[Watch]:
    """YIELDS (Watch): Filled in when the block ends."""
    watch = Watch()
    wall, cpu = time.perf_counter(), time.process_time()
    yield watch
    watch.wall, watch.cpu = time.perf_counter() - wall, time.process_time() - cpu


@dataclass(frozen=True)
class Measurement:
    """What a worker found out.

    task (str): training, sentences, documents, grid, conversion, import or load.
    amount (float): How much was done.
    unit (str): Of what: sentence passes, words, runs, ...
    wall (float): Seconds on the wall.
    cpu (float): Seconds of the processor.
    memory (float): The most memory that the process had so far, in MB.
    details (dict): Whatever else was measured; `gpu_memory`: the most memory of the GPU so far, in MB.
    """

    task: str
    amount: float
    unit: str
    wall: float
    cpu: float
    memory: float
    details: dict[str, Any] = field(default_factory=dict)


def measured(task: str, amount: float, unit: str, watch: Watch, **details: Any) -> Measurement:
    """RETURNS (Measurement): What a stopwatch shows, and the memory of the process, and of the GPU if it uses one."""
    return Measurement(task, amount, unit, watch.wall, watch.cpu, peak_memory(), {**details, **_gpu_memory()})


def _gpu_memory() -> dict[str, float]:
    # What does not use PyTorch is not to import it for this.
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return {}
    return {"gpu_memory": torch.cuda.max_memory_allocated() / 1e6}


def peak_memory() -> float:
    """RETURNS (float): The most memory that this process had so far, in MB."""
    status = Path("/proc/self/status")
    if status.is_file():
        # Linux's ru_maxrss counts what the parent process had when it started this one.
        return float(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
