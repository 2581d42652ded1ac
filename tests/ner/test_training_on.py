"""Test that users can train a pipeline further with spaCy's command and a short config, with its head or a new one."""
from pathlib import Path

import pytest
import spacy
from spacy.cli.init_config import fill_config
from spacy.cli.train import train
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span

import scripts.corpora.sentences  # noqa: F401  (registers the splitter)
from scripts.ner import sentence_transformer
from tests.ner.pipelines import LABELS, entities

# As documented, to be filled by `spacy init fill-config`; there, the name of a package stands for the pipeline.
CONFIG = """
[nlp]
lang = "xx"
pipeline = ["sentence_splitter","transformer","bio_ner","doc_cleaner"]

[components]
sentence_splitter = {"source":"PIPELINE"}
transformer = {"source":"PIPELINE"}
bio_ner = {"source":"PIPELINE"}
doc_cleaner = {"source":"PIPELINE"}

[training]
max_epochs = 8
annotating_components = ["sentence_splitter"]
optimizer = {"@optimizers":"Adam.v1","learn_rate":2e-5}

[initialize]
before_init = {"@callbacks":"spacy.copy_from_base_model.v1","tokenizer":"PIPELINE"}
"""
SOURCED_HEAD = 'bio_ner = {"source":"PIPELINE"}'
FRESH_HEAD = 'bio_ner = {"factory":"bio_ner"}'
NEW_SENTENCES = [
    ("Accutane made my lips peel .", [(0, 1, "Drug"), (3, 5, "Disease")]),
    ("Больная принимает сонапакс .", [(2, 3, "Drug")]),
]
LAB_SENTENCES = [
    ("Took aspirin , glucose was 7 .", [(1, 2, "Drug"), (3, 4, "Test")]),
    ("Глюкоза в норме , принимает аспирин .", [(0, 1, "Test"), (5, 6, "Drug")]),
]


@pytest.fixture(scope="module")
def pipeline(trained: Language, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RETURNS (Path): A trained pipeline as it is shipped."""
    folder = tmp_path_factory.mktemp("pipeline")
    trained.to_disk(folder / "trained")
    nlp = spacy.load(
        folder / "trained", config={"components": {"transformer": {"factory": sentence_transformer.FACTORY}}}
    )
    nlp.add_pipe("sentence_splitter", first=True)
    nlp.add_pipe("doc_cleaner")
    nlp.to_disk(folder / "shipped")
    return folder / "shipped"


def save_docs(path: Path, sentences: list) -> Path:
    """Annotated documents as `spacy train` takes them."""
    vocab, docs = spacy.blank("xx").vocab, []
    for words, mentions in sentences:
        docs.append(Doc(vocab, words=words.split()))
        docs[-1].set_ents([Span(docs[-1], *mention) for mention in mentions])
    DocBin(docs=docs).to_disk(path)
    return path


def train_on(pipeline: Path, folder: Path, sentences: list, config: str, rate: str, epochs: int) -> Language:
    """RETURNS (Language): What `spacy train` makes of a pipeline, at a rate at which a tiny encoder learns."""
    docs = save_docs(folder / "docs.spacy", sentences)
    text = config.replace("PIPELINE", str(pipeline)).replace("2e-5", rate).replace("epochs = 8", f"epochs = {epochs}")
    (folder / "short.cfg").write_text(text)
    fill_config(folder / "config.cfg", folder / "short.cfg")
    train(folder / "config.cfg", folder / "out", overrides={"paths.train": str(docs), "paths.dev": str(docs)})
    return spacy.load(folder / "out" / "model-last")


def test_a_short_config_teaches_a_pipeline_new_mentions(pipeline, tmp_path):
    before = spacy.load(pipeline)
    nlp = train_on(pipeline, tmp_path, NEW_SENTENCES, CONFIG, "3e-3", 20)
    assert nlp.pipe_names == before.pipe_names and nlp.get_pipe("bio_ner").labels == LABELS
    assert nlp.get_pipe_meta("transformer").factory == sentence_transformer.FACTORY
    assert nlp.tokenizer.to_bytes(exclude=["vocab"]) == before.tokenizer.to_bytes(exclude=["vocab"])
    for words, mentions in NEW_SENTENCES:
        assert entities(before(words)) != mentions
        assert entities(nlp(words)) == mentions
    # Nobody's pipeline is changed by it.
    assert entities(spacy.load(pipeline)(NEW_SENTENCES[0][0])) == entities(before(NEW_SENTENCES[0][0]))


def test_a_fresh_head_on_the_same_encoder_learns_other_entity_types(pipeline, tmp_path):
    config = CONFIG.replace(SOURCED_HEAD, FRESH_HEAD)
    nlp = train_on(pipeline, tmp_path, LAB_SENTENCES, config, "1e-2", 40)
    assert nlp.get_pipe("bio_ner").labels == ("Drug", "Test")
    for words, mentions in LAB_SENTENCES:
        assert entities(nlp(words)) == mentions


def test_entity_types_that_a_head_does_not_know_are_refused_by_spacys_command(pipeline, tmp_path):
    with pytest.raises(ValueError, match="'bio_ner' can't learn the unknown entity type 'Test'. Known: Disease, Drug."):
        train_on(pipeline, tmp_path, LAB_SENTENCES, CONFIG, "1e-3", 1)
