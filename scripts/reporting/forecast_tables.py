"""The results of an experiment in, what goes beyond the paper out: forecasts, rankings of sources, forgetting."""
import math
from itertools import groupby
from typing import Iterable, Iterator, Optional, Sequence

from scripts.evaluation.curves import Spread, spread_of
from scripts.evaluation.forecast import (
    FEWEST_SIZES,
    LEVEL,
    REACH,
    SHARES,
    BackTest,
    Forecast,
    Interval,
    back_test,
    forecast,
    half_of,
    summarise,
)
from scripts.evaluation.ranking import (
    COMBINED,
    FEATURES,
    PERMUTATIONS,
    Candidate,
    MeasuredTarget,
    RankedSource,
    rank_sources,
    validate_ranking,
)
from scripts.evaluation.scores import MICRO
from scripts.reporting.formats import Cell, Table
from scripts.reporting.results import Results, Setup
from scripts.results.runs import RunResult

NOT_DETERMINED = "not determined"
TOO_FEW = f"fewer than {FEWEST_SIZES} sample sizes"
# Of the paper's curves: fitted up to here, held against its runs at twice that and at its largest size.
PAPER_FITTED_UP_TO = 500
PAPER_HELD_OUT = (1000, 1950)
PERCENT = f"{100 * LEVEL:.0f} %"


def table_forecast(results: Results) -> Table:
    """RETURNS (Table): What twice the sentences would bring, and how many sentences come near the plateau."""
    shares = tuple(f"{100 * share:.0f} % of plateau" for share in SHARES)
    columns = ("target", "pretrain", "type", "sizes", "runs", "sentences", "F1", "twice the sentences")
    columns += ("predicted F1", "plateau", *shares, "why not determined")
    rows = tuple(
        (target, results.label(setup), entity_type, *_forecast_cells(results, target, setup, entity_type))
        for target, setup, entity_type in _curves(results)
    )
    caption = (
        "An inverse power law, F1 = plateau - scale * sentences ** -exponent, fitted to every run of a curve by least "
        "squares, weighted by the sentences of the run (Figueroa et al. 2012). Sentences and F1: the largest sample "
        "and the mean F1 over its seeds, in percent. Predicted F1: of one run with twice as many sentences. Plateau: "
        f"F1 with endlessly many. Shares: sentences for so much of the plateau. In brackets: {PERCENT} intervals, from "
        "fits to runs drawn anew around the law (parametric bootstrap). beyond: more than "
        f"{REACH} times the largest sample. {NOT_DETERMINED}: a law needs {FEWEST_SIZES} sizes at least, and the "
        "sentences need a plateau that the curve bends towards. Seeds of a size share the test part, and the samples "
        "of a seed lie one within the other, so that the intervals are rather too narrow than too wide."
    )
    title = "Forecast. What more sentences would bring"
    return Table("forecast", title, caption + _none("few-shot run", rows), columns, rows)


def table_forecast_back_test(results: Results) -> Table:
    """RETURNS (Table): Predictions for sizes that the fit has not seen, beside what was measured there."""
    columns = ("target", "pretrain", "type", "fitted up to", "sentences", "curves", "measured F1", "predicted F1")
    columns += ("error", "absolute error", "% within interval", "naive error", "naive absolute error")
    tests = [
        (target, results.label(setup), entity_type, test)
        for target, setup, entity_type in _curves(results)
        for test in _back_test(results, target, setup, entity_type)
    ]
    rows = [_test_row(*names, test) for *names, test in tests]
    rows += _summary_rows("all", [test for _, _, entity_type, test in tests if entity_type != MICRO])
    caption = (
        "The law of the forecast fitted to the sizes up to half of the largest, and held against the larger ones. "
        "Error: predicted minus measured mean F1, in points; naive: the last F1 of the fit instead of a prediction. "
        f"% within interval: runs held out that lie in the {PERCENT} interval, which should be about {PERCENT}. "
        "Rows `all` are means over the curves of the entity types."
    )
    caption += "" if tests else f" Not determined for our curves: {TOO_FEW} up to half of the largest."
    paper = _paper_rows(results)
    caption += _how_chosen() if paper else ""
    title = "Forecast, held against runs that it has not seen"
    return Table("forecast_back_test", title, caption, columns, (*rows, *paper))


def table_source_ranking(results: Results) -> Table:
    """RETURNS (Table): Sources of each target by what is known before any few-shot run, and what each gained."""
    sizes = sorted({run.coordinates.size or 0 for run in results.of("few-shot")})
    columns = ("target", "source", *FEATURES.values(), "mean of ranks", "rank", *(f"gain at {size}" for size in sizes))
    rows = tuple(
        (target, source.candidate.source, *_ranked_cells(source))
        + tuple(_gain(results, target, setup, size) for size in sizes)
        for target, group in _groups(results)
        for source, setup in _ranked(results, target, group)
    )
    caption = (
        "Known before any few-shot run, in brackets the rank among the sources of the target: zero-shot F1, micro, on "
        "the first sentences of the target's training part; word pieces of the target's mentions that the source's "
        "have too, in percent; sentences of the source's training part; its mentions; same language; same domain. "
        "Sources together: sentences and mentions summed, of the rest the best. Ranked by the mean of these ranks, "
        "all alike: there are too few targets to weigh them. What is not known of every source, or is the same for "
        "all, has no rank. Gain: mean micro F1 minus that of no pretrain with as many sentences, in points."
    )
    title = "Which source to take. Ranked before any few-shot run, and what it gained"
    return Table("source_ranking", title, caption + _none("few-shot run with a source", rows), columns, rows)


def table_ranking_validation(results: Results) -> Table:
    """RETURNS (Table): How well each feature, and all of them together, rank the sources by what they gain."""
    targets = [_measured(results, target, group) for target, group in _groups(results)]
    names = {**FEATURES, COMBINED: "all together"}
    validations = validate_ranking(targets)
    rows = tuple((names[one.feature], one.correlation, one.groups, one.pairs, one.p_value) for one in validations)
    caption = (
        "Spearman's rank correlation between the ranking by a feature and that by gain, 1 if they are the same, -1 if "
        "one is the other upside down. Ranks are taken within each group, which is a target at one sample size with a "
        "run of every source, and correlated over all groups. Groups and sources: how many, and how many ranks in "
        "them; a group of one source carries nothing, nor does one whose sources the feature does not tell apart. p: "
        f"share of {PERMUTATIONS} random orders of a target's sources that correlate as much, in either direction; "
        "with one target of three sources it cannot fall below a third."
    )
    columns = ("feature", "rank correlation", "groups", "sources in groups", "p")
    title = "Which source to take. How well the rankings meet the gain"
    return Table("ranking_validation", title, caption, columns, rows)


def table_forgetting(results: Results) -> Table:
    """RETURNS (Table): F1 on the test part of a source, before and after the training on the target."""
    rows = tuple(
        (target, results.label(setup), source, entity_type, size, before, after)
        + (after.mean - before.mean if before else None,)
        for target, setup, source, entity_type, size, before, after in _forgotten(results)
    )
    caption = (
        "F1 in percent on the source's test part. Before: of the source model. After: of the same model after training "
        "on so many sentences of the target. Mean over the seeds. Difference: after minus before, in points; below 0 "
        "is forgotten."
    )
    columns = ("target", "pretrain", "tested on", "type", "sentences", "F1 before", "F1 after", "difference")
    title = "What is forgotten of the source"
    return Table("forgetting", title, caption + _none("few-shot run tested on its sources", rows), columns, rows)


def interval_text(interval: Interval) -> str:
    """RETURNS (str): A percentage and its interval, such as `74.1 (70.2 to 78.0)`."""
    return f"{interval.value:.1f} ({interval.low:.1f} to {interval.high:.1f})"


def sentences_text(interval: Interval, reach: int) -> str:
    """Write a number of sentences that may be more than can be told.

    interval (Interval): Sentences; infinite beyond the reach.
    reach (int): The most sentences that can be told.
    RETURNS (str): Such as `1177 (874 to 1725)`, `1177 (874 to beyond 7800)` or `beyond 7800`.
    """
    beyond = f"beyond {reach}"
    if math.isinf(interval.low):
        return beyond
    value, low, high = (
        beyond if math.isinf(end) else str(math.ceil(end)) for end in (interval.value, interval.low, interval.high)
    )
    return f"{value} ({low} to {high})"


def _curves(results: Results) -> Iterator[tuple[str, Setup, str]]:
    for target in results.targets:
        for setup in results.setups("few-shot", target=target):
            for entity_type in (*results.types, MICRO):
                if results.curve(target, setup, entity_type).points:
                    yield target, setup, entity_type


def _forecast_cells(results: Results, target: str, setup: Setup, entity_type: str) -> tuple[Cell, ...]:
    curve = results.curve(target, setup, entity_type)
    runs = sum(len(spread.values) for _, spread in curve.points)
    largest, now = curve.points[-1]
    found = forecast(curve)
    predicted = interval_text(found.twice.f1) if found else NOT_DETERMINED
    return (len(curve.points), runs, largest, now, 2 * largest, predicted, *_plateau_cells(found, REACH * largest))


def _plateau_cells(found: Optional[Forecast], reach: int) -> tuple[Cell, ...]:
    problem = found.problem if found else TOO_FEW
    if found is None or problem:
        return (*[NOT_DETERMINED] * (1 + len(SHARES)), problem)
    return (interval_text(found.plateau), *(sentences_text(needed, reach) for _, needed in found.needed), None)


def _back_test(results: Results, target: str, setup: Setup, entity_type: str) -> tuple[BackTest, ...]:
    curve = results.curve(target, setup, entity_type)
    return back_test(curve, half_of(curve))


def _test_row(target: str, pretrain: str, entity_type: str, test: BackTest) -> tuple[Cell, ...]:
    predicted = interval_text(test.prediction.f1)
    return (
        *(target, pretrain, entity_type, test.fitted_up_to, test.prediction.size, 1, test.measured, predicted),
        *(test.error, abs(test.error), 100 * test.covered, test.naive_error, abs(test.naive_error)),
    )


def _summary_rows(name: str, tests: Iterable[BackTest]) -> list[tuple[Cell, ...]]:
    by_sizes = sorted(tests, key=_sizes_of)
    return [_summary_row(name, *sizes, list(group)) for sizes, group in groupby(by_sizes, key=_sizes_of)]


def _sizes_of(test: BackTest) -> tuple[int, int]:
    return test.fitted_up_to, test.prediction.size


def _summary_row(name: str, fitted_up_to: int, size: int, tests: Sequence[BackTest]) -> tuple[Cell, ...]:
    summary = summarise(tests)
    return (
        *(name, None, None, fitted_up_to, size, summary.tests, None, None, summary.error, summary.absolute_error),
        *(100 * summary.covered, summary.naive_error, summary.naive_absolute_error),
    )


def _paper_rows(results: Results) -> list[tuple[Cell, ...]]:
    curves = results.paper.figure1 if results.paper else {}
    tests = [
        (target, test)
        for (target, _, _), curve in curves.items()
        for test in back_test(curve.trained, PAPER_FITTED_UP_TO)
        if test.prediction.size in PAPER_HELD_OUT
    ]
    rows = []
    for target in dict.fromkeys(target for target, _ in tests):
        rows += _summary_rows(f"paper: {target}", [test for name, test in tests if name == target])
    return rows + _summary_rows("paper: all", [test for _, test in tests])


def _how_chosen() -> str:
    sizes = " and ".join(str(size) for size in PAPER_HELD_OUT)
    return (
        f" The paper's rows: its curves of Figure 1, one run per size, fitted up to {PAPER_FITTED_UP_TO} sentences and "
        f"held against {sizes}. Weights, ranges and the kind of interval were chosen on what these curves do up to "
        f"{PAPER_FITTED_UP_TO}; their far ends had no say."
    )


def _groups(results: Results) -> list[tuple[str, list[Setup]]]:
    groups: dict[tuple[str, str, str], list[Setup]] = {}
    for target in results.targets:
        for setup in results.setups("few-shot", target=target):
            if setup.sources:
                groups.setdefault((target, setup.model, setup.transfer), []).append(setup)
    return [(target, setups) for (target, _, _), setups in groups.items()]


def _ranked(results: Results, target: str, group: Sequence[Setup]) -> list[tuple[RankedSource, Setup]]:
    setups = {results.label(setup): setup for setup in group}
    ranked = rank_sources([_candidate(results, target, setup) for setup in group])
    return [(source, setups[source.candidate.source]) for source in ranked]


def _candidate(results: Results, target: str, setup: Setup) -> Candidate:
    known = results.corpora.corpora
    corpora = [known[name] for name in setup.sources if name in known]
    is_known = target in known and len(corpora) == len(setup.sources)
    sentences = [results.corpora.training_sentences(name) for name in setup.sources]
    return Candidate(
        source=results.label(setup),
        zero_shot=_first_sentences(results, target, setup),
        overlap=_overlap(results, target, setup),
        sentences=None if None in sentences else sum(sentences),
        mentions=sum(sum(corpus.mentions.values()) for corpus in corpora) if is_known else None,
        same_language=any(corpus.language == known[target].language for corpus in corpora) if is_known else None,
        same_domain=any(corpus.domain == known[target].domain for corpus in corpora) if is_known else None,
    )


def _first_sentences(results: Results, target: str, setup: Setup) -> Optional[float]:
    runs = results.tests_of_sources(setup, target=target)
    f1s = {run.coordinates.seed: run.first_sentences[MICRO].f1 for run in runs if MICRO in run.first_sentences}
    return spread_of(f1s).mean if f1s else None


def _overlap(results: Results, target: str, setup: Setup) -> Optional[float]:
    shares = [_shared_with(results, target, source) for source in setup.sources]
    return None if None in shares else max(shares)


def _shared_with(results: Results, target: str, source: str) -> Optional[float]:
    pairs = [
        (pair.shared, pair.unique_a if pair.corpus_a == target else pair.unique_b)
        for pair in results.corpora.vocabulary_overlap
        if {pair.corpus_a, pair.corpus_b} == {target, source}
    ]
    unique = sum(count for _, count in pairs)
    return 100 * sum(shared for shared, _ in pairs) / unique if unique else None


def _ranked_cells(source: RankedSource) -> tuple[Cell, ...]:
    cells = [_feature_cell(getattr(source.candidate, name), source.ranks.get(name)) for name in FEATURES]
    return (*cells, source.score, None if source.rank is None else f"{source.rank:g}")


def _feature_cell(value: Optional[float], rank: Optional[float]) -> Cell:
    if value is None:
        return None
    words = {True: "yes", False: "no"}[value] if isinstance(value, bool) else None
    text = words or (str(value) if isinstance(value, int) else f"{value:.2f}")
    return text if rank is None else f"{text} ({rank:g})"


def _gain(results: Results, target: str, setup: Setup, size: int) -> Optional[float]:
    base = results.curve(target, setup.no_pretrain, MICRO).at(size)
    point = results.curve(target, setup, MICRO).at(size)
    return point.mean - base.mean if point and base else None


def _measured(results: Results, target: str, group: Sequence[Setup]) -> MeasuredTarget:
    ranked = _ranked(results, target, group)
    sizes = sorted({run.coordinates.size or 0 for run in results.of("few-shot", target=target)})
    gains = {size: tuple(_gain(results, target, setup, size) for _, setup in ranked) for size in sizes}
    complete = {size: by_source for size, by_source in gains.items() if None not in by_source}
    return MeasuredTarget(tuple(source for source, _ in ranked), complete)


def _forgotten(results: Results) -> Iterator[tuple[str, Setup, str, str, int, Optional[Spread], Spread]]:
    for target, setup, entity_type in _curves(results):
        for source in setup.sources:
            before = _before(results, setup, source, entity_type)
            for size in results.curve(target, setup, entity_type).sizes:
                after = _tested(results.of("few-shot", target=target, size=size, **vars(setup)), source, entity_type)
                if after:
                    yield target, setup, source, entity_type, size, before, after


def _before(results: Results, setup: Setup, source: str, entity_type: str) -> Optional[Spread]:
    tested = _tested(results.tests_of_sources(setup), source, entity_type)
    return tested or (results.full(source, setup.model, entity_type) if setup.sources == (source,) else None)


def _tested(runs: Iterable[RunResult], source: str, entity_type: str) -> Optional[Spread]:
    scores = {run.coordinates.seed: run.source_tests.get(source, {}).get(entity_type) for run in runs}
    f1s = {seed: score.f1 for seed, score in scores.items() if score is not None}
    return spread_of(f1s) if f1s else None


def _none(what: str, rows: Sequence) -> str:
    return "" if rows else f" Nothing to show: no {what}."
