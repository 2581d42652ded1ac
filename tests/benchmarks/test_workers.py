"""Test that all peers do the same work: the same sentence passes, words and weights."""
import importlib

import numpy
import pytest
import spacy
import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer

from scripts.base.errors import ProjectError
from scripts.benchmarks import conversion, grid, growth, hugging_face, losses, plain, spacy_ways
from scripts.benchmarks.labels import IGNORED, encode_sentences
from scripts.benchmarks.material import prepare_material, read_material
from scripts.benchmarks.peers import GROWTH, PEERS, Peer
from scripts.benchmarks.settings import BenchmarkSettings
from scripts.benchmarks.turns import measure
from scripts.corpora.parts import Sentence
from scripts.ner.sentence_transformer import EncoderShim
from tests.benchmarks.conftest import SETTINGS

WITHOUT_TRAINER = importlib.util.find_spec("accelerate") is None
TRAININGS = [
    spacy_ways.train_every_weight,
    spacy_ways.train_default_recipe,
    spacy_ways.train_stock,
    plain.train_every_weight,
    plain.train_default_recipe,
]
TRAINERS = [hugging_face.train_by_defaults, hugging_face.train_tuned]
PREDICTIONS = [
    spacy_ways.predict,
    spacy_ways.predict_int8,
    spacy_ways.predict_stock,
    plain.predict,
    hugging_face.predict_by_defaults,
    hugging_face.predict_in_batches,
]


def one(measurements, task):
    (found,) = [measurement for measurement in measurements if measurement.task == task]
    return found


class TestTraining:
    @pytest.mark.parametrize("train", TRAININGS)
    def test_every_peer_passes_over_the_sentences_as_often(self, material, train):
        found = one(train(material), "training")
        assert found.amount == 2 * 20 and found.unit == "sentence passes"
        assert found.wall > 0 and found.cpu > 0 and found.memory > 50

    @pytest.mark.skipif(WITHOUT_TRAINER, reason="accelerate is not installed")
    @pytest.mark.parametrize("train", TRAINERS)
    def test_so_does_hugging_faces_trainer(self, material, train):
        assert one(train(material), "training").amount == 2 * 20

    def test_the_stock_config_has_none_of_the_projects_ways(self, material):
        config = spacy_ways.stock_config(material)
        assert "interlingual" not in str(config["training"]) + str(config["components"]["transformer"])
        assert "interlingual" not in str(config["corpora"]["train"]) and not config["initialize"]["after_init"]


class TestPrediction:
    @pytest.mark.parametrize("predict", PREDICTIONS)
    def test_every_peer_reads_as_many_words(self, material, predict):
        measurements = predict(material)
        assert one(measurements, "sentences").amount == material.words("sentences") > 40
        assert one(measurements, "documents").amount == material.words("documents") > 20

    def test_bfloat16_is_measured_where_the_hardware_has_it(self, material, monkeypatch):
        monkeypatch.setattr(spacy_ways, "has_bfloat16", lambda gpu_id: False)
        assert spacy_ways.predict_fast(material) == []
        monkeypatch.setattr(spacy_ways, "has_bfloat16", lambda gpu_id: True)
        assert {found.task for found in spacy_ways.predict_fast(material)} == {"sentences", "documents"}

    def test_the_checkpoint_has_the_weights_of_the_package(self, material):
        nlp = spacy.load(material.pipeline)
        tokenizer = AutoTokenizer.from_pretrained(material.checkpoint)
        classifier = AutoModelForTokenClassification.from_pretrained(material.checkpoint).eval()
        text = material.texts("sentences")[0]
        doc = nlp.get_pipe("transformer")(nlp.get_pipe("sentence_splitter")(nlp.make_doc(text)))
        (scores,) = nlp.get_pipe("bio_ner").model.predict([doc])
        with torch.no_grad():
            logits = classifier(**tokenizer(text, return_tensors="pt")).logits[0].numpy()
        align = doc._.trf_data.align
        firsts = (numpy.cumsum(align.lengths) - align.lengths)[align.lengths > 0]
        assert len(firsts) > 2
        assert numpy.allclose(scores[align.lengths > 0], logits[align.dataXd.ravel()[firsts]], atol=1e-4)
        assert list(classifier.config.id2label.values()) == material.tags

    def test_the_package_finds_something(self, material):
        assert one(spacy_ways.predict(material), "documents").details["entities"] > 0


class TestGrid:
    def test_the_network_and_the_rest_make_the_whole(self, material):
        found = one(grid.execute_grid(material), "grid")
        parts = found.details
        # Without a source and from one, two seeds each.
        assert found.amount == 4
        assert parts["training"] + parts["testing"] + parts["rest"] == pytest.approx(found.wall)
        assert min(parts["training"], parts["testing"], parts["rest"]) > 0
        assert parts["share"] == pytest.approx(parts["rest"] / found.wall)

    def test_the_encoder_is_left_as_it_was(self, material):
        before = dict(vars(EncoderShim))
        with grid.Network():
            assert dict(vars(EncoderShim)) != before
        assert dict(vars(EncoderShim)) == before

    def test_runs_are_the_first_targets(self, workspace, material, tmp_path):
        opened = grid.grid_workspace(material, material.benchmark.grid, tmp_path)
        runs = grid.grid_runs(opened, material.benchmark.grid)
        assert {(run.target, run.size) for run in runs} == {("ru_ehr", 6)}
        assert [(run.sources, run.seed) for run in runs] == [((), 0), ((), 1), (("en_ugt",), 0), (("en_ugt",), 1)]


def test_speed_costs_no_exactness(material):
    found = one(losses.compare_losses(material), "losses")
    # 20 sentences in batches of 4.
    assert found.amount == 5 and len(set(found.details["own"])) == 5
    assert found.details["difference"] < 1e-4


class TestGrowth:
    def test_sentences_have_the_length_and_the_types_asked_for(self, material):
        made = growth.make_sentences(material, 3, 20, ("A", "B", "C"))
        assert [len(sentence.words) for sentence in made] == [20, 20, 20]
        assert all(sentence.text.split() == list(sentence.words) for sentence in made)
        assert {label for sentence in made for *_, label in sentence.mentions} <= {"A", "B", "C"}

    @pytest.mark.parametrize("function", [growth.sentences, growth.words, growth.types, growth.document, growth.runs])
    def test_each_size_is_measured(self, material, function):
        (found,) = function(material, 2)
        assert found.amount == 2 and found.wall > 0


def test_conversion_counts_sentences(material):
    assert one(conversion.convert(material), "conversion").amount > 50


def test_every_peer_has_its_function():
    for function in [*(peer.function for peer in PEERS), *GROWTH]:
        module, _, name = function.rpartition(".")
        assert callable(getattr(importlib.import_module(f"scripts.benchmarks.{module}"), name))
    assert len({peer.name for peer in PEERS}) == len(PEERS)


def test_labels_stand_at_the_first_subword_of_each_token(tiny_encoder):
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    sentence = Sentence(
        "",
        0,
        "Took ibuprofen 400mg",
        ["Took", "ibuprofen", "400", "mg"],
        [True, True, False, False],
        [(1, 4, "Drug")],
        [],
    )
    (encoded,) = encode_sentences(tokenizer, [sentence], ["O", "B-Drug", "I-Drug"])
    assert [label for label in encoded.labels if label != IGNORED] == [0, 1, 2, 2]
    assert len(encoded.labels) == len(encoded.ids) and encoded.labels[0] == encoded.labels[-1] == IGNORED


def test_unknown_tokens_have_no_label(tiny_encoder):
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    words, spaces = ["Took", "ibuprofen", "400", "mg"], [True, True, False, False]
    sentence = Sentence("", 0, "Took ibuprofen 400mg", words, spaces, [(1, 2, "Drug")], [2, 3])
    (encoded,) = encode_sentences(tokenizer, [sentence], ["O", "B-Drug", "I-Drug"])
    assert [label for label in encoded.labels if label != IGNORED] == [0, 1]


def test_material_survives_the_way_to_a_worker(material):
    assert read_material(material.train.parent) == material


def test_more_sentences_than_there_are_are_refused(workspace, tmp_path):
    settings = BenchmarkSettings.model_validate({**SETTINGS, "sentences": 10_000})
    with pytest.raises(ProjectError, match="10000 training sentences, but the corpora have .* Use a smaller number"):
        prepare_material(workspace, workspace.corpus.parent / "configs", settings, tmp_path)


def test_a_process_of_its_own_measures(material):
    (found,) = measure(Peer("labels", "imports.import_spacy", ""), material.train.parent, 1)
    assert found.task == "import" and found.wall > 0


def test_a_worker_that_fails_is_told_in_one_line(material):
    with pytest.raises(ProjectError, match="gone .imports.nothing. failed: AttributeError") as raised:
        measure(Peer("gone", "imports.nothing", ""), material.train.parent, 1)
    assert "\n" not in str(raised.value)
