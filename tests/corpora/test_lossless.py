"""Test that everything in the raw files is in the DocBins at the same offsets, or in the account."""
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.corpora.account import LOSSES
from scripts.corpora.conversion import convert_corpus, save_corpus
from scripts.corpora.parts import read_documents
from scripts.corpora.settings import CorpusSettings
from scripts.corpora.tokens import blank_pipeline

# Line ends, a byte order mark, emoji (also joined ones), combining marks, й in one and in two characters, zero-width
# characters, a right-to-left mark, white space of several kinds, digits beside letters.
HARD = "a Б5.\n\r\t,-\ufeff🙂\U0001f468\u200d\U0001f469\u0301й\u0438\u0306\u200b\u200f\u2028\x85\xa0\u3000"
VOCAB = blank_pipeline().vocab
OTHERS = ("one", "another")


@st.composite
def annotated(draw):
    """A text, and mentions as (label, fragments, text field) with offsets of any kind."""
    text = draw(st.text(HARD, max_size=30))
    offset = st.integers(-2, len(text) + 2)
    mentions = []
    for _ in range(draw(st.integers(0, 5))):
        fragments = draw(st.lists(st.tuples(offset, offset), min_size=1, max_size=3))
        covered = " ".join(text[max(0, start) : max(0, end)] for start, end in fragments)
        # What leads out of the text would fit it, now and then, if offsets counted otherwise.
        is_outside = any(not 0 <= place <= len(text) for fragment in fragments for place in fragment)
        field = "other" if is_outside else draw(st.sampled_from([covered, covered, covered, "other"]))
        field = " ".join(field.split("\n"))
        mentions.append((draw(st.sampled_from(["Drug", "ADR", "Dose"])), fragments, field))
    return text, mentions


def convert(folder: Path, documents, discontinuous="span"):
    """Write documents in brat format, convert them, and give the manifest and the Docs by id."""
    raw = folder / "raw"
    raw.mkdir()
    for number, (text, mentions) in enumerate(documents):
        (raw / f"{number}.txt").write_bytes(text.encode("utf8"))
        lines = [
            f"T{n}\t{label} {';'.join(f'{start} {end}' for start, end in fragments)}\t{field}\n"
            for n, (label, fragments, field) in enumerate(mentions)
        ]
        (raw / f"{number}.ann").write_bytes("".join(lines).encode("utf8"))
    # Of whatever texts, there are two that differ, and any losses are accepted.
    for name in OTHERS:
        (raw / f"{name}.txt").write_text(name, encoding="utf8")
        (raw / f"{name}.ann").write_text("", encoding="utf8")
    choices = {"language": "ru", "domain": "ugt", "format": "brat", "path": raw, "discontinuous": discontinuous}
    accepted = {"dropped": dict.fromkeys(LOSSES, 1000)}
    corpus = CorpusSettings(**choices, labels={"Drug": "Drug", "ADR": "Disease"}, ignore=["Dose"], expected=accepted)
    manifest = save_corpus(convert_corpus("mine", corpus), folder)
    docs = [doc for part in manifest.splits for doc in read_documents(folder / "mine" / f"{part}.spacy")]
    return manifest, {doc.user_data["id"]: doc for doc in docs if doc.user_data["id"] not in OTHERS}


def check_account(documents, manifest, docs):
    """Every mention as annotated is kept where it was, or in the lists of what was changed or dropped."""
    annotated = Counter()
    for number, (_, mentions) in enumerate(documents):
        for n, (_, fragments, _) in enumerate(mentions):
            cover = min(start for start, _ in fragments), max(end for _, end in fragments)
            annotated[str(number), f"T{n}", *cover] += 1
    dropped = Counter((one.document, one.mention, one.start, one.end) for one in manifest.dropped)
    assert dropped <= annotated
    moved = {
        (one.document, one.mention): (one.new_start, one.new_end) for one in manifest.changed if one.how != "expanded"
    }
    rest = annotated - dropped
    kept = Counter((name, *moved.get((name, id), (start, end))) for name, id, start, end in rest.elements())
    aligned = Counter((name, start, end) for name, doc in docs.items() for start, end, _ in doc.user_data["mentions"])
    # What expansion makes collide is in both: annotated, and dropped from the entities.
    assert kept <= aligned
    assert len(list(aligned.elements())) - kept.total() <= sum(one.reason == "overlapping" for one in manifest.dropped)


def check_entities(manifest, docs):
    """Every entity lies where a mention was annotated, or where the list of changes says."""
    expanded = {(one.document, one.new_start, one.new_end) for one in manifest.changed if one.how == "expanded"}
    for name, doc in docs.items():
        mentions = {(start, end, label) for start, end, label in doc.user_data["mentions"]}
        for entity in doc.ents:
            place = entity.start_char, entity.end_char
            assert (*place, entity.label_) in mentions or (name, *place) in expanded
    kept = sum(sum(part.mentions.kept.values()) for part in manifest.splits.values())
    assert kept == sum(len(doc.ents) for doc in docs.values())


@given(st.lists(annotated(), min_size=2, max_size=4), st.sampled_from(["span", "first", "drop"]))
def test_any_text_with_any_mentions_is_kept_or_accounted_for(documents, policy):
    with tempfile.TemporaryDirectory() as folder:
        manifest, docs = convert(Path(folder), documents, policy)
    assert {name: doc.text for name, doc in docs.items()} == {
        str(number): text for number, (text, _) in enumerate(documents) if text.strip()
    }
    check_account(documents, manifest, docs)
    check_entities(manifest, docs)


@pytest.mark.parametrize("filler", ["а", "боль ", "5mg.", "e\u0301", "🙂 ", "Yes. ", "\u200b", "- a\r\n"])
def test_lines_of_a_hundred_thousand_characters_are_kept(tmp_path, filler):
    text = "Aspirin " + filler * (100_000 // len(filler)) + " headache"
    end = len(text)
    mentions = [("Drug", [(0, 7)], "Aspirin"), ("ADR", [(end - 8, end)], "headache")]
    manifest, docs = convert(tmp_path, [(text, mentions), ("x", [])])
    assert docs["0"].text == text
    assert [(e.start_char, e.end_char) for e in docs["0"].ents] == [(0, 7), (end - 8, end)]
    assert not manifest.dropped and not manifest.changed
