"""Test a package's model card and its licenses."""
import json
import shutil
import subprocess
from dataclasses import replace

import pytest
import srsly

from scripts.corpora.settings import read_corpus_settings
from scripts.encoders.offline import MULTILINGUAL_E5_SMALL
from scripts.encoders.record import EncoderRecord
from scripts.evaluation.scores import Score
from scripts.experiments.execute import execute_kind
from scripts.experiments.plan import shipped_runs
from scripts.experiments.workspace import Recipe
from scripts.results.kinds import SHIPPED
from scripts.results.runs import RunScores, read_run
from scripts.shipping.card import (
    Measured,
    citations,
    make_card,
    render_card,
    scores_of_other_seeds,
    with_measurements,
    with_size,
)
from scripts.shipping.environment import Speed
from scripts.shipping.evaluation import CorpusScores, Evaluation
from scripts.shipping.naming import package_name
from scripts.shipping.showing import score_table
from scripts.shipping.sources import NOTICE, encoder_source, licenses_of_sources
from tests.experiments.tiny import CORPORA, ROOT, change_data, open_project
from tests.shipping.conftest import NAMES, VERSION

PACKAGE = package_name(NAMES[0], VERSION)


@pytest.fixture(scope="module")
def card(packaged):
    return make_card(packaged.workspace, PACKAGE, packaged.results, None)


def with_corpus(workspace, name, **changes):
    corpus = workspace.corpora[name]
    changed = replace(corpus, settings=corpus.settings.model_copy(update=changes))
    return replace(workspace, corpora={**workspace.corpora, name: changed})


def test_the_wheel_has_the_card_where_spacy_and_pip_look_for_it(unpacked):
    pipeline = unpacked / f"xx_{NAMES[0]}" / f"xx_{NAMES[0]}-{VERSION}"
    text = (pipeline / "README.md").read_text(encoding="utf8")
    assert text.startswith(f"# xx_{NAMES[0]} {VERSION}\n") and "MB on disk" in text
    information = unpacked / f"xx_{NAMES[0]}-{VERSION}.dist-info"
    metadata = (information / "METADATA").read_text(encoding="utf8")
    assert text.strip() in metadata and "Requires-Python: >=3.11" in metadata
    licenses = (pipeline / "LICENSES_SOURCES").read_text(encoding="utf8")
    assert (information / "licenses" / "LICENSES_SOURCES").read_text(encoding="utf8") == licenses
    sources = json.loads((pipeline / "meta.json").read_text(encoding="utf8"))["sources"]
    assert [source["name"] for source in sources] == [*CORPORA, "tiny"]
    assert {source["license"] for source in sources[:-1]} == {"none stated"}


def test_the_usage_block_runs(card, python, tmp_path):
    block = render_card(card).partition("```python\n")[2].partition("```")[0]
    assert len(block.strip().splitlines()) == 6
    done = subprocess.run([python, "-I", "-c", block], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_scores_are_those_of_the_runs(packaged, card):
    text = render_card(card)
    for run in shipped_runs(packaged.workspace.experiment):
        score = read_run(packaged.workspace.runs / f"{run.id}.json").scores.tokens["Drug"]
        assert f"| {run.target} | Drug | {score.precision:.1f} | {score.recall:.1f} | {score.f1:.1f} |" in text
    assert "scores of one training seed" in text


def without_diseases(result):
    scores = {name: score for name, score in result.scores.tokens.items() if name != "Disease"}
    both = RunScores({**scores, "Disease": Score(0, 2, 0)}, result.scores.characters)
    return replace(result, scores=both, capitals=both)


def test_a_type_without_a_mention_in_a_test_part_is_not_scored(packaged, monkeypatch):
    first, *rest = [without_diseases(packaged.results[0]), *packaged.results[1:]]
    corpus = first.coordinates.target
    monkeypatch.setattr("scripts.shipping.card.scores_of_other_seeds", lambda workspace: {corpus: [first]})
    card = make_card(packaged.workspace, PACKAGE, [first, *rest], None)
    assert f"| {corpus} | Disease | - | - | - | - |  |" in render_card(card)
    scores = CorpusScores(first.scores.tokens, first.scores.tokens, first.scores.tokens)
    evaluation = Evaluation({corpus: scores}, {}, {}, {"python": "3"}, Speed(1.5, 1234.0))
    assert f"| {corpus} | Disease | - | - |\n" in render_card(with_measurements(card, evaluation, 1))
    assert [row[2:4] for row in score_table(evaluation)[1:]] == [(f"{scores.raw_text['Drug'].f1:.1f}", "-")] * 3


def test_invented_texts_are_told_first_and_only_if_the_corpus_file_says_so(packaged, card):
    assert "invented" not in render_card(card)
    some = with_corpus(packaged.workspace, "en_ugt", invented=True, title="Made-up posts")
    first = render_card(make_card(some, PACKAGE, packaged.results, None)).partition("## Use it")[0]
    assert "**Some texts of this package's corpora are invented** (Made-up posts)" in first


def test_a_license_and_a_page_are_shown(packaged):
    told = {"title": "Notes of Ward 7", "license": "CC BY 4.0", "url": "https://example.org/notes", "author": "Ward 7"}
    workspace = with_corpus(packaged.workspace, "ru_ehr", **told)
    text = render_card(make_card(workspace, PACKAGE, packaged.results, None))
    assert "[Notes of Ward 7](https://example.org/notes) (`ru_ehr`)" in text and "| CC BY 4.0 |" in text
    assert "- Notes of Ward 7, https://example.org/notes, Ward 7: CC BY 4.0\n" in licenses_of_sources(workspace)


def test_the_offline_encoder_goes_with_its_notice_in_full_and_others_without(packaged):
    recipe = packaged.workspace.recipe
    name, revision = MULTILINGUAL_E5_SMALL.name, MULTILINGUAL_E5_SMALL.revision
    offline = replace(recipe.encoder, name=name, revision=revision)
    workspace = replace(packaged.workspace, recipe=Recipe(recipe.template, offline))
    notice = NOTICE.read_text(encoding="utf8")
    assert "Copyright (c) Microsoft Corporation" in notice and "THE SOFTWARE IS PROVIDED" in notice
    assert notice.strip() in licenses_of_sources(workspace)
    assert "Permission is hereby granted" not in licenses_of_sources(packaged.workspace)
    hub = EncoderRecord("org/model", "org/model", offline.path, "abc", "", 1, 1, 1)
    assert (encoder_source(hub).url, encoder_source(hub).license) == (
        "https://huggingface.co/org/model",
        "see its model card",
    )


def test_word_embeddings_that_were_trained_are_told(packaged, card):
    assert "word embeddings were trained" not in render_card(card)
    experiment = packaged.workspace.experiment.model_copy(update={"frozen": "nothing"})
    text = render_card(make_card(replace(packaged.workspace, experiment=experiment), PACKAGE, packaged.results, None))
    assert "Its word embeddings were trained too" in text and "frozen: word_embeddings" in text


def test_calibration_size_and_speed_are_shown_where_they_are_known(card):
    plain = render_card(with_size(card, 3_210_000))
    assert "takes 3.2 MB" in plain and "## Confidence" not in plain and "words per second, measured" not in plain
    measured = Measured("0.9", "1,200", "Some CPU", "2 threads", "3.12.1")
    note = ("Fitted on held-out documents.", "The error is 0.041.")
    raw = (("ru_ehr", "micro", "61.5", "60.5"),)
    full = render_card(replace(card, measured=measured, calibration=note, raw_text=raw))
    assert "loads in 0.9 s and processes 1,200 words per second" in full
    assert "Some CPU with 2 threads, Python 3.12.1" in full
    assert "## Confidence" in full and "The error is 0.041." in full and "| ru_ehr | micro | 61.5 | 60.5 |" in full


def test_scores_of_other_seeds_stand_beside_those_of_the_package(packaged, card, tmp_path):
    assert "scores of one training seed" in render_card(card)
    root = shutil.copytree(packaged.root, tmp_path / "project")
    others = {result.coordinates.target: result for result in execute_kind(open_project(root, seed=3), SHIPPED)}
    workspace = open_project(root)
    assert scores_of_other_seeds(workspace) == {target: [result] for target, result in others.items()}
    text = render_card(make_card(workspace, PACKAGE, packaged.results, None))
    assert "there are results of 1 more" in text
    for target, result in others.items():
        (row,) = [line for line in text.splitlines() if line.startswith(f"| {target} | micro |")]
        assert f"mean {result.scores.tokens['micro'].f1:.1f}" in row
    # Of other data it says nothing.
    change_data(workspace, "ru_ehr", "train")
    assert scores_of_other_seeds(open_project(root)) == {}


def test_what_to_cite_is_what_the_citation_file_says():
    cited = srsly.read_yaml(ROOT / "CITATION.cff")
    project, paper = citations()
    assert cited["title"] in project
    assert cited["references"][0]["title"] in paper and cited["references"][0]["doi"] in paper


def test_every_corpus_file_of_the_project_says_what_kind_of_text_it_is_and_under_which_license():
    for path in (ROOT / "configs" / "corpora").glob("*.yml"):
        settings = read_corpus_settings(path)
        assert settings.title and settings.description and settings.license
        assert settings.url or settings.invented
        # Parts of corpora, which `convert` writes, are as these are.
        if settings.path.parts[0] != "corpus":
            assert settings.invented == (settings.path.parts[:2] == ("assets", "sample"))
