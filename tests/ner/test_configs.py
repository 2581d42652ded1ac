"""Test that the config of every model trains as it is and has every entity type, whatever the sample contains."""
from io import StringIO
from pathlib import Path

import pytest
import spacy
from spacy.cli.init_pipeline import init_vectors_cli
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config

from scripts.corpora.docbin import pack_docs
from scripts.ner.bio_ner import SPANS_KEY
from tests.ner.pipelines import LABELS, example

CONFIGS = Path(__file__).parents[2] / "configs"
MODELS = sorted(path.stem for path in CONFIGS.glob("*.cfg"))
# No Drug among them.
SENTENCES = [
    ("No history of diabetes .", [(3, 4, "Disease")]),
    ("A rash and back pain .", [(1, 2, "Disease"), (3, 5, "Disease")]),
    ("Всё прошло через час .", []),
]
OVERRIDES = {
    "training.max_epochs": 0,
    "training.max_steps": 1,
    "training.batcher.size": 2,
    "training.optimizer.learn_rate.initial_rate": 0.001,
    "training.optimizer.learn_rate.warmup_steps": 0,
}


@pytest.fixture(scope="module")
def places(tiny_encoder, tmp_path_factory):
    """RETURNS (dict): What the paths of a config are set to."""
    folder = tmp_path_factory.mktemp("places")
    nlp = spacy.blank("xx")
    nlp.to_disk(folder / "tokenizer")
    docs = [example(nlp, words.split(), mentions).reference for words, mentions in SENTENCES]
    for doc in docs:
        for token in doc:
            token.is_sent_start = token.i == 0
    pack_docs(docs).to_disk(folder / "train.spacy")
    return {
        "paths.encoder": str(tiny_encoder),
        "paths.tokenizer": str(folder / "tokenizer"),
        "paths.train": [str(folder / "train.spacy")],
    }


def config_of(model, places, **overrides):
    """RETURNS (Config): A model's config for a short training."""
    there = load_config(CONFIGS / f"{model}.cfg")["paths"]
    paths = {name: value for name, value in places.items() if name.removeprefix("paths.") in there}
    return load_config(CONFIGS / f"{model}.cfg", overrides={**paths, **OVERRIDES, **overrides})


def trained(config, folder):
    """RETURNS (Language): The pipeline after two updates, as it comes back from disk."""
    nlp = init_nlp(config)
    folder.mkdir()
    train(nlp, folder, stdout=StringIO(), stderr=StringIO())
    return spacy.load(folder / "model-last")


@pytest.mark.parametrize("model", MODELS)
def test_it_trains_and_has_every_entity_type(model, places, tmp_path):
    nlp = trained(config_of(model, places), tmp_path / "out")
    head = nlp.get_pipe(nlp.pipe_names[-1])
    assert set(head.labels) == set(LABELS)
    doc = nlp("Took aspirin for the headache .")
    assert doc.has_annotation("ENT_IOB")
    # Scores of transitions are no probabilities.
    assert (SPANS_KEY in doc.spans) == (model != "transition")


@pytest.mark.parametrize("model", MODELS)
def test_runs_of_one_seed_are_one_run(model, places, tmp_path):
    texts = ["Took aspirin for the headache .", "No rash , no pain ."]
    found = []
    for number in range(2):
        nlp = trained(config_of(model, places), tmp_path / str(number))
        found.append(nlp.get_pipe(nlp.pipe_names[-1]).model.to_bytes())
        assert [doc.text for doc in nlp.pipe(texts)] == texts
    assert found[0] == found[1]


@pytest.mark.parametrize("model", MODELS)
def test_a_trained_model_can_be_trained_on(model, places, tmp_path):
    first = trained(config_of(model, places), tmp_path / "first")
    config = config_of(model, places, **{"paths.source": str(tmp_path / "first" / "model-last")})
    for name in first.pipe_names:
        config["components"][name] = {"source": "${paths.source}"}
    # What no update has changed yet is the source's own.
    nlp = init_nlp(config)
    name = nlp.pipe_names[-1]
    assert nlp.get_pipe(name).model.to_bytes() == first.get_pipe(name).model.to_bytes()
    assert set(nlp.get_pipe(name).labels) == set(LABELS)


def test_word_vectors_go_in_by_one_setting(places, tmp_path):
    (tmp_path / "glove.txt").write_text("2 3\ndiabetes 1 0 0\nrash 0 1 0\n", encoding="utf8")
    init_vectors_cli(
        "xx",
        tmp_path / "glove.txt",
        tmp_path / "vectors",
        prune=-1,
        truncate=0,
        mode="default",
        attr="ORTH",
        name=None,
        verbose=False,
        jsonl_loc=None,
    )
    nlp = trained(config_of("lstm_crf", places, **{"paths.vectors": str(tmp_path / "vectors")}), tmp_path / "out")
    assert nlp.vocab.vectors.shape == (2, 3)
    static = next(node for node in nlp.get_pipe("bio_ner").model.walk() if node.name == "static_vectors")
    assert static.get_param("W").shape == (200, 3)
    assert nlp("No rash .").text == "No rash ."
