"""Test that the sample corpora are consistent, varied, and as irregular as the real ones."""
import json
import re
from collections import defaultdict
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from scripts.corpora.formats import FORMATS
from scripts.corpora.harmonize import Harmonized, harmonize
from scripts.corpora.sentences import sentence_starts
from scripts.corpora.settings import CorpusSettings, read_corpus_settings

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "assets" / "sample"
NAMES = ("en_ugt", "en_ehr", "ru_ugt", "ru_ehr")
LANGUAGES = ("en", "ru")
WORD = re.compile(r"\w+")
# Four words make two trigrams: two such sentences are alike as soon as they share three words in a row.
SHORTEST_SENTENCE = 5
ENDING = "ами|ием|ах|ам|ов|ом|ем|ой|ей|ию|ия|ии|ью|[аеиоуыюяьй]"

pytestmark = pytest.mark.skipif(not all((SAMPLE / name).is_dir() for name in NAMES), reason="no sample corpora")


@cache
def settings_of(name: str) -> CorpusSettings:
    settings = read_corpus_settings(ROOT / "configs" / "corpora" / f"{name}.yml")
    folders = {"path": ROOT / settings.path, "annotations": settings.annotations and ROOT / settings.annotations}
    return settings.model_copy(update=folders)


@cache
def corpus(name: str) -> list[Harmonized]:
    settings = settings_of(name)
    documents = FORMATS[settings.format].read(settings.path, settings.annotations)
    return [harmonize(document, settings.labels, settings.discontinuous) for document in documents]


@cache
def sentences(name: str) -> list[tuple[str, int]]:
    """Every sentence, and how many mentions start in it."""
    found = []
    for item in corpus(name):
        text = item.document.text
        starts = item.document.meta.get("sentence_starts") or sentence_starts(text)
        for start, end in pairwise([*starts, len(text)]):
            found.append((text[start:end], sum(start <= m.start < end for m in item.document.mentions)))
    return found


def reasons(name: str) -> set[str]:
    return {dropped.reason for item in corpus(name) for dropped in item.dropped}


def raw_text(name: str, suffix: str) -> dict[str, str]:
    return {path.name: path.read_bytes().decode("utf8") for path in (SAMPLE / name).rglob(f"*{suffix}")}


@pytest.mark.parametrize("name", NAMES)
def test_there_are_enough_documents_and_sentences_and_half_hold_no_mention(name):
    # Headings of notes are not counted: they never hold a mention.
    counts = [count for _, count in sentences(name)]
    assert len(corpus(name)) >= 40
    assert len(sentences(name)) >= 300
    assert 0.4 <= counts.count(0) / len(counts) <= 0.6


@pytest.mark.parametrize("name", NAMES)
def test_every_offset_is_right(name):
    assert not reasons(name) & {"outside text", "text mismatch", "empty"}


@pytest.mark.parametrize("name", NAMES)
def test_both_types_are_frequent(name):
    labels = [mention.label for item in corpus(name) for mention in item.document.mentions]
    assert min(labels.count("Drug"), labels.count("Disease")) >= 150


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_sentences_share_over_half_of_their_word_trigrams(language):
    trigrams = []
    for name in NAMES:
        for text, _ in sentences(name) if name.startswith(language) else []:
            words = WORD.findall(text.lower())
            if len(words) >= SHORTEST_SENTENCE:
                trigrams.append((text, set(zip(words, words[1:], words[2:], strict=False))))
    where = defaultdict(list)
    shared = defaultdict(int)
    for number, (_, grams) in enumerate(trigrams):
        for gram in grams:
            for other in where[gram]:
                shared[other, number] += 1
            where[gram].append(number)
    alike = [
        (trigrams[a][0], trigrams[b][0])
        for (a, b), count in shared.items()
        if count > 0.5 * min(len(trigrams[a][1]), len(trigrams[b][1]))
    ]
    assert alike == []


def surface_forms(language: str) -> set[str]:
    """What is annotated as Drug or Disease anywhere in the language, nested mentions included."""
    forms = set()
    for name in NAMES:
        for item in corpus(name) if name.startswith(language) else []:
            text, labels = item.document.text, settings_of(name).labels
            spans = [(m.start, m.end) for m in item.document.mentions if len(m.fragments) == 1]
            spans += [(d.start, d.end) for d in item.dropped if d.label in labels and d.reason == "nested"]
            forms |= {" ".join(text[start:end].lower().split()) for start, end in spans}
    return forms


def drug_stems(language: str) -> set[str]:
    """One-word Russian drug names without their endings, since they are declined."""
    drugs = {
        item.document.text[m.start : m.end].lower()
        for name in NAMES
        for item in (corpus(name) if name.startswith(language) else [])
        for m in item.document.mentions
        if m.label == "Drug" and m.end - m.start >= 6
    }
    return {re.sub(rf"(?<=.{{5}})(?:{ENDING})$", "", drug) for drug in drugs if re.fullmatch("[а-яё]+", drug)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_mention_was_missed(language):
    longest_first = sorted(surface_forms(language), key=len, reverse=True)
    forms = [r"\s+".join(map(re.escape, form.split())) for form in longest_first]
    forms += [rf"{stem}(?:{ENDING})?" for stem in sorted(drug_stems(language))]
    pattern = re.compile(rf"(?<![^\W\d_])(?:{'|'.join(forms)})(?![^\W\d_])", re.IGNORECASE)
    missed = []
    for name in NAMES:
        for item in corpus(name) if name.startswith(language) else []:
            spans = [(m.start, m.end) for m in item.document.mentions]
            for match in pattern.finditer(item.document.text):
                if not any(start < match.end() and match.start() < end for start, end in spans):
                    missed.append(f"{name} {item.document.id} {match.start()}: {match[0]!r}")
    assert missed == []


def fragmented(name: str) -> list[tuple[str, bool]]:
    """Whether each mention of several fragments is truly discontinuous, or only lies over a line break."""
    return [
        (m.id, not item.document.text[m.fragments[0][1] : m.fragments[1][0]].isspace())
        for item in corpus(name)
        for m in item.document.mentions
        if len(m.fragments) > 1
    ]


def test_en_ugt_has_the_quirks_of_cadec():
    annotations = raw_text("en_ugt", ".ann")
    assert {True, False} <= {discontinuous for _, discontinuous in fragmented("en_ugt")}
    assert "nested" in reasons("en_ugt")
    assert any(re.search(r"^#\d+\tAnnotatorNotes", text, re.M) for text in annotations.values())
    assert any(name.count(".") > 1 for name in annotations)


def test_en_ehr_has_the_quirks_of_n2c2():
    assert not all(discontinuous for _, discontinuous in fragmented("en_ehr"))
    assert "duplicate" in reasons("en_ehr")
    assert any(re.search(r"^R\d+\t", text, re.M) for text in raw_text("en_ehr", ".ann").values())
    assert any("[**" in text for text in raw_text("en_ehr", ".txt").values())
    assert any(re.search(r"[a-z]\d", item.document.text) for item in corpus("en_ehr"))


def test_ru_ugt_has_the_quirks_of_rudrec():
    text = settings_of("ru_ugt").path.read_text(encoding="utf8")
    rows = [json.loads(line) for line in text.splitlines()]
    assert re.search(r": NaN\b", text)
    assert any("\n" in row["text"].strip("\n") for row in rows)
    assert len(rows) > len(corpus("ru_ugt"))


def test_ru_ehr_has_the_quirks_of_ruccon():
    annotations = raw_text("ru_ehr", ".ann")
    known = re.compile(r"(?:[TN#AR]\d+\t|$)")
    assert any(not known.match(line) for text in annotations.values() for line in text.split("\n"))
    assert any(re.search(r"^N\d+\tReference", text, re.M) for text in annotations.values())
    assert {"nested", "label not mapped"} <= reasons("ru_ehr")
    stems = [path.name for path in (SAMPLE / "ru_ehr").rglob("*.txt")]
    assert len(set(stems)) < len(stems)
    assert any(not item.document.text.strip() for item in corpus("ru_ehr"))


def test_exactly_one_text_has_windows_line_ends():
    texts = [text for name in NAMES for text in raw_text(name, ".txt").values()]
    assert sum("\r\n" in text for text in texts) == 1
