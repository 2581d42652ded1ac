"""Define tasks, executors and the outcome of a task, and explain errors in tasks."""
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Generator, Optional, Protocol, Sequence

from scripts.base.errors import ProjectError, explain_os_error, explain_unforeseen, is_out_of_memory, show_traceback

# Called during a task with its id and the number of sentences that passed through the network.
OnTaskPasses = Callable[[str, int], Any]
MORE_MEMORY = "take a smaller batch_size, fewer workers, or a machine with more memory"
OUT_OF_MEMORY = f"out of memory: {MORE_MEMORY}"


@dataclass(frozen=True)
class Task:
    """A piece of work for one worker.

    id (str): The task's name, such as the id of a run.
    payload (Any): The argument of `Work.do`. It is sent to other processes.
    cost (int): How long the task takes, in sentence passes.
    after (tuple[str, ...]): The tasks that it depends on, such as the training of its source.
    start (str): What it starts from. A worker keeps this in memory for the next task with the same start.
    reads (tuple[Path, ...]): Files and folders to read, for workers on other machines.
    writes (Optional[Path]): The folder to write, if any.
    """

    id: str
    payload: Any
    cost: int
    after: tuple[str, ...] = ()
    start: str = ""
    reads: tuple[Path, ...] = ()
    writes: Optional[Path] = None


@dataclass(frozen=True)
class Failure:
    """Why a task failed.

    reason (str): One line for people to read.
    traceback (tuple[str, ...]): Where in the code it failed, outermost call first. Only code, no values.
    """

    reason: str
    traceback: tuple[str, ...] = ()

    def of_what_follows(self, task: str) -> "Failure":
        """RETURNS (Failure): The failure of tasks that depend on the given failed task."""
        return Failure(f"{task} failed: {self.reason}")


@dataclass(frozen=True)
class Ended:
    """A task that has succeeded or failed.

    task (Task): The task.
    worker (str): The worker's name.
    started (float): Start time in seconds since 1970.
    ended (float): End time in seconds since 1970.
    value (Any): The return value of `Work.do`. None if the task failed.
    failure (Optional[Failure]): Why it failed. None if it succeeded.
    """

    task: Task
    worker: str
    started: float
    ended: float
    value: Any = None
    failure: Optional[Failure] = None


class Work(Protocol):
    """What all tasks of a call have in common. It is sent to every worker once."""

    # The module that does the work. Processes may import it in advance.
    module: str
    # Data classes with the paths of its files, which differ on other machines.
    workspace: Any

    def open(self, gpu_id: int) -> None:
        """Prepare the process: threads, GPU, and what to keep in memory between tasks.

        gpu_id (int): The GPU to use; -1 for the CPU.
        RAISES (ProjectError): If there is no such GPU, so that no task can be done.
        """

    def do(self, payload: Any, on_passes: Callable[[int], Any]) -> Any:
        """Do a task.

        payload (Any): The task's payload.
        on_passes (Callable): Call this after every update with the number of sentences passed.
        RETURNS (Any): The value to send back.
        """


class Executor(Protocol):
    """Execute tasks, each once and only after those it depends on."""

    def execute(
        self, work: Work, tasks: Sequence[Task], on_passes: OnTaskPasses
    ) -> Generator[Ended, None, None]:
        """Execute tasks.

        work (Work): How to do a task.
        tasks (Sequence[Task]): The tasks. Each must come after those it depends on.
        on_passes (Callable): Called with a task's progress, if the executor receives it.
        YIELDS (Ended): Each task as soon as it has ended. If a task fails, those that depend on it fail too. Closing
            the generator ends the workers.
        RAISES (ProjectError): If no worker can be prepared.
        """


def explain(error: BaseException) -> Failure:
    """RETURNS (Failure): An error in a task, with a traceback that has code and no values."""
    frames = tuple(
        f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
    )
    return Failure(_reason(error), frames)


def _reason(error: BaseException) -> str:
    if isinstance(error, ProjectError):
        return str(error)
    if is_out_of_memory(error):
        return OUT_OF_MEMORY
    if isinstance(error, OSError):
        return explain_os_error(error)
    show_traceback(error)
    return explain_unforeseen(error)


def try_task(work: Work, task: Task, on_passes: Callable[[int], Any], worker: str) -> Ended:
    """RETURNS (Ended): The outcome of a task, done in this process."""
    started = time.time()
    try:
        value, failure = work.do(task.payload, on_passes), None
    # An error in one run must not stop the others. It is reported.
    except Exception as error:
        value, failure = None, explain(error)
    return Ended(task, worker, started, time.time(), value, failure)
