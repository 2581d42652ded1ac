"""Test a corpus that is annotated sentence by sentence, from its raw file to training, scores and analysis."""
import shutil

import pytest
import srsly
from spacy.tokens import DocBin, Span

from scripts.corpora.conversion import convert_corpus, save_corpus
from scripts.corpora.formats import FORMATS
from scripts.corpora.parts import read_documents, read_sentences
from scripts.corpora.settings import read_corpus_settings
from scripts.corpora.tokens import blank_pipeline
from scripts.evaluation.scores import MICRO, Score
from scripts.experiments.analysis import analyze
from scripts.experiments.execute import execute_kind, jobs_of
from scripts.results.kinds import IN_CORPUS, ZERO_SHOT
from scripts.results.runs import Ledger
from tests.experiments.tiny import MENTION, SETTINGS, open_project, write_experiment

CORPUS = "en_ugt"
SPLIT = {"train": ["0[0-7]"], "test": ["0[89]", "1?"]}
# Nobody has come to the last document.
UNKNOWN = "11"


def annotate_first_sentences(root):
    """Write the corpus anew, as a DocBin of Docs whose first sentence alone has entity tags."""
    nlp, path = blank_pipeline(), root / "assets" / f"{CORPUS}.spacy"
    docs = []
    for document in FORMATS["brat"].read(root / "assets" / CORPUS):
        doc, end = nlp.make_doc(document.text), document.text.index("\n")
        doc.user_data["id"] = document.id
        mentions = [mention for mention in document.mentions if mention.end <= end and document.id != UNKNOWN]
        spans = [doc.char_span(mention.start, mention.end, label=mention.label) for mention in mentions]
        inside = {token.i for span in spans for token in span}
        others = [token for token in doc if token.idx < end and document.id != UNKNOWN and token.i not in inside]
        doc.set_ents(spans, outside=[Span(doc, token.i, token.i + 1) for token in others], default="missing")
        docs.append(doc)
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    settings = {"language": "en", "domain": "ugt", "format": "docbin", "path": str(path), "labels": MENTION}
    file = root / "configs" / "corpora" / f"{CORPUS}.yml"
    srsly.write_yaml(file, {**settings, "published_split": SPLIT})
    save_corpus(convert_corpus(CORPUS, read_corpus_settings(file)), root / "corpus")


@pytest.fixture(scope="module")
def workspace(made_project, tmp_path_factory):
    """RETURNS (Workspace): The tiny project with that corpus, and a source for it."""
    root = shutil.copytree(made_project, tmp_path_factory.mktemp("partly") / "project")
    annotate_first_sentences(root)
    few = {**SETTINGS["few_shot"], "targets": [CORPUS]}
    write_experiment(root, {**SETTINGS, "corpora": [CORPUS, "ru_ugt"], "few_shot": few})
    return open_project(root)


@pytest.fixture(scope="module")
def results(workspace):
    """RETURNS (dict): The results of the runs on that corpus, by kind."""
    done = [result for kind in (IN_CORPUS, ZERO_SHOT) for result in execute_kind(workspace, kind)]
    return {result.coordinates.kind: result for result in done if result.coordinates.target == CORPUS}


def first_sentences(workspace, part):
    """The number of tokens of the first sentence of each document, its line break left out; 0 of the unknown one."""
    documents = read_documents(workspace.part(CORPUS, part).path)
    names = [document.user_data["id"] for document in documents]
    return {
        name: 0 if name == UNKNOWN else [token.text for token in document].index("\n")
        for name, document in zip(names, documents, strict=True)
    }


def test_the_only_annotated_sentence_of_a_document_is_a_training_sentence(workspace):
    part = workspace.part(CORPUS, "train")
    sentences = read_sentences([str(part.path)])
    assert [(one.document, one.number) for one in sentences] == [(f"0{n}", 0) for n in range(8)]
    assert part.sentences == 8 and workspace.part(CORPUS, "test").sentences == 3
    assert any(sentence.mentions for sentence in sentences)
    (job,) = (job.training for run, job in jobs_of(workspace, IN_CORPUS).items() if run.target == CORPUS)
    assert job.n_sentences == len(job.sentences()) == 8


def test_runs_say_how_many_sentences_they_were_trained_and_scored_on(results):
    assert results[IN_CORPUS].sentences == {"train": 8, "test": 3}
    assert results[ZERO_SHOT].sentences["test"] == 3


@pytest.mark.parametrize("kind", [IN_CORPUS, ZERO_SHOT])
def test_only_what_is_found_in_annotated_sentences_is_scored_and_all_is_kept(workspace, results, kind):
    ends, expected, elsewhere = first_sentences(workspace, "test"), Score(0, 0, 0), 0
    documents = {document.user_data["id"]: document for document in read_documents(workspace.part(CORPUS, "test").path)}
    for prediction in Ledger(workspace.runs).predictions(results[kind].run):
        name = prediction["document"]
        gold = {(ent.start, ent.end, ent.label_) for ent in documents[name].ents}
        found = {tuple(mention) for mention in prediction["tokens"]}
        inside = {mention for mention in found if mention[1] <= ends[name]}
        expected += Score(len(gold & inside), len(inside - gold), len(gold - inside))
        elsewhere += len(found - inside)
    assert expected.gold and elsewhere
    assert results[kind].scores.tokens[MICRO] == results[kind].scores.characters[MICRO] == expected


def test_the_first_sentences_that_a_source_is_judged_by_are_annotated_ones(workspace, results):
    sentences = read_sentences([str(workspace.part(CORPUS, "train").path)])
    n_mentions = sum(len(sentence.mentions) for sentence in sentences)
    assert results[ZERO_SHOT].first_sentences[MICRO].gold == n_mentions > 0


def test_errors_and_counts_by_document_are_those_of_the_score(workspace, results):
    result = results[IN_CORPUS]
    (job,) = (job for run, job in jobs_of(workspace, IN_CORPUS).items() if run.id == result.run)
    found = analyze(job, Ledger(workspace.runs).predictions(result.run), frozenset())
    assert found["documents"] == ["08", "09", "10"]
    micro, score = found["counts"][MICRO], result.scores.tokens[MICRO]
    assert [sum(column) for column in zip(*micro, strict=True)] == [score.tp, score.fp, score.fn]
    kinds = [errors["kinds"] for errors in found["errors"].values()]
    judged = sum(count for own in kinds for kind, count in own.items() if kind != "missed")
    assert judged == score.tp + score.fp
    matches = found["matches"]["strict"][MICRO]
    assert (matches["precision"], matches["recall"]) == pytest.approx((score.precision, score.recall))
