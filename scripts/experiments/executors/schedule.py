"""Decide which task is next: what others wait for before what nobody waits for, and the longest first."""
import time
from typing import Collection, Mapping, Optional, Sequence

from scripts.experiments.executors.task import Ended, Failure, Task

# A worker goes on with what it has in memory unless another task is more than so many times as long.
WORTH_A_FRESH_START = 2


def remaining_costs(tasks: Sequence[Task]) -> dict[str, int]:
    """Count how much work hangs on each task: its own cost, and that of the longest chain that waits for it.

    tasks (Sequence[Task]): Each behind those that it depends on.
    RETURNS (dict[str, int]): In sentence passes, by id.
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
    """Choose what a worker does next.

    The longest comes first, so that no worker is left with a long task at the end. Among tasks of about that length
    those go first that start from what the worker has in memory, then those that start from what no other worker has.

    ready (Sequence[Task]): What can be begun now.
    remaining (Mapping[str, int]): See `remaining_costs`.
    start (str): What the worker has in memory; empty for nothing.
    others (Collection[str]): What the other workers have in memory.
    RETURNS (Optional[Task]): The task; None if none is ready. Of equal ones the first.
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
    """RETURNS (int): How many tasks can be under way at the same time at most, if each takes as long as the others."""
    depths: dict[str, int] = {}
    for task in tasks:
        depths[task.id] = 1 + max((depths[before] for before in task.after if before in depths), default=0)
    levels = list(depths.values())
    return max((levels.count(level) for level in set(levels)), default=0)


class Agenda:
    """Keeps track of which tasks wait, are under way, and are over.

    tasks (Sequence[Task]): Each behind those that it depends on.
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
        """RETURNS (bool): Whether every task was done or has failed."""
        return not self._waiting and not self._under_way

    def take(self, start: str = "", others: Collection[str] = ()) -> Optional[Task]:
        """RETURNS (Optional[Task]): The next task, which is under way from now on; see `choose_next`."""
        ready = [task for task in self._waiting.values() if not self._blocked_by[task.id]]
        task = choose_next(ready, self._remaining, start, others)
        if task:
            del self._waiting[task.id]
            self._under_way.add(task.id)
        return task

    def end(self, ended: Ended) -> list[Ended]:
        """Note that a task is over.

        ended (Ended): The task.
        RETURNS (list[Ended]): The same, and those that can't be done without it if it has failed.
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
