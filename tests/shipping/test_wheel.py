"""Test what a wheel must and must not contain, and which wheels are refused."""
import ast
import itertools
import json
import shutil
import tempfile
import zipfile
from pathlib import Path

import pytest
import spacy
from packaging.requirements import Requirement
from spacy.tokens import DocBin
from spacy.util import registry

from scripts.base.errors import ProjectError
from scripts.experiments.models import get_model
from scripts.experiments.plan import shipped_model, shipped_runs
from scripts.results.calibration import find_calibration
from scripts.results.runs import read_run
from scripts.shipping.naming import package_name
from scripts.shipping.wheel import build_wheel, check_wheel
from tests.experiments.tiny import CORPORA, ROOT
from tests.shipping.conftest import NAMES, PUBLISHED, VERSION

DISTRIBUTION = f"xx_{NAMES[0]}"


@pytest.fixture(scope="module")
def files(unpacked: Path) -> dict[str, bytes]:
    return {path.relative_to(unpacked).as_posix(): path.read_bytes() for path in unpacked.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def meta(files: dict[str, bytes]) -> dict:
    return json.loads(files[f"{DISTRIBUTION}/meta.json"])


def test_it_tells_who_publishes_it(files, meta):
    assert {key: meta[key] for key in PUBLISHED} == PUBLISHED
    metadata = files[f"{DISTRIBUTION}-{VERSION}.dist-info/METADATA"].decode("utf8").splitlines()
    assert {"License: MIT", "Author: A Hospital", "Author-email: ner@example.org"} <= set(metadata)
    assert any(PUBLISHED["url"] in line for line in metadata)


def documents(size):
    return {"README.md": f"# Mine\n\n{size > 0}\n", "LICENSES_SOURCES": "Nothing."}


def let_through(wheel):
    assert wheel.is_file()


def training_documents(packaged) -> list:
    vocab = spacy.blank("xx").vocab
    parts = [DocBin().from_disk(packaged.workspace.part(name, "train").path) for name in CORPORA]
    return [doc for part in parts for doc in part.get_docs(vocab)]


def test_no_word_of_the_training_texts_is_in_the_vocabulary(packaged, files):
    words = {token.text for doc in training_documents(packaged) for token in doc if token.is_alpha and len(token) > 1}
    strings = json.loads(files[f"{DISTRIBUTION}/{DISTRIBUTION}-{VERSION}/vocab/strings.json"])
    assert len(words) > 50
    assert words & set(strings) == set()
    assert {"Drug", "Disease"} <= set(strings)


def test_no_sentence_and_no_mention_of_the_training_texts_is_anywhere(packaged, files):
    documents = training_documents(packaged)
    sentences = {sentence.text.strip() for doc in documents for sentence in doc.sents}
    strings = {sentence for sentence in sentences if len(sentence) > 8}
    mentions = {ent.text for doc in documents for ent in doc.ents if len(ent.text) > 4}
    assert strings and mentions
    assert [(name, string) for name, data in files.items() for string in strings if string.encode() in data] == []
    # The encoder's own vocabulary may well know a word that is also a mention.
    own = {name: data for name, data in files.items() if not name.endswith("transformer/model")}
    assert [(name, mention) for name, data in own.items() for mention in mentions if mention.encode() in data] == []


def test_there_are_no_local_paths(packaged, tiny_encoder, files):
    places = [str(ROOT), str(packaged.root), str(tiny_encoder), tempfile.gettempdir() + "/", "corpus/", "training/"]
    data = {name: data for name, data in files.items() if not name.endswith(".py")}
    assert [(name, place) for name in data for place in places if place.encode() in data[name]] == []


def test_the_config_has_the_components_and_no_traces_of_the_training(files):
    config = spacy.util.load_config_from_str(files[f"{DISTRIBUTION}/{DISTRIBUTION}-{VERSION}/config.cfg"].decode())
    default = spacy.blank("xx").config
    assert config["nlp"]["pipeline"] == ["sentence_splitter", "transformer", "bio_ner", "doc_cleaner"]
    assert config["nlp"]["tokenizer"] == {"@tokenizers": "spacy.Tokenizer.v1"}
    assert config["components"]["transformer"]["model"]["name"] == "tiny"
    weights = {"@callbacks": "interlingual.load_package.v1", "package": DISTRIBUTION}
    assert config["initialize"] == {**default["initialize"], "before_init": weights}
    sections = ("paths", "system", "corpora", "pretraining")
    assert {name: config[name] for name in sections} == {name: default[name] for name in sections}
    expected = {**default["training"], "score_weights": {}}
    # The rate of further training; spaCy's own is for networks that are trained from nothing.
    expected["optimizer"] = {**expected["optimizer"], "learn_rate": 2e-5}
    assert {**config["training"], "score_weights": {}} == expected
    assert registry.resolve({"optimizer": config["training"]["optimizer"]})["optimizer"].learn_rate == 2e-5
    assert config["components"]["transformer"]["factory"] == "sentence_transformer"


def test_it_is_calibrated_and_lists_a_threshold_for_each_entity_type(packaged, files):
    folder = f"{DISTRIBUTION}/{DISTRIBUTION}-{VERSION}"
    config = spacy.util.load_config_from_str(files[f"{folder}/config.cfg"].decode())
    assert config["components"]["bio_ner"]["threshold"] == {"Disease": 0.0, "Drug": 0.0}
    head = json.loads(files[f"{folder}/bio_ner/cfg"])
    numbers = find_calibration(packaged.workspace.results).numbers
    assert numbers and head["calibration"].keys() == numbers.keys()
    assert all(head["calibration"][label] == pytest.approx(list(three)) for label, three in numbers.items())
    # What is trained and kept stays as it was.
    kept = get_model(packaged.workspace, shipped_model(packaged.workspace.experiment)).pipeline
    assert json.loads((kept / "bio_ner" / "cfg").read_text("utf8"))["calibration"] == {}


BUNDLED_NAMES = ("bio_ner", "lstm", "sentence_transformer", "sentences")


def test_bundled_modules_import_nothing_from_the_project_nor_from_each_other(files):
    modules = {name: data for name, data in files.items() if name.endswith(".py") and not name.endswith("__init__.py")}
    assert set(modules) == {f"{DISTRIBUTION}/{name}.py" for name in BUNDLED_NAMES}
    others = {"scripts", *BUNDLED_NAMES, ""}
    for name, data in modules.items():
        nodes = list(ast.walk(ast.parse(data)))
        imported = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
        imported += [node.module or "." for node in nodes if isinstance(node, ast.ImportFrom)]
        assert not {module.partition(".")[0] for module in imported} & others, name


def test_requirements_are_those_of_the_bundled_modules_and_hold_here(meta, files):
    required = [Requirement(line) for line in meta["requirements"]]
    assert {item.name for item in required} == {"spacy", "spacy-transformers", "transformers", "pysbd", "razdel"}
    metadata = files[f"{DISTRIBUTION}-{VERSION}.dist-info/METADATA"].decode()
    assert sorted(line for line in metadata.splitlines() if line.startswith("Requires-Dist:")) == sorted(
        f"Requires-Dist: {item.name}{item.specifier}" for item in required
    )
    assert all(item.specifier.contains(spacy.util.get_package_version(item.name)) for item in required)


def test_the_meta_tells_name_version_origin_and_scores(packaged, meta):
    assert (meta["lang"], meta["name"], meta["version"]) == ("xx", NAMES[0], VERSION)
    for part in ("Drug and Disease", "en, ru", "Trained on en_ugt, ru_ugt and ru_ehr together.", "tiny"):
        assert part in meta["description"]
    for run in shipped_runs(packaged.workspace.experiment):
        scores = read_run(packaged.workspace.runs / f"{run.id}.json").scores.tokens
        assert meta["performance"][f"{run.target}_ents_f"] == pytest.approx(scores["micro"].f1 / 100)
        per_type = meta["performance"][f"{run.target}_ents_per_type"]
        assert per_type["Drug"]["r"] == pytest.approx(scores["Drug"].recall / 100)


def test_overall_scores_count_the_mentions_of_all_test_parts(packaged, meta):
    runs = shipped_runs(packaged.workspace.experiment)
    scores = [read_run(packaged.workspace.runs / f"{run.id}.json").scores.tokens["micro"] for run in runs]
    found, given = sum(score.tp for score in scores), sum(score.tp + score.fp for score in scores)
    assert found > 0
    assert meta["performance"]["ents_p"] == pytest.approx(found / given)


def test_nothing_but_wheels_and_their_records_is_left_in_the_folder(packaged):
    records = [wheel.with_name(f"xx_{name}-{VERSION}.json") for name, wheel in zip(NAMES, packaged.wheels, strict=True)]
    assert sorted((packaged.root / "packages").iterdir()) == sorted([*packaged.wheels, *records])


def test_when_the_wheel_cannot_be_built_nothing_is_left_and_the_older_one_stands(packaged, tmp_path, monkeypatch):
    package = package_name("broken", "0.1.0")
    (tmp_path / package.wheel).write_bytes(b"older")
    nlp = spacy.blank("xx", meta={"name": "broken", "version": "0.1.0"})
    # The build's own process looks at this first: setuptools does not take such a file.
    (tmp_path / "broken.toml").write_text("not = = toml")
    monkeypatch.setenv("DIST_EXTRA_CONFIG", str(tmp_path / "broken.toml"))
    with pytest.raises(ProjectError, match="building the wheel failed") as raised:
        build_wheel(nlp, package, tmp_path, documents, let_through)
    assert "\n" not in str(raised.value)
    assert (tmp_path / package.wheel).read_bytes() == b"older"
    assert {path.name for path in tmp_path.iterdir()} == {"broken.toml", package.wheel}


def cut_short(data: bytes) -> bytes:
    return data[: len(data) // 2]


def flip_a_byte(data: bytes) -> bytes:
    return data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 0xFF]) + data[len(data) // 2 + 1 :]


@pytest.mark.parametrize("damage", [cut_short, flip_a_byte, lambda data: b"", lambda data: b"<html>"])
def test_a_damaged_wheel_is_refused_in_one_line(packaged, tmp_path, damage):
    package = package_name(NAMES[0], VERSION)
    check_wheel(packaged.wheels[0], package)
    path = tmp_path / package.wheel
    path.write_bytes(damage(packaged.wheels[0].read_bytes()))
    with pytest.raises(ProjectError, match="damaged.*Run `weasel run package` again") as raised:
        check_wheel(path, package)
    assert "\n" not in str(raised.value)


def test_no_flipped_bit_ends_in_another_error(tmp_path):
    package = package_name("toy", VERSION)
    path, outcomes = tmp_path / package.wheel, set()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{package.distribution}/__init__.py", "")
        archive.writestr(f"{package.distribution}-{VERSION}.dist-info/METADATA", f"Version: {VERSION}\n" * 9)
    whole = path.read_bytes()
    for place, bit in itertools.product(range(len(whole)), range(8)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
        try:
            check_wheel(path, package)
        except ProjectError as error:
            outcomes.add(str(error).partition(" (")[0])
    assert any("not a wheel, or damaged" in outcome for outcome in outcomes)


def test_a_missing_wheel_and_one_of_another_package_are_refused(packaged, tmp_path):
    package = package_name("other", VERSION)
    with pytest.raises(ProjectError, match="no such wheel.*Run `weasel run package` first"):
        check_wheel(tmp_path / package.wheel, package)
    shutil.copyfile(packaged.wheels[0], tmp_path / package.wheel)
    with pytest.raises(ProjectError, match="not a wheel of xx_other 0.1.0"):
        check_wheel(tmp_path / package.wheel, package)


def test_a_pipeline_always_gives_the_same_wheel(tmp_path):
    package = package_name("same", "0.1.0")
    made = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        nlp = spacy.blank("xx", meta={"name": "same", "version": "0.1.0"})
        nlp.add_pipe("sentencizer")
        made.append(build_wheel(nlp, package, folder, documents, let_through).read_bytes())
    assert made[0] == made[1]
    assert zipfile.is_zipfile(tmp_path / "a" / package.wheel)
