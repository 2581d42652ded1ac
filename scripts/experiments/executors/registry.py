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
    """Create the executor that a command's options ask for.

    name (str): `local`, `inline` or `ray`.
    workers (str): Number of tasks at a time, or `auto`.
    address (str): Address of the Ray cluster. Empty to start one on this machine.
    threads (int): CPU threads per worker.
    gpu_id (int): The GPU to use; -1 for the CPU.
    gpus_per_run (float): Share of a GPU per run.
    RETURNS (Executor): The executor.
    RAISES (ProjectError): If there is no executor of that name, or a value is invalid.
    """
    check_threads(threads)
    if not 0 < gpus_per_run <= 1:
        raise ProjectError(f"--gpus-per-run must be above 0 and at most 1 (got {gpus_per_run})")
    if address and name != RAY:
        remedy = "add --vars.executor ray, or leave the address out"
        raise ProjectError(f"executor '{name}' doesn't use an address", where="--address", remedy=remedy)
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
    """RETURNS (Optional[int]): The number of workers. None for `auto`.
    RAISES (ProjectError): If the text is neither a number above 0 nor `auto`.
    """
    if text == AUTO:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,3}", text):
        raise ProjectError(f"--workers must be a number from 1 to 9999, or auto (got '{text}')")
    return int(text)


def _ray(address: str, workers: Optional[int], threads: int, gpu_id: int, gpus_per_run: float) -> Executor:
    # Ray is an optional requirement.
    from scripts.experiments.executors.ray import Ray

    return Ray(address, workers, threads, gpus_per_run if gpu_id >= 0 else 0.0)
