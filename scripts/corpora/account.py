"""Keep the books of a corpus: what was read, kept, changed and dropped, and whether it is what one expected."""
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from dataclasses import dataclass
from typing import Collection, Iterable, Mapping, Sequence

from scripts.base.errors import ProjectError, name_id, name_label
from scripts.corpora.copies import find_copies, fold_text
from scripts.corpora.harmonise import fragments_of, join_fragments
from scripts.corpora.manifest import Copies, Manifest, ReadAccount
from scripts.corpora.schema import (
    CHANGES,
    EXPANDED,
    LABEL_NOT_MAPPED,
    LEFT_OUT,
    NO_MAJORITY,
    REASONS,
    Changed,
    Document,
    Dropped,
    Mention,
)
from scripts.corpora.settings import CorpusSettings, Expected

# A label that the corpus file leaves out is no loss.
LOSSES = tuple(reason for reason in REASONS if reason != LABEL_NOT_MAPPED)
# The share of mentions with a border inside a word from which on offsets are in doubt; of the public corpora, the one
# with the most has two in a hundred.
MOST_INSIDE_WORDS = 0.1


@dataclass(frozen=True)
class Check:
    """A count that the corpus file expects, or whose absence `convert-strict` expects.

    what (str): What is counted.
    expected (int): How many there should be.
    found (int): How many there are.
    """

    what: str
    expected: int
    found: int


def count_as_read(documents: Sequence[Document], labels: Collection[str]) -> ReadAccount:
    """Count what stands in the raw files, before anything is dropped.

    documents (Sequence[Document]): As read.
    labels (Collection[str]): The corpus's own labels that are taken.
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
    """Count the documents of equal text.

    documents (Sequence[Document]): With the names of their annotators; those that the corpus itself leaves out do not
        count.
    parts (Mapping[str, Sequence[Document]]): As dealt, `train` and `test` among them.
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
    """Count the pairs of mentions whose spans, from first to last character, share a character.

    mentions (Iterable[Mention]): Of one document.
    RETURNS (Counter): How many are the `same` span, `nested` or `crossing`. Time grows with mentions, not with pairs.
    """
    pairs: Counter[str] = Counter()
    ends: list[int] = []
    starts: Counter[int] = Counter()
    spans: Counter[tuple[int, int]] = Counter()
    for start, end in sorted(span for span in map(_cover, mentions) if span[1] > span[0]):
        # Those before it start no later, and of equal start end no later: their ends tell the rest.
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
    """RETURNS (Counter): Mentions of all parts that were left out, by reason."""
    return _total(account.mentions.dropped for account in manifest.splits.values())


def changed_mentions(manifest: Manifest) -> Counter[str]:
    """RETURNS (Counter): Mentions of all parts that are not where they were annotated, by how."""
    return _total(account.mentions.changed for account in manifest.splits.values())


def _total(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for part in counts:
        total.update(part)
    return total


def check_expected(expected: Expected, manifest: Manifest) -> list[Check]:
    """Compare what a corpus file expects with what was found.

    expected (Expected): The counts that it names.
    manifest (Manifest): The corpus's manifest.
    RETURNS (list[Check]): One for each count that it names.
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
        "notes": sum(read.notes.values()),
    }


def _spell(name: str) -> str:
    return name.replace("_", " ")


def check_losses(expected: Expected, manifest: Manifest) -> list[Check]:
    """Compare each kind of loss with what the corpus file accepts of it: none, if it does not say.

    expected (Expected): The counts that it names.
    manifest (Manifest): The corpus's manifest.
    RETURNS (list[Check]): One for each kind of loss: mentions dropped (but for labels that are left out), changed, cut
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
    """RETURNS (Counter): Mentions of all parts that are lost, by reason, without those that the corpus file accepts."""
    dropped = dropped_mentions(manifest)
    found = Counter({reason: dropped[reason] - expected.dropped.get(reason, 0) for reason in LOSSES})
    # Without those of which there are fewer than accepted.
    return +found


def refuse_heavy_losses(name: str, settings: CorpusSettings, manifest: Manifest) -> None:
    """Stop where most mentions are lost, in the whole corpus or in a part: what is left is no corpus.

    name (str): The corpus's name.
    settings (CorpusSettings): Its corpus file. Only mentions whose labels it takes count, and lost ones only beyond
        what it accepts under `expected.dropped`.
    manifest (Manifest): Its manifest.
    RAISES (ProjectError): If more than half are lost: how many, the most frequent reason and its first three cases.
    """
    beyond = losses_beyond_expected(settings.expected, manifest)
    for parts in (tuple(manifest.splits), *((part,) for part in manifest.splits)):
        mentions = [manifest.splits[part].mentions for part in parts]
        read, dropped = _total(one.read for one in mentions), _total(one.dropped for one in mentions)
        taken = sum(count for label, count in read.items() if label in settings.labels)
        # What is accepted is accepted of the whole corpus, in whichever part it is.
        lost = dropped & beyond
        if 2 * lost.total() > taken:
            (reason, count), *_ = lost.most_common(1)
            place = f" of the {parts[0]} part" if len(parts) == 1 else ""
            what = f"{lost.total()} of {taken} mentions{place} are lost, {count} by '{reason}' "
            cases = [one for one in manifest.dropped if one.reason == reason and one.split in parts]
            remedy = _DISAGREE if reason == NO_MAJORITY else _REMEDY
            raise ProjectError(what + _first(cases, 3), where=f"corpus {name}", remedy=remedy)


_DISAGREE = (
    "name one annotator under `annotators` in the corpus file, or put what you accept under `expected.dropped` there"
)
_REMEDY = (
    "check the offsets and labels in the raw files and in the corpus file, or put what you accept under "
    "`expected.dropped` in the corpus file"
)


def _first(cases: Sequence[Dropped], count: int) -> str:
    return f"(first: {', '.join(map(_told, cases[:count]))})"


def _told(one: Dropped | Changed) -> str:
    return f"{name_id(one.mention)} {name_label(one.label)} {one.start}-{one.end} in {name_id(one.document)}"


def count_doubtful(expected: Expected, manifest: Manifest) -> int:
    """Count the mentions that start or end inside a word, where so many do that the offsets are in doubt: they may
    count something else than characters, without a text of the mentions that tells.

    expected (Expected): The counts that the corpus file names; what it accepts is in no doubt.
    manifest (Manifest): The corpus's manifest.
    RETURNS (int): How many do; 0 if that is no more than a share of `MOST_INSIDE_WORDS` of those kept.
    """
    inside = changed_mentions(manifest)[EXPANDED]
    kept = sum(sum(part.mentions.kept.values()) for part in manifest.splits.values())
    return inside if inside > max(expected.changed.get(EXPANDED, 0), MOST_INSIDE_WORDS * kept) else 0


def parts_without_outside(manifest: Manifest) -> list[str]:
    """RETURNS (list[str]): The parts with mentions in which nobody annotated a token as outside of all mentions."""
    parts = manifest.splits.items()
    return [name for name, part in parts if any(part.mentions.kept.values()) and not part.outside_tokens]


def types_without_mentions(manifest: Manifest) -> list[tuple[str, str]]:
    """RETURNS (list[tuple[str, str]]): Each part and entity type of which the part has no mention, though the corpus
    annotates it."""
    kept = {part: account.mentions.kept for part, account in manifest.splits.items()}
    return [(part, kind) for part in kept for kind in manifest.entity_types if not kept[part].get(kind)]


def refuse_losses(name: str, expected: Expected, manifest: Manifest) -> None:
    """Stop at anything that was lost, changed, repaired or different from what the corpus file expects.

    name (str): The corpus's name.
    expected (Expected): The counts that its corpus file names.
    manifest (Manifest): The corpus's manifest.
    RAISES (ProjectError): All such counts, and where the first lost mention stands.
    """
    checks = dict.fromkeys([*check_expected(expected, manifest), *check_losses(expected, manifest)])
    wrong = [f"{one.what} {one.found}, expected {one.expected}" for one in checks if one.found != one.expected]
    if wrong:
        remedy = "mend the corpus, or put what you accept under `expected` in the corpus file"
        raise ProjectError("; ".join(wrong) + _first_loss(manifest), where=f"corpus {name}", remedy=remedy)


def _first_loss(manifest: Manifest) -> str:
    records: list[tuple[str, Dropped | Changed]] = []
    records += [(one.reason, one) for one in manifest.dropped if one.reason != LABEL_NOT_MAPPED]
    records += [(one.how, one) for one in manifest.changed]
    if not records:
        return ""
    kind, first = records[0]
    return f" (first: {kind}, {_told(first)})"
