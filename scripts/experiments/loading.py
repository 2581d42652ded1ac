"""Load pipelines from disk, and report in one line which of them is damaged."""
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import spacy
from spacy.language import Language
from thinc.api import Config

from scripts.base.errors import ProjectError, is_out_of_memory

TRAIN_AGAIN = "delete the folder and start the command again: only this model is trained again"
CONVERT_AGAIN = "delete the folder and run `weasel run convert`"


def load_pipeline(folder: Path, remedy: str = TRAIN_AGAIN) -> Language:
    """Load a pipeline.

    folder (Path): Folder of the pipeline.
    remedy (str): What to do if it is damaged.
    RETURNS (Language): The pipeline.
    RAISES (ProjectError): If spaCy can't load it.
    """
    with loading(folder, remedy):
        return spacy.load(folder)


@contextmanager
def loading(folder: Path, remedy: str = TRAIN_AGAIN) -> Iterator[None]:
    """Report any error in the block as a damaged pipeline.

    folder (Path): Folder of the pipeline.
    remedy (str): What to do if it is damaged.
    RAISES (ProjectError): If the pipeline can't be loaded.
    """
    try:
        yield
    # Given a file with unexpected contents, spaCy and other libraries may raise any error.
    except Exception as error:
        if is_out_of_memory(error) or (isinstance(error, OSError) and error.errno):
            raise
        what = f"damaged: spaCy can't load it ({type(error).__name__})"
        raise ProjectError(what, where=folder, remedy=remedy) from error


def check_loads(config: Config) -> None:
    """Check whether an error with a config comes from a damaged pipeline that the config refers to.

    config (Config): A resolved config.
    RAISES (ProjectError): If one of the pipelines can't be loaded.
    """
    paths = config.interpolate().get("paths", {})
    if paths.get("tokenizer"):
        load_pipeline(Path(paths["tokenizer"]), CONVERT_AGAIN)
    if paths.get("source"):
        load_pipeline(Path(paths["source"]))
    if paths.get("init_tok2vec"):
        # The encoder's weights, a file in `transformer/` in a pipeline's folder.
        load_pipeline(Path(paths["init_tok2vec"]).parents[1])
