"""Test that contradictory settings are refused in one line before anything is trained."""
import pytest
import srsly
from spacy.tokens import Doc, DocBin

from scripts import package
from scripts.base.errors import ProjectError
from scripts.corpora.conversion import convert_corpus, save_corpus
from scripts.corpora.duplicates import SHORTEST, normal_form
from scripts.corpora.manifest import read_manifest
from scripts.corpora.parts import read_documents
from scripts.corpora.settings import read_corpus_settings
from scripts.experiments.config import load_template
from scripts.experiments.execute import jobs_of
from scripts.experiments.settings import read_experiment
from scripts.results.kinds import FEW_SHOT, IN_CORPUS, SHIPPED, ZERO_SHOT
from tests.experiments.tiny import ROOT, SETTINGS, TRAINING, open_project, replace_part, write_experiment

FEW = SETTINGS["few_shot"]


@pytest.mark.parametrize(
    "settings, expected",
    [
        ({"few_shot": {**FEW, "sizes": {"first": 1, "last": 20_000_000, "step": 1}}}, "the range has 20000000 sizes"),
        ({"in_corpus": {"seeds": [0], "training": {**TRAINING, "epochs": float("inf")}}}, "in_corpus.training.epochs"),
        ({"in_corpus": {"seeds": [0], "training": {**TRAINING, "learn_rate": float("nan")}}}, "training.learn_rate"),
        ({"model": "../configs/softmax"}, "key 'model'"),
        ({"encoder": ""}, "key 'encoder'"),
        ({"baselines": {"other": {"config": "a/b"}}}, "baselines.other.config"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_told_with_its_key(project, settings, expected):
    write_experiment(project, {**SETTINGS, **settings})
    with pytest.raises(ProjectError, match=expected) as raised:
        read_experiment(project / "configs", "tiny")
    assert "\n" not in str(raised.value)


def test_more_sentences_to_ship_than_there_are(project):
    write_experiment(project, {**SETTINGS, "ship": {"target": "ru_ehr", "size": 40}})
    with pytest.raises(ProjectError, match="key ship.size: size 40, but ru_ehr has only 29 training sentences"):
        jobs_of(open_project(project), SHIPPED)


@pytest.mark.parametrize("source", [["ru_ehr"], {"together": ["en_ugt"], "enabled": False}])
def test_a_target_without_anything_to_start_from(project, source):
    write_experiment(project, {**SETTINGS, "few_shot": {**FEW, "sources": [source]}})
    with pytest.raises(ProjectError, match="key few_shot.sources: no enabled source for target 'ru_ehr'"):
        jobs_of(open_project(project), FEW_SHOT)


@pytest.mark.parametrize("kind", [FEW_SHOT, SHIPPED])
@pytest.mark.parametrize(
    "model, frozen, reason",
    [
        ("softmax", "encoder", "`frozen: encoder` keeps it as it is"),
        ("lstm_crf", "word_embeddings", "model 'lstm_crf' has no encoder"),
    ],
)
def test_an_encoder_that_no_source_trains_is_not_transferred(project, kind, model, frozen, reason):
    few_shot = {**FEW, "transfer": ["encoder"]}
    ship = {"target": "ru_ehr", "source": ["en_ugt"], "transfer": "encoder"}
    write_experiment(project, {**SETTINGS, "model": model, "frozen": frozen, "few_shot": few_shot, "ship": ship})
    with pytest.raises(ProjectError, match=f"transfer 'encoder', but {reason}: nothing would be .* Use `full`"):
        jobs_of(open_project(project), kind)


def long_sentences(document):
    """A document with only its sentences that are long enough to be left out."""
    long = [sentence for sentence in document.sents if len(normal_form(sentence.text).split()) >= SHORTEST]
    shortened = Doc.from_docs([sentence.as_doc() for sentence in long])
    shortened.user_data.update(document.user_data)
    return shortened


class TestATrainingPartWithoutMentions:
    """Nothing can be learnt of it: whatever would be trained on it is refused, before anything is trained."""

    @pytest.fixture
    def empty(self, project):
        """RETURNS (Path): The project; no training document of en_ugt has a mention."""
        self.remove_mentions(project, ("Drug", "ADR"))
        return project

    def remove_mentions(self, project, labels):
        folder, train = project / "assets" / "en_ugt", read_manifest(project / "corpus", "en_ugt").splits["train"].ids
        for name in train:
            lines = (folder / f"{name}.ann").read_text("utf8").splitlines(keepends=True)
            kept = (line for line in lines if line.split()[1] not in labels)
            (folder / f"{name}.ann").write_text("".join(kept), "utf8")
        file = project / "configs" / "corpora" / "en_ugt.yml"
        srsly.write_yaml(file, {**srsly.read_yaml(file), "path": str(folder)})
        save_corpus(convert_corpus("en_ugt", read_corpus_settings(file)), project / "corpus")

    @pytest.mark.parametrize(
        ("kind", "changes"),
        [
            (IN_CORPUS, {}),
            (ZERO_SHOT, {}),
            (FEW_SHOT, {}),
            (FEW_SHOT, {"few_shot": {**FEW, "targets": ["en_ugt"], "sources": [[]]}}),
            (SHIPPED, {}),
            (SHIPPED, {"ship": {"target": "en_ugt", "training": TRAINING, "size": 4}}),
        ],
    )
    def test_whatever_trains_on_it_is_refused(self, empty, kind, changes):
        write_experiment(empty, {**SETTINGS, **changes})
        with pytest.raises(ProjectError) as error:
            jobs_of(open_project(empty), kind)
        assert str(error.value) == (
            "experiment tiny: the training part of en_ugt has no mentions of Drug or Disease to learn from. Check the "
            "output of `weasel run convert` for the corpus, or leave the corpus out"
        )

    def test_so_is_one_of_the_type_that_alone_is_trained(self, project):
        self.remove_mentions(project, ("ADR",))
        assert jobs_of(open_project(project), IN_CORPUS)
        write_experiment(project, {**SETTINGS, "types": "per_type"})
        with pytest.raises(ProjectError, match="the training part of en_ugt has no mentions of Disease to learn from"):
            jobs_of(open_project(project), IN_CORPUS)

    @pytest.mark.parametrize("kind", [IN_CORPUS, ZERO_SHOT, FEW_SHOT])
    def test_so_is_one_without_any_that_no_test_part_has_too(self, project, kind):
        workspace = open_project(project)
        documents = [
            long_sentences(document) for document in read_documents(workspace.part("en_ugt", "train").path)
        ]
        for corpus, part in (("en_ugt", "train"), ("ru_ugt", "test")):
            replace_part(workspace, corpus, part, documents)
        write_experiment(project, {**SETTINGS, "drop_shared_sentences": ["exact", "near"]})
        with pytest.raises(ProjectError, match="no mentions of .* are left to learn from in en_ugt, since `drop_shar"):
            jobs_of(open_project(project), kind)

    def test_what_does_not_train_on_it_goes_on(self, empty):
        own = {**SETTINGS["in_corpus"], "corpora": ["ru_ugt", "ru_ehr"]}
        few_shot = {**FEW, "sources": [[], ["ru_ugt"]]}
        write_experiment(empty, {**SETTINGS, "in_corpus": own, "few_shot": few_shot})
        assert jobs_of(open_project(empty), IN_CORPUS) and jobs_of(open_project(empty), FEW_SHOT)


@pytest.mark.parametrize("section", ["paths", "training", "initialize"])
def test_a_model_config_without_a_section(tmp_path, section):
    text = (ROOT / "configs" / "softmax.cfg").read_text()
    broken = tmp_path / "broken.cfg"
    broken.write_text("" if section == "paths" else text.replace(f"[{section}", f"[{section}s"))
    with pytest.raises(ProjectError, match="broken.cfg: ") as raised:
        load_template(broken)
    assert "\n" not in str(raised.value)


def test_a_model_whose_training_failed_is_not_packaged(project):
    write_experiment(project, {**SETTINGS, "ship": {"training": {**TRAINING, "learn_rate": 1000.0}}})
    places = {name: project / name for name in ("configs", "corpus", "training", "metrics")}
    with pytest.raises(ProjectError, match="key ship.training: the model can't be packaged: its (loss|weights)"):
        package.main(
            "tiny", **places, encoder="experiment", output=project / "packages", name="tiny", version="0.1.0", seed=0,
            threads=1, gpu_id=-1,
        )
    assert not list((project / "packages").glob("*.whl"))

class TestATrainingPartOfMentionsAlone:
    """A model that has seen no token outside of mentions marks everything, and scores well where no other is known."""

    @pytest.fixture
    def accepted(self, project):
        """RETURNS (Path): The project; of en_ugt only the mentions are known, as of answers that accept one each."""
        docs = [doc.copy() for part in ("train", "test") for doc in read_documents(part_file(project, part))]
        for doc in docs:
            doc.set_ents(list(doc.ents), default="missing")
            doc.user_data = {"id": doc.user_data["id"]}
        raw, file = project / "assets" / "accepted.spacy", project / "configs" / "corpora" / "en_ugt.yml"
        DocBin(docs=docs, store_user_data=True).to_disk(raw)
        own = {"format": "docbin", "path": str(raw), "labels": {"Drug": "Drug", "Disease": "Disease"}}
        srsly.write_yaml(file, {**srsly.read_yaml(file), **own})
        save_corpus(convert_corpus("en_ugt", read_corpus_settings(file)), project / "corpus")
        return project

    @pytest.mark.parametrize("kind", [IN_CORPUS, ZERO_SHOT, FEW_SHOT])
    def test_it_is_refused_by_itself(self, accepted, kind):
        with pytest.raises(ProjectError) as error:
            jobs_of(open_project(accepted), kind)
        assert str(error.value) == (
            "experiment tiny: no tokens in the training part of en_ugt are annotated as outside of mentions, so a "
            "model trained on it would tag everything as a mention. Add fully annotated sentences"
        )

    def test_it_is_named_once_if_it_is_read_several_times(self, accepted):
        write_experiment(accepted, {**SETTINGS, "ship": {"corpora": ["en_ugt"], "repeat": {"en_ugt": 3}}})
        with pytest.raises(ProjectError, match="no tokens in the training part of en_ugt are annotated"):
            jobs_of(open_project(accepted), SHIPPED)

    def test_together_with_another_corpus_it_is_a_source(self, accepted):
        own = {**SETTINGS["in_corpus"], "corpora": ["ru_ugt", "ru_ehr"]}
        few_shot = {**FEW, "sources": [["en_ugt", "ru_ugt"]]}
        write_experiment(accepted, {**SETTINGS, "in_corpus": own, "few_shot": few_shot})
        assert jobs_of(open_project(accepted), FEW_SHOT)


def part_file(project, part):
    return project / "corpus" / "en_ugt" / f"{part}.spacy"
