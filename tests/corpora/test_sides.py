"""Test that documents are recognized by their texts, whatever their ids are."""
import json

import pytest
from spacy.tokens import DocBin

from scripts.corpora.conversion import convert_corpus, save_corpus
from scripts.corpora.formats.sentences_of import place_of
from scripts.corpora.manifest import read_manifest
from scripts.corpora.settings import CorpusSettings, Split
from scripts.corpora.sides import Sides, earlier_sides, find_sides, hash_folded
from scripts.corpora.split import SIDES
from scripts.corpora.tokens import blank_pipeline

SPLIT = Split()


def sides(texts, **given):
    """Sides of an earlier conversion from {id: (text, side)}."""
    hashes = {name: hash_folded(text) for name, (text, _) in texts.items()}
    return Sides(split=SPLIT, sides={name: side for name, (_, side) in texts.items()}, texts=hashes)


def found(earlier, **texts):
    return earlier_sides(earlier, SPLIT, {name: hash_folded(text) for name, text in texts.items()})


EARLIER = sides({"a": ("one", "train"), "b": ("two", "test"), "c": ("three", "train")})


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"a": "one", "b": "two"}, {"a": "train", "b": "test", "c": "train"}),
        # Row 0 is new, and all others have the id of the row before.
        ({"a": "new", "b": "one", "c": "two", "d": "three"}, {"b": "train", "c": "test", "d": "train"}),
        # A correction
        ({"a": "one!", "b": "two"}, {"a": "train", "b": "test", "c": "train"}),
        ({"x/a": "one", "x/b": " two", "y": "new"}, {"x/a": "train", "x/b": "test", **EARLIER.sides}),
        # Nobody can tell where an empty document was, but by its id.
        ({"a": "", "b": ""}, {"a": "train", "b": "test", "c": "train"}),
    ],
)
def test_sides_follow_the_texts(texts, expected):
    assert found(EARLIER, **texts) == expected


def test_a_corrected_copy_keeps_its_side_while_another_copy_is_as_it_was():
    both = sides({"anna/1": ("one", "test"), "bert/1": ("one", "test"), "anna/2": ("two", "train")})
    assert found(both, **{"anna/1": "one!", "bert/1": "one", "anna/2": "two"}) == both.sides


def test_without_hashes_documents_are_known_by_their_ids():
    assert found(Sides(split=SPLIT, sides={"a": "test", "b": "train"}), a="new", c="old") == {"a": "test", "b": "train"}


def test_another_split_forgets_all():
    assert earlier_sides(EARLIER, Split(train=0.5), {"a": hash_folded("one")}) == {}


class TestConverted:
    def rows(self, numbers):
        texts = [f"Note {number} took aspirin." for number in numbers]
        start = [text.index("aspirin") for text in texts]
        return "".join(
            json.dumps({"text": text, "spans": [{"start": at, "end": at + 7, "label": "Drug"}]}) + "\n"
            for text, at in zip(texts, start, strict=True)
        )

    def convert(self, folder, output):
        settings = CorpusSettings(language="en", domain="ehr", format="jsonl", path=folder, labels={"Drug": "Drug"})
        save_corpus(convert_corpus("mine", settings, find_sides(output, "mine")), output)
        bins = {part: DocBin().from_disk(output / "mine" / f"{part}.spacy") for part in SIDES}
        return {part: {doc.text for doc in bins[part].get_docs(blank_pipeline().vocab)} for part in SIDES}

    @pytest.fixture
    def folder(self, tmp_path):
        (tmp_path / "raw").mkdir()
        (tmp_path / "raw" / "a.jsonl").write_text(self.rows(range(1, 13)), "utf8")
        return tmp_path / "raw"

    @pytest.mark.parametrize("numbers", [range(13), range(2, 13), range(12, 0, -1)], ids=["more", "fewer", "reversed"])
    def test_rows_without_ids_stay_on_their_side_whatever_comes_before_them(self, folder, tmp_path, numbers):
        first = self.convert(folder, tmp_path / "corpus")
        (folder / "a.jsonl").write_text(self.rows(numbers), "utf8")
        again = self.convert(folder, tmp_path / "corpus")
        assert not first["train"] & again["test"] and not first["test"] & again["train"]

    def test_a_corrected_document_stays_even_if_another_annotators_copy_is_not_corrected(self, tmp_path):
        def write(name, texts):
            for number, text in enumerate(texts):
                file = tmp_path / "raw" / name / f"{number:02}.txt"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, "utf8")
                at = text.index("aspirin")
                file.with_suffix(".ann").write_text(f"T1\tDrug {at} {at + 7}\taspirin\n", "utf8")

        def convert(annotators):
            settings = CorpusSettings(
                **{"language": "en", "domain": "ehr", "format": "brat", "path": tmp_path / "raw"},
                **{"labels": {"Drug": "Drug"}, "annotators": annotators},
            )
            save_corpus(convert_corpus("mine", settings, find_sides(tmp_path, "mine")), tmp_path)
            splits = read_manifest(tmp_path, "mine").splits
            return {name: part for part, account in splits.items() for name in account.ids}

        texts = [f"Note {number} took aspirin." for number in range(14)]
        for name in ("anna", "bert"):
            write(name, texts)
        for annotators in ("all", "anna"):
            first = convert(annotators)
            write("anna", [f"{text} Corrected." if number % 3 == 0 else text for number, text in enumerate(texts)])
            assert convert(annotators) == first
            write("anna", texts)

    def test_a_second_file_moves_no_document_of_the_first(self, folder, tmp_path):
        first = self.convert(folder, tmp_path / "corpus")
        (folder / "b.jsonl").write_text(self.rows(range(20, 26)), "utf8")
        again = self.convert(folder, tmp_path / "corpus")
        assert all(first[part] <= again[part] for part in SIDES)

    @pytest.mark.parametrize("folder_of_texts", ["", "texts/"])
    def test_a_text_stays_as_more_of_its_sentences_are_annotated_whatever_others_say(self, tmp_path, folder_of_texts):
        def write(number, name, sentences):
            # Of each text, the second sentence is another text's first one.
            text = f"Note {number} took aspirin. Note {number - 100} took aspirin."
            cut = text.index(". ") + 1
            places = {"first": (0, cut), "second": (cut + 1, len(text))}
            rows = []
            for start, end in (places[one] for one in sentences):
                at = text.index("aspirin", start) - start
                spans = [{"start": at, "end": at + 7, "label": "Drug"}]
                rows.append({"text": text[start:end], "spans": spans, **place_of(name, start, end, text)})
            return "".join(json.dumps(row) + "\n" for row in rows)

        def convert():
            self.convert(tmp_path / "raw", tmp_path)
            splits = read_manifest(tmp_path, "mine").splits
            return {name: part for part, account in splits.items() for name in account.ids}

        (tmp_path / "raw").mkdir()
        numbers = range(100, 124)
        (tmp_path / "raw" / "round-1.jsonl").write_text("".join(write(n, f"{n}", ["first"]) for n in numbers), "utf8")
        first = convert()
        # Some of these texts have more sentences now, and others have only the sentence that these had.
        grown = numbers[::2]
        rows = [write(n, f"{folder_of_texts}{n}", ["first", "second"][: 1 + (n in grown)]) for n in numbers]
        rows += [write(n + 100, f"{folder_of_texts}{n + 100}", ["second"]) for n in grown]
        (tmp_path / "raw" / "round-1.jsonl").write_text("".join(rows), "utf8")
        again = convert()
        assert len(again) == len(numbers) + len(grown)
        assert {name: again[f"{folder_of_texts}{name}"] for name in first} == first
