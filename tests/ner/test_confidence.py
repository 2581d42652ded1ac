"""Test confidences: calibration, each way of saving them, and thresholds."""
from pathlib import Path

import numpy
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.cli.find_threshold import find_threshold
from spacy.tokens import Doc, DocBin, Span, SpanGroup, Token
from spacy.util import import_file, load_config

from scripts.ner import bio_ner
from scripts.ner.bio_ner import CONFIDENCE, FACTORY, calibrated, log_right_and_wrong, make_bio_ner
from tests.ner.pipelines import LABELS, component_that_finds, entities, toy_examples

WORDS = "The patient ibuprofen for back pain today .".split()
MENTIONS = ((2, 3, "Drug"), (4, 6, "Disease"))
NUMBERS = {"Drug": (0.5, 0.5, -1.0), "Disease": (2.0, 1.5, 0.25)}
CONFIG = {"components": {"bio_ner": {"threshold": {"Drug": 0.8}}}}
TEXT = "Took aspirin for the headache ."


@pytest.fixture()
def nlp():
    return spacy.blank("xx")


@pytest.fixture()
def doc(nlp):
    """RETURNS (Doc): A Doc with a drug and a disease."""
    return component_that_finds(nlp, *MENTIONS)(Doc(nlp.vocab, words=WORDS))


@pytest.fixture()
def package(trained, tmp_path) -> Path:
    """RETURNS (Path): A trained pipeline on disk whose config lists a threshold for each entity type."""
    trained.to_disk(tmp_path / "package")
    config = load_config(tmp_path / "package" / "config.cfg")
    config["components"]["bio_ner"] |= {"factory": FACTORY, "threshold": {"Disease": 0.0, "Drug": 0.0}}
    config["components"]["bio_ner"]["spans_key"] = None
    config.to_disk(tmp_path / "package" / "config.cfg")
    return tmp_path / "package"


def confidences(doc: Doc) -> list:
    return [ent._.confidence for ent in doc.ents]


class TestCalibrated:
    @given(st.floats(-30, -1e-12))
    def test_nothing_changes_with_slopes_of_1_and_intercept_0(self, log_probability):
        # Beyond the cut a probability is as good as 0 or 1.
        cut = bio_ner.SMALLEST
        expected = numpy.exp(log_probability)
        assert calibrated(log_probability, 1.0, 1.0, 0.0) == pytest.approx(expected, rel=1e-6, abs=cut)

    @given(st.floats(-14, -1e-4), st.floats(0, 3), st.floats(0, 3), st.floats(-3, 3))
    def test_it_is_a_probability_and_goes_by_the_formula(self, log_probability, low, high, intercept):
        # As Kull et al. write it.
        p = numpy.exp(log_probability)
        expected = 1 / (1 + 1 / (numpy.exp(intercept) * p**low / (1 - p) ** high))
        assert calibrated(log_probability, low, high, intercept) == pytest.approx(expected, rel=1e-6)

    @given(st.floats(-30, 0), st.floats(-30, 0), st.floats(0, 3), st.floats(0, 3), st.floats(-3, 3))
    def test_a_higher_probability_never_becomes_a_lower_confidence(self, one, other, low, high, intercept):
        lower, higher = (calibrated(number, low, high, intercept) for number in sorted((one, other)))
        assert 0 <= lower <= higher <= 1

    @pytest.mark.parametrize("log_probability, place", [(0.0, 1), (-1e-300, 1), (-numpy.inf, 0), (-1000.0, 0)])
    def test_certainty_is_cut_off(self, log_probability, place):
        assert log_right_and_wrong(log_probability)[place] == bio_ner.LOG_SMALLEST

    def test_each_type_has_its_own(self, nlp):
        component = component_that_finds(nlp, *MENTIONS)
        raw = [mention[3] for mention in component.predict([Doc(nlp.vocab, words=WORDS)])[0]]
        component.calibrate({"Drug": NUMBERS["Drug"]})
        drug, disease = (mention[3] for mention in component.predict([Doc(nlp.vocab, words=WORDS)])[0])
        assert numpy.log(drug / (1 - drug)) == pytest.approx(0.5 * numpy.log(raw[0] / (1 - raw[0])) - 1.0)
        assert disease == raw[1]

    def test_an_unknown_type_is_named(self, nlp):
        message = "'bio_ner' can't be calibrated for the unknown entity type 'Gene'. Known: Dis"
        with pytest.raises(ValueError, match=message):
            component_that_finds(nlp).calibrate({"Gene": (1.0, 1.0, 0.0)})


class TestKept:
    def test_the_calibration_survives_disk_bytes_and_a_copy(self, package, tmp_path):
        nlp = spacy.load(package)
        before = confidences(nlp(TEXT))
        nlp.get_pipe("bio_ner").calibrate(NUMBERS)
        expected = confidences(nlp(TEXT))
        assert len(before) == 2 and not any(numpy.isclose(before, expected))
        nlp.to_disk(tmp_path / "again")
        from_bytes = spacy.load(package).from_bytes(nlp.to_bytes())
        sourced = spacy.blank("xx")
        for name in nlp.pipe_names:
            sourced.add_pipe(name, source=nlp)
        for other in (spacy.load(tmp_path / "again"), from_bytes, sourced):
            assert other.get_pipe("bio_ner").calibration == NUMBERS
            assert confidences(other(TEXT)) == pytest.approx(expected)

    def test_training_further_keeps_it_and_new_weights_drop_it(self, package):
        nlp = spacy.load(package)
        nlp.get_pipe("bio_ner").calibrate(NUMBERS)
        nlp.update(toy_examples(nlp), sgd=nlp.resume_training())
        assert nlp.get_pipe("bio_ner").calibration == NUMBERS
        nlp.get_pipe("bio_ner").initialize(lambda: toy_examples(nlp), labels=["Disease", "Drug"])
        assert nlp.get_pipe("bio_ner").calibration == {}


class TestThreshold:
    @pytest.mark.parametrize("config", [CONFIG, {"components.bio_ner.threshold.Drug": 0.8}])
    def test_what_is_below_it_is_no_entity_and_still_a_span(self, package, config, tmp_path):
        nlp = spacy.load(package, config=config)
        # Whatever the confidence is, it becomes 0.5: above 0 and below 0.8.
        nlp.get_pipe("bio_ner").calibrate({"Drug": (0.0, 0.0, 0.0), "Disease": (0.0, 0.0, 0.0)})
        nlp.to_disk(tmp_path / "saved")
        for pipeline in (nlp, spacy.load(tmp_path / "saved")):
            doc = pipeline(TEXT)
            assert entities(doc) == [(4, 5, "Disease")]
            assert [(span.start, span.end, span.label_) for span in doc.spans["bio_ner"]] == [
                (1, 2, "Drug"),
                (4, 5, "Disease"),
            ]
            assert doc.spans["bio_ner"][0]._.confidence == pytest.approx(0.5) and doc[1].ent_iob_ == "O"
        assert len(spacy.load(tmp_path / "saved", config={"components.bio_ner.threshold.Drug": 0.5})(TEXT).ents) == 2

    def test_one_that_is_set_on_the_component_is_saved(self, package, tmp_path):
        nlp = spacy.load(package)
        nlp.get_pipe("bio_ner").cfg["threshold"]["Drug"] = 1.0
        nlp.to_disk(tmp_path / "saved")
        assert spacy.load(tmp_path / "saved").get_pipe("bio_ner").threshold == {"Disease": 0.0, "Drug": 1.0}
        assert spacy.load(package).from_bytes(nlp.to_bytes()).get_pipe("bio_ner").threshold["Drug"] == 1.0
        anew = {"components.bio_ner.threshold.Drug": 0.3}
        assert spacy.load(tmp_path / "saved", config=anew).get_pipe("bio_ner").threshold["Drug"] == 0.3

    def test_one_that_is_removed_from_the_config_is_gone(self, package, tmp_path):
        nlp = spacy.load(package, config={"components": {"bio_ner": {"threshold": {"Drug": 0.8, "Disease": 0.7}}}})
        nlp.get_pipe("bio_ner").cfg["threshold"]["Disease"] = 0.4
        nlp.to_disk(tmp_path / "saved")
        config = load_config(tmp_path / "saved" / "config.cfg")
        config["components"]["bio_ner"]["threshold"] = {}
        config.to_disk(tmp_path / "saved" / "config.cfg")
        # The one of diseases wasn't that of the config.
        assert spacy.load(tmp_path / "saved").get_pipe("bio_ner").threshold == {"Disease": 0.4}

    @pytest.mark.parametrize(
        "label, value, expected",
        [
            ("Durg", 0.5, "entity type 'Durg'. Known: Disease, Drug"),
            ("Drug", 1.5, "1.5"),
            ("Drug", -0.1, "-0.1"),
            ("Drug", "0.5", "'0.5'"),
        ],
    )
    def test_a_wrong_one_is_told_in_one_line(self, package, label, value, expected):
        with pytest.raises(ValueError, match=expected) as raised:
            spacy.load(package, config={"components": {"bio_ner": {"threshold": {label: value}}}})
        assert "\n" not in str(raised.value)

    @pytest.mark.parametrize("threshold", [{"Durg": 0.5}, {"Drug": 2.0}])
    def test_a_wrong_one_is_told_at_the_start_of_a_training(self, tiny_encoder, threshold):
        nlp = spacy.blank("xx")
        nlp.add_pipe("transformer", config={"model": {"name": str(tiny_encoder)}})
        nlp.add_pipe(FACTORY, config={"threshold": threshold})
        with pytest.raises(ValueError, match="threshold"):
            nlp.initialize(lambda: toy_examples(nlp))

    def test_spacy_finds_the_best_one(self, package, tmp_path):
        nlp = spacy.load(package)
        # All are found; the drugs, of which half are right, have a confidence of 0.62, the diseases one of 0.5.
        nlp.get_pipe("bio_ner").calibrate({"Drug": (0.0, 0.0, 0.5), "Disease": (0.0, 0.0, 0.0)})
        nlp.to_disk(package)
        gold = [example.reference for example in toy_examples(nlp)]
        for doc in gold:
            doc.set_ents([ent for ent in doc.ents if ent.label_ == "Disease"])
        DocBin(docs=gold).to_disk(tmp_path / "dev.spacy")
        best, score, scores = find_threshold(package, tmp_path / "dev.spacy", "bio_ner", "threshold.Drug", "ents_f")
        low, high = ({value for key, value in scores.items() if (key > 0.62) == side} for side in (False, True))
        assert best > 0.62 and len(low) == len(high) == 1 and high == {score} and score > max(low)


class TestExtension:
    def test_a_span_has_that_of_the_mention_with_the_same_borders_and_type(self, doc):
        scores = doc.spans["bio_ner"].attrs["scores"]
        assert confidences(doc) == scores and len(scores) == 2
        assert Span(doc, 2, 3, label="Drug")._.confidence == scores[0]
        others = [(2, 3, "Disease"), (2, 4, "Drug"), (1, 3, "Drug"), (2, 3, "")]
        assert [Span(doc, start, end, label=label)._.confidence for start, end, label in others] == [None] * 4

    def test_it_is_found_without_a_look_at_every_mention(self, nlp, monkeypatch):
        mentions = [(start, start + 1, "Drug") for start in range(0, 1000, 2)]
        doc = component_that_finds(nlp, *mentions)(Doc(nlp.vocab, words=["a"] * 1000))
        looks = []
        boundaries = bio_ner._boundaries
        monkeypatch.setattr(bio_ner, "_boundaries", lambda span: looks.append(span) or boundaries(span))
        assert [bio_ner.get_confidence(ent) for ent in doc.ents] == doc.spans["bio_ner"].attrs["scores"]
        assert len(doc.ents) == 500 and len(looks) <= 500 * 12

    def test_it_is_found_in_a_group_in_another_order(self, doc):
        group = doc.spans["bio_ner"]
        scores = list(reversed(group.attrs["scores"]))
        doc.spans["bio_ner"] = SpanGroup(doc, spans=list(reversed(list(group))), attrs={"scores": scores})
        assert confidences(doc) == list(reversed(scores))

    def test_it_survives_what_a_doc_is_written_to(self, doc, nlp):
        expected = confidences(doc)
        written = [
            Doc(nlp.vocab).from_bytes(doc.to_bytes()),
            *DocBin(docs=[doc]).get_docs(nlp.vocab),
            *DocBin(docs=[doc], store_user_data=True).get_docs(nlp.vocab),
            Doc(nlp.vocab).from_json(doc.to_json(underscore=[CONFIDENCE])),
            Doc.from_docs([doc]),
            doc[:].as_doc(copy_user_data=True),
            doc.copy(),
        ]
        assert [confidences(other) for other in written] == [expected] * len(written)
        assert confidences(Doc.from_docs([doc, doc])) == expected * 2
        # Without its name, JSON has none.
        assert confidences(Doc(nlp.vocab).from_json(doc.to_json())) == [None, None]

    def test_json_of_a_doc_without_mentions_can_be_written(self, nlp):
        doc = component_that_finds(nlp)(Doc(nlp.vocab, words=WORDS))
        assert not Doc(nlp.vocab).from_json(doc.to_json(underscore=[CONFIDENCE])).ents

    @pytest.mark.parametrize("is_stored", [True, False])
    def test_it_stays_with_its_mention_when_tokens_are_merged_and_split(self, nlp, is_stored):
        component = component_that_finds(nlp, (4, 5, "Drug"), (6, 7, "Drug"), (7, 8, "Drug"))
        doc = component(Doc(nlp.vocab, words="The old patient took ibuprofen , aspirin naproxen . Home".split()))
        (doc,) = DocBin(store_user_data=is_stored, docs=[doc]).get_docs(nlp.vocab)
        expected = confidences(doc)
        assert expected[0] != expected[1]
        with doc.retokenize() as retokenizer:
            retokenizer.merge(doc[0:3])
        assert confidences(doc) == expected
        with doc.retokenize() as retokenizer:
            retokenizer.split(doc[1], ["to", "ok"], heads=[doc[0], doc[0]])
        assert confidences(doc) == expected

    def test_it_stays_when_a_mention_would_end_after_the_last_token(self, nlp):
        first, second = component_that_finds(nlp, (3, 4, "Drug"), (6, 7, "Drug")), component_that_finds(nlp, *MENTIONS)
        second.name, second.spans_key = "other", "others"
        second.cfg["calibration"] = dict.fromkeys(LABELS, (0.0, 0.0, 0.0))
        doc = second(first(Doc(nlp.vocab, words="The patient ibuprofen aspirin and then naproxen".split())))
        expected = confidences(doc)
        with doc.retokenize() as retokenizer:
            retokenizer.merge(doc[0:2])
        with pytest.raises(IndexError):
            list(doc.spans["bio_ner"])
        assert confidences(doc) == expected

    def test_two_heads_do_not_share_theirs(self, nlp):
        first, second = (component_that_finds(nlp, *MENTIONS, labels=pair) for pair in (LABELS, LABELS))
        second.name, second.spans_key = "other", "others"
        second.calibrate({"Drug": (0.0, 0.0, 0.0)})
        doc = second(first(Doc(nlp.vocab, words=WORDS)))
        assert confidences(doc) == doc.spans["bio_ner"].attrs["scores"]
        # JSON and copies have the same, also after a second pass over the Doc.
        for _ in range(2):
            again = Doc(nlp.vocab).from_json(doc.to_json(underscore=[CONFIDENCE]))
            assert confidences(again) == confidences(doc) == confidences(doc[:].as_doc(copy_user_data=True))
            doc = second(first(doc))
        only = second(Doc(nlp.vocab, words=WORDS))
        assert confidences(only) == only.spans["others"].attrs["scores"] and only.ents[0]._.confidence == 0.5

    def test_scores_of_spacys_own_components_are_none(self, nlp):
        doc = Doc(nlp.vocab, words=WORDS)
        spans = [Span(doc, 2, 3, label="Drug")]
        doc.spans["sc"] = SpanGroup(doc, name="sc", spans=spans, attrs={"scores": numpy.array([0.9])})
        assert spans[0]._.confidence is None

    def test_merged_entities_keep_theirs(self, doc, nlp):
        expected = confidences(doc)
        merged = bio_ner.merge_entities_and_spans(doc)
        again = Doc(nlp.vocab).from_json(merged.to_json(underscore=[CONFIDENCE]))
        assert confidences(merged) == confidences(again) == expected and len(again) == len(WORDS) - 1

    def test_a_mention_that_is_widened_by_merging_can_be_written(self, nlp):
        doc = Doc(nlp.vocab, words=WORDS)
        doc.set_ents([Span(doc, 5, 8, label="Symptom")], default="missing")
        merged = bio_ner.merge_entities_and_spans(component_that_finds(nlp, *MENTIONS)(doc))
        again = Doc(nlp.vocab).from_json(merged.to_json(underscore=[CONFIDENCE]))
        assert confidences(again) == [doc.spans["bio_ner"].attrs["scores"][0], None]

    def test_another_extension_of_that_name_stays(self, nlp):
        ours = Span.get_extension(CONFIDENCE)
        try:
            Span.set_extension(CONFIDENCE, default="theirs", force=True)
            import_file("second_copy", Path(bio_ner.__file__))
            doc = component_that_finds(nlp, *MENTIONS)(Doc(nlp.vocab, words=WORDS))
            assert confidences(doc) == ["theirs", "theirs"] and not doc.user_data
        finally:
            _, _, getter, setter = ours
            Span.set_extension(CONFIDENCE, getter=getter, setter=setter, force=True)

    def test_merging_leaves_the_values_of_others_alone(self, nlp, doc):
        ours = Span.get_extension(CONFIDENCE)
        try:
            Span.set_extension(CONFIDENCE, default=None, force=True)
            doc.ents[0]._.confidence = "theirs"
            assert confidences(bio_ner.merge_entities_and_spans(doc))[0] == "theirs"
        finally:
            _, _, getter, setter = ours
            Span.set_extension(CONFIDENCE, getter=getter, setter=setter, force=True)

    @pytest.mark.parametrize("mentions", [(), MENTIONS])
    def test_confidences_of_docs_and_tokens_are_left_alone(self, nlp, mentions):
        try:
            Doc.set_extension(CONFIDENCE, default=0.5)
            Token.set_extension(CONFIDENCE, default=0.25)
            doc = component_that_finds(nlp, *mentions)(Doc(nlp.vocab, words=WORDS))
            doc[0]._.confidence = 0.75
            merged = bio_ner.merge_entities_and_spans(doc)
            assert (merged._.confidence, merged[0]._.confidence, merged[1]._.confidence) == (0.5, 0.75, 0.25)
        finally:
            Doc.remove_extension(CONFIDENCE)
            Token.remove_extension(CONFIDENCE)

    def test_a_released_factory_leaves_nothing_else_in_a_doc(self, nlp):
        model = component_that_finds(nlp, *MENTIONS).model
        component = make_bio_ner(nlp, "bio_ner", model, None)
        component.cfg["labels"] = list(LABELS)
        doc = component(Doc(nlp.vocab, words=WORDS))
        assert len(confidences(doc)) == 2 and None not in confidences(doc) and not doc.user_data
