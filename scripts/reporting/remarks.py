"""Write the remarks on a report: what F1 is measured on, and which runs failed, are missing or out of date."""
from scripts.evaluation.scores import MICRO
from scripts.reporting.results import Results, setup_of
from scripts.results.kinds import COMPARED, SHIPPED


def metric(results: Results) -> str:
    """RETURNS (str): What F1 is measured on: the entity types, and the targets and sources that lack some of them."""
    if not results.types:
        return ""
    named = f"{join(results.types)} together" if len(results.types) > 1 else results.types[0]
    fewer = {name: [one for one in results.types if one not in types] for name, types in results.unscored.items()}
    exceptions = "".join(f" On {name}: {join(types)} only." for name, types in fewer.items() if types)
    return f"F1 counts exact matches of {named} on the target's test part.{exceptions}{_by_type_only(results)}"


def _by_type_only(results: Results) -> str:
    """RETURNS (str): The sources of runs that have no score for all types together; empty if there are none."""
    runs = [run.coordinates for run in results.runs if MICRO not in run.scores.tokens]
    names = list(dict.fromkeys(results.label(setup_of(run)) for run in runs))
    return f" Compared by single types only, because there is no model for the others: {join(names)}." if names else ""


def unfinished(results: Results) -> list[str]:
    """RETURNS (list[str]): Planned runs that are missing or out of date, so that the answer may change."""
    missing = [(kind, len(results.missing(kind))) for kind in COMPARED]
    missing += [("few-shot on chosen sentences", len(results.missing_chosen()))]
    counts = [f"{count} {kind}" for kind, count in missing if count]
    lines = [f"The answer may still change: planned runs are not finished ({join(counts)})."] if counts else []
    return [*lines, *(_outdated(kind, number) for kind, number in results.outdated.items()), *results.remarks]


def _outdated(kind: str, count: int) -> str:
    runs = f"1 {kind} run is" if count == 1 else f"{count} {kind} runs are"
    # The only kind of runs without a command of its name.
    command = "evaluate" if kind == SHIPPED else kind
    return f"{runs} left out: the data, settings or encoder have changed since. Run `weasel run {command} .` again."


def failures(results: Results) -> list[str]:
    """RETURNS (list[str]): The runs that are left out because their training failed, and the reason."""
    return [f"{run.coordinates.kind} {results.name_of(run.coordinates)}: {run.problem}" for run in results.failed]


def join(names: list[str]) -> str:
    """RETURNS (str): Names as part of a sentence: `a`, `a and b`, `a, b and c`."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
