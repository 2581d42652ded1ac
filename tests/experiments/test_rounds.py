"""Test the rounds of a learning curve: who selects which sentences, and that only these are trained on."""
import json
import random
import re
import shutil
from dataclasses import replace

import pytest
from spacy.tokens import Doc
from spacy.util import load_config

from scripts.base.errors import ProjectError
from scripts.base.files import read_checked_json, read_zipped_json, write_checked_json
from scripts.corpora.parts import read_documents, read_sentences, sample
from scripts.evaluation.edits import count_edits
from scripts.experiments import train
from scripts.experiments.analysis import analyze_all
from scripts.experiments.estimate import estimate
from scripts.experiments.execute import execute_kind, jobs_of
from scripts.experiments.executors.local import Local
from scripts.experiments.pipeline_cache import PipelineCache
from scripts.experiments.plan import few_shot_runs
from scripts.experiments.rounds import (
    as_executed,
    count_words,
    find_round,
    is_finished,
    place_of,
    random_with_words,
    sample_after,
)
from scripts.experiments.run import run_job
from scripts.experiments.verify import passes_to_verify, verify
from scripts.experiments.work import tasks_of
from scripts.results.analysis import analysis_file
from scripts.results.kinds import FEW_SHOT
from scripts.results.rounds import round_file
from scripts.results.runs import Ledger
from tests.experiments.tiny import ROOT, SETTINGS, TRAINING, open_project, write_experiment

METHOD = "expected_mentions"
SIZES = [4, 7, 11]
# So many updates that the models mark something.
FEW = {
    **{"targets": ["ru_ehr"], "sources": [["en_ugt"]], "sizes": SIZES, "seeds": [0], "training": TRAINING},
    **{"selection": ["random", METHOD], "equal_words": True},
}


def with_few_shot(root, **changes):
    """RETURNS (Workspace): The tiny project with other few-shot runs."""
    write_experiment(root, {**SETTINGS, "few_shot": {**FEW, **changes}})
    return open_project(root)


@pytest.fixture(scope="module")
def finished(made_project, tmp_path_factory):
    """RETURNS (Workspace): The tiny project after all rounds, in one go and in this process; not to be changed."""
    workspace = with_few_shot(shutil.copytree(made_project, tmp_path_factory.mktemp("rounds") / "project"))
    execute_kind(workspace, FEW_SHOT)
    return workspace


@pytest.fixture()
def copy(finished, tmp_path):
    """RETURNS (Workspace): A copy of it for one test."""
    return open_project(shutil.copytree(finished.metrics.parent, tmp_path / "project"))


@pytest.fixture()
def planned(project):
    """RETURNS (Workspace): The tiny project before any round, with no pretrain and a fresh head too."""
    return with_few_shot(project, sources=[[], ["en_ugt"]], transfer=["full", "encoder"])


def runs_of(workspace, selection, words_of=""):
    """The runs of a curve, by size."""
    runs = few_shot_runs(workspace.experiment)
    return {run.size: run for run in runs if (run.selection, run.words_of) == (selection, words_of)}


def record(workspace):
    """All that is on record, but for how long it took and where it stood: byte for byte what does not tell that."""
    found = {}
    for path in sorted(workspace.results.rglob("*")):
        if path.name.endswith((".predictions.json.gz", ".cfg")) or path.parent.name in ("rounds", "analysis"):
            found[path.name, path.parent.name] = re.sub(rb'"[^"]*/project/', b'"', path.read_bytes())
        elif path.parent.name == "runs" and path.suffix == ".json":
            found[path.name] = {key: value for key, value in read_checked_json(path).items() if key != "seconds"}
    return found


class TestPlan:
    def test_plain_random_runs_are_those_of_an_experiment_without_a_selection(self, planned, project):
        with_selection = jobs_of(planned, FEW_SHOT)
        plain = jobs_of(
            with_few_shot(
                project, sources=[[], ["en_ugt"]], transfer=["full", "encoder"], selection=["random"], equal_words=False
            ),
            FEW_SHOT,
        )
        assert len(plain) == 3 * 3 and len(with_selection) == 3 * len(plain)
        for run, job in plain.items():
            assert (with_selection[run].fingerprint, "selection" in job.training.record) == (job.fingerprint, False)
            source = "en_ugt" if run.source else "none"
            assert run.id == f"few-shot.ru_ehr.from-{source}.{run.transfer}.size-{run.size}.seed-0"

    def test_each_run_has_an_id_of_its_own_that_names_its_selection(self, planned):
        ids = [run.id for run in jobs_of(planned, FEW_SHOT)]
        assert len(set(ids)) == len(ids) == 27
        assert "few-shot.ru_ehr.from-en_ugt.full.size-7.expected_mentions.seed-0" in ids
        assert "few-shot.ru_ehr.from-en_ugt.full.size-7.random-words-of-expected_mentions.seed-0" in ids

    def test_a_round_depends_on_all_rounds_before_it_and_on_none_behind(self, project):
        def fingerprints(workspace):
            runs = runs_of(workspace, METHOD)
            return [run_job(workspace, runs[size]).training.fingerprint for size in sorted(runs) if size in SIZES]

        before = fingerprints(with_few_shot(project))
        more = fingerprints(with_few_shot(project, sizes=[*SIZES, 15]))
        first = fingerprints(with_few_shot(project, sizes=[4, 8, 11]))
        assert more == before
        assert (first[0] == before[0], first[-1] == before[-1]) == (True, False)

    def test_a_run_waits_for_the_round_before_and_a_control_for_what_it_is_held_against(self, planned):
        tasks = {task.id: task for task in tasks_of(planned, jobs_of(planned, FEW_SHOT))}
        stem = "few-shot.ru_ehr.from-none.none.size-"
        assert tasks[f"{stem}4.seed-0"].after == ()
        assert tasks[f"{stem}11.seed-0"].after == (f"{stem}7.seed-0",)
        assert tasks[f"{stem}11.{METHOD}.seed-0"].after == (f"{stem}7.{METHOD}.seed-0",)
        control = f"random-words-of-{METHOD}.seed-0"
        assert tasks[f"{stem}11.{control}"].after == (f"{stem}7.{control}", f"{stem}11.{METHOD}.seed-0")
        # For workers on other machines.
        assert round_file(planned.results, f"{stem}7.{METHOD}.seed-0") in tasks[f"{stem}11.{METHOD}.seed-0"].reads
        order = list(tasks)
        assert all(order.index(before) < order.index(task.id) for task in tasks.values() for before in task.after)

    def test_costs_are_told_before_anything_is_trained(self, planned, project):
        (cost,) = [one for one in estimate(planned) if one.kind == FEW_SHOT]
        plain = with_few_shot(
            project, sources=[[], ["en_ugt"]], transfer=["full", "encoder"], selection=["random"], equal_words=False
        )
        (other,) = [one for one in estimate(plain) if one.kind == FEW_SHOT]
        # Two of three rounds choose for the next; of three curves one has a source that chooses the first.
        observed = (2 * 3 + 1 + 1) * planned.count("ru_ehr", "train")
        assert cost.runs == 3 * other.runs
        assert cost.tested == 3 * other.tested + observed

    def test_an_experiment_without_a_selection_has_no_rounds(self, workspace):
        assert not any(place_of(workspace, run) for run in few_shot_runs(workspace.experiment))


def test_a_model_without_probabilities_is_refused_before_anything_is_trained(project):
    shutil.copyfile(ROOT / "configs" / "transition.cfg", project / "configs" / "transition.cfg")
    write_experiment(project, {**SETTINGS, "model": "transition", "few_shot": FEW})
    expected = "few_shot.selection: expected_mentions needs probabilities, but model 'transition' has none"
    with pytest.raises(ProjectError, match=expected):
        jobs_of(open_project(project), FEW_SHOT)
    few = {**FEW, "selection": ["random", "diversity"]}
    write_experiment(project, {**SETTINGS, "model": "transition", "few_shot": few})
    assert len(jobs_of(open_project(project), FEW_SHOT)) == 9


class TestSamples:
    def test_each_is_inside_the_next_and_of_the_training_part_alone(self, finished):
        part = finished.part("ru_ehr", "train")
        sentences = read_sentences([str(part.path)])
        # The sides share no document.
        test = {document.user_data["id"] for document in read_documents(finished.part("ru_ehr", "test").path)}
        for selection, words_of in (("random", ""), (METHOD, ""), ("random", METHOD)):
            runs = runs_of(finished, selection, words_of)
            numbers = [find_round(finished, runs[size]).numbers for size in SIZES]
            for smaller, larger in zip(numbers, numbers[1:], strict=False):
                assert larger[: len(smaller)] == smaller and len(set(larger)) == len(larger)
            # What the reader gave is on record by document.
            for size, own in zip(SIZES, numbers, strict=True):
                drawn = recorded_sample(finished, runs[size])
                assert drawn == [[sentences[number].document, sentences[number].number] for number in own]
                assert not {document for document, _ in drawn} & test
                assert words_of or len(own) == size

    def test_random_ones_are_prefixes_of_one_permutation_and_chosen_ones_are_not(self, finished):
        whole = sample(finished.count("ru_ehr", "train"), 29, 0)
        for selection, words_of in (("random", ""), ("random", METHOD)):
            for run in runs_of(finished, selection, words_of).values():
                numbers = find_round(finished, run).numbers
                assert list(numbers) == whole[: len(numbers)]
        chosen = find_round(finished, runs_of(finished, METHOD)[4]).numbers
        assert sorted(chosen) != sorted(whole[:4])

    def test_a_control_has_as_many_words_and_not_a_sentence_more_than_that_takes(self, finished):
        sentences = read_sentences([str(finished.part("ru_ehr", "train").path)])
        controls = runs_of(finished, "random", METHOD)
        for size, run in runs_of(finished, METHOD).items():
            words, control = find_round(finished, run).words, find_round(finished, controls[size])
            assert control.words >= words > control.words - count_words([sentences[control.numbers[-1]]])
            result = Ledger(finished.runs).read(controls[size].id)
            assert result.sentences["train"] == len(control.numbers)
            assert result.cost["words"] == control.words

    def test_without_a_whole_source_the_first_is_random_and_unmarked(self, planned):
        for run in few_shot_runs(planned.experiment):
            if run.size == 4 and run.selection == METHOD and run.transfer != "full":
                plain = run_job(planned, replace(run, selection="random")).training
                assert run_job(planned, run).training.fingerprint == plain.fingerprint

    def test_a_sample_by_words_stops_at_the_words_or_at_the_end(self, finished):
        sentences = read_sentences([str(finished.part("ru_ehr", "train").path)])
        whole = sample(len(sentences), None, 0)
        random.Random(3).shuffle(whole)
        first = count_words([sentences[whole[0]]])
        assert random_with_words(sentences, first, 3) == whole[:1]
        assert random_with_words(sentences, first + 1, 3) == whole[:2]
        assert random_with_words(sentences, 10**6, 3) == whole
        assert random_with_words(sentences, 0, 3) == []


def test_a_config_names_the_sentences_that_were_chosen_and_of_a_random_sample_its_seed(finished):
    """So that `spacy train` repeats the run from it."""
    for run in few_shot_runs(finished.experiment):
        reader = load_config(finished.runs / f"{run.id}.cfg")["corpora"]["train"]
        if run.is_at_random:
            assert (reader["limit"], reader["seed"], "numbers" in reader) == (run.size, 0, False)
        else:
            assert (reader["limit"], tuple(reader["numbers"])) == (None, find_round(finished, run).numbers)


class TestEdits:
    def test_those_of_a_round_are_counted_on_what_the_model_before_marks(self, finished):
        """The model of the round before is trained once more, as its config says, and its marks are corrected."""
        runs = runs_of(finished, "random")
        before, after = (find_round(finished, runs[size]) for size in SIZES[:2])
        assert after.edits == before.edits + before.next.edits
        nlp = trained_again(finished, runs[4])
        sentences = read_sentences([str(finished.part("ru_ehr", "train").path)])
        added = [sentences[number] for number in after.numbers[4:]]
        marked = [[(ent.start, ent.end, ent.label_) for ent in nlp(sentence_doc(nlp, one)).ents] for one in added]
        edits = sum(count_edits(one.mentions, found) for one, found in zip(added, marked, strict=True))
        assert (before.next.edits, len(added)) == (edits, 3) and edits > 0

    def test_every_run_tells_its_words_and_edits(self, finished):
        for run, job in jobs_of(finished, FEW_SHOT).items():
            result, left = Ledger(finished.runs).read(run.id), find_round(finished, run)
            whole = as_executed(finished, run, job).training.sentences()
            assert result.cost == {"words": count_words(whole), "edits": left.edits}
            assert left.edits >= find_round(finished, place_of(finished, run).before).edits if run.size > 4 else True


def recorded_sample(workspace, run):
    """Document and number of each sentence that a run was trained on."""
    return read_zipped_json(workspace.runs / f"{run.id}.predictions.json.gz")["sample"]


def sentence_doc(nlp, sentence):
    """A sentence as a Doc without its mentions."""
    starts = [number == 0 for number in range(len(sentence.words))]
    return Doc(nlp.vocab, words=sentence.words, spaces=sentence.spaces, sent_starts=starts)


def trained_again(workspace, run):
    """The pipeline that `spacy train` makes of a run's config."""
    path = workspace.runs / f"{run.id}.cfg"
    return train.train_config(path, path, -1, PipelineCache())


class TestResuming:
    def test_a_kill_between_rounds_and_a_pool_change_nothing(self, finished, copy):
        # What a kill in the second round leaves: of a chosen run all but its result, of its control and what is behind
        # them nothing, of a random run what it leaves to the next round not.
        chosen, control, plain = runs_of(copy, METHOD), runs_of(copy, "random", METHOD), runs_of(copy, "random")
        (copy.runs / f"{chosen[7].id}.json").unlink()
        round_file(copy.results, plain[7].id).unlink()
        for run in (control[7], chosen[11], control[11], plain[11]):
            for path in copy.results.rglob(f"{run.id}.*"):
                path.unlink()
        execute_kind(copy, FEW_SHOT, Local(workers=2, threads=1))
        assert record(copy) == record(finished)
        entries = [json.loads(line) for line in (copy.results / "log.jsonl").read_text().splitlines()]
        again = entries[len(runs_of(copy, METHOD)) * 3 + 1 :]
        assert {entry["worker"] for entry in again} == {"worker 1", "worker 2"} and len(again) == 6

    def test_what_is_finished_is_not_repeated(self, copy, executed):
        execute_kind(copy, FEW_SHOT)
        assert executed == []

    def test_a_round_whose_choice_is_lost_is_made_again_and_nothing_else(self, finished, copy, executed, capsys):
        lost = runs_of(copy, METHOD)[7]
        round_file(copy.results, lost.id).unlink()
        execute_kind(copy, FEW_SHOT)
        assert executed == [lost.id]
        told = " ".join(capsys.readouterr().out.split())
        assert "Runs to repeat because the sentences for the next round are missing: 1" in told
        assert record(copy) == record(finished)

    def test_a_size_more_repeats_the_last_round_which_has_to_choose_now(self, copy, executed):
        more = with_few_shot(copy.metrics.parent, sizes=[*SIZES, 13], equal_words=False)
        jobs = jobs_of(more, FEW_SHOT)
        pending = [run for run, job in jobs.items() if not is_finished(more, run, job)]
        assert [(run.size, run.selection) for run in pending] == [
            (size, selection) for size in (11, 13) for selection in ("random", METHOD)
        ]

    def test_a_choice_that_was_made_anew_repeats_what_follows_from_it(self, copy):
        run = runs_of(copy, METHOD)[4]
        path = round_file(copy.results, run.id)
        left = read_checked_json(path)
        left["next"]["numbers"] = left["next"]["numbers"][::-1]
        write_checked_json(path, left)
        pending = [one for one, job in jobs_of(copy, FEW_SHOT).items() if not is_finished(copy, one, job)]
        assert pending == [runs_of(copy, METHOD)[7]]


class TestLostRounds:
    def test_one_that_can_not_choose_is_told_by_name(self, copy):
        runs = runs_of(copy, METHOD)
        path = round_file(copy.results, runs[4].id)
        left = read_checked_json(path)
        write_checked_json(path, {**left, "next": {**left["next"], "problem": "its loss was not finite"}})
        with pytest.raises(ProjectError, match="size-4.expected_mentions.seed-0 can't select .*size 7: its loss was"):
            sample_after(copy, runs[4], 7)

    def test_one_that_is_not_there_or_of_other_settings_is_told_by_name(self, copy):
        runs = runs_of(copy, METHOD)
        path = round_file(copy.results, runs[4].id)
        path.write_text(path.read_text().replace('"fingerprint": "', '"fingerprint": "other'))
        with pytest.raises(ProjectError, match="the sentences of few-shot.*size-4.expected_mentions.seed-0"):
            sample_after(copy, runs[4], 7)
        path.unlink()
        with pytest.raises(ProjectError, match="the sentences of few-shot.*size-4.expected_mentions.seed-0"):
            sample_after(copy, runs[4], 7)

    def test_one_that_chose_for_another_size_is_told_by_name(self, copy):
        with pytest.raises(ProjectError, match="size-4.expected_mentions.seed-0 didn't select .* for size 9"):
            sample_after(copy, runs_of(copy, METHOD)[4], 9)

    def test_a_round_that_fails_takes_those_behind_it_along_and_no_others(self, copy, monkeypatch):
        runs = runs_of(copy, METHOD)
        for size in (7, 11):
            (copy.runs / f"{runs[size].id}.json").unlink()
        (copy.runs / f"{runs_of(copy, 'random')[11].id}.json").unlink()
        monkeypatch.setattr("scripts.experiments.execute_run.place_of", failing_at(7, METHOD))
        with pytest.raises(ProjectError, match="2 of the runs and source models failed"):
            execute_kind(copy, FEW_SHOT)
        told = json.loads((copy.results / "failures" / f"{runs[11].id}.json").read_text())
        assert told["reason"] == f"{runs[7].id} failed: no place"


def failing_at(size, selection):
    """Stands for what looks a round up: fails for one of them."""

    def place(workspace, run):
        if (run.size, run.selection) == (size, selection):
            raise ProjectError("no place")
        return place_of(workspace, run)

    return place


@pytest.mark.parametrize("selection, words_of", [(METHOD, ""), ("random", METHOD)])
def test_a_round_is_verified_with_the_sentences_that_it_had(copy, selection, words_of):
    run = runs_of(copy, selection, words_of)[7]
    before, passes = record(copy), []
    found = verify(copy, run, passes.append)
    assert found.is_equal and sum(passes) == passes_to_verify(copy, run) > 0
    assert record(copy) == before


def test_an_analysis_that_is_lost_is_made_of_the_sentences_that_were_chosen(finished, copy):
    run = runs_of(copy, METHOD)[11]
    analysis_file(copy.runs, run.id).unlink()
    analyze_all(copy, {run: run_job(copy, run)})
    assert record(copy) == record(finished)
