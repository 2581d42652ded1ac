"""Write sentences that several captions share: what is missing, and how to read the paper's figures."""
from typing import Collection, Optional, Sequence

from scripts.reporting.paper_counterparts import named_in_paper
from scripts.reporting.results import Results

MISSING_NAMED = 6
BESIDE = (
    " The paper's figures are for the corpora that ours are or stand in for ({names}). Its splits are lost, and a "
    "stand-in has other texts, such as RuDReC for the paper's own reviews. A deviation is not in itself an error."
)


def beside_paper(results: Results, how: str) -> str:
    """RETURNS (str): How to read the paper's figures, ending with `how`; empty if none are shown next to ours."""
    names = ", ".join(f"{corpus}: {name}" for corpus, name in named_in_paper(results).items())
    return BESIDE.format(names=names) + how if names else ""


def missing_runs(results: Results, kind: str, targets: Optional[Sequence[str]] = None) -> str:
    """Name planned runs that are not finished.

    results (Results): The experiment.
    kind (str): in-corpus, zero-shot or few-shot.
    targets (Optional[Sequence[str]]): Only runs on these targets; None for all.
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
    """RETURNS (str): A sentence on unfinished runs on chosen samples; empty if none is missing."""
    return _named("few-shot", results.missing_chosen())


def without_gold(results: Results) -> str:
    """RETURNS (str): Which types are not scored where, and why; empty if every type is scored everywhere."""
    if not results.unscored:
        return ""
    names = "; ".join(f"{corpus}: {', '.join(types)}" for corpus, types in results.unscored.items())
    return f" Not scored, as they are not annotated there or the test part has no mention of them: {names}."


def nothing_to_show(what: str, rows: Collection[object]) -> str:
    """RETURNS (str): A sentence that says that there is nothing to show; empty if there are rows."""
    return "" if rows else f" Nothing to show: no {what}."
