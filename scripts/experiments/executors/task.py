"""Define what an executor is given, what it gives back, and how an error in a piece of work is told."""
import re
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Generator, Optional, Protocol, Sequence

from scripts.base.errors import ProjectError, explain_os_error, explain_unforeseen, show_traceback

# Told while a piece of work is under way: which one, and how many sentences passed through the network.
OnTaskPasses = Callable[[str, int], Any]
MORE_MEMORY = "take a smaller batch_size, fewer workers, or a machine with more memory"
OUT_OF_MEMORY = f"out of memory: {MORE_MEMORY}"
# PyTorch raises its own error on a GPU, and on the CPU a plain RuntimeError.
NO_MEMORY = re.compile(r"out of memory|not enough memory|can't allocate memory|std::bad_alloc", re.IGNORECASE)


@dataclass(frozen=True)
class Task:
    """A piece of work that one worker does by itself.

    id (str): Its name, such as the id of a run.
    payload (Any): What `Work.do` is given. It is sent to other processes.
    cost (int): How long it takes, in sentence passes.
    after (tuple[str, ...]): The tasks that have to be done before, as those that train its source.
    start (str): What it starts from. A worker keeps this in memory for the next task that starts from the same.
    reads (tuple[Path, ...]): Files and folders that it reads, for workers on other machines.
    writes (Optional[Path]): The folder that it leaves behind, if it leaves one.
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
    """Why a task was not done.

    reason (str): One line for a person to read.
    traceback (tuple[str, ...]): Where in the code it happened, outermost call first; code only, no values.
    """

    reason: str
    traceback: tuple[str, ...] = ()

    def of_what_follows(self, task: str) -> "Failure":
        """RETURNS (Failure): Why those tasks failed that depend on the one that has failed so."""
        return Failure(f"{task} failed: {self.reason}")


@dataclass(frozen=True)
class Ended:
    """A task that was done, or failed.

    task (Task): Which one.
    worker (str): Who did it.
    started (float): When, in seconds since 1970.
    ended (float): When it was over.
    value (Any): What `Work.do` gave back; None if it failed.
    failure (Optional[Failure]): Why it failed; None if it was done.
    """

    task: Task
    worker: str
    started: float
    ended: float
    value: Any = None
    failure: Optional[Failure] = None


class Work(Protocol):
    """What all tasks of a call have in common. It is sent to every worker once."""

    # The module that does the work, which a process may import before it is given any.
    module: str
    # Where its files lie, in data classes; these paths are others on another machine.
    workspace: Any

    def open(self, gpu_id: int) -> None:
        """Make the process ready: threads, GPU, and what is kept in memory between tasks.

        gpu_id (int): The GPU to use; -1 for the CPU.
        RAISES (ProjectError): If there is no such GPU. No task can be done then.
        """

    def do(self, payload: Any, on_passes: Callable[[int], Any]) -> Any:
        """Do a task.

        payload (Any): That of the task.
        on_passes (Callable): To be told after every update how many sentences passed.
        RETURNS (Any): What is sent back.
        """


class Executor(Protocol):
    """Does tasks, each once, and none before those that it depends on."""

    def carry_out(
        self, work: Work, tasks: Sequence[Task], on_passes: OnTaskPasses
    ) -> Generator[Ended, None, None]:
        """Do tasks.

        work (Work): How they are done.
        tasks (Sequence[Task]): What is to be done. Each comes behind those that it depends on.
        on_passes (Callable): Told of a task's progress, where the executor hears of it.
        YIELDS (Ended): Each task as soon as it is over. A task that depends on one that failed has failed too. Closing
            the generator ends the workers.
        RAISES (ProjectError): If no worker can be made ready.
        """


def explain(error: BaseException) -> Failure:
    """RETURNS (Failure): What is told of an error in a task. Its traceback names code, and no values."""
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


def is_out_of_memory(error: BaseException) -> bool:
    """RETURNS (bool): Whether memory was short, as Python or a library tells it."""
    return isinstance(error, MemoryError) or NO_MEMORY.search(str(error)) is not None


def try_task(work: Work, task: Task, on_passes: Callable[[int], Any], worker: str) -> Ended:
    """RETURNS (Ended): A task that was done in this process, or the reason why it was not."""
    started = time.time()
    try:
        value, failure = work.do(task.payload, on_passes), None
    # Whatever goes wrong in a run concerns this run. What it was is told, and the others go on.
    except Exception as error:
        value, failure = None, explain(error)
    return Ended(task, worker, started, time.time(), value, failure)
