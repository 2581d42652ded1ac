"""Test the decision for each target: its numbers, its certainty, and what is unknown."""
from dataclasses import replace

import numpy
import pytest

from scripts.evaluation.scores import MICRO
from scripts.evaluation.significance import DocumentCounts
from scripts.reporting.best_source import CLEAR, NONE, UNSURE, UNTESTED
from scripts.reporting.decision import decide
from scripts.reporting.gains import gain_grid
from scripts.reporting.provenance import parts_tested
from scripts.reporting.remarks import metric
from scripts.reporting.results import read_results
from scripts.reporting.steadiness import steadiness
from scripts.reporting.tables.forgetting import table_forgetting
from scripts.reporting.tables.ranking_validation import table_ranking_validation
from scripts.reporting.tables.significance import table_significance
from scripts.reporting.tables.source_ranking import table_source_ranking
from tests.reporting.made_up import (
    SEEDS,
    SIZES,
    TARGETS,
    TYPES,
    found_run,
    make_run,
    make_runs,
    per_type,
    without_gold,
    write_experiment,
    write_plan,
)


def no_counts(run):
    """Where what was found in each document is not on record."""


def decision_on(results):
    """The decision on the one target."""
    (decision,) = decide(results, no_counts)
    assert decision.target == "ru_ugt" and decision.model == ""
    return decision


def points(*found, size=25):
    """Few-shot runs from (sources, mentions found by seed) pairs."""
    return [found_run("few-shot", tp, sources, size, seed) for sources, tps in found for seed, tp in enumerate(tps)]


def test_the_best_source_its_gain_and_the_sentences_needed(read_made_up):
    runs = [
        found_run("in-corpus", 200),
        found_run("zero-shot", 50, ("en_ugt",), 0),
        found_run("zero-shot", 40, ("ru_ehr",), 0),
    ]
    runs += points(((), (50, 60)), (("en_ugt",), (120, 120)), (("en_ehr",), (100, 100)))
    runs += points(((), (100, 100)), (("en_ugt",), (200, 198)), (("en_ehr",), (100, 100)), size=50)
    (decision,) = decide(read_made_up(runs), counts_of)
    best, needed = decision.gain.best, decision.needed
    # F1: 2*120/320 = 75 against the mean of 2*50/250 = 40 and 2*60/260 = 46.15
    assert (best.source, best.size, best.f1, best.seeds, best.as_good) == ("en_ugt", 25, pytest.approx(75), 2, ())
    assert best.without == pytest.approx(43.08, abs=0.005) and best.gain == 31.9
    assert (decision.gain.certainty, decision.gain.documents) == (CLEAR, 20)
    # 75 - 46.15 and 75 - 40
    assert best.gains == pytest.approx((28.85, 35), abs=0.005)
    assert (needed.sentences, needed.training, needed.sources, needed.full) == (50, 412, ("en_ugt",), 100.0)
    assert (needed.without.first, needed.largest_without, needed.largest, needed.full_seeds) == (None, 50, 50, 1)
    # 2*198/398 = 99.5
    assert needed.by_seed == "single seeds: 50"
    # 2*50/250 without any sentence.
    assert decision.zero_shot == ("en_ugt", pytest.approx(40.0))
    assert decision.outlook is None and decision.open_points == () and decision.cautions == ()


@pytest.mark.parametrize(
    ("none", "source", "certainty"),
    [
        ((50, 50), (120, 120), UNSURE),
        ((50, 90), (70, 80), UNSURE),
        ((50,), (70,), UNTESTED),
        ((100, 100), (50, 50), NONE),
        ((100, 100), (100, 100), NONE),
    ],
)
def test_how_sure_a_gain_is_without_an_interval(read_made_up, none, source, certainty):
    gain = decision_on(read_made_up(points(((), none), (("en_ugt",), source)))).gain
    assert gain.certainty == certainty and gain.best.seeds == len(source)


def test_a_gain_is_between_runs_of_the_same_seeds(read_made_up):
    # Seed 1 without a source is missing. F1: 2*100/300 = 66.7 and 2*50/250 = 40.0 with seed 0 only.
    runs = points(((), (50,)), (("en_ugt",), (100, 200)))
    gain = decision_on(read_made_up(runs)).gain
    assert (gain.best.gain, gain.best.seeds, gain.certainty) == (26.7, 1, UNTESTED)


def test_the_best_source_has_the_highest_gain_over_the_same_seeds(read_made_up):
    # Seed 1 is easy. By their means alone, en_ehr with 75.0 would beat en_ugt with 66.7.
    runs = [*points(((), (50, 120)), (("en_ugt",), (100,))), found_run("few-shot", 120, ("en_ehr",), 25, 1)]
    best = decision_on(read_made_up(runs)).gain.best
    assert (best.source, best.gain, best.as_good) == ("en_ugt", 26.7, ())


def test_without_a_common_seed_there_is_no_gain(read_made_up):
    runs = [*points(((), (50,))), found_run("few-shot", 120, ("en_ugt",), 25, 1)]
    decision = decision_on(read_made_up(runs))
    expected = "Best source: not compared, as no seed was run both with and without a source at 25 sentences."
    assert decision.gain is None and decision.open_points[0] == expected


def test_sources_as_good_as_the_best_are_named(read_made_up):
    runs = points(((), (10, 10)), (("en_ugt",), (70, 90)), (("en_ehr",), (75, 80)), (("ru_ehr",), (30, 30)))
    best = decision_on(read_made_up(runs)).gain.best
    assert (best.source, best.as_good) == ("en_ugt", ("en_ehr",))


def test_the_best_source_at_the_largest_sample_is_told_too(read_made_up):
    runs = points(((), (10, 10)), (("en_ugt",), (90, 90)), (("en_ehr",), (50, 60)))
    assert decision_on(read_made_up(runs)).gain.at_largest is None
    runs += points(((), (60, 60)), (("en_ugt",), (95, 95)), (("ru_ehr",), (20, 20)), size=50)
    runs += points(((), (80, 80)), (("en_ugt",), (85, 95)), (("en_ehr",), (90, 100)), size=100)
    gain = decision_on(read_made_up(runs)).gain
    assert (gain.best.source, gain.best.size, gain.best.as_good) == ("en_ugt", 25, ())
    assert (gain.at_largest.source, gain.at_largest.size, gain.at_largest.as_good) == ("en_ehr", 100, ("en_ugt",))
    assert gain.not_at_largest == ()


def test_sources_that_were_not_run_with_the_largest_sample_are_named(read_made_up):
    runs = points(((), (10, 10)), (("en_ugt",), (90, 90)), (("en_ehr",), (50, 60)))
    gain = decision_on(read_made_up([*runs, *points(((), (80,)), (("en_ehr",), (60,)), size=100)])).gain
    assert (gain.at_largest.source, gain.at_largest.gain < 0, gain.not_at_largest) == ("en_ehr", True, ("en_ugt",))


def test_only_a_control_at_the_smallest_sample_separates_the_gain_from_longer_training(read_made_up):
    runs = points(((), (50,)), (("en_ugt",), (70,))) + points(((), (60,)), (("en_ugt",), (80,)), size=50)
    for run in runs:
        run["source_updates"] = 300 if run["coordinates"]["sources"] else 0
    assert not decision_on(read_made_up([*runs, control_run(50)])).gain.has_control
    assert decision_on(read_made_up([*runs, control_run(25)])).gain.has_control


def control_run(size):
    """A run without a source that has as many updates as those with one."""
    run = found_run("few-shot", 60, (), size)
    return {**run, "run": f"control-{size}", "coordinates": {**run["coordinates"], "extra_updates": 300}}


def test_differences_are_rounded_once(read_made_up):
    # 2*49/249 = 39.357 and 2*41/241 = 34.025 differ by 5.33; 39.4 - 34.0 would be 5.4.
    best = decision_on(read_made_up(points(((), (41,)), (("en_ugt",), (49,))))).gain.best
    assert (round(best.f1, 1), round(best.without, 1), best.gain) == (39.4, 34.0, 5.3)


def test_no_gain_has_no_sign(read_made_up):
    # 60.03 without and 60.00 with the source.
    without, with_source = found_run("few-shot", 0, (), 25), found_run("few-shot", 0, ("en_ugt",), 25)
    for run, tp, fn in ((without, 4288, 5709), (with_source, 3, 4)):
        run["scores"]["tokens"]["micro"] = {"tp": tp, "fp": 0, "fn": fn}
    gain = decision_on(read_made_up([without, with_source])).gain
    assert gain.best.f1 < gain.best.without and str(gain.best.gain) == "0.0" and gain.certainty == NONE


def test_where_no_source_helps_the_one_that_comes_nearest_is_named(read_made_up):
    runs = points(((), (100, 100)), (("en_ugt",), (50, 50)), (("en_ehr",), (20, 20)))
    best = decision_on(read_made_up(runs)).gain.best
    assert (best.source, best.gain) == ("en_ugt", -26.7)


def test_where_no_sample_is_enough_the_best_so_far_is_named(read_made_up):
    runs = [found_run("in-corpus", 160), *points(((), (100,)), (("en_ugt",), (150,)))]
    needed = decision_on(read_made_up(runs)).needed
    # 2*150/350 = 85.7 of 2*160/360 = 88.9 is 96.4 %.
    assert (needed.sentences, needed.largest, needed.sources, needed.share) == (None, 25, ("en_ugt",), 96)


@pytest.mark.parametrize(
    ("at_25", "at_50", "by_seed"),
    [
        # 99 % of 2*160/360 = 88.9 needs 158 of 200 mentions.
        ((160, 140), (160, 160), "single seeds: 25 to 50"),
        ((160, 100), (160, 120), "single seeds: 25 to more than 50"),
        # 2*100/300 = 66.7 and 2*120/320 = 75.0 of 88.9
        ((20, 20), (100, 120), "single seeds: 75 to 84 %"),
        ((20, 20), (100, 100), "single seeds: 75 %"),
        ((160,), (160,), "one seed only"),
    ],
)
def test_how_the_seeds_differ_in_the_sentences_needed(read_made_up, at_25, at_50, by_seed):
    runs = [found_run("in-corpus", 160), *points((("en_ugt",), at_25)), *points((("en_ugt",), at_50), size=50)]
    assert decision_on(read_made_up(runs)).needed.by_seed == by_seed


@pytest.mark.parametrize(
    ("at_25", "at_50", "by_seed"),
    [
        ((160, 100), (160,), "single seeds: 25"),
        ((100, 100), (160, 120, 100), "single seeds: 50 to more than 50"),
    ],
)
def test_seeds_that_lack_a_size_are_left_out(read_made_up, at_25, at_50, by_seed):
    runs = [found_run("in-corpus", 160), *points((("en_ugt",), at_25)), *points((("en_ugt",), at_50), size=50)]
    assert decision_on(read_made_up(runs)).needed.by_seed == by_seed


def test_where_every_seed_lacks_a_size_that_is_said(read_made_up):
    runs = [found_run("few-shot", 160, ("en_ugt",), size, seed) for size, seed in ((25, 0), (50, 1))]
    needed = decision_on(read_made_up([found_run("in-corpus", 160), *runs])).needed
    assert needed.by_seed == "no seed was run at every size"


def test_each_curve_ends_at_its_own_largest_size(read_made_up):
    runs = [found_run("in-corpus", 160), *points(((), (50,)), (("en_ugt",), (100, 100)))]
    runs += points((("en_ugt",), (160, 160)), (("ru_ehr",), (100, 100)), size=50)
    needed = decision_on(read_made_up([*runs, *points((("ru_ehr",), (120, 120)), size=100)])).needed
    assert (needed.sentences, needed.without.first, needed.largest_without, needed.largest) == (50, None, 25, 100)


def test_the_seeds_of_all_sources_that_need_equally_few_sentences_count(read_made_up):
    runs = [found_run("in-corpus", 160), *points((("en_ugt",), (100, 100)), (("ru_ehr",), (160, 100)))]
    runs += points((("en_ugt",), (160, 160)), (("ru_ehr",), (160, 170)), size=50)
    needed = decision_on(read_made_up(runs)).needed
    assert (needed.sentences, needed.sources) == (50, ("en_ugt", "ru_ehr"))
    assert needed.by_seed == "single seeds: 25 to 50"


@pytest.mark.parametrize(
    ("at_50", "sources", "falling"),
    [(165, ("ru_ehr",), ("en_ugt",)), (100, ("en_ugt", "ru_ehr"), ("en_ugt", "ru_ehr"))],
)
def test_a_source_that_falls_below_the_goal_again_is_told_apart(read_made_up, at_50, sources, falling):
    runs = [found_run("in-corpus", 160), *points((("en_ugt",), (160,)), (("ru_ehr",), (160,)))]
    runs += points((("en_ugt",), (100,)), (("ru_ehr",), (at_50,)), size=50)
    needed = decision_on(read_made_up(runs)).needed
    assert (needed.sentences, needed.sources, needed.falling) == (25, sources, falling)


def test_a_source_without_a_larger_sample_is_not_taken_for_one_that_stays_above_the_goal(read_made_up):
    runs = [found_run("in-corpus", 160), *points((("en_ugt",), (160,)), (("ru_ehr",), (160,)))]
    needed = decision_on(read_made_up([*runs, *points((("ru_ehr",), (165,)), size=50)])).needed
    assert (needed.sources, needed.falling, needed.untested) == (("ru_ehr",), (), ("en_ugt",))


def test_no_pretrain_that_falls_below_the_goal_again_is_told(read_made_up):
    runs = [found_run("in-corpus", 160), *points(((), (160,)), (("en_ugt",), (160,)))]
    needed = decision_on(read_made_up([*runs, *points(((), (100,)), (("en_ugt",), (165,)), size=50)])).needed
    assert (needed.without.first, needed.without.is_sustained, needed.sources) == (25, False, ("en_ugt",))


def counts_of(run):
    """Of 20 documents with 10 mentions each, all alike: a source finds 9, no pretrain 5."""
    found = 9 if run.coordinates.sources else 5
    return DocumentCounts(tuple(map(str, range(20))), {MICRO: numpy.array([[found, 0, 10 - found]] * 20)})


def test_the_interval_is_of_the_gain_over_test_documents(results):
    # 2*9/19 = 94.74 against 2*5/15 = 66.67, whichever documents are drawn.
    for decision in decide(results, counts_of):
        assert decision.gain.interval == pytest.approx((28.07, 28.07), abs=0.01)


def test_an_interval_that_holds_0_makes_a_gain_unsure(read_made_up):
    runs = points(((), (50, 50)), (("en_ugt",), (120, 120)))

    def uneven(run):
        # All in one document of 20: whether it is drawn decides.
        found = numpy.array([[9 if run.coordinates.sources else 1, 0, 1]] + [[5, 0, 5]] * 19)
        return DocumentCounts(tuple(map(str, range(20))), {MICRO: found})

    (decision,) = decide(read_made_up(runs), uneven)
    assert decision.gain.interval[0] == 0 and decision.gain.certainty == UNSURE


def test_a_single_test_document_makes_a_gain_unsure(read_made_up):
    def of_one(run):
        return DocumentCounts(("0",), {MICRO: numpy.array([[9 if run.coordinates.sources else 1, 0, 1]])})

    (decision,) = decide(read_made_up(points(((), (50, 50)), (("en_ugt",), (120, 120)))), of_one)
    assert decision.gain.interval is None and decision.gain.certainty == UNSURE


def test_without_counts_by_document_there_is_no_interval(results):
    assert all(decision.gain.interval is None for decision in decide(results, no_counts))


@pytest.mark.parametrize(
    ("runs", "lacking"),
    [
        (points((("en_ugt",), (70,))), "no run without a source at 25 sentences"),
        (points(((), (70,)), size=20), "no run with a source at 20 sentences"),
    ],
)
def test_what_is_missing_is_said(read_made_up, runs, lacking):
    decision = decision_on(read_made_up(runs))
    assert decision.gain is None and decision.needed is None
    best, needed = decision.open_points
    assert best == f"Best source: not compared, as there is {lacking}."
    assert needed == "Sentences needed: no in-corpus run is finished."


def test_a_control_is_not_taken_for_no_pretrain(read_made_up):
    runs = [found_run("in-corpus", 200), *points((("en_ugt",), (120,))), *points((("en_ugt",), (200,)), size=50)]
    controls = [{**found_run("few-shot", tp, (), size), "run": f"control-{size}"} for tp, size in ((20, 25), (30, 50))]
    for control in controls:
        control["coordinates"]["extra_updates"] = 300
    decision = decision_on(read_made_up([*runs, *controls]))
    assert decision.gain is None and "no run without a source at 25" in decision.open_points[0]
    assert (decision.needed.sentences, decision.needed.sources) == (50, ("en_ugt",))
    assert decision.needed.largest_without is None


def test_a_source_without_a_model_for_a_type_is_not_compared_by_all_types(tmp_path):
    runs = [*points(((), (50, 50)), (("en_ugt",), (60, 60))), found_run("zero-shot", 20, ("en_ugt",), 0)]
    runs = [one for run in runs for one in per_type(run, *TYPES)]
    # Drug is easier here.
    for run in (run for run in runs if run["coordinates"]["entity_type"] == "Drug"):
        run["scores"] = per_type(found_run("few-shot", 150), "Drug")[0]["scores"]
    only_drug = [*points((("en_ehr",), (150, 150))), found_run("zero-shot", 150, ("en_ehr",), 0)]
    runs += [one for run in only_drug for one in per_type(run, "Drug")]
    folder = write_experiment(tmp_path, runs)
    for kind in ("few-shot", "zero-shot"):
        write_plan(folder, kind, [run for run in runs if run["coordinates"]["kind"] == kind])
    results = read_results(folder, "sample")
    decision = decision_on(results)
    assert decision.gain.best.source == "en_ugt" and decision.gain.best.as_good == ()
    assert decision.zero_shot[0] == "en_ugt"
    assert metric(results).endswith("because there is no model for the others: en_ehr.")
    by_type = {row[3] for row in table_significance(results, no_counts).rows if row[2] == "Drug"}
    assert by_type == {"en_ugt against no pretrain", "en_ehr against no pretrain"}
    # The first run by name has no Disease, which doesn't mean that the test part has none.
    (part,) = parts_tested(results)
    assert part.mentions == {"Drug": 200, "Disease": 200}
    # Without the others, nothing is known of all types.
    assert decision_on(replace(results, runs=results.of("zero-shot", sources=("en_ehr",)))).cautions == ()


def test_controls_change_nothing_that_is_told_of_sources_and_no_pretrain(results, read_made_up):
    controls = [
        make_run("few-shot", target, 5, (), size, seed, extra_updates=updates)
        for target in TARGETS
        for size in SIZES
        for seed in SEEDS
        for updates in (200, 300)
    ]
    with_controls = read_made_up([*make_runs(), *controls])
    assert decide(with_controls, no_counts) == decide(results, no_counts)
    assert steadiness(with_controls) == steadiness(results)
    grids = [gain_grid(table_significance(one, one.document_counts)) for one in (with_controls, results)]
    assert grids[0] == grids[1]
    for make_table in (table_source_ranking, table_ranking_validation, table_forgetting):
        assert make_table(with_controls) == make_table(results)


def test_a_target_without_any_mention_is_said_to_have_none(read_made_up):
    runs = [found_run("in-corpus", 160), found_run("zero-shot", 50, ("en_ugt",), 0)]
    runs += points(((), (50, 60)), (("en_ugt",), (120, 120)))
    empty = [without_gold(run, *TYPES) for run in runs]
    expected = ("The test part has no mention of Drug or Disease.",)
    for kept in (empty, [run for run in empty if run["coordinates"]["kind"] == "zero-shot"]):
        decision = decision_on(read_made_up(kept))
        assert decision.open_points == expected and decision.gain is None and decision.zero_shot is None


@pytest.mark.parametrize(
    ("full", "sample", "doubt"),
    [
        ({"tp": 160, "updates": 20}, {"tp": 100, "updates": 60}, "had 20 updates, and no pretrain with 25"),
        ({"tp": 100, "updates": 60}, {"tp": 160, "updates": 20}, "scores 66.7 F1 for all types, but only 25 sentences"),
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
    doubts = decision_on(read_made_up(runs)).needed.doubts
    assert (doubt in " ".join(doubts)) if doubt else doubts == ()


def test_a_full_f1_of_zero(read_made_up):
    runs = [found_run("in-corpus", 0), *points(((), (0,)), (("en_ugt",), (5,)))]
    decision = decision_on(read_made_up(runs))
    assert decision.needed is None and decision.open_points == ("Sentences needed: the full F1 is 0.",)
    assert "scores 0.0 F1 for all types, but only 25 sentences of ru_ugt give" in decision.cautions[0]


def test_a_small_test_part_is_warned_of(read_made_up):
    run = found_run("zero-shot", 0, ("en_ugt",), 0)
    run["scores"]["characters"] = {name: {"tp": 10, "fp": 0, "fn": 30} for name in ("micro", "Drug", "Disease")}
    (caution,) = decision_on(read_made_up([run])).cautions
    assert caution == "Small test part: each of its 40 mentions is worth about 2.5 points of F1."


def test_in_corpus_runs_alone_give_no_decision(read_made_up):
    assert decide(read_made_up([found_run("in-corpus", 100)]), no_counts) == []


def test_of_several_models_each_has_a_decision(read_made_up):
    runs = [found_run("few-shot", tp, sources, 25) for sources, tp in (((), 50), (("en_ugt",), 70))]
    other = [{**run, "run": f"crf-{run['run']}"} for run in runs]
    for run in other:
        run["coordinates"] = {**run["coordinates"], "model": "softmax_crf"}
    assert [one.model for one in decide(read_made_up([*runs, *other]), no_counts)] == ["softmax", "softmax_crf"]
