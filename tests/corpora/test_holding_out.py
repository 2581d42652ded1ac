"""Test which documents are held out of a training."""
import random

import pytest
import spacy
from spacy.tokens import Doc

from scripts.base.errors import ProjectError
from scripts.corpora.holding_out import find_runs, hold_out
from scripts.corpora.split import split_documents

VOCAB = spacy.blank("xx").vocab


def document(name, *sentences):
    words = [sentence.split() for sentence in sentences]
    starts = [place == 0 for sentence in words for place in range(len(sentence))]
    doc = Doc(VOCAB, words=sum(words, []), sent_starts=starts)
    doc.user_data["id"] = name
    return doc


def sentences(count, text="Sentence {} ."):
    return [document(f"train/{number}", text.format(number)) for number in range(1, count + 1)]


def number_of(name):
    return int(name.rpartition("/")[2])


class TestSingleSentences:
    @pytest.mark.parametrize("seed", [0, 1, 2])
    def test_neighbors_stay_together(self, seed):
        # 400 sentences are 20 runs of 20.
        held_out = {number_of(name) for name in hold_out(sentences(400), 0.2, seed)}
        assert len(held_out) == 80
        assert len({(number - 1) // 20 for number in held_out}) == 4

    def test_runs_are_not_longer_in_a_long_corpus(self):
        held_out = {number_of(name) for name in hold_out(sentences(5000), 0.2, 0)}
        assert len(held_out) == 1000
        assert len({(number - 1) // 100 for number in held_out}) == 10

    def test_the_order_of_the_documents_does_not_matter_and_the_seed_does(self):
        shuffled = sentences(400)
        random.Random(0).shuffle(shuffled)
        assert hold_out(shuffled, 0.2, 0) == hold_out(sentences(400), 0.2, 0) != hold_out(sentences(400), 0.2, 1)

    def test_a_text_that_is_also_kept_is_not_held_out(self):
        # Every tenth sentence is the same heading.
        documents = [document(f"a/{n}", "Results :" if n % 10 == 0 else f"Sentence {n} .") for n in range(400)]
        held_out = hold_out(documents, 0.2, 0)
        texts = {True: set(), False: set()}
        for one in documents:
            texts[one.user_data["id"] in held_out].add(one.text)
        assert len(held_out) == 72 and not texts[True] & texts[False]

    def test_copies_stay_together_where_every_sentence_of_a_run_has_one(self):
        documents = sentences(40, "One .") + [document("b/1", "Other .")]
        assert hold_out(documents, 0.2, 0) in ({"b/1"}, {one.user_data["id"] for one in documents[:-1]})

    def test_a_few_sentences_are_split_one_by_one(self):
        ids = [f"train/{number}" for number in range(1, 31)]
        assert hold_out(sentences(30), 0.2, 0) == set(split_documents(ids, 0.8, 0)["test"])

    def test_one_text_cannot_be_split(self):
        with pytest.raises(ProjectError, match="all have the same text"):
            hold_out(sentences(50, "One ."), 0.2, 0)


def test_longer_documents_are_split_as_a_corpus_is():
    documents = [*sentences(399), document("train/400", "One .", "Two .")]
    expected = split_documents([one.user_data["id"] for one in documents], 0.8, 0)["test"]
    assert hold_out(documents, 0.2, 0) == set(expected)


def test_runs_are_in_the_order_of_numbers_and_hold_every_id_once():
    ids = [f"{part}/{number}" for part in ("train", "devel") for number in range(1, 22)]
    runs = find_runs(ids)
    assert runs[:6] == [[f"devel/{n}", f"devel/{n + 1}"] for n in range(1, 12, 2)]
    assert sorted(sum(runs, [])) == sorted(ids)
