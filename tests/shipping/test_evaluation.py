"""Test the scores of the installed package, and the command that writes them."""
import json
import shutil
import zipfile
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, SpanGroup
from spacy.training import Example
from spacy.util import fix_random_seed

from scripts import evaluate_package
from scripts.base.errors import ProjectError
from scripts.base.files import hash_file, read_checked_json, write_checked_json
from scripts.corpora.docbin import align, pack_docs
from scripts.corpora.manifest import read_manifest
from scripts.corpora.parts import Part, read_documents
from scripts.corpora.schema import Document, Mention
from scripts.corpora.tokens import blank_pipeline
from scripts.evaluation.scores import Score
from scripts.experiments.run import ScoredPart
from scripts.shipping import evaluation
from scripts.shipping.audit import Audit
from scripts.shipping.conditions import Conditions, RecordedEvaluation, conditions_of, reason_to_evaluate
from scripts.shipping.environment import Answer, Answers, NoPackageIndex, Speed
from scripts.shipping.evaluation import (
    CorpusScores,
    Evaluation,
    check_same_scores,
    evaluate_installed,
    score_examples,
    shipped_tests,
)
from scripts.shipping.examples import AnnotatedText, Entity
from scripts.shipping.installed import answer, write_answer
from scripts.shipping.showing import example_lines, score_table
from tests.experiments.tiny import CORPORA, EXPERIMENT, change_data, open_project
from tests.shipping.conftest import EXAMPLES, NAMES, VERSION, name_examples

SPEED = Speed(1.5, 1234.0)


@pytest.fixture()
def project(packaged, tmp_path):
    """A copy of what `evaluate-package` reads and writes."""
    for name in ("configs", "corpus", "metrics", "packages", "training/encoders", "examples"):
        shutil.copytree(packaged.root / name, tmp_path / name)
    (tmp_path / "requirements.txt").touch()
    name_examples(tmp_path)
    return tmp_path


@pytest.fixture()
def without_pip(monkeypatch, python):
    """Take the environment that has the packages already, since a clean one takes minutes; keep count of them."""
    made = []

    @contextmanager
    def environment(folder):
        made.append(folder)
        yield python

    monkeypatch.setattr(evaluate_package, "clean_environment", environment)
    monkeypatch.setattr(evaluate_package, "install_wheel", lambda python, wheel, constraints: None)
    return made


@pytest.fixture()
def without_asking(packaged, without_pip, monkeypatch):
    """Take the project's own scores for those of the package, where only whether it is asked counts."""
    scores = {found.coordinates.target: found.scores for found in packaged.results}
    corpora = {name: CorpusScores(found.tokens, found.characters, found.characters) for name, found in scores.items()}
    answer = Answer(((0, 1, "Drug"),), ((0, 4, "Drug"),), (0.5,))

    def answers(python, package, tests, examples, types, threads):
        found = {name: [answer] * len(texts) for name, texts in examples.items()}
        on_examples = dict.fromkeys(examples, scores["ru_ehr"].tokens)
        return Evaluation(corpora, on_examples, found, {"python": "3"}, SPEED, examples_in_capitals=on_examples)

    monkeypatch.setattr(evaluate_package, "evaluate_installed", answers)
    return without_pip


def evaluate(project, packaged, name=NAMES[0], **changes):
    places = ("configs", "corpus", "training", "metrics", "packages")
    settings = {**packaged.settings, **{place: project / place for place in places}, **changes}
    requirements = project / "requirements.txt"
    evaluate_package.main(**settings, requirements=requirements, name=name, version=VERSION)


def test_the_command_scores_both_ways_and_the_examples(packaged, project, without_pip, capsys):
    evaluate(project, packaged)
    written = json.loads((project / "metrics" / EXPERIMENT / "package.json").read_text(encoding="utf8"))
    wheel = packaged.wheels[0]
    assert (written["package"], written["version"], written["wheel"]) == (f"xx_{NAMES[0]}", VERSION, wheel.name)
    assert written["conditions"]["wheel"] == hash_file(wheel)
    assert written["megabytes"] == pytest.approx(wheel.stat().st_size / 1e6, abs=0.05)
    assert set(written["corpora"]) == set(CORPORA)
    for result in packaged.results:
        scores = written["corpora"][result.coordinates.target]
        given = {name: (score["tp"], score["fp"], score["fn"]) for name, score in scores["given_sentences"].items()}
        assert given == {name: (score.tp, score.fp, score.fn) for name, score in result.scores.tokens.items()}
        mentions = read_manifest(packaged.workspace.corpus, result.coordinates.target).splits["test"].mentions.kept
        assert scores["raw_text"]["Drug"]["tp"] + scores["raw_text"]["Drug"]["fn"] == mentions["Drug"]
    for name, texts in EXAMPLES.items():
        for group in ("examples", "examples_in_capitals"):
            micro = written[group][name]["micro"]
            assert micro["tp"] + micro["fn"] == sum(len(entities) for _, entities in texts)
    assert {"python", "spacy", "spacy-transformers", "torch", "pysbd", "razdel"} <= set(written["versions"])
    printed = capsys.readouterr().out
    assert all(text in printed for texts in EXAMPLES.values() for text, _ in texts)


def test_the_second_time_the_scores_on_record_are_shown(packaged, project, without_asking, capsys):
    path = project / "metrics" / EXPERIMENT / "package.json"
    evaluate(project, packaged)
    first, before = capsys.readouterr().out, path.stat().st_mtime_ns
    evaluate(project, packaged)
    second = capsys.readouterr().out
    assert len(without_asking) == 1 and path.stat().st_mtime_ns == before
    assert "Nothing has changed since" in second and "Nothing has changed since" not in first
    starts = ("ru_ehr", "examples: en", "Took aspirin", "    ")
    shown = [line for line in first.splitlines() if line.startswith(starts)]
    assert len(shown) > 4 and "    Took = Drug (0.50)" in shown
    assert [line for line in shown if line not in second.splitlines()] == []


def change_a_wheel(project):
    wheels = [project / "packages" / f"xx_{name}-{VERSION}-py3-none-any.whl" for name in NAMES]
    with zipfile.ZipFile(wheels[0], "a") as archive:
        archive.writestr("another.txt", "another")


def add_an_example(project):
    with (project / "examples" / "en.jsonl").open("a", encoding="utf8") as stream:
        stream.write('{"text": "No rash.", "entities": []}\n')


def add_a_file_of_examples(project):
    shutil.copyfile(project / "examples" / "en.jsonl", project / "examples" / "other.jsonl")


def change_the_requirements(project):
    (project / "requirements.txt").write_text("spacy==3.8.7\n", encoding="utf8")


def lose_the_record(project):
    (project / "metrics" / EXPERIMENT / "package.json").unlink()


def damage_the_record(project):
    path = project / "metrics" / EXPERIMENT / "package.json"
    path.write_bytes(path.read_bytes()[:-200])


def lose_a_score_on_record(project):
    path = project / "metrics" / EXPERIMENT / "package.json"
    written = read_checked_json(path)
    del written["corpora"]["ru_ehr"]["raw_text"]
    write_checked_json(path, written)


@pytest.mark.parametrize(
    "change, reason",
    [
        (change_a_wheel, "changed since the last evaluation: wheel"),
        (add_an_example, "changed since the last evaluation: examples"),
        (add_a_file_of_examples, "changed since the last evaluation: examples"),
        (change_the_requirements, "changed since the last evaluation: requirements"),
        (lose_the_record, "its saved scores are missing"),
        (damage_the_record, "its saved scores are missing or damaged"),
        (lose_a_score_on_record, "its saved scores are missing or damaged"),
    ],
)
def test_what_decides_the_scores_makes_them_anew(packaged, project, without_asking, capsys, change, reason):
    evaluate(project, packaged)
    capsys.readouterr()
    change(project)
    evaluate(project, packaged)
    assert len(without_asking) == 2 and reason in " ".join(capsys.readouterr().out.split())
    evaluate(project, packaged)
    assert len(without_asking) == 2


def test_each_condition_by_itself_is_a_reason(packaged, project):
    tests, results = zip(*shipped_tests(packaged.workspace), strict=True)
    wheel, requirements = packaged.wheels[0], project / "requirements.txt"
    conditions = conditions_of(wheel, requirements, packaged.workspace, tests, results)
    recorded = RecordedEvaluation({}, {}, {}, {}, SPEED, conditions, Audit(1, 1, 1.0, 1))
    assert reason_to_evaluate(recorded, conditions_of(wheel, requirements, packaged.workspace, tests, results)) is None
    for field in fields(Conditions):
        other = replace(conditions, **{field.name: "another"})
        assert reason_to_evaluate(recorded, other) == f"changed since the last evaluation: {field.name}"
    other_part = replace(tests[0], part=replace(tests[0].part, sha256="0"))
    other_types = replace(tests[0], entity_types=("Drug",))
    other_scores = replace(results[0], scores=results[1].scores)
    for first, own in ((other_part, results[0]), (other_types, results[0]), (tests[0], other_scores)):
        changed = [first, *tests[1:]], [own, *results[1:]]
        assert reason_to_evaluate(recorded, conditions_of(wheel, requirements, packaged.workspace, *changed))


def test_a_type_that_a_corpus_does_not_annotate_is_not_scored_there(packaged, monkeypatch):
    tests = [test for test, _ in shipped_tests(packaged.workspace)]
    tests[0] = replace(tests[0], entity_types=("Drug",))
    answers = {}
    for test in tests:
        found = [perfect_answer(document) for document in read_documents(test.part.path)]
        inputs = ("given sentences", "raw text", "raw text in capitals")
        answers.update({f"{name}/{test.corpus}": found for name in inputs})
    monkeypatch.setattr(evaluation, "ask", lambda *arguments: Answers(answers, {}, SPEED))
    scored = evaluate_installed(Path("python"), "xx_tiny", tests, {}, ("Drug", "Disease"), 1)
    mentions = read_manifest(packaged.workspace.corpus, tests[0].corpus).splits["test"].mentions.kept
    drugs = Score(mentions["Drug"], 0, 0)
    first = scored.corpora[tests[0].corpus]
    assert first.given_sentences == first.raw_text == {"micro": drugs, "Drug": drugs}
    rows = [row for row in score_table(scored) if row[0] == tests[0].corpus]
    inputs = ("tokens and sentences", "raw text", "raw text in capitals")
    assert rows == [(tests[0].corpus, name, "100.0", "-", "100.0") for name in inputs]
    assert set(scored.corpora[tests[1].corpus].given_sentences) == {"micro", "Drug", "Disease"}


NOTHING_FOUND = Answer((), (), ())


def test_what_a_package_finds_where_nobody_annotated_is_not_scored(tmp_path, monkeypatch):
    text = "Took aspirin. Aspirin\nhelped."
    document = Document("d", text, (Mention(5, 12, "Drug"),), annotated=((0, 13),))
    pack_docs([align(document, [0, 14], blank_pipeline()).doc]).to_disk(tmp_path / "test.spacy")
    test = ScoredPart("mine", Part(tmp_path / "test.spacy", "", 1), ("Drug",))
    given = Answer(((1, 2, "Drug"), (2, 3, "Drug"), (3, 4, "Drug")), (), ())
    raw = Answer((), ((5, 12, "Drug"), (0, 4, "Drug"), (14, 21, "Drug"), (12, 21, "Drug")), ())
    asked = {}

    def answer(python, package, questions, threads):
        asked.update(questions)
        raw_answers = {"raw text/mine": [raw], "raw text in capitals/mine": [NOTHING_FOUND]}
        return Answers({"given sentences/mine": [given], **raw_answers}, {}, SPEED)

    monkeypatch.setattr(evaluation, "ask", answer)
    scored = evaluate_installed(Path("python"), "xx_tiny", [test], {}, ("Drug",), 1).corpora["mine"]
    assert scored.given_sentences["Drug"] == scored.raw_text["Drug"] == Score(1, 1, 0)
    assert asked["raw text/mine"] == [{"text": text}]
    assert asked["raw text in capitals/mine"] == [{"text": "TOOK ASPIRIN. ASPIRIN\nHELPED."}]
    assert scored.raw_text_in_capitals["Drug"] == Score(0, 0, 1)


def perfect_answer(document):
    """What a pipeline answers that finds all mentions."""
    tokens = tuple((ent.start, ent.end, ent.label_) for ent in document.ents)
    characters = tuple(tuple(mention) for mention in document.user_data["mentions"])
    return Answer(tokens, characters, (1.0,) * len(tokens))


def test_a_missing_requirements_file_stops_before_an_environment_is_made(packaged, project, without_pip):
    (project / "requirements.txt").unlink()
    with pytest.raises(ProjectError, match=r"requirements.txt: no such file"):
        evaluate(project, packaged)
    assert without_pip == []


def test_without_a_package_index_it_is_skipped_with_a_notice(packaged, project, without_pip, monkeypatch, capsys):
    def fail(python, wheel, constraints):
        raise NoPackageIndex("installing failed")

    monkeypatch.setattr(evaluate_package, "install_wheel", fail)
    evaluate(project, packaged)
    assert "Skipped: pip can't reach a package index" in capsys.readouterr().out.replace("\n", " ")
    assert not (project / "metrics" / EXPERIMENT / "package.json").exists()


def test_a_package_of_another_model_is_told_with_both_scores_and_nothing_is_written(
    packaged, project, without_pip, monkeypatch
):
    scores = {result.coordinates.target: result.scores for result in packaged.results}
    other = {**scores["ru_ugt"].tokens, "micro": Score(1, 1, 0)}
    corpora = {name: CorpusScores(found.tokens, found.characters, found.characters) for name, found in scores.items()}
    nothing = {name: [Answer((), (), ())] * len(texts) for name, texts in EXAMPLES.items()}
    none = dict.fromkeys(EXAMPLES, {"micro": Score(0, 0, 1)})
    corpora["ru_ugt"] = CorpusScores(other, other, other)
    evaluation = Evaluation(corpora, none, nothing, {}, SPEED, examples_in_capitals=none)
    monkeypatch.setattr(evaluate_package, "evaluate_installed", lambda *arguments: evaluation)
    before = f"F1 {scores['ru_ugt'].tokens['micro'].f1:.2f}"
    mistake = f"ru_ugt: the package doesn't score like the model.*micro F1 66.67 .*, before {before}"
    with pytest.raises(ProjectError, match=mistake):
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


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_text("{")])
def test_a_card_without_the_packages_calibration_is_not_written(packaged, project, without_asking, damage):
    evaluate(project, packaged)
    results = project / "metrics" / EXPERIMENT
    assert "calibrated on documents" in (results / "card.md").read_text(encoding="utf8")
    (results / "package.json").unlink()
    (results / "card.md").unlink()
    damage(results / "calibration.json")
    with pytest.raises(ProjectError, match="calibration.json: .*Run `weasel run package`"):
        evaluate(project, packaged)
    assert not (results / "card.md").exists()


def test_results_of_other_data_do_not_count(packaged, project):
    change_data(open_project(project), "ru_ehr", "test")
    with pytest.raises(ProjectError, match="no scores for these settings and data.*Run `weasel run package` first"):
        shipped_tests(open_project(project))


def test_scores_that_a_gpu_gave_are_not_compared(packaged):
    results = packaged.results
    none = {name: Score(0, 0, 9) for name in ("Drug", "Disease", "micro")}
    evaluation = Evaluation({name: CorpusScores(none, none, none) for name in CORPORA}, {}, {}, {}, SPEED)
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
    mentions = {name: tuple(map(tuple, found[name])) for name in ("tokens", "characters")}
    given = Answer(**mentions, confidences=(None,) * 2)
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
