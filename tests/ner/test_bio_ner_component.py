"""Test the component: what it writes to Docs, its loss, its labels, and saving."""
from typing import Iterable, Optional

import numpy
import pytest
import spacy
import torch
from hypothesis import example as with_example
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from thinc.api import fix_random_seed

from scripts.ner import bio_ner
from scripts.ner.bio_ner import SOFTMAX, SOFTMAX_V1, SPANS_KEY, BioNer, _same_tokens, _target_tags
from tests.ner.pipelines import LABELS, component_that_finds, entities, example, make_pipeline, toy_examples

WORDS = "He took aspirin for back pain and rash".split()


@pytest.fixture(scope="module")
def nlp():
    """RETURNS (Language): A blank pipeline, for its vocabulary."""
    return spacy.blank("xx")


def decoded(doc: Doc) -> list[tuple[int, int, str]]:
    """All mentions that the component found in a Doc."""
    return [(span.start, span.end, span.label_) for span in doc.spans[SPANS_KEY]]


def mentions_of(tokens: Iterable[tuple[Optional[str], bool]]) -> list[tuple[int, int, str]]:
    """RETURNS (list): Mentions from each token's entity type, if it has one, and whether it begins a mention anyway."""
    mentions, before = [], None
    for i, (label, begins) in enumerate(tokens):
        if label is not None and (begins or label != before):
            mentions.append((i, i + 1, label))
        elif label is not None:
            mentions[-1] = (mentions[-1][0], i + 1, label)
        before = label
    return mentions


def entity_types():
    """Strategy: what `mentions_of` takes of a token; mentions of several tokens are not rare."""
    return st.tuples(st.sampled_from([None, None, "Disease", "Disease", "Drug"]), st.sampled_from([False, False, True]))


class TestDecoding:
    def test_a_mention_runs_across_a_line_break(self, nlp):
        doc = Doc(nlp.vocab, words=["for", "back", "\n", "pain", "."])
        # White space scores as O, and yet the mention goes on behind it.
        component = component_that_finds(nlp, (1, 2, "Disease"))
        scores = component.model.predict([doc])[0]
        scores[3, 2] = 9.0
        assert component._decode(doc, scores)[0][:3] == (1, 4, "Disease")

    @pytest.mark.parametrize("mention, expected", [((0, 2), (1, 2)), ((1, 3), (1, 2)), ((2, 5), (3, 4))])
    def test_white_space_never_starts_or_ends_a_mention(self, nlp, mention, expected):
        doc = Doc(nlp.vocab, words=["\n", "rash", " ", "nausea", "\n\n"])
        component = component_that_finds(nlp, (*mention, "Disease"))
        array = component.model.predict([doc])[0]
        array[expected[0], 1] = 9.0
        assert [found[:2] for found in component._decode(doc, array)] == [expected]

    def test_a_mention_ends_where_the_sentence_does(self, nlp):
        starts = [True, False, False, False, False, True, False, False]
        doc = Doc(nlp.vocab, words=WORDS, sent_starts=starts)
        component = component_that_finds(nlp, (4, 6, "Disease"))
        (start, end, label, _), *others = component.predict([doc])[0]
        assert (start, end, label) == (4, 5, "Disease")
        # An I- tag can't open the next sentence; whatever its first token gets, the mention does not go on there.
        assert all(mention[0] >= 5 for mention in others)

    @pytest.mark.parametrize("decoder, has_end", [(SOFTMAX, True), (SOFTMAX_V1, False)])
    def test_confidence_is_the_probability_of_all_tags_and_of_the_end(self, nlp, decoder, has_end):
        component = component_that_finds(nlp, (4, 6, "Disease"))
        component.model.attrs["decoder"] = decoder
        doc = Doc(nlp.vocab, words=WORDS)
        probabilities = torch.softmax(torch.tensor(component.model.predict([doc])[0]), dim=1)
        expected = float(probabilities[4, 1] * probabilities[5, 2])
        expected *= float(1 - probabilities[6, 2]) if has_end else 1
        assert component.predict([doc])[0][0][3] == pytest.approx(expected, rel=1e-5)

    def test_at_the_end_of_a_sentence_there_is_nothing_for_a_mention_to_go_on_in(self, nlp):
        component = component_that_finds(nlp, (2, 3, "Disease"))
        doc = Doc(nlp.vocab, words=WORDS[:3])
        probabilities = torch.softmax(torch.tensor(component.model.predict([doc])[0]), dim=1)
        assert component.predict([doc])[0][0][3] == pytest.approx(float(probabilities[2, 1]), rel=1e-5)

    @pytest.mark.parametrize("words", [[], [" "], ["\n", "\n\n"]])
    def test_docs_without_words_have_no_mentions(self, trained, words):
        doc = trained(Doc(trained.vocab, words=words))
        assert not doc.ents and decoded(doc) == [] and doc.spans[SPANS_KEY].attrs["scores"] == []

    def test_empty_docs_among_others_change_nothing(self, trained):
        texts = ["", "Took aspirin for the headache .", "\n", "", "No history of diabetes ."]
        together = [entities(doc) for doc in trained.pipe(texts)]
        assert together == [entities(trained(text)) for text in texts]
        assert together[1] == [(1, 2, "Drug"), (4, 5, "Disease")]


def found_and_preset():
    """Strategy: what `mentions_of` takes of each token, as found and as preset, and what it is if preset in none."""
    places = st.sampled_from(["missing", "outside", "blocked"])
    return st.lists(st.tuples(entity_types(), entity_types(), places), min_size=1, max_size=10)


class TestAnnotation:
    def test_entities_are_all_mentions_where_none_were_before(self, nlp):
        doc = component_that_finds(nlp, (2, 3, "Drug"), (4, 6, "Disease"))(Doc(nlp.vocab, words=WORDS))
        assert entities(doc) == decoded(doc) == [(2, 3, "Drug"), (4, 6, "Disease")]
        assert [token.ent_iob_ for token in doc] == ["O", "O", "B", "O", "B", "I", "O", "O"]

    def test_preset_entities_win(self, nlp):
        doc = Doc(nlp.vocab, words=WORDS)
        doc.set_ents([Span(doc, 5, 8, label="Symptom")], default="missing")
        component_that_finds(nlp, (2, 3, "Drug"), (4, 6, "Disease"))(doc)
        assert entities(doc) == [(2, 3, "Drug"), (5, 8, "Symptom")]
        assert decoded(doc) == [(2, 3, "Drug"), (4, 6, "Disease")]
        assert len(doc.spans[SPANS_KEY].attrs["scores"]) == 2
        assert "" not in [token.ent_iob_ for token in doc]

    def test_blocked_tokens_win(self, nlp):
        doc = Doc(nlp.vocab, words=WORDS)
        doc.set_ents([], blocked=[doc[5:6]], default="missing")
        component_that_finds(nlp, (2, 3, "Drug"), (4, 6, "Disease"))(doc)
        assert entities(doc) == [(2, 3, "Drug")]

    def test_tokens_marked_outside_do_not(self, nlp):
        doc = Doc(nlp.vocab, words=WORDS)
        doc.set_ents([], default="outside")
        assert entities(component_that_finds(nlp, (2, 3, "Drug"))(doc)) == [(2, 3, "Drug")]

    @pytest.mark.parametrize("preset", ["entity", "blocked"])
    def test_entities_are_set_as_spacys_own_ner_sets_them(self, preset):
        nlp = spacy.blank("xx")
        ner = nlp.add_pipe("ner")
        sentence = example(nlp, WORDS, [(2, 3, "Drug"), (4, 6, "Disease")])
        optimizer = nlp.initialize(lambda: [sentence])
        for _ in range(40):
            nlp.update([sentence], sgd=optimizer)
        found = entities(ner(Doc(nlp.vocab, words=WORDS)))
        ours = component_that_finds(nlp, *found)
        docs = [Doc(nlp.vocab, words=WORDS), Doc(nlp.vocab, words=WORDS)]
        for doc in docs:
            # On the only token of the one mention, beside the other.
            if preset == "entity":
                doc.set_ents([Span(doc, 2, 3, label="Symptom")], default="missing")
            else:
                doc.set_ents([], blocked=[doc[2:3]], default="missing")
        theirs, own = ner(docs[0]), ours(docs[1])
        assert found == [(2, 3, "Drug"), (4, 6, "Disease")]
        assert [(token.ent_iob, token.ent_type_) for token in theirs] == [(t.ent_iob, t.ent_type_) for t in own]

    @given(found_and_preset())
    def test_what_stands_at_a_token_follows_from_its_mention_and_its_preset(self, nlp, tokens):
        found, preset = (mentions_of(token[number] for token in tokens) for number in (0, 1))
        doc = Doc(nlp.vocab, words=["rash"] * len(tokens))
        places = {place: [] for place in ("missing", "outside", "blocked")}
        for i, (_, (label, _), place) in enumerate(tokens):
            places[place] += [] if label else [doc[i : i + 1]]
        doc.set_ents([Span(doc, *mention) for mention in preset], **places)
        expected = [(token.ent_iob_, token.ent_type_) for token in doc]
        free = [mention for mention in found if all(iob in ("", "O") for iob, _ in expected[mention[0] : mention[1]])]
        for start, end, label in free:
            expected[start:end] = [("B", label)] + [("I", label)] * (end - start - 1)

        component_that_finds(nlp).set_annotations([doc], [[(*mention, 0.5) for mention in found]])

        expected = [(iob or "O", label) for iob, label in expected]
        assert [(token.ent_iob_, token.ent_type_) for token in doc] == expected
        assert entities(doc) == sorted([*preset, *free])
        assert decoded(doc) == found

    def test_every_mention_has_a_score_where_a_ruler_overrides(self, trained):
        with trained.select_pipes(enable=["transformer", "bio_ner"]):
            ruler = spacy.blank("xx").add_pipe("entity_ruler")
            ruler.add_patterns([{"label": "Symptom", "pattern": "headache"}])
            doc = Doc(trained.vocab, words="Took aspirin for the headache .".split())
            for token in ruler.nlp.vocab.strings:
                trained.vocab.strings.add(token)
            doc = trained(ruler(doc))
        assert entities(doc) == [(1, 2, "Drug"), (4, 5, "Symptom")]
        assert decoded(doc) == [(1, 2, "Drug"), (4, 5, "Disease")]
        assert all(0 < score <= 1 for score in doc.spans[SPANS_KEY].attrs["scores"])

    def test_scores_survive_bytes_and_docbin(self, nlp):
        doc = component_that_finds(nlp, (2, 3, "Drug"), (4, 6, "Disease"))(Doc(nlp.vocab, words=WORDS))
        scores = doc.spans[SPANS_KEY].attrs["scores"]
        copies = [Doc(nlp.vocab).from_bytes(doc.to_bytes())]
        copies += DocBin().from_bytes(DocBin(docs=[doc]).to_bytes()).get_docs(nlp.vocab)
        for copy in copies:
            assert decoded(copy) == decoded(doc) and len(scores) == 2
            assert copy.spans[SPANS_KEY].attrs["scores"] == scores

    def test_a_doc_of_the_trained_pipeline_survives_bytes(self, trained):
        doc = trained("Took aspirin for the headache .")
        copy = Doc(trained.vocab).from_bytes(doc.to_bytes())
        assert entities(copy) == entities(doc) == [(1, 2, "Drug"), (4, 5, "Disease")]
        assert copy.spans[SPANS_KEY].attrs["scores"] == doc.spans[SPANS_KEY].attrs["scores"]


def scores_and_tags():
    """Strategy: for up to 3 examples the scores of their tokens, and their tags (-1: not known)."""
    token = st.tuples(st.lists(st.floats(-5, 5, width=32), min_size=5, max_size=5), st.sampled_from([-1, 0, 1, 3]))
    return st.lists(st.lists(token, min_size=1, max_size=4), min_size=1, max_size=3)


class TestLoss:
    @given(scores_and_tags())
    def test_loss_and_gradient_are_those_of_cross_entropy(self, nlp, tokens):
        component = component_that_finds(nlp)
        examples = [self.tagged(nlp, [tag for _, tag in sentence]) for sentence in tokens]
        arrays = [numpy.array([row for row, _ in sentence], dtype="float32") for sentence in tokens]
        logits = torch.tensor(numpy.concatenate(arrays), requires_grad=True)
        targets = torch.tensor([tag for sentence in tokens for _, tag in sentence])
        known = max(1, int((targets >= 0).sum()))
        expected = torch.nn.functional.cross_entropy(logits, targets, ignore_index=-1, reduction="sum") / known
        expected.backward()

        loss, gradients = component.get_loss(examples, arrays)

        assert loss == pytest.approx(expected.item(), rel=1e-4, abs=1e-5)
        assert numpy.allclose(numpy.concatenate(gradients), logits.grad.numpy(), atol=1e-6)

    @staticmethod
    def tagged(nlp, tags):
        """A sentence whose tokens have the tags O, B-Disease or B-Drug, or are not annotated."""
        reference = Doc(nlp.vocab, words=["rash"] * len(tags))
        ents = [Span(reference, i, i + 1, label=LABELS[tag // 2]) for i, tag in enumerate(tags) if tag > 0]
        missing = [reference[i : i + 1] for i, tag in enumerate(tags) if tag == -1]
        reference.set_ents(ents, missing=missing, default="outside")
        return Example(Doc(nlp.vocab, words=["rash"] * len(tags)), reference)

    def targets(self, nlp, words, mentions, labels=LABELS):
        """The tags that the loss pulls the tokens to; None where there is none."""
        component = component_that_finds(nlp, labels=labels)
        scores = numpy.zeros((len(words), 1 + 2 * len(labels)), dtype="float32")
        _, (gradient,) = component.get_loss([example(nlp, words, mentions)], [scores])
        return [int(row.argmin()) if row.any() else None for row in gradient]

    def test_targets_are_bio(self, nlp):
        assert self.targets(nlp, WORDS, [(2, 3, "Drug"), (4, 6, "Disease")]) == [0, 0, 3, 0, 1, 2, 0, 0]

    def test_mentions_that_touch_stay_two(self, nlp):
        assert self.targets(nlp, ["rash", "nausea"], [(0, 1, "Disease"), (1, 2, "Disease")]) == [1, 1]

    def test_white_space_has_no_target(self, nlp):
        assert self.targets(nlp, ["back", "\n", "pain", "\n"], [(0, 3, "Disease")]) == [1, None, 2, None]

    def test_a_mention_that_opens_with_white_space_begins_behind_it(self, nlp):
        words = ["\n", "back", "pain", "\n", "rash"]
        mentions = [(0, 3, "Disease"), (3, 5, "Disease")]
        assert self.targets(nlp, words, mentions) == [None, 1, 2, None, 1]

    def test_labels_may_hold_any_letters(self, nlp):
        labels = ("CELL-LINE", "U-L-B")
        assert self.targets(nlp, ["a", "b", "c"], [(0, 2, "CELL-LINE"), (2, 3, "U-L-B")], labels) == [1, 2, 3]

    def test_a_batch_of_empty_docs_is_no_update(self, untrained):
        empty = Example(Doc(untrained.vocab), Doc(untrained.vocab))
        assert untrained.update([empty], sgd=False)["bio_ner"] == 0.0

    def test_an_empty_doc_in_a_batch_changes_nothing(self, untrained):
        empty = Example(Doc(untrained.vocab), Doc(untrained.vocab))
        examples = toy_examples(untrained)
        losses = []
        for batch in (examples[:2], [examples[0], empty, examples[1]]):
            # The encoder's own dropout draws the same in both.
            fix_random_seed(0)
            losses.append(untrained.update(batch, sgd=False)["bio_ner"])
        assert losses[0] == pytest.approx(losses[1])


def annotated_tokens():
    """Strategy: words and white space, what `mentions_of` takes of each, and whether it is annotated if in none."""
    words = st.sampled_from(["back", "pain", "сыпь", " ", "  ", "\n", "\t", "\u00a0"])
    return st.lists(st.tuples(words, entity_types(), st.booleans()), min_size=1, max_size=10)


class TestTargets:
    """spaCy's alignment of two tokenizations is the slow way to the tags of a Doc's own tokens."""

    @given(annotated_tokens())
    @with_example([("back", (None, False), False)])
    @with_example([("\n", ("Drug", True), True), ("rash", ("Drug", False), True), (" ", ("Drug", False), True)])
    @with_example([("\n", ("Drug", True), True), ("rash", ("Drug", True), True)])
    def test_tags_of_the_same_tokens_are_those_by_spacys_alignment(self, nlp, tokens):
        reference = self.reference(nlp, tokens)
        words = [token.text for token in reference]
        fast, slow = (
            Example(Doc(nlp.vocab, words=words, spaces=[True] * (len(words) - 1) + [space]), reference)
            for space in (True, False)
        )
        assert _same_tokens(fast) and not _same_tokens(slow)
        assert _target_tags(fast, LABELS).tolist() == _target_tags(slow, LABELS).tolist()

    @staticmethod
    def reference(nlp, tokens):
        """The annotated Doc."""
        doc = Doc(nlp.vocab, words=[word for word, _, _ in tokens])
        missing = [doc[i : i + 1] for i, (_, (label, _), known) in enumerate(tokens) if not label and not known]
        outside = [doc[i : i + 1] for i, (_, (label, _), known) in enumerate(tokens) if not label and known]
        ents = [Span(doc, *mention) for mention in mentions_of(label for _, label, _ in tokens)]
        doc.set_ents(ents, missing=missing, outside=outside)
        return doc

    @pytest.mark.parametrize("space", [True, False], ids=["same tokens", "other tokens"])
    def test_an_entity_type_that_the_component_does_not_have_raises(self, nlp, space):
        reference = self.reference(nlp, [("no", (None, False), True), ("rash", ("Symptom", True), True)])
        sentence = Example(Doc(nlp.vocab, words=["no", "rash"], spaces=[True, space]), reference)
        message = "'bio_ner' can't learn the unknown entity type 'Symptom'. Known: Disease, Drug. Leave"
        with pytest.raises(ValueError, match=message):
            component_that_finds(nlp).get_loss([sentence], [numpy.zeros((2, 5), dtype="float32")])

    def test_tokens_that_the_reference_cuts_otherwise_have_targets_where_mentions_agree(self, nlp):
        reference = self.reference(
            nlp, [("back", ("Disease", True), True), ("pain", ("Disease", False), True), ("400mg", (None, True), True)]
        )
        predicted = Doc(nlp.vocab, words=["back", "pain", "400", "mg"], spaces=[True, True, False, True])
        assert _target_tags(Example(predicted, reference), LABELS).tolist() == [1, 2, 0, 0]


class TestLabels:
    def test_labels_come_from_the_settings_whatever_the_sample_holds(self, tiny_encoder):
        nlp = make_pipeline(tiny_encoder)
        sample = [example(nlp, ["no", "rash"], [(1, 2, "Disease")])]
        nlp.initialize(lambda: sample)
        assert nlp.get_pipe("bio_ner").labels == LABELS
        doc = nlp("rash")
        assert nlp.get_pipe("bio_ner").model.predict([doc])[0].shape == (1, 5)

    def test_labels_come_from_all_examples_if_there_are_none_in_the_settings(self, tiny_encoder):
        nlp = make_pipeline(tiny_encoder)
        nlp.remove_pipe("bio_ner")
        component = nlp.add_pipe("bio_ner")
        plain = [example(nlp, ["no", "rash"], []) for _ in range(20)]
        component.initialize(lambda: [*plain, example(nlp, ["rash"], [(0, 1, "Disease")])], nlp=nlp)
        assert component.labels == ("Disease",)
        assert component.label_data == ["Disease"]

    def test_no_labels_at_all_is_an_error(self, tiny_encoder):
        nlp = make_pipeline(tiny_encoder)
        nlp.remove_pipe("bio_ner")
        component = nlp.add_pipe("bio_ner")
        with pytest.raises(ValueError, match="E143"):
            component.initialize(lambda: [example(nlp, ["no", "rash"], [])], nlp=nlp)

    def test_labels_are_fixed_once_the_model_is_made(self, untrained):
        component = untrained.get_pipe("bio_ner")
        assert component.add_label("Drug") == 0
        with pytest.raises(ValueError, match="E922"):
            component.add_label("Symptom")

    @pytest.mark.parametrize("label", [9, None, b"Drug"])
    def test_a_label_that_is_no_string_is_refused_and_changes_nothing(self, nlp, label):
        component = component_that_finds(nlp)
        with pytest.raises(ValueError, match="E187"):
            component.add_label(label)
        assert component.labels == LABELS

    def test_no_examples_are_refused_as_by_spacys_own_ner(self, untrained):
        for component in (untrained.get_pipe("bio_ner"), spacy.blank("xx").add_pipe("ner")):
            for get_examples in (lambda: [], None):
                with pytest.raises(TypeError, match="E930"):
                    component.initialize(get_examples)

    def test_the_analysis_of_pipes_lists_all_that_is_written(self, untrained):
        assigned = untrained.analyze_pipes()["summary"]["bio_ner"]["assigns"]
        assert assigned == ["doc.ents", "doc.spans", "token.ent_iob", "token.ent_type"]


class TestPipe:
    def docs(self, nlp, lengths):
        return [Doc(nlp.vocab, words=["rash"] * length) for length in lengths]

    @given(st.lists(st.integers(0, 30), max_size=12), st.integers(1, 20))
    def test_no_more_tokens_wait_than_allowed_whatever_the_batch_size(self, nlp, lengths, batch_size):
        component, waiting = component_that_finds(nlp), []

        def stream():
            for doc in self.docs(nlp, lengths):
                waiting.append(len(doc))
                yield doc

        given = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bio_ner, "TOKENS_AT_ONCE", 25)
            for doc in component.pipe(stream(), batch_size=batch_size):
                # One more has been looked at, to see whether it still fits.
                assert sum(waiting[:-1]) <= max(25, *lengths) and len(waiting) <= batch_size + 1
                given.append(len(doc))
                waiting.pop(0)
        assert given == lengths


class TestSaving:
    TEXT = "Took aspirin for the headache .\nПриняла аспирин от головной боли ."

    def test_pipeline_survives_disk(self, trained, tmp_path):
        trained.to_disk(tmp_path / "model")
        self.assert_same(trained, spacy.load(tmp_path / "model"))

    def test_pipeline_survives_bytes(self, trained):
        copy = spacy.blank("xx").from_config(trained.config)
        self.assert_same(trained, copy.from_bytes(trained.to_bytes()))

    def test_component_survives_bytes(self, trained, tiny_encoder):
        component = trained.get_pipe("bio_ner")
        copy = make_pipeline(tiny_encoder, seed=1).get_pipe("bio_ner").from_bytes(component.to_bytes())
        assert isinstance(copy, BioNer) and copy.labels == component.labels
        doc = trained(self.TEXT)
        assert copy.predict([doc]) == component.predict([doc])

    def assert_same(self, nlp, copy):
        docs = nlp(self.TEXT), copy(self.TEXT)
        assert docs[0].ents
        assert entities(docs[0]) == entities(docs[1])
        assert docs[0].spans[SPANS_KEY].attrs["scores"] == docs[1].spans[SPANS_KEY].attrs["scores"]
        assert copy.get_pipe("bio_ner").labels == LABELS
