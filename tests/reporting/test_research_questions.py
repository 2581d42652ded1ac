"""The paper's research questions, answered from runs whose figures are worked out by hand."""
import pytest

from scripts.reporting.research_questions import RQ1, RQ2, RQ3, a_few, research_questions
from scripts.reporting.results import read_results
from tests.reporting.made_up import make_run, make_score, write_experiment


def run(kind, target, f1, sources=(), size=None, seed=0, **changed):
    """A run whose micro F1 is exactly `f1` (a whole number): tp of 2 tp + fp + fn = 100 gold and predicted in all."""
    made = make_run(kind, target, 50.0, sources, size, seed, **changed)
    score = make_score(f1, 100 - f1, 100 - f1)
    made["scores"] = {view: {"micro": score, "Drug": score} for view in ("tokens", "characters")}
    return made


def answers(tmp_path, runs):
    """Answers by question."""
    results = read_results(write_experiment(tmp_path / "metrics", runs), "sample")
    return {question.question: question.answers for question in research_questions(results)}


def test_transfer_is_a_share_of_the_in_corpus_f1(tmp_path):
    runs = [run("in-corpus", "ru_ugt", 80), run("in-corpus", "ru_ehr", 50)]
    runs += [run("zero-shot", "ru_ugt", 60, ("en_ugt",), 0), run("zero-shot", "ru_ugt", 40, ("en_ehr",), 0)]
    runs += [run("zero-shot", "ru_ehr", 45, ("ru_ugt",), 0)]
    found = answers(tmp_path, runs)[RQ1]
    assert "en_ugt to ru_ugt: 60.0 F1, 75 % of the in-corpus 80.0." in found
    # ru_ugt to ru_ehr share their language, en_ugt and ru_ugt their domain, en_ehr and ru_ugt nothing.
    expected = "neither the same 50 % (1), same domain 75 % (1), same language 90 % (1)"
    assert found[-1] == f"Mean share of the in-corpus F1 (pairs): {expected}."


def test_gains_are_told_against_no_pretrain_and_against_as_many_updates(tmp_path):
    seeds = {0: (40, 50, 44), 1: (42, 54, 46), 2: (44, 55, 45)}
    runs = []
    for seed, (none, source, control) in seeds.items():
        runs.append(run("few-shot", "ru_ugt", none, (), 50, seed))
        runs.append({**run("few-shot", "ru_ugt", source, ("en_ugt",), 50, seed), "source_updates": 200})
        runs.append(run("few-shot", "ru_ugt", control, (), 50, seed, extra_updates=200))
    how_many, answer = answers(tmp_path, runs)[RQ2]
    assert how_many.startswith("How many sentences it takes cannot be told yet")
    # Differences 10, 12, 11: mean 11, sd 1, t = 11 sqrt(3), two degrees of freedom: p = 0.0027 by the table.
    assert "against no pretrain +11.0 (3 seeds, paired t-test, p = 0.003, not corrected)" in answer
    # 6, 8, 10: mean 8, sd 2, t = 4 sqrt(3): p = 0.020.
    assert "against no pretrain with as many updates +8.0 (3 seeds, paired t-test, p = 0.020, not corrected)" in answer
    assert answer.startswith("ru_ugt, 50 sentences, en_ugt: 53.0 ± 2.6 F1")


def test_a_control_of_another_length_is_not_compared(tmp_path):
    runs = [run("few-shot", "ru_ugt", 40, (), 50), run("few-shot", "ru_ugt", 44, (), 50, extra_updates=100)]
    runs.append({**run("few-shot", "ru_ugt", 50, ("en_ugt",), 50), "source_updates": 200})
    _, answer = answers(tmp_path, runs)[RQ2]
    assert "as many updates" not in answer and "not tested" in answer


@pytest.mark.parametrize(
    "sizes, told",
    [([50, 100], [50, 100]), ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]), (range(50, 2001, 50), [50, 550, 1050, 1500, 2000])],
)
def test_of_many_sizes_a_few_are_told(sizes, told):
    assert a_few([*sizes]) == told


def test_steadiness_is_a_number(tmp_path):
    f1s = {(): ((30, 50), (40, 60), (70, 70)), ("en_ugt",): ((50, 52), (54, 56), (60, 60))}
    runs = [
        run("few-shot", "ru_ugt", f1, sources, size, seed)
        for sources, curve in f1s.items()
        for size, point in zip((50, 100, 150), curve, strict=True)
        for seed, f1 in enumerate(point)
    ]
    over_seeds, over_sizes = answers(tmp_path, runs)[RQ3]
    # sd of (30, 50) and (40, 60) is 14.14, of (70, 70) 0: mean 9.4; of (50, 52) and (54, 56) 1.41: mean 0.9.
    assert "mean standard deviation over seeds 9.4 points of F1 without pretraining, 0.9 with it" in over_seeds
    # Means 40, 50, 70: steps 10 and 20, sd 7.07; 51, 55, 60: steps 4 and 5, sd 0.71.
    assert "7.1 points of F1 without pretraining, 0.7 with it (mean of 1 sources); steadier with 1 of 1" in over_sizes


@pytest.mark.parametrize("question", [RQ1, RQ2, RQ3])
def test_every_question_stands_on_the_page_by_name(results, question):
    assert question in {found.question for found in research_questions(results)}
    assert question[:4] in ("RQ1.", "RQ2.", "RQ3.")


def test_sources_in_sequence_are_named_as_such(tmp_path):
    runs = [run("zero-shot", "ru_ugt", 60, ("en_ugt", "en_ehr"), 0, in_sequence=in_sequence) for in_sequence in (0, 1)]
    names = [answer.partition(" to ")[0] for answer in answers(tmp_path, runs)[RQ1]]
    assert names == ["en_ugt + en_ehr", "en_ugt then en_ehr"]
