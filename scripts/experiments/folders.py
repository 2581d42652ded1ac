"""Lock the folders of an experiment for one command at a time."""
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Iterable

from scripts.base.locks import locked
from scripts.corpora.fingerprint import TOKENIZER
from scripts.encoders.record import FOLDER as ENCODERS
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
    """Lock the models and results of an experiment for this command, and keep its corpora and encoders from changing.

    Other commands of the same experiment wait, and so do `convert` for its corpora, and `encoder`. Commands of other
    experiments don't. The command itself holds the lock; its workers do runs under it.

    experiment (str): Name of the experiment.
    configs (Path): Folder with `experiments/`.
    corpus (Path): Folder of the converted corpora.
    training (Path): Folder for trained models.
    metrics (Path): Folder for results.
    write (Iterable[Path]): Further folders or files to write.
    read (Iterable[Path]): Further folders or files to read.
    RETURNS (ContextManager): The lock, which waits until the folders are free.
    """
    own = [training / experiment, metrics / experiment]
    shared = [*corpora_of(experiment, configs, corpus), training / ENCODERS]
    return locked(write=[*own, *write], read=[*shared, *read])


def corpora_of(experiment: str, configs: Path, corpus: Path) -> list[Path]:
    """RETURNS (list[Path]): Folders of an experiment's converted corpora, and of the tokenizer."""
    return [corpus / name for name in (*read_experiment(configs, experiment).corpora, TOKENIZER)]
