"""Select the sentences of raw texts to annotate next, and write them, pre-annotated, for annotation tools."""
import math
from pathlib import Path
from typing import Sequence

from wasabi import msg

from scripts.annotation.methods import DEFAULT_METHOD, METHODS, RANDOM, Budget, find_method
from scripts.annotation.pool import Pool
from scripts.annotation.predict import CHARACTERS
from scripts.annotation.suggest import (
    Annotated,
    Chosen,
    Observed,
    check_share,
    choose_sentences,
    collect_annotated,
    join_observed,
)
from scripts.annotation.suggestions import (
    FORMATS,
    check_convertible,
    remember_round,
    suggestion_path,
    write_suggestions,
)
from scripts.annotation.texts import TextFiles, portions, show_unread
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
from scripts.corpora.parts import check_converted, read_documents
from scripts.encoders.record import AS_NAMED
from scripts.experiments.current import read_current_state
from scripts.experiments.executors.registry import AUTO, LOCAL, choose_executor
from scripts.experiments.settings import corpus_file
from scripts.reporting.next_sentences import next_sentences
from scripts.reporting.results import read_results
from scripts.shipping.raw_text import OF_EXPERIMENT, ObserveWork, do_portions, find_source, folders_of

# Between the two targets that were tried: chosen sentences were 3 times as long as random ones in reviews, where
# choosing paid, and 7 times in clinical notes, where random sentences with as many words were better.
FAR_LONGER = 5
NEXT_STEPS = (
    "Correct the annotations and accept the sentences in your tool, and export them. Set the export as the `path` of a "
    "corpus file (format {format}), and add the corpus to the experiment. Then run `weasel run convert`, and `weasel "
    "run train` or `few-shot`. After that, `weasel run suggest` with --vars.annotated CORPUS selects the next ones."
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
    method: str = option(DEFAULT_METHOD, f"How to select sentences: {', '.join(METHODS)}."),
    sentences: int = option(50, "Number of sentences to select."),
    words: int = option(0, "Number of words to select, instead of a number of sentences. 0 to use --sentences."),
    random_share: float = option(0.1, "Share to select at random, so that a test part drawn from them is unbiased."),
    annotated: str = option("", "Converted corpora, separated by commas, with sentences to leave out."),
    format: str = option("jsonl", f"Output format: {', '.join(FORMATS)}."),
    output: str = option("", "Output file, or folder for brat files. If empty, the next round in suggestions/."),
    # fmt: on
) -> None:
    """Select the sentences of raw texts to annotate next, and write them for annotation tools.

    They are pre-annotated by the pipeline, which doesn't need to be trained on the target. Sentences that are already
    annotated, and near duplicates of others, are left out.
    """
    budget = Budget(words=words) if words else Budget(sentences=sentences)
    chosen_format = check_format(format, FORMATS)
    executor, path = choose_executor(LOCAL, workers, "", threads, gpu_id), suggestion_path(output, chosen_format)
    names = [name.strip() for name in annotated.split(",") if name.strip()]
    find_method(method)
    check_share(random_share)
    known, files = annotated_texts(configs, corpus, names), open_texts(texts, chosen_format)
    source = find_source(pipeline, experiment, configs, corpus, training, metrics, seed, threads, gpu_id, encoder)
    todo = dict(enumerate(portions(files, CHARACTERS)))
    with locked(read=folders_of(pipeline, training, experiment)):
        seen = do_portions(ObserveWork(source, texts, threads, method), executor, todo)
    observed = join_observed([seen[number] for number in sorted(seen)])
    chosen = choose_sentences(observed, known, method, budget, random_share, seed)
    with locked(write=[path.parent / "round"]):
        # Another `suggest` may have taken the path in the meantime.
        path = suggestion_path(output, chosen_format)
        write_suggestions(chosen, observed, files, chosen_format, path)
        remember_round(path)
    show(observed, chosen, budget)
    show_forecast(experiment, configs, corpus, training, metrics, names)
    msg.good("The sentences to annotate are in", path)
    print(NEXT_STEPS.format(format={"brat": "brat", "label-studio": "label_studio"}.get(chosen_format, "jsonl")))


def open_texts(texts: Path, format: str) -> TextFiles:
    """RETURNS (TextFiles): The texts, after a message about other files there.

    RAISES (ProjectError): If a text can't be written in the format, or not be converted.
    """
    files = TextFiles(texts)
    show_unread(files)
    check_convertible(files, format)
    return files


def annotated_texts(configs: Path, corpus: Path, names: Sequence[str]) -> Annotated:
    """RETURNS (Annotated): What is annotated in all parts of converted corpora.

    RAISES (ProjectError): If a corpus isn't converted, or has changed since.
    """
    with locked(read=[corpus / name for name in names]):
        manifests = {name: check_converted(corpus, name, corpus_file(configs, name)) for name in names}
        paths = [corpus / name / f"{part}.spacy" for name in names for part in manifests[name].splits]
        return collect_annotated(document for path in paths for document in read_documents(path))


def show(observed: Observed, chosen: Sequence[Chosen], budget: Budget) -> None:
    """Print a summary of the selected sentences.

    observed (Observed): All sentences.
    chosen (Sequence[Chosen]): The selected sentences.
    budget (Budget): The requested number of sentences or words.
    """
    rows = [one.row for one in chosen]
    candidates, pool = [observed.candidates[row] for row in rows], observed.pool
    expected = pool.expected_mentions[rows].sum()
    found = sum(len(candidate.mentions) for candidate in candidates)
    own, average = pool.words[rows].mean(), pool.words.mean()
    table = [
        ("Sentences", f"{len(rows):,} of {len(pool):,}, {sum(one.method == RANDOM for one in chosen):,} at random"),
        ("Words", f"{pool.words[rows].sum():,}, {own:.0f} per sentence ({average:.0f} in all texts)"),
        ("Documents", f"{len({candidate.document for candidate in candidates}):,}"),
        ("Pre-annotated", f"{found:,} mentions"),
        *([] if math.isnan(expected) else [("Expected mentions", f"{expected:.0f}")]),
    ]
    msg.table(table)
    warn_of_length(pool, chosen)
    reached = len(rows) if budget.sentences else int(pool.words[rows].sum())
    if reached < (budget.sentences or budget.words or 0):
        msg.warn("Fewer than requested: all other sentences are already annotated, or near duplicates of others")


def warn_of_length(pool: Pool, chosen: Sequence[Chosen]) -> None:
    """Print a warning if the selected sentences are so long that random ones may be worth more for as many words.

    pool (Pool): All sentences.
    chosen (Sequence[Chosen]): The selected sentences.
    """
    words = pool.words[[one.row for one in chosen]]
    ratio = words.mean() / pool.words.mean()
    if ratio >= FAR_LONGER and any(one.method != RANDOM for one in chosen):
        what = f"The selected sentences are {ratio:.0f} times as long as the average sentence of the texts"
        instead = f"--vars.method random --vars.words {words.sum()}"
        msg.warn(what, f"Random ones with as many words ({instead}) may be worth more: see docs/annotation.md.")


def show_forecast(
    experiment: str, configs: Path, corpus: Path, training: Path, metrics: Path, targets: Sequence[str]
) -> None:
    """Print the expected gain from the next sentences, if the experiment has learning curves to forecast it from."""
    if not (metrics / experiment / "runs").is_dir():
        return
    try:
        current = read_current_state(experiment, configs, corpus, training, metrics)
        results = read_results(metrics, experiment, current=current)
    except ProjectError:
        # Here it is not an error if there are no finished runs.
        return
    for line in next_sentences(results, targets):
        msg.info(line)


if __name__ == "__main__":
    command.run(main)
