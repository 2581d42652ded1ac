"""Test the conversion of a whole corpus: parts, account, boundaries, and the files after success and failure."""
import json
import shutil
from pathlib import Path

import pytest
import srsly
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from scripts.base.errors import ProjectError
from scripts.base.files import hash_file
from scripts.corpora.account import LOSSES
from scripts.corpora.conversion import convert_corpus, save_corpus, save_tokenizer
from scripts.corpora.docbin import pack_docs
from scripts.corpora.fingerprint import fingerprint, is_current, is_tokenizer_saved
from scripts.corpora.manifest import Manifest, read_manifest
from scripts.corpora.parts import check_converted, find_part, part_of, read_documents, read_sentences, reference_doc
from scripts.corpora.schema import ANNOTATED_TYPES, Cut, Dropped
from scripts.corpora.settings import CorpusSettings, PublishedSplit
from scripts.corpora.sides import find_sides
from scripts.corpora.tokens import blank_pipeline

# "pain. In hip" lies over what the splitter takes for a boundary.
TEXT = "Took aspirin 5mg. Then pain. In hip it was {}."
ANNOTATIONS = (
    "T1\tDrug 5 12\taspirin\n"
    "T2\tADR 23 35\tpain. In hip\n"
    "T3\tADR 23 27\tpain\n"
    "T4\tDose 13 16\t5mg\n"
    "T5\tADR 90 95\twrong\n"
    "T6\tDrug 5 11\taspirin\n"
)


@pytest.fixture
def settings(tmp_path) -> CorpusSettings:
    raw = tmp_path / "raw"
    raw.mkdir()
    for number in range(9):
        (raw / f"d{number}.txt").write_text(TEXT.format(f"d{number}"), encoding="utf8")
        (raw / f"d{number}.ann").write_text(ANNOTATIONS, encoding="utf8")
    (raw / "empty.txt").write_text("", encoding="utf8")
    (raw / "empty.ann").write_text("", encoding="utf8")
    labels, accepted = {"Drug": "Drug", "ADR": "Disease"}, {"dropped": dict.fromkeys(LOSSES, 9)}
    common = {"language": "en", "domain": "ugt", "format": "brat", "path": raw}
    return CorpusSettings(**common, labels=labels, ignore=["Dose"], expected=accepted)


@pytest.fixture
def corpus(settings, tmp_path) -> Path:
    save_corpus(convert_corpus("mine", settings), tmp_path / "corpus")
    return tmp_path / "corpus" / "mine"


@pytest.fixture
def manifest(corpus) -> Manifest:
    return read_manifest(corpus.parent, corpus.name)


def test_only_the_four_files_are_left(corpus):
    files = ["manifest.json", "split.json", "test.spacy", "train.spacy"]
    assert sorted(path.name for path in corpus.iterdir()) == files
    assert [path.name for path in corpus.parent.iterdir()] == ["mine"]


def test_the_books_of_each_part_balance_and_name_the_reasons(manifest):
    for part in manifest.splits.values():
        documents = part.documents
        assert part.mentions.read == {"Drug": 2 * documents, "ADR": 3 * documents, "Dose": documents}
        assert part.mentions.kept == {"Drug": documents, "Disease": documents}
        reasons = ("label not mapped", "nested", "outside text", "text mismatch")
        assert part.mentions.dropped == dict.fromkeys(reasons, documents)


def test_dropped_mentions_are_listed_with_document_offsets_and_part(manifest):
    assert len(manifest.dropped) == 4 * 9
    (found,) = [item for item in manifest.dropped if item.document == "d0" and item.mention == "T5"]
    part = "train" if "d0" in manifest.splits["train"].ids else "test"
    assert found == Dropped("d0", "T5", 90, 95, "ADR", "outside text", part)


def test_boundaries_give_way_in_training_and_stand_in_the_test_part(corpus, manifest):
    train, test = manifest.splits["train"], manifest.splits["test"]
    assert (train.boundaries_removed, train.mentions_cut) == (train.documents, 0)
    assert (test.boundaries_removed, test.mentions_cut) == (0, test.documents)
    assert set(manifest.cut) == {Cut(id, 23, 35, "Disease", "test") for id in set(test.ids) - {"empty"}}
    assert (train.sentences, test.sentences) == (2 * train.documents, 3 * test.documents)
    docs = read_documents(corpus / "train.spacy")
    assert {len(list(doc.sents)) for doc in docs} == {2}


def test_every_document_is_in_one_part_and_an_empty_one_in_the_manifest_only(corpus, manifest):
    train, test = (set(manifest.splits[part].ids) for part in ("train", "test"))
    assert (len(train), len(test), train & test) == (7, 3, set())
    assert train | test == {f"d{number}" for number in range(9)} | {"empty"}
    assert sum(part.empty_documents for part in manifest.splits.values()) == 1
    docs = [doc for part in ("train", "test") for doc in read_documents(corpus / f"{part}.spacy")]
    assert manifest.statistics.documents == len(docs) == 9
    assert all(doc.text == TEXT.format(doc.user_data["id"]) for doc in docs)
    assert all(set(doc.user_data) == {"id", "mentions", "annotated_types"} for doc in docs)


def test_a_second_conversion_gives_the_same_bytes(corpus, settings, tmp_path):
    save_corpus(convert_corpus("mine", settings), tmp_path / "again")
    for file in corpus.iterdir():
        assert file.read_bytes() == (tmp_path / "again" / "mine" / file.name).read_bytes()


def test_every_document_and_sentence_tells_which_types_its_corpus_annotates(settings, tmp_path):
    three = ("Drug", "Disease", "Form")
    for annotates, expected in ((None, three[:2]), (["Form", "Disease", "Drug"], three)):
        manifest = save_corpus(convert_corpus("mine", settings.model_copy(update={"annotates": annotates})), tmp_path)
        assert manifest.entity_types == expected
        assert all(tuple(part.mentions.kept) == expected for part in manifest.splits.values())
        for part in manifest.splits:
            path = tmp_path / "mine" / f"{part}.spacy"
            assert {tuple(doc.user_data[ANNOTATED_TYPES]) for doc in read_documents(path)} == {expected}
            sentences = read_sentences([str(path)])
            assert {sentence.annotated for sentence in sentences} == {expected}
            docs = [reference_doc(Vocab(), sentence, ["Drug"]) for sentence in sentences]
            assert all(doc.user_data == {ANNOTATED_TYPES: list(expected)} for doc in docs)


def test_sentences_of_a_file_that_does_not_tell_its_types_tell_none(tmp_path):
    doc = Doc(Vocab(), words=["Took", "aspirin"], ents=["O", "B-Drug"], sent_starts=[True, False])
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "own.spacy")
    (sentence,) = read_sentences([str(tmp_path / "own.spacy")])
    assert sentence.annotated is None
    assert reference_doc(Vocab(), sentence).user_data == {}


def test_a_part_is_found_with_the_hash_and_the_count_of_its_manifest(corpus, manifest):
    part = find_part(corpus.parent, "mine", "test")
    assert part.path == corpus / "test.spacy"
    assert part.sha256 == hash_file(part.path)
    assert part.sentences == sum(len(list(doc.sents)) for doc in read_documents(part.path))
    with pytest.raises(ProjectError, match="corpus mine: no part 'dev'. Use one of train, test"):
        find_part(corpus.parent, "mine", "dev")


@pytest.fixture
def partly(tmp_path) -> CorpusSettings:
    """A corpus of DocBins: in each document the second of three sentences is annotated, in the last one nothing is."""
    docs = []
    for number, mark in enumerate(".!?;:)]}>%"):
        doc = blank_pipeline()(f"Took aspirin. Then pain came.\nAspirin again{mark}")
        doc.user_data["id"] = f"d{number}"
        if number < 9:
            doc.set_ents([Span(doc, 4, 5, "ADR")], outside=[doc[3:4], doc[5:7]], default="missing")
        docs.append(doc)
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "raw.spacy")
    labels = {"Drug": "Drug", "ADR": "Disease"}
    return CorpusSettings(language="en", domain="ugt", format="docbin", path=tmp_path / "raw.spacy", labels=labels)


def test_the_account_counts_what_nobody_annotated_and_sentences_are_those_that_somebody_did(partly, tmp_path):
    manifest = save_corpus(convert_corpus("mine", partly), tmp_path)
    parts = manifest.splits
    assert sum(part.partly_annotated for part in parts.values()) == sum(part.documents for part in parts.values()) == 10
    # Three words before and three behind the sentence, and the ten of the document that nobody annotated.
    assert sum(part.unknown_tokens for part in parts.values()) == 9 * 6 + 10
    assert sum(part.sentences for part in parts.values()) == 9
    for name, account in parts.items():
        part = find_part(tmp_path, "mine", name)
        sentences = read_sentences([str(part.path)])
        assert account.sentences == part.sentences == part_of(part.path).sentences == len(sentences)
        assert {(sentence.text, sentence.number) for sentence in sentences} == {("Then pain came.\n", 1)}
        # But for the line break, which nobody annotated, all of the sentence is known.
        assert all(sentence.mentions == [(1, 2, "Disease")] and sentence.unknown == [4] for sentence in sentences)
        assert len(read_documents(part.path)) == account.documents


def test_an_ordinary_corpus_has_nothing_unknown(manifest):
    assert {(part.partly_annotated, part.unknown_tokens) for part in manifest.splits.values()} == {(0, 0)}


def test_sentences_of_a_test_part_are_left_out_of_training_whether_they_are_annotated_or_not(tmp_path):
    paths = [tmp_path / name for name in ("train.spacy", "test.spacy")]
    starts = [number in (0, 4) for number in range(9)]
    train = Doc(Vocab(), words="Then pain came . No rash since this week".split(), ents=["O"] * 9, sent_starts=starts)
    starts = [number in (0, 2) for number in range(7)]
    test = Doc(Vocab(), words="Pain . No rash since this week".split(), sent_starts=starts)
    test.set_ents([], outside=[test[0:2]], default="missing")
    for path, doc in zip(paths, (train, test), strict=True):
        pack_docs([doc]).to_disk(path)
    assert [one.number for one in read_sentences([str(paths[0])])] == [0, 1]
    assert [one.number for one in read_sentences([str(paths[0])], [str(paths[1])])] == [0]


def test_a_part_of_which_nothing_is_annotated_is_no_success(partly, tmp_path):
    patterns = {"train": ["d[!9]"], "test": ["d9"]}
    published = partly.model_copy(update={"published_split": PublishedSplit(**patterns)})
    with pytest.raises(ProjectError, match=r"corpus mine: none of the 1 documents in the test part is annotated\."):
        convert_corpus("mine", published)


def test_a_corpus_with_a_damaged_manifest_is_not_current(corpus, settings):
    (corpus / "manifest.json").write_text("{", encoding="utf8")
    assert not is_current(corpus.parent, corpus.name, fingerprint(settings), find_sides(corpus.parent, corpus.name))


def test_a_corpus_is_current_until_raw_files_settings_or_results_change(corpus, settings):
    assert is_current(corpus.parent, corpus.name, fingerprint(settings), find_sides(corpus.parent, corpus.name))
    other = settings.model_copy(update={"discontinuous": "drop"})
    assert not is_current(corpus.parent, corpus.name, fingerprint(other), find_sides(corpus.parent, corpus.name))
    (corpus / "test.spacy").write_bytes(b"")
    assert not is_current(corpus.parent, corpus.name, fingerprint(settings), find_sides(corpus.parent, corpus.name))


def test_changed_raw_files_make_a_corpus_stale(corpus, settings):
    (settings.path / "d0.txt").write_text(TEXT + " More.", encoding="utf8")
    assert not is_current(corpus.parent, corpus.name, fingerprint(settings), find_sides(corpus.parent, corpus.name))


def test_a_corpus_whose_raw_files_have_changed_is_not_used_and_one_without_them_is(corpus, settings, tmp_path):
    file = tmp_path / "mine.yml"
    srsly.write_yaml(file, settings.model_dump(mode="json", exclude_unset=True))
    check_converted(corpus.parent, corpus.name, file)
    (settings.path / "d0.txt").write_text(TEXT + " More.", encoding="utf8")
    with pytest.raises(ProjectError, match="the raw files of mine have changed since it was converted. Run `weasel"):
        check_converted(corpus.parent, corpus.name, file)
    # An empty mount point, and none at all.
    for path in settings.path.iterdir():
        path.unlink()
    check_converted(corpus.parent, corpus.name, file)
    shutil.rmtree(settings.path)
    check_converted(corpus.parent, corpus.name, file)


def test_labels_that_look_alike_are_alike(settings):
    composed, decomposed = "\u0439od", "\u0438\u0306od"
    for file in settings.path.glob("d*.ann"):
        file.write_text(ANNOTATIONS.replace("Drug", decomposed), encoding="utf8")
    values = {**settings.model_dump(exclude_unset=True), "labels": {composed: "Drug", "ADR": "Disease"}}
    manifest = convert_corpus("mine", CorpusSettings(**values)).manifest
    values["labels"] = {decomposed: "Drug", "ADR": "Disease"}
    assert convert_corpus("mine", CorpusSettings(**values)).manifest.splits == manifest.splits
    assert sum(part.mentions.kept["Drug"] for part in manifest.splits.values()) > 0


def test_a_docbin_whose_mentions_are_in_a_group_of_spans_is_told_how_to_name_it(tmp_path):
    docs = []
    for number in range(6):
        doc = Doc(Vocab(), words=["Took", "aspirin", str(number)], ents=["O", "O", "O"])
        doc.spans["sc"] = [Span(doc, 1, 2, "Drug")]
        docs.append(doc)
    for doc in docs:
        doc.set_ents([], default="missing")
    DocBin(docs=docs).to_disk(tmp_path / "a.spacy")
    common = {"language": "en", "domain": "ehr", "format": "docbin", "labels": {"Drug": "Drug"}}
    with pytest.raises(ProjectError, match="is annotated.*`spans_key` in the corpus file"):
        convert_corpus("mine", CorpusSettings(**common, path=tmp_path / "a.spacy"))


def test_a_corpus_that_fails_leaves_what_was_there(corpus, settings):
    before = {file.name: file.read_bytes() for file in corpus.iterdir()}
    (settings.path / "d5.ann").write_text("T1\tDrugs 5 12\taspirin", encoding="utf8")
    with pytest.raises(ProjectError, match=r"unknown labels: 'Drugs' 1x \(did you mean 'Drug'\?\).*d5\.ann:1"):
        convert_corpus("mine", settings)
    assert {file.name: file.read_bytes() for file in corpus.iterdir()} == before
    assert [path.name for path in corpus.parent.iterdir()] == ["mine"]


@pytest.mark.parametrize(("sentences", "expected"), [("by_script", 9 * 2 + 1), ("punkt", 9 * 2)])
def test_the_splitter_of_the_paper_is_a_choice(settings, sentences, expected):
    for file in settings.path.glob("d*.txt"):
        file.write_text(f"Came in. Left {file.stem}", encoding="utf8")
        file.with_suffix(".ann").write_text("", encoding="utf8")
    # Punkt is blind to line breaks.
    (settings.path / "d0.txt").write_text("Came in. Left\n\nCame again", encoding="utf8")
    chosen = settings.model_copy(update={"sentences": sentences})
    assert convert_corpus("mine", chosen).manifest.statistics.sentences == expected


def test_the_tokenizer_is_saved_beside_the_corpora(tmp_path):
    assert not is_tokenizer_saved(tmp_path)
    save_tokenizer(tmp_path)
    assert is_tokenizer_saved(tmp_path)
    strings = json.loads((tmp_path / "tokenizer" / "vocab" / "strings.json").read_text(encoding="utf8"))
    assert "aspirin" not in strings


@pytest.mark.parametrize("file", ["tokenizer", "config.cfg", "vocab/strings.json", "saved.json"])
def test_a_tokenizer_that_was_changed_is_not_saved(tmp_path, file):
    folder = save_tokenizer(tmp_path)
    content = (folder / file).read_bytes()
    (folder / file).write_bytes(content[1:])
    assert not is_tokenizer_saved(tmp_path)
    (folder / file).write_bytes(content)
    assert is_tokenizer_saved(tmp_path)


def test_a_tokenizer_of_a_version_without_hashes_is_kept(tmp_path):
    (save_tokenizer(tmp_path) / "saved.json").unlink()
    assert is_tokenizer_saved(tmp_path)
