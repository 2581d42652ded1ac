"""Show the errors of an experiment's models, each in its sentence."""
from pathlib import Path

from wasabi import msg

from scripts.base.command import run
from scripts.base.locks import locked
from scripts.base.options import Configs, Corpus, Experiment, Metrics, Training
from scripts.experiments.current import read_current_state
from scripts.experiments.folders import corpora_of
from scripts.reporting.results import read_results
from scripts.reporting.screen import print_table
from scripts.reporting.tables.error_examples import table_error_examples
from scripts.reporting.tables.errors import table_errors
from scripts.results.kinds import FEW_SHOT, IN_CORPUS


def main(
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    corpus: Corpus = Path("corpus"),
    training: Training = Path("training"),
    metrics: Metrics = Path("metrics"),
) -> None:
    """Show the errors of an experiment's models by kind (boundary, type, missed, spurious), each in its sentence.

    They are only shown on the screen. The texts may be private, so nothing is written to a file.
    """
    with locked(read=corpora_of(experiment, configs, corpus)):
        current = read_current_state(experiment, configs, corpus, training, metrics)
        results = read_results(metrics, experiment, current=current)
        print_table(table_errors(results))
        for target in results.corpus_names:
            if results.of(IN_CORPUS, target=target) or results.of(FEW_SHOT, target=target):
                print_table(table_error_examples(results, corpus, target))
        counts = metrics / experiment / "tables" / "errors.csv"
        msg.good("Nothing was written. `weasel run report` writes the counts to", counts)


if __name__ == "__main__":
    run(main)
