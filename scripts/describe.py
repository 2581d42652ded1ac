"""Write and print what the corpora of an experiment are like: the paper's Tables 1 and 4, and shared sentences."""
from pathlib import Path

from wasabi import msg

from scripts.base.command import option, run
from scripts.base.errors import ProjectError
from scripts.base.files import read_json, write_json
from scripts.base.options import Configs, Corpus, Experiment, Metrics
from scripts.experiments.settings import read_experiment


# fmt: off
def main(
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    corpus: Corpus = Path("corpus"),
    encoder_file: Path = option(Path("training/encoder.json"), "The encoder whose sub-words are compared."),
    metrics: Metrics = Path("metrics"),
) -> None:
    """Describe the corpora of an experiment: size and mentions (Table 1 of the paper), sub-words that their mentions
    share (Table 4), and sentences that stand in a training and in a test part."""
    # fmt: on
    names = read_experiment(configs, experiment).corpora
    folder = Path(read_json(encoder_file, made_by="encoder")["path"])
    if not folder.is_dir():
        raise ProjectError(f"no encoder in {folder}", where=encoder_file, remedy="run `weasel run encoder` again")

    from transformers import AutoTokenizer

    from scripts.corpora.description import describe_corpora, overlap_table, shared_sentences_table, statistics_table

    tokenize = AutoTokenizer.from_pretrained(str(folder)).tokenize
    description = describe_corpora(corpus, names, tokenize)
    path = metrics / experiment / "corpora.json"
    write_json(path, description)
    for title, table in [
        ("Corpora (Table 1)", statistics_table(description)),
        ("Sub-words that mentions share (Table 4)", overlap_table(description)),
        ("Sentences in a training and a test part", shared_sentences_table(description)),
    ]:
        msg.divider(title)
        msg.table(table[1:], header=table[0], divider=len(table) > 1)
    msg.good("Described the corpora", path)


if __name__ == "__main__":
    run(main)
