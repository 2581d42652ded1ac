"""Execute tasks in a pool of processes on this machine."""
import multiprocessing
import os
import signal
import time
from contextlib import contextmanager, suppress
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generator, Iterator, Optional, Sequence

from scripts.base.errors import ProjectError
from scripts.base.exits import OUT_OF_MEMORY, explain_exit
from scripts.experiments.executors import server
from scripts.experiments.executors.inline import Inline
from scripts.experiments.executors.resources import count_workers, free_cores, free_memory, visible_gpus
from scripts.experiments.executors.schedule import Agenda, most_at_once
from scripts.experiments.executors.task import MORE_MEMORY, Ended, Failure, OnTaskPasses, Task, Work
from scripts.experiments.executors.worker import Message, Passed, Unfit, serve, thread_variables

# Processes are forked from a server that has imported the libraries but started no threads: torch doesn't work in a
# fork of a process that has started its threads.
PROCESSES = multiprocessing.get_context("forkserver")
# Seconds to wait for a process to end by itself.
PATIENCE = 2.0


class Local:
    """Execute tasks in a pool of processes that uses all of this machine.

    workers (Optional[int]): Number of processes. None for as many as the cores, GPUs and memory have room for.
    threads (int): CPU threads per process.
    gpu_id (int): The first GPU to use, among those that are visible; -1 for the CPU.
    gpus_per_run (float): Share of a GPU per process. With 0.5, two processes share a GPU.
    """

    def __init__(self, workers: Optional[int], threads: int, gpu_id: int = -1, gpus_per_run: float = 1.0) -> None:
        self.workers = workers
        self.threads = threads
        self.gpu_id = gpu_id
        self.gpus_per_run = gpus_per_run

    def execute(
        self, work: Work, tasks: Sequence[Task], on_passes: OnTaskPasses
    ) -> Generator[Ended, None, None]:
        """See `Executor.execute`. Tasks that can only run one after the other need no pool."""
        at_once, gpus = most_at_once(tasks), self._gpus()
        if at_once <= 1:
            yield from Inline(self.gpu_id).execute(work, tasks, on_passes)
            return
        size = min(at_once, self.workers) if self.workers else self._count(at_once, gpus)
        with _pool(work, size, self.threads, gpus) as pool:
            yield from pool.execute(Agenda(tasks), on_passes)

    def _count(self, tasks: int, gpus: Sequence[int]) -> int:
        places = int(len(gpus) / self.gpus_per_run) if self.gpu_id >= 0 else None
        return count_workers(tasks, self.threads, free_cores(), free_memory(), places)

    def _gpus(self) -> list[int]:
        """RETURNS (list[int]): The GPUs to distribute workers over, or -1 for the CPU."""
        if self.gpu_id < 0:
            return [-1]
        # If a GPU doesn't exist, the worker that should use it reports that.
        return list(range(self.gpu_id, max(visible_gpus(), self.gpu_id + 1)))


class _Worker:
    """A process of the pool, as seen from the parent process.

    name (str): The worker's name.
    process (BaseProcess): The process.
    connection (Connection): Sends tasks and receives messages.
    gpu_id (int): The GPU that it uses; -1 for the CPU.
    """

    def __init__(self, name: str, process: BaseProcess, connection: Connection, gpu_id: int) -> None:
        self.name, self.process, self.connection, self.gpu_id = name, process, connection, gpu_id
        self.is_ready = False
        self.task: Optional[Task] = None
        self.begun = 0.0
        # What it has in memory.
        self.start = ""

    def give(self, task: Task) -> None:
        self.task, self.begun, self.start = task, time.time(), task.start
        # If the process has ended, this is noticed when its messages are read.
        with suppress(OSError):
            self.connection.send(task)

    def lost(self) -> Ended:
        """RETURNS (Ended): The task that the process was doing when it ended, as failed."""
        assert self.task
        self.process.join(PATIENCE)
        failure = Failure(_how_it_ended(self.process.exitcode))
        return Ended(self.task, self.name, self.begun, time.time(), failure=failure)


class _Pool:
    """A pool of processes that do tasks.

    work (Work): How to do a task.
    gpus (Sequence[int]): The GPUs to distribute workers over, or -1 for the CPU.
    """

    def __init__(self, work: Work, gpus: Sequence[int]) -> None:
        self._work = work
        self._gpus = gpus
        self._lifeline_read, self._lifeline = PROCESSES.Pipe(duplex=False)
        self._workers: list[_Worker] = []

    def start(self, number: int, gpu_id: int) -> None:
        """Start a worker.
        RAISES (ProjectError): If the process to fork it from has ended."""
        name = f"worker {number + 1}"
        ours, theirs = PROCESSES.Pipe()
        arguments = (theirs, self._lifeline_read, self._work, name, gpu_id)
        process = PROCESSES.Process(target=serve, args=arguments, name=name, daemon=True)
        try:
            process.start()
        except (EOFError, ConnectionError) as error:
            what = f"the process that workers are started from has ended: {OUT_OF_MEMORY}"
            raise ProjectError(what, remedy=MORE_MEMORY) from error
        # Otherwise, this end wouldn't notice when the process ends.
        theirs.close()
        self._workers.insert(number, _Worker(name, process, ours, gpu_id))

    def start_all(self, size: int) -> None:
        """Start workers, distributed over the GPUs."""
        for number in range(size):
            self.start(number, self._gpus[number % len(self._gpus)])

    def execute(self, agenda: Agenda, on_passes: OnTaskPasses) -> Iterator[Ended]:
        """YIELDS (Ended): Each task as soon as it has ended."""
        while not agenda.is_over:
            self._hand_out(agenda)
            for worker in self._with_news():
                message = self._read(worker)
                if isinstance(message, Passed):
                    on_passes(message.task, message.passes)
                elif isinstance(message, Ended):
                    yield from agenda.end(message)

    def _hand_out(self, agenda: Agenda) -> None:
        for worker in self._workers:
            if worker.is_ready and not worker.task:
                others = {other.start for other in self._workers if other is not worker}
                task = agenda.take(worker.start, others)
                if task:
                    worker.give(task)

    def _with_news(self) -> list[_Worker]:
        heard = wait([worker.connection for worker in self._workers])
        return [worker for worker in self._workers if worker.connection in heard]

    def _read(self, worker: _Worker) -> Optional[Message]:
        """RETURNS (Optional[Message]): A worker's message, or its failed task if it has ended. It is replaced then.
        RAISES (ProjectError): If the worker can't do any task."""
        try:
            message: Message = worker.connection.recv()
        except (EOFError, OSError):
            return self._replace(worker)
        if isinstance(message, Unfit):
            raise ProjectError(message.reason)
        if not isinstance(message, Passed):
            worker.is_ready, worker.task = True, None
        return message

    def _replace(self, worker: _Worker) -> Optional[Ended]:
        if not worker.is_ready:
            worker.process.join(PATIENCE)
            raise ProjectError(f"a worker process could not be started: {_how_it_ended(worker.process.exitcode)}")
        ended, number = worker.lost() if worker.task else None, self._workers.index(worker)
        self._workers.remove(worker)
        worker.connection.close()
        self.start(number, worker.gpu_id)
        return ended

    def close(self) -> None:
        """End all workers. Idle ones end by themselves; the others are terminated."""
        for worker in self._workers:
            worker.connection.close()
            if worker.task or not worker.is_ready:
                worker.process.terminate()
        until = time.monotonic() + PATIENCE
        for worker in self._workers:
            worker.process.join(max(0.0, until - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self._lifeline.close()
        self._lifeline_read.close()


@contextmanager
def _pool(work: Work, size: int, threads: int, gpus: Sequence[int]) -> Iterator[_Pool]:
    pool = _Pool(work, gpus)
    try:
        variables = {**thread_variables(threads), server.STARTED_BY: str(os.getpid())}
        with _environment(variables), _without_interrupts():
            forkserver.set_forkserver_preload([server.__name__, work.module])
            forkserver.ensure_running()
        pool.start_all(size)
        yield pool
    finally:
        pool.close()


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables for processes started in the block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Start processes in the block that ignore Ctrl-C, or each would print a traceback. This process ends them."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _how_it_ended(status: Optional[int]) -> str:
    """RETURNS (str): How a process ended, and the remedy if memory ran out."""
    told = explain_exit(status or 0)
    return f"{told}; {MORE_MEMORY}" if "memory" in told else told
