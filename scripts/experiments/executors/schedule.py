"""Choose the next task: first those that others wait for, and the longest first."""
import time
from typing import Collection, Mapping, Optional, Sequence

from scripts.experiments.executors.task import Ended, Failure, Task

# A worker continues with what it has in memory, unless another task is more than this many times as long.
WORTH_A_FRESH_START = 2


def remaining_costs(tasks: Sequence[Task]) -> dict[str, int]:
    """Compute the cost of each task together with the longest chain of tasks that wait for it.

    tasks (Sequence[Task]): The tasks. Each must come after those it depends on.
    RETURNS (dict[str, int]): Costs in sentence passes, by id.
    """
    behind = dict.fromkeys((task.id for task in tasks), 0)
    for task in reversed(tasks):
        for before in task.after:
            if before in behind:
                behind[before] = max(behind[before], task.cost + behind[task.id])
    return {task.id: task.cost + behind[task.id] for task in tasks}


def choose_next(
    ready: Sequence[Task], remaining: Mapping[str, int], start: str = "", others: Collection[str] = ()
) -> Optional[Task]:
    """Choose a worker's next task.

    The longest comes first, so that no worker is left with a long task at the end. Among tasks of similar length, those
    that start from what the worker has in memory come first, then those that start from what no other worker has.

    ready (Sequence[Task]): The tasks that can start now.
    remaining (Mapping[str, int]): See `remaining_costs`.
    start (str): What the worker has in memory. Empty for nothing.
    others (Collection[str]): What the other workers have in memory.
    RETURNS (Optional[Task]): The next task, or None if none is ready. The first one among equals.
    """
    if not ready:
        return None
    longest = max(remaining[task.id] for task in ready)
    long_enough = [task for task in ready if remaining[task.id] * WORTH_A_FRESH_START >= longest]
    return max(
        long_enough,
        key=lambda task: (bool(start) and task.start == start, task.start not in others, remaining[task.id]),
    )


def most_at_once(tasks: Sequence[Task]) -> int:
    """RETURNS (int): The maximum number of tasks that can run at the same time, if all take equally long."""
    depths: dict[str, int] = {}
    for task in tasks:
        depths[task.id] = 1 + max((depths[before] for before in task.after if before in depths), default=0)
    levels = list(depths.values())
    return max((levels.count(level) for level in set(levels)), default=0)


class Agenda:
    """Keep track of the tasks that are waiting, running and finished.

    tasks (Sequence[Task]): The tasks. Each must come after those it depends on.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._remaining = remaining_costs(tasks)
        self._waiting = {task.id: task for task in tasks}
        self._blocked_by = {
            task.id: {before for before in task.after if before in self._waiting} for task in tasks
        }
        self._under_way: set[str] = set()

    @property
    def is_over(self) -> bool:
        """RETURNS (bool): Whether every task has succeeded or failed."""
        return not self._waiting and not self._under_way

    def take(self, start: str = "", others: Collection[str] = ()) -> Optional[Task]:
        """RETURNS (Optional[Task]): The next task, which now counts as running. See `choose_next`."""
        ready = [task for task in self._waiting.values() if not self._blocked_by[task.id]]
        task = choose_next(ready, self._remaining, start, others)
        if task:
            del self._waiting[task.id]
            self._under_way.add(task.id)
        return task

    def end(self, ended: Ended) -> list[Ended]:
        """Record that a task has ended.

        ended (Ended): The task.
        RETURNS (list[Ended]): The task and, if it failed, those that depend on it.
        """
        self._under_way.remove(ended.task.id)
        if not ended.failure:
            for blocked in self._blocked_by.values():
                blocked.discard(ended.task.id)
            return [ended]
        return [ended, *self._give_up(ended.task.id, ended.failure.of_what_follows(ended.task.id))]

    def _give_up(self, before: str, failure: Failure) -> list[Ended]:
        now, given_up = time.time(), []
        for task in [task for task in self._waiting.values() if before in self._blocked_by[task.id]]:
            if self._waiting.pop(task.id, None):
                given_up.append(Ended(task, "", now, now, failure=failure))
                given_up += self._give_up(task.id, failure)
        return given_up
