"""Load pipelines from disk, and tell in one line which of them is damaged."""
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import spacy
from spacy.language import Language
from thinc.api import Config

from scripts.base.errors import ProjectError
from scripts.experiments.executors.task import is_out_of_memory

TRAIN_AGAIN = "delete the folder and start the command again: only this model is trained again"
CONVERT_AGAIN = "delete the folder and run `weasel run convert`"


def load_pipeline(folder: Path, remedy: str = TRAIN_AGAIN) -> Language:
    """Load a pipeline.

    folder (Path): Where it lies.
    remedy (str): What to do if it is damaged.
    RETURNS (Language): The pipeline.
    RAISES (ProjectError): If spaCy can't load it.
    """
    with loading(folder, remedy):
        return spacy.load(folder)


@contextmanager
def loading(folder: Path, remedy: str = TRAIN_AGAIN) -> Iterator[None]:
    """Tell of whatever goes wrong while a pipeline is loaded that its folder is damaged.

    folder (Path): Where it lies.
    remedy (str): What to do then.
    RAISES (ProjectError): If it can't be loaded.
    """
    try:
        yield
    # What spaCy and other libraries make of a file that holds something else than they wrote is any error.
    except Exception as error:
        if is_out_of_memory(error) or (isinstance(error, OSError) and error.errno):
            raise
        what = f"damaged: spaCy can't load it ({type(error).__name__})"
        raise ProjectError(what, where=folder, remedy=remedy) from error


def check_loads(config: Config) -> None:
    """Find out whether an error with a config is that of a pipeline on disk which the config takes parts of.

    config (Config): A resolved config.
    RAISES (ProjectError): If one of these can't be loaded.
    """
    paths = config.interpolate().get("paths", {})
    if paths.get("tokenizer"):
        load_pipeline(Path(paths["tokenizer"]), CONVERT_AGAIN)
    if paths.get("source"):
        load_pipeline(Path(paths["source"]))
    if paths.get("init_tok2vec"):
        # The encoder's weights, a file in `transformer/` in a pipeline's folder.
        load_pipeline(Path(paths["init_tok2vec"]).parents[1])
