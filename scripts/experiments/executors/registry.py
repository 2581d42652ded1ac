"""Choose an executor by its name."""
import re
from typing import Callable, Optional

from scripts.base.errors import ProjectError
from scripts.base.settings import suggest
from scripts.experiments.executors.inline import Inline
from scripts.experiments.executors.local import Local
from scripts.experiments.executors.resources import check_threads
from scripts.experiments.executors.task import Executor

AUTO = "auto"
LOCAL, INLINE, RAY = "local", "inline", "ray"


def choose_executor(
    name: str, workers: str, address: str, threads: int, gpu_id: int, gpus_per_run: float = 1.0
) -> Executor:
    """Make the executor that a command is told to use.

    name (str): `local`, `inline` or `ray`.
    workers (str): How many tasks at a time: `auto`, or a number.
    address (str): Of the Ray cluster; empty for one that is started on this machine.
    threads (int): CPU threads of each worker.
    gpu_id (int): The GPU to use; -1 for the CPU.
    gpus_per_run (float): Share of a GPU that a run gets.
    RETURNS (Executor): The executor.
    RAISES (ProjectError): If there is none of that name, or a value is wrong.
    """
    check_threads(threads)
    if not 0 < gpus_per_run <= 1:
        raise ProjectError(f"got {gpus_per_run}", where="--gpus-per-run", remedy="give more than 0, and at most 1")
    if address and name != RAY:
        remedy = "give --vars.executor ray too, or leave it out"
        raise ProjectError(f"executor '{name}' has no address", where="--address", remedy=remedy)
    number = parse_workers(workers)
    choices: dict[str, Callable[[], Executor]] = {
        INLINE: lambda: Inline(gpu_id),
        LOCAL: lambda: Local(number, threads, gpu_id, gpus_per_run),
        RAY: lambda: _ray(address, number, threads, gpu_id, gpus_per_run),
    }
    if name not in choices:
        remedy = suggest(name, list(choices))
        raise ProjectError(f"no executor '{name}'", where="--executor", remedy=remedy)
    return choices[name]()


def parse_workers(text: str) -> Optional[int]:
    """RETURNS (Optional[int]): How many workers there are to be; None for `auto`.
    RAISES (ProjectError): If it is neither a number above 0 nor `auto`.
    """
    if text == AUTO:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,3}", text):
        raise ProjectError(f"got '{text}'", where="--workers", remedy="give a number from 1, or auto")
    return int(text)


def _ray(address: str, workers: Optional[int], threads: int, gpu_id: int, gpus_per_run: float) -> Executor:
    # Ray is an extra requirement.
    from scripts.experiments.executors.ray import Ray

    return Ray(address, workers, threads, gpus_per_run if gpu_id >= 0 else 0.0)
