"""Provide an untrained and a trained pipeline around the tiny encoder."""
from pathlib import Path

import pytest
import torch
from spacy.language import Language
from thinc.api import fix_random_seed

from scripts.ner.optimizer import make_adam
from tests.ner.pipelines import make_pipeline, update


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """A tiny encoder has no work for two threads, which then wait for each other."""
    torch.set_num_threads(1)


@pytest.fixture()
def untrained(tiny_encoder: Path) -> Language:
    """RETURNS (Language): A pipeline with a random head."""
    return make_pipeline(tiny_encoder)


@pytest.fixture(scope="session")
def trained(tiny_encoder: Path) -> Language:
    """RETURNS (Language): A pipeline that has learnt the toy sentences in 40 updates; not to be changed."""
    nlp = make_pipeline(tiny_encoder)
    optimizer = make_adam(3e-3, {"bio_ner": 3e-2})
    fix_random_seed(0)
    for _ in range(40):
        update(nlp, optimizer, drop=0.1)
    return nlp
