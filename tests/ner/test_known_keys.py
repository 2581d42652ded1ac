"""Test misspelled keys of spaCy configs: those that spaCy ignores, and those that it checks itself."""
from pathlib import Path
from typing import Any, Iterator

import pytest
import spacy
from spacy.schemas import validate_init_settings
from spacy.util import load_config, registry
from thinc.api import Config
from thinc.config import ConfigValidationError

import scripts.ner.training  # noqa: F401  (registers what the configs name)
from scripts.base.errors import ProjectError
from scripts.ner.known_keys import check_known_keys

CONFIGS = Path(__file__).parents[2] / "configs"
MODELS = sorted(path.stem for path in CONFIGS.glob("*.cfg"))
FILE = Path("mine.cfg")


def read(model: str) -> Config:
    """RETURNS (Config): A model's config."""
    return load_config(CONFIGS / f"{model}.cfg")


def mistake(text: str) -> str:
    """RETURNS (str): What is wrong with a config."""
    with pytest.raises(ProjectError) as failure:
        check_known_keys(Config().from_str(text, interpolate=False), FILE)
    assert "\n" not in str(failure.value)
    return str(failure.value)


@pytest.mark.parametrize("model", MODELS)
def test_the_projects_own_configs_pass(model):
    check_known_keys(read(model), FILE)


@pytest.mark.parametrize(
    ("section", "key", "meant"),
    [
        ("training", "max_stepz", "max_steps"),
        ("training", "acumulate_gradient", "accumulate_gradient"),
        ("nlp", "batchsize", "batch_size"),
        ("initialize", "init_tokvec", "init_tok2vec"),
        ("pretraining", "objectiv", "objective"),
    ],
)
def test_an_unknown_key_is_told_with_the_one_that_was_meant(section, key, meant):
    expected = f"mine.cfg: unknown key '{section}.{key}'. Did you mean '{meant}'?"
    assert mistake(f"[{section}]\n{key} = 3\n") == expected


def test_an_unknown_block_is_told_like_a_key():
    expected = "mine.cfg: unknown key 'training.optimiser'. Did you mean 'optimizer'?"
    assert mistake('[training]\n\n[training.optimiser]\n@optimizers = "Adam.v1"\n') == expected


def test_an_unknown_section_is_told():
    assert mistake("[trainig]\nmax_steps = 3\n") == "mine.cfg: unknown section 'trainig'. Did you mean 'training'?"


def test_a_key_that_is_like_no_other_is_told_with_all_that_there_are():
    known = "after_creation, after_pipeline_creation, batch_size, before_creation, disabled, lang, pipeline, tokenizer"
    assert mistake("[nlp]\nqqqq = 3\n") == f"mine.cfg: unknown key 'nlp.qqqq'. Known: {known}, vectors"


def test_own_values_to_refer_to_have_their_place():
    own = "[paths]\nmine = null\n\n[system]\nmine = 1\n\n[variables]\nsteps = 3\n\n"
    config = Config().from_str(own + "[training]\nmax_steps = ${variables.steps}\n", interpolate=False)
    check_known_keys(config, FILE)


def blocks(section: dict[str, Any], place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """YIELDS (tuple): The blocks of registered functions below a section, and where they stand."""
    for key, value in section.items():
        if isinstance(value, dict):
            if any(name.startswith("@") for name in value):
                yield (*place, key), value
            yield from blocks(value, (*place, key))


@pytest.mark.parametrize("model", MODELS)
def test_unknown_arguments_of_registered_functions_are_left_to_spacy_which_names_them(model):
    config = read(model).interpolate()
    found = [place for section in config for place, _ in blocks(config[section], (section,))]
    assert ("training", "batcher") in found and ("corpora", "train") in found
    for place in found:
        copy = config.copy()
        block: Any = copy
        for key in place:
            block = block[key]
        block["no_such_argument"] = 1
        with pytest.raises(ConfigValidationError, match="unexpected argument: 'no_such_argument'"):
            registry.fill({"block": block})


@pytest.mark.parametrize("place", ["components.bio_ner", "initialize.components.bio_ner"])
def test_unknown_arguments_of_components_are_left_to_spacy_which_names_them(place):
    settings = {"no_such_argument": 1}
    with pytest.raises(ValueError, match="no_such_argument"):
        nlp = spacy.blank("xx")
        component = nlp.add_pipe("bio_ner", config=settings if place == "components.bio_ner" else {})
        validate_init_settings(component.initialize, settings, section=place, name="bio_ner")
