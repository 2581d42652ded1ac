"""Test that a search opens no test part, keeps documents whole, and repeats nothing."""
import json
import shutil

import pytest

from scripts import search as command
from scripts.base.errors import ProjectError
from scripts.corpora.parts import read_documents, read_sentences
from scripts.experiments.candidates import SearchWorker
from scripts.experiments.config import resolve_config
from scripts.experiments.job import SAMPLE_SEED_OFFSET
from scripts.experiments.search import (
    SearchRun,
    execute_search,
    list_candidates,
    search_job,
    search_part,
    search_runs,
    search_settings,
    split_training_part,
)
from scripts.experiments.settings import read_experiment
from tests.experiments.tiny import (
    ROOT,
    SETTINGS,
    TRAINING,
    change_data,
    open_project,
    replace_part,
    single_sentences,
    write_experiment,
)

PARTS = ("train", "development")
SEARCH = {
    "corpora": ["en_ugt"],
    "development": 0.25,
    "sizes": [4, None],
    "seeds": [0],
    "base": TRAINING,
    "values": {"learn_rate": [0.005, 0.001], "frozen": ["encoder"]},
}
IDS = [
    f"{candidate}.en_ugt.size-{size}.seed-0"
    for candidate in ("base", "learn_rate-0.001", "frozen-encoder")
    for size in ("4", "whole")
]


def open_search(project, **changes):
    """RETURNS (tuple[Workspace, Search]): The tiny project with a search, and that search."""
    write_experiment(project, {**SETTINGS, "search": {**SEARCH, **changes}})
    workspace = open_project(project)
    return workspace, search_settings(workspace)


@pytest.fixture()
def workspace(project):
    """RETURNS (Workspace): The tiny project with a search."""
    return open_search(project)[0]


@pytest.fixture()
def search(workspace):
    """RETURNS (Search): What it is to try."""
    return search_settings(workspace)


@pytest.fixture()
def executed(monkeypatch):
    """RETURNS (list[str]): The ids of the runs that are carried out, and not skipped."""
    ids: list[str] = []
    do = SearchWorker.do

    def note(worker, what, on_passes):
        ids.append(what[0].id)
        return do(worker, what, on_passes)

    monkeypatch.setattr(SearchWorker, "do", note)
    return ids


def ids_of(documents):
    return [document.user_data["id"] for document in documents]


class TestSettings:
    @pytest.mark.parametrize(
        "changes, expected",
        [
            ({"corpora": ["en_ug"]}, r"unknown corpus 'en_ug' \(did you mean 'en_ugt'"),
            ({"corpora": []}, "search.corpora"),
            ({"development": 1.0}, "search.development"),
            ({"sizes": [0]}, "search.sizes"),
            ({"sizes": [4, 4]}, "4 is listed more than once"),
            ({"values": {"frozen": ["head"]}}, "search.values.frozen"),
            ({"values": {"learn_rate": [0]}}, "search.values.learn_rate"),
            ({"values": {"learnrate": [0.1]}}, "unknown key 'search.values.learnrate'. Did you mean 'learn_rate'"),
        ],
    )
    def test_a_mistake_is_told_with_its_key(self, project, changes, expected):
        write_experiment(project, {**SETTINGS, "search": {**SEARCH, **changes}})
        with pytest.raises(ProjectError, match=expected):
            read_experiment(project / "configs", "tiny")

    def test_an_experiment_without_a_search_says_so(self, project):
        with pytest.raises(ProjectError, match="experiment tiny: missing key 'search'"):
            search_settings(open_project(project))

    @pytest.mark.parametrize(
        "model, key, reason",
        [
            ("transition", "head_learn_rate", "model 'transition' has a single rate, `learn_rate`"),
            ("lstm_crf", "head_learn_rate", "model 'lstm_crf' has a single rate, `learn_rate`"),
            ("lstm_crf", "frozen", "model 'lstm_crf' has no encoder"),
        ],
    )
    def test_a_value_that_the_model_does_not_use_is_refused(self, project, model, key, reason):
        values = {"head_learn_rate": [0.1]} if key == "head_learn_rate" else {"frozen": ["encoder"]}
        write_experiment(project, {**SETTINGS, "model": model, "search": {**SEARCH, "values": values}})
        with pytest.raises(ProjectError, match=f"experiment tiny, key search.values.{key}: {reason}. Remove the key"):
            search_settings(open_project(project))

    def test_the_seed_is_added_to_every_seed(self, workspace, project):
        assert search_settings(open_project(project, seed=7)).seeds == [7]


class TestCandidates:
    def test_each_changes_one_setting_of_the_base(self, search):
        base, rate, frozen = list_candidates(search, "nothing", "softmax")
        assert (base.name, base.training, base.frozen) == ("base", search.base, "nothing")
        assert (rate.name, rate.frozen) == ("learn_rate: 0.001", "nothing")
        assert rate.training == search.base.model_copy(update={"learn_rate": 0.001})
        assert (frozen.name, frozen.training, frozen.frozen) == ("frozen: encoder", search.base, "encoder")

    def test_what_the_base_has_already_is_not_tried_again(self, project):
        workspace, search = open_search(project, values={"epochs": [1, 3], "frozen": ["nothing", "word_embeddings"]})
        names = [candidate.name for candidate in list_candidates(search, "word_embeddings", "softmax")]
        assert names == ["base", "epochs: 3", "frozen: nothing"]

    def test_other_models_are_tried_by_the_name_of_their_config_or_baseline(self, project):
        shutil.copyfile(ROOT / "configs" / "softmax_crf.cfg", project / "configs" / "softmax_crf.cfg")
        search = {**SEARCH, "values": {"model": ["softmax", "softmax_crf", "crf"]}}
        write_experiment(project, {**SETTINGS, "baselines": {"crf": {"config": "softmax_crf"}}, "search": search})
        workspace = open_project(project)
        base, *others = list_candidates(search_settings(workspace), "nothing", "softmax")
        assert [one.name for one in others] == ["model: softmax_crf", "model: crf"]
        assert all((one.training, one.frozen) == (base.training, base.frozen) for one in others)
        split_training_part(workspace, workspace.experiment.search, "en_ugt")
        jobs = [search_job(workspace, SearchRun(candidate, "en_ugt", 4, 0)) for candidate in (base, *others)]
        found = [resolve_config(job.training)["components"]["bio_ner"]["model"]["@architectures"] for job in jobs]
        assert found == ["interlingual.BioTagger.v2", *2 * ["interlingual.CrfTagger.v2"]]

    def test_a_model_with_a_start_of_its_own_keeps_it(self, project):
        # Otherwise, its scores would depend on the trainings before it in the same process.
        workspace, search = open_search(project, values={"model": ["transition"]})
        split_training_part(workspace, search, "en_ugt")
        tried = list_candidates(search, "nothing", "softmax")
        jobs = [search_job(workspace, SearchRun(candidate, "en_ugt", 4, 0)) for candidate in tried]
        assert [job.training.own_start for job in jobs] == [None, True]

    def test_a_model_without_a_config_is_told(self, project):
        with pytest.raises(ProjectError, match="softmax_crff"):
            open_search(project, values={"model": ["softmax_crff"]})

    def test_every_candidate_is_run_on_every_corpus_size_and_seed(self, project):
        _, search = open_search(project, corpora=["en_ugt", "ru_ugt"], seeds=[0, 1])
        runs = search_runs(search, "word_embeddings", "softmax")
        assert len({run.id for run in runs}) == len(runs) == 3 * 2 * 2 * 2


class TestParts:
    def test_every_training_document_is_in_one_part_and_whole(self, workspace, search):
        split_training_part(workspace, search, "en_ugt")
        given = read_documents(workspace.part("en_ugt", "train").path)
        train, development = (read_documents(search_part(workspace, "en_ugt", part)) for part in PARTS)
        # Of 12 documents 8 are training documents, and of these 2 are held out.
        assert (len(given), len(train), len(development)) == (8, 6, 2)
        by_id = {document.user_data["id"]: document for document in (*train, *development)}
        assert sorted(by_id) == sorted(ids_of(given))
        for document in given:
            kept = by_id[document.user_data["id"]]
            assert kept.text == document.text
            assert kept.user_data["mentions"] == document.user_data["mentions"] != []
            assert [(ent.start, ent.end, ent.label_) for ent in kept.ents] == [
                (ent.start, ent.end, ent.label_) for ent in document.ents
            ]
            assert [sentence.start for sentence in kept.sents] == [sentence.start for sentence in document.sents]

    def test_the_seed_decides_which_are_held_out(self, project):
        drawn = set()
        for seed in (0, 0, 1, 2, 3):
            workspace, search = open_search(project, split_seed=seed)
            split_training_part(workspace, search, "en_ugt")
            held_out = ids_of(read_documents(search_part(workspace, "en_ugt", "development")))
            drawn.add((seed, tuple(held_out)))
        # The same for the same seed, and not the same for all.
        assert len(drawn) == 4 and len({ids for _, ids in drawn}) > 1

    def test_documents_of_equal_text_are_held_out_together(self, workspace, search):
        given = read_documents(workspace.part("en_ugt", "train").path)
        copies = [document.copy() for document in given]
        for document in copies:
            document.user_data["id"] = f"again/{document.user_data['id']}"
        replace_part(workspace, "en_ugt", "train", [*given, *copies])
        split_training_part(workspace, search, "en_ugt")
        train, development = (
            {document.text for document in read_documents(search_part(workspace, "en_ugt", part))} for part in PARTS
        )
        assert train and development and not train & development

    def test_neighbors_in_a_corpus_of_sentences_are_held_out_together(self, workspace, search):
        first = read_documents(workspace.part("en_ugt", "train").path)[0]
        replace_part(workspace, "en_ugt", "train", single_sentences(first, 60))
        split_training_part(workspace, search, "en_ugt")
        held_out = [int(name) for name in ids_of(read_documents(search_part(workspace, "en_ugt", "development")))]
        assert len({number // 3 for number in held_out}) == len(held_out) / 3


class TestJob:
    def test_a_sample_is_trained_as_in_few_shot_and_the_rest_as_in_corpus(self, workspace, search):
        split_training_part(workspace, search, "en_ugt")
        candidate = list_candidates(search, "encoder", "softmax")[1]
        train = search_part(workspace, "en_ugt", "train")
        sample, whole = (search_job(workspace, SearchRun(candidate, "en_ugt", size, 3)).training for size in (4, None))
        assert (sample.n_sentences, sample.limit, sample.sample_seed, sample.seed) == (4, 4, 3, SAMPLE_SEED_OFFSET + 3)
        assert (whole.n_sentences, whole.limit, whole.seed) == (len(read_sentences([str(train)])), None, 3)
        for job in (sample, whole):
            assert [part.path for part in job.train] == [train] and job.source is None
            config = resolve_config(job)
            assert config["initialize"]["after_init"]["frozen"] == "encoder"
            assert config["training"]["optimizer"]["learn_rate"]["initial_rate"] == 0.001


def fingerprint(workspace, search, run):
    """The fingerprint of a run, its training part dealt to what is trained on and what is held out."""
    split_training_part(workspace, search, run.corpus)
    return search_job(workspace, run).fingerprint


class TestSearching:
    def test_no_test_part_is_opened(self, workspace, search):
        parts = list(workspace.corpus.glob("*/test.spacy"))
        assert len(parts) == 3
        for part in parts:
            part.unlink()
        results = execute_search(workspace, search)
        assert [(result.candidate, result.size) for result in results] == [
            ("base", 4),
            ("base", None),
            ("learn_rate: 0.001", 4),
            ("learn_rate: 0.001", None),
            ("frozen: encoder", 4),
            ("frozen: encoder", None),
        ]

    def test_development_documents_are_scored_and_not_trained_on(self, workspace, search, executed):
        execute_search(workspace, search)
        development = read_documents(search_part(workspace, "en_ugt", "development"))
        gold = sum(len(document.ents) for document in development)
        for name in IDS:
            record = json.loads((workspace.metrics / "tiny" / "search" / f"{name}.json").read_text())
            micro = record["scores"]["micro"]
            assert micro["tp"] + micro["fn"] == gold
            assert record["result"]["f1"] == micro["f1"]
            assert record["sentences"]["development"] == sum(len(list(document.sents)) for document in development)
        assert executed == IDS

    def test_what_is_finished_is_not_repeated(self, workspace, search, executed):
        before = execute_search(workspace, search)
        folder = workspace.metrics / "tiny" / "search"
        # Killed before a result was written, and while one was.
        (folder / f"{IDS[1]}.json").unlink()
        (folder / f"{IDS[4]}.json").write_text("")
        executed.clear()
        assert execute_search(workspace, search) == before
        assert executed == [IDS[1], IDS[4]]

    def test_what_takes_the_place_of_other_results_is_told(self, project, capsys):
        small = {"sizes": [4], "values": {}}
        execute_search(*open_search(project, **small))
        execute_search(*open_search(project, **{**small, "base": {**TRAINING, "learn_rate": 0.004}}))
        told = " ".join(capsys.readouterr().out.split())
        assert told.count("Runs to repeat because settings, data or the encoder have changed: 1") == 1

    def test_new_values_add_to_what_is_there(self, project, executed):
        small = {"sizes": [4], "values": {"learn_rate": [0.001]}}
        execute_search(*open_search(project, **small))
        executed.clear()
        execute_search(*open_search(project, **{**small, "values": {"learn_rate": [0.001, 0.002]}}))
        assert executed == ["learn_rate-0.002.en_ugt.size-4.seed-0"]

    def test_no_run_passes_for_another(self, workspace, search):
        runs = search_runs(search, "word_embeddings", "softmax")
        assert len({fingerprint(workspace, search, run) for run in runs}) == len(runs) == len(IDS)

    @pytest.mark.parametrize("changes", [{"development": 0.5}, {"split_seed": 1}, {"base": {**TRAINING, "epochs": 2}}])
    def test_other_settings_make_a_run_stale(self, project, changes):
        prints = []
        for options in ({}, changes):
            workspace, search = open_search(project, **options)
            prints.append(fingerprint(workspace, search, search_runs(search, "word_embeddings", "softmax")[0]))
        assert prints[0] != prints[1]

    def test_other_data_make_a_run_stale_and_a_test_part_does_not(self, workspace, project, search):
        run = search_runs(search, "word_embeddings", "softmax")[0]
        before = fingerprint(workspace, search, run)
        change_data(workspace, "en_ugt", "test")
        assert fingerprint(open_project(project), search, run) == before
        change_data(workspace, "en_ugt", "train")
        assert fingerprint(open_project(project), search, run) != before

    def test_a_sample_too_large_is_told_before_the_first_training(self, project, executed):
        workspace, search = open_search(project, sizes=[4, 500])
        with pytest.raises(ProjectError) as raised:
            execute_search(workspace, search)
        available = sum(len(list(doc.sents)) for doc in read_documents(search_part(workspace, "en_ugt", "train")))
        expected = f"search.sizes: sample size 500, but en_ugt has only {available} training sentences that"
        assert expected in str(raised.value)
        assert executed == []


class TestCommand:
    def test_it_shows_the_table_and_where_the_result_is(self, project, capsys):
        open_search(project, values={"learn_rate": [0.0001]}, sizes=[4])
        places = {name: project / name for name in ("configs", "corpus", "training", "metrics")}
        command.main(experiment="tiny", **places, seed=0, threads=1, gpu_id=-1)
        printed = capsys.readouterr().out
        folder = project / "metrics" / "tiny"
        assert "development documents of the training part; no test part was opened" in printed
        assert "learn_rate: 0.0001" in printed
        assert str(folder / "search.json") in printed.strip().splitlines()[-1]
        assert (folder / "tables" / "search.csv").is_file() and (folder / "tables" / "search.md").is_file()
        written = json.loads((folder / "search.json").read_text())
        assert written["documents"] == {"en_ugt": {"train": 6, "development": 2}}
        assert written["search"]["values"]["learn_rate"] == [0.0001]
        (winner,) = written["winners"]
        scores = {one["candidate"]: one["mean"] for one in written["comparisons"]}
        assert set(scores) == {"base", "learn_rate: 0.0001"}
        assert winner == {"size": 4, "candidate": max(scores, key=lambda name: scores[name])}
