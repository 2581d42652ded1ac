"""The results of an experiment in; which differences are more than chance, steadiness and kinds of error out."""
from dataclasses import dataclass
from typing import Callable, Iterator, Mapping, Optional, Sequence

from scripts.evaluation.curves import spread_of
from scripts.evaluation.errors import KINDS, ErrorCounts
from scripts.evaluation.scores import MICRO
from scripts.evaluation.significance import (
    PAIRED,
    RANDOMISATION,
    SIGNIFICANT,
    Comparison,
    DocumentCounts,
    compare_documents,
    compare_seeds,
    correct,
    resamples_for,
    stack_seeds,
)
from scripts.evaluation.stability import Stability, stability_of
from scripts.reporting.formats import Cell, Table
from scripts.reporting.results import Results, Setup, setup_of
from scripts.results.kinds import NO_PRETRAIN
from scripts.results.runs import RunResult

CONTROL = f"{NO_PRETRAIN} with as many updates"
# Headings of the kinds of error, told from the heading of the entity type.
KIND_HEADINGS = ("correct", "wrong borders", "wrong type", "wrong borders and type", "missed", "spurious")
SIGNIFICANCE_COLUMNS = (
    *("target", "size", "type", "comparison", "difference in F1"),
    *("p over seeds", "corrected p over seeds", "number of seeds"),
    *("p over documents", "corrected p over documents", "number of documents", "95 % interval over documents"),
    "verdict",
)
SIGNIFICANCE_CAPTION = (
    "Each source against no pretrain, and against no pretrain with as many updates in all, where that was run. "
    "Difference: of the means over the seeds that both have. Over seeds: paired two-tailed t-test; its null hypothesis "
    "is that the mean difference over all samples and starts is 0, on this test part. Over documents: approximate "
    "randomisation of the mean F1 over the seeds, two-tailed; its null hypothesis is that it does not matter which of "
    "the two a test document's output comes from, for these trained models. Interval: paired bootstrap over documents, "
    "not corrected. Corrected: by Holm's method, for all comparisons of one target and one type. Verdict: where the "
    "corrected p is at most 0.05. A difference that is not shown may be there all the same."
)
STABILITY_CAPTION = (
    "In points of F1; the smaller, the steadier. Over seeds: mean, over the sizes, of the standard deviation over "
    "seeds. From size to size: standard deviation of the first differences of the mean curve, and the mean of that "
    "over the seeds' own curves; it holds the bend of the curve too, which is less where a curve starts higher, so "
    "that it says little alone. Steadier than no pretrain: by the first two, where known, at the same sizes."
)
ERRORS_CAPTION = (
    "Mentions of the test part, summed over the seeds. Each mention of gold and prediction is counted once, in pairs, "
    "the best overlap first; one of a wrong type counts with the type of the gold. Seen: its words, whatever their "
    "case, are a mention of the same type in the training sentences too. Recall: exact match, in percent. Few-shot: at "
    "the largest sample size."
)
NOTHING_TO_COMPARE = " Nothing to compare: no source and no pretrain at the same size."
Counts = Mapping[str, Optional[DocumentCounts]]


@dataclass(frozen=True)
class PairedRuns:
    """Runs of a source and what they are held against, on one target and one entity type.

    size (int): Sample size in sentences.
    name (str): Such as `en_ugt against no pretrain`.
    pairs (tuple): For each seed that both have, the source's run and the other's.
    """

    size: int
    name: str
    pairs: tuple[tuple[RunResult, RunResult], ...]


def table_significance(results: Results, document_counts: Callable[[RunResult], Optional[DocumentCounts]]) -> Table:
    """Test whether sources help, at each sample size.

    results (Results): The experiment.
    document_counts (Callable): Gives a run's counts by test document; None where they are not known.
    RETURNS (Table): A row for each target, entity type, source, opponent and size.
    """
    counts = {run.run: document_counts(run) for run in results.of("few-shot")}
    rows = [
        row
        for target in results.targets
        for entity_type in (*results.types, MICRO)
        for row in _significance_rows(target, entity_type, _paired_runs(results, target, entity_type), counts)
    ]
    caption = SIGNIFICANCE_CAPTION + ("" if rows else NOTHING_TO_COMPARE)
    title = "Significance: do sources help?"
    return Table("significance", title, caption, SIGNIFICANCE_COLUMNS, tuple(rows))


def _paired_runs(results: Results, target: str, entity_type: str) -> list[PairedRuns]:
    runs = [run for run in results.of("few-shot", target=target) if entity_type in run.scores.tokens]
    bases = {_place(run, run.coordinates.extra_updates): run for run in runs if not run.coordinates.sources}
    compared = []
    for setup in (setup for setup in results.setups("few-shot", target=target) if setup.sources):
        own = [run for run in runs if setup_of(run.coordinates) == setup]
        for opponent in (NO_PRETRAIN, CONTROL):
            for size in sorted({run.coordinates.size or 0 for run in own}):
                pairs = _pairs([run for run in own if run.coordinates.size == size], bases, opponent)
                compared += [PairedRuns(size, f"{results.label(setup)} against {opponent}", pairs)] if pairs else []
    return compared


def _pairs(
    runs: Sequence[RunResult], bases: Mapping[tuple, RunResult], opponent: str
) -> tuple[tuple[RunResult, RunResult], ...]:
    if opponent == CONTROL:
        # Where it is not known how many updates a source had, 0 would be no pretrain once more.
        runs = [run for run in runs if run.source_updates]
    places = [_place(run, run.source_updates if opponent == CONTROL else 0) for run in runs]
    return tuple((run, bases[place]) for run, place in zip(runs, places) if place in bases)


def _place(run: RunResult, extra_updates: int) -> tuple:
    return run.coordinates.model, run.coordinates.size, run.coordinates.seed, extra_updates


def _significance_rows(
    target: str, entity_type: str, compared: Sequence[PairedRuns], counts: Counts
) -> Iterator[tuple[Cell, ...]]:
    resamples = resamples_for(len(compared))
    over_seeds = correct([_over_seeds(paired, entity_type) for paired in compared])
    over_documents = correct([_over_documents(paired, entity_type, counts, resamples) for paired in compared])
    for paired, seeds, documents in zip(compared, over_seeds, over_documents):
        interval = documents.interval and "{:.2f} to {:.2f}".format(*documents.interval)
        yield (
            *(target, paired.size, entity_type, paired.name, seeds.difference),
            *_p_cells(seeds, PAIRED),
            *_p_cells(documents, RANDOMISATION),
            *(interval, _verdict(seeds, documents)),
        )


def _over_seeds(paired: PairedRuns, entity_type: str) -> Comparison:
    one, other = (
        spread_of({run.coordinates.seed: run.scores.tokens[entity_type].f1 for run in runs})
        for runs in zip(*paired.pairs)
    )
    return compare_seeds(one, other)


def _over_documents(paired: PairedRuns, entity_type: str, counts: Counts, resamples: int) -> Comparison:
    own = [counts[run.run] for runs in zip(*paired.pairs) for run in runs]
    if any(one is None or entity_type not in one.counts for one in own):
        return Comparison("documents", 0, 0.0, {})
    # Together, so that what was tested on other documents is found out.
    stacked, n_seeds = stack_seeds(own, entity_type), len(paired.pairs)
    return compare_documents(stacked[:n_seeds], stacked[n_seeds:], resamples)


def _p_cells(comparison: Comparison, test: str) -> tuple[Cell, Cell, Cell]:
    known = (comparison.p_values.get(test), comparison.corrected.get(test))
    return (*(None if p_value is None else _format_p(p_value) for p_value in known), comparison.n or None)


def _format_p(p_value: float) -> str:
    # As text: cells that are numbers have two decimals.
    return f"{p_value:.4f}" if p_value >= 0.0001 else "< 0.0001"


def _verdict(seeds: Comparison, documents: Comparison) -> str:
    p_values = {"seeds": seeds.corrected.get(PAIRED), "documents": documents.corrected.get(RANDOMISATION)}
    tested = {unit: p_value for unit, p_value in p_values.items() if p_value is not None}
    shown = [unit for unit, p_value in tested.items() if p_value <= SIGNIFICANT]
    if not shown:
        return f"no difference shown over {' or '.join(tested)}" if tested else "not tested"
    return f"{'better' if seeds.difference > 0 else 'worse'} over {' and '.join(shown)}"


def table_stability(results: Results) -> Table:
    """RETURNS (Table): Research question 3 of the paper: whether training is steadier with a source than without."""
    columns = ("target", "pretrain", "type", "sizes", "sd over seeds", "sd from size to size")
    columns += ("sd from size to size, by seed", "steadier than no pretrain")
    rows = [
        row
        for target in results.targets
        for setup in results.setups("few-shot", target=target)
        for entity_type in (*results.types, MICRO)
        for row in _stability_rows(results, target, setup, entity_type)
    ]
    answers = [row[-1] for row in rows if row[2] == MICRO and row[-1] is not None]
    caption = STABILITY_CAPTION + (f" By micro F1: {_tally(answers)}." if answers else " Nothing to compare yet.")
    title = "Stability of the learning curves (research question 3)"
    return Table("stability", title, caption, columns, tuple(rows))


def _stability_rows(results: Results, target: str, setup: Setup, entity_type: str) -> list[tuple[Cell, ...]]:
    curve = results.curve(target, setup, entity_type)
    if not curve.points:
        return []
    own, base = stability_of(curve), None
    if not setup.is_no_pretrain:
        base_curve = results.curve(target, setup.no_pretrain, entity_type)
        base = stability_of(base_curve) if base_curve.sizes == curve.sizes else None
    cells = own.spread, own.steps, own.seed_steps, base and _steadier(own, base)
    return [(target, results.label(setup), entity_type, len(curve.points), *cells)]


def _steadier(one: Stability, other: Stability) -> Optional[str]:
    measures = {"over seeds": (one.spread, other.spread), "from size to size": (one.steps, other.steps)}
    known = {name: own < base for name, (own, base) in measures.items() if own is not None and base is not None}
    if not known:
        return None
    names = [name for name, is_steadier in known.items() if is_steadier]
    if len(names) in (0, len(known)):
        return "yes" if names else "no"
    return f"{names[0]} only"


def _tally(answers: Sequence[str]) -> str:
    counts = ", ".join(f"{answer} {answers.count(answer)}" for answer in sorted(set(answers), key=answers.index))
    return f"of {len(answers)} curves beside no pretrain, steadier {counts}"


def table_errors(results: Results) -> Table:
    """RETURNS (Table): What became of the mentions of the test parts, and recall on mentions seen in training."""
    columns = ("runs", "target", "pretrain", "size", "type", "seeds", *KIND_HEADINGS)
    columns += ("seen mentions", "recall of seen", "unseen mentions", "recall of unseen")
    rows = [
        row
        for kind in ("in-corpus", "zero-shot", "few-shot")
        for target in results.corpus_names
        for setup in results.setups(kind, target=target)
        for row in _error_rows(results, kind, target, setup)
    ]
    caption = ERRORS_CAPTION + ("" if rows else " Nothing to show: no run tells of its errors.")
    return Table("errors", "Errors by kind", caption, columns, tuple(rows))


def _error_rows(results: Results, kind: str, target: str, setup: Setup) -> list[tuple[Cell, ...]]:
    size = max((run.coordinates.size or 0 for run in results.of(kind, target=target)), default=0) or None
    runs = [
        run
        for run in results.of(kind, target=target, **vars(setup))
        if kind != "few-shot" or run.coordinates.size == size
    ]
    rows = []
    for entity_type in results.types:
        known = [run for run in runs if entity_type in run.errors]
        if known:
            errors = sum((run.errors[entity_type] for run in known), ErrorCounts())
            seeds = len({run.coordinates.seed for run in known})
            rows.append((kind, target, results.label(setup), size, entity_type, seeds, *_error_cells(errors)))
    return rows


def _error_cells(errors: ErrorCounts) -> tuple[Cell, ...]:
    seen, unseen = errors.seen, errors.unseen
    return (*(errors.kinds[kind] for kind in KINDS), seen.total, seen.recall, unseen.total, unseen.recall)
