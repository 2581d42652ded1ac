"""Test how runs of single types are joined, by hand."""
from dataclasses import replace

import numpy
import pytest

from scripts.evaluation.scores import Score
from scripts.evaluation.significance import DocumentCounts
from scripts.results.per_type import join_counts, join_types, parts_of
from scripts.results.runs import Coordinates, RunResult, RunScores


def run(entity_type=None, seed=0, tp=3, **scores):
    """A run that found `tp` of 5 mentions of its type, or of the types given."""
    own = scores or {entity_type: Score(tp, 1, 5 - tp)}
    tokens = {"micro": sum(own.values(), Score(0, 0, 0)), **own}
    at = Coordinates("x", "in-corpus", "softmax", "none", (), "en", None, seed, 1, entity_type=entity_type)
    name = f"{entity_type}-{seed}"
    scored = RunScores(tokens, tokens)
    return RunResult(name, at, {}, f"hash-{name}", {}, "cpu", {"train": 2.0}, 10, {"train": 9}, scored)


def test_two_types_make_one_run():
    drug, disease = replace(run("Drug", tp=3), predictions="p"), run("Disease", tp=4)
    (joined,) = join_types([drug, disease], [])
    assert joined.coordinates.entity_type is None
    assert joined.scores.tokens["Drug"] == Score(3, 1, 2) and joined.scores.tokens["Disease"] == Score(4, 1, 1)
    assert joined.scores.tokens["micro"] == Score(7, 2, 3) == joined.scores.characters["micro"]
    assert joined.seconds == {"train": 4.0} and joined.updates == 10
    assert [(part.run, part.fingerprint, part.predictions) for part in parts_of(joined)] == [
        ("Drug-0", "hash-Drug-0", "p"),
        ("Disease-0", "hash-Disease-0", ""),
    ]


def test_joint_runs_stay_and_what_lacks_a_type_goes():
    joint = run(Drug=Score(1, 0, 0), Disease=Score(2, 0, 0))
    assert join_types([joint], []) == [joint]
    assert parts_of(joint) == [joint]
    assert [len(join_types(runs, [])) for runs in ([run("Drug"), run("Disease"), run("Drug", seed=1)], [])] == [1, 0]


def test_a_corpus_without_a_type_has_no_run_of_it_to_wait_for():
    runs = [run("Drug"), run("Disease"), run("Drug", seed=1)]
    planned = [replace(one.coordinates, threads=0) for one in runs]
    assert [one.run for one in join_types(runs, planned)] == ["Drug-0&Disease-0", "Drug-1"]
    unfinished = [*planned, replace(planned[2], entity_type="Disease")]
    assert [one.run for one in join_types(runs, unfinished)] == ["Drug-0&Disease-0"]


def test_a_source_that_lacks_a_type_has_no_score_for_all_types_together():
    # Its F1 for Drug alone would look like a gain over that of the others for both.
    runs = [run("Drug"), run("Disease", tp=1), run("Drug", seed=1), run("Drug", seed=2), run("Disease", seed=2)]
    tested = {"es": {"micro": Score(1, 0, 0), "Drug": Score(1, 0, 0)}}
    runs[2] = replace(runs[2], source_tests=tested, first_sentences=runs[2].scores.tokens)
    # Pipelines to package are for all types.
    planned = [*(one.coordinates for one in runs), replace(runs[0].coordinates, kind="shipped", entity_type=None)]
    whole, lacking, also_whole = join_types(runs, planned)
    assert set(lacking.scores.tokens) == set(lacking.scores.characters) == set(lacking.first_sentences) == {"Drug"}
    assert whole.scores.tokens["micro"] == Score(4, 2, 6) and "micro" in also_whole.scores.tokens
    # The source itself annotates no other type.
    assert lacking.source_tests["es"] == tested["es"]


def test_trainings_and_problems_are_those_of_the_parts():
    drug, disease = replace(run("Drug"), training="one"), replace(run("Disease"), training="two")
    assert join_types([drug, disease], [])[0].training == "one&two"
    assert join_types([drug, disease], [])[0].problem == ""
    assert join_types([drug, run("Disease")], [])[0].training == ""
    failed = replace(disease, problem="weights are not finite", scores=RunScores({}, {}), seconds={})
    assert join_types([drug, failed], [])[0].problem == "Disease: weights are not finite"


def test_counts_add_up_document_by_document():
    drug = DocumentCounts(("a", "b"), {"Drug": numpy.array([[1, 0, 2], [0, 1, 0]]), "micro": numpy.zeros((2, 3), int)})
    disease = DocumentCounts(("a", "b"), {"Disease": numpy.array([[2, 2, 0], [1, 0, 0]])})
    joined = join_counts([drug, disease])
    assert joined.documents == ("a", "b") and set(joined.counts) == {"Drug", "Disease", "micro"}
    assert joined.counts["micro"].tolist() == [[3, 2, 2], [1, 1, 0]]


@pytest.mark.parametrize("counts", [[], [None], [None, DocumentCounts((), {})]])
def test_counts_that_are_not_there_are_none(counts):
    assert join_counts(counts) is None
