"""Execute tasks in this process, one after the other, in the given order."""
import time
from functools import partial
from typing import Generator, Sequence

from scripts.experiments.executors.task import Ended, Failure, OnTaskPasses, Task, Work, try_task

THIS_PROCESS = "this process"


class Inline:
    """Execute tasks in this process.

    gpu_id (int): The GPU to use; -1 for the CPU.
    """

    def __init__(self, gpu_id: int = -1) -> None:
        self.gpu_id = gpu_id

    def execute(
        self, work: Work, tasks: Sequence[Task], on_passes: OnTaskPasses
    ) -> Generator[Ended, None, None]:
        """See `Executor.execute`."""
        work.open(self.gpu_id)
        failures: dict[str, Failure] = {}
        for task in tasks:
            failed = next((before for before in task.after if before in failures), None)
            if failed:
                failures[task.id] = failures[failed]
                now = time.time()
                yield Ended(task, "", now, now, failure=failures[failed])
                continue
            ended = try_task(work, task, partial(on_passes, task.id), THIS_PROCESS)
            if ended.failure:
                failures[task.id] = ended.failure.of_what_follows(task.id)
            yield ended
