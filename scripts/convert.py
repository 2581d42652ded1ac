"""Turn the raw corpora of an experiment into DocBins, each corpus with a manifest of what happened to every mention."""
from pathlib import Path
from typing import Annotated, Mapping, Optional, Sequence

import typer

from scripts.base.command import option, run
from scripts.base.errors import ProjectError
from scripts.base.locks import locked
from scripts.base.options import Configs, Experiment
from scripts.base.settings import suggest
from scripts.corpora.account import refuse_losses
from scripts.corpora.fingerprint import TOKENIZER, check_present, fingerprint, is_current, is_tokenizer_saved
from scripts.corpora.manifest import read_manifest
from scripts.corpora.settings import CorpusSettings, read_corpus_settings
from scripts.corpora.sides import Sides, find_sides, sides_of
from scripts.experiments.settings import corpus_file, read_experiment
from scripts.reporting.corpus_account import show, show_end, show_split

STRICT = (
    "Stop at any mention that is lost or changed, at repairs of the reader, and at counts that differ, unless the "
    "corpus file accepts them under `expected`. Nothing is written then."
)


RESPLIT = (
    "Deal the documents of this corpus anew, those that were dealt before too; may be given several times. Results on "
    "the earlier split say nothing about the new one."
)


# fmt: off
def main(
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    output: Path = option(Path("corpus"), "Folder that gets a folder for each corpus, and the tokenizer."),
    strict: Annotated[bool, typer.Option("--strict", help=STRICT)] = False,
    resplit: Annotated[Optional[list[str]], typer.Option("--resplit", help=RESPLIT)] = None,
) -> None:
    """Convert the corpora of an experiment: read, harmonise, split by document and write DocBins. Corpora whose raw
    files and settings have not changed are left as they are; documents keep the side that they were dealt to."""
    # fmt: on
    names = read_experiment(configs, experiment).corpora
    settings = {name: read_corpus_settings(corpus_file(configs, name)) for name in names}
    # A variable of project.yml cannot be left out, only empty.
    anew = [name for name in resplit or [] if name]
    check_resplit(anew, settings)
    check_present(settings)
    kept = [name for name in names if name not in anew and not settings[name].published_split]
    folders = {name: output / name for name in (*names, TOKENIZER)}
    with locked(read=folders.values()):
        stale = find_stale(output, settings, {name: find_sides(output, name) for name in kept})
    # Nobody has to wait who uses what stays as it is.
    with locked(write=[folders[name] for name in stale], read=folders.values()):
        earlier = {name: find_sides(output, name) for name in kept}
        stale = find_stale(output, settings, earlier)
        convert(stale, settings, earlier, output, strict)
        manifests = {name: read_manifest(output, name) for name in names}
        for name, manifest in manifests.items():
            if strict:
                refuse_losses(name, settings[name].expected, manifest)
            show(name if name in stale else f"{name} (unchanged)", settings[name], manifest)
            if name in stale:
                show_split(name, earlier.get(name), find_sides(output, name) if sides_of(manifest) else None)
        show_end(len([name for name in stale if name != TOKENIZER]), settings, manifests, output)


def find_stale(
    output: Path, settings: Mapping[str, CorpusSettings], earlier: Mapping[str, Optional[Sides]]
) -> list[str]:
    """Find what has to be converted.

    output (Path): Folder of the converted corpora.
    settings (Mapping[str, CorpusSettings]): The corpus files of the experiment, by corpus.
    earlier (Mapping): The sides that documents of each corpus were dealt to before.
    RETURNS (list[str]): Corpora that are not there, or are not what their files and settings say now; the tokenizer.
    """
    tokenizer = [] if is_tokenizer_saved(output) else [TOKENIZER]
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
    """Convert corpora one after the other, and save the tokenizer that goes with them."""
    if not names:
        return
    # Only now, since spaCy takes seconds to import and a second run has no use for it.
    from scripts.corpora.conversion import convert_corpus, save_corpus, save_tokenizer

    for name in names:
        if name == TOKENIZER:
            save_tokenizer(output)
            continue
        converted = convert_corpus(name, settings[name], earlier.get(name))
        if strict:
            refuse_losses(name, settings[name].expected, converted.manifest)
        save_corpus(converted, output)


def check_resplit(names: Sequence[str], settings: Mapping[str, CorpusSettings]) -> None:
    """Check that the corpora to be dealt anew can be.

    names (Sequence[str]): The corpora.
    settings (Mapping[str, CorpusSettings]): The corpus files of the experiment, by corpus.
    RAISES (ProjectError): If one is not a corpus of the experiment, or its split is a published one.
    """
    for name in names:
        if name not in settings:
            remedy = suggest(name, list(settings))
            raise ProjectError(f"no corpus '{name}' in this experiment", where="--resplit", remedy=remedy)
        if settings[name].published_split:
            remedy = "leave it out, or give `split` in its corpus file"
            raise ProjectError(f"the split of corpus '{name}' is a published one", where="--resplit", remedy=remedy)


if __name__ == "__main__":
    run(main)
