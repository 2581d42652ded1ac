"""Do tasks in a worker process until there are no more, or until the process that started it has ended."""
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Union

from scripts.base.garbage import collect_again
from scripts.experiments.executors.task import Ended, Task, Work, explain, try_task

# For libraries with their own setting. OpenBLAS starts its threads when NumPy is imported, and the network's matrix
# products don't use them.
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


@dataclass(frozen=True)
class Ready:
    """Message from a worker that is ready for tasks."""


@dataclass(frozen=True)
class Unfit:
    """Message from a worker that can't do any task.

    reason (str): Why not.
    """

    reason: str


@dataclass(frozen=True)
class Passed:
    """Message that sentences passed through the network.

    task (str): The task.
    passes (int): Number of sentences.
    """

    task: str
    passes: int


Message = Union[Ready, Unfit, Passed, Ended]


def thread_variables(threads: int) -> dict[str, str]:
    """RETURNS (dict[str, str]): Environment variables for a process with this number of threads."""
    return {**dict.fromkeys(THREADS, str(threads)), **ONE_THREAD}


def serve(connection: Connection, lifeline: Connection, work: Work, name: str, gpu_id: int) -> None:
    """Do tasks as they arrive. This is the `main` of a worker process.

    connection (Connection): Receives tasks and sends messages.
    lifeline (Connection): Closed when the process at its other end has ended. Nothing is sent over it.
    work (Work): How to do a task.
    name (str): The worker's name.
    gpu_id (int): The GPU to use; -1 for the CPU.
    """
    # The server that it was forked from had stopped.
    collect_again()
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
    # Messages to a process that has ended are lost.
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
    """End this process, whatever it is doing, when the other end of a connection is closed."""
    try:
        lifeline.recv()
    except (EOFError, OSError):
        pass
    os._exit(1)
