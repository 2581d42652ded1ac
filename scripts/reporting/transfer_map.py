"""Map zero-shot F1 by source and target, as a share of the target's in-corpus F1 (RQ1)."""
import statistics
from dataclasses import dataclass
from typing import Optional

from scripts.evaluation.curves import Spread
from scripts.evaluation.scores import MICRO
from scripts.reporting.results import Results, Setup
from scripts.results.kinds import IN_CORPUS, ZERO_SHOT

LIKENESSES = ("same language", "same domain", "same language and domain", "different language and domain", "not known")


@dataclass(frozen=True)
class MapCell:
    """The score of a source on a target.

    f1 (Optional[Spread]): F1 in percent; None if there is no run.
    share (Optional[float]): Percent of the in-corpus F1; None if that is not known or 0.
    is_own (bool): Whether source and target are the same corpus.
    """

    f1: Optional[Spread] = None
    share: Optional[float] = None
    is_own: bool = False


@dataclass(frozen=True)
class TransferMap:
    """Zero-shot results of one model.

    model (str): Name of the spaCy config.
    targets (tuple[str, ...]): The columns.
    rows (tuple): (name of the source, its cells) pairs.
    likenesses (tuple): (what source and target have in common, mean share in percent, number of pairs) triples.
    """

    model: str
    targets: tuple[str, ...]
    rows: tuple[tuple[str, tuple[MapCell, ...]], ...]
    likenesses: tuple[tuple[str, float, int], ...]


def transfer_maps(results: Results) -> list[TransferMap]:
    """RETURNS (list[TransferMap]): One for each model that was tested on corpora it was not trained on."""
    models = sorted({setup.model for setup in results.setups(ZERO_SHOT)})
    return [_map(results, model) for model in models]


def _map(results: Results, model: str) -> TransferMap:
    setups = results.setups(ZERO_SHOT, model=model)
    tested = {run.coordinates.target for kind in (ZERO_SHOT, IN_CORPUS) for run in results.of(kind, model=model)}
    targets = tuple(name for name in results.corpus_names if name in tested)
    rows = [(setup.name, tuple(_cell(results, setup, target) for target in targets)) for setup in setups]
    return TransferMap(model, targets, tuple(rows), tuple(_likenesses(results, setups, targets)))


def _cell(results: Results, setup: Setup, target: str) -> MapCell:
    full = results.full(target, setup.model, MICRO)
    if setup.sources == (target,):
        return MapCell(full, 100.0 if full and full.mean else None, True)
    score = results.zero_shot(target, setup, MICRO)
    return MapCell(score, 100 * score.mean / full.mean if score and full and full.mean else None)


def _likenesses(results: Results, setups: list[Setup], targets: tuple[str, ...]) -> list[tuple[str, float, int]]:
    shares: dict[str, list[float]] = {}
    for setup in setups:
        for target in targets:
            share = _cell(results, setup, target).share
            if share is not None and len(setup.sources) == 1 and setup.sources[0] != target:
                shares.setdefault(likeness(results, setup.sources[0], target), []).append(share)
    return [(name, statistics.fmean(shares[name]), len(shares[name])) for name in LIKENESSES if name in shares]


def likeness(results: Results, source: str, target: str) -> str:
    """RETURNS (str): What two corpora have in common, one of `LIKENESSES`."""
    known = results.corpora.corpora
    if source not in known or target not in known:
        return "not known"
    alike = [name for name in ("language", "domain") if getattr(known[source], name) == getattr(known[target], name)]
    return f"same {' and '.join(alike)}" if alike else "different language and domain"
