"""Test the installed package in a process that has no access to the project."""
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import spacy

from scripts.corpora.sentences import sentence_starts
from scripts.experiments import score
from scripts.experiments.models import find_model
from scripts.experiments.plan import shipped_model
from scripts.ner.bio_ner import SPANS_KEY
from scripts.shipping import installed
from scripts.shipping.evaluation import as_tokens
from scripts.shipping.installed import read_question
from tests.experiments.tiny import ROOT
from tests.shipping.conftest import NAMES

TEXT = "Took aspirin for the headache. After ibuprofen I felt dizziness.\n\nБольному назначен аспирин 100 мг.\n"
SENTENCE = "After ibuprofen {} I felt dizziness and a rash. "
N_SENTENCES = 600
PROGRAM = """
import json, resource, sys
import spacy

def look(nlp, text):
    doc = nlp(text)
    entities = [[ent.text, ent.label_] for ent in doc.ents]
    scores = doc.spans["bio_ner"].attrs["scores"]
    return {"entities": entities, "scores": scores, "sentences": [sent.start_char for sent in doc.sents],
            "trf_data": doc._.trf_data is None}

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

task = json.loads(sys.stdin.read())
one = spacy.load(task["names"][0])
result = {"alone": look(one, task["text"]), "project_seen": "scripts" in sys.modules}
before = peak()
long = one(task["long"])
result["long"] = {"megabytes": peak() - before, "sentences": len(list(long.sents)), "entities": len(long.ents)}
given = {"words": ["Took", "aspirin", ".", "Felt", "rash", "."], "spaces": [True] * 6}
for name, starts in (("given", [True] * 6), ("not_given", None)):
    doc = one(spacy.tokens.Doc(one.vocab, **given, sent_starts=starts))
    group = doc.spans["bio_ner"]
    result[name] = {"starts": [sent.start for sent in doc.sents], "confidences": group.attrs["scores"]}
two = spacy.load(task["names"][1])
result["two"] = look(two, task["text"])
sys.path.insert(0, task["root"])
import scripts.ner.training, scripts.corpora.sentences
kept = spacy.load(task["kept"])
kept.add_pipe("sentence_splitter", first=True)
result["kept"] = {"entities": [[ent.text, ent.label_] for ent in kept(task["text"]).ents]}
result["again"] = look(one, task["text"])
print(json.dumps(result))
"""


@pytest.fixture(scope="module")
def seen(packaged, python: Path, tmp_path_factory) -> dict[str, Any]:
    """One process loads both packages, and then the project too."""
    task = {
        "names": [f"xx_{name}" for name in NAMES],
        "text": TEXT,
        # One sentence as long as the encoder takes among many short ones: padded to it, they would take gigabytes.
        "long": "".join(SENTENCE.format(number) for number in range(N_SENTENCES)) + "rash and " * 200 + "nausea.",
        "root": str(ROOT),
        "kept": str(find_model(packaged.workspace, shipped_model(packaged.workspace.experiment)).pipeline),
    }
    folder = tmp_path_factory.mktemp("elsewhere")
    command = [str(python), "-I", "-c", PROGRAM]
    done = subprocess.run(command, input=json.dumps(task), capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_it_predicts_in_the_batches_of_the_runs():
    # The script can't import the project.
    assert (installed.DOCUMENTS_PER_BATCH, installed.SPANS_KEY) == (score.DOCUMENTS_PER_BATCH, SPANS_KEY)


def test_the_package_finds_entities_without_the_project(seen):
    assert not seen["project_seen"]
    assert seen["alone"]["entities"]
    assert {label for _, label in seen["alone"]["entities"]} <= {"Drug", "Disease"}


def test_it_splits_sentences_by_itself(seen):
    assert seen["alone"]["sentences"] == sentence_starts(TEXT)
    assert len(seen["alone"]["sentences"]) == 3


def test_each_entity_has_a_confidence(seen):
    scores = seen["alone"]["scores"]
    assert len(scores) == len(seen["alone"]["entities"])
    assert all(0 < score <= 1 for score in scores)


def test_the_encoders_tensors_do_not_stay_with_the_doc(seen):
    assert seen["alone"]["trf_data"]


def test_two_packages_and_the_project_load_in_one_process_and_agree(seen):
    assert seen["two"] == seen["alone"] == seen["again"]
    assert seen["kept"]["entities"] == seen["alone"]["entities"]


def test_a_long_text_is_read_whole_in_bounded_memory(seen):
    assert seen["long"]["sentences"] >= N_SENTENCES
    assert seen["long"]["entities"] > N_SENTENCES / 2
    # All spans at once, padded to the longest, take 600 * 2 heads * 512 * 512 * 4 bytes = 1.2 GB for attention alone.
    assert seen["long"]["megabytes"] < 400


def test_given_sentence_starts_stand(seen):
    assert seen["given"]["starts"] == [0, 1, 2, 3, 4, 5]
    assert seen["given"]["confidences"] != seen["not_given"]["confidences"]


def test_a_question_with_tokens_brings_them_and_their_sentences_but_not_the_entities():
    nlp = spacy.blank("xx")
    words, spaces, starts = ["Took", "aspirin", ".", "Felt", "rash"], [True, False, True, True, False], [1, 0, 0, 0, 1]
    entities = ["O", "B-Drug", "O", "O", "O"]
    document = spacy.tokens.Doc(nlp.vocab, words, spaces, sent_starts=map(bool, starts), ents=entities)
    doc = read_question(nlp, as_tokens(document))
    assert [token.text_with_ws for token in doc] == ["Took ", "aspirin", ". ", "Felt ", "rash"]
    assert [bool(token.is_sent_start) for token in doc] == [True, False, False, False, True]
    assert not doc.ents
