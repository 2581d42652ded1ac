"""Turn the raw corpora of an experiment into training and test DocBins, each with a manifest."""
from pathlib import Path
from typing import Any

from wasabi import msg

from scripts.base.command import option, run
from scripts.base.options import Configs, Experiment
from scripts.corpora.manifest import SPLITS, fingerprint, is_current, is_tokenizer_saved, read_manifest
from scripts.corpora.schema import ENTITY_TYPES, REASONS
from scripts.corpora.settings import read_corpus_settings
from scripts.experiments.settings import corpus_file, read_experiment


# fmt: off
def main(
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    output: Path = option(Path("corpus"), "Folder that gets a folder for each corpus, and the tokenizer."),
) -> None:
    """Convert the corpora of an experiment: read, harmonise, split by document and write DocBins. Corpora whose raw
    files and settings have not changed are left as they are."""
    # fmt: on
    names = read_experiment(configs, experiment).corpora
    settings = {name: read_corpus_settings(corpus_file(configs, name)) for name in names}
    stale = [name for name in names if not is_current(output / name, fingerprint(settings[name]))]
    if stale or not is_tokenizer_saved(output):
        # Only now, since spaCy takes seconds to import and a second run has no use for it.
        from scripts.corpora.conversion import convert_corpus, save_tokenizer

        save_tokenizer(output)
        for name in stale:
            convert_corpus(name, settings[name], output)
    for name in names:
        msg.divider(name if name in stale else f"{name} (unchanged)")
        header, *rows = table(read_manifest(output, name)["splits"])
        msg.table(rows, header=header, divider=True, aligns=["l"] + ["r"] * (len(header) - 1))
    msg.good(f"{len(stale)} corpora converted, {len(names) - len(stale)} unchanged", output)


def table(splits: dict[str, Any]) -> list[list[str]]:
    """Lay out the books of a corpus.

    splits (dict): The manifest's counts for each part.
    RETURNS (list[list[str]]): A header, and a row for each part: documents and sentences, mentions read, kept by type
        and dropped by reason (those reasons that occur), mentions that a sentence boundary cuts, expanded ones.
    """
    reasons = [reason for reason in REASONS if any(reason in splits[part]["mentions"]["dropped"] for part in SPLITS)]
    header = ["part", "documents", "sentences", "read", *ENTITY_TYPES, *reasons, "cut", "expanded"]
    return [header] + [[part, *map(str, row(splits[part], reasons))] for part in SPLITS]


def row(counts: dict[str, Any], reasons: list[str]) -> list[int]:
    """RETURNS (list[int]): One part's numbers, in the order of the header."""
    mentions = counts["mentions"]
    size = [counts["documents"], counts["sentences"], sum(mentions["read"].values())]
    kept = [mentions["kept"][kind] for kind in ENTITY_TYPES]
    dropped = [mentions["dropped"].get(reason, 0) for reason in reasons]
    return [*size, *kept, *dropped, counts["mentions_cut"], counts["mentions_expanded"]]


if __name__ == "__main__":
    run(main)
