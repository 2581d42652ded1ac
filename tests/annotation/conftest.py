"""Provide a pipeline around the tiny encoder, trained on a few sentences."""
import inspect
from pathlib import Path
from typing import Callable

import pytest
import torch
from spacy.language import Language
from thinc.api import fix_random_seed
from typer.models import OptionInfo

from scripts.ner.optimizer import make_adam
from tests.ner.pipelines import make_pipeline, update

TEXTS = {
    "first": "Took aspirin for the headache .\r\n\r\nNo history of diabetes .\r\nThe weather was fine that day .",
    "second": "The patient was given ibuprofen for back pain . Nothing else happened here .",
    "third": "Приняла аспирин от головной боли .\n\nВсё прошло через час .\n\nБольному назначен ибупрофен .",
}


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """A tiny encoder has no work for two threads, which then wait for each other."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def trained(tiny_encoder: Path) -> Language:
    """RETURNS (Language): A pipeline that has learnt the toy sentences in 40 updates; not to be changed."""
    nlp = make_pipeline(tiny_encoder)
    optimizer = make_adam(3e-3, {"bio_ner": 3e-2})
    fix_random_seed(0)
    for _ in range(40):
        update(nlp, optimizer, drop=0.1)
    return nlp


@pytest.fixture(scope="session")
def pipeline(trained: Language, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RETURNS (Path): The folder of that pipeline."""
    folder = tmp_path_factory.mktemp("pipeline") / "model-last"
    trained.to_disk(folder)
    return folder


@pytest.fixture(scope="session")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """RETURNS (Path): A folder of three texts of several sentences, one of them with Windows' line ends."""
    folder = tmp_path_factory.mktemp("raw") / "notes"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / f"{name}.txt").write_bytes(text.encode("utf8"))
    return folder


def run_command(main: Callable[..., None], **settings: object) -> None:
    """Run a command in this process, with the defaults of its options."""
    defaults = {name: one.default for name, one in inspect.signature(main).parameters.items()}
    plain = {name: value.default if isinstance(value, OptionInfo) else value for name, value in defaults.items()}
    main(**{**plain, **settings})
