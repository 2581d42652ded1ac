"""Answer in plain sentences which source helps, and how much."""
import math
from dataclasses import dataclass
from typing import Optional

from scripts.evaluation.curves import TOLERANCE, SentencesNeeded, Spread, within_spread
from scripts.evaluation.scores import MICRO
from scripts.reporting.best_selection import best_selection
from scripts.reporting.full_model import careful, doubts_of_full
from scripts.reporting.results import Results, Setup
from scripts.results.kinds import COMPARED, FEW_SHOT, NO_PRETRAIN, ZERO_SHOT

# Below this many gold mentions, one mention is more than 1 point of recall and about as much of F1.
SMALL_TEST_SET = 100


@dataclass(frozen=True)
class Answer:
    """What the experiment says about one target.

    target (str): The corpus to learn.
    sentences (tuple[str, ...]): Two or three plain sentences, and a warning where the test part is small; one alone
        where it has nothing to score by.
    """

    target: str
    sentences: tuple[str, ...]


def short_answer(results: Results) -> list[Answer]:
    """Answer the project's two questions for every target of the learning curves.

    results (Results): The experiment.
    RETURNS (list[Answer]): One per target and model; without learning curves, one per target of zero-shot.
    """
    answers = []
    for target in results.targets:
        for model in sorted({setup.model for setup in results.setups(FEW_SHOT, target=target)}):
            sentences = (_which_source(results, target, model), how_many(results, target, model))
            best = best_selection(results, target, model)
            known = (*sentences, *best, *_without_any(results, target, model), *_small_test(results, target))
            answers.append(Answer(target, known if results.is_scored(target) else _nothing_to_score(results, target)))
    return answers or _only_zero_shot(results)


def metric(results: Results) -> str:
    """RETURNS (str): What every F1 of the answer is measured by: which entity types, and where not all of them."""
    if not results.types:
        return ""
    named = f"{join(results.types)} together" if len(results.types) > 1 else results.types[0]
    fewer = {name: [one for one in results.types if one not in types] for name, types in results.unscored.items()}
    exceptions = "".join(f" On {name}: of {join(types)} alone." for name, types in fewer.items() if types)
    return f"F1 is that of {named}, exact match, on the test part of the target.{exceptions}"


def _only_zero_shot(results: Results) -> list[Answer]:
    answers = []
    for target in results.corpus_names:
        for model in sorted({setup.model for setup in results.setups(ZERO_SHOT, target=target)}):
            known = (*_without_any(results, target, model), *_small_test(results, target))
            answers.append(Answer(target, known if results.is_scored(target) else _nothing_to_score(results, target)))
    return answers


def _nothing_to_score(results: Results, target: str) -> tuple[str, ...]:
    return (f"Nothing can be told of {target}: its test part has no mention of {' or '.join(results.types)}.",)


def _which_source(results: Results, target: str, model: str) -> str:
    size = min(run.coordinates.size or 0 for run in results.of(FEW_SHOT, target=target, model=model))
    points = _points_at(results, target, model, size)
    base = next((point for setup, point in points.items() if setup.is_no_pretrain), None)
    helped = {setup: point for setup, point in points.items() if setup.sources}
    if base is None or not helped:
        lacking = " and of ".join(([] if base else [NO_PRETRAIN]) + ([] if helped else ["a source"]))
        return f"For {target} nothing can be compared yet at {size} sentences: runs of {lacking} are missing."
    best = max(helped, key=lambda setup: helped[setup].mean)
    # Of the figures as printed, so that they add up for the reader.
    gain = round(helped[best].mean, 1) - round(base.mean, 1)
    name, scores = results.label(best), f"{helped[best].mean:.1f} against {base.mean:.1f}{_over_seeds(helped[best])}"
    if gain <= 0:
        return f"For {target} no source helps at {size} sentences: {name} comes nearest to {NO_PRETRAIN} ({scores})."
    return (
        f"For {target} the source that helps most is {name}: +{gain:.1f} F1 over {NO_PRETRAIN} at {size} sentences "
        f"({scores}){_honest(helped[best], base)}{_as_good(results, helped, best)}."
    )


def _points_at(results: Results, target: str, model: str, size: int) -> dict[Setup, Spread]:
    setups = results.setups(FEW_SHOT, target=target, model=model)
    points = {setup: results.curve(target, setup, MICRO).at(size) for setup in setups}
    return {setup: point for setup, point in points.items() if point is not None}


def _over_seeds(point: Spread) -> str:
    return f", mean of {len(point.values)} seeds" if len(point.values) > 1 else ""


def _honest(one: Spread, other: Spread) -> str:
    judged = within_spread(one, other)
    if judged is None:
        return ", from a single seed, so that chance is not measured"
    return ", which is within the spread over seeds" if judged else ""


def _as_good(results: Results, points: dict[Setup, Spread], best: Setup) -> str:
    near = [
        results.label(setup) for setup, point in points.items() if setup != best and within_spread(point, points[best])
    ]
    if not near:
        return ""
    return f"; {join(near)} {'is' if len(near) == 1 else 'are'} within the spread of it"


def how_many(results: Results, target: str, model: str) -> str:
    """RETURNS (str): How many sentences of a target it takes to come near its full F1, in a plain sentence."""
    return _sentences_for_full(results, target, model) + careful(doubts_of_full(results, target, model, [MICRO]))


def _sentences_for_full(results: Results, target: str, model: str) -> str:
    needed = results.needed(target, model, MICRO)
    full = results.full(target, model, MICRO)
    if full is None or not needed:
        return f"How many sentences it takes cannot be told yet: the in-corpus run of {target} is missing."
    sentences = results.corpora.training_sentences(target)
    whole = f"99 % of the full F1 ({full.mean:.1f}{f' with all {sentences} sentences' if sentences else ''})"
    known = {setup: need for setup, need in needed.items() if need is not None and need.best_share is not None}
    if not known:
        return f"The full F1 of {target} is 0, so that a share of it means nothing."
    reached = {setup: need.first for setup, need in known.items() if need.first is not None}
    if not reached:
        return f"{whole} is never reached within {_largest(results, target)} sentences: {_nearest(results, known)}."
    base = _base_need(known, reached, _largest(results, target))
    return f"{whole} is reached with {_fewest(results, reached, sentences)}{base}."


def _largest(results: Results, target: str) -> int:
    return max(run.coordinates.size or 0 for run in results.of(FEW_SHOT, target=target))


def _nearest(results: Results, known: dict[Setup, SentencesNeeded]) -> str:
    best = max(known, key=lambda setup: known[setup].best_share or 0)
    share, size = 100 * (known[best].best_share or 0), known[best].best_size
    return f"{results.label(best)} comes nearest, with {math.floor(share + TOLERANCE)} % of it at {size}"


def _fewest(results: Results, reached: dict[Setup, int], sentences: Optional[int]) -> str:
    fewest = min(reached.values())
    names = join([results.label(setup) for setup, first in reached.items() if first == fewest])
    share = f", {100 * fewest / sentences:.0f} % of the training part" if sentences else ""
    return f"{fewest} sentences ({names}{share})"


def _base_need(known: dict[Setup, SentencesNeeded], reached: dict[Setup, int], largest: int) -> str:
    base = next((setup for setup in known if setup.is_no_pretrain), None)
    if base is None or reached.get(base) == min(reached.values()):
        return ""
    need = f"needs {reached[base]}" if base in reached else f"does not reach it within {largest}"
    return f"; {NO_PRETRAIN} {need}"


def _without_any(results: Results, target: str, model: str) -> tuple[str, ...]:
    scores = {
        setup: results.zero_shot(target, setup, MICRO)
        for setup in results.setups(ZERO_SHOT, target=target, model=model)
    }
    known = {setup: score.mean for setup, score in scores.items() if score is not None}
    if not known:
        return ()
    best = max(known, key=lambda setup: known[setup])
    return (f"Without a single annotated sentence of {target}, {best.name} is the best source: {known[best]:.1f} F1.",)


def _small_test(results: Results, target: str) -> tuple[str, ...]:
    gold = {run.scores.characters[MICRO].gold for run in results.runs if run.coordinates.target == target}
    if max(gold) >= SMALL_TEST_SET:
        return ()
    points = 100 / max(gold) if max(gold) else 100.0
    return (f"Careful: its test part holds {max(gold)} mentions only, so that one is about {points:.1f} points of F1.",)


def unfinished(results: Results) -> str:
    """RETURNS (str): That planned runs are missing or out of date, so that the answer may change; empty if none is."""
    count = sum(len(results.missing(kind)) for kind in COMPARED) + len(results.missing_chosen())
    missing = [f"Not the last word: {count} planned {'run is' if count == 1 else 'runs are'} not finished."]
    outdated = [_outdated(kind, number) for kind, number in results.outdated.items()]
    return " ".join([*(missing if count else []), *outdated, *results.remarks])


def _outdated(kind: str, count: int) -> str:
    runs = f"1 {kind} run is" if count == 1 else f"{count} {kind} runs are"
    return f"{runs} of earlier data, settings or another encoder, and left out: run `weasel run {kind}` again."


def failures(results: Results) -> str:
    """RETURNS (str): Which runs are left out of every comparison, since their training failed; empty if none is."""
    if not results.failed:
        return ""
    names = [f"{run.coordinates.kind} {results.name_of(run.coordinates)} ({run.problem})" for run in results.failed]
    return f"Left out, since the training failed: {'; '.join(names)}."


def join(names: list[str]) -> str:
    """RETURNS (str): Names in a sentence: `a`, `a and b`, `a, b and c`."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
