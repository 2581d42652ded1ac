"""Load a pipeline that finds entities in raw text: a folder or an installed package."""
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Mapping

import spacy
from spacy.language import Language
from spacy.util import get_package_path, is_package

import scripts.ner.training  # noqa: F401  (registers the components)
from scripts.base.errors import ProjectError
from scripts.base.files import hash_data, hash_files
from scripts.corpora.sentences import NAME as SPLITTER
from scripts.ner.bio_ner import BioNer
from scripts.ner.rounding import round_encoder

SENTENCE_STARTS, ENTITIES = "token.is_sent_start", "doc.ents"


@dataclass(frozen=True)
class PipelineSource:
    """Where a pipeline comes from.

    name (str): A folder, or the name of an installed package.
    calibration (Mapping): Three numbers by entity type; see `BioNer.calibrate`. Empty for its own confidences.
    is_rounded (bool): Whether its encoder is to be rounded, as a package stores it.
    """

    name: str
    calibration: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    is_rounded: bool = False

    @property
    def folder(self) -> Path:
        """RETURNS (Path): The folder of the pipeline or of the package.

        RAISES (ProjectError): If there is none.
        """
        if (Path(self.name) / "config.cfg").is_file():
            return Path(self.name)
        if not Path(self.name).exists() and is_package(self.name):
            return get_package_path(self.name)
        what = "a folder without a pipeline" if Path(self.name).is_dir() else "no such folder or installed package"
        remedy = "give a folder that holds config.cfg (such as model-last), the name of a package, or `experiment`"
        raise ProjectError(what, where=f"--pipeline {self.name}", remedy=remedy)

    @property
    def fingerprint(self) -> str:
        """RETURNS (str): What changes with all that the pipeline does."""
        files = [file for file in self.folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
        return hash_data([hash_files(files, self.folder), dict(self.calibration), self.is_rounded])


def load_pipeline(source: PipelineSource) -> Language:
    """Load a pipeline that takes raw text of any length.

    source (PipelineSource): Where it comes from.
    RETURNS (Language): It splits sentences by itself: with the project's splitter, unless it has one of its own.
    RAISES (ProjectError): If it can't be loaded, or finds no entities.
    """
    where = f"--pipeline {source.name}"
    folder = source.folder
    try:
        nlp = spacy.load(source.name if is_package(source.name) and not Path(source.name).exists() else folder)
    except (OSError, ValueError, ImportError) as error:
        # Only the first line: spaCy lists all that it knows.
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ProjectError(f"the pipeline can't be loaded ({reason})", where=where) from None
    assigned = {assigned for name in nlp.pipe_names for assigned in nlp.get_pipe_meta(name).assigns}
    if ENTITIES not in assigned:
        what = f"the pipeline finds no entities (its components: {', '.join(nlp.pipe_names) or 'none'})"
        raise ProjectError(what, where=where, remedy="give one with `bio_ner` or `ner`")
    if SENTENCE_STARTS not in assigned:
        nlp.add_pipe(SPLITTER, first=True)
    if source.is_rounded:
        round_encoder(nlp)
    if source.calibration:
        for _, component in nlp.pipeline:
            if isinstance(component, BioNer):
                component.calibrate(dict(source.calibration))
    # spaCy's limit is for components that read a text as a whole.
    nlp.max_length = sys.maxsize
    return nlp
