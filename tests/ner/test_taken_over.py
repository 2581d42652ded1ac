"""Test components sourced into other pipelines: alone, twice, with their own encoder, next to spaCy's components."""
import inspect
from pathlib import Path

import numpy
import pytest
import spacy
from spacy import displacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.util import import_file, load_model_from_config, registry
from thinc.api import Config

from scripts.corpora import sentences
from scripts.ner import bio_ner, lstm, sentence_transformer
from scripts.ner.bio_ner import FACTORY, MERGING_FACTORY, load_package, merge_entities_and_spans
from scripts.ner.optimizer import make_adam
from scripts.ner.sentence_transformer import CLEANER
from tests.ner.pipelines import LABELS, component_that_finds, entities, make_pipeline, toy_examples, update

TEXT = "Took aspirin for the headache .\nПриняла аспирин от головной боли ."
LISTENER = ["model.tok2vec"]


def scores(doc: Doc, key: str = "bio_ner") -> list[float]:
    return doc.spans[key].attrs["scores"]


def spans(doc: Doc, key: str) -> list[tuple]:
    return [(span.start_char, span.end_char, span.label_) for span in doc.spans[key]]


def copy_of(nlp: Language, folder: Path) -> Language:
    """RETURNS (Language): The pipeline, saved and loaded."""
    nlp.to_disk(folder)
    return spacy.load(folder)


@pytest.fixture(scope="module")
def nlp() -> Language:
    """RETURNS (Language): An empty pipeline."""
    return spacy.blank("xx")


@pytest.fixture()
def saved(trained, tmp_path) -> Path:
    """RETURNS (Path): The trained pipeline on disk."""
    trained.to_disk(tmp_path / "saved")
    return tmp_path / "saved"


class TestOwnEncoder:
    """`nlp.replace_listeners`, and the same in a config."""

    def test_entities_stay_when_it_is_saved_and_loaded(self, trained, saved, tmp_path):
        nlp = spacy.load(saved)
        nlp.replace_listeners("transformer", "bio_ner", LISTENER)
        nlp.remove_pipe("transformer")
        expected = trained(TEXT)
        for one in (nlp, copy_of(nlp, tmp_path / "x"), load_model_from_config(nlp.config).from_bytes(nlp.to_bytes())):
            doc = one(TEXT)
            assert entities(doc) == entities(expected) != []
            assert scores(doc) == scores(expected)

    def test_a_config_that_sources_it_gives_the_same(self, trained, saved, tmp_path):
        source = {"source": str(saved), "replace_listeners": LISTENER}
        config = {"nlp": {"lang": "xx", "pipeline": ["bio_ner"]}, "components": {"bio_ner": source}}
        nlp = copy_of(load_model_from_config(Config(config), auto_fill=True), tmp_path / "x")
        assert entities(nlp(TEXT)) == entities(trained(TEXT))
        assert scores(nlp(TEXT)) == scores(trained(TEXT))

    def test_its_settings_are_those_of_the_encoder(self, tiny_encoder, tmp_path):
        nlp = make_pipeline(tiny_encoder, max_subwords=12, inference_precision="bfloat16")
        nlp.replace_listeners("transformer", "bio_ner", LISTENER)
        text = "rash " * 40
        doc = nlp(text)
        loaded = copy_of(nlp, tmp_path / "x")
        assert nlp.config["components"]["bio_ner"]["model"]["tok2vec"]["max_subwords"] == 12
        own = [
            next(node for node in one.get_pipe("bio_ner").model.walk() if node.name == "transformer")
            for one in (nlp, loaded)
        ]
        for encoder in own:
            assert encoder.layers[0].shims[0].inference_precision == "bfloat16"
            assert len(encoder.attrs["get_spans"]([doc])[0]) > 1

    @pytest.mark.parametrize("is_loaded", [False, True])
    def test_it_learns_and_the_shared_encoder_does_not(self, saved, tmp_path, is_loaded):
        nlp = spacy.load(saved)
        nlp.replace_listeners("transformer", "bio_ner", LISTENER)
        nlp = copy_of(nlp, tmp_path / "x") if is_loaded else nlp
        own = next(node for node in nlp.get_pipe("bio_ner").model.walk() if node.name == "transformer")
        shared = nlp.get_pipe("transformer").model
        weights = [next(model.transformer.parameters()) for model in (own, shared)]
        before = [weight.detach().clone() for weight in weights]
        assert (before[0] == before[1]).all()
        losses = {}
        nlp.get_pipe("bio_ner").update(toy_examples(nlp), sgd=make_adam(1e-3, {}), losses=losses)
        assert losses["bio_ner"] > 0
        assert [bool((now == then).all()) for now, then in zip(weights, before, strict=True)] == [False, True]

    def test_no_text_of_the_training_goes_along(self, tiny_encoder):
        nlp = make_pipeline(tiny_encoder)
        update(nlp, make_adam(1e-3, {}))
        assert nlp.get_pipe("transformer").model.layers[0].shims[0]._kept
        nlp.replace_listeners("transformer", "bio_ner", LISTENER)
        own = next(node for node in nlp.get_pipe("bio_ner").model.walk() if node.name == "transformer")
        assert not own.layers[0].shims[0]._kept


class TestWithoutVectors:
    """An error, where no entity would be found otherwise."""

    @pytest.mark.parametrize("settings", [{"exclude": ["transformer"]}, {"disable": ["transformer"]}])
    def test_an_encoder_that_is_left_out_is_an_error(self, saved, settings):
        nlp = spacy.load(saved, **settings)
        with pytest.raises(ValueError, match="'bio_ner' found no token vectors"):
            nlp(TEXT)
        with pytest.raises(ValueError, match="replace_listeners"):
            list(nlp.pipe([TEXT]))
        assert not nlp("").ents

    def test_a_component_taken_alone_is_an_error(self, saved):
        nlp = spacy.blank("en")
        nlp.add_pipe("bio_ner", source=spacy.load(saved), name="drugs")
        with pytest.raises(ValueError, match="'drugs' found no token vectors"):
            nlp(TEXT)

    def test_a_cleaner_before_it_is_an_error(self, saved):
        nlp = spacy.load(saved)
        nlp.add_pipe(CLEANER, before="bio_ner")
        with pytest.raises(ValueError, match="without a 'doc_cleaner' in between"):
            nlp(TEXT)

    def test_a_listener_to_spacys_tok2vec_is_told_too(self):
        nlp = spacy.blank("xx")
        nlp.add_pipe("tok2vec")
        listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "*"}
        nlp.add_pipe("bio_ner", config={"model": {"@architectures": "interlingual.BioTagger.v1", "tok2vec": listener}})
        nlp.initialize(lambda: toy_examples(nlp))
        nlp(TEXT)
        with nlp.select_pipes(disable=["tok2vec"]), pytest.raises(ValueError, match="found no token vectors"):
            nlp(TEXT)


class TestTwice:
    def test_two_of_one_pipeline_keep_their_mentions_apart(self, trained, saved):
        nlp = spacy.load(saved)
        nlp.add_pipe("bio_ner", name="second", source=spacy.load(saved))
        doc, expected = nlp(TEXT), trained(TEXT)
        assert set(doc.spans) == {"bio_ner", "second"}
        for key in doc.spans:
            assert spans(doc, key) == spans(expected, "bio_ner") != []
            assert scores(doc, key) == scores(expected)

    def test_the_key_is_a_setting_that_survives(self, tiny_encoder, tmp_path):
        nlp = make_pipeline(tiny_encoder)
        nlp.add_pipe(FACTORY, name="second", config={"spans_key": "mine"}).initialize(lambda: toy_examples(nlp))
        assert set(copy_of(nlp, tmp_path / "x")(TEXT).spans) == {"bio_ner", "mine"}
        config = {"components": {"second": {"spans_key": "yours"}}}
        assert set(spacy.load(tmp_path / "x", config=config)(TEXT).spans) == {"bio_ner", "yours"}


class TestMergedEntities:
    def doc(self, nlp: Language) -> Doc:
        doc = nlp.make_doc("The patient was given ibuprofen for back pain today .")
        component_that_finds(nlp, (4, 5, "Drug"), (6, 8, "Disease"))(doc)
        part, across = Span(doc, 7, 8, "Part", kb_id="Q1", span_id="s1"), Span(doc, 5, 9, "Across")
        doc.spans["others"] = SpanGroup(doc, name="others", attrs={"kept": 1}, spans=[part, across])
        return doc

    def test_spans_move_along(self, nlp):
        doc = merge_entities_and_spans(self.doc(nlp))
        assert [token.text for token in doc if token.ent_type] == ["ibuprofen", "back pain"]
        assert [(span.text, span.label_) for span in doc.spans["bio_ner"]] == [
            ("ibuprofen", "Drug"),
            ("back pain", "Disease"),
        ]
        assert len(scores(doc)) == 2
        part, across = doc.spans["others"]
        assert (part.text, part.kb_id_, part.id_) == ("back pain", "Q1", "s1")
        assert (across.text, across.label_) == ("for back pain today", "Across")
        assert doc.spans["others"].attrs == {"kept": 1}

    def test_empty_spans_stay_empty(self, nlp):
        doc = self.doc(nlp)
        doc.spans["empty"] = [Span(doc, 0, 0), Span(doc, 8, 8), Span(doc, len(doc), len(doc))]
        merged = merge_entities_and_spans(doc)
        assert [(span.start, span.end) for span in merged.spans["empty"]] == [(0, 0), (7, 7), (9, 9)]

    def test_the_doc_can_be_written(self, nlp):
        doc = merge_entities_and_spans(self.doc(nlp))
        assert doc.to_json()["spans"]["bio_ner"]
        (copy,) = DocBin(docs=[doc]).get_docs(nlp.vocab)
        assert spans(copy, "bio_ner") == spans(doc, "bio_ner")

    def test_it_is_a_component(self, trained, saved):
        nlp = spacy.load(saved)
        nlp.add_pipe(MERGING_FACTORY)
        doc = nlp(TEXT)
        assert [token.text for token in doc if token.ent_type] == [ent.text for ent in trained(TEXT).ents]
        assert scores(doc) == scores(trained(TEXT))
        assert not merge_entities_and_spans(nlp.make_doc("")).spans


class TestCleaner:
    def test_spans_have_vectors_and_can_be_shown_and_taken_out(self, saved):
        nlp = spacy.load(saved)
        nlp.add_pipe(sentences.NAME, first=True)
        nlp.add_pipe(CLEANER)
        doc = nlp(TEXT)
        assert doc._.trf_data is None
        assert isinstance(doc.tensor, numpy.ndarray)
        assert [ent.text for sent in doc.sents for ent in sent.as_doc().ents] == [ent.text for ent in doc.ents]
        assert "aspirin" in displacy.render(doc[0:3], style="ent", jupyter=False)
        assert doc.ents[0].vector.size == 0

    def test_a_doc_that_no_encoder_has_seen_stays(self):
        doc = Doc(spacy.blank("xx").vocab, words=["rash"])
        assert sentence_transformer.clean_trf_data(doc) is doc


class TestBesideOthers:
    @pytest.mark.parametrize("place", [{"first": True}, {"last": True}])
    def test_entities_that_stand_there_win_and_a_ruler_behind_adds(self, saved, place):
        nlp = spacy.load(saved)
        ruler = nlp.add_pipe("entity_ruler", **place)
        ruler.add_patterns([{"label": "Sign", "pattern": "headache"}, {"label": "Word", "pattern": "Took"}])
        found = {ent.text: ent.label_ for ent in nlp(TEXT).ents}
        assert (found["Took"], found["aspirin"]) == ("Word", "Drug")
        assert found["headache"] == ("Sign" if "first" in place else "Disease")

    def test_it_works_beside_another_tagger(self, trained, saved):
        source = spacy.load(saved)
        nlp = spacy.blank("xx")
        nlp.add_pipe("tagger").add_label("X")
        nlp.initialize()
        for name in ("transformer", "bio_ner"):
            nlp.add_pipe(name, source=source)
        assert entities(nlp(TEXT)) == entities(trained(TEXT))
        assert {token.tag_ for token in nlp(TEXT)} == {"X"}

    def test_a_head_that_is_left_out_leaves_no_trace(self, saved):
        for settings in ({"exclude": ["bio_ner"]}, {"disable": ["bio_ner"]}):
            doc = spacy.load(saved, **settings)(TEXT)
            assert not doc.ents and not doc.spans


class TestInitialize:
    """What `spacy assemble` does."""

    def test_weights_stay_without_an_example(self, trained, saved):
        nlp = spacy.load(saved)
        nlp.config["initialize"]["components"] = {}
        nlp.initialize()
        assert entities(nlp(TEXT)) == entities(trained(TEXT))

    def test_they_do_not_with_examples(self, saved):
        nlp = spacy.load(saved)
        nlp.config["initialize"]["components"] = {}
        head = nlp.get_pipe("bio_ner").model.get_ref("output")
        before = head.get_param("W").copy()
        nlp.initialize(lambda: toy_examples(nlp))
        assert not (head.get_param("W") == before).all()

    def test_a_package_gives_the_weights_of_the_models_that_are_its_own(self, trained, tmp_path, monkeypatch):
        package = tmp_path / "xx_made"
        package.mkdir()
        trained.to_disk(package / "xx_made-1.2.3")
        (package / "__init__.py").write_text("")
        (package / "meta.json").write_text('{"version": "1.2.3"}')
        monkeypatch.syspath_prepend(tmp_path)
        for changed in (False, True):
            config = trained.config.copy()
            config["components"]["bio_ner"]["model"]["tok2vec"]["grad_factor"] = 0.5 if changed else 1.0
            config["training"]["max_steps"] = 7
            nlp = load_package("xx_made")(load_model_from_config(config, meta={"name": "mine"}))
            assert (nlp.config["training"]["max_steps"], nlp.meta["name"]) == (7, "mine")
            assert nlp.get_pipe("transformer").model.attrs["has_transformer"]
            assert nlp.get_pipe("bio_ner").labels == (() if changed else LABELS)
        config = trained.config.copy()
        # The weights are the same however they are computed with.
        config["components"]["transformer"]["model"]["inference_precision"] = "bfloat16"
        nlp = load_package("xx_made")(load_model_from_config(config))
        assert nlp.get_pipe("transformer").model.attrs["has_transformer"]
        nlp = load_package("xx_made")(load_model_from_config(trained.config))
        assert entities(nlp(TEXT)) == entities(trained(TEXT))

    def test_a_package_that_is_not_there_is_named(self):
        load = load_package("xx_nowhere")
        with pytest.raises(ValueError, match="Can't find package 'xx_nowhere'.*before_init to null"):
            load(spacy.blank("xx"))


MODULES = (sentences, bio_ner, lstm, sentence_transformer)
# What released packages register, and the arguments in their configs. Both must stay as they are, so that these
# packages load next to newer ones. A function with other arguments has another name.
RELEASED_FACTORIES = {"bio_ner": {"model", "scorer"}, "sentence_splitter": set()}
ENCODER = {
    "name",
    "max_subwords",
    "tokenizer_config",
    "transformer_config",
    "training_precision",
    "inference_precision",
}
RELEASED_FUNCTIONS = {
    ("architectures", "interlingual.BioTagger.v1"): {"tok2vec", "nO"},
    ("architectures", "interlingual.CrfTagger.v1"): {"tok2vec", "nO"},
    ("architectures", "interlingual.SentenceTransformer.v2"): ENCODER,
    ("architectures", "interlingual.SentenceTransformer.v3"): ENCODER,
    ("architectures", "interlingual.SentenceTok2Vec.v1"): ENCODER | {"pooling", "grad_factor"},
    ("architectures", "interlingual.CharacterWordLSTM.v1"): {
        "character_width",
        "character_lstm_width",
        "word_width",
        "word_rows",
        "vector_width",
        "lstm_width",
        "depth",
    },
    ("layers", "interlingual.first_subword.v1"): set(),
}


class TestRegistration:
    @pytest.mark.parametrize("name", RELEASED_FACTORIES)
    def test_a_released_factory_keeps_its_arguments(self, name):
        arguments = set(inspect.signature(registry.factories.get(name)).parameters)
        assert arguments == {"nlp", "name"} | RELEASED_FACTORIES[name]

    @pytest.mark.parametrize("place", RELEASED_FUNCTIONS, ids=lambda place: place[1])
    def test_a_released_function_keeps_its_arguments(self, place):
        function = registry.get(*place)
        assert set(inspect.signature(function).parameters) == RELEASED_FUNCTIONS[place]

    @pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
    def test_a_second_copy_has_all_functions_and_registers_none(self, module):
        names = [(kind, name) for kind in ("architectures", "layers", "callbacks") for name in own_names(kind)]
        names += [("factories", name) for name in own_names("factories")]
        before = {place: registry.get(*place) for place in names}
        copy = import_file("copy", Path(module.__file__))
        assert {place: registry.get(*place) for place in names} == before
        own = {function.__name__ for function in before.values() if function.__module__ == module.__name__}
        assert own - {"factory_func"} and all(hasattr(copy, name) for name in own - {"factory_func"})


def own_names(kind: str) -> list[str]:
    """RETURNS (list[str]): The names that the bundled modules have registered."""
    modules = {module.__name__ for module in MODULES}
    return [name for name, function in getattr(registry, kind).get_all().items() if function.__module__ in modules]
