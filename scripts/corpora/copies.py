"""Find documents with the same text, identify their annotators, and choose between them."""
import unicodedata
from collections import Counter, defaultdict
from dataclasses import replace
from typing import Collection, Iterable, Iterator, Mapping, Optional, Sequence

from scripts.base.errors import MOST_NAMED, ProjectError, name_id
from scripts.base.settings import suggest
from scripts.corpora.characters import invisible
from scripts.corpora.harmonize import fragments_of
from scripts.corpora.schema import COPY_OF, LEFT_OUT, OUTVOTED, SOURCE_HASH, Document, Fragment, Mention
from scripts.corpora.split import part_named

ALL, MAJORITY = "all", "majority"
MERGED = "merged into the first copy of its text by majority vote"
# Mentions of the same text are equal if their fragments and labels are.
Marked = tuple[tuple[Fragment, ...], str]


def fold_text(text: str) -> str:
    """RETURNS (str): A text with whitespace collapsed, without invisible characters, and in Unicode normal form. Copies
    of a text are equal in this form."""
    return " ".join(unicodedata.normalize("NFC", invisible().sub("", text)).split())


def find_copies(texts: Mapping[str, str]) -> list[list[str]]:
    """Find documents with the same text, normalized by `fold_text`.

    texts (Mapping[str, str]): Texts by document id.
    RETURNS (list[list[str]]): Sorted ids for each text in more than one document. Documents without text are not copies
        of each other.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, text in sorted(texts.items()):
        found[fold_text(text)].append(name)
    return [names for text, names in found.items() if text and len(names) > 1]


def copies_of_sentences(documents: Sequence[Document], earlier: Iterable[str] = ()) -> list[list[str]]:
    """Find the documents with sentences of the same original document, or of original documents with the same text.

    documents (Sequence[Document]): The documents.
    earlier (Iterable[str]): Ids in an earlier conversion, when other annotators may have had copies.
    RETURNS (list[list[str]]): For each original text, its ids and those of the annotators' documents.
    """
    gone = defaultdict(list)
    for name in {*earlier} - {document.id for document in documents}:
        parts = name.split("/")
        for number in range(1, len(parts)):
            gone["/".join(parts[number:])].append(name)
    found: defaultdict[str, list[str]] = defaultdict(list)
    of_text: defaultdict[str, list[str]] = defaultdict(list)
    for document in documents:
        if COPY_OF in document.meta:
            found[document.meta[COPY_OF]].append(document.id)
        if SOURCE_HASH in document.meta:
            of_text[document.meta[SOURCE_HASH]].append(document.id)
    by_name = [list(dict.fromkeys([name, *ids, *gone[name]])) for name, ids in found.items()]
    return join_groups([*by_name, *of_text.values()])


def join_groups(groups: Iterable[Sequence[str]]) -> list[list[str]]:
    """RETURNS (list[list[str]]): The groups with sorted names, with those that share a name joined into one."""
    group_of: dict[str, set[str]] = {}
    for group in groups:
        joined = set(group).union(*(group_of[name] for name in group if name in group_of))
        group_of.update(dict.fromkeys(joined, joined))
    return [sorted(names) for names in {id(names): names for names in group_of.values()}.values()]


def find_annotators(ids: Iterable[str], copies: Sequence[Sequence[str]]) -> dict[str, str]:
    """Find the annotators of a text's copies in their document ids, such as `anna/07` and `bert/07`, or `07/anna`.

    An annotator's name is the only component in which the ids of two copies differ. This is either a folder, or the
    last component if its folder only has copies of this text. `notes/07` and `notes/12`, next to other notes, are
    therefore not copies by different annotators, and neither are `train/07` and `test/07`. Other documents in an
    annotator's folder, or with an annotator's name in a folder next to one of copies, are by the same annotator though
    they have no copies.

    ids (Iterable[str]): The ids of all documents, with components separated by `/`.
    copies (Sequence[Sequence[str]]): The ids for each text in more than one document.
    RETURNS (dict[str, str]): Annotators by document id, without documents whose annotator is unknown.
    """
    ids = list(ids)
    in_folder = Counter(name.rpartition("/")[0] for name in ids)
    found: dict[str, str] = {}
    folders: set[tuple[str, ...]] = set()
    files: set[tuple[str, ...]] = set()
    for names in copies:
        alike = Counter(rest for name in names for rest in _rests(name))
        published = _named_after_parts(names)
        for name in names:
            last = name.count("/")
            folder = name.rpartition("/")[0]
            parts = name.split("/")
            rests = (rest for rest in _rests(name) if alike[rest] > 1 and rest not in published)
            places = [place for place, _ in rests]
            if alike[last, tuple(folder.split("/"))] < in_folder[folder]:
                places = [place for place in places if place != last]
            if len(places) == 1 and last:
                found[name] = parts[places[0]]
                folders |= {tuple(parts[: place + 1]) for place in places if place != last}
                files |= {_without_folder(name) for place in places if place == last}
    with_copies = {name for names in copies for name in names}
    return {**found, **dict(_without_copies((name for name in ids if name not in with_copies), folders, files))}


def _named_after_parts(names: Iterable[str]) -> set[tuple[int, tuple[str, ...]]]:
    """RETURNS (set): As in `_rests`, where the ids of copies differ by parts of a published split, such as `train/07`
    and `test/07`. These are texts that are twice in a corpus by mistake."""
    parts: defaultdict[tuple[int, tuple[str, ...]], set[str]] = defaultdict(set)
    for name in names:
        for place, rest in _rests(name):
            parts[place, rest].add(part_named(name.split("/")[place]))
    return {rest for rest, found in parts.items() if len(found - {""}) > 1}


def _without_copies(
    ids: Iterable[str], folders: Collection[tuple[str, ...]], files: Collection[tuple[str, ...]]
) -> Iterator[tuple[str, str]]:
    """YIELDS (tuple[str, str]): Each id in an annotator's folder or with the name of an annotator's files, and the
    annotator."""
    for name in ids:
        parts = tuple(name.split("/"))
        above = next((parts[:depth] for depth in range(1, len(parts)) if parts[:depth] in folders), ())
        if above or _without_folder(name) in files:
            yield name, (above or parts)[-1]


def _without_folder(name: str) -> tuple[str, ...]:
    """RETURNS (tuple[str, ...]): The components of an id, without the folder that the document is in."""
    *above, _, last = ("", *name.split("/"))
    return *above, last


def _rests(name: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """YIELDS (tuple): The index of each component of an id, and the other components."""
    parts = tuple(name.split("/"))
    yield from ((place, parts[:place] + parts[place + 1 :]) for place in range(len(parts)))


def name_annotators(documents: Sequence[Document]) -> list[Document]:
    """RETURNS (list[Document]): The documents with their annotators, some of which are only known from ids."""
    texts = {document.id: document.text for document in documents}
    found = find_annotators(texts, find_copies(texts))
    return [replace(document, annotator=document.annotator or found.get(document.id, "")) for document in documents]


def choose_annotators(documents: Sequence[Document], annotators: str, where: str) -> list[Document]:
    """Choose between the annotators of a text, and mark the documents of the others as left out.

    documents (Sequence[Document]): Documents with the names of their annotators.
    annotators (str): `all`, `majority`, or the name of an annotator.
    where (str): The corpus, for the error.
    RETURNS (list[Document]): The same documents in the same order. See `take_majority` and `take_annotator`.
    RAISES (ProjectError): If no document is by the named annotator.
    """
    if annotators == ALL:
        return list(documents)
    return take_majority(documents) if annotators == MAJORITY else take_annotator(documents, annotators, where)


def take_annotator(documents: Sequence[Document], annotator: str, where: str) -> list[Document]:
    """Leave out the documents of other annotators.

    documents (Sequence[Document]): Documents with the names of their annotators.
    annotator (str): The annotator whose documents are kept, together with those of unknown annotators.
    where (str): The corpus, for the error.
    RETURNS (list[Document]): All documents, with those of other annotators marked as left out.
    RAISES (ProjectError): If no document is by this annotator.
    """
    found = Counter(document.annotator for document in documents if document.annotator and _is_used(document))
    if annotator not in found:
        named = Counter({name_id(name): count for name, count in found.items()}).most_common(MOST_NAMED)
        listed = ", ".join(f"{name} {count}" for name, count in sorted(named)) or "none"
        what = f"no document is by the annotator '{annotator}' (found: {listed})"
        remedy = suggest(annotator, [ALL, MAJORITY, *dict(named)])
        raise ProjectError(what, where=f"{where}, key annotators", remedy=remedy)
    return [
        _leave_out(document, f"annotated by {name_id(document.annotator)}")
        if document.annotator not in ("", annotator) and _is_used(document)
        else document
        for document in documents
    ]


def take_majority(documents: Sequence[Document]) -> list[Document]:
    """Merge the copies of a text by several annotators into the first copy, by majority vote.

    If texts are exactly equal, a mention (its fragments and its label) is kept if more than half of the annotators who
    annotated that part of the text have it. Every mention that was read is counted once, so that the mentions kept,
    dropped and left out add up:

    - Mentions of the first copy stay with it. Those without a majority are in `meta["outvoted"]`, and will be dropped.
    - Mentions that the first copy lacks are moved to it from the first copy that has them.
    - All other mentions stay with the other copies, which are left out.

    documents (Sequence[Document]): Documents with the names of their annotators.
    RETURNS (list[Document]): All documents, with merged ones in place of first copies, and the other copies marked as
        left out. Copies by unknown annotators don't change.
    """
    copies: defaultdict[str, list[Document]] = defaultdict(list)
    for document in documents:
        if document.annotator and document.text.strip() and _is_used(document):
            copies[document.text].append(document)
    changed = {}
    for group in copies.values():
        if len({document.annotator for document in group}) > 1:
            changed.update({document.id: document for document in merge_copies(group)})
    return [changed.get(document.id, document) for document in documents]


def merge_copies(copies: Sequence[Document]) -> list[Document]:
    """RETURNS (list[Document]): The copies of a text by several annotators, merged as in `take_majority`."""
    first, *others = copies
    winners = _winners(copies)
    kept = [mention for mention in first.mentions if _marked(mention) in winners]
    outvoted = tuple(mention for mention in first.mentions if _marked(mention) not in winners)
    missing, left = winners - set(map(_marked, first.mentions)), []
    for other in others:
        staying = []
        for mention in other.mentions:
            if _marked(mention) in missing:
                missing.remove(_marked(mention))
                # The ids of mentions are only unique in their document.
                kept.append(replace(mention, id=f"{other.id}:{mention.id}"))
            else:
                staying.append(mention)
        left.append(_leave_out(replace(other, mentions=tuple(staying)), MERGED))
    meta = {**first.meta, OUTVOTED: outvoted}
    return [replace(first, mentions=tuple(kept), meta=meta, annotator="", annotated=annotated_by_any(copies)), *left]


def _winners(copies: Sequence[Document]) -> set[Marked]:
    """RETURNS (set[Marked]): The mentions marked by more than half of those who annotated that part of the text."""
    votes: defaultdict[Marked, set[str]] = defaultdict(set)
    for copy in copies:
        for mention in copy.mentions:
            votes[_marked(mention)].add(copy.annotator)
    winners = set()
    for marked, by in votes.items():
        voters = by | {copy.annotator for copy in copies if _covers(copy.annotated, marked[0])}
        if 2 * len(by) > len(voters):
            winners.add(marked)
    return winners


def _marked(mention: Mention) -> Marked:
    return tuple(sorted(fragments_of(mention))), mention.label


def _covers(annotated: Optional[Sequence[Fragment]], fragments: Sequence[Fragment]) -> bool:
    if annotated is None:
        return True
    return all(any(first <= start and end <= last for first, last in annotated) for start, end in fragments)


def annotated_by_any(copies: Sequence[Document]) -> Optional[tuple[Fragment, ...]]:
    """RETURNS (Optional[tuple]): The stretches that somebody annotated, ascending and disjoint. None for all text."""
    stretches: list[Fragment] = []
    for copy in copies:
        if copy.annotated is None:
            return None
        stretches += copy.annotated
    joined: list[Fragment] = []
    for start, end in sorted(stretches):
        if joined and start <= joined[-1][1]:
            start, end = joined[-1][0], max(joined.pop()[1], end)
        joined.append((start, end))
    return tuple(joined)


def _is_used(document: Document) -> bool:
    return LEFT_OUT not in document.meta


def _leave_out(document: Document, reason: str) -> Document:
    return replace(document, meta={**document.meta, LEFT_OUT: reason})
