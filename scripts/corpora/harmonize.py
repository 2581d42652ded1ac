"""Convert a corpus's mentions to Drug and Disease mentions without overlaps, and record why others were dropped."""
import difflib
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, replace
from typing import Collection, Iterable, Iterator, Mapping, Optional

from scripts.base.errors import ProjectError, name_label
from scripts.corpora.schema import (
    IN_PIECES,
    LABEL_NOT_MAPPED,
    RESPELLED,
    SEVERAL_VALUES,
    TRIMMED,
    Changed,
    Document,
    Dropped,
    Fragment,
    Mention,
)
from scripts.corpora.spelling import same_text, without_space

# An error names all unknown labels of most corpora, so that nobody has to add them ten at a time.
MOST_LABELS = 40


@dataclass(frozen=True)
class Harmonized:
    """A harmonized document. The mentions kept and dropped add up to those read.

    document (Document): The document with mentions in the order of their offsets, without overlaps. Their labels are
        entity types, and their subtypes are the corpus's own labels.
    dropped (tuple[Dropped, ...]): The dropped mentions, in the order of the file.
    changed (tuple[Changed, ...]): The kept mentions that differ from their annotation.
    """

    document: Document
    dropped: tuple[Dropped, ...]
    changed: tuple[Changed, ...] = ()


def check_labels(documents: Iterable[Document], labels: Collection[str], ignored: Collection[str], where: str) -> None:
    """Check that every label of a corpus is either used or explicitly ignored.

    documents (Iterable[Document]): The documents as read.
    labels (Collection[str]): The labels to use.
    ignored (Collection[str]): The labels to leave out.
    where (str): The corpus, for the error.
    RAISES (ProjectError): If there are others, with the most frequent ones, their counts and the location of the first.
    """
    known = {*labels, *ignored}
    unknown = [mention for document in documents for mention in document.mentions if mention.label not in known]
    if unknown and any(SEVERAL_VALUES in document.meta.get("notes", ()) for document in documents):
        # One of the features may be a comment, which must not be quoted.
        remedy = "name the feature with the labels in the corpus file, such as `feature: kind`"
        raise ProjectError("annotations have values in several features", where=where, remedy=remedy)
    if unknown:
        counts = Counter(mention.label for mention in unknown)
        frequent = counts.most_common(MOST_LABELS)
        told = [f"'{name_label(label)}' {count}x{_did_you_mean(label, known)}" for label, count in frequent]
        listed = ", ".join(told + [f"{len(counts) - len(told)} others"] * (len(counts) > len(told)))
        remedy = f"add each to `labels` or `ignore` in the corpus file; '{name_label(unknown[0].label)}' is at "
        raise ProjectError(f"unknown labels: {listed}", where=where, remedy=remedy + unknown[0].where)


def _did_you_mean(label: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(label, known, n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""


def harmonize(document: Document, labels: Mapping[str, str], discontinuous: str = "span") -> Harmonized:
    """Map labels, join fragments, and keep the longest of overlapping mentions (the earlier one if equally long).

    document (Document): The document as read.
    labels (Mapping[str, str]): Entity type of each label to use. Mentions with other labels are dropped.
    discontinuous (str): Policy for mentions in several pieces: `span`, `first` or `drop`.
    RETURNS (Harmonized): The kept and the dropped mentions.
    """
    reasons: dict[int, str] = {}
    candidates: dict[int, Mention] = {}
    for number, mention in enumerate(document.mentions):
        reason = _reason_to_drop(mention, document, labels)
        pieces = () if reason else join_fragments(fragments_of(mention), document.text)
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
    changed = tuple(record for mention in kept for record in _changes(document, mention))
    return Harmonized(replace(document, mentions=tuple(kept)), dropped, changed)


def change(document: str, mention: Mention, how: str, start: int, end: int) -> Changed:
    """RETURNS (Changed): The record of a mention that was kept with new offsets."""
    fragments = fragments_of(mention)
    before = min(first for first, _ in fragments), max(last for _, last in fragments)
    return Changed(document, mention.id, *before, mention.subtype or mention.label, how, start, end)


def _changes(document: Document, mention: Mention) -> Iterator[Changed]:
    """YIELDS (Changed): A record for each difference between a kept mention and its annotation."""
    in_pieces = len(join_fragments(fragments_of(mention), document.text)) > 1
    record = change(document.id, mention, IN_PIECES if in_pieces else TRIMMED, mention.start, mention.end)
    if in_pieces or (record.start, record.end) != (mention.start, mention.end):
        yield record
    covered = "".join(document.text[slice(*fragment)] for fragment in fragments_of(mention))
    if mention.text is not None and without_space(mention.text) != without_space(covered):
        yield replace(record, how=RESPELLED)


def drop(document: str, mention: Mention, reason: str) -> Dropped:
    """RETURNS (Dropped): The record of a dropped mention."""
    label = mention.subtype or mention.label
    return Dropped(document, mention.id, mention.start, mention.end, label, reason)


def join_fragments(fragments: Iterable[Fragment], text: str) -> tuple[Fragment, ...]:
    """Join fragments that overlap or only have whitespace between them, and trim whitespace at their boundaries.

    fragments (Iterable): (start, end) pairs in any order. None may be only whitespace.
    text (str): The document's text.
    RETURNS (tuple): The pieces in the order of their offsets. More than one if the mention is really discontinuous.
    """
    pieces: list[Fragment] = []
    for start, end in sorted(_trim(fragment, text) for fragment in fragments):
        if pieces and not text[pieces[-1][1] : start].strip():
            start, end = pieces[-1][0], max(pieces.pop()[1], end)
        pieces.append((start, end))
    return tuple(pieces)


def fragments_of(mention: Mention) -> tuple[Fragment, ...]:
    """RETURNS (tuple): The (start, end) pairs of a mention as annotated."""
    return mention.fragments or ((mention.start, mention.end),)


def _trim(fragment: Fragment, text: str) -> Fragment:
    covered = text[slice(*fragment)]
    return fragment[0] + len(covered) - len(covered.lstrip()), fragment[0] + len(covered.rstrip())


def _reason_to_drop(mention: Mention, document: Document, labels: Collection[str]) -> Optional[str]:
    if mention.label not in labels:
        return LABEL_NOT_MAPPED
    fragments = fragments_of(mention)
    if any(start >= end for start, end in fragments):
        return "empty"
    if any(start < 0 or end > len(document.text) for start, end in fragments):
        return "outside text"
    covered = [document.text[start:end] for start, end in fragments]
    if not all(piece.strip() for piece in covered):
        return "empty"
    if mention.text is not None and not same_text(mention.text, "".join(covered)):
        return "text mismatch"
    return None


def _losers(candidates: Mapping[int, Mention]) -> dict[int, str]:
    """RETURNS (dict[int, str]): The mentions overlapped by a longer (or equally long and earlier) one, and how."""
    winners: list[tuple[int, int, str]] = []
    losers = {}
    for number in sorted(candidates, key=lambda n: (candidates[n].start - candidates[n].end, candidates[n].start, n)):
        mention = candidates[number]
        place = bisect_left(winners, (mention.end,))
        # Winners don't overlap, so only the last one that starts before this mention's end has to be checked.
        if place and winners[place - 1][1] > mention.start:
            losers[number] = _relation(mention, *winners[place - 1])
        else:
            winners.insert(place, (mention.start, mention.end, mention.label))
    return losers


def _relation(mention: Mention, start: int, end: int, label: str) -> str:
    if (mention.start, mention.end, mention.label) == (start, end, label):
        return "duplicate"
    return "nested" if start <= mention.start and mention.end <= end else "overlapping"
