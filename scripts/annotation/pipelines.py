"""Load a pipeline that finds entities in raw text, from a folder or an installed package."""
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Mapping

import spacy
from spacy.language import Language
from spacy.util import get_package_path, is_package

import scripts.ner.training  # noqa: F401  (registers the components)
from scripts.base.errors import ProjectError, is_out_of_memory
from scripts.base.files import hash_data, hash_files
from scripts.corpora.sentences import NAME as SPLITTER
from scripts.ner.bio_ner import BioNer
from scripts.ner.rounding import round_encoder

SENTENCE_STARTS, ENTITIES = "token.is_sent_start", "doc.ents"
RESTORE = "train or install the pipeline again, or choose another one"


@dataclass(frozen=True)
class PipelineSource:
    """A pipeline to load.

    name (str): A folder, or the name of an installed package.
    calibration (Mapping): Three numbers per entity type; see `BioNer.calibrate`. Empty for no calibration.
    is_rounded (bool): Whether to round the encoder's weights, as a package does.
    """

    name: str
    calibration: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    is_rounded: bool = False

    @property
    def folder(self) -> Path:
        """RETURNS (Path): The folder of the pipeline or of the package.

        RAISES (ProjectError): If there is no such folder or package.
        """
        if _is_pipeline(Path(self.name)):
            return Path(self.name)
        if not Path(self.name).exists() and is_package(self.name):
            return get_package_path(self.name)
        what = "a folder without a pipeline" if Path(self.name).is_dir() else "no such folder or installed package"
        below = sorted(file.parent.name for file in Path(self.name).glob("*/meta.json") if _is_pipeline(file.parent))
        example = Path(self.name) / below[-1] if below else "model-last"
        remedy = f"use the folder of a pipeline, such as {example}, the name of a package, or `experiment`"
        raise ProjectError(what, where=f"--pipeline {self.name}", remedy=remedy)

    @property
    def fingerprint(self) -> str:
        """RETURNS (str): Hash of everything that affects the pipeline's predictions."""
        files = [file for file in self.folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
        return hash_data([hash_files(files, self.folder), dict(self.calibration), self.is_rounded])


def _is_pipeline(folder: Path) -> bool:
    """RETURNS (bool): Whether spaCy has saved a pipeline in a folder. `spacy train` does so one level below."""
    return (folder / "config.cfg").is_file() and (folder / "meta.json").is_file()


def load_pipeline(source: PipelineSource) -> Language:
    """Load a pipeline for raw text of any length.

    source (PipelineSource): The pipeline to load.
    RETURNS (Language): The pipeline. If it has no sentence splitter, the project's own is added.
    RAISES (ProjectError): If the pipeline can't be loaded, or doesn't predict entities.
    """
    where = f"--pipeline {source.name}"
    folder = source.folder
    try:
        nlp = spacy.load(source.name if is_package(source.name) and not Path(source.name).exists() else folder)
    # Given a file with unexpected contents, spaCy and other libraries may raise any error.
    except Exception as error:
        if is_out_of_memory(error):
            raise
        what = f"the pipeline can't be loaded ({_explain(error)})"
        raise ProjectError(what, where=where, remedy=RESTORE) from None
    assigned = {assigned for name in nlp.pipe_names for assigned in nlp.get_pipe_meta(name).assigns}
    if ENTITIES not in assigned:
        what = f"the pipeline doesn't predict entities (its components: {', '.join(nlp.pipe_names) or 'none'})"
        raise ProjectError(what, where=where, remedy="use a pipeline with `bio_ner` or `ner`")
    if SENTENCE_STARTS not in assigned:
        nlp.add_pipe(SPLITTER, first=True)
    if source.is_rounded:
        round_encoder(nlp)
    # A package and a folder have their own calibration.
    if source.calibration:
        for _, component in nlp.pipeline:
            if isinstance(component, BioNer):
                component.calibrate(dict(source.calibration))
    # spaCy's limit is for components that process a text as a whole.
    nlp.max_length = sys.maxsize
    return nlp


def entity_types(nlp: Language) -> tuple[str, ...]:
    """RETURNS (tuple[str, ...]): The entity types that a pipeline can predict, sorted."""
    finders = [name for name in nlp.pipe_names if ENTITIES in nlp.get_pipe_meta(name).assigns]
    return tuple(sorted({label for name in finders for label in nlp.pipe_labels.get(name, ())}))


def _explain(error: Exception) -> str:
    """RETURNS (str): The first line of spaCy's own message, which goes on to list all names it knows. Of other errors,
    which may quote what is in the files, only the type."""
    (first, *_) = str(error).strip().splitlines() or [""]
    return first if isinstance(error, ImportError) or first.startswith("[E") else type(error).__name__
