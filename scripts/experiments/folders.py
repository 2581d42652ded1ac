"""Keep the folders of an experiment for one command at a time."""
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Iterable

from scripts.base.locks import locked
from scripts.corpora.fingerprint import TOKENIZER
from scripts.experiments.settings import read_experiment


def lock_experiment(
    experiment: str,
    configs: Path,
    corpus: Path,
    training: Path,
    metrics: Path,
    write: Iterable[Path] = (),
    read: Iterable[Path] = (),
) -> AbstractContextManager[None]:
    """Keep the models and results of an experiment for this command, and its corpora as they are.

    Another command of the same experiment waits, and so does one that converts a corpus of it anew. Commands of other
    experiments do not. To be held by the command itself: its workers carry runs out under this lock.

    experiment (str): Its name.
    configs (Path): Folder with `experiments/`.
    corpus (Path): Folder of the converted corpora.
    training (Path): Folder of models that are kept.
    metrics (Path): Folder for results.
    write (Iterable[Path]): Further folders, or names in them, to write.
    read (Iterable[Path]): Further ones to read.
    RETURNS (ContextManager): Waits until the folders are free.
    """
    own = [training / experiment, metrics / experiment]
    return locked(write=[*own, *write], read=[*corpora_of(experiment, configs, corpus), *read])


def corpora_of(experiment: str, configs: Path, corpus: Path) -> list[Path]:
    """RETURNS (list[Path]): Folders of the converted corpora of an experiment, and of the tokenizer."""
    return [corpus / name for name in (*read_experiment(configs, experiment).corpora, TOKENIZER)]
