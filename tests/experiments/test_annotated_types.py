"""Test that a type which a corpus doesn't annotate is unknown there: not trained as absent, not scored, not 0."""
import shutil

import pytest
import srsly

from scripts.corpora.conversion import convert_corpus, save_corpus
from scripts.corpora.parts import read_sentences
from scripts.corpora.settings import read_corpus_settings
from scripts.experiments.execute import execute_kind, jobs_of
from scripts.reporting.remarks import metric
from scripts.reporting.results import read_results
from scripts.reporting.tables.table2_in_corpus import table2_in_corpus
from scripts.results.kinds import FEW_SHOT, IN_CORPUS, ZERO_SHOT
from tests.experiments.tiny import SETTINGS, open_project, write_experiment
from tests.reporting.made_up import dicts

FEW = {**SETTINGS["few_shot"], "targets": ["ru_ehr", "en_ugt"], "sources": [[], ["ru_ugt"]], "sizes": [8], "seeds": [0]}


def convert_again(root, name, **changes):
    """Convert a corpus with other settings."""
    file = root / "configs" / "corpora" / f"{name}.yml"
    srsly.write_yaml(file, {**srsly.read_yaml(file), **changes})
    save_corpus(convert_corpus(name, read_corpus_settings(file)), root / "corpus")


@pytest.fixture(scope="module")
def root(made_project, tmp_path_factory):
    """RETURNS (Path): The tiny project, whose en_ugt annotates drugs only."""
    root = shutil.copytree(made_project, tmp_path_factory.mktemp("types") / "project")
    convert_again(root, "en_ugt", labels={"Drug": "Drug"}, ignore=["ADR"])
    write_experiment(root, {**SETTINGS, "few_shot": FEW})
    return root


@pytest.fixture(scope="module")
def results(root):
    """RETURNS (dict): The results of every run, by id."""
    runs = [result for kind in (IN_CORPUS, ZERO_SHOT, FEW_SHOT) for result in execute_kind(open_project(root), kind)]
    return {result.run: result for result in runs}


def test_every_model_looks_for_all_types(root):
    jobs = [job for kind in (IN_CORPUS, FEW_SHOT) for job in jobs_of(open_project(root), kind).values()]
    assert {job.training.entity_types for job in jobs} == {("Drug", "Disease")}


def test_sentences_tell_the_trainer_what_was_annotated(root):
    workspace = open_project(root)
    annotated = {
        name: {sentence.annotated for sentence in read_sentences([str(workspace.part(name, "train").path)])}
        for name in ("en_ugt", "ru_ehr")
    }
    assert annotated == {"en_ugt": {("Drug",)}, "ru_ehr": {("Drug", "Disease")}}


def test_it_is_not_scored_where_nobody_annotated_it(results):
    for result in results.values():
        expected = {"Drug", "micro"} if result.coordinates.target == "en_ugt" else {"Drug", "Disease", "micro"}
        assert set(result.scores.tokens) == set(result.scores.characters) == expected
    # A model that knows diseases finds some in en_ugt: they are no mistakes.
    from_ru = results["zero-shot.en_ugt.from-ru_ugt.seed-0"].scores.tokens
    assert from_ru["micro"] == from_ru["Drug"]


def test_it_is_a_dash_in_the_table_and_the_caption_names_the_types(root, results):
    read = read_results(root / "metrics", "tiny")
    rows = {row["corpus"]: row for row in dicts(table2_in_corpus(read))}
    assert rows["en_ugt"]["Disease F1"] is None and rows["en_ugt"]["Drug F1"] is not None
    assert rows["ru_ehr"]["Disease F1"] is not None
    assert "Drug and Disease" in metric(read)


def test_a_model_for_each_type_is_trained_only_where_it_is_annotated(root):
    write_experiment(root, {**SETTINGS, "types": "per_type", "few_shot": {**FEW, "sources": [[], ["en_ugt"]]}}, "apart")
    workspace = open_project(root, experiment="apart")
    trained = {(run.target, run.entity_type) for run in jobs_of(workspace, IN_CORPUS)}
    assert trained == {(name, kind) for name in SETTINGS["corpora"] for kind in ("Drug", "Disease")} - {
        ("en_ugt", "Disease")
    }
    from_english = {run.entity_type for run in jobs_of(workspace, FEW_SHOT) if run.sources == ("en_ugt",)}
    assert from_english == {"Drug"}


def test_three_types_of_which_a_corpus_has_two(root, made_project, tmp_path):
    copy = shutil.copytree(made_project, tmp_path / "project")
    convert_again(copy, "ru_ehr", labels={"Drug": "Drug", "ADR": "Reaction"})
    write_experiment(copy, {**SETTINGS, "few_shot": {**FEW, "targets": ["ru_ehr"]}})
    workspace = open_project(copy)
    assert workspace.entity_types == ("Drug", "Disease", "Reaction")
    results = execute_kind(workspace, ZERO_SHOT)
    scored = {(result.coordinates.target, tuple(sorted(result.scores.tokens))) for result in results}
    assert ("ru_ehr", ("Drug", "Reaction", "micro")) in scored and ("en_ugt", ("Disease", "Drug", "micro")) in scored
    to_reactions = next(result for result in results if result.coordinates.target == "ru_ehr")
    # No source knows reactions: what it calls a disease there is not counted against it.
    assert to_reactions.scores.tokens["micro"].fp == sum(
        to_reactions.scores.tokens[name].fp for name in ("Drug", "Reaction")
    )
