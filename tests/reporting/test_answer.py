"""The short answer: numbers, honesty about spread, and what is not known."""
import pytest

from scripts.reporting.answer import failures, join, metric, short_answer, unfinished
from scripts.reporting.research_questions import research_questions
from scripts.reporting.tables.forgetting import table_forgetting
from scripts.reporting.tables.ranking_validation import table_ranking_validation
from scripts.reporting.tables.source_ranking import table_source_ranking
from tests.reporting.made_up import (
    SEEDS,
    SIZES,
    TARGETS,
    TYPES,
    found_run,
    make_run,
    make_runs,
    not_annotated,
    without_gold,
)


def answer_to(results):
    """The sentences on the one target."""
    (answer,) = short_answer(results)
    assert answer.target == "ru_ugt"
    return answer.sentences


def points(*found, size=25):
    """Few-shot runs from (sources, mentions found by seed) pairs."""
    return [found_run("few-shot", tp, sources, size, seed) for sources, tps in found for seed, tp in enumerate(tps)]


def test_the_source_that_helps_most_and_how_many_sentences(read_made_up):
    runs = [
        found_run("in-corpus", 200),
        found_run("zero-shot", 50, ("en_ugt",), 0),
        found_run("zero-shot", 40, ("ru_ehr",), 0),
    ]
    runs += points(((), (50, 60)), (("en_ugt",), (120, 120)), (("en_ehr",), (100, 100)))
    runs += points(((), (100, 100)), (("en_ugt",), (200, 198)), (("en_ehr",), (100, 100)), size=50)
    which, how_many, zero_shot = answer_to(read_made_up(runs))
    # F1: 2*120/320 = 75.0 against the mean of 2*50/250 = 40.0 and 2*60/260 = 46.2
    assert which == (
        "For ru_ugt the source that helps most is en_ugt: +31.9 F1 over no pretrain at 25 sentences "
        "(75.0 against 43.1, mean of 2 seeds)."
    )
    assert how_many == (
        "99 % of the full F1 (100.0 with all 412 sentences) is reached with 50 sentences "
        "(en_ugt, 12 % of the training part); no pretrain does not reach it within 50."
    )
    assert zero_shot == "Without a single annotated sentence of ru_ugt, en_ugt is the best source: 40.0 F1."


def test_a_gain_smaller_than_the_spread_is_called_so(read_made_up):
    which = answer_to(read_made_up(points(((), (50, 90)), (("en_ugt",), (70, 80)))))[0]
    assert "which is within the spread over seeds." in which


def test_sources_as_good_as_the_best_are_named(read_made_up):
    runs = points(((), (10, 10)), (("en_ugt",), (70, 90)), (("en_ehr",), (75, 80)), (("ru_ehr",), (30, 30)))
    which = answer_to(read_made_up(runs))[0]
    assert "en_ugt: +" in which
    assert which.endswith("; en_ehr is within the spread of it.")


def test_a_single_seed_is_called_so(read_made_up):
    which = answer_to(read_made_up(points(((), (50,)), (("en_ugt",), (70,)))))[0]
    assert "from a single seed, so that chance is not measured" in which
    assert "mean of" not in which


def test_no_source_helps(read_made_up):
    runs = points(((), (100, 100)), (("en_ugt",), (50, 50)), (("en_ehr",), (20, 20)))
    which = answer_to(read_made_up(runs))[0]
    assert which.startswith(
        "For ru_ugt no source helps at 25 sentences: en_ugt comes nearest to no pretrain (40.0 against 66.7"
    )


def test_never_reached(read_made_up):
    runs = [found_run("in-corpus", 160), *points(((), (100,)), (("en_ugt",), (150,)))]
    how_many = answer_to(read_made_up(runs))[1]
    assert how_many.endswith("is never reached within 25 sentences: en_ugt comes nearest, with 96 % of it at 25.")


def test_what_is_missing_is_said(read_made_up):
    which, how_many = answer_to(read_made_up(points((("en_ugt",), (70,)))))
    assert which == "For ru_ugt nothing can be compared yet at 25 sentences: runs of no pretrain are missing."
    assert "the in-corpus run of ru_ugt is missing" in how_many
    which, _ = answer_to(read_made_up(points(((), (70,)), size=20)))
    assert which == "For ru_ugt nothing can be compared yet at 20 sentences: runs of a source are missing."


def test_a_control_is_not_taken_for_no_pretrain(read_made_up):
    runs = [found_run("in-corpus", 200), *points((("en_ugt",), (120,))), *points((("en_ugt",), (200,)), size=50)]
    controls = [{**found_run("few-shot", tp, (), size), "run": f"control-{size}"} for tp, size in ((20, 25), (30, 50))]
    for control in controls:
        control["coordinates"]["extra_updates"] = 300
    which, how_many = answer_to(read_made_up([*runs, *controls]))
    assert which == "For ru_ugt nothing can be compared yet at 25 sentences: runs of no pretrain are missing."
    assert how_many.endswith("is reached with 50 sentences (en_ugt, 12 % of the training part).")


def test_controls_change_nothing_that_is_told_of_sources_and_no_pretrain(results, read_made_up):
    controls = [
        make_run("few-shot", target, 5, (), size, seed, extra_updates=updates)
        for target in TARGETS
        for size in SIZES
        for seed in SEEDS
        for updates in (200, 300)
    ]
    with_controls = read_made_up([*make_runs(), *controls])
    assert short_answer(with_controls) == short_answer(results)
    assert research_questions(with_controls) == research_questions(results)
    for make_table in (table_source_ranking, table_ranking_validation, table_forgetting):
        assert make_table(with_controls) == make_table(results)


def test_a_target_without_any_mention_is_said_to_have_none(read_made_up):
    runs = [found_run("in-corpus", 160), found_run("zero-shot", 50, ("en_ugt",), 0)]
    runs += points(((), (50, 60)), (("en_ugt",), (120, 120)))
    empty = [without_gold(run, *TYPES) for run in runs]
    expected = ("Nothing can be told of ru_ugt: its test part has no mention of Drug or Disease.",)
    assert answer_to(read_made_up(empty)) == expected
    assert answer_to(read_made_up([run for run in empty if run["coordinates"]["kind"] == "zero-shot"])) == expected


def test_the_metric_names_the_types_of_the_experiment(read_made_up):
    both = [make_run("in-corpus", name, 50) for name in ("ru_ugt", "ru_ehr")]
    assert metric(read_made_up(both)) == (
        "F1 is that of Drug and Disease together, exact match, on the test part of the target."
    )
    assert metric(read_made_up([both[0], not_annotated(both[1], "Disease")])) == (
        "F1 is that of Drug and Disease together, exact match, on the test part of the target. "
        "On ru_ehr: of Drug alone."
    )
    assert metric(read_made_up([not_annotated(run, "Drug") for run in both])) == (
        "F1 is that of Disease, exact match, on the test part of the target."
    )


def test_runs_whose_training_failed_are_named(read_made_up):
    failed = {**found_run("few-shot", 0, ("en_ugt",), 25, 1), "problem": "weights are not finite"}
    results = read_made_up([found_run("few-shot", 50, (), 25), failed])
    assert failures(results) == (
        "Left out, since the training failed: few-shot ru_ugt from en_ugt at 25 sentences, seed 1 "
        "(weights are not finite)."
    )
    assert failures(read_made_up([found_run("few-shot", 50, ("en_ugt",), 25, 1)])) == ""


@pytest.mark.parametrize(
    ("full", "sample", "doubt"),
    [
        ({"tp": 160, "updates": 20}, {"tp": 100, "updates": 60}, "has had 20 updates, no pretrain at 25 sentences 60"),
        ({"tp": 100, "updates": 60}, {"tp": 160, "updates": 20}, "scores 66.7 F1 (micro), no pretrain at 25 sentences"),
        ({"tp": 160, "updates": 60}, {"tp": 160, "updates": 60}, None),
    ],
)
def test_a_full_model_that_is_no_measure_is_warned_of(read_made_up, full, sample, doubt):
    runs = [{**found_run("in-corpus", full["tp"]), "updates": full["updates"]}]
    runs.append({**found_run("few-shot", sample["tp"], (), 25), "updates": sample["updates"]})
    # Neither a source nor a control has to have fewer updates.
    runs.append({**found_run("few-shot", 90, ("en_ugt",), 25), "updates": 500})
    control = {**found_run("few-shot", 90, (), 25), "updates": 500, "run": "control"}
    runs.append({**control, "coordinates": {**control["coordinates"], "extra_updates": 440}})
    how_many = answer_to(read_made_up(runs))[1]
    assert ("Careful" in how_many) == (doubt is not None)
    if doubt:
        assert f"the full model of ru_ugt {doubt}" in how_many
        assert "`in_corpus.training` in the experiment file" in how_many


def test_a_full_f1_of_zero(read_made_up):
    runs = [found_run("in-corpus", 0), *points(((), (0,)), (("en_ugt",), (5,)))]
    told = answer_to(read_made_up(runs))[1]
    assert told.startswith("The full F1 of ru_ugt is 0, so that a share of it means nothing.")


def test_a_small_test_part_is_warned_of(read_made_up):
    run = found_run("zero-shot", 0, ("en_ugt",), 0)
    run["scores"]["characters"] = {name: {"tp": 10, "fp": 0, "fn": 30} for name in ("micro", "Drug", "Disease")}
    warning = answer_to(read_made_up([run]))[-1]
    assert warning == "Careful: its test part holds 40 mentions only, so that one is about 2.5 points of F1."


def test_in_corpus_runs_alone_give_no_answer(read_made_up):
    assert short_answer(read_made_up([found_run("in-corpus", 100)])) == []


def test_an_unfinished_experiment_is_called_so(results, read_made_up):
    assert unfinished(results) == ""
    done, missing = found_run("few-shot", 10, (), 25), found_run("few-shot", 10, ("en_ugt",), 25)
    assert unfinished(read_made_up([done], [missing])) == "Not the last word: 1 planned run is not finished."


def test_names_in_a_sentence():
    assert [join(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
