"""Count what was read, kept, changed and dropped in a corpus, and compare it with the expected counts."""
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from dataclasses import dataclass
from typing import Collection, Iterable, Mapping, Sequence

from scripts.base.errors import ProjectError, name_id, name_label
from scripts.corpora.copies import find_copies, fold_text
from scripts.corpora.harmonize import fragments_of, join_fragments
from scripts.corpora.manifest import Copies, Manifest, ReadAccount
from scripts.corpora.schema import (
    CHANGES,
    EXPANDED,
    LABEL_NOT_MAPPED,
    LEFT_OUT,
    NO_MAJORITY,
    REASONS,
    SPLIT_NOTES,
    Changed,
    Document,
    Dropped,
    Mention,
)
from scripts.corpora.settings import CorpusSettings, Expected

# Labels that the corpus file leaves out don't count as losses.
LOSSES = tuple(reason for reason in REASONS if reason != LABEL_NOT_MAPPED)
# If more than this share of mentions start or end inside a word, the offsets are doubtful. In public corpora, the share
# is at most 0.02.
MOST_INSIDE_WORDS = 0.1


@dataclass(frozen=True)
class Check:
    """A count compared with the expected one. If the corpus file doesn't set it, `convert-strict` expects 0.

    what (str): What is counted.
    expected (int): The expected count.
    found (int): The actual count.
    """

    what: str
    expected: int
    found: int


def count_as_read(documents: Sequence[Document], labels: Collection[str]) -> ReadAccount:
    """Count what is in the raw files, before anything is dropped.

    documents (Sequence[Document]): The documents as read.
    labels (Collection[str]): The corpus's own labels to use.
    RETURNS (ReadAccount): The counts.
    """
    taken = [[mention for mention in document.mentions if mention.label in labels] for document in documents]
    pairs: Counter[str] = Counter()
    for mentions in taken:
        pairs.update(overlapping_pairs(mentions))
    fragmented = [(m, document.text) for document, mentions in zip(documents, taken, strict=True) for m in mentions]
    fragmented = [(mention, text) for mention, text in fragmented if len(mention.fragments) > 1]
    return ReadAccount(
        documents=len(documents),
        empty_documents=sum(not document.text.strip() for document in documents),
        mentions=_by_name(mention.label for document in documents for mention in document.mentions),
        fragmented=len(fragmented),
        joined=sum(len(join_fragments(mention.fragments, text)) == 1 for mention, text in fragmented),
        overlapping_pairs=dict(sorted(pairs.items())),
        tag_schemes=_by_name(document.meta["tag_scheme"] for document in documents if "tag_scheme" in document.meta),
        notes=_by_name(note for document in documents for note in document.meta.get("notes", ())),
    )


def count_copies(documents: Sequence[Document], parts: Mapping[str, Sequence[Document]]) -> Copies:
    """Count documents with the same text.

    documents (Sequence[Document]): Documents with the names of their annotators. Those that the corpus itself leaves
        out don't count.
    parts (Mapping[str, Sequence[Document]]): The documents of each part, including `train` and `test`.
    RETURNS (Copies): The counts.
    """
    used = {document.id: document for document in documents if LEFT_OUT not in document.meta}
    copies = find_copies({name: document.text for name, document in used.items()})
    annotators = [[used[name].annotator for name in names if used[name].annotator] for names in copies]
    several = [names for names in annotators if len(set(names)) > 1]
    train, test = ([fold_text(document.text) for document in parts[part]] for part in ("train", "test"))
    tested = set(test) - {""}
    return Copies(
        texts=len(copies),
        documents=sum(map(len, copies)),
        of_several=len(several),
        annotators=_by_name(name for names in several for name in names),
        in_train_and_test=sum(text in tested for text in train),
    )


def overlapping_pairs(mentions: Iterable[Mention]) -> Counter[str]:
    """Count pairs of mentions that overlap, from their first to their last characters.

    mentions (Iterable[Mention]): The mentions of a document.
    RETURNS (Counter): Number of pairs that are the `same` span, `nested` or `crossing`. Time grows with the number of
        mentions, not of pairs.
    """
    pairs: Counter[str] = Counter()
    ends: list[int] = []
    starts: Counter[int] = Counter()
    spans: Counter[tuple[int, int]] = Counter()
    for start, end in sorted(span for span in map(_cover, mentions) if span[1] > span[0]):
        # Spans are sorted by start, then by end, so the ends of earlier spans are sufficient.
        overlapping = len(ends) - bisect_right(ends, start)
        same = spans[start, end]
        around = len(ends) - bisect_left(ends, end) - same
        nested = around + starts[start] - same
        pairs += Counter({"same": same, "nested": nested, "crossing": overlapping - same - nested})
        insort(ends, end)
        starts[start] += 1
        spans[start, end] += 1
    return pairs


def _cover(mention: Mention) -> tuple[int, int]:
    fragments = fragments_of(mention)
    return min(start for start, _ in fragments), max(end for _, end in fragments)


def _by_name(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def dropped_mentions(manifest: Manifest) -> Counter[str]:
    """RETURNS (Counter): Number of dropped mentions in all parts, by reason."""
    return _total(account.mentions.dropped for account in manifest.splits.values())


def changed_mentions(manifest: Manifest) -> Counter[str]:
    """RETURNS (Counter): Number of changed mentions in all parts, by kind of change."""
    return _total(account.mentions.changed for account in manifest.splits.values())


def _total(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for part in counts:
        total.update(part)
    return total


def check_expected(expected: Expected, manifest: Manifest) -> list[Check]:
    """Compare the counts in a corpus with those that its corpus file expects.

    expected (Expected): The expected counts.
    manifest (Manifest): The corpus's manifest.
    RETURNS (list[Check]): A check for each expected count.
    """
    found = _found(manifest)
    named = {name: getattr(expected, name) for name in found}
    checks = [Check(_spell(name), count, found[name]) for name, count in named.items() if count is not None]
    read = manifest.read.mentions
    checks += [Check(f"mentions of {name}", count, read.get(name, 0)) for name, count in expected.mentions.items()]
    dropped, changed = dropped_mentions(manifest), changed_mentions(manifest)
    checks += [Check(f"dropped: {reason}", count, dropped[reason]) for reason, count in expected.dropped.items()]
    return checks + [Check(f"changed: {how}", count, changed[how]) for how, count in expected.changed.items()]


def _found(manifest: Manifest) -> dict[str, int]:
    read, splits = manifest.read, manifest.splits
    return {
        "documents": read.documents,
        "empty_documents": read.empty_documents,
        "sentences": sum(account.sentences for account in splits.values()),
        "sentences_by_punkt": manifest.statistics.sentences_by_punkt,
        "fragmented": read.fragmented,
        "joined": read.joined,
        "overlapping_pairs": sum(read.overlapping_pairs.values()),
        "cut": sum(account.mentions_cut for account in splits.values()),
        "notes": sum(count for note, count in read.notes.items() if note not in SPLIT_NOTES),
    }


def _spell(name: str) -> str:
    return name.replace("_", " ")


def check_losses(expected: Expected, manifest: Manifest) -> list[Check]:
    """Compare each kind of loss with the count that the corpus file accepts, which is 0 by default.

    expected (Expected): The expected counts.
    manifest (Manifest): The corpus's manifest.
    RETURNS (list[Check]): A check for each kind of loss: mentions dropped (except for unused labels), changed, or cut
        in a test part, and notes of the reader.
    """
    dropped, changed = dropped_mentions(manifest), changed_mentions(manifest)
    found = _found(manifest)
    return [
        *(Check(f"dropped: {reason}", expected.dropped.get(reason, 0), dropped[reason]) for reason in LOSSES),
        *(Check(f"changed: {how}", expected.changed.get(how, 0), changed[how]) for how in CHANGES),
        *(Check(_spell(name), getattr(expected, name) or 0, found[name]) for name in ("cut", "notes")),
    ]


def losses_beyond_expected(expected: Expected, manifest: Manifest) -> Counter[str]:
    """RETURNS (Counter): Lost mentions in all parts by reason, in excess of those that the corpus file accepts."""
    dropped = dropped_mentions(manifest)
    found = Counter({reason: dropped[reason] - expected.dropped.get(reason, 0) for reason in LOSSES})
    # Only positive counts.
    return +found


def refuse_heavy_losses(name: str, settings: CorpusSettings, manifest: Manifest) -> None:
    """Raise an error if most mentions in the whole corpus or in a part are lost, which makes it useless.

    name (str): The corpus's name.
    settings (CorpusSettings): Its corpus file. Only mentions with its `labels` count, and lost ones only if there are
        more than `expected.dropped` accepts.
    manifest (Manifest): Its manifest.
    RAISES (ProjectError): If more than half are lost, with their number, the most frequent reason and its first three
        cases.
    """
    beyond = losses_beyond_expected(settings.expected, manifest)
    for parts in (tuple(manifest.splits), *((part,) for part in manifest.splits)):
        mentions = [manifest.splits[part].mentions for part in parts]
        read, dropped = _total(one.read for one in mentions), _total(one.dropped for one in mentions)
        taken = sum(count for label, count in read.items() if label in settings.labels)
        # Accepted losses are counted over the whole corpus, whichever part they are in.
        lost = dropped & beyond
        if 2 * lost.total() > taken:
            (reason, count), *_ = lost.most_common(1)
            place = f" of the {parts[0]} part" if len(parts) == 1 else ""
            what = f"{lost.total()} of {taken} mentions{place} are lost, {count} by '{reason}' "
            cases = [one for one in manifest.dropped if one.reason == reason and one.split in parts]
            remedy = _DISAGREE if reason == NO_MAJORITY else _REMEDY
            raise ProjectError(what + _first(cases, 3), where=f"corpus {name}", remedy=remedy)


_DISAGREE = (
    "name one annotator under `annotators` in the corpus file, or add the accepted count to `expected.dropped` there"
)
_REMEDY = (
    "check the offsets and labels in the raw files and in the corpus file, or add the accepted count to "
    "`expected.dropped` in the corpus file"
)


def _first(cases: Sequence[Dropped], count: int) -> str:
    return f"(first: {', '.join(map(_told, cases[:count]))})"


def _told(one: Dropped | Changed) -> str:
    return f"{name_id(one.mention)} {name_label(one.label)} {one.start}-{one.end} in {name_id(one.document)}"


def count_doubtful(expected: Expected, manifest: Manifest) -> int:
    """Count mentions that start or end inside a word, if there are so many that the offsets are doubtful.

    The offsets may not be in characters, which can't be checked if the annotations don't include the mentions' texts.

    expected (Expected): The expected counts. Accepted changes are not doubtful.
    manifest (Manifest): The corpus's manifest.
    RETURNS (int): Number of these mentions, or 0 if their share is not above `MOST_INSIDE_WORDS`.
    """
    inside = changed_mentions(manifest)[EXPANDED]
    kept = sum(sum(part.mentions.kept.values()) for part in manifest.splits.values())
    return inside if inside > max(expected.changed.get(EXPANDED, 0), MOST_INSIDE_WORDS * kept) else 0


def parts_without_outside(manifest: Manifest) -> list[str]:
    """RETURNS (list[str]): The parts that have mentions, but no token annotated as outside of all mentions."""
    parts = manifest.splits.items()
    return [name for name, part in parts if any(part.mentions.kept.values()) and not part.outside_tokens]


def types_without_mentions(manifest: Manifest) -> list[tuple[str, str]]:
    """RETURNS (list[tuple[str, str]]): Each part and entity type without mentions, if the corpus annotates the type."""
    kept = {part: account.mentions.kept for part, account in manifest.splits.items()}
    return [(part, kind) for part in kept for kind in manifest.entity_types if not kept[part].get(kind)]


def refuse_losses(name: str, expected: Expected, manifest: Manifest) -> None:
    """Raise an error if anything was lost, changed or repaired, or differs from what the corpus file expects.

    name (str): The corpus's name.
    expected (Expected): The expected counts.
    manifest (Manifest): The corpus's manifest.
    RAISES (ProjectError): If so, with all such counts and the location of the first lost mention.
    """
    checks = dict.fromkeys([*check_expected(expected, manifest), *check_losses(expected, manifest)])
    wrong = [f"{one.what} {one.found}, expected {one.expected}" for one in checks if one.found != one.expected]
    if wrong:
        remedy = "fix the corpus, or add the accepted counts to `expected` in the corpus file"
        raise ProjectError("; ".join(wrong) + _first_loss(manifest), where=f"corpus {name}", remedy=remedy)


def _first_loss(manifest: Manifest) -> str:
    records: list[tuple[str, Dropped | Changed]] = []
    records += [(one.reason, one) for one in manifest.dropped if one.reason != LABEL_NOT_MAPPED]
    records += [(one.how, one) for one in manifest.changed]
    if not records:
        return ""
    kind, first = records[0]
    return f" (first: {kind}, {_told(first)})"
