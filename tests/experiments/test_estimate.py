"""Test the estimated cost of an experiment, against counts by hand."""
import re
import shutil
from pathlib import Path

import pytest

from scripts import plan
from scripts.base.errors import ProjectError
from scripts.encoders.record import record_file
from scripts.experiments.estimate import Cost, Speed, estimate, expected_corpus, planning_workspace
from scripts.experiments.settings import read_experiment
from scripts.reporting.tables.plan import table_plan
from tests.experiments.tiny import ROOT, SETTINGS, write_experiment

CONFIGS, PAPER = ROOT / "configs", ROOT / "assets" / "paper" / "tables.json"


def costs_of(name: str, sentences: int = 3000, configs: Path = CONFIGS) -> dict[tuple[str, str], Cost]:
    """RETURNS (dict): Costs by kind and model, every part of every corpus having so many sentences."""
    experiment = read_experiment(configs, name)
    types = ("Drug", "Disease")
    corpora = {corpus: expected_corpus(types, sentences, sentences, corpus) for corpus in experiment.corpora}
    workspace = planning_workspace(name, experiment, configs, corpora)
    return {(cost.kind, cost.model): cost for cost in estimate(workspace)}


def test_the_papers_grid_is_17_curves_of_40_sizes_and_10_models():
    costs = costs_of("paper")
    assert costs["few-shot", "softmax"].runs == costs["few-shot", "softmax"].trainings == 17 * 40
    models = ("softmax", "biobert", "lstm_crf")
    assert [costs["in-corpus", model].trainings for model in models] == [4, 2, 4]
    # 40 epochs of every sample, the last batch of an epoch as small as it is.
    assert costs["few-shot", "softmax"].passes == 17 * 40 * sum(range(50, 2001, 50))


def test_what_the_paper_says_of_its_settings_stands_in_its_file():
    experiment = read_experiment(CONFIGS, "paper")
    assert experiment.encoder == "bert-base-multilingual-cased" and experiment.lower_case is False
    assert experiment.baselines["biobert"].encoder == "dmis-lab/biobert-base-cased-v1.1"
    assert experiment.few_shot.training.learn_rate == 5e-5 and experiment.few_shot.training.epochs == 40
    assert [source.corpora for source in experiment.few_shot.sources if not source.enabled] == [
        ("ruccon_published", "cadec")
    ]


def test_samples_beyond_a_training_part_are_not_counted():
    assert costs_of("paper", sentences=1000)["few-shot", "softmax"].runs == 17 * 20


def test_the_open_experiment_needs_no_contract():
    experiment = read_experiment(CONFIGS, "open")
    assert set(experiment.corpora) == {"cadec", "rudrec", "ruccon_published"} and len(experiment.few_shot.seeds) == 3
    assert any(source.in_sequence for source in experiment.few_shot.sources)


def test_a_smallest_size_beyond_a_training_part_is_told_as_few_shot_tells_it():
    with pytest.raises(ProjectError, match="few_shot.sizes: the smallest sample size is 50, but cadec has only 49 "):
        costs_of("paper", sentences=49)


def test_a_type_each_costs_as_many_times(project):
    costs = []
    for types in ("joint", "per_type"):
        write_experiment(project, {**SETTINGS, "types": types}, f"cost_{types}")
        costs.append(costs_of(f"cost_{types}", 30, project / "configs")["in-corpus", "softmax"])
    assert costs[1].passes == 2 * costs[0].passes and costs[1].runs == 2 * costs[0].runs


def test_tests_on_the_sources_and_controls_are_counted(project):
    few_shot = {**SETTINGS["few_shot"], "sources": [[], ["en_ugt"]], "compute_matched": [4, 8], "source_tests": [8]}
    write_experiment(project, {**SETTINGS, "few_shot": few_shot, "zero_shot": ["ru_ehr"]}, "counted")
    costs = {kind: cost for (kind, _), cost in costs_of("counted", 7, project / "configs").items()}
    # Two sources, each tested on the target and on itself. A sample of 8 is more than the training part has: what is
    # left are, for two seeds, no pretrain, the source and the control at 4, where sources are not tested again.
    assert costs["zero-shot"].tested == 2 * 2 * 7
    assert costs["few-shot"].runs == 2 + 2 + 2
    assert costs["few-shot"].tested == 6 * 7


def test_hours_follow_from_the_speed():
    cost = Cost("few-shot", "softmax", 10, 10, passes=36_000, tested=7_200)
    speed = Speed(training=10.0, testing=2.0)
    assert speed.hours(cost) == pytest.approx(1 + 1)
    table = table_plan("x", [cost, cost], speed)
    assert table.rows[-1] == ("in all", "", 20, 20, 72_000, 14_400, pytest.approx(4.0))
    assert table_plan("x", [cost], None).rows[-1][-1] is None


class TestCommand:
    def run(self, project: Path) -> None:
        """Run `plan` in this process: one of its own would import the same libraries for seconds."""
        plan.main("tiny", **{name: project / name for name in ("configs", "corpus", "training")}, paper=PAPER)

    def test_it_tells_runs_passes_and_hours_and_leaves_nothing(self, project, capsys):
        before = sorted(path for path in project.rglob("*"))
        self.run(project)
        printed = capsys.readouterr().out
        # 12 updates of 4 sentences each: 3 in-corpus models of one epoch over 29 sentences and 4 updates more; 2 sizes,
        # 2 seeds, 3 sources; one model to ship.
        assert re.search(r"in-corpus +softmax +3 +3 +135 ", printed)
        assert re.search(r"few-shot +softmax +12 +12 +576 ", printed)
        assert re.search(r"at \d+\.\d sentence passes", printed) and "with the encoder tiny" in printed
        assert "nothing was trained" in printed.strip().splitlines()[-1]
        assert sorted(path for path in project.rglob("*")) == before

    def test_without_an_encoder_the_time_is_not_known(self, project, capsys):
        record_file(project / "training", "offline").unlink()
        self.run(project)
        assert "Can't estimate the time" in capsys.readouterr().out

    def test_a_corpus_that_nobody_has_counted_is_named(self, project):
        shutil.rmtree(project / "corpus" / "ru_ugt")
        places = project / "configs", project / "corpus"
        assert plan.count_corpus(*places, "en_ugt", {}).parts["train"].sentences == 29
        with pytest.raises(ProjectError, match="ru_ugt.yml: ru_ugt is not converted. Run `weasel run convert` first"):
            plan.count_corpus(*places, "ru_ugt", {})

    def test_of_a_corpus_that_is_not_converted_the_papers_count_is_taken(self, project):
        shutil.rmtree(project / "corpus" / "ru_ugt")
        file = project / "configs" / "corpora" / "ru_ugt.yml"
        file.write_text(file.read_text("utf8") + "\npaper_corpus: RU UGT\n", "utf8")
        found = plan.count_corpus(project / "configs", project / "corpus", "ru_ugt", {"RU UGT": {"sentences": 100}})
        assert {part: found.parts[part].sentences for part in found.parts} == {"train": 70, "test": 30}
        assert found.entity_types == ("Drug", "Disease")


@pytest.mark.parametrize("name", ["/no/such/folder", "./encoder", "models/bert/cased"])
def test_a_folder_that_is_not_there_is_no_reason_to_time_another_encoder(tmp_path, name):
    with pytest.raises(ProjectError, match=f"{name}: no such folder"):
        plan.encoder_to_time(name, tmp_path / "training", tmp_path / "assets")
    assert not (tmp_path / "assets").exists()
