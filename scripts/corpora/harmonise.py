"""Make Drug and Disease mentions that do not overlap out of any corpus's, and say why the others were dropped."""
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import Collection, Iterable, Mapping, Optional

from scripts.base.errors import ProjectError
from scripts.base.settings import suggest
from scripts.corpora.schema import Document, Dropped, Fragment, Mention


@dataclass(frozen=True)
class Harmonised:
    """A document after harmonising; its mentions read are those kept and those dropped.

    document (Document): Mentions by offset, none overlapping; labels are entity types, subtypes the corpus's own.
    dropped (tuple[Dropped, ...]): The mentions that were not kept, in the order of the file.
    """

    document: Document
    dropped: tuple[Dropped, ...]


def harmonise(
    document: Document, labels: Mapping[str, str], ignored: Collection[str] = (), discontinuous: str = "span"
) -> Harmonised:
    """Map labels, join fragments, and keep the longest of overlapping mentions (of equal ones the earlier).

    document (Document): As read.
    labels (Mapping[str, str]): Entity type of each label that is taken.
    ignored (Collection[str]): Labels that are knowingly left out: dropped as "label not mapped".
    discontinuous (str): Policy for mentions in several pieces: `span`, `first` or `drop`.
    RETURNS (Harmonised): The kept mentions and the dropped ones.
    RAISES (ProjectError): If a label is neither taken nor ignored.
    """
    reasons: dict[int, str] = {}
    candidates: dict[int, Mention] = {}
    for number, mention in enumerate(document.mentions):
        reason = _reason_to_drop(mention, document, labels, ignored)
        pieces = () if reason else join_fragments(_fragments(mention), document.text)
        if reason or (len(pieces) > 1 and discontinuous == "drop"):
            reasons[number] = reason or "discontinuous"
            continue
        end = pieces[0][1] if discontinuous == "first" else pieces[-1][1]
        kind = labels[mention.label]
        candidates[number] = replace(mention, start=pieces[0][0], end=end, label=kind, subtype=mention.label)
    losers = _losers(candidates)
    reasons.update(losers)
    kept = sorted((candidates[n] for n in candidates if n not in losers), key=lambda mention: mention.start)
    dropped = tuple(drop(document.id, document.mentions[n], reasons[n]) for n in sorted(reasons))
    assert len(document.mentions) == len(kept) + len(dropped)
    return Harmonised(replace(document, mentions=tuple(kept)), dropped)


def drop(document: str, mention: Mention, reason: str) -> Dropped:
    """RETURNS (Dropped): The record of a mention that is left out."""
    label = mention.subtype or mention.label
    return Dropped(document, mention.id, mention.start, mention.end, label, reason)


def join_fragments(fragments: Iterable[Fragment], text: str) -> tuple[Fragment, ...]:
    """Join fragments that overlap or have only white space between them, and trim white space at their borders.

    fragments (Iterable): (start, end) pairs in any order, each holding more than white space.
    text (str): The document's text.
    RETURNS (tuple): The pieces by offset; more than one if the mention is truly discontinuous.
    """
    pieces: list[Fragment] = []
    for start, end in sorted(_trim(fragment, text) for fragment in fragments):
        if pieces and not text[pieces[-1][1] : start].strip():
            start, end = pieces[-1][0], max(pieces.pop()[1], end)
        pieces.append((start, end))
    return tuple(pieces)


def _fragments(mention: Mention) -> tuple[Fragment, ...]:
    return mention.fragments or ((mention.start, mention.end),)


def _trim(fragment: Fragment, text: str) -> Fragment:
    covered = text[slice(*fragment)]
    return fragment[0] + len(covered) - len(covered.lstrip()), fragment[0] + len(covered.rstrip())


def _reason_to_drop(
    mention: Mention, document: Document, labels: Mapping[str, str], ignored: Collection[str]
) -> Optional[str]:
    if mention.label in ignored:
        return "label not mapped"
    if mention.label not in labels:
        remedy = f"{suggest(mention.label, [*labels, *ignored])} Put it under `labels` or `ignore` in the corpus file"
        raise ProjectError(f"unknown label '{mention.label}'", where=mention.where or document.id, remedy=remedy)
    fragments = _fragments(mention)
    if any(start >= end for start, end in fragments):
        return "empty"
    if any(start < 0 or end > len(document.text) for start, end in fragments):
        return "outside text"
    covered = [document.text[start:end] for start, end in fragments]
    if not all(piece.strip() for piece in covered):
        return "empty"
    # White space is not compared: formats show a line break inside a mention as a space, or not at all.
    if mention.text is not None and "".join(mention.text.split()) != "".join("".join(covered).split()):
        return "text mismatch"
    return None


def _losers(candidates: Mapping[int, Mention]) -> dict[int, str]:
    """RETURNS (dict[int, str]): The mentions that a longer one (or as long and earlier) overlaps, and how it does."""
    winners: list[tuple[int, int, str]] = []
    losers = {}
    for number in sorted(candidates, key=lambda n: (candidates[n].start - candidates[n].end, candidates[n].start, n)):
        mention = candidates[number]
        place = bisect_left(winners, (mention.end,))
        # Winners do not overlap each other, so the last one that starts before this mention's end tells.
        if place and winners[place - 1][1] > mention.start:
            losers[number] = _relation(mention, *winners[place - 1])
        else:
            winners.insert(place, (mention.start, mention.end, mention.label))
    return losers


def _relation(mention: Mention, start: int, end: int, label: str) -> str:
    if (mention.start, mention.end, mention.label) == (start, end, label):
        return "duplicate"
    return "nested" if start <= mention.start and mention.end <= end else "overlapping"
