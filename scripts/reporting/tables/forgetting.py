"""Show how much of its source a model forgets while it learns the target."""
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence

from scripts.evaluation.curves import Spread
from scripts.reporting.formats import Table
from scripts.reporting.results import Results, Setup, spread_of_scores
from scripts.reporting.tables.captions import nothing_to_show
from scripts.results.kinds import FEW_SHOT, IN_CORPUS
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
        ("F1 before, F1 after", "On the source's test part, in percent, of the same models before and after training."),
        ("difference", "After minus before, in points. Below 0, something was forgotten."),
    )
    columns = ("target", "pretrain", "tested on", "type", "sentences", "F1 before", "F1 after", "difference")
    title = "Forgetting of the source"
    caption += nothing_to_show("few-shot run tested on its sources", rows)
    return Table("forgetting", title, caption, columns, rows, terms)


def _forgotten(results: Results) -> Iterator[tuple[str, Setup, str, str, int, Optional[Spread], Spread]]:
    for target, setup, entity_type in results.learning_curves():
        for source in setup.sources:
            for size in results.curve(target, setup, entity_type).sizes:
                runs = results.of(FEW_SHOT, target=target, size=size, **vars(setup))
                tested = [run for run in runs if source in run.source_tests]
                after = _tested(tested, source, entity_type)
                if after:
                    models = [run.settings.get("source") for run in tested]
                    before = _before(results, setup, source, entity_type, models)
                    yield target, setup, source, entity_type, size, before, after


def _before(
    results: Results, setup: Setup, source: str, entity_type: str, models: Sequence[Optional[Mapping[str, Any]]]
) -> Optional[Spread]:
    """Find the F1 of source models on their source. Models of other seeds or settings didn't forget anything.

    results (Results): The experiment.
    setup (Setup): The setup that starts from the models.
    source (str): The source to test on.
    entity_type (str): An entity type, or "micro".
    models (Sequence[Optional[Mapping]]): The settings of the models.
    RETURNS (Optional[Spread]): Their F1; None unless it is known of all of them.
    """
    whole = results.of(IN_CORPUS, target=source, model=setup.model) if setup.sources == (source,) else []
    tests = [(run, run.scores.tokens) for run in whole]
    tests += [(run, run.source_tests[source]) for run in results.tests_of_sources(setup) if source in run.source_tests]
    known = [run.settings for run, _ in tests]
    if not all(settings in known for settings in models):
        return None
    return spread_of_scores({run.coordinates.seed: own for run, own in tests if run.settings in models}, entity_type)


def _tested(runs: Iterable[RunResult], source: str, entity_type: str) -> Optional[Spread]:
    return spread_of_scores({run.coordinates.seed: run.source_tests.get(source, {}) for run in runs}, entity_type)
