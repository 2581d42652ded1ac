"""Test which sources help, over seeds and over test documents."""
from dataclasses import dataclass
from typing import Callable, Iterator, Mapping, Optional, Sequence

from scripts.evaluation.curves import spread_of
from scripts.evaluation.scores import MICRO, defined_score
from scripts.evaluation.significance import (
    PAIRED,
    RANDOMIZATION,
    SIGNIFICANT,
    Comparison,
    DocumentCounts,
    compare_documents,
    compare_seeds,
    correct,
    resamples_for,
    stack_seeds,
)
from scripts.reporting.formats import Cell, PValue, Table
from scripts.reporting.results import Results
from scripts.results.kinds import FEW_SHOT, NO_PRETRAIN
from scripts.results.runs import RunResult

CONTROL = f"{NO_PRETRAIN} with as many updates"
COLUMNS = (
    *("target", "size", "type", "comparison", "difference in F1"),
    *("p over seeds", "corrected p over seeds", "number of seeds"),
    *("p over documents", "corrected p over documents", "number of documents", "95 % interval over documents"),
    "verdict",
)
CAPTION = (
    "Each source against no pretrain and, if available, against no pretrain with as many updates in total. A "
    "difference that is not shown may still exist."
)
TERMS = (
    ("difference in F1", "Difference of the means over the seeds that both have, in points."),
    ("over seeds", "Paired two-tailed t-test. Null hypothesis: over all samples and seeds, the mean difference is 0."),
    (
        "over documents",
        "Approximate randomization of the mean F1, two-tailed. Null hypothesis: for these trained models, it doesn't "
        "matter which of the two a document's output comes from.",
    ),
    ("95 % interval", "Paired bootstrap over test documents, not corrected."),
    ("corrected", "By Holm's method, for all comparisons of one target and one type."),
    ("verdict", "Better or worse if the corrected p is at most 0.05."),
)
NOTHING_TO_COMPARE = " Nothing to compare: no source and no pretrain at the same size."
Counts = Mapping[str, Optional[DocumentCounts]]


@dataclass(frozen=True)
class PairedRuns:
    """Runs of a source and of its opponent, on one target and one entity type.

    size (int): Sample size in sentences.
    name (str): Such as `en_ugt against no pretrain`.
    pairs (tuple): For each seed that both have, the source's run and the opponent's.
    """

    size: int
    name: str
    pairs: tuple[tuple[RunResult, RunResult], ...]


def table_significance(results: Results, document_counts: Callable[[RunResult], Optional[DocumentCounts]]) -> Table:
    """Test whether sources help, at each sample size.

    results (Results): The experiment.
    document_counts (Callable): Gives a run's counts by test document; None if they are not known.
    RETURNS (Table): A row for each target, entity type, source, opponent and size.
    """
    counts = {run.run: document_counts(run) for run in results.of(FEW_SHOT)}
    rows = [
        row
        for target in results.targets
        for entity_type in (*results.types, MICRO)
        for row in significance_rows(target, entity_type, _paired_runs(results, target, entity_type), counts)
    ]
    caption = CAPTION + ("" if rows else NOTHING_TO_COMPARE)
    title = "Significance: do sources help?"
    return Table("significance", title, caption, COLUMNS, tuple(rows), TERMS)


def _paired_runs(results: Results, target: str, entity_type: str) -> list[PairedRuns]:
    opponents = {NO_PRETRAIN: results.no_pretrain_of, CONTROL: results.control_of}
    compared = []
    for setup in (setup for setup in results.setups(FEW_SHOT, target=target) if setup.sources):
        runs = results.of(FEW_SHOT, target=target, **vars(setup))
        own = [run for run in runs if defined_score(run.scores.tokens, entity_type)]
        for opponent, opponent_of in opponents.items():
            for size in sorted({run.coordinates.size or 0 for run in own}):
                found = [(run, opponent_of(run)) for run in own if run.coordinates.size == size]
                pairs = tuple((run, other) for run, other in found if other)
                compared += [PairedRuns(size, f"{results.label(setup)} against {opponent}", pairs)] if pairs else []
    return compared


def significance_rows(
    target: str, entity_type: str, compared: Sequence[PairedRuns], counts: Counts
) -> Iterator[tuple[Cell, ...]]:
    """Test comparisons of one target and one type, and correct for their number.

    target (str): The corpus to learn.
    entity_type (str): An entity type, or "micro".
    compared (Sequence[PairedRuns]): The runs to compare.
    counts (Mapping[str, Optional[DocumentCounts]]): By run, its counts by document; None if they are not known.
    YIELDS (tuple[Cell, ...]): A row for each, under `COLUMNS`.
    """
    resamples = resamples_for(len(compared))
    by_seeds = correct([_over_seeds(paired, entity_type) for paired in compared])
    by_documents = correct([over_documents(paired, entity_type, counts, resamples) for paired in compared])
    for paired, seeds, documents in zip(compared, by_seeds, by_documents, strict=True):
        interval = documents.interval and "{:.2f} to {:.2f}".format(*documents.interval)
        yield (
            *(target, paired.size, entity_type, paired.name, seeds.difference),
            *_p_cells(seeds, PAIRED),
            *_p_cells(documents, RANDOMIZATION),
            *(interval, _verdict(seeds, documents)),
        )


def _over_seeds(paired: PairedRuns, entity_type: str) -> Comparison:
    one, other = (
        spread_of({run.coordinates.seed: run.scores.tokens[entity_type].f1 for run in runs})
        for runs in zip(*paired.pairs, strict=True)
    )
    return compare_seeds(one, other)


def over_documents(paired: PairedRuns, entity_type: str, counts: Counts, resamples: int) -> Comparison:
    """Compare a source with its opponent over test documents.

    paired (PairedRuns): The runs to compare.
    entity_type (str): An entity type, or "micro".
    counts (Mapping[str, Optional[DocumentCounts]]): By run, its counts by document; None if they are not known.
    resamples (int): Number of resamples.
    RETURNS (Comparison): The result, without tests and interval if the counts of any run are not known.
    """
    own = [counts[run.run] for runs in zip(*paired.pairs, strict=True) for run in runs]
    if any(one is None or entity_type not in one.counts for one in own):
        return Comparison("documents", 0, 0.0, {})
    # Stacked together, so that runs tested on different documents raise an error.
    stacked, n_seeds = stack_seeds(own, entity_type), len(paired.pairs)
    return compare_documents(stacked[:n_seeds], stacked[n_seeds:], resamples)


def _p_cells(comparison: Comparison, test: str) -> tuple[Cell, Cell, Cell]:
    known = (comparison.p_values.get(test), comparison.corrected.get(test))
    return (*(None if p_value is None else PValue(p_value) for p_value in known), comparison.n or None)


def _verdict(seeds: Comparison, documents: Comparison) -> str:
    p_values = {"seeds": seeds.corrected.get(PAIRED), "documents": documents.corrected.get(RANDOMIZATION)}
    tested = {unit: p_value for unit, p_value in p_values.items() if p_value is not None}
    shown = [unit for unit, p_value in tested.items() if p_value <= SIGNIFICANT]
    if not shown:
        return f"no difference shown over {' or '.join(tested)}" if tested else "not tested"
    return f"{'better' if seeds.difference > 0 else 'worse'} over {' and '.join(shown)}"
