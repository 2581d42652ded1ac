"""Convert the raw corpora of an experiment to DocBins, with a manifest that accounts for every mention."""
from pathlib import Path
from typing import Annotated, Iterable, Mapping, Optional, Sequence

import typer

from scripts.base.command import option, run
from scripts.base.errors import ProjectError
from scripts.base.locks import locked
from scripts.base.options import Configs, Experiment
from scripts.base.settings import suggest
from scripts.corpora.account import refuse_losses
from scripts.corpora.fingerprint import TOKENIZER, check_present, fingerprint, is_current, is_tokenizer_current
from scripts.corpora.manifest import read_manifest
from scripts.corpora.settings import CorpusSettings, read_corpus_settings
from scripts.corpora.sides import Sides, find_sides, sides_of
from scripts.experiments.settings import corpus_file, read_experiment
from scripts.reporting.corpus_account import show, show_end, show_split, show_unread

STRICT = (
    "Fail and write nothing if a mention is lost or changed, the reader repairs something, or a count differs, unless "
    "the corpus file accepts it under `expected`."
)


RESPLIT = (
    "Split all documents of this corpus again. Can be used several times. Results on the earlier split can't be "
    "compared with those on the new one."
)


# fmt: off
def main(
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    output: Path = option(Path("corpus"), "Output folder, with a folder for each corpus and for the tokenizer."),
    strict: Annotated[bool, typer.Option("--strict", help=STRICT)] = False,
    resplit: Annotated[Optional[list[str]], typer.Option("--resplit", help=RESPLIT)] = None,
) -> None:
    """Convert the corpora of an experiment: read, harmonize, split by document and write DocBins.

    Corpora with unchanged raw files and settings are skipped. Documents keep their side of the split."""
    # fmt: on
    names = read_experiment(configs, experiment).corpora
    settings = {name: read_corpus_settings(corpus_file(configs, name)) for name in names}
    # A variable in project.yml can't be left out, only empty.
    anew = [name for name in resplit or [] if name]
    check_resplit(anew, settings)
    check_present(settings)
    kept = [name for name in names if name not in anew and not settings[name].published_split]
    folders = {name: output / name for name in (*names, TOKENIZER)}
    with locked(read=folders.values()):
        stale = find_stale(output, settings, {name: find_sides(output, name) for name in kept})
    # Only stale corpora are locked for writing, so that users of the others don't have to wait.
    with locked(write=[folders[name] for name in stale], read=folders.values()):
        earlier = {name: find_sides(output, name) for name in kept}
        stale = find_stale(output, settings, earlier)
        if strict:
            for name in names:
                if name not in stale:
                    refuse_losses(name, settings[name].expected, read_manifest(output, name))
        convert(stale, settings, earlier, output, strict)
        manifests = {name: read_manifest(output, name) for name in names}
        for name, manifest in manifests.items():
            show(name if name in stale else f"{name} (unchanged)", settings[name], manifest)
            show_unread(settings[name])
            if name in stale:
                show_split(name, earlier.get(name), find_sides(output, name) if sides_of(manifest) else None)
        show_end(len([name for name in stale if name != TOKENIZER]), settings, manifests, output)


def find_stale(
    output: Path, settings: Mapping[str, CorpusSettings], earlier: Mapping[str, Optional[Sides]]
) -> list[str]:
    """Find what has to be converted.

    output (Path): Folder of the converted corpora.
    settings (Mapping[str, CorpusSettings]): The corpus files of the experiment, by corpus.
    earlier (Mapping): The sides of each corpus's documents in an earlier conversion.
    RETURNS (list[str]): Corpora that are missing or out of date, and the tokenizer if it is.
    """
    tokenizer = [] if is_tokenizer_current(output) else [TOKENIZER]
    return tokenizer + [
        name for name in settings if not is_current(output, name, fingerprint(settings[name]), earlier.get(name))
    ]


def convert(
    names: Sequence[str],
    settings: Mapping[str, CorpusSettings],
    earlier: Mapping[str, Optional[Sides]],
    output: Path,
    strict: bool,
) -> None:
    """Convert corpora one after the other, and save their tokenizer."""
    if not names:
        return
    # Imported here because spaCy takes seconds to import, and isn't needed if nothing has changed.
    from scripts.corpora.conversion import Converted, convert_corpus, save_corpus, save_tokenizer

    corpora = [name for name in names if name != TOKENIZER]
    made: Iterable[Converted] = (convert_corpus(name, settings[name], earlier.get(name)) for name in corpora)
    if strict:
        # Nothing is written before all of them have been checked.
        made = list(made)
        for corpus in made:
            refuse_losses(corpus.name, settings[corpus.name].expected, corpus.manifest)
    if TOKENIZER in names:
        save_tokenizer(output)
    for corpus in made:
        save_corpus(corpus, output)


def check_resplit(names: Sequence[str], settings: Mapping[str, CorpusSettings]) -> None:
    """Check that corpora can be split again.

    names (Sequence[str]): The corpora.
    settings (Mapping[str, CorpusSettings]): The corpus files of the experiment, by corpus.
    RAISES (ProjectError): If one is not a corpus of the experiment, or its split is a published one.
    """
    for name in names:
        if name not in settings:
            remedy = suggest(name, list(settings))
            raise ProjectError(f"no corpus '{name}' in this experiment", where="--resplit", remedy=remedy)
        if settings[name].published_split:
            remedy = "leave it out, or set `split` in its corpus file"
            raise ProjectError(f"the split of corpus '{name}' is a published one", where="--resplit", remedy=remedy)


if __name__ == "__main__":
    run(main)
