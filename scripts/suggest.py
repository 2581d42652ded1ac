"""Choose the sentences of raw texts to annotate next, and write them for annotation tools, marked beforehand."""
import math
from pathlib import Path
from typing import Sequence

from wasabi import msg

from scripts.annotation.methods import DEFAULT_METHOD, METHODS, RANDOM, Budget, find_method
from scripts.annotation.predict import CHARACTERS
from scripts.annotation.suggest import Chosen, Observed, choose_sentences, join_observed
from scripts.annotation.suggestions import FORMATS, suggestion_path, write_suggestions
from scripts.annotation.texts import TextFiles, portions
from scripts.annotation.writing import check_format
from scripts.base import command
from scripts.base.command import option
from scripts.base.errors import ProjectError
from scripts.base.locks import locked
from scripts.base.options import (
    Configs,
    Corpus,
    Encoder,
    Experiment,
    GpuId,
    Metrics,
    Pipeline,
    Seed,
    Texts,
    Threads,
    Training,
    Workers,
)
from scripts.corpora.manifest import read_manifest
from scripts.corpora.parts import read_sentences
from scripts.encoders.record import AS_NAMED
from scripts.experiments.executors.registry import AUTO, LOCAL, choose_executor
from scripts.experiments.today import plan_today
from scripts.reporting.next_sentences import next_sentences
from scripts.reporting.results import read_results
from scripts.shipping.raw_text import OF_EXPERIMENT, ObserveWork, do_portions, find_source, folders_of

NEXT_STEPS = (
    "Correct what is marked and accept the sentences in your tool; export them; name the export as `path` of a corpus "
    "file (format {format}), and the corpus in the experiment; then `weasel run convert`, and `weasel run train` or "
    "`few-shot`. After that, `weasel run suggest` with --vars.annotated CORPUS chooses the next ones."
)


def main(
    # fmt: off
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    corpus: Corpus = Path("corpus"),
    training: Training = Path("training"),
    encoder: Encoder = AS_NAMED,
    metrics: Metrics = Path("metrics"),
    seed: Seed = 0,
    threads: Threads = 1,
    gpu_id: GpuId = -1,
    workers: Workers = AUTO,
    pipeline: Pipeline = OF_EXPERIMENT,
    texts: Texts = Path("texts"),
    method: str = option(DEFAULT_METHOD, f"How to choose: {', '.join(METHODS)}."),
    sentences: int = option(50, "How many sentences."),
    words: int = option(0, "Sentences of so many words instead; 0: as many sentences as told."),
    random_share: float = option(0.1, "The share of them that is drawn at random, so that a test part stays honest."),
    annotated: str = option("", "Converted corpora whose sentences are not chosen again: names, parted by commas."),
    format: str = option("jsonl", f"What to write: {', '.join(FORMATS)}."),
    output: str = option("", "File, or brat's folder, to write; empty: the next round in suggestions/."),
    # fmt: on
) -> None:
    """Choose the sentences of raw texts to annotate next, and write them for annotation tools.

    They are annotated beforehand by the pipeline, which may have seen nothing of the target. None is chosen that is
    annotated already, or nearly the same as another.
    """
    budget = Budget(words=words) if words else Budget(sentences=sentences)
    chosen_format = check_format(format, FORMATS)
    executor, path = choose_executor(LOCAL, workers, "", threads, gpu_id), suggestion_path(output, chosen_format)
    names = [name.strip() for name in annotated.split(",") if name.strip()]
    find_method(method)
    known, files = annotated_texts(corpus, names), TextFiles(texts)
    source = find_source(pipeline, experiment, configs, corpus, training, metrics, seed, threads, gpu_id, encoder)
    todo = dict(enumerate(portions(files, CHARACTERS)))
    with locked(read=folders_of(pipeline, training, experiment)):
        seen = do_portions(ObserveWork(source, texts, threads, method), executor, todo)
    observed = join_observed([seen[number] for number in sorted(seen)])
    chosen = choose_sentences(observed, known, method, budget, random_share, seed)
    write_suggestions(chosen, observed.candidates, files, chosen_format, path)
    show(observed, chosen, budget)
    show_forecast(experiment, configs, corpus, training, metrics, names)
    msg.good("The sentences to annotate are in", path)
    print(NEXT_STEPS.format(format={"brat": "brat", "label-studio": "label_studio"}.get(chosen_format, "jsonl")))


def annotated_texts(corpus: Path, names: Sequence[str]) -> list[str]:
    """RETURNS (list[str]): The sentences of all parts of converted corpora in which somebody annotated a token."""
    with locked(read=[corpus / name for name in names]):
        paths = [str(corpus / name / f"{part}.spacy") for name in names for part in read_manifest(corpus, name).splits]
        return [sentence.text for sentence in read_sentences(paths)]


def show(observed: Observed, chosen: Sequence[Chosen], budget: Budget) -> None:
    """Print what was chosen.

    observed (Observed): All sentences.
    chosen (Sequence[Chosen]): Those that were chosen.
    budget (Budget): How much was asked for.
    """
    rows = [one.row for one in chosen]
    candidates, pool = [observed.candidates[row] for row in rows], observed.pool
    expected = pool.expected_mentions[rows].sum()
    found = sum(len(candidate.mentions) for candidate in candidates)
    table = [
        ("Sentences", f"{len(rows):,} of {len(pool):,}, {sum(one.method == RANDOM for one in chosen):,} at random"),
        ("Words", f"{pool.words[rows].sum():,}"),
        ("Documents", f"{len({candidate.document for candidate in candidates}):,}"),
        ("Marked beforehand", f"{found:,} mentions"),
        *([] if math.isnan(expected) else [("Expected mentions", f"{expected:.0f}")]),
    ]
    msg.table(table)
    reached = len(rows) if budget.sentences else int(pool.words[rows].sum())
    if reached < (budget.sentences or budget.words or 0):
        msg.warn("Fewer than asked for: no other sentence is left that is not annotated, or nearly the same as another")


def show_forecast(
    experiment: str, configs: Path, corpus: Path, training: Path, metrics: Path, targets: Sequence[str]
) -> None:
    """Print what the next sentences are expected to bring, if the experiment has learning curves that tell."""
    if not (metrics / experiment / "runs").is_dir():
        return
    try:
        results = read_results(metrics, experiment, today=plan_today(experiment, configs, corpus, training, metrics))
    except ProjectError:
        # There is no finished run; that is no mistake here.
        return
    for line in next_sentences(results, targets):
        msg.info(line)


if __name__ == "__main__":
    command.run(main)
