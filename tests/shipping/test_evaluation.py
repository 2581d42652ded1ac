"""Scores of the installed package, and the command that writes them."""
import json
import shutil
from contextlib import contextmanager
from dataclasses import replace

import pytest
import spacy
from spacy.tokens import Doc, SpanGroup
from spacy.training import Example
from spacy.util import fix_random_seed

from scripts import evaluate_package
from scripts.base.errors import ProjectError
from scripts.base.files import hash_file
from scripts.evaluation.scores import Score
from scripts.shipping.environment import Answer
from scripts.shipping.evaluation import CorpusScores, Evaluation, check_same_scores, score_examples, shipped_results
from scripts.shipping.examples import AnnotatedText, Entity
from scripts.shipping.installed import answer, write_answer
from scripts.shipping.showing import example_lines
from tests.experiments.tiny import CORPORA, EXPERIMENT, open_project
from tests.shipping.conftest import EXAMPLES, NAMES, VERSION


@pytest.fixture()
def project(packaged, tmp_path):
    """A copy of what `evaluate-package` reads and writes."""
    for name in ("configs", "corpus", "metrics", "packages"):
        shutil.copytree(packaged.root / name, tmp_path / name)
    (tmp_path / "training").mkdir()
    shutil.copyfile(packaged.root / "training" / "encoder.json", tmp_path / "training" / "encoder.json")
    (tmp_path / "requirements.txt").touch()
    return tmp_path


@pytest.fixture()
def without_pip(monkeypatch, python):
    """Take the environment that has the packages already, since a clean one takes minutes."""

    @contextmanager
    def environment(folder):
        yield python

    monkeypatch.setattr(evaluate_package, "clean_environment", environment)
    monkeypatch.setattr(evaluate_package, "install_wheel", lambda python, wheel, constraints: None)


def evaluate(project, packaged, name=NAMES[0]):
    places = ("configs", "corpus", "training", "metrics", "packages")
    settings = {**packaged.settings, **{place: project / place for place in places}}
    requirements = project / "requirements.txt"
    evaluate_package.main(**settings, requirements=requirements, name=name, version=VERSION)


def test_the_command_scores_both_ways_and_the_examples(packaged, project, without_pip, capsys):
    evaluate(project, packaged)
    written = json.loads((project / "metrics" / EXPERIMENT / "package.json").read_text(encoding="utf8"))
    wheel = packaged.wheels[0]
    assert (written["package"], written["version"], written["wheel"]) == (f"xx_{NAMES[0]}", VERSION, wheel.name)
    assert written["sha256"] == hash_file(wheel)
    assert written["megabytes"] == pytest.approx(wheel.stat().st_size / 1e6, abs=0.05)
    assert set(written["corpora"]) == set(CORPORA)
    for result in shipped_results(packaged.workspace):
        scores = written["corpora"][result.coordinates.target]
        given = {name: (score["tp"], score["fp"], score["fn"]) for name, score in scores["given_sentences"].items()}
        assert given == {name: (score.tp, score.fp, score.fn) for name, score in result.scores.tokens.items()}
        mentions = packaged.workspace.manifest(result.coordinates.target)["splits"]["test"]["mentions"]["kept"]
        assert scores["raw_text"]["Drug"]["tp"] + scores["raw_text"]["Drug"]["fn"] == mentions["Drug"]
    for name, texts in EXAMPLES.items():
        micro = written["examples"][name]["micro"]
        assert micro["tp"] + micro["fn"] == sum(len(entities) for _, entities in texts)
    assert {"python", "spacy", "spacy-transformers", "torch", "pysbd", "razdel"} <= set(written["versions"])
    printed = capsys.readouterr().out
    assert all(text in printed for texts in EXAMPLES.values() for text, _ in texts)


def test_a_package_of_another_model_is_told_with_both_scores_and_nothing_is_written(
    packaged, project, without_pip, monkeypatch
):
    scores = {result.coordinates.target: result.scores for result in shipped_results(packaged.workspace)}
    other = {**scores["ru_ugt"].tokens, "micro": Score(1, 1, 0)}
    corpora = {name: CorpusScores(found.tokens, found.characters) for name, found in scores.items()}
    evaluation = Evaluation({**corpora, "ru_ugt": CorpusScores(other, other)}, {}, {"en": [], "ru": []}, {})
    monkeypatch.setattr(evaluate_package, "evaluate_installed", lambda *arguments: evaluation)
    before = f"F1 {scores['ru_ugt'].tokens['micro'].f1:.2f}"
    with pytest.raises(ProjectError, match=f"ru_ugt: the package is not the model.*micro F1 66.67 .*, before {before}"):
        evaluate(project, packaged)
    assert not (project / "metrics" / EXPERIMENT / "package.json").exists()


def test_a_missing_or_damaged_wheel_stops_before_an_environment_is_made(packaged, project, monkeypatch):
    made = []
    monkeypatch.setattr(evaluate_package, "clean_environment", lambda folder: made.append(folder))
    with pytest.raises(ProjectError, match="no such wheel"):
        evaluate(project, packaged, name="absent")
    wheel = project / "packages" / packaged.wheels[0].name
    wheel.write_bytes(wheel.read_bytes()[:-1000])
    with pytest.raises(ProjectError, match="damaged"):
        evaluate(project, packaged)
    assert made == []
    assert not (project / "metrics" / EXPERIMENT / "package.json").exists()


def test_results_of_other_data_do_not_count(packaged, project):
    manifest = project / "corpus" / "ru_ehr" / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf8").replace('"sha256": "', '"sha256": "0'), encoding="utf8")
    with pytest.raises(ProjectError, match="no scores for these settings and data.*Run `weasel run package` first"):
        shipped_results(open_project(project))


def test_scores_that_a_gpu_gave_are_not_compared(packaged):
    results = shipped_results(packaged.workspace)
    none = {name: Score(0, 0, 9) for name in ("Drug", "Disease", "micro")}
    evaluation = Evaluation({name: CorpusScores(none, none) for name in CORPORA}, {}, {}, {})
    with pytest.raises(ProjectError, match="0 found, 0 wrong, 9 missed"):
        check_same_scores(evaluation, results)
    check_same_scores(evaluation, [replace(result, device="NVIDIA H100") for result in results])


def test_a_pipeline_without_confidences_is_scored_and_shown():
    text, entities = EXAMPLES["en"][0]
    nlp = spacy.blank("xx")
    nlp.add_pipe("ner")
    train = [Example.from_dict(nlp.make_doc(text), {"entities": entities})]
    fix_random_seed(0)
    nlp.initialize(lambda: train)
    for _ in range(20):
        nlp.update(train)
    (found,) = answer(nlp, [{"text": text}])
    tokens, characters = (tuple(map(tuple, found[unit])) for unit in ("tokens", "characters"))
    given = Answer(tokens, characters, (None, None))
    assert tuple(found["confidences"]) == given.confidences
    annotated = AnnotatedText(text=text, entities=[Entity(start=s, end=e, label=label) for s, e, label in entities])
    assert score_examples([annotated], [given], ["Drug", "Disease"])["micro"] == Score(2, 0, 0)
    assert example_lines([annotated], [given]) == [text, "    aspirin = Drug; headache = Disease"]


def test_an_entity_that_another_component_set_has_no_confidence():
    doc = Doc(spacy.blank("xx").vocab, ["aspirin", "for", "rash"], ents=["B-Drug", "O", "B-Disease"])
    doc.spans["bio_ner"] = SpanGroup(doc, spans=[doc[0:1]], attrs={"scores": [0.75]})
    assert write_answer(doc)["confidences"] == [0.75, None]


def test_examples_are_shown_as_they_come():
    texts = [AnnotatedText(text=f"Rash {number}.", entities=[]) for number in range(5)]
    answers = [Answer((), (), ()), *[Answer(((0, 1, "Disease"),), ((0, 4, "Disease"),), (0.876,))] * 4]
    lines = example_lines(texts, answers)
    assert lines[:4] == ["Rash 0.", "    nothing found", "Rash 1.", "    Rash = Disease (0.88)"]
    assert len(lines) == 6
