"""Test the order of tasks: first those that others wait for, the longest first, and few fresh starts."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.experiments.executors.resources import MEMORY_PER_WORKER, count_workers
from scripts.experiments.executors.schedule import Agenda, choose_next, most_at_once, remaining_costs
from scripts.experiments.executors.task import Ended, Failure, Task


def task(name, cost=1, after=(), start=""):
    return Task(name, None, cost, tuple(after), start)


# Two sources; three runs wait for the short one.
TASKS = [
    task("long source", 50),
    task("source", 20),
    task("a", 40, ["source"], "source"),
    task("b", 45, ["source"], "source"),
    task("c", 10, ["long source"], "long source"),
    task("none", 30),
]


def order(tasks):
    """One worker's order."""
    agenda, done = Agenda(tasks), []
    while not agenda.is_over:
        done.append(agenda.take(done[-1].start if done else ""))
        agenda.end(Ended(done[-1], "", 0, 0))
    return [one.id for one in done]


def test_what_others_wait_for_counts_what_waits():
    expected = {"long source": 60, "source": 65, "a": 40, "b": 45, "c": 10, "none": 30}
    assert remaining_costs(TASKS) == expected


def test_sources_come_first_then_the_longest():
    assert order(TASKS) == ["source", "long source", "b", "a", "none", "c"]


def test_a_worker_goes_on_with_what_it_has_in_memory_unless_another_is_much_longer():
    ready = [task("x", 10, start="x"), task("y", 6, start="y"), task("z", 4, start="z")]
    costs = {one.id: one.cost for one in ready}
    assert choose_next(ready, costs).id == "x"
    assert choose_next(ready, costs, "y").id == "y"
    assert choose_next(ready, costs, "z").id == "x"
    # What another worker has in memory is left to it.
    assert choose_next(ready, costs, "", {"x"}).id == "y"
    assert choose_next([], {}) is None


@pytest.mark.parametrize("tasks, expected", [(TASKS, 3), (TASKS[:2], 2), ([TASKS[1], TASKS[2]], 1), ([], 0)])
def test_how_many_can_be_under_way_at_once(tasks, expected):
    assert most_at_once(tasks) == expected


def test_what_waits_for_a_failed_task_has_failed_for_the_same_reason():
    tasks = [task("first"), task("second", after=["first"]), task("third", after=["second"]), task("other")]
    agenda = Agenda(tasks)
    taken = {one.id: one for one in (agenda.take(), agenda.take())}
    over = agenda.end(Ended(taken["first"], "", 0, 0, failure=Failure("no disk")))
    assert [one.task.id for one in over] == ["first", "second", "third"]
    assert {one.failure.reason for one in over[1:]} == {"first failed: no disk"}
    assert not agenda.is_over and agenda.take() is None
    agenda.end(Ended(taken["other"], "", 0, 0))
    assert agenda.is_over


@given(st.data())
def test_every_task_is_done_once_and_none_before_what_it_waits_for(data):
    names = [str(number) for number in range(data.draw(st.integers(0, 12)))]
    tasks = [
        task(
            name,
            data.draw(st.integers(0, 9)),
            data.draw(st.lists(st.sampled_from(names[:position]), unique=True)) if position else (),
            data.draw(st.sampled_from(["", "x", "y"])),
        )
        for position, name in enumerate(names)
    ]
    done = order(tasks)
    assert sorted(done) == sorted(names)
    assert all(done.index(before) < done.index(one.id) for one in tasks for before in one.after)


@pytest.mark.parametrize(
    "tasks, threads, cores, memory, places, expected",
    [
        (10, 1, 4, 100, None, 4),
        (10, 2, 5, 100, None, 2),
        (10, 8, 4, 100, None, 1),
        (3, 1, 8, 100, None, 3),
        (10, 1, 8, 2.5, None, 2),
        (10, 1, 8, 0.1, None, 1),
        (10, 1, 1, 100, 4, 4),
    ],
)
def test_workers_are_bounded_by_cores_memory_gpus_and_tasks(tasks, threads, cores, memory, places, expected):
    assert count_workers(tasks, threads, cores, int(memory * MEMORY_PER_WORKER), places) == expected
