"""Show how much of its source a model forgets while it learns the target."""
from typing import Iterable, Iterator, Optional

from scripts.evaluation.curves import Spread
from scripts.reporting.formats import Table
from scripts.reporting.results import Results, Setup, spread_of_scores
from scripts.reporting.tables.captions import nothing_to_show
from scripts.results.kinds import FEW_SHOT
from scripts.results.runs import RunResult


def table_forgetting(results: Results) -> Table:
    """RETURNS (Table): F1 on the test part of a source, before and after training on the target."""
    rows = tuple(
        (target, results.label(setup), source, entity_type, size, before, after)
        + (after.mean - before.mean if before else None,)
        for target, setup, source, entity_type, size, before, after in _forgotten(results)
    )
    caption = "How well a source model still does on its source after training on the target. Means over the seeds."
    terms = (
        ("F1 before, F1 after", "On the source's test part, in percent, before and after that training."),
        ("difference", "After minus before, in points. Below 0, something was forgotten."),
    )
    columns = ("target", "pretrain", "tested on", "type", "sentences", "F1 before", "F1 after", "difference")
    title = "Forgetting of the source"
    caption += nothing_to_show("few-shot run tested on its sources", rows)
    return Table("forgetting", title, caption, columns, rows, terms)


def _forgotten(results: Results) -> Iterator[tuple[str, Setup, str, str, int, Optional[Spread], Spread]]:
    for target, setup, entity_type in results.learning_curves():
        for source in setup.sources:
            before = _before(results, setup, source, entity_type)
            for size in results.curve(target, setup, entity_type).sizes:
                after = _tested(results.of(FEW_SHOT, target=target, size=size, **vars(setup)), source, entity_type)
                if after:
                    yield target, setup, source, entity_type, size, before, after


def _before(results: Results, setup: Setup, source: str, entity_type: str) -> Optional[Spread]:
    tested = _tested(results.tests_of_sources(setup), source, entity_type)
    return tested or (results.full(source, setup.model, entity_type) if setup.sources == (source,) else None)


def _tested(runs: Iterable[RunResult], source: str, entity_type: str) -> Optional[Spread]:
    return spread_of_scores({run.coordinates.seed: run.source_tests.get(source, {}) for run in runs}, entity_type)
