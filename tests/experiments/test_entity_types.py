"""The mapping of a corpus file decides what is looked for: also the corpus's own labels, in training and in scores."""
import spacy
import srsly

from scripts.corpora.conversion import convert_corpus, save_corpus
from scripts.corpora.settings import read_corpus_settings
from scripts.experiments.execute import carry_out_kind
from scripts.experiments.models import get_model
from scripts.experiments.plan import SourceModel
from scripts.results.kinds import IN_CORPUS
from tests.experiments.tiny import SETTINGS, open_project, write_experiment


def test_a_corpus_is_trained_and_scored_with_its_own_labels(project, capsys):
    path = project / "configs" / "corpora" / "en_ugt.yml"
    settings = srsly.read_yaml(path)
    srsly.write_yaml(path, {**settings, "labels": {"Drug": "Medicine", "ADR": "ADR"}})
    save_corpus(convert_corpus("en_ugt", read_corpus_settings(path)), project / "corpus")
    write_experiment(project, {**SETTINGS, "corpora": ["en_ugt"], "few_shot": None})
    workspace = open_project(project)
    assert workspace.entity_types == ("ADR", "Medicine")
    (result,) = carry_out_kind(workspace, IN_CORPUS)
    assert set(result.scores.tokens) == {"ADR", "Medicine", "micro"}
    assert result.scores.tokens["Medicine"].tp > 0
    kept = get_model(workspace, SourceModel(("en_ugt",), 0, workspace.experiment.in_corpus.training))
    assert spacy.load(kept.pipeline).get_pipe("bio_ner").labels == ("ADR", "Medicine")


def test_a_corpus_without_a_type_of_another_one_still_makes_a_model_that_has_it(project):
    path = project / "configs" / "corpora" / "ru_ehr.yml"
    settings = srsly.read_yaml(path)
    srsly.write_yaml(path, {**settings, "labels": {"ADR": "Disease"}, "ignore": ["Drug"]})
    save_corpus(convert_corpus("ru_ehr", read_corpus_settings(path)), project / "corpus")
    workspace = open_project(project)
    assert workspace.entity_types == ("Drug", "Disease")
    kept = get_model(workspace, SourceModel(("ru_ehr",), 0, workspace.experiment.in_corpus.training))
    assert spacy.load(kept.pipeline).get_pipe("bio_ner").labels == ("Disease", "Drug")
