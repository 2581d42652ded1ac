"""Join runs for single entity types, as if one model had found all types."""
from dataclasses import replace
from typing import AbstractSet, Any, Collection, Iterable, Mapping, Optional, Sequence

import numpy

from scripts.evaluation.scores import MICRO, Score, with_micro
from scripts.evaluation.significance import DocumentCounts
from scripts.results.runs import Coordinates, RunResult, RunScores

# Separates the ids and the hashes of joined runs.
AND = "&"


def join_types(runs: Iterable[RunResult], planned: Collection[Coordinates]) -> list[RunResult]:
    """Join runs that only differ in their entity type. Runs for all types jointly stay as they are.

    If a source doesn't annotate a type, there is no model of it for this type. The joined run then has no score for all
    types together, which could not be compared with those of other runs on its target.

    runs (Iterable[RunResult]): Finished runs.
    planned (Collection[Coordinates]): The expected runs. A corpus that doesn't annotate a type has no run for it. If
        empty, a run is expected for every type.
    RETURNS (list[RunResult]): The joined runs, in the order of their first parts. Incomplete ones are left out.
    """
    groups: dict[Coordinates, list[RunResult]] = {}
    for run in runs:
        groups.setdefault(replace(run.coordinates, entity_type=None), []).append(run)
    types = {run.coordinates.entity_type for group in groups.values() for run in group}
    wanted: dict[Coordinates, set[Optional[str]]] = {}
    annotated: dict[str, set[Optional[str]]] = {}
    for at in planned:
        wanted.setdefault(_of_all_types(at), set()).add(at.entity_type)
        annotated.setdefault(at.target, set()).update({at.entity_type} - {None})
    whole = [
        (at, group)
        for at, group in groups.items()
        if not _split(group)
        or {run.coordinates.entity_type for run in group} >= wanted.get(_of_all_types(at), types) - {None}
    ]
    return [_together(at, group, annotated) if _split(group) else group[0] for at, group in whole]


def join_counts(counts: Sequence[Optional[DocumentCounts]]) -> Optional[DocumentCounts]:
    """RETURNS (Optional[DocumentCounts]): The counts of joined runs, or None if one of them has none."""
    known = [own for own in counts if own is not None]
    if len(known) < len(counts) or not known:
        return None
    by_type = {name: array for own in known for name, array in own.counts.items() if name != MICRO}
    return DocumentCounts(known[0].documents, {**by_type, MICRO: numpy.sum([*by_type.values()], axis=0)})


def parts_of(run: RunResult) -> list[RunResult]:
    """RETURNS (list[RunResult]): A copy of a joined run for each of its parts, with the part's id and hashes."""
    parts = zip(run.run.split(AND), run.fingerprint.split(AND), run.predictions.split(AND), strict=True)
    return [replace(run, run=name, fingerprint=own, predictions=found) for name, own, found in parts]


def _of_all_types(at: Coordinates) -> Coordinates:
    # Plans don't say how many threads their runs use.
    return replace(at, entity_type=None, threads=0)


def _split(group: Sequence[RunResult]) -> bool:
    return group[0].coordinates.entity_type is not None


def _together(
    at: Coordinates, group: Sequence[RunResult], annotated: Mapping[str, AbstractSet[Optional[str]]]
) -> RunResult:
    first, types = group[0], annotated.get(at.target, set())
    return replace(
        first,
        run=AND.join(run.run for run in group),
        fingerprint=AND.join(run.fingerprint for run in group),
        predictions=AND.join(run.predictions for run in group),
        coordinates=at,
        seconds={name: sum(run.seconds.get(name, 0.0) for run in group) for name in first.seconds},
        scores=RunScores(
            _joined((run.scores.tokens for run in group), types),
            _joined((run.scores.characters for run in group), types),
        ),
        source_tests={
            name: _joined((run.source_tests.get(name, {}) for run in group), annotated.get(name, set()))
            for name in first.source_tests
        },
        first_sentences=_joined((run.first_sentences for run in group), types) if first.first_sentences else {},
        errors=_merged(run.errors for run in group),
        # Scores for all types can't be computed from those of each type.
        matches={kind: _merged(_typed(run.matches.get(kind, {})) for run in group) for kind in first.matches},
        training=AND.join(run.training for run in group) if all(run.training for run in group) else "",
        problem="; ".join(f"{run.coordinates.entity_type}: {run.problem}" for run in group if run.problem),
    )


def _joined(parts: Iterable[Mapping[str, Score]], types: AbstractSet[Optional[str]]) -> dict[str, Score]:
    """RETURNS (dict): The scores of each type, and of all together if none of the types is missing."""
    by_type = _merged(_typed(part) for part in parts)
    return with_micro(by_type) if by_type.keys() >= types else by_type


def _typed(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name != MICRO}


def _merged(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {name: value for part in parts for name, value in part.items()}
