"""Print what a conversion did with mentions, copies and sides, and what to check."""
import json
from collections import Counter
from pathlib import Path
from typing import Iterable, Mapping, Optional, Sequence

from wasabi import msg

from scripts.corpora.account import (
    LOSSES,
    Check,
    check_expected,
    count_doubtful,
    losses_beyond_expected,
    parts_without_outside,
    types_without_mentions,
)
from scripts.corpora.copies import ALL, MAJORITY, MERGED
from scripts.corpora.fingerprint import list_unread_files
from scripts.corpora.formats import FORMATS
from scripts.corpora.manifest import Manifest, PartAccount
from scripts.corpora.schema import CHANGES, LABEL_NOT_MAPPED
from scripts.corpora.settings import CorpusSettings
from scripts.corpora.sides import Sides, earlier_sides
from scripts.corpora.split import find_published

# The longest patterns, in characters, that are worth printing.
LONGEST_SPLIT = 300
# Chinese, Cantonese, Japanese, Thai, Lao, Khmer, Burmese and Tibetan.
UNSPACED_LANGUAGES = ("zh", "yue", "ja", "th", "lo", "km", "my", "bo")


def show_split(name: str, earlier: Optional[Sides], now: Optional[Sides]) -> None:
    """Print how many documents kept the side of an earlier conversion, moved or were assigned one."""
    if now is None:
        return
    if earlier and earlier.split != now.split:
        was, given = (f"train {split.train}, seed {split.seed}" for split in (earlier.split, now.split))
        msg.warn(f"All documents were split again: `split` in the corpus file is {given}, and was {was}")
        earlier = None
    before = earlier_sides(earlier, now.split, now.texts or dict.fromkeys(now.sides, ""))
    before = {document: side for document, side in before.items() if document in now.sides}
    dealt = Counter(side for document, side in now.sides.items() if document not in before)
    moved = Counter(side for document, side in now.sides.items() if before.get(document, side) != side)
    kept = len(now.sides) - dealt.total() - moved.total()
    text = f"{kept} documents kept their side, {dealt.total()} were assigned one: "
    text += f"{dealt['train']} train, {dealt['test']} test"
    gone = len(_gone(earlier, now)) if earlier else 0
    show_line = msg.warn if earlier and earlier.sides and not kept else msg.info
    show_line(f"{text}; {gone} are gone" if gone else text)
    if moved:
        where = f"{moved['train']} to train, {moved['test']} to test"
        remedy = f"`--vars.resplit {name}` splits all documents again"
        msg.warn(f"{moved.total()} documents moved to the side of copies of their text: {where}; {remedy}")


def _gone(earlier: Sides, now: Sides) -> list[str]:
    """RETURNS (list[str]): Ids of earlier documents whose id and text are both missing."""
    texts = set(now.texts.values()) - {""}
    return [name for name in earlier.sides if name not in now.sides and earlier.texts.get(name) not in texts]


def show_unread(settings: CorpusSettings) -> None:
    """Print how many files in a corpus's folder are not read: a format is only looked for in files of its suffixes."""
    unread = list_unread_files(settings)
    if unread:
        msg.info(f"Files in {settings.path} that `format: {settings.format}` doesn't read: {unread}")


def show(title: str, settings: CorpusSettings, manifest: Manifest) -> None:
    """Print the account of a corpus: its parts, the reader's notes, and the expected counts."""
    msg.divider(title)
    header, *rows = table(manifest)
    msg.table(rows, header=header, divider=True, aligns=["l"] + ["r"] * (len(header) - 1))
    for scheme in manifest.read.tag_schemes:
        msg.info(f"The tags are {scheme}")
    for note, count in manifest.read.notes.items():
        msg.warn(f"{count}x {note}")
    if manifest.left_out.documents:
        mentions = sum(manifest.left_out.mentions.values())
        reasons = _listed(Counter(manifest.left_out.ids.values()))
        msg.info(f"{manifest.left_out.documents} documents are in no part, with {mentions} mentions ({reasons})")
    show_published(settings, manifest)
    show_copies(settings, manifest)
    show_unknown(manifest)
    show_doubtful(settings, manifest)
    for part, kind in types_without_mentions(manifest):
        msg.warn(f"The {part} part has no mention of {kind}, which the corpus annotates")
    show_checks(check_expected(settings.expected, manifest))


def show_published(settings: CorpusSettings, manifest: Manifest) -> None:
    """Print how to use the split that the names of folders or files tell, if the documents were split at random."""
    if settings.published_split or "split" in settings.model_fields_set:
        return
    patterns = find_published(name for part in manifest.splits.values() for name in part.ids)
    if patterns:
        listed = ", ".join(f"{part}: {json.dumps(names, ensure_ascii=False)}" for part, names in patterns.items())
        split = f"`published_split: {{{listed}}}`" if len(listed) <= LONGEST_SPLIT else "`published_split`"
        msg.warn(f"The split is random, although folders or files are named after parts. To use them, set {split}")


def show_copies(settings: CorpusSettings, manifest: Manifest) -> None:
    """Print how many texts are in several documents, who annotated them, and whether the test part has them."""
    copies, is_dealt = manifest.copies, settings.published_split is None
    if copies.of_several:
        says = "says which to take" if settings.annotators == ALL else f"is {settings.annotators}"
        by = _listed(copies.annotators)
        msg.info(f"{copies.of_several} texts have copies by several annotators ({by} documents): `annotators` {says}")
    others = copies.texts - copies.of_several
    if others and is_dealt:
        msg.info(f"{others} texts are in several documents without an annotator's name, which share a part")
    if settings.annotators == MAJORITY:
        show_votes(manifest)
    if copies.in_train_and_test:
        msg.warn(f"{copies.in_train_and_test} training documents have a text that is also in the published test part")


def show_unknown(manifest: Manifest) -> None:
    """Print how much of a corpus isn't annotated, if any of it."""
    parts = manifest.splits.values()
    documents, tokens = sum(part.partly_annotated for part in parts), sum(part.unknown_tokens for part in parts)
    if documents:
        text = f"{documents} documents are only partly annotated: {tokens} tokens are unknown. They are neither trained"
        msg.info(f"{text} on nor scored, and sentences without any other token are not counted")
    for part in parts_without_outside(manifest):
        effect = "a model trained on it alone marks everything" if part == "train" else "no false mention is counted"
        msg.warn(f"Nothing in the {part} part is annotated as outside of mentions: {effect}")


def show_doubtful(settings: CorpusSettings, manifest: Manifest) -> None:
    """Print how many mentions start or end inside a word, if there are enough to doubt the offsets."""
    count = count_doubtful(settings.expected, manifest)
    if count and settings.language in UNSPACED_LANGUAGES:
        reason = f"'{settings.language}' is written without spaces between words, so tokens are whole phrases"
        msg.warn(f"{count} mentions start or end inside a word: {reason}. Such languages aren't supported")
    elif count:
        remedy = "check what the offsets count"
        if "offsets" in FORMATS[settings.format].OPTIONS:
            remedy += " (`offsets` in the corpus file) and how line breaks were counted"
        msg.warn(f"{count} mentions start or end inside a word: {remedy}")


def show_votes(manifest: Manifest) -> None:
    """Print how many documents were left out of the vote although other annotators have, or should have, their text."""
    copies = manifest.copies
    merged = sum(reason == MERGED for reason in manifest.left_out.ids.values())
    apart = sum(copies.annotators.values()) - copies.of_several - merged
    if not copies.of_several:
        msg.warn("No text has copies by several annotators, so `annotators: majority` has no effect")
    elif apart:
        msg.warn(f"{apart} copies were left out of the vote: their texts don't match exactly")


def show_checks(checks: Sequence[Check]) -> None:
    """Print the counts that a corpus file expects next to those that were found."""
    if not checks:
        return
    rows = [(check.what, check.found, check.expected) for check in checks]
    msg.table(rows, header=("counted", "found", "expected"), divider=True, aligns=("l", "r", "r"))
    wrong = [check for check in checks if check.found != check.expected]
    for check in wrong:
        msg.warn(f"{check.what}: {check.found}, but the corpus file expects {check.expected}")
    if not wrong:
        msg.good(f"All {len(checks)} counts match the corpus file")


def show_end(
    converted: int, settings: Mapping[str, CorpusSettings], manifests: Mapping[str, Manifest], output: Path
) -> None:
    """Print the last line: how many corpora were converted, and how many mentions were lost unexpectedly."""
    losses = {name: losses_beyond_expected(settings[name].expected, one).total() for name, one in manifests.items()}
    doubtful = {name: count_doubtful(settings[name].expected, one) for name, one in manifests.items()}
    for alike in _types_alike(kind for manifest in manifests.values() for kind in manifest.entity_types):
        msg.warn(f"The types {' and '.join(alike)} are different types: write them alike in `labels` to share them")
    done = f"Converted {converted} corpora, {len(manifests) - converted} unchanged"
    for counts, what, key in ((losses, "lost", "dropped"), (doubtful, "at doubtful offsets", "changed")):
        if any(counts.values()):
            files = " and ".join(str(output / name / "manifest.json") for name, count in counts.items() if count)
            done += f"; {sum(counts.values())} mentions are {what}: see `{key}` in {files}"
    if any(losses.values()) or any(doubtful.values()):
        msg.warn(done)
    else:
        msg.good(done, output)


def _types_alike(kinds: Iterable[str]) -> list[list[str]]:
    """RETURNS (list[list[str]]): Entity types that only differ in case."""
    found: dict[str, set[str]] = {}
    for kind in kinds:
        found.setdefault(kind.casefold(), set()).add(kind)
    return [sorted(alike) for alike in found.values() if len(alike) > 1]


def table(manifest: Manifest) -> list[list[str]]:
    """Lay out the account of a corpus as a table.

    manifest (Manifest): The corpus's manifest.
    RETURNS (list[list[str]]): A header, and a row for each part: documents and sentences; mentions read, kept by type
        and dropped by reason; kept mentions that a sentence boundary cuts or that were changed; tokens that nobody
        annotated. Reasons, changes and unknown tokens only have a column if they occur.
    """
    parts = manifest.splits
    reasons = _occurring((*LOSSES, LABEL_NOT_MAPPED), (part.mentions.dropped for part in parts.values()))
    changes = _occurring(CHANGES, (part.mentions.changed for part in parts.values()))
    header = ["part", "documents", "sentences", "read", *manifest.entity_types, *reasons, "cut", *changes]
    rows = [[name, *map(str, row(part, manifest.entity_types, reasons, changes))] for name, part in parts.items()]
    if any(part.unknown_tokens for part in parts.values()):
        header.append("unknown tokens")
        rows = [[*cells, str(part.unknown_tokens)] for cells, part in zip(rows, parts.values(), strict=True)]
    return [header, *rows]


def row(part: PartAccount, types: Sequence[str], reasons: Sequence[str], changes: Sequence[str]) -> list[int]:
    """RETURNS (list[int]): One part's numbers, in the order of the header."""
    mentions = part.mentions
    size = [part.documents, part.sentences, sum(mentions.read.values())]
    kept = [mentions.kept[kind] for kind in types]
    dropped = [mentions.dropped.get(reason, 0) for reason in reasons]
    changed = [mentions.changed.get(how, 0) for how in changes]
    return [*size, *kept, *dropped, part.mentions_cut, *changed]


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def _occurring(names: Sequence[str], counts: Iterable[Mapping[str, int]]) -> list[str]:
    found = {name for part in counts for name in part}
    return [name for name in names if name in found]
