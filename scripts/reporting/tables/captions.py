"""Word what the captions of several tables say: what is missing, and how the paper's figures are to be read."""
from typing import Collection, Optional, Sequence

from scripts.reporting.paper_counterparts import named_in_paper
from scripts.reporting.results import Results

MISSING_NAMED = 6
BESIDE = (
    " The paper's figures are of the corpora that ours are or stand in for ({names}). Its splits are lost, and a "
    "stand-in has other texts, as RuDReC has for the paper's own reviews: no deviation is an error by itself."
)


def beside_paper(results: Results, how: str) -> str:
    """RETURNS (str): How the paper's figures are to be read, `how` at the end; empty if none stand beside ours."""
    names = ", ".join(f"{corpus}: {name}" for corpus, name in named_in_paper(results).items())
    return BESIDE.format(names=names) + how if names else ""


def missing_runs(results: Results, kind: str, targets: Optional[Sequence[str]] = None) -> str:
    """Name planned runs that are not finished.

    results (Results): The experiment.
    kind (str): in-corpus, zero-shot or few-shot.
    targets (Optional[Sequence[str]]): Only runs on these; all if None.
    RETURNS (str): A sentence with the first few names; empty if none is missing.
    """
    names = results.missing(kind, targets)
    if not names:
        return "" if results.of(kind) else f" No {kind} run is finished."
    return _named(kind, names)


def _named(kind: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f"; and {len(names) - MISSING_NAMED} more" if len(names) > MISSING_NAMED else ""
    count = "1 run" if len(names) == 1 else f"{len(names)} runs"
    return f" {count} missing ({kind}: {'; '.join(names[:MISSING_NAMED])}{more})."


def missing_chosen(results: Results) -> str:
    """RETURNS (str): Which planned runs on chosen samples are not finished; empty if none is missing."""
    return _named("few-shot", results.missing_chosen())


def without_gold(results: Results) -> str:
    """RETURNS (str): Where there is no score of a type, and why; empty if there is one of each everywhere."""
    if not results.unscored:
        return ""
    names = "; ".join(f"{corpus}: {', '.join(types)}" for corpus, types in results.unscored.items())
    return f" Not scored, since they are not annotated there or the test part has no mention of them: {names}."


def nothing_to_show(what: str, rows: Collection[object]) -> str:
    """RETURNS (str): That there is no such thing to show; empty if there are rows."""
    return "" if rows else f" Nothing to show: no {what}."
