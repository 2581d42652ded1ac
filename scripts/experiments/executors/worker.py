"""Do tasks in a process of the pool until there are no more, or the process that hands them out is gone."""
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Union

from scripts.experiments.executors.task import Ended, Task, Work, explain, try_task

# Threads of the libraries that count them for themselves. Those of OpenBLAS start when NumPy is imported, and the
# network's matrix products are not its.
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


@dataclass(frozen=True)
class Ready:
    """Says that a worker can be given tasks."""


@dataclass(frozen=True)
class Unfit:
    """Says that a worker can't do any task.

    reason (str): Why.
    """

    reason: str


@dataclass(frozen=True)
class Passed:
    """Says that sentences passed through the network.

    task (str): In which task.
    passes (int): How many.
    """

    task: str
    passes: int


Message = Union[Ready, Unfit, Passed, Ended]


def thread_variables(threads: int) -> dict[str, str]:
    """RETURNS (dict[str, str]): Environment of a process that is to compute with so many threads."""
    return {**dict.fromkeys(THREADS, str(threads)), **ONE_THREAD}


def serve(connection: Connection, lifeline: Connection, work: Work, name: str, gpu_id: int) -> None:
    """Do tasks as they come; the `main` of a worker process.

    connection (Connection): Brings tasks, and takes messages.
    lifeline (Connection): Brings nothing. It is closed when the process at its other end is gone.
    work (Work): How tasks are done.
    name (str): The worker's name.
    gpu_id (int): The GPU to use; -1 for the CPU.
    """
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
    # Nobody hears what is said to a process that is gone.
    with suppress(BrokenPipeError, ConnectionResetError):
        _serve(connection, work, name, gpu_id)


def _serve(connection: Connection, work: Work, name: str, gpu_id: int) -> None:
    try:
        work.open(gpu_id)
    except Exception as error:
        connection.send(Unfit(explain(error).reason))
        return
    connection.send(Ready())
    while task := _next_task(connection):
        connection.send(_do(connection, work, task, name))


def _do(connection: Connection, work: Work, task: Task, name: str) -> Ended:
    return try_task(work, task, lambda passes: connection.send(Passed(task.id, passes)), name)


def _next_task(connection: Connection) -> Task | None:
    try:
        task: Task = connection.recv()
    except EOFError:
        return None
    return task


def _end_with(lifeline: Connection) -> None:
    """End this process, whatever it is doing, when the other end of a connection is gone."""
    try:
        lifeline.recv()
    except (EOFError, OSError):
        pass
    os._exit(1)
