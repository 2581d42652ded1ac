"""Score partial matches."""
from scripts.evaluation.curves import Spread, spread_of
from scripts.evaluation.partial import KINDS
from scripts.evaluation.scores import MICRO, defined_score
from scripts.reporting.formats import Cell, Table
from scripts.reporting.results import Results
from scripts.results.kinds import COMPARED, FEW_SHOT
from scripts.results.runs import RunResult


def table_partial_matches(results: Results) -> Table:
    """RETURNS (Table): F1 on tokens for the four kinds of match of SemEval 2013."""
    columns = ("runs", "target", "pretrain", "size", "type", *KINDS)
    rows = [
        row
        for kind in COMPARED
        for target in results.corpus_names
        for setup in results.setups(kind, target=target)
        for row in _rows(results, kind, target, results.of(kind, target=target, **vars(setup)), results.label(setup))
    ]
    caption = "F1 on tokens, computed with nervaluate. Mean over the seeds. Few-shot runs: those at the largest size."
    terms = (
        ("strict", "Boundaries and type, like the exact match of all other tables."),
        ("exact", "Boundaries, whatever the type."),
        ("partial", "An overlap counts half, whatever the type."),
        ("ent_type", "The type, and an overlap."),
    )
    return Table("partial_matches", "Partial matches", caption, columns, tuple(rows), terms)


def _rows(
    results: Results, kind: str, target: str, runs: list[RunResult], pretrain: str
) -> list[tuple[Cell, ...]]:
    largest = max((run.coordinates.size or 0 for run in results.of(kind, target=target)), default=0)
    chosen = [run for run in runs if run.matches and (kind != FEW_SHOT or run.coordinates.size == largest)]
    rows = []
    for entity_type in (*results.types, MICRO):
        scored = [run for run in chosen if defined_score(run.scores.tokens, entity_type)]
        known = [run for run in scored if all(entity_type in run.matches[name] for name in KINDS)]
        if known:
            f1s = (_f1(known, name, entity_type) for name in KINDS)
            rows.append((kind, target, pretrain, largest or None, entity_type, *f1s))
    return rows


def _f1(runs: list[RunResult], kind: str, entity_type: str) -> Spread:
    return spread_of({run.coordinates.seed: run.matches[kind][entity_type].f1 for run in runs})
