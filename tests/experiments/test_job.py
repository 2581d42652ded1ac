"""Test the description of a training: no field is forgotten, and its length and passes are those of the training."""
import random
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Iterator, Optional

import pytest
from pydantic import BaseModel

from scripts.base.errors import ProjectError
from scripts.base.files import hash_data
from scripts.corpora.parts import Part
from scripts.encoders.record import EncoderRecord
from scripts.experiments import job as job_module
from scripts.experiments.job import NOT_DECISIVE, Selection, Template, Tokenizer, TrainingJob, decisive, distinct
from scripts.experiments.run import RunJob, ScoredPart
from scripts.experiments.settings import Training
from scripts.ner.training import batch_by_like_length

# What must not count, and why.
REASONS = {
    (Template, "path"): "the project may lie elsewhere; the hash of the file counts",
    (Tokenizer, "path"): "the same",
    (Part, "path"): "the same",
    (Part, "sentences"): "follows from the file",
    (EncoderRecord, "requested"): "what the experiment calls it; the hash of its files counts",
    (EncoderRecord, "name"): "one encoder may be called by several names; the hash of its files counts",
    (EncoderRecord, "path"): "the project may lie elsewhere",
    (EncoderRecord, "revision"): "where it comes from; the hash of its files counts",
    (EncoderRecord, "layers"): "follows from its files",
    (EncoderRecord, "hidden_size"): "the same",
    (EncoderRecord, "vocabulary"): "the same",
    (TrainingJob, "numbers"): "follow from how they are chosen, and are not known before",
}
Place = tuple[type, str]


def make_job(**changes: Any) -> TrainingJob:
    """RETURNS (TrainingJob): A training every field of which is set, with a source of which every field is set."""
    settings: dict[str, Any] = {
        "template": Template(Path("softmax.cfg"), "template", "vectors"),
        "encoder": EncoderRecord("offline", "e5", Path("encoder"), "1", "encoder", 6, 384, 1000),
        "tokenizer": Tokenizer(Path("tokenizer"), "tokenizer"),
        "train": (Part(Path("a"), "a", 50), Part(Path("b"), "b", 30)),
        "entity_types": ("Drug", "Disease"),
        "training": Training(epochs=2, min_updates=3, batch_size=16, learn_rate=1e-4, head_learn_rate=1e-3),
        "seed": 1,
        "threads": 2,
        "frozen": "nothing",
        "lower_case": True,
        "precision": "bfloat16",
        "limit": 40,
        "sample_seed": 5,
        "extra_updates": 7,
        "transfer": "full",
        "without": (Part(Path("c"), "c", 9),),
        "without_kinds": ("exact",),
        "selection": Selection("uncertainty", "of the round before", "of another sample"),
        "numbers": (3, 1, 2),
        "fold_capitals": True,
        "own_start": True,
    }
    settings["source"] = TrainingJob(**{**settings, "seed": 0})
    return TrainingJob(**{**settings, **changes})


def variants(value: Any, place: tuple[Place, ...] = ()) -> Iterator[tuple[tuple[Place, ...], Any]]:
    """YIELDS (tuple): A place in what a value holds, and the value with something else at that place alone."""
    if is_dataclass(value):
        for field in fields(value):
            inner = (*place, (type(value), field.name))
            for where, changed in variants(getattr(value, field.name), inner):
                yield where, replace(value, **{field.name: changed})
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            for where, changed in variants(getattr(value, name), (*place, (type(value), name))):
                yield where, value.model_copy(update={name: changed})
    elif isinstance(value, tuple):
        yield place, value[:-1]
        for number, item in enumerate(value):
            for where, changed in variants(item, place):
                yield where, (*value[:number], changed, *value[number + 1 :])
    elif isinstance(value, Path):
        yield place, value / "elsewhere"
    elif isinstance(value, bool):
        yield place, not value
    elif value is not None:
        yield place, value + (1 if isinstance(value, (int, float)) else "x")
        yield place, None


class TestNothingIsForgotten:
    def test_what_does_not_count_is_listed_with_its_reason(self):
        assert {(kind, name) for kind, names in NOT_DECISIVE.items() for name in names} == set(REASONS)

    def test_every_field_of_the_job_and_of_what_it_holds_counts(self):
        job = make_job()
        seen = set()
        for place, other in variants(job):
            is_aside = any(step in REASONS for step in place)
            assert (other.fingerprint == job.fingerprint) == is_aside, place
            seen.update(place)
        held = (TrainingJob, Template, Tokenizer, Part, EncoderRecord, Selection)
        assert {step for step in seen if step[0] in held} == {(kind, f.name) for kind in held for f in fields(kind)}
        assert {name for kind, name in seen if kind is Training} == set(Training.model_fields)

    def test_every_field_of_a_run_counts(self):
        test = ScoredPart("a", Part(Path("t"), "t", 9), ("Drug",))
        run = RunJob(make_job(), test, (replace(test, corpus="b"),), replace(test, corpus="c"))
        names = set()
        for place, other in variants(run):
            is_aside = any(step in REASONS for step in place)
            assert (other.fingerprint == run.fingerprint) == is_aside, place
            names.add(place[0][1])
        assert names == {field.name for field in fields(RunJob)}

    @pytest.mark.parametrize("version, counts", [("TRAINING_VERSION", True), ("SCORING_VERSION", False)])
    def test_the_version_of_the_training_code_counts(self, monkeypatch, version, counts):
        before = make_job().fingerprint
        monkeypatch.setattr(job_module, version, 99)
        assert (make_job().fingerprint != before) == counts

    def test_a_path_cannot_slip_in(self):
        with pytest.raises(TypeError, match="PosixPath"):
            decisive((Path("anywhere"),))

    def test_a_plain_random_sample_has_the_fingerprint_that_it_had_before_there_were_others(self):
        job = make_job(selection=None, numbers=None, fold_capitals=None, own_start=None, source=None)
        part = {"sha256": "a"}
        training = {"epochs": 2.0, "min_updates": 3, "batch_size": 16, "learn_rate": 1e-4, "head_learn_rate": 1e-3}
        # As version 2.0 wrote it: no key of what came later.
        own = {
            "template": {"sha256": "template", "named_files": "vectors"},
            "encoder": {"sha256": "encoder"},
            "tokenizer": {"sha256": "tokenizer"},
            "train": [part, {"sha256": "b"}],
            "entity_types": ["Drug", "Disease"],
            "training": training,
            "seed": 1,
            "threads": 2,
            "frozen": "nothing",
            "lower_case": True,
            "precision": "bfloat16",
            "limit": 40,
            "sample_seed": 5,
            "extra_updates": 7,
            "source": None,
            "transfer": "full",
            "without": [{"sha256": "c"}],
            "without_kinds": ["exact"],
        }
        assert job.fingerprint == hash_data({"version": 1, "job": own})
        of_source = replace(job, seed=2, source=job)
        assert of_source.fingerprint == hash_data({"version": 1, "job": {**own, "seed": 2, "source": own}})

    def test_a_setting_that_was_added_later_counts_only_if_it_is_set(self, monkeypatch):
        class Later(Training):
            warm_up: Optional[float] = None

        values = {"epochs": 2, "min_updates": 3}
        before = make_job(training=Training(**values)).fingerprint
        assert make_job(training=Later(**values)).fingerprint != before
        monkeypatch.setattr(job_module, "ADDED_LATER", {**job_module.ADDED_LATER, Later: frozenset({"warm_up"})})
        assert make_job(training=Later(**values)).fingerprint == before
        assert make_job(training=Later(**values, warm_up=0.2)).fingerprint != before

    def test_the_same_job_has_the_same_fingerprint(self):
        assert make_job().fingerprint == make_job().fingerprint


class TestPasses:
    @pytest.mark.parametrize(
        "sentences, changes, expected",
        [
            # 40 epochs of 4 batches: three of 16 and one of 2.
            (50, {"epochs": 40, "batch_size": 16}, 40 * 50),
            (64, {"epochs": 2, "batch_size": 16}, 128),
            # One epoch and a half: 4 batches, and 2 more.
            (50, {"epochs": 1.5, "batch_size": 16}, 50 + 32),
            (3, {"epochs": 1, "batch_size": 16, "min_updates": 5}, 15),
        ],
    )
    def test_passes_are_counted_by_hand(self, sentences, changes, expected):
        part = Part(Path("a"), "a", sentences)
        training = Training(**{"min_updates": 0, **changes})
        job = make_job(train=(part,), limit=None, extra_updates=0, without=(), numbers=None, training=training)
        assert job.passes == expected

    def test_whole_epochs_pass_what_the_batcher_gives(self):
        class Example(list):
            predicted = type("Predicted", (), {"user_data": {}})

        training = Training(epochs=3, min_updates=0)
        job = make_job(limit=None, extra_updates=0, without=(), numbers=None, training=training)
        random.seed(0)
        batches = [batch for _ in range(3) for batch in batch_by_like_length(16)([Example([1])] * job.n_sentences)]
        assert (len(batches), sum(map(len, batches))) == (job.length.updates, job.passes)

    def test_updates_of_sources_are_added(self):
        job = make_job(without=(), source=make_job(without=(), source=None))
        assert job.updates_in_all == 2 * job.length.updates


def test_a_chain_is_trained_from_its_beginning_and_each_once():
    first = make_job(source=None, seed=3)
    second, third = make_job(source=first, seed=4), make_job(source=first, seed=5)
    assert distinct([second, third, second]) == [first, second, third]


def test_a_file_that_changes_meanwhile_stops_the_training(tmp_path):
    template = tmp_path / "softmax.cfg"
    template.write_text("[paths]\n")
    job = make_job(template=Template(template, "of before"), train=(), without=())
    with pytest.raises(ProjectError, match="softmax.cfg: changed while the experiment was running"):
        job.check_files()
