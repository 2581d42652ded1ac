"""Estimate the cost of an experiment (runs, sentence passes and time) with a dry run."""
from pathlib import Path
from typing import Any, Mapping, Optional

from wasabi import msg

from scripts.base import command
from scripts.base.command import option
from scripts.base.errors import ProjectError
from scripts.base.files import read_json
from scripts.base.locks import locked
from scripts.base.options import Configs, Corpus, Encoder, EncoderAssets, Experiment, GpuId, Seed, Threads, Training
from scripts.corpora.manifest import read_manifest
from scripts.corpora.parts import find_part
from scripts.corpora.settings import read_corpus_settings
from scripts.encoders.record import AS_NAMED, EncoderRecord, find_encoder
from scripts.encoders.record import FOLDER as ENCODERS
from scripts.encoders.resolve import OFFLINE, UNTRAINED, check_no_missing_folder, resolve_encoder
from scripts.experiments.config import find_template, has_encoder, read_template
from scripts.experiments.device import choose_precision, use_device
from scripts.experiments.estimate import Speed, estimate, expected_corpus, measure_speed, planning_workspace
from scripts.experiments.folders import corpora_of
from scripts.experiments.job import TrainingJob
from scripts.experiments.settings import Experiment as Settings
from scripts.experiments.settings import corpus_file, read_experiment
from scripts.experiments.workspace import ConvertedCorpus, find_corpus, find_tokenizer
from scripts.reporting.screen import print_table
from scripts.reporting.tables.plan import table_plan


def main(
    # fmt: off
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    corpus: Corpus = Path("corpus"),
    training: Training = Path("training"),
    encoder: Encoder = AS_NAMED,
    seed: Seed = 0,
    threads: Threads = 1,
    gpu_id: GpuId = -1,
    assets: EncoderAssets = Path("assets/encoder"),
    paper: Path = option(Path("assets/paper/tables.json"), "File with the paper's own numbers."),
    # fmt: on
) -> None:
    """Estimate the cost of an experiment (runs, sentence passes and time) without training it.

    The time is estimated from a few updates and predictions on a converted corpus, with the experiment's encoder. If
    that isn't available, a model of multilingual BERT's size is used, whose vocabulary is downloaded if needed; for the
    offline encoder, no time is estimated. For a corpus that is in the paper but not converted yet, the paper's number
    of sentences is used, with 70 % for training.
    """
    with locked(read=[*corpora_of(experiment, configs, corpus), training / ENCODERS]):
        settings = read_experiment(configs, experiment).shifted(seed).with_encoder(encoder)
        corpora = {name: count_corpus(configs, corpus, name, read_json(paper)["table1"]) for name in settings.corpora}
        costs = estimate(planning_workspace(experiment, settings, configs, corpora))
        speed = time_here(settings, configs, corpus, training, threads, gpu_id, assets)
        print_table(table_plan(experiment, costs, speed))
        if speed is None:
            msg.warn("Can't estimate the time: run `weasel run encoder` and `weasel run convert` first")
        msg.good("This was a dry run: nothing was trained")


def count_corpus(configs: Path, corpus: Path, name: str, paper: Mapping[str, Any]) -> ConvertedCorpus:
    """Count a corpus's sentences, if it is converted, or use the paper's number.

    configs (Path): Folder with `corpora/`.
    corpus (Path): Folder of the converted corpora.
    name (str): The corpus.
    paper (Mapping): The paper's Table 1, by its names of corpora.
    RETURNS (ConvertedCorpus): Its entity types and parts.
    RAISES (ProjectError): If it is not converted and not in the paper.
    """
    if is_converted(corpus, name):
        return find_corpus(configs, corpus, name)
    file = corpus_file(configs, name)
    settings = read_corpus_settings(file)
    known = paper.get(settings.paper_corpus or "")
    if known is None:
        raise ProjectError(f"{name} is not converted", where=file, remedy="run `weasel run convert` first")
    train, test = (round(share * known["sentences"]) for share in (0.7, 0.3))
    return expected_corpus(settings.entity_types, train, test, name)


def is_converted(corpus: Path, name: str) -> bool:
    """RETURNS (bool): Whether a corpus is converted."""
    return (corpus / name / "manifest.json").is_file()


def time_here(
    settings: Settings, configs: Path, corpus: Path, training: Path, threads: int, gpu_id: int, assets: Path
) -> Optional[Speed]:
    """RETURNS (Optional[Speed]): The speed of this machine, or None without an encoder or any converted corpus."""
    others = sorted(path.parent.name for path in corpus.glob("*/manifest.json"))
    converted = [name for name in settings.corpora if name in others] + others
    template = find_template(configs, settings.model)
    encoder = encoder_to_time(settings.encoder, training, assets) if has_encoder(template) else None
    if not converted or (encoder is None and has_encoder(template)):
        return None
    use_device(threads, gpu_id)
    found, manifest = find_part(corpus, converted[0], "train"), read_manifest(corpus, converted[0])
    job = TrainingJob(
        template=read_template(template),
        encoder=encoder,
        tokenizer=find_tokenizer(corpus),
        train=(found,),
        entity_types=manifest.entity_types,
        training=settings.few_shot.training if settings.few_shot else settings.in_corpus.training,
        seed=0,
        threads=threads,
        frozen=settings.frozen,
        lower_case=settings.lower_case,
        precision=choose_precision(settings.precision, gpu_id),
    )
    msg.info(f"Timing a few updates of {encoder.name if encoder else settings.model} on {converted[0]}")
    return measure_speed(job, gpu_id)


def encoder_to_time(name: str, training: Path, assets: Path) -> Optional[EncoderRecord]:
    """RETURNS (Optional[EncoderRecord]): The experiment's encoder, or one of multilingual BERT's size."""
    try:
        return find_encoder(training, name)
    except ProjectError as error:
        if name == OFFLINE:
            return None
        check_no_missing_folder(name)
        msg.warn(f"{error}. Timing a model of multilingual BERT's size instead")
    try:
        return resolve_encoder(UNTRAINED, assets)
    except ProjectError as error:
        msg.warn(str(error))
        return None


if __name__ == "__main__":
    command.run(main)
