"""Describe the corpora of an experiment: the paper's Tables 1 and 4, and shared sentences."""
from pathlib import Path

from wasabi import msg

from scripts.base.command import option, run
from scripts.base.files import read_json, write_checked_json
from scripts.base.locks import locked
from scripts.base.options import Configs, Corpus, Encoder, Experiment, Metrics, Training
from scripts.corpora.manifest import identify
from scripts.encoders.record import AS_NAMED, chosen_encoder, find_encoder
from scripts.encoders.wordpieces import MULTILINGUAL_BERT, OWN_TOKENIZER, get_tokenizer
from scripts.experiments.folders import corpora_of
from scripts.experiments.settings import corpus_file, read_experiment
from scripts.reporting.contents import CORPORA_TABLES
from scripts.reporting.screen import print_table
from scripts.results.corpora import read_corpora

OTHERS = f"{MULTILINGUAL_BERT} (the paper's, without a model hub), another Hugging Face name, or a folder"
TOKENIZER = f"`{OWN_TOKENIZER}`, {OTHERS}"


# fmt: off
def main(
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    corpus: Corpus = Path("corpus"),
    training: Training = Path("training"),
    encoder: Encoder = AS_NAMED,
    tokenizer: str = option(OWN_TOKENIZER, f"Tokenizer for sub-words: {TOKENIZER}."),
    assets: Path = option(Path("assets/encoder"), "Folder for the paper's vocabulary, which is downloaded if needed."),
    paper: Path = option(Path("assets/paper/tables.json"), "File with the paper's own numbers."),
    metrics: Metrics = Path("metrics"),
) -> None:
    """Describe the corpora of an experiment: size and mentions (Table 1 of the paper), sub-words shared by their
    mentions (Table 4), and sentences that are in both a training and a test part."""
    # fmt: on
    settings = read_experiment(configs, experiment)
    own = chosen_encoder(encoder, settings.encoder)
    folder = str(find_encoder(training, own).path) if tokenizer == OWN_TOKENIZER else tokenizer
    tokenize = get_tokenizer(folder, assets)

    from scripts.corpora.description import describe_corpora
    from scripts.corpora.parts import check_converted

    with locked(read=corpora_of(experiment, configs, corpus)):
        manifests = {name: check_converted(corpus, name, corpus_file(configs, name)) for name in settings.corpora}
        description = describe_corpora(corpus, settings.corpora, tokenize, read_json(paper))
        path = metrics / experiment / "corpora.json"
        write_checked_json(path, {**description, "tokenizer": tokenizer, "made_from": identify(manifests)})
        for make_table in CORPORA_TABLES:
            print_table(make_table(read_corpora(path)))
        msg.good("Described the corpora", path)


if __name__ == "__main__":
    run(main)
