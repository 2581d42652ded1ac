"""Test corpora of several annotators in any format: no text is in both parts, and annotators are chosen correctly."""
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Callable, Iterable, NamedTuple

import pytest
from spacy.tokens import DocBin, Span

from scripts.base.errors import ProjectError
from scripts.corpora.conversion import convert_corpus, save_corpus
from scripts.corpora.copies import MERGED
from scripts.corpora.parts import read_documents
from scripts.corpora.settings import CorpusSettings
from scripts.corpora.sides import Sides, find_sides
from scripts.corpora.tokens import blank_pipeline

TEXTS, ANNOTATORS = 12, ("anna", "bert")
NLP = blank_pipeline()


class Row(NamedTuple):
    """A text and its mentions, as (start, end, label)."""

    text: str
    spans: tuple[tuple[int, int, str], ...]


def row(number: int, annotator: str) -> Row:
    """All mark the drug; anna alone the rash of every third text, the others the dose of another third."""
    text = f"Took aspirin 5 mg and a rash came on day {number} ."
    rash = [(24, 28, "ADR")] if annotator == "anna" and number % 3 == 0 else []
    dose = [(13, 14, "ADR")] if annotator != "anna" and number % 3 == 1 else []
    return Row(text, ((5, 12, "Drug"), *rash, *dose))


def rows(annotator: str) -> list[Row]:
    return [row(number, annotator) for number in range(TEXTS)]


def write_brat(folder: Path, name: str, written: Iterable[Row]) -> None:
    (folder / name).mkdir(parents=True)
    for number, (text, spans) in enumerate(written):
        lines = (f"T{n}\t{label} {start} {end}\t{text[start:end]}\n" for n, (start, end, label) in enumerate(spans, 1))
        (folder / name / f"{number:02}.txt").write_text(text, encoding="utf8")
        (folder / name / f"{number:02}.ann").write_text("".join(lines), encoding="utf8")


def write_jsonl(folder: Path, name: str, written: Iterable[Row]) -> None:
    lines = (json.dumps({"id": n, "text": text, "label": list(spans)}) for n, (text, spans) in enumerate(written))
    (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf8")


def write_conll(folder: Path, name: str, written: Iterable[Row]) -> None:
    lines = []
    for text, spans in written:
        tags = {start: label for start, _, label in spans}
        lines.append("-DOCSTART- O\n")
        place = 0
        for word in text.split():
            lines.append(f"{word} {f'B-{tags[place]}' if place in tags else 'O'}")
            place += len(word) + 1
        lines.append("")
    (folder / f"{name}.conll").write_text("\n".join(lines), encoding="utf8")


def write_docbin(folder: Path, name: str, written: Iterable[Row]) -> None:
    docs = []
    for text, spans in written:
        doc = NLP(text)
        found = [doc.char_span(start, end, label=label) for start, end, label in spans]
        doc.set_ents([span for span in found if isinstance(span, Span)])
        docs.append(doc)
    DocBin(docs=docs).to_disk(folder / f"{name}.spacy")


WRITERS: dict[str, Callable[[Path, str, Iterable[Row]], None]] = {
    "brat": write_brat,
    "jsonl": write_jsonl,
    "conll": write_conll,
    "docbin": write_docbin,
}


def zipped(folder: Path) -> Path:
    """RETURNS (Path): The folder as an archive."""
    archive = folder.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.rglob("*.*")):
            file.write(path, path.relative_to(folder))
    return archive


def make(folder: Path, format: str = "brat", people: Iterable[str] = ANNOTATORS, **settings) -> CorpusSettings:
    """A corpus of a folder or a file for each annotator."""
    raw = folder / "raw"
    raw.mkdir()
    for name in people:
        WRITERS[format](raw, name, rows(name))
    common = {"language": "en", "domain": "ugt", "format": format, "labels": {"Drug": "Drug", "ADR": "Disease"}}
    return CorpusSettings(**common, path=zipped(raw) if format == "jsonl" else raw, **settings)


def texts(folder: Path, part: str) -> list[str]:
    return [" ".join(doc.text.split()) for doc in read_documents(folder / "mine" / f"{part}.spacy")]


@pytest.mark.parametrize("format", WRITERS)
def test_no_text_is_in_both_parts_and_the_annotators_are_known(tmp_path, format):
    manifest = save_corpus(convert_corpus("mine", make(tmp_path, format)), tmp_path)
    train, test = (Counter(texts(tmp_path, part)) for part in ("train", "test"))
    assert not train.keys() & test.keys()
    assert set((train + test).values()) == {2}
    assert (len(train), len(test)) == (8, 4)
    assert (manifest.copies.texts, manifest.copies.documents, manifest.copies.of_several) == (12, 24, 12)
    assert (manifest.copies.annotators, manifest.copies.in_train_and_test) == ({"anna": 12, "bert": 12}, 0)


@pytest.mark.parametrize("format", WRITERS)
def test_one_annotator_is_taken_and_what_the_other_marked_is_left_out(tmp_path, format):
    manifest = convert_corpus("mine", make(tmp_path, format, annotators="bert")).manifest
    assert sum(part.documents for part in manifest.splits.values()) == 12
    read = sum((Counter(part.mentions.read) for part in manifest.splits.values()), Counter())
    assert read == {"Drug": 12, "ADR": 4}
    assert manifest.left_out.mentions == {"Drug": 12, "ADR": 4}
    assert set(manifest.left_out.ids.values()) == {"annotated by anna"}


def total(manifest, name: str) -> Counter[str]:
    """What the books of both parts say together."""
    return sum((Counter(getattr(part.mentions, name)) for part in manifest.splits.values()), Counter())


@pytest.mark.parametrize("format", WRITERS)
def test_the_majority_is_taken_and_the_books_hold(tmp_path, format):
    """By hand: the dose has two of three votes, and is bert's; the rash has one, and is anna's."""
    settings = make(tmp_path, format, (*ANNOTATORS, "carl"), annotators="majority")
    manifest = save_corpus(convert_corpus("mine", settings), tmp_path)
    assert manifest.read.mentions == {"ADR": 12, "Drug": 36}
    assert total(manifest, "read") == {"ADR": 8, "Drug": 12}
    assert total(manifest, "kept") == {"Disease": 4, "Drug": 12}
    assert total(manifest, "dropped") == {"no majority": 4}
    assert manifest.left_out.mentions == {"ADR": 4, "Drug": 24}
    assert set(manifest.left_out.ids.values()) == {MERGED} and manifest.left_out.documents == 24
    assert {(one.start, one.end, one.document.split("/")[0]) for one in manifest.dropped} == {(24, 28, "anna")}
    docs = [doc for part in ("train", "test") for doc in read_documents(tmp_path / "mine" / f"{part}.spacy")]
    doses = [doc for doc in docs if int(doc.text.split()[-2]) % 3 == 1]
    assert [[ent.text for ent in doc.ents] for doc in doses] == [["aspirin", "5"]] * 4


def test_no_vote_is_lost_on_a_label_that_is_not_taken(tmp_path):
    settings = make(tmp_path, annotators="majority").model_copy(update={"labels": {"Drug": "Drug"}, "ignore": ["ADR"]})
    assert total(convert_corpus("mine", settings).manifest, "dropped") == {"label not mapped": 4}


def test_a_text_keeps_its_side_whichever_annotator_is_chosen_and_whoever_joins(tmp_path):
    settings = make(tmp_path)
    save_corpus(convert_corpus("mine", settings.model_copy(update={"annotators": "anna"})), tmp_path)
    first = [set(texts(tmp_path, part)) for part in ("train", "test")]
    assert [len(found) for found in first] == [8, 4]
    for annotators in ("all", "bert", "majority"):
        if annotators == "bert":
            write_brat(settings.path, "carl", rows("carl")[::2])
        chosen = settings.model_copy(update={"annotators": annotators})
        save_corpus(convert_corpus("mine", chosen, find_sides(tmp_path, "mine")), tmp_path)
        assert [set(texts(tmp_path, part)) for part in ("train", "test")] == first


def test_texts_that_the_chosen_annotator_does_not_have_keep_their_side(tmp_path):
    settings = make(tmp_path)
    write_brat(settings.path, "carl", rows("carl")[::2])
    save_corpus(convert_corpus("mine", settings), tmp_path)
    first = [set(texts(tmp_path, part)) for part in ("train", "test")]
    by_carl = settings.model_copy(update={"annotators": "carl"})
    save_corpus(convert_corpus("mine", by_carl, find_sides(tmp_path, "mine")), tmp_path)
    assert sum(len(texts(tmp_path, part)) for part in ("train", "test")) == 6
    # A new text joins while only carl's are taken, and the share of the others is not made up for by moving any.
    for name in ("anna", "bert"):
        (settings.path / name / "99.txt").write_text("Zinc helped .", encoding="utf8")
        (settings.path / name / "99.ann").write_text("T1\tDrug 0 4\tZinc\n", encoding="utf8")
    save_corpus(convert_corpus("mine", settings, find_sides(tmp_path, "mine")), tmp_path)
    again = [set(texts(tmp_path, part)) - {"Zinc helped ."} for part in ("train", "test")]
    assert again == first


def test_sides_from_before_copies_stayed_together_give_way_to_where_most_copies_are(tmp_path):
    settings = make(tmp_path, people=(*ANNOTATORS, "carl"))
    # The text 0 twice in test; the text 1 once there, once in train; all others in train, but 2 and 3.
    ids = [f"{name}/{number:02}" for name in (*ANNOTATORS, "carl") for number in range(TEXTS)]
    sides = {name: "test" if name[-2:] in ("02", "03") else "train" for name in ids}
    sides |= {"anna/00": "test", "bert/00": "test", "bert/01": "test"}
    del sides["carl/01"]
    earlier = Sides.model_validate({"split": settings.split.model_dump(), "sides": sides})
    save_corpus(convert_corpus("mine", settings, earlier), tmp_path)
    assert set(texts(tmp_path, "test")) == {row(number, "anna").text for number in (0, 2, 3)}


def test_copies_of_one_text_alone_are_no_corpus(tmp_path):
    for name in ANNOTATORS:
        write_brat(tmp_path / "raw", name, rows(name)[:1])
    common = {"language": "en", "domain": "ugt", "format": "brat", "labels": {"Drug": "Drug", "ADR": "Disease"}}
    with pytest.raises(ProjectError) as error:
        convert_corpus("mine", CorpusSettings(**common, path=tmp_path / "raw"))
    what = "corpus mine: 2 documents with 1 different texts are not enough for a training and a test part"
    assert str(error.value) == f"{what}. Check what is in {tmp_path / 'raw'}"


def test_documents_without_text_are_dealt_each_by_itself(tmp_path):
    settings = make(tmp_path, people=["anna"])
    for number in range(20):
        for suffix in (".txt", ".ann"):
            (settings.path / "anna" / f"empty{number}{suffix}").write_text("", encoding="utf8")
    manifest = convert_corpus("mine", settings).manifest
    assert {part: account.empty_documents for part, account in manifest.splits.items()}.keys() == {"train", "test"}
    assert all(account.empty_documents for account in manifest.splits.values())
    assert manifest.copies.texts == 0


def test_a_published_split_is_left_as_it_is_and_what_it_has_on_both_sides_is_counted(tmp_path):
    published = {"train": ["anna/*"], "test": ["bert/0[0-4]"], "left_out": ["bert/0[5-9]", "bert/1*"]}
    manifest = convert_corpus("mine", make(tmp_path, published_split=published)).manifest
    assert [part.documents for part in manifest.splits.values()] == [12, 5]
    assert manifest.copies.in_train_and_test == 5
