"""Test the remarks on a report as a whole: the metric, and failed or missing runs."""
import re
from dataclasses import replace

import srsly

from scripts.reporting.remarks import failures, join, metric, unfinished
from scripts.results.kinds import KINDS
from tests.reporting.made_up import ROOT, found_run, make_run, not_annotated


def test_the_metric_names_the_types_of_the_experiment(read_made_up):
    both = [make_run("in-corpus", name, 50) for name in ("ru_ugt", "ru_ehr")]
    expected = "F1 counts exact matches of Drug and Disease together on the target's test part."
    assert metric(read_made_up(both)) == expected
    assert metric(read_made_up([both[0], not_annotated(both[1], "Disease")])).endswith(" On ru_ehr: Drug only.")
    assert "matches of Disease on the target's" in metric(read_made_up([not_annotated(run, "Drug") for run in both]))


def test_runs_whose_training_failed_are_named(read_made_up):
    failed = {**found_run("few-shot", 0, ("en_ugt",), 25, 1), "problem": "weights are not finite"}
    results = read_made_up([found_run("few-shot", 50, (), 25), failed])
    assert failures(results) == ["few-shot ru_ugt from en_ugt at 25 sentences, seed 1: weights are not finite"]
    assert failures(read_made_up([found_run("few-shot", 50, ("en_ugt",), 25, 1)])) == []


def test_an_unfinished_experiment_is_called_so(results, read_made_up):
    assert unfinished(results) == []
    done, missing = found_run("few-shot", 10, (), 25), found_run("few-shot", 10, ("en_ugt",), 25)
    expected = "The answer may still change: planned runs are not finished (1 few-shot)."
    assert unfinished(read_made_up([done], [missing])) == [expected]


def test_the_commands_that_repeat_outdated_runs_exist(results):
    commands = {command["name"] for command in srsly.read_yaml(ROOT / "project.yml")["commands"]}
    lines = unfinished(replace(results, outdated=dict.fromkeys(KINDS, 2)))
    named = [re.search(r"Run `weasel run (\S+) \.` again", line) for line in lines]
    assert len(named) == len(KINDS) and {match[1] for match in named} <= commands


def test_names_in_a_sentence():
    assert [join(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
